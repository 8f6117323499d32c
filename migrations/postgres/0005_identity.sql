-- The same tables as in sqlite/, with PostgreSQL's own types.

-- What was decided about something before gives the next decision its number.
CREATE INDEX payouts_by_refund ON payouts (refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX refunds_by_incoming ON refunds (incoming_id, source) WHERE incoming_id IS NOT NULL;

-- A hash chain over events: the hash of a seal is of all events up to its last.
CREATE TABLE event_seals (
    last_id   bigint PRIMARY KEY,
    -- The seal before it; 0 for the first.
    after_id  bigint NOT NULL UNIQUE,
    events    bigint NOT NULL CHECK (events > 0),
    hash      text NOT NULL CHECK (length(hash) = 64),
    sealed_at timestamptz NOT NULL,
    CHECK (last_id > after_id)
);
CREATE TRIGGER event_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_seals
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- What came of looking at the whole chain. What stands in the last row is an alert.
CREATE TABLE event_checks (
    check_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    events     bigint NOT NULL,
    -- What is wrong. None: nothing.
    detail     text
);

-- A database that was restored, or failed over with a loss. While one has no end, nothing goes out.
CREATE TABLE restorations (
    restoration_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at       timestamptz NOT NULL,
    -- The host that has noticed it, or the person who told of it.
    told_by        text NOT NULL,
    detail         text NOT NULL,
    ended_at       timestamptz,
    -- Who let things go on before all was looked up, and why.
    confirmed_by   text,
    reason         text,
    CHECK (confirmed_by IS NULL OR ended_at IS NOT NULL),
    CHECK ((confirmed_by IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX restorations_one_open ON restorations ((ended_at IS NULL)) WHERE ended_at IS NULL;

-- What is looked up where it would have gone, before anything goes out again.
CREATE TABLE restoration_looks (
    restoration_id bigint NOT NULL REFERENCES restorations (restoration_id),
    place          text NOT NULL,
    -- Payouts of a transfer, refunds of one, refunds of incoming money, or all that went out on a network.
    kind           text NOT NULL CHECK (kind IN ('payout', 'refund', 'incoming', 'network')),
    id             text NOT NULL,
    looked_at      timestamptz,
    -- The number of the newest decision that was found there and is not on record; 0: the place cannot tell. Null: none.
    newest         bigint,
    detail         text,
    PRIMARY KEY (restoration_id, place, kind, id)
);
CREATE INDEX restoration_looks_left ON restoration_looks (place, kind, id) WHERE looked_at IS NULL;
CREATE INDEX restoration_looks_found ON restoration_looks (id, kind) WHERE newest IS NOT NULL;

-- Up to which sequence number an account's transactions are known: those of ours that the ledger has, and those that were
-- found there.
ALTER TABLE channels ADD COLUMN settled bigint;

-- What accounts of ours have paid on a network, and we have no record of.
CREATE TABLE found_payments (
    network        text NOT NULL,
    hash           text NOT NULL,
    position       bigint NOT NULL,
    source_account text NOT NULL,
    payer          text NOT NULL,
    destination    text NOT NULL,
    asset          text NOT NULL,
    amount         numeric NOT NULL,
    memo_type      text,
    memo           text,
    paid_at        timestamptz NOT NULL,
    found_at       timestamptz NOT NULL,
    -- The transfer or refund that it has paid, or that it was shown with.
    transfer_id    text REFERENCES transfers (transfer_id),
    refund_id      text REFERENCES refunds (refund_id),
    resolution     text CHECK (resolution IN ('paid', 'shown')),
    PRIMARY KEY (network, hash, position)
);
CREATE INDEX found_payments_open ON found_payments (network, paid_at) WHERE resolution IS NULL;
