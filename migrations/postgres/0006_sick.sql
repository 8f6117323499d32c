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
