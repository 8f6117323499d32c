-- When whoever runs a poller for ever will be back: a clean stop takes it away, and one who is late is told of.
ALTER TABLE leases ADD COLUMN promised_by TEXT;
ALTER TABLE leases ADD COLUMN expected_by TEXT;
ALTER TABLE leases ADD COLUMN late_at TEXT;
