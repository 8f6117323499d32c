-- Alerts are conditions of a place, kept current while they last.

-- How many things it is about.
ALTER TABLE alerts ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
-- A person has seen to it: it is silent until it changes.
ALTER TABLE alerts ADD COLUMN silenced_at TEXT;
ALTER TABLE alerts ADD COLUMN silenced_by TEXT;
ALTER TABLE alerts ADD COLUMN silenced_why TEXT;

-- Which alerts stand is derived anew with each sweep. Those of before may be of places that no job of this version owns.
UPDATE alerts SET ended_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') WHERE ended_at IS NULL AND name <> 'amount_changed';

-- What waits for a person, or for money to go back. Few at any time.
CREATE INDEX payments_waiting ON payments (network, state, expires_at)
    WHERE review IN ('pending', 'held') AND acted_at IS NULL;
CREATE INDEX incoming_waiting ON incoming (source, received_at, incoming_id)
    WHERE verdict <> 'matched' AND resolution IS NULL;
CREATE INDEX transfers_failed ON transfers (rail, comes_in, created_at, transfer_id)
    WHERE status = 'error' AND amount_in IS NOT NULL;
CREATE INDEX refunds_failed ON refunds (place, created_at, refund_id) WHERE status = 'failed';
