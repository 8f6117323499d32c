-- Money that reached us has a status: it is received, confirmed, cancelled or reversed, and counts only while it is confirmed.
-- It comes to each of them once at most, so that the row has them all, with their times, and nothing is written twice.

-- SQLite takes no checks on several columns into a table that is there.
CREATE TABLE confirmed (
    source        TEXT NOT NULL,
    incoming_id   TEXT NOT NULL,
    kind          TEXT NOT NULL DEFAULT 'on_chain' CHECK (kind IN ('on_chain', 'manual')),
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
    status        TEXT NOT NULL CHECK (status IN ('received', 'confirmed', 'cancelled', 'reversed')),
    confirmed_at  TEXT,
    -- When, and why, it was cancelled or reversed.
    ended_at      TEXT,
    ended_because TEXT,
    -- 'credit' is of money for orders: it names none, and is its sender's.
    verdict       TEXT NOT NULL
        CHECK (verdict IN ('matched', 'second', 'unknown_memo', 'wrong_asset', 'too_late', 'credit')),
    -- What it is, or seems to be, for. An order is its shop's.
    claimant_kind TEXT CHECK (claimant_kind IN ('transfer', 'order')),
    claimant_shop TEXT,
    claimant_id   TEXT,
    -- What a person made of it. None: nobody has seen to it, if it was not matched.
    resolution    TEXT CHECK (resolution IN ('assigned', 'refunded')),
    resolved_at   TEXT,
    transfer_id   TEXT GENERATED ALWAYS AS (CASE claimant_kind WHEN 'transfer' THEN claimant_id END) VIRTUAL,
    PRIMARY KEY (incoming_id, source),
    CHECK ((status IN ('confirmed', 'reversed')) = (confirmed_at IS NOT NULL)),
    CHECK ((status IN ('cancelled', 'reversed')) = (ended_at IS NOT NULL)),
    CHECK (ended_because IS NULL OR ended_at IS NOT NULL),
    CHECK ((claimant_kind IS NULL) = (claimant_id IS NULL)),
    CHECK ((coalesce(claimant_kind, '') = 'order') = (claimant_shop IS NOT NULL)),
    CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
INSERT INTO confirmed (source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, muxed_id, reference,
        received_at, recorded_at, raw, status, confirmed_at, verdict, claimant_kind, claimant_id, resolution, resolved_at)
    SELECT source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, muxed_id, reference,
        received_at, recorded_at, raw, 'confirmed', recorded_at, verdict, claimant_kind, claimant_id, resolution, resolved_at
    FROM incoming ORDER BY rowid;
DROP TABLE incoming;
ALTER TABLE confirmed RENAME TO incoming;
CREATE INDEX incoming_by_time ON incoming (received_at, source, incoming_id);
CREATE INDEX incoming_unmatched ON incoming (received_at, source, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL AND status = 'confirmed';
CREATE INDEX incoming_waiting ON incoming (source, received_at, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL AND status = 'confirmed';
CREATE INDEX incoming_received ON incoming (source, received_at, incoming_id) WHERE status = 'received';
CREATE INDEX incoming_by_claimant ON incoming (claimant_id, claimant_kind) WHERE claimant_id IS NOT NULL;

-- Every status that money ever had, for whoever reads them.
CREATE VIEW incoming_statuses (source, incoming_id, status, reached_at, recorded_at, reason) AS
    SELECT source, incoming_id, 'received', received_at, recorded_at, NULL FROM incoming
    UNION ALL SELECT source, incoming_id, 'confirmed', confirmed_at, confirmed_at, NULL FROM incoming WHERE confirmed_at IS NOT NULL
    UNION ALL SELECT source, incoming_id, status, ended_at, ended_at, ended_because FROM incoming WHERE ended_at IS NOT NULL;

-- What was told stays as it was told, and so does each status that it came to.
CREATE TRIGGER incoming_no_update BEFORE UPDATE ON incoming
    WHEN NEW.source <> OLD.source OR NEW.incoming_id <> OLD.incoming_id OR NEW.kind <> OLD.kind OR NEW.account <> OLD.account
        OR NEW.from_address IS NOT OLD.from_address OR NEW.amount <> OLD.amount OR NEW.asset <> OLD.asset
        OR NEW.memo_type IS NOT OLD.memo_type OR NEW.memo IS NOT OLD.memo OR NEW.subject IS NOT OLD.subject
        OR NEW.muxed_id IS NOT OLD.muxed_id OR NEW.reference <> OLD.reference OR NEW.received_at <> OLD.received_at
        OR NEW.recorded_at <> OLD.recorded_at OR NEW.raw <> OLD.raw
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS NOT OLD.confirmed_at)
        OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS NOT OLD.ended_at OR NEW.ended_because IS NOT OLD.ended_because))
    BEGIN SELECT RAISE(ABORT, 'incoming is append-only'); END;
CREATE TRIGGER incoming_moves BEFORE UPDATE ON incoming
    WHEN NEW.status <> OLD.status AND NOT (OLD.status = 'received' AND NEW.status IN ('confirmed', 'cancelled'))
        AND NOT (OLD.status = 'confirmed' AND NEW.status = 'reversed')
    BEGIN SELECT RAISE(ABORT, 'incoming is append-only: its status does not move so'); END;
CREATE TRIGGER incoming_no_delete BEFORE DELETE ON incoming
    BEGIN SELECT RAISE(ABORT, 'incoming is append-only'); END;
-- REPLACE deletes without asking the triggers above.
CREATE TRIGGER incoming_no_replace BEFORE INSERT ON incoming
    WHEN EXISTS (SELECT 1 FROM incoming WHERE incoming_id = NEW.incoming_id AND source = NEW.source)
    BEGIN SELECT RAISE(ABORT, 'incoming is append-only'); END;
