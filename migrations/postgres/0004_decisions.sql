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
