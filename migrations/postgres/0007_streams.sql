-- Up to which ledger an account's list is known to be read, whether anything came or not.
ALTER TABLE streams ADD COLUMN ledger bigint CHECK (ledger >= 0);
