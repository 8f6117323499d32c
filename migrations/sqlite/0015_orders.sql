-- Money that we expect: orders, whose they are, whose credit pays them, and the books.

-- The newest version of each order. Its number is its thing's, and the number of its coming.
CREATE TABLE orders (
    number         INTEGER PRIMARY KEY,
    shop           TEXT NOT NULL,
    order_id       TEXT NOT NULL,
    alt_id         TEXT,
    customer_id    TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('unclaimed', 'new', 'paid', 'expired', 'cancelled')),
    version        INTEGER NOT NULL,
    price          TEXT NOT NULL CHECK (price <> '' AND price NOT GLOB '*[^0-9.]*'),
    asset          TEXT NOT NULL,
    -- What the shop asks, as it told it.
    original_price TEXT,
    currency       TEXT,
    rate_id        TEXT,
    pay_to         TEXT NOT NULL CHECK (pay_to IN ('memo', 'address', 'wallet')),
    address        TEXT,
    memo           TEXT,
    -- The wallet that has said that it pays.
    claimant       TEXT,
    -- What was forgiven when it was paid.
    short_by       TEXT CHECK (short_by NOT GLOB '*[^0-9.]*'),
    created_at     TEXT NOT NULL,
    expires_at     TEXT NOT NULL,
    paid_at        TEXT,
    updated_at     TEXT NOT NULL,
    CHECK ((status = 'paid') = (paid_at IS NOT NULL)),
    CHECK ((original_price IS NULL) = (currency IS NULL)),
    CHECK (pay_to <> 'address' OR address IS NOT NULL)
);
CREATE UNIQUE INDEX orders_one_alt_id ON orders (alt_id, shop) WHERE alt_id IS NOT NULL;
CREATE UNIQUE INDEX orders_one_address ON orders (address, asset) WHERE pay_to = 'address';
-- What is open. An order that is over is in neither of these.
CREATE INDEX orders_open ON orders (customer_id, shop, created_at, number) WHERE status IN ('unclaimed', 'new');
CREATE INDEX orders_expiring ON orders (shop, expires_at, number) WHERE status IN ('unclaimed', 'new');
CREATE INDEX orders_by_customer ON orders (customer_id, shop, number);
CREATE INDEX orders_by_time ON orders (created_at, number);
CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders
    BEGIN SELECT RAISE(ABORT, 'orders are never deleted'); END;

-- How many orders are in a status: kept in the transactions that change it, for a count must not cost a scan.
CREATE TABLE order_counts (
    shop   TEXT NOT NULL,
    status TEXT NOT NULL,
    orders INTEGER NOT NULL,
    PRIMARY KEY (shop, status)
);

-- Whose orders they are, and which wallets pay for them.
CREATE TABLE customers (
    customer_id TEXT NOT NULL,
    shop        TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (customer_id, shop)
) WITHOUT ROWID;
CREATE INDEX customers_by_time ON customers (created_at, customer_id, shop);
CREATE TABLE wallet_links (
    customer_id TEXT NOT NULL,
    shop        TEXT NOT NULL,
    wallet      TEXT NOT NULL,
    -- Who says so: whoever holds the wallet, or the shop.
    origin      TEXT NOT NULL CHECK (origin IN ('payer', 'shop')),
    linked_at   TEXT NOT NULL,
    PRIMARY KEY (customer_id, shop, wallet)
) WITHOUT ROWID;
CREATE INDEX wallet_links_by_wallet ON wallet_links (wallet);

-- What each wallet has paid of an order: written once, with the step that pays it.
CREATE TABLE settlements (
    order_number INTEGER NOT NULL,
    wallet       TEXT NOT NULL,
    asset        TEXT NOT NULL,
    amount       TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    kind         TEXT NOT NULL CHECK (kind IN ('single', 'multiple')),
    settled_at   TEXT NOT NULL,
    PRIMARY KEY (order_number, wallet)
) WITHOUT ROWID;
CREATE INDEX settlements_by_wallet ON settlements (wallet, order_number);
CREATE TRIGGER settlements_no_update BEFORE UPDATE ON settlements
    BEGIN SELECT RAISE(ABORT, 'settlements are append-only'); END;
CREATE TRIGGER settlements_no_delete BEFORE DELETE ON settlements
    BEGIN SELECT RAISE(ABORT, 'settlements are append-only'); END;
CREATE TRIGGER settlements_no_replace BEFORE INSERT ON settlements
    WHEN EXISTS (SELECT 1 FROM settlements WHERE order_number = NEW.order_number AND wallet = NEW.wallet)
    BEGIN SELECT RAISE(ABORT, 'settlements are append-only'); END;

-- How much final money of a wallet names an order and is of its asset, without what went back. While the order is open it
-- is reserved for it.
CREATE TABLE order_money (
    order_number INTEGER NOT NULL,
    wallet       TEXT NOT NULL,
    asset        TEXT NOT NULL,
    amount       TEXT NOT NULL CHECK (amount <> '' AND amount NOT GLOB '*[^0-9.]*'),
    reserved     INTEGER NOT NULL CHECK (reserved IN (0, 1)),
    PRIMARY KEY (order_number, wallet)
) WITHOUT ROWID;
CREATE INDEX order_money_reserved ON order_money (wallet, asset) WHERE reserved = 1;

