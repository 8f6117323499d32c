-- The same tables as in sqlite/, with PostgreSQL's own types.

-- Names that say what is kept, whatever the network: an envelope is the form that one kind of network gives a transaction,
-- and money that came may be claimed by other things than transfers.

ALTER TABLE envelopes RENAME TO transactions;
ALTER TABLE transactions RENAME COLUMN envelope_id TO transaction_id;
ALTER INDEX envelopes_one_sequence RENAME TO transactions_one_sequence;
ALTER INDEX envelopes_open RENAME TO transactions_open;
ALTER TABLE envelope_payments RENAME TO transaction_payments;
ALTER TABLE transaction_payments RENAME COLUMN envelope_id TO transaction_id;
ALTER INDEX envelope_payments_by_transfer RENAME TO transaction_payments_by_transfer;
ALTER TABLE channels RENAME TO channel_accounts;

-- The tables of before, for whoever reads them.
CREATE VIEW envelopes AS
    SELECT transaction_id AS envelope_id, network, source_account, sequence, xdr, bump_xdr, fee, max_time, status, attempts,
        ledger, result, not_before, created_at, sent_at, finished_at
    FROM transactions;
CREATE VIEW envelope_payments AS
    SELECT transaction_id AS envelope_id, position, operation, transfer_id, refund_id, destination, amount, balance_id
    FROM transaction_payments;

-- What it is, or seems to be, for.
ALTER TABLE incoming ADD COLUMN claimant_kind text CHECK (claimant_kind IN ('transfer', 'order'));
ALTER TABLE incoming RENAME COLUMN transfer_id TO claimant_id;
ALTER TABLE incoming DROP CONSTRAINT incoming_transfer_id_fkey;
UPDATE incoming SET claimant_kind = 'transfer' WHERE claimant_id IS NOT NULL;
ALTER TABLE incoming ADD CHECK ((claimant_kind IS NULL) = (claimant_id IS NULL));
ALTER TABLE incoming ADD COLUMN transfer_id text
    GENERATED ALWAYS AS (CASE claimant_kind WHEN 'transfer' THEN claimant_id END) STORED;
DROP INDEX incoming_by_transfer;
CREATE INDEX incoming_by_claimant ON incoming (claimant_id, claimant_kind) WHERE claimant_id IS NOT NULL;
