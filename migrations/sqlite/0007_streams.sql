-- Up to which ledger an account's list is known to be read, whether anything came or not.
ALTER TABLE streams ADD COLUMN ledger INTEGER CHECK (ledger >= 0);