-- The stored credit of each wallet: what its lines in the books sum to. What is owed has a minus; nothing is '0'.
CREATE TABLE credits (
    wallet     TEXT NOT NULL,
    asset      TEXT NOT NULL,
    credit     TEXT NOT NULL CHECK (ltrim(credit, '-') <> '' AND ltrim(credit, '-') NOT GLOB '*[^0-9.]*'),
    -- The newest entry by which money of this wallet became final.
    paid_entry INTEGER,
    PRIMARY KEY (wallet, asset)
) WITHOUT ROWID;
CREATE INDEX credits_left ON credits (wallet, asset) WHERE credit > '0';

-- The books: so much went from one account to another. Movements of one entry happen at once; what is given is got, so that
-- nothing that is not balanced can be written.
CREATE TABLE movements (
    entry        INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    -- What it happened to, as events name it.
    about        TEXT NOT NULL,
    place        TEXT NOT NULL,
    at           TEXT NOT NULL,
    from_account TEXT NOT NULL,
    to_account   TEXT NOT NULL,
    asset        TEXT NOT NULL,
    amount       TEXT NOT NULL CHECK (amount NOT GLOB '*[^0-9.]*' AND amount GLOB '*[1-9]*'),
    PRIMARY KEY (entry, position),
    CHECK (from_account <> to_account)
) WITHOUT ROWID;
CREATE TRIGGER movements_no_update BEFORE UPDATE ON movements
    BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
CREATE TRIGGER movements_no_delete BEFORE DELETE ON movements
    BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
CREATE TRIGGER movements_no_replace BEFORE INSERT ON movements
    WHEN EXISTS (SELECT 1 FROM movements WHERE entry = NEW.entry AND position = NEW.position)
    BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;

-- The same as lines: those of an entry sum to zero in each asset.
CREATE VIEW book_lines (entry, kind, about, place, at, account, asset, amount) AS
    SELECT entry, kind, about, place, at, from_account, asset, '-' || amount FROM movements
    UNION ALL SELECT entry, kind, about, place, at, to_account, asset, amount FROM movements;

-- What each kind of account got and gave on a day, of an asset and at a place: kept with the movements.
CREATE TABLE book_days (
    day     TEXT NOT NULL,
    asset   TEXT NOT NULL,
    place   TEXT NOT NULL,
    account TEXT NOT NULL,
    amount  TEXT NOT NULL CHECK (ltrim(amount, '-') <> '' AND ltrim(amount, '-') NOT GLOB '*[^0-9.]*'),
    PRIMARY KEY (day, asset, place, account)
) WITHOUT ROWID;

-- Money that came for orders is its sender's credit. Money that is none of theirs has no wallet.
ALTER TABLE incoming ADD COLUMN wallet TEXT;
-- The configured asset that it is.
ALTER TABLE incoming ADD COLUMN asset_name TEXT;
-- A credit note that takes, and does not give.
ALTER TABLE incoming ADD COLUMN owed INTEGER NOT NULL DEFAULT 0 CHECK (owed IN (0, 1));
-- What it names, as it was read: JSON.
ALTER TABLE incoming ADD COLUMN names TEXT CHECK (json_valid(names));
CREATE INDEX incoming_by_wallet ON incoming (wallet, status, received_at) WHERE wallet IS NOT NULL;
-- Credit that is simply somebody's waits for nobody.
DROP INDEX incoming_unmatched;
CREATE INDEX incoming_unmatched ON incoming (received_at, source, incoming_id)
    WHERE verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed';
DROP INDEX incoming_waiting;
-- What names an order is its shop's to see to, and all else its source's.
CREATE INDEX incoming_waiting ON incoming (source, received_at, incoming_id)
    WHERE verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed' AND claimant_shop IS NULL;
CREATE INDEX incoming_to_review ON incoming (claimant_shop, received_at, source, incoming_id)
    WHERE verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed' AND claimant_shop IS NOT NULL;
CREATE TRIGGER incoming_orders_no_update BEFORE UPDATE ON incoming
    WHEN NEW.wallet IS NOT OLD.wallet OR NEW.asset_name IS NOT OLD.asset_name OR NEW.owed <> OLD.owed
        OR NEW.names IS NOT OLD.names
    BEGIN SELECT RAISE(ABORT, 'incoming is append-only'); END;

-- What money names that no order of its shop is called yet.
CREATE TABLE awaited (
    reference   TEXT NOT NULL,
    shop        TEXT NOT NULL,
    source      TEXT NOT NULL,
    incoming_id TEXT NOT NULL,
    PRIMARY KEY (reference, shop, source, incoming_id)
) WITHOUT ROWID;
CREATE INDEX awaited_by_money ON awaited (incoming_id, source);

-- Wallets that report by push, and are believed.
CREATE TABLE wallets (
    network    TEXT NOT NULL,
    address    TEXT NOT NULL,
    -- From where it reports.
    ip_address TEXT NOT NULL,
    -- The next notification has a higher one.
    last_nonce INTEGER NOT NULL,
    added_at   TEXT NOT NULL,
    PRIMARY KEY (network, address)
) WITHOUT ROWID;

-- What was asked for under a key of the asker's, and what was answered.
CREATE TABLE asked_once (
    key     TEXT NOT NULL PRIMARY KEY,
    action  TEXT NOT NULL,
    -- What was asked: the same key with another wish is a mistake.
    wish    TEXT NOT NULL,
    answer  TEXT NOT NULL CHECK (json_valid(answer)),
    at      TEXT NOT NULL
) WITHOUT ROWID;
