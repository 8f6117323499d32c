"""A bank that is a program: it speaks railpoll's contract, keeps its books in a file, and pays each key once.

    python3 bank_program.py FOLDER

What becomes of a payout stands in its beneficiary. Before it does anything, and again before it answers, it tells
whoever listens at FOLDER/calls, who may kill railpoll then: the program goes on without it.
"""
import _socket, fcntl, json, os, sys, time  # `socket` itself takes as long to load as all the rest

folder = sys.argv[1]
ask = json.load(sys.stdin)
# Whoever holds this file alone knows that no program is running any more.
running = open(folder + "/running", "a")
fcntl.flock(running, fcntl.LOCK_SH)
books = open(folder + "/books", "a+")


def lines():
    books.seek(0)
    return [json.loads(line) for line in books]


def write(**line):
    os.write(books.fileno(), (json.dumps(line) + "\n").encode())
    os.fsync(books.fileno())


def last(what, key):
    return next((line for line in reversed(lines()) if line.get(what) == key), None)


def die():
    os.kill(os.getpid(), 9)


def tell():
    caller = _socket.socket(_socket.AF_UNIX)
    caller.connect(folder + "/calls")
    return caller.recv(16)


def wait_for_question(key):
    """railpoll is dead. The worst that can happen: its heir asks first, and hears that nothing was received."""
    for _ in range(1000):
        if any(key in line.get("asked", []) for line in lines()):
            return
        time.sleep(0.01)


def stands(key, is_question):
    """Does what is left to be done, and tells where the payout stands."""
    order = last("taken", key)["order"]
    course = order["beneficiary"]["course"]
    if course == "returned" and not is_question:
        return {"status": "initiated", "reference": "row " + key}
    if course == "returned":
        return {"status": "failed", "code": "AC04", "reason": "the account is closed"}
    if not last("paid", key):
        write(paid=key, transfer=order["transfer_id"], amount=order["amount"])
        if course == "lost":
            die()
    return {"status": "delivered", "reference": "row " + key}


def pay_out():
    key = ask["key"]
    order = {name: ask[name] for name in ask if name not in ("call", "attempt")}
    write(ordered=key)
    known = last("taken", key)
    if known and known["order"] != order:
        write(wrong=f"{key} is another order now")
        sys.exit(1)
    if not known:
        write(taken=key, order=order)
        if order["beneficiary"]["course"] == "half":
            die()
    return stands(key, False)


def payouts():
    write(asked=ask["keys"])
    told = lambda key: stands(key, True) if last("taken", key) else {"status": "not_received"}
    return {"payouts": [{"key": key, **told(key)} for key in ask["keys"]]}


def deposits():
    arrived = json.load(open(folder + "/arrived"))

    def told(name, subject):
        if subject not in arrived:
            return {"status": "not_yet"}
        if subject.endswith("2") and not last("seen", name):
            write(seen=name)
            return {"status": "pending"}
        return {"status": "received", "amount": arrived[subject], "currency": "USD", "from": "Ada"}

    return {"deposits": [{"transfer_id": one["transfer_id"], **told(one["transfer_id"], one["subject"])}
                         for one in ask["deposits"]]}


def check():
    return {"name": "railpoll-rail", "version": 1, "currencies": ["USD"]}


if tell() == b"killed" and ask["call"] == "pay_out":
    wait_for_question(ask["key"])
fcntl.flock(books, fcntl.LOCK_EX)
answer = {"pay_out": pay_out, "payouts": payouts, "deposits": deposits, "check": check}[ask["call"]]()
fcntl.flock(books, fcntl.LOCK_UN)
tell()
print(json.dumps(answer))
