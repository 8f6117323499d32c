-- Who did what, and why: a row for everything that an operator does, in the transaction that does it. The name is what
-- somebody says; the ids are what the system says of the process.
CREATE TABLE audit (
    audit_id  INTEGER PRIMARY KEY,
    at        TEXT NOT NULL,
    name      TEXT NOT NULL,
    -- What speaks for the name.
    evidence  TEXT NOT NULL CHECK (evidence IN ('login', 'user', 'claimed')),
    uid       INTEGER NOT NULL,
    login_uid INTEGER,
    host      TEXT NOT NULL,
    origin    TEXT NOT NULL,
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    reason    TEXT,
    details   TEXT NOT NULL CHECK (json_valid(details))
);
CREATE INDEX audit_by_subject ON audit (subject, audit_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- REPLACE deletes without asking the triggers above.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE audit_id = NEW.audit_id)
    BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

-- The operator whose move it was, and whose refund.
ALTER TABLE status_changes ADD COLUMN decided_by TEXT;
ALTER TABLE refunds ADD COLUMN decided_by TEXT;

CREATE TRIGGER reviews_no_update BEFORE UPDATE ON reviews
    BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END;
CREATE TRIGGER reviews_no_delete BEFORE DELETE ON reviews
    BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END;
CREATE TRIGGER reviews_no_replace BEFORE INSERT ON reviews
    WHEN EXISTS (SELECT 1 FROM reviews WHERE review_id = NEW.review_id)
    BEGIN SELECT RAISE(ABORT, 'reviews is append-only'); END;

-- An operation is written on until it is finished. From then on it is history.
CREATE TRIGGER operations_no_change BEFORE UPDATE ON operations
    WHEN OLD.finished_at IS NOT NULL OR NEW.operation_id <> OLD.operation_id
    BEGIN SELECT RAISE(ABORT, 'a finished operation is never changed'); END;
CREATE TRIGGER operations_no_delete BEFORE DELETE ON operations
    BEGIN SELECT RAISE(ABORT, 'operations are never deleted'); END;
CREATE TRIGGER operations_no_replace BEFORE INSERT ON operations
    WHEN EXISTS (SELECT 1 FROM operations WHERE operation_id = NEW.operation_id)
    BEGIN SELECT RAISE(ABORT, 'operations are never deleted'); END;
