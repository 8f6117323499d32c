#!/usr/bin/env python3
"""A tiny bank that speaks railpoll's rail contract, version 1. Python 3.9 or newer, no packages.

    python3 bank.py serve PORT DATABASE SECRET_FILE      the service; SECRET_FILE holds whsec_...
    python3 bank.py arrived DATABASE SUBJECT AMOUNT      a deposit came in, as your statement tells
Put your bank's own calls where it says HERE. What must stay: a key is stored before money moves, and never paid twice.
"""
import base64, hashlib, hmac, json, sqlite3, sys, time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CURRENCY = "USD"


def database(path):
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS arrived (subject TEXT PRIMARY KEY, amount TEXT)")
    db.execute("CREATE TABLE IF NOT EXISTS payouts (key TEXT PRIMARY KEY, payout TEXT, answer TEXT)")
    return db


def is_signed(headers, body, secret):
    """Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", at most five minutes old."""
    name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    tag = hmac.new(secret, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    ours, theirs = b"v1," + base64.b64encode(tag), headers.get("webhook-signature", "")
    return any(hmac.compare_digest(ours, one.encode()) for one in theirs.split(" "))


def deposits(db, ask):
    def told(subject):
        row = db.execute("SELECT amount FROM arrived WHERE subject = ?", [subject]).fetchone()
        return {"status": "received", "amount": row[0], "currency": CURRENCY} if row else {"status": "not_yet"}
    return 200, {"deposits": [{"transfer_id": one["transfer_id"], **told(one["subject"])} for one in ask["deposits"]]}


def pay_out(db, ask):
    key = ask["key"]
    payout = json.dumps({name: ask[name] for name in ask if name != "attempt"}, sort_keys=True)
    answer = {"status": "initiated", "reference": {"payout": "OUT-", "refund": "BACK-"}[ask["purpose"]] + key[:8]}
    if "account" not in (ask["beneficiary"] or {}):
        answer = {"status": "failed", "code": "AC01", "reason": "the beneficiary has no account"}
    db.execute("INSERT OR IGNORE INTO payouts VALUES (?, ?, ?)", [key, payout, json.dumps(answer)])
    stored, answer = db.execute("SELECT payout, answer FROM payouts WHERE key = ?", [key]).fetchone()
    if stored != payout:
        return 409, {"code": "key_reused", "message": "this key belongs to another payout"}
    # HERE a worker of yours pays the new rows, each under its key, and changes their answer when it knows more.
    return 200, json.loads(answer)


def payouts(db, ask):
    def told(key):
        row = db.execute("SELECT answer FROM payouts WHERE key = ?", [key]).fetchone()
        return json.loads(row[0]) if row else {"status": "not_received"}
    return 200, {"payouts": [{"key": key, **told(key)} for key in ask["keys"]]}


def config(db, ask):
    return 200, {"name": "railpoll-rail", "version": 1, "currencies": [CURRENCY]}


CALLS = {"/config": config, "/deposits/lookup": deposits, "/payouts": pay_out, "/payouts/lookup": payouts}


def serve(port, path, secret_file):
    secret = base64.b64decode(open(secret_file).read().strip().removeprefix("whsec_"))

    class Bank(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = 401, {"code": "signature", "message": "the signature is not ours"}
            if is_signed(self.headers, body, secret):
                call = CALLS.get(self.path, lambda db, ask: (404, {"message": "there is no such call"}))
                with closing(database(path)) as db:
                    status, answer = call(db, json.loads(body or "null"))
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

    with ThreadingHTTPServer(("127.0.0.1", int(port)), Bank) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"] and len(sys.argv) == 5:
        serve(*sys.argv[2:])
    elif sys.argv[1:2] == ["arrived"] and len(sys.argv) == 5:
        database(sys.argv[2]).execute("INSERT INTO arrived VALUES (?, ?)", sys.argv[3:])
    else:
        sys.exit(__doc__)
