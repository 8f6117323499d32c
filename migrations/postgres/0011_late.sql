-- Deposits that have expired are asked about for a while: their money may come late.
CREATE INDEX transfers_given_up ON transfers (rail, completed_at)
    WHERE status = 'expired' AND comes_in = 'rail' AND amount_in IS NULL;
