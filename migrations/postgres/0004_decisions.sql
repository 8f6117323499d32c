-- The same as in sqlite/, with PostgreSQL's own types.

-- Who did what, and why: a row for everything that an operator does, in the transaction that does it. The name is what
-- somebody says; the ids are what the system says of the process.
CREATE TABLE audit (
    audit_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    name      text NOT NULL,
    -- What speaks for the name.
    evidence  text NOT NULL CHECK (evidence IN ('login', 'user', 'claimed')),
    uid       bigint NOT NULL,
    login_uid bigint,
    host      text NOT NULL,
    origin    text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    reason    text,
    details   json NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, audit_id);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- The operator whose move it was, and whose refund.
ALTER TABLE status_changes ADD COLUMN decided_by text;
ALTER TABLE refunds ADD COLUMN decided_by text;

CREATE TRIGGER reviews_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reviews
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- An operation is written on until it is finished. From then on it is history.
CREATE FUNCTION railpoll_finished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'a finished operation is never changed';
    END IF;
    RAISE EXCEPTION 'operations are never deleted';
END $$;
CREATE TRIGGER operations_no_change BEFORE UPDATE ON operations
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL OR NEW.operation_id <> OLD.operation_id)
    EXECUTE FUNCTION railpoll_finished();
CREATE TRIGGER operations_no_delete BEFORE DELETE OR TRUNCATE ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_finished();

-- A decision is on what was shown: the name of what decides where the money goes. A payment that has another is not what
-- was decided on. `details` has both, where a decision is void.
ALTER TABLE payments ADD COLUMN basis text;
ALTER TABLE reviews ADD COLUMN basis text;
ALTER TABLE reviews ADD COLUMN details text;
ALTER TABLE transfers ADD COLUMN basis text;
-- Nobody knows what earlier decisions were on. Those that are not carried out yet are made anew.
UPDATE payments SET review = NULL, not_before = NULL
WHERE review IN ('approved', 'declined') AND acted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = payments.network AND o.payment_id = payments.payment_id
      AND o.status IN ('intended', 'unknown'))
  AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.payment_network = payments.network
      AND t.payment_id = payments.payment_id);

-- Who is paid by a transfer, and how much, changes by a move of it alone: whoever decided saw the version before.
CREATE FUNCTION railpoll_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'who is paid by a transfer changes only with a new version of it';
END $$;
CREATE TRIGGER transfers_decided
    BEFORE UPDATE OF beneficiary, to_address, memo, memo_type, amount_out, rail, network, currency, asset ON transfers
    FOR EACH ROW WHEN (NEW.version = OLD.version
        AND ((CAST(NEW.beneficiary AS text), NEW.to_address, NEW.memo, NEW.memo_type, NEW.amount_out, NEW.rail,
                NEW.network, NEW.currency, NEW.asset)
            IS DISTINCT FROM (CAST(OLD.beneficiary AS text), OLD.to_address, OLD.memo, OLD.memo_type, coalesce(OLD.amount_out, NEW.amount_out),
                OLD.rail, OLD.network, OLD.currency, OLD.asset)))
    EXECUTE FUNCTION railpoll_decided();

ALTER TABLE transfers ADD CHECK (status IN ('incomplete', 'pending_user_transfer_start',
    'pending_user_transfer_complete', 'pending_external', 'pending_anchor', 'pending_stellar', 'pending_trust',
    'pending_user', 'pending_sender', 'pending_receiver', 'pending_transaction_info_update',
    'pending_customer_info_update', 'on_hold', 'completed', 'refunded', 'expired', 'no_market', 'too_small',
    'too_large', 'error'));
