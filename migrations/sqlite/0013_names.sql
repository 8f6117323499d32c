-- Names that say what is kept, whatever the network: an envelope is the form that one kind of network gives a transaction,
-- and money that came may be claimed by other things than transfers.

ALTER TABLE envelopes RENAME TO transactions;
ALTER TABLE transactions RENAME COLUMN envelope_id TO transaction_id;
DROP INDEX envelopes_one_sequence;
DROP INDEX envelopes_open;
-- A sequence number is used once: while a transaction may still be applied, no other has its number.
CREATE UNIQUE INDEX transactions_one_sequence ON transactions (network, source_account, sequence)
    WHERE status IN ('waiting_signatures', 'intended', 'sent', 'done');
CREATE INDEX transactions_open ON transactions (network, not_before, transaction_id) WHERE finished_at IS NULL;

ALTER TABLE envelope_payments RENAME TO transaction_payments;
ALTER TABLE transaction_payments RENAME COLUMN envelope_id TO transaction_id;
DROP INDEX envelope_payments_by_transfer;
CREATE INDEX transaction_payments_by_transfer ON transaction_payments (transfer_id) WHERE transfer_id IS NOT NULL;

ALTER TABLE channels RENAME TO channel_accounts;

-- The tables of before, for whoever reads them.
CREATE VIEW envelopes AS
    SELECT transaction_id AS envelope_id, network, source_account, sequence, xdr, bump_xdr, fee, max_time, status, attempts,
        ledger, result, not_before, created_at, sent_at, finished_at
    FROM transactions;
CREATE VIEW envelope_payments AS
    SELECT transaction_id AS envelope_id, position, operation, transfer_id, refund_id, destination, amount, balance_id
    FROM transaction_payments;

-- SQLite takes no reference away from a table that is there.
CREATE TABLE claimed (
    source        TEXT NOT NULL,
    incoming_id   TEXT NOT NULL,
    account       TEXT NOT NULL,
    from_address  TEXT,
    amount        TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    asset         TEXT NOT NULL,
    memo_type     TEXT,
    memo          TEXT,
    subject       TEXT,
    muxed_id      TEXT,
    reference     TEXT NOT NULL,
    received_at   TEXT NOT NULL,
    recorded_at   TEXT NOT NULL,
    raw           TEXT NOT NULL,
    verdict       TEXT NOT NULL CHECK (verdict IN ('matched', 'second', 'unknown_memo', 'wrong_asset', 'too_late')),
    -- What it is, or seems to be, for.
    claimant_kind TEXT CHECK (claimant_kind IN ('transfer', 'order')),
    claimant_id   TEXT,
    -- What a person made of it. None: nobody has seen to it, if it was not matched.
    resolution    TEXT CHECK (resolution IN ('assigned', 'refunded')),
    resolved_at   TEXT,
    transfer_id   TEXT GENERATED ALWAYS AS (CASE claimant_kind WHEN 'transfer' THEN claimant_id END) VIRTUAL,
    PRIMARY KEY (incoming_id, source),
    CHECK ((claimant_kind IS NULL) = (claimant_id IS NULL)),
    CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
INSERT INTO claimed (source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, muxed_id, reference,
        received_at, recorded_at, raw, verdict, claimant_kind, claimant_id, resolution, resolved_at)
    SELECT source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, muxed_id, reference,
        received_at, recorded_at, raw, verdict, CASE WHEN transfer_id IS NOT NULL THEN 'transfer' END, transfer_id, resolution,
        resolved_at
    FROM incoming ORDER BY rowid;
DROP TABLE incoming;
ALTER TABLE claimed RENAME TO incoming;
CREATE INDEX incoming_by_time ON incoming (received_at, source, incoming_id);
CREATE INDEX incoming_unmatched ON incoming (received_at, source, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL;
CREATE INDEX incoming_waiting ON incoming (source, received_at, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL;
CREATE INDEX incoming_by_claimant ON incoming (claimant_id, claimant_kind) WHERE claimant_id IS NOT NULL;
