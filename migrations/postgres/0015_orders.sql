-- The same tables as in sqlite/, with PostgreSQL's own types.

-- Money that we expect: orders, whose they are, whose credit pays them, and the books.

-- The newest version of each order. Its number is its thing's, and the number of its coming.
CREATE TABLE orders (
    number         bigint PRIMARY KEY,
    shop           text NOT NULL,
    order_id       text NOT NULL,
    alt_id         text,
    customer_id    text NOT NULL,
    status         text NOT NULL CHECK (status IN ('unclaimed', 'new', 'paid', 'expired', 'cancelled')),
    version        bigint NOT NULL,
    price          numeric NOT NULL CHECK (price >= 0),
    asset          text NOT NULL,
    -- What the shop asks, as it told it.
    original_price text,
    currency       text,
    rate_id        text,
    pay_to         text NOT NULL CHECK (pay_to IN ('memo', 'address', 'wallet')),
    address        text,
    memo           text,
    -- The wallet that has said that it pays.
    claimant       text,
    -- What was forgiven when it was paid.
    short_by       numeric CHECK (short_by >= 0),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    paid_at        timestamptz,
    updated_at     timestamptz NOT NULL,
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
CREATE TRIGGER orders_no_delete BEFORE DELETE OR TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- How many orders are in a status: kept in the transactions that change it, for a count must not cost a scan.
CREATE TABLE order_counts (
    shop   text NOT NULL,
    status text NOT NULL,
    orders bigint NOT NULL,
    PRIMARY KEY (shop, status)
);

-- Whose orders they are, and which wallets pay for them.
CREATE TABLE customers (
    customer_id text NOT NULL,
    shop        text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, shop)
);
CREATE INDEX customers_by_time ON customers (created_at, customer_id, shop);
CREATE TABLE wallet_links (
    customer_id text NOT NULL,
    shop        text NOT NULL,
    wallet      text NOT NULL,
    -- Who says so: whoever holds the wallet, or the shop.
    origin      text NOT NULL CHECK (origin IN ('payer', 'shop')),
    linked_at   timestamptz NOT NULL,
    PRIMARY KEY (customer_id, shop, wallet)
);
CREATE INDEX wallet_links_by_wallet ON wallet_links (wallet);

-- What each wallet has paid of an order: written once, with the step that pays it.
CREATE TABLE settlements (
    order_number bigint NOT NULL,
    wallet       text NOT NULL,
    asset        text NOT NULL,
    amount       numeric NOT NULL CHECK (amount >= 0),
    kind         text NOT NULL CHECK (kind IN ('single', 'multiple')),
    settled_at   timestamptz NOT NULL,
    PRIMARY KEY (order_number, wallet)
);
CREATE INDEX settlements_by_wallet ON settlements (wallet, order_number);
CREATE TRIGGER settlements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- How much final money of a wallet names an order and is of its asset, without what went back. While the order is open it
-- is reserved for it.
CREATE TABLE order_money (
    order_number bigint NOT NULL,
    wallet       text NOT NULL,
    asset        text NOT NULL,
    amount       numeric NOT NULL CHECK (amount >= 0),
    reserved     bigint NOT NULL CHECK (reserved IN (0, 1)),
    PRIMARY KEY (order_number, wallet)
);
CREATE INDEX order_money_reserved ON order_money (wallet, asset) WHERE reserved = 1;

-- The stored credit of each wallet: what its lines in the books sum to. What is owed has a minus; nothing is 0.
CREATE TABLE credits (
    wallet     text NOT NULL,
    asset      text NOT NULL,
    credit     numeric NOT NULL,
    -- The newest entry by which money of this wallet became final.
    paid_entry bigint,
    PRIMARY KEY (wallet, asset)
);
CREATE INDEX credits_left ON credits (wallet, asset) WHERE credit > 0;

-- The books: so much went from one account to another. Movements of one entry happen at once; what is given is got, so that
-- nothing that is not balanced can be written.
CREATE TABLE movements (
    entry        bigint NOT NULL,
    position     bigint NOT NULL,
    kind         text NOT NULL,
    -- What it happened to, as events name it.
    about        text NOT NULL,
    place        text NOT NULL,
    at           timestamptz NOT NULL,
    from_account text NOT NULL,
    to_account   text NOT NULL,
    asset        text NOT NULL,
    amount       numeric NOT NULL CHECK (amount > 0),
    PRIMARY KEY (entry, position),
    CHECK (from_account <> to_account)
);
CREATE TRIGGER movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movements
    FOR EACH STATEMENT EXECUTE FUNCTION railpoll_append_only();

-- The same as lines: those of an entry sum to zero in each asset.
CREATE VIEW book_lines (entry, kind, about, place, at, account, asset, amount) AS
    SELECT entry, kind, about, place, at, from_account, asset, -amount FROM movements
    UNION ALL SELECT entry, kind, about, place, at, to_account, asset, amount FROM movements;

-- What each kind of account got and gave on a day, of an asset and at a place: kept with the movements.
CREATE TABLE book_days (
    day     text NOT NULL,
    asset   text NOT NULL,
    place   text NOT NULL,
    account text NOT NULL,
    amount  numeric NOT NULL,
    PRIMARY KEY (day, asset, place, account)
);

-- Money that came for orders is its sender's credit. Money that is none of theirs has no wallet.
ALTER TABLE incoming ADD COLUMN wallet text;
-- The configured asset that it is.
ALTER TABLE incoming ADD COLUMN asset_name text;
-- A credit note that takes, and does not give.
ALTER TABLE incoming ADD COLUMN owed bigint NOT NULL DEFAULT 0 CHECK (owed IN (0, 1));
-- What it names, as it was read: JSON.
ALTER TABLE incoming ADD COLUMN names json;
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
    FOR EACH ROW WHEN ((NEW.wallet, NEW.asset_name, NEW.owed, CAST(NEW.names AS text))
        IS DISTINCT FROM (OLD.wallet, OLD.asset_name, OLD.owed, CAST(OLD.names AS text)))
    EXECUTE FUNCTION railpoll_append_only();

-- What money names that no order of its shop is called yet.
CREATE TABLE awaited (
    reference   text NOT NULL,
    shop        text NOT NULL,
    source      text NOT NULL,
    incoming_id text NOT NULL,
    PRIMARY KEY (reference, shop, source, incoming_id)
);
CREATE INDEX awaited_by_money ON awaited (incoming_id, source);

-- Wallets that report by push, and are believed.
CREATE TABLE wallets (
    network    text NOT NULL,
    address    text NOT NULL,
    -- From where it reports.
    ip_address text NOT NULL,
    -- The next notification has a higher one.
    last_nonce bigint NOT NULL,
    added_at   timestamptz NOT NULL,
    PRIMARY KEY (network, address)
);

-- What was asked for under a key of the asker's, and what was answered.
CREATE TABLE asked_once (
    key     text NOT NULL PRIMARY KEY,
    action  text NOT NULL,
    -- What was asked: the same key with another wish is a mistake.
    wish    text NOT NULL,
    answer  json NOT NULL,
    at      timestamptz NOT NULL
);
