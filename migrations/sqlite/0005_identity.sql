-- What was decided about something before gives the next decision its number.
CREATE INDEX payouts_by_refund ON payouts (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX refunds_by_incoming ON refunds (incoming_id, source) WHERE incoming_id IS NOT NULL;

-- A hash chain over events: the hash of a seal is of all events up to its last.
CREATE TABLE event_seals (
    last_id   INTEGER NOT NULL PRIMARY KEY,
    -- The seal before it; 0 for the first.
    after_id  INTEGER NOT NULL UNIQUE,
    events    INTEGER NOT NULL CHECK (events > 0),
    hash      TEXT NOT NULL CHECK (length(hash) = 64),
    sealed_at TEXT NOT NULL,
    CHECK (last_id > after_id)
);
CREATE TRIGGER event_seals_no_update BEFORE UPDATE ON event_seals
    BEGIN SELECT RAISE(ABORT, 'event_seals is append-only'); END;
CREATE TRIGGER event_seals_no_delete BEFORE DELETE ON event_seals
    BEGIN SELECT RAISE(ABORT, 'event_seals is append-only'); END;
-- REPLACE deletes without asking the triggers above. Two that seal at once make the same seal.
CREATE TRIGGER event_seals_once BEFORE INSERT ON event_seals
    WHEN EXISTS (SELECT 1 FROM event_seals WHERE last_id = NEW.last_id OR after_id = NEW.after_id)
    BEGIN SELECT RAISE(IGNORE); END;

-- What came of looking at the whole chain. What stands in the last row is an alert.
CREATE TABLE event_checks (
    check_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    checked_at TEXT NOT NULL,
    events     INTEGER NOT NULL,
    -- What is wrong. None: nothing.
    detail     TEXT
);

-- A database that was restored, or failed over with a loss. While one has no end, nothing goes out.
CREATE TABLE restorations (
    restoration_id INTEGER PRIMARY KEY AUTOINCREMENT,
    began_at       TEXT NOT NULL,
    -- The host that has noticed it, or the person who told of it.
    told_by        TEXT NOT NULL,
    detail         TEXT NOT NULL,
    ended_at       TEXT,
    -- Who let things go on before all was looked up, and why.
    confirmed_by   TEXT,
    reason         TEXT,
    CHECK (confirmed_by IS NULL OR ended_at IS NOT NULL),
    CHECK ((confirmed_by IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX restorations_one_open ON restorations (coalesce(ended_at, '')) WHERE ended_at IS NULL;

-- What is looked up where it would have gone, before anything goes out again.
CREATE TABLE restoration_looks (
    restoration_id INTEGER NOT NULL REFERENCES restorations (restoration_id),
    place          TEXT NOT NULL,
    -- Payouts of a transfer, refunds of one, refunds of incoming money, or all that went out on a network.
    kind           TEXT NOT NULL CHECK (kind IN ('payout', 'refund', 'incoming', 'network')),
    id             TEXT NOT NULL,
    looked_at      TEXT,
    -- The number of the newest decision that was found there and is not on record; 0: the place cannot tell. Null: none.
    newest         INTEGER,
    detail         TEXT,
    PRIMARY KEY (restoration_id, place, kind, id)
) WITHOUT ROWID;
CREATE INDEX restoration_looks_left ON restoration_looks (place, kind, id) WHERE looked_at IS NULL;
CREATE INDEX restoration_looks_found ON restoration_looks (id, kind) WHERE newest IS NOT NULL;

-- Up to which sequence number an account's transactions are known: those of ours that the ledger has, and those that were
-- found there.
ALTER TABLE channels ADD COLUMN settled INTEGER;

-- What accounts of ours have paid on a network, and we have no record of.
CREATE TABLE found_payments (
    network        TEXT NOT NULL,
    hash           TEXT NOT NULL,
    position       INTEGER NOT NULL,
    source_account TEXT NOT NULL,
    payer          TEXT NOT NULL,
    destination    TEXT NOT NULL,
    asset          TEXT NOT NULL,
    amount         TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    memo_type      TEXT,
    memo           TEXT,
    paid_at        TEXT NOT NULL,
    found_at       TEXT NOT NULL,
    -- The transfer or refund that it has paid, or that it was shown with.
    transfer_id    TEXT REFERENCES transfers (transfer_id),
    refund_id      TEXT REFERENCES refunds (refund_id),
    resolution     TEXT CHECK (resolution IN ('paid', 'shown')),
    PRIMARY KEY (network, hash, position)
) WITHOUT ROWID;
CREATE INDEX found_payments_open ON found_payments (network, paid_at) WHERE resolution IS NULL;
