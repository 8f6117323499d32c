-- Times are UTC text of one width (2021-03-03T04:40:58.629000Z), so that they sort as they read.
-- Amounts are decimal text, exact to what the network sent.

-- The newest known version of each payment.
CREATE TABLE payments (
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
    PRIMARY KEY (payment_id, network)
);
-- Serves the pollers' due things, the count of a range, and lists by state.
CREATE INDEX payments_by_state ON payments (state, network, connector_role, modified_at);
CREATE INDEX payments_by_time ON payments (modified_at);

-- The network's JSON as it came, of the newest version.
CREATE TABLE payment_documents (
    network    TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (network, payment_id),
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);

-- How many payments are in a state: kept in the transactions that change it, for a count must not cost a scan.
CREATE TABLE payment_counts (
    network        TEXT NOT NULL,
    state          TEXT NOT NULL,
    connector_role TEXT NOT NULL,
    payments       INTEGER NOT NULL,
    PRIMARY KEY (network, state, connector_role)
) WITHOUT ROWID;
-- railpoll deletes no payment. Whoever does is noticed by the next sweep, which finds the counts different.
CREATE TRIGGER payments_deleted AFTER DELETE ON payments BEGIN
    UPDATE payment_counts SET payments = payments - 1
    WHERE network = OLD.network AND state = OLD.state AND connector_role = OLD.connector_role;
END;

-- Every status that anything ever had. It only grows; row_id is in the order of commits.
CREATE TABLE status_changes (
    row_id      INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('payment', 'transfer', 'order')),
    network     TEXT NOT NULL,
    id          TEXT NOT NULL,
    status      TEXT NOT NULL,
    reached_at  TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    source      TEXT NOT NULL,
    reason      TEXT
);
CREATE UNIQUE INDEX status_changes_once ON status_changes (id, kind, network, status, reached_at);

-- The intents: written before an operation is tried.
CREATE TABLE operations (
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
    CHECK ((status IN ('done', 'refused')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);
-- A payment has at most one operation under way.
CREATE UNIQUE INDEX operations_one_open ON operations (network, payment_id) WHERE status IN ('intended', 'unknown');
CREATE INDEX operations_by_payment ON operations (network, payment_id);

-- Who or what decided, and why.
CREATE TABLE reviews (
    review_id  INTEGER PRIMARY KEY,
    network    TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    state      TEXT NOT NULL,
    decision   TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    reason_type TEXT,
    code       TEXT,
    reason     TEXT,
    until      TEXT,
    decided_at TEXT NOT NULL,
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);
CREATE INDEX reviews_by_payment ON reviews (network, payment_id);

-- The outbox. It only grows; id is in the order of commits.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    type        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    version     INTEGER NOT NULL,
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    occurred_at TEXT NOT NULL
);

-- Where a poller's walk over a network stands.
CREATE TABLE cursors (
    poller        TEXT NOT NULL,
    network       TEXT NOT NULL,
    -- How the network's list behaves, as probed.
    mode          TEXT,
    -- All up to this time was read by a whole walk.
    watermark     TEXT,
    -- Where a walk that was broken off goes on.
    cursor        TEXT,
    -- The network's count minus ours, after the last sweep.
    difference    INTEGER NOT NULL DEFAULT 0,
    -- What of it stayed after a reconcile that had nothing to correct.
    unexplained   INTEGER NOT NULL DEFAULT 0,
    reconciled_at TEXT,
    next_sweep_at TEXT,
    PRIMARY KEY (poller, network)
) WITHOUT ROWID;

-- The right of one process to run one poller on one network.
CREATE TABLE leases (
    poller     TEXT NOT NULL,
    network    TEXT NOT NULL,
    holder     TEXT NOT NULL,
    term       INTEGER NOT NULL,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (poller, network)
) WITHOUT ROWID;

CREATE TABLE sweeps (
    sweep_id    INTEGER PRIMARY KEY,
    poller      TEXT NOT NULL,
    network     TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    pages       INTEGER NOT NULL,
    requests    INTEGER NOT NULL,
    new         INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    unchanged   INTEGER NOT NULL,
    stale       INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    acted       INTEGER NOT NULL,
    error       TEXT
);
CREATE INDEX sweeps_by_poller ON sweeps (poller, network, sweep_id);

-- Conditions that somebody should know of: one row from beginning to end.
CREATE TABLE alerts (
    alert_id INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    poller   TEXT NOT NULL,
    network  TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (name, poller, network, subject) WHERE ended_at IS NULL;

-- Rows that could not be understood or believed, as they came.
CREATE TABLE quarantine (
    quarantine_id INTEGER PRIMARY KEY,
    poller        TEXT NOT NULL,
    network       TEXT NOT NULL,
    payment_id    TEXT,
    modified_at   TEXT,
    raw           TEXT NOT NULL,
    raw_hash      INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    resolved_at   TEXT,
    resolution    TEXT
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (network, poller, raw_hash);
CREATE INDEX quarantine_open ON quarantine (payment_id, network) WHERE resolved_at IS NULL;

CREATE TRIGGER status_changes_no_update BEFORE UPDATE ON status_changes
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only'); END;
CREATE TRIGGER status_changes_no_delete BEFORE DELETE ON status_changes
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only'); END;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;

-- REPLACE deletes without asking the triggers above.
CREATE TRIGGER status_changes_no_replace BEFORE INSERT ON status_changes
    WHEN EXISTS (SELECT 1 FROM status_changes WHERE row_id = NEW.row_id)
    BEGIN SELECT RAISE(ABORT, 'status_changes is append-only'); END;
CREATE TRIGGER status_changes_known BEFORE INSERT ON status_changes
    WHEN EXISTS (SELECT 1 FROM status_changes s WHERE s.id = NEW.id AND s.kind = NEW.kind
                 AND s.network = NEW.network AND s.status = NEW.status AND s.reached_at = NEW.reached_at)
    BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
