-- Things have numbers. A status names its thing by a number and not by five texts, and its times are numbers too: most of
-- what a new payment costs is its statuses and its indexes on ids, each of which is written at another place. Now there is
-- one index on ids. The tables of before are views of the same names and columns.

-- Whatever has statuses. A number is given once, by whoever has the turn to write.
CREATE TABLE things (
    number INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL CHECK (kind IN ('payment', 'transfer', 'order')),
    place  TEXT NOT NULL,
    id     TEXT NOT NULL
);
INSERT INTO things (kind, place, id)
    SELECT kind, network, id FROM status_changes GROUP BY kind, network, id ORDER BY min(row_id);
CREATE UNIQUE INDEX things_once ON things (id, kind, place);
INSERT INTO things (kind, place, id) SELECT 'payment', network, payment_id FROM payments WHERE true ON CONFLICT DO NOTHING;
INSERT INTO things (kind, place, id) SELECT 'transfer', network, transfer_id FROM transfers WHERE true ON CONFLICT DO NOTHING;

-- Every status that anything ever had. It only grows; row_id is in the order of commits. Times are microseconds since 1970.
CREATE TABLE statuses (
    row_id      INTEGER PRIMARY KEY,
    thing       INTEGER NOT NULL,
    status      TEXT NOT NULL,
    reached_at  INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    source      TEXT NOT NULL,
    reason      TEXT,
    decided_by  TEXT
);
INSERT INTO statuses
    SELECT s.row_id, t.number, s.status,
        CAST(strftime('%s', substr(s.reached_at, 1, 19)) AS INTEGER) * 1000000 + CAST(substr(s.reached_at, 21, 6) AS INTEGER),
        CAST(strftime('%s', substr(s.recorded_at, 1, 19)) AS INTEGER) * 1000000 + CAST(substr(s.recorded_at, 21, 6) AS INTEGER),
        s.source, s.reason, s.decided_by
    FROM status_changes s JOIN things t ON t.id = s.id AND t.kind = s.kind AND t.place = s.network ORDER BY s.row_id;
CREATE UNIQUE INDEX statuses_once ON statuses (thing, reached_at, status);
-- Transfers in the order of their creation. An index on them would be written with each of their steps.
CREATE INDEX statuses_created ON statuses (reached_at, thing) WHERE source = 'created';

