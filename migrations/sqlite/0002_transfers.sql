-- Two-legged jobs: money that comes in on one side and goes out on the other.
CREATE TABLE transfers (
    transfer_id       TEXT NOT NULL PRIMARY KEY,
    kind              TEXT NOT NULL CHECK (kind IN ('deposit', 'deposit-exchange', 'withdrawal', 'withdrawal-exchange', 'send')),
    -- Where the money comes in: a deposit's on a rail, the others' on a network.
    comes_in          TEXT NOT NULL CHECK (comes_in IN ('rail', 'network')),
    protocol          TEXT CHECK (protocol IN ('sep6', 'sep24', 'sep31')),
    status            TEXT NOT NULL,
    -- How many versions of it were stored. Each move makes one more, and is made from one version only.
    version           INTEGER NOT NULL,
    asset             TEXT NOT NULL,
    rail              TEXT NOT NULL,
    currency          TEXT NOT NULL,
    network           TEXT NOT NULL,
    amount_expected   TEXT,
    amount_in         TEXT,
    amount_out        TEXT,
    amount_fee        TEXT,
    from_address      TEXT,
    to_address        TEXT,
    memo_type         TEXT CHECK (memo_type IN ('text', 'id', 'hash', 'return')),
    memo              TEXT,
    -- The account of ours that receives it. None for a deposit.
    account           TEXT,
    beneficiary       TEXT CHECK (json_valid(beneficiary)),
    subject           TEXT,
    -- The subject as banks leave it, without blanks, marks and case.
    subject_key       TEXT,
    rail_reference    TEXT,
    network_reference TEXT,
    deadline          TEXT,
    message           TEXT,
    payment_network   TEXT,
    payment_id        TEXT,
    -- The refund that is under way, or done.
    refund_id         TEXT,
    -- The payout that is open. None: nothing is under way on its rail.
    payout_id         TEXT,
    attempts          INTEGER NOT NULL DEFAULT 0,
    not_before        TEXT,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    completed_at      TEXT,
    CHECK ((memo IS NULL) = (memo_type IS NULL)),
    CHECK ((payment_network IS NULL) = (payment_id IS NULL)),
    CHECK (amount_in NOT GLOB '*[^0-9.]*' AND amount_expected NOT GLOB '*[^0-9.]*'
        AND amount_out NOT GLOB '*[^0-9.]*' AND amount_fee NOT GLOB '*[^0-9.]*'),
    CHECK ((status IN ('completed', 'refunded', 'expired', 'no_market', 'too_small', 'too_large', 'error'))
        = (completed_at IS NOT NULL))
);
-- What pollers look for, oldest first. A transfer that is over is in none of these.
CREATE INDEX transfers_open ON transfers (rail, status, comes_in, created_at, transfer_id) WHERE completed_at IS NULL;
CREATE INDEX transfers_to_pay ON transfers (rail, created_at, transfer_id)
    WHERE comes_in = 'network' AND refund_id IS NULL AND status IN ('pending_anchor', 'pending_receiver');
CREATE INDEX transfers_to_send ON transfers (network, created_at, transfer_id)
    WHERE comes_in = 'rail' AND refund_id IS NULL AND status = 'pending_anchor';
CREATE INDEX transfers_without_trust ON transfers (network, not_before) WHERE status = 'pending_trust';
CREATE INDEX transfers_to_expire ON transfers (deadline)
    WHERE deadline IS NOT NULL AND amount_in IS NULL AND completed_at IS NULL;
-- A memo names one open transfer of an account, and a subject one open deposit of a rail.
CREATE UNIQUE INDEX transfers_one_memo ON transfers (account, memo, memo_type)
    WHERE account IS NOT NULL AND memo IS NOT NULL
      AND completed_at IS NULL;
CREATE UNIQUE INDEX transfers_one_subject ON transfers (rail, subject_key)
    WHERE subject_key IS NOT NULL AND comes_in = 'rail'
      AND completed_at IS NULL;
-- Money may come for a transfer that is over.
CREATE INDEX transfers_by_memo ON transfers (memo, account) WHERE memo IS NOT NULL AND account IS NOT NULL;
CREATE INDEX transfers_by_subject ON transfers (subject_key, rail)
    WHERE subject_key IS NOT NULL AND comes_in = 'rail';
