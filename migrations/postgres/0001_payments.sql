-- The same tables as in sqlite/, with PostgreSQL's own types. An unbounded numeric keeps every decimal that it is given.

-- The newest known version of each payment.
CREATE TABLE payments (
    network            text NOT NULL,
    payment_id         text NOT NULL,
    state              text NOT NULL,
    sub_states         jsonb NOT NULL DEFAULT '[]',
    connector_role     text NOT NULL,
    amount             numeric NOT NULL,
    currency           text NOT NULL,
    payout_amount      numeric,
    payout_currency    text,
    created_at         timestamptz,
    modified_at        timestamptz NOT NULL,
    expires_at         timestamptz,
    first_seen_at      timestamptz NOT NULL,
    recorded_at        timestamptz NOT NULL,
    returns_payment    text,
    returned_by_payment text,
    end_to_end_id      text,
    content_hash       bigint NOT NULL,
    -- How many versions of it were stored. Events carry it.
    version            bigint NOT NULL,
    -- The review in this state. None: nobody has looked. A new state begins anew.
    review             text CHECK (review IN ('pending', 'approved', 'declined', 'held')),
    -- Not to be acted on before this time.
    not_before         timestamptz,
    -- What was to be done in this state is done.
    acted_at           timestamptz,
    PRIMARY KEY (payment_id, network)
);
-- Serves the pollers' due things, the count of a range, and lists by state. It does not begin with the network: while
-- PostgreSQL has no statistics it would take such an index for as good as the primary key, and then reads every
-- payment of the network for each one that is looked up.
CREATE INDEX payments_by_state ON payments (state, network, connector_role, modified_at);
CREATE INDEX payments_by_time ON payments (modified_at);

-- The network's JSON as it came, of the newest version.
CREATE TABLE payment_documents (
    network    text NOT NULL,
    payment_id text NOT NULL,
    document   json NOT NULL,
    PRIMARY KEY (network, payment_id),
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);

-- How many payments are in a state: kept in the transactions that change it, for a count must not cost a scan.
CREATE TABLE payment_counts (
    network        text NOT NULL,
    state          text NOT NULL,
    connector_role text NOT NULL,
    payments       bigint NOT NULL,
    PRIMARY KEY (network, state, connector_role)
);
-- railpoll deletes no payment. Whoever does is noticed by the next sweep, which finds the counts different.
CREATE FUNCTION railpoll_payment_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payment_counts SET payments = payments - 1
    WHERE network = OLD.network AND state = OLD.state AND connector_role = OLD.connector_role;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_deleted AFTER DELETE ON payments
    FOR EACH ROW EXECUTE FUNCTION railpoll_payment_deleted();

-- Every status that anything ever had. It only grows; row_id is in the order of commits.
CREATE TABLE status_changes (
    row_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('payment', 'transfer', 'order')),
    network     text NOT NULL,
    id          text NOT NULL,
    status      text NOT NULL,
    reached_at  timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    source      text NOT NULL,
    reason      text
);
CREATE UNIQUE INDEX status_changes_once ON status_changes (id, kind, network, status, reached_at);

-- The intents: written before an operation is tried.
CREATE TABLE operations (
    operation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network      text NOT NULL,
    payment_id   text NOT NULL,
    poller       text NOT NULL,
    -- The payment's state when it was intended.
    state        text NOT NULL,
    operation    text NOT NULL,
    attempt      bigint NOT NULL DEFAULT 0,
    status       text NOT NULL CHECK (status IN ('intended', 'done', 'refused', 'unknown')),
    request      jsonb NOT NULL,
    answer       text,
    reason       text,
    intended_at  timestamptz NOT NULL,
    tried_at     timestamptz,
    not_before   timestamptz,
    finished_at  timestamptz,
    CHECK ((status IN ('done', 'refused')) = (finished_at IS NOT NULL)),
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);
-- A payment has at most one operation under way.
CREATE UNIQUE INDEX operations_one_open ON operations (network, payment_id) WHERE status IN ('intended', 'unknown');
CREATE INDEX operations_by_payment ON operations (network, payment_id);

-- Who or what decided, and why.
CREATE TABLE reviews (
    review_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    network    text NOT NULL,
    payment_id text NOT NULL,
    state      text NOT NULL,
    decision   text NOT NULL,
    decided_by text NOT NULL,
    reason_type text,
    code       text,
    reason     text,
    until      timestamptz,
    decided_at timestamptz NOT NULL,
    FOREIGN KEY (network, payment_id) REFERENCES payments (network, payment_id)
);
CREATE INDEX reviews_by_payment ON reviews (network, payment_id);

-- The outbox. It only grows; id is in the order of commits.
CREATE TABLE events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type        text NOT NULL,
    subject     text NOT NULL,
    version     bigint NOT NULL,
    -- As it was written: a signature is over the text.
    payload     json NOT NULL,
    occurred_at timestamptz NOT NULL
);

-- Where a poller's walk over a network stands.
CREATE TABLE cursors (
    poller        text NOT NULL,
    network       text NOT NULL,
    -- How the network's list behaves, as probed.
    mode          text,
    -- All up to this time was read by a whole walk.
    watermark     timestamptz,
    -- Where a walk that was broken off goes on.
    cursor        timestamptz,
    -- The network's count minus ours, after the last sweep.
    difference    bigint NOT NULL DEFAULT 0,
    -- What of it stayed after a reconcile that had nothing to correct.
    unexplained   bigint NOT NULL DEFAULT 0,
    reconciled_at timestamptz,
    next_sweep_at timestamptz,
    PRIMARY KEY (poller, network)
);

-- The right of one process to run one poller on one network.
CREATE TABLE leases (
    poller     text NOT NULL,
    network    text NOT NULL,
    holder     text NOT NULL,
    term       bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (poller, network)
);

CREATE TABLE sweeps (
    sweep_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    poller      text NOT NULL,
    network     text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    outcome     text NOT NULL,
    pages       bigint NOT NULL,
    requests    bigint NOT NULL,
    new         bigint NOT NULL,
    changed     bigint NOT NULL,
    unchanged   bigint NOT NULL,
    stale       bigint NOT NULL,
    quarantined bigint NOT NULL,
    acted       bigint NOT NULL,
    error       text
);
CREATE INDEX sweeps_by_poller ON sweeps (poller, network, sweep_id);

-- Conditions that somebody should know of: one row from beginning to end.
CREATE TABLE alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL,
    poller   text NOT NULL,
    network  text NOT NULL,
    subject  text NOT NULL,
    detail   text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (name, poller, network, subject) WHERE ended_at IS NULL;

-- Rows that could not be understood or believed, as they came.
CREATE TABLE quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    poller        text NOT NULL,
    network       text NOT NULL,
    payment_id    text,
    modified_at   timestamptz,
    raw           text NOT NULL,
    raw_hash      bigint NOT NULL,
    reason        text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    resolved_at   timestamptz,
    resolution    text
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (network, poller, raw_hash);
CREATE INDEX quarantine_open ON quarantine (payment_id, network) WHERE resolved_at IS NULL;

-- lz4 packs documents faster than the default; a server without it keeps the default.
DO $$ BEGIN
    ALTER TABLE payment_documents ALTER COLUMN document SET COMPRESSION lz4;
EXCEPTION WHEN OTHERS THEN NULL;
END $$;

CREATE FUNCTION railpoll_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER status_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON status_changes
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();