DROP TABLE status_changes;
CREATE VIEW status_changes (row_id, kind, network, id, status, reached_at, recorded_at, source, reason, decided_by) AS
    SELECT s.row_id, t.kind, t.place, t.id, s.status,
        strftime('%Y-%m-%dT%H:%M:%S', (s.reached_at - (s.reached_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch')
            || printf('.%06dZ', (s.reached_at % 1000000 + 1000000) % 1000000),
        strftime('%Y-%m-%dT%H:%M:%S', (s.recorded_at - (s.recorded_at % 1000000 + 1000000) % 1000000) / 1000000, 'unixepoch')
            || printf('.%06dZ', (s.recorded_at % 1000000 + 1000000) % 1000000),
        s.source, s.reason, s.decided_by
    FROM statuses s JOIN things t ON t.number = s.thing;

-- The network's JSON as it came, of the newest version.
CREATE TABLE documents (
    thing    INTEGER PRIMARY KEY,
    document TEXT NOT NULL
);
INSERT INTO documents
    SELECT t.number, d.document FROM payment_documents d
    JOIN things t ON t.id = d.payment_id AND t.kind = 'payment' AND t.place = d.network ORDER BY t.number;
DROP TABLE payment_documents;
CREATE VIEW payment_documents (network, payment_id, document) AS
    SELECT t.place, t.id, d.document FROM documents d JOIN things t ON t.number = d.thing;

-- The newest known version of each payment.
CREATE TABLE known_payments (
    number             INTEGER PRIMARY KEY,
    network            TEXT NOT NULL,
    payment_id         TEXT NOT NULL,
    state              TEXT NOT NULL,
    sub_states         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(sub_states)),
    connector_role     TEXT NOT NULL,
    amount             TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    currency           TEXT NOT NULL,
    payout_amount      TEXT,
    payout_currency    TEXT,
    created_at         TEXT,
    modified_at        TEXT NOT NULL,
    expires_at         TEXT,
    first_seen_at      TEXT NOT NULL,
    recorded_at        TEXT NOT NULL,
    returns_payment    TEXT,
    returned_by_payment TEXT,
    end_to_end_id      TEXT,
    content_hash       INTEGER NOT NULL,
    -- How many versions of it were stored. Events carry it.
    version            INTEGER NOT NULL,
    -- The review in this state. None: nobody has looked. A new state begins anew.
    review             TEXT CHECK (review IN ('pending', 'approved', 'declined', 'held')),
    -- Not to be acted on before this time.
    not_before         TEXT,
    -- What was to be done in this state is done.
    acted_at           TEXT,
    -- The name of what was decided on.
    basis              TEXT
);
INSERT INTO known_payments
    SELECT t.number, p.* FROM payments p JOIN things t ON t.id = p.payment_id AND t.kind = 'payment' AND t.place = p.network
    ORDER BY t.number;

-- Operations and reviews are few, and keep their texts. They refer to payments no more, which have no such key.
CREATE TABLE operations_too (
    operation_id INTEGER PRIMARY KEY,
    network      TEXT NOT NULL,
    payment_id   TEXT NOT NULL,
    poller       TEXT NOT NULL,
    -- The payment's state when it was intended.
    state        TEXT NOT NULL,
    operation    TEXT NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    status       TEXT NOT NULL CHECK (status IN ('intended', 'done', 'refused', 'unknown')),
    request      TEXT NOT NULL CHECK (json_valid(request)),
    answer       TEXT,
    reason       TEXT,
    intended_at  TEXT NOT NULL,
    tried_at     TEXT,
    not_before   TEXT,
    finished_at  TEXT,
    CHECK ((status IN ('done', 'refused')) = (finished_at IS NOT NULL))
);
INSERT INTO operations_too SELECT * FROM operations;
CREATE TABLE reviews_too (
    review_id   INTEGER PRIMARY KEY,
    network     TEXT NOT NULL,
    payment_id  TEXT NOT NULL,
    state       TEXT NOT NULL,
    decision    TEXT NOT NULL,
    decided_by  TEXT NOT NULL,
    reason_type TEXT,
    code        TEXT,
    reason      TEXT,
    until       TEXT,
    decided_at  TEXT NOT NULL,
    basis       TEXT,
    details     TEXT CHECK (json_valid(details))
);
INSERT INTO reviews_too SELECT * FROM reviews;
-- With a table go its triggers, which refuse to delete.
DROP TRIGGER operations_no_delete;
DROP TRIGGER reviews_no_delete;
DROP TABLE operations;
DROP TABLE reviews;
DROP TABLE payments;
ALTER TABLE operations_too RENAME TO operations;
ALTER TABLE reviews_too RENAME TO reviews;

-- Serves the pollers' due things, the count of a range, and lists by state.
CREATE INDEX payments_by_state ON known_payments (state, network, connector_role, modified_at);
CREATE INDEX payments_by_time ON known_payments (modified_at);
-- What waits for a person, or for money to go back. Few at any time.
CREATE INDEX payments_waiting ON known_payments (network, state, expires_at)
    WHERE review IN ('pending', 'held') AND acted_at IS NULL;
-- railpoll deletes no payment. Whoever does is noticed by the next sweep, which finds the counts different.
CREATE TRIGGER payments_deleted AFTER DELETE ON known_payments BEGIN
    UPDATE payment_counts SET payments = payments - 1
    WHERE network = OLD.network AND state = OLD.state AND connector_role = OLD.connector_role;
END;
CREATE VIEW payments AS
    SELECT p.network, t.id AS payment_id, p.state, p.sub_states, p.connector_role, p.amount, p.currency, p.payout_amount,
        p.payout_currency, p.created_at, p.modified_at, p.expires_at, p.first_seen_at, p.recorded_at, p.returns_payment,
        p.returned_by_payment, p.end_to_end_id, p.content_hash, p.version, p.review, p.not_before, p.acted_at, p.basis, p.number
    FROM known_payments p JOIN things t ON t.number = p.number AND t.kind = 'payment';

-- A payment has at most one operation under way.
CREATE UNIQUE INDEX operations_one_open ON operations (network, payment_id) WHERE status IN ('intended', 'unknown');
CREATE INDEX operations_by_payment ON operations (network, payment_id);
CREATE INDEX reviews_by_payment ON reviews (network, payment_id);
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

-- Who writes to the view is told as before, and who finds the table behind it is too.
CREATE TRIGGER status_changes_no_insert INSTEAD OF INSERT ON status_changes
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only, and railpoll appends'); END;
CREATE TRIGGER status_changes_no_update INSTEAD OF UPDATE ON status_changes
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only'); END;
CREATE TRIGGER status_changes_no_delete INSTEAD OF DELETE ON status_changes
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only'); END;
CREATE TRIGGER statuses_no_update BEFORE UPDATE ON statuses
    BEGIN SELECT RAISE(ABORT, 'statuses is append-only'); END;
CREATE TRIGGER statuses_no_delete BEFORE DELETE ON statuses
    BEGIN SELECT RAISE(ABORT, 'statuses is append-only'); END;
-- REPLACE deletes without asking the triggers above. What is known already is passed over.
CREATE TRIGGER statuses_no_replace BEFORE INSERT ON statuses
    WHEN EXISTS (SELECT 1 FROM statuses WHERE row_id = NEW.row_id)
    BEGIN SELECT RAISE(ABORT, 'statuses is append-only'); END;
CREATE TRIGGER statuses_known BEFORE INSERT ON statuses
    WHEN EXISTS (SELECT 1 FROM statuses s WHERE s.thing = NEW.thing AND s.status = NEW.status AND s.reached_at = NEW.reached_at)
    BEGIN SELECT RAISE(IGNORE); END;
-- A number stands for one thing for ever.
CREATE TRIGGER things_no_update BEFORE UPDATE ON things
    BEGIN SELECT RAISE(ABORT, 'things is append-only'); END;
CREATE TRIGGER things_no_delete BEFORE DELETE ON things
    BEGIN SELECT RAISE(ABORT, 'things is append-only'); END;
