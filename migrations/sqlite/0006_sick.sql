-- Things of a place that are put off, each alone: their own calls fail while the place is well.
CREATE TABLE put_off (
    poller     TEXT NOT NULL,
    place      TEXT NOT NULL,
    -- Its kind and id: payment/ID, account/ADDRESS, …
    subject    TEXT NOT NULL,
    -- In a row.
    failures   INTEGER NOT NULL CHECK (failures > 0),
    reason     TEXT NOT NULL,
    since      TEXT NOT NULL,
    not_before TEXT NOT NULL,
    PRIMARY KEY (poller, place, subject)
) WITHOUT ROWID;