-- A payment is paid out by one transfer.
CREATE UNIQUE INDEX transfers_one_payment ON transfers (payment_id, payment_network) WHERE payment_id IS NOT NULL;
-- Transfers in the order of their creation. An index on them would be written with each of their steps.
CREATE INDEX transfers_by_time ON status_changes (reached_at, id) WHERE kind = 'transfer' AND source = 'created';

-- How many transfers are in a status: kept in the transactions that change it, for a count must not cost a scan.
CREATE TABLE transfer_counts (
    rail      TEXT NOT NULL,
    network   TEXT NOT NULL,
    status    TEXT NOT NULL,
    transfers INTEGER NOT NULL,
    PRIMARY KEY (rail, network, status)
);

-- Money that goes back: a transfer's, or what came and belongs to none.
CREATE TABLE refunds (
    refund_id   TEXT NOT NULL PRIMARY KEY,
    transfer_id TEXT REFERENCES transfers (transfer_id),
    source      TEXT,
    incoming_id TEXT,
    -- The rail or network on which it goes back.
    place       TEXT NOT NULL,
    amount      TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    asset       TEXT NOT NULL,
    destination TEXT,
    memo_type   TEXT CHECK (memo_type IN ('text', 'id', 'hash', 'return')),
    memo        TEXT,
    beneficiary TEXT CHECK (json_valid(beneficiary)),
    status      TEXT NOT NULL CHECK (status IN ('open', 'done', 'failed')),
    -- The payout or envelope that carries it out. None: it is to be taken up.
    under_way   TEXT,
    reason      TEXT NOT NULL,
    reference   TEXT,
    message     TEXT,
    not_before  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    finished_at TEXT,
    CHECK ((memo IS NULL) = (memo_type IS NULL)),
    CHECK ((source IS NULL) = (incoming_id IS NULL)),
    CHECK ((status = 'open') = (finished_at IS NULL))
);
CREATE INDEX refunds_open ON refunds (place, created_at, refund_id) WHERE finished_at IS NULL AND under_way IS NULL;
CREATE UNIQUE INDEX refunds_one_open ON refunds (transfer_id) WHERE finished_at IS NULL AND transfer_id IS NOT NULL;
CREATE UNIQUE INDEX refunds_once ON refunds (incoming_id, source) WHERE status <> 'failed' AND incoming_id IS NOT NULL;
CREATE INDEX refunds_by_transfer ON refunds (transfer_id) WHERE transfer_id IS NOT NULL;

-- Money that we send on a rail, written down before it is tried. payout_id is the idempotency key of every try.
CREATE TABLE payouts (
    payout_id    TEXT NOT NULL PRIMARY KEY,
    transfer_id  TEXT REFERENCES transfers (transfer_id),
    refund_id    TEXT REFERENCES refunds (refund_id),
    purpose      TEXT NOT NULL CHECK (purpose IN ('payout', 'refund')),
    rail         TEXT NOT NULL,
    amount       TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    currency     TEXT NOT NULL,
    beneficiary  TEXT CHECK (json_valid(beneficiary)),
    subject      TEXT,
    status       TEXT NOT NULL CHECK (status IN ('intended', 'initiated', 'done', 'refused', 'unknown')),
    -- How often it was handed to the rail, or was to be.
    attempts     INTEGER NOT NULL,
    -- How often the rail was asked what became of it.
    looks        INTEGER NOT NULL DEFAULT 0,
    reference    TEXT,
    answer       TEXT,
    intended_at  TEXT NOT NULL,
    tried_at     TEXT,
    not_before   TEXT NOT NULL,
    finished_at  TEXT,
    -- The worker that has it, such as outgoing/bank#2, while its lease has this term.
    claimed_by   TEXT,
    claimed_term INTEGER,
    CHECK ((status IN ('done', 'refused')) = (finished_at IS NOT NULL)),
    CHECK ((purpose = 'refund') = (refund_id IS NOT NULL)),
    CHECK ((claimed_by IS NULL) = (claimed_term IS NULL))
);
CREATE UNIQUE INDEX payouts_one_open ON payouts (transfer_id) WHERE finished_at IS NULL AND transfer_id IS NOT NULL;
CREATE UNIQUE INDEX payouts_one_open_refund ON payouts (refund_id) WHERE finished_at IS NULL AND refund_id IS NOT NULL;
CREATE INDEX payouts_open ON payouts (rail, not_before, payout_id) WHERE finished_at IS NULL;
-- Few at any time: those to be handed over again must be found among many that their rail has.
CREATE INDEX payouts_again ON payouts (rail, not_before, payout_id)
    WHERE finished_at IS NULL AND status = 'intended' AND claimed_by IS NULL;
