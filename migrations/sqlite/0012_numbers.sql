-- Things have numbers. A status names its thing by a number and not by five texts, and its times are numbers too: most of
-- what a new payment costs is its statuses and their index. The tables of before are views of the same names and columns.

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
