-- The same tables as in sqlite/, with PostgreSQL's own types.

-- Money that reached us has a status: it is received, confirmed, cancelled or reversed, and counts only while it is confirmed.
-- It comes to each of them once at most, so that the row has them all, with their times, and nothing is written twice.

ALTER TABLE incoming
    ADD COLUMN kind text NOT NULL DEFAULT 'on_chain' CHECK (kind IN ('on_chain', 'manual')),
    ADD COLUMN status text NOT NULL DEFAULT 'confirmed' CHECK (status IN ('received', 'confirmed', 'cancelled', 'reversed')),
    ADD COLUMN confirmed_at timestamptz,
    -- When, and why, it was cancelled or reversed.
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN ended_because text,
    -- An order is its shop's.
    ADD COLUMN claimant_shop text;
ALTER TABLE incoming ALTER COLUMN status DROP DEFAULT;
-- 'credit' is of money for orders: it names none, and is its sender's.
ALTER TABLE incoming DROP CONSTRAINT incoming_verdict_check,
    ADD CONSTRAINT incoming_verdict_check
        CHECK (verdict IN ('matched', 'second', 'unknown_memo', 'wrong_asset', 'too_late', 'credit'));
UPDATE incoming SET confirmed_at = recorded_at;
ALTER TABLE incoming
    ADD CHECK ((status IN ('confirmed', 'reversed')) = (confirmed_at IS NOT NULL)),
    ADD CHECK ((status IN ('cancelled', 'reversed')) = (ended_at IS NOT NULL)),
    ADD CHECK (ended_because IS NULL OR ended_at IS NOT NULL),
    ADD CHECK ((coalesce(claimant_kind, '') = 'order') = (claimant_shop IS NOT NULL));
DROP INDEX incoming_unmatched;
CREATE INDEX incoming_unmatched ON incoming (received_at, source, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL AND status = 'confirmed';
DROP INDEX incoming_waiting;
CREATE INDEX incoming_waiting ON incoming (source, received_at, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL AND status = 'confirmed';
CREATE INDEX incoming_received ON incoming (source, received_at, incoming_id) WHERE status = 'received';

-- Every status that money ever had, for whoever reads them.
CREATE VIEW incoming_statuses (source, incoming_id, status, reached_at, recorded_at, reason) AS
    SELECT source, incoming_id, 'received', received_at, recorded_at, NULL::text FROM incoming
    UNION ALL SELECT source, incoming_id, 'confirmed', confirmed_at, confirmed_at, NULL FROM incoming WHERE confirmed_at IS NOT NULL
    UNION ALL SELECT source, incoming_id, status, ended_at, ended_at, ended_because FROM incoming WHERE ended_at IS NOT NULL;

-- What was told stays as it was told, and so does each status that it came to.
CREATE TRIGGER incoming_no_update BEFORE UPDATE ON incoming
    FOR EACH ROW WHEN (
        (NEW.source, NEW.incoming_id, NEW.kind, NEW.account, NEW.from_address, NEW.amount, NEW.asset, NEW.memo_type, NEW.memo,
            NEW.subject, NEW.muxed_id, NEW.reference, NEW.received_at, NEW.recorded_at, NEW.raw)
        IS DISTINCT FROM
        (OLD.source, OLD.incoming_id, OLD.kind, OLD.account, OLD.from_address, OLD.amount, OLD.asset, OLD.memo_type, OLD.memo,
            OLD.subject, OLD.muxed_id, OLD.reference, OLD.received_at, OLD.recorded_at, OLD.raw)
        OR (OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at)
        OR (OLD.ended_at IS NOT NULL
            AND (NEW.ended_at, NEW.ended_because) IS DISTINCT FROM (OLD.ended_at, OLD.ended_because))
        OR (NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN
            (('received', 'confirmed'), ('received', 'cancelled'), ('confirmed', 'reversed'))))
    EXECUTE FUNCTION railpoll_append_only();
CREATE TRIGGER incoming_no_delete BEFORE DELETE OR TRUNCATE ON incoming
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();
