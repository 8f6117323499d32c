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

-- A decision is on what was shown: the name of what decides where the money goes. A payment that has another is not what
-- was decided on. `details` has both, where a decision is void.
ALTER TABLE payments ADD COLUMN basis TEXT;
ALTER TABLE reviews ADD COLUMN basis TEXT;
ALTER TABLE reviews ADD COLUMN details TEXT CHECK (json_valid(details));
ALTER TABLE transfers ADD COLUMN basis TEXT;
-- Nobody knows what earlier decisions were on. Those that are not carried out yet are made anew.
UPDATE payments SET review = NULL, not_before = NULL
WHERE review IN ('approved', 'declined') AND acted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = payments.network AND o.payment_id = payments.payment_id
      AND o.status IN ('intended', 'unknown'))
  AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.payment_network = payments.network
      AND t.payment_id = payments.payment_id);

-- Who is paid by a transfer, and how much, changes by a move of it alone: whoever decided saw the version before.
CREATE TRIGGER transfers_decided
    BEFORE UPDATE OF beneficiary, to_address, memo, memo_type, amount_out, rail, network, currency, asset ON transfers
    WHEN NEW.version = OLD.version AND (NEW.beneficiary IS NOT OLD.beneficiary OR NEW.to_address IS NOT OLD.to_address
        OR NEW.memo IS NOT OLD.memo OR NEW.memo_type IS NOT OLD.memo_type OR NEW.amount_out IS NOT coalesce(OLD.amount_out, NEW.amount_out)
        OR NEW.rail <> OLD.rail OR NEW.network <> OLD.network OR NEW.currency <> OLD.currency OR NEW.asset <> OLD.asset)
    BEGIN SELECT RAISE(ABORT, 'who is paid by a transfer changes only with a new version of it'); END;

-- SQLite adds no CHECK to a table that is there.
CREATE TRIGGER transfers_status BEFORE UPDATE OF status ON transfers
    WHEN NEW.status NOT IN ('incomplete', 'pending_user_transfer_start', 'pending_user_transfer_complete',
        'pending_external', 'pending_anchor', 'pending_stellar', 'pending_trust', 'pending_user', 'pending_sender',
        'pending_receiver', 'pending_transaction_info_update', 'pending_customer_info_update', 'on_hold', 'completed',
        'refunded', 'expired', 'no_market', 'too_small', 'too_large', 'error')
    BEGIN SELECT RAISE(ABORT, 'transfers.status: no such status'); END;
CREATE TRIGGER transfers_first_status BEFORE INSERT ON transfers
    WHEN NEW.status NOT IN ('incomplete', 'pending_user_transfer_start', 'pending_user_transfer_complete',
        'pending_external', 'pending_anchor', 'pending_stellar', 'pending_trust', 'pending_user', 'pending_sender',
        'pending_receiver', 'pending_transaction_info_update', 'pending_customer_info_update', 'on_hold', 'completed',
        'refunded', 'expired', 'no_market', 'too_small', 'too_large', 'error')
    BEGIN SELECT RAISE(ABORT, 'transfers.status: no such status'); END;
