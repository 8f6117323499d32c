"""The Python SDK of Stellar as a client of the simulated Horizon. Run by tests/it/horizon.rs with scripts/venv.

    horizon_client.py URL PASSPHRASE BANK_SEED CUSTOMER_SEED

The bank has lumens; the customer has an account. Exits with 1 and says what was not as the SDK expects it.
"""

import json
import sys
import urllib.request

from stellar_sdk import Asset, Claimant, Keypair, MuxedAccount, Server, TransactionBuilder
from stellar_sdk.client.requests_client import RequestsClient
from stellar_sdk.exceptions import (
    BadRequestError, BadResponseError, NotFoundError, StreamClientError,
)

URL, PASSPHRASE = sys.argv[1:3]
BANK, CUSTOMER = (Keypair.from_secret(seed) for seed in sys.argv[3:5])
# By itself the SDK would submit again after a 504, and not tell.
SERVER = Server(URL, client=RequestsClient(num_retries=0))
USD = Asset("USD", BANK.public_key)


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r}, expected {expected!r}")


def steer(what):
    with urllib.request.urlopen(f"{URL}/sandbox/{what}") as answer:
        return json.load(answer)


def builder(keys, memo=None):
    made = TransactionBuilder(SERVER.load_account(keys.public_key), PASSPHRASE, SERVER.fetch_base_fee())
    made.set_timeout(300)
    if memo is not None:
        made.add_id_memo(memo)
    return made


def signed(made, *keys):
    envelope = made.build()
    for pair in keys:
        envelope.sign(pair)
    return envelope


def submit(made, *keys):
    envelope = signed(made, *keys)
    answer = SERVER.submit_transaction(envelope)
    same("hash", answer["hash"], envelope.hash_hex())
    same("successful", answer["successful"], True)
    return answer


def pay(amount, memo=None, to=None):
    return builder(BANK, memo).append_payment_op(to or CUSTOMER.public_key, USD, amount)


def result_codes(action):
    try:
        action()
    except BadRequestError as error:
        same("status", error.status, 400)
        return error.extras["result_codes"]
    return sys.exit("nothing was refused")


def accounts_and_payments():
    new = Keypair.random()
    submit(builder(BANK).append_create_account_op(new.public_key, "2.01"), BANK)
    same("balance", SERVER.accounts().account_id(new.public_key).call()["balances"][0]["balance"], "2.0100000")
    submit(builder(CUSTOMER).append_change_trust_op(USD), CUSTOMER)
    largest = 2**64 - 1
    hash_ = submit(pay("12.5", largest), BANK)["hash"]
    same("memo", SERVER.transactions().transaction(hash_).call()["memo"], str(largest))
    muxed = MuxedAccount(CUSTOMER.public_key, largest)
    submit(pay("0.0000001", to=muxed.account_muxed), BANK)
    records = SERVER.payments().for_account(CUSTOMER.public_key).order(desc=True).limit(2).join("transactions").call()
    newest, older = records["_embedded"]["records"]
    same("muxed", (newest["to_muxed"], newest["to_muxed_id"]), (muxed.account_muxed, str(largest)))
    same("joined memo", older["transaction"]["memo"], str(largest))
    # Two signers, two sources, one envelope.
    both = builder(CUSTOMER).append_payment_op(CUSTOMER.public_key, USD, "1", source=BANK.public_key)
    submit(both, CUSTOMER, BANK)
    line = SERVER.load_account(CUSTOMER.public_key).raw_data["balances"][0]
    same("balance of the trustline", line["balance"], "13.5000001")


def claimable_balances():
    someone = Keypair.random()
    made = builder(BANK).append_create_claimable_balance_op(USD, "7", [Claimant(someone.public_key)])
    envelope = signed(made, BANK)
    balance_id = envelope.transaction.get_claimable_balance_id(0)
    SERVER.submit_transaction(envelope)
    balance = SERVER.claimable_balances().claimable_balance(balance_id).call()
    same("claimable balance", (balance["amount"], balance["claimants"][0]["destination"]),
         ("7.0000000", someone.public_key))


def fees():
    stats = SERVER.fee_stats().call()
    same("base fee", (stats["last_ledger_base_fee"], SERVER.fetch_base_fee()), ("100", 100))
    inner = signed(pay("1"), BANK)
    bump = TransactionBuilder.build_fee_bump_transaction(CUSTOMER, 1000, inner, PASSPHRASE)
    bump.sign(CUSTOMER)
    answer = SERVER.submit_transaction(bump)
    same("inner hash", answer["inner_transaction"]["hash"], inner.hash_hex())
    same("fee account", answer["fee_account"], CUSTOMER.public_key)


def errors():
    try:
        SERVER.load_account(Keypair.random().public_key)
        sys.exit("an account that is not there was found")
    except NotFoundError as error:
        same("status", error.status, 404)
    nobody = Keypair.random().public_key
    codes = result_codes(lambda: submit(pay("1", to=nobody), BANK))
    same("codes", codes, {"transaction": "tx_failed", "operations": ["op_no_destination"]})
    stale = pay("2")
    submit(pay("1"), BANK)
    same("codes", result_codes(lambda: submit(stale, BANK))["transaction"], "tx_bad_seq")
    for fault, applied in (("timeout_lost", False), ("timeout_applied", True)):
        envelope = signed(pay("1"), BANK)
        steer(f"submit-fault?kind={fault}")
        try:
            SERVER.submit_transaction(envelope)
            sys.exit("a time-out was not told")
        except BadResponseError as error:
            same("status", error.status, 504)
        books = [paid["hash"] for paid in steer("books")["payments"]]
        same("applied", envelope.hash_hex() in books, applied)
        same("hash", SERVER.submit_transaction(envelope)["hash"], envelope.hash_hex())
    pending = SERVER.submit_transaction_async(signed(pay("1"), BANK))
    same("status", pending["tx_status"], "PENDING")


def streams():
    """Reads every payment of the customer by streams that break, and misses none."""
    theirs = [p["id"] for p in steer("books")["payments"]
              if p["to"] == CUSTOMER.public_key and p["kind"] == "Payment"]
    if len(theirs) < 8:
        sys.exit(f"there are only {len(theirs)} payments to stream")
    steer("stream-fault?kind=drop&after=2")
    steer("stream-fault?kind=drop_inside&after=1")
    steer("stream-fault?kind=close&after=2")
    steer("stream-fault?kind=garbage&after=1")
    seen, cursor = [], "0"
    while len(seen) < len(theirs):
        try:
            for payment in SERVER.payments().for_account(CUSTOMER.public_key).cursor(cursor).stream():
                if payment["type"] == "payment" and payment["to"] == CUSTOMER.public_key:
                    seen.append(payment["id"])
                cursor = payment["paging_token"]
                if len(seen) == len(theirs):
                    break
        except StreamClientError:
            continue  # Most breaks the SDK mends by itself.
    same("streamed", seen, theirs)


def pages():
    call = SERVER.payments().for_account(CUSTOMER.public_key).limit(3)
    seen, page = [], call.call()
    while page["_embedded"]["records"]:
        seen += [record["paging_token"] for record in page["_embedded"]["records"]]
        page = call.next()
    same("pages", seen, sorted(set(seen), key=int))
    same("the whole list", len(seen), len(SERVER.payments().for_account(CUSTOMER.public_key).limit(200)
                                          .call()["_embedded"]["records"]))


same("passphrase", SERVER.root().call()["network_passphrase"], PASSPHRASE)
for check in (accounts_and_payments, claimable_balances, fees, errors, streams, pages):
    check()
    print(f"{check.__name__}: as the SDK expects it")