CREATE INDEX payouts_by_transfer ON payouts (transfer_id) WHERE finished_at IS NOT NULL AND transfer_id IS NOT NULL;

-- Signed transactions of ours, stored before they are sent. envelope_id is the hash that the network knows them by.
CREATE TABLE envelopes (
    envelope_id    TEXT NOT NULL PRIMARY KEY,
    network        TEXT NOT NULL,
    source_account TEXT NOT NULL,
    sequence       INTEGER NOT NULL,
    xdr            TEXT NOT NULL,
    -- The newest fee bump around it.
    bump_xdr       TEXT,
    fee            INTEGER NOT NULL,
    max_time       TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('waiting_signatures', 'intended', 'sent', 'done', 'failed', 'expired')),
    attempts       INTEGER NOT NULL DEFAULT 0,
    ledger         INTEGER,
    result         TEXT,
    not_before     TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    sent_at        TEXT,
    finished_at    TEXT,
    CHECK ((status IN ('done', 'failed', 'expired')) = (finished_at IS NOT NULL))
);
-- A sequence number is used once: while an envelope may still be applied, no other has its number.
CREATE UNIQUE INDEX envelopes_one_sequence ON envelopes (network, source_account, sequence)
    WHERE status IN ('waiting_signatures', 'intended', 'sent', 'done');
CREATE INDEX envelopes_open ON envelopes (network, not_before, envelope_id) WHERE finished_at IS NULL;

-- What an envelope does, operation by operation.
CREATE TABLE envelope_payments (
    envelope_id TEXT NOT NULL REFERENCES envelopes (envelope_id),
    position    INTEGER NOT NULL,
    operation   TEXT NOT NULL,
    transfer_id TEXT REFERENCES transfers (transfer_id),
    refund_id   TEXT REFERENCES refunds (refund_id),
    destination TEXT NOT NULL,
    amount      TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    -- The claimable balance that it makes.
    balance_id  TEXT,
    PRIMARY KEY (envelope_id, position)
);
CREATE INDEX envelope_payments_by_transfer ON envelope_payments (transfer_id) WHERE transfer_id IS NOT NULL;

-- Money that reached us: every payment, whatever it turned out to be.
CREATE TABLE incoming (
    source       TEXT NOT NULL,
    incoming_id  TEXT NOT NULL,
    account      TEXT NOT NULL,
    from_address TEXT,
    amount       TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    asset        TEXT NOT NULL,
    memo_type    TEXT,
    memo         TEXT,
    subject      TEXT,
    muxed_id     TEXT,
    reference    TEXT NOT NULL,
    received_at  TEXT NOT NULL,
    recorded_at  TEXT NOT NULL,
    raw          TEXT NOT NULL,
    verdict      TEXT NOT NULL CHECK (verdict IN ('matched', 'second', 'unknown_memo', 'wrong_asset', 'too_late')),
    -- The transfer that it is, or seems to be, for.
    transfer_id  TEXT REFERENCES transfers (transfer_id),
    -- What a person made of it. None: nobody has seen to it, if it was not matched.
    resolution   TEXT CHECK (resolution IN ('assigned', 'refunded')),
    resolved_at  TEXT,
    PRIMARY KEY (incoming_id, source),
    CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
CREATE INDEX incoming_by_time ON incoming (received_at, source, incoming_id);
CREATE INDEX incoming_unmatched ON incoming (received_at, source, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL;
CREATE INDEX incoming_by_transfer ON incoming (transfer_id) WHERE transfer_id IS NOT NULL;

-- Where the reading of an account's incoming payments stands: saved with what it brought.
CREATE TABLE streams (
    source  TEXT NOT NULL,
    account TEXT NOT NULL,
    cursor  TEXT NOT NULL,
    read_at TEXT NOT NULL,
    PRIMARY KEY (source, account)
);

-- Accounts whose sequence numbers we use. One worker has one at a time, while its lease has this term.
CREATE TABLE channels (
    network      TEXT NOT NULL,
    account      TEXT NOT NULL,
    -- The newest sequence number that an envelope of ours has used.
    sequence     INTEGER,
    claimed_by   TEXT NOT NULL,
    claimed_term INTEGER NOT NULL,
    PRIMARY KEY (network, account)
);
