-- Things of a place that are put off, each alone: their own calls fail while the place is well.
CREATE TABLE put_off (
    poller     text NOT NULL,
    place      text NOT NULL,
    -- Its kind and id: payment/ID, account/ADDRESS, …
    subject    text NOT NULL,
    -- In a row.
    failures   bigint NOT NULL CHECK (failures > 0),
    reason     text NOT NULL,
    since      timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    PRIMARY KEY (poller, place, subject)
);

-- One row for each payment that is set aside: the newest that came of it. How often it came, and when last.
ALTER TABLE quarantine ADD COLUMN seen bigint NOT NULL DEFAULT 1;
ALTER TABLE quarantine ADD COLUMN last_seen_at timestamptz;
UPDATE quarantine SET last_seen_at = first_seen_at;
UPDATE quarantine SET
    seen = (SELECT count(*) FROM quarantine q WHERE q.network = quarantine.network AND q.poller = quarantine.poller
            AND q.payment_id = quarantine.payment_id),
    first_seen_at = (SELECT min(q.first_seen_at) FROM quarantine q WHERE q.network = quarantine.network
                     AND q.poller = quarantine.poller AND q.payment_id = quarantine.payment_id)
WHERE payment_id IS NOT NULL;
DELETE FROM quarantine WHERE payment_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM quarantine q WHERE q.network = quarantine.network AND q.poller = quarantine.poller
      AND q.payment_id = quarantine.payment_id AND q.quarantine_id > quarantine.quarantine_id);
DROP INDEX quarantine_once;
CREATE UNIQUE INDEX quarantine_one ON quarantine (network, poller, payment_id) WHERE payment_id IS NOT NULL;
CREATE UNIQUE INDEX quarantine_once ON quarantine (network, poller, raw_hash) WHERE payment_id IS NULL;
