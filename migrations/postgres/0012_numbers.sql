-- The same tables as in sqlite/, with PostgreSQL's own types.

-- Things have numbers. A status names its thing by a number and not by five texts: most of what a new payment costs is its
-- statuses and its indexes on ids, each of which is written at another place. Now there is one index on ids. The tables of
-- before are views of the same names and columns.

-- Whatever has statuses. A number is given once, by whoever has the turn to write.
CREATE TABLE things (
    number bigint PRIMARY KEY,
    kind   text NOT NULL CHECK (kind IN ('payment', 'transfer', 'order')),
    place  text NOT NULL,
    id     text NOT NULL
);
INSERT INTO things
    SELECT row_number() OVER (ORDER BY first), kind, network, id
    FROM (SELECT kind, network, id, min(row_id) AS first FROM status_changes GROUP BY kind, network, id) s;
CREATE UNIQUE INDEX things_once ON things (id, kind, place);
INSERT INTO things
    SELECT (SELECT coalesce(max(number), 0) FROM things) + row_number() OVER (), kind, network, id
    FROM (SELECT 'payment' AS kind, network, payment_id AS id FROM payments
          UNION ALL SELECT 'transfer', network, transfer_id FROM transfers) s
    WHERE NOT EXISTS (SELECT 1 FROM things t WHERE t.id = s.id AND t.kind = s.kind AND t.place = s.network);

-- Every status that anything ever had. It only grows; row_id is in the order of commits.
CREATE TABLE statuses (
    row_id      bigint GENERATED ALWAYS AS IDENTITY,
    thing       bigint NOT NULL,
    reached_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    status      text NOT NULL,
    source      text NOT NULL,
    reason      text,
    decided_by  text
);
INSERT INTO statuses (row_id, thing, reached_at, recorded_at, status, source, reason, decided_by) OVERRIDING SYSTEM VALUE
    SELECT s.row_id, t.number, s.reached_at, s.recorded_at, s.status, s.source, s.reason, s.decided_by
    FROM status_changes s JOIN things t ON t.id = s.id AND t.kind = s.kind AND t.place = s.network ORDER BY s.row_id;
-- Numbers that readers have passed come no more, also those of transactions that were given up.
SELECT setval(pg_get_serial_sequence('statuses', 'row_id'),
    (SELECT last_value FROM status_changes_row_id_seq), (SELECT is_called FROM status_changes_row_id_seq));
ALTER TABLE statuses ADD PRIMARY KEY (row_id);
CREATE UNIQUE INDEX statuses_once ON statuses (thing, reached_at, status);
-- Transfers in the order of their creation. An index on them would be written with each of their steps.
CREATE INDEX statuses_created ON statuses (reached_at, thing) WHERE source = 'created';

DROP TABLE status_changes;
CREATE VIEW status_changes (row_id, kind, network, id, status, reached_at, recorded_at, source, reason, decided_by) AS
    SELECT s.row_id, t.kind, t.place, t.id, s.status, s.reached_at, s.recorded_at, s.source, s.reason, s.decided_by
    FROM statuses s JOIN things t ON t.number = s.thing;

-- The network's JSON as it came, of the newest version.
CREATE TABLE documents (
    thing    bigint PRIMARY KEY,
    -- JSON, which is looked at before it is stored, and not again.
    document text NOT NULL
);
-- lz4 packs documents faster than the default; a server without it keeps the default.
DO $$ BEGIN
    ALTER TABLE documents ALTER COLUMN document SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN NULL;
END $$;
INSERT INTO documents
    SELECT t.number, CAST(d.document AS text) FROM payment_documents d
    JOIN things t ON t.id = d.payment_id AND t.kind = 'payment' AND t.place = d.network ORDER BY t.number;
DROP TABLE payment_documents;
CREATE VIEW payment_documents (network, payment_id, document) AS
    SELECT t.place, t.id, CAST(d.document AS json) FROM documents d JOIN things t ON t.number = d.thing;

-- The newest known version of each payment. Operations and reviews are few, and keep their texts; they refer to payments no
-- more, which have no such key.
ALTER TABLE operations DROP CONSTRAINT operations_network_payment_id_fkey;
ALTER TABLE reviews DROP CONSTRAINT reviews_network_payment_id_fkey;
ALTER TABLE payments RENAME TO known_payments;
ALTER TABLE known_payments DROP CONSTRAINT payments_pkey;
ALTER TABLE known_payments ADD COLUMN number bigint;
UPDATE known_payments p SET number = t.number
    FROM things t WHERE t.id = p.payment_id AND t.kind = 'payment' AND t.place = p.network;
ALTER TABLE known_payments ADD PRIMARY KEY (number);
CREATE VIEW payments AS
    SELECT p.network, t.id AS payment_id, p.state, p.sub_states, p.connector_role, p.amount, p.currency, p.payout_amount,
        p.payout_currency, p.created_at, p.modified_at, p.expires_at, p.first_seen_at, p.recorded_at, p.returns_payment,
        p.returned_by_payment, p.end_to_end_id, p.content_hash, p.version, p.review, p.not_before, p.acted_at, p.basis, p.number
    FROM known_payments p JOIN things t ON t.number = p.number AND t.kind = 'payment';

-- Who writes to the view is told as before, and who finds the table behind it is too.
CREATE TRIGGER status_changes_append_only INSTEAD OF INSERT OR UPDATE OR DELETE ON status_changes
    FOR EACH ROW EXECUTE FUNCTION railpoll_append_only();
CREATE TRIGGER statuses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statuses
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();
-- A number stands for one thing for ever.
CREATE TRIGGER things_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON things
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();
