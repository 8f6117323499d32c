//! Loads what facts are judged by: the orders and the money that they speak of, the customers and wallets of these, what is
//! open of theirs, and who may pay it. So many questions whatever the number of facts.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::known::{Credit, Known};
use super::rows::{money_from, order_from};
use crate::engine::order::{
    Customer, Order, OrderFact, OrderKey, OrderWish, Reference, TermsOfShops, credit_wallet,
};
use crate::engine::{Amount, IncomingKey, IncomingStatus};
use crate::store::StoreError;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Sql};
use crate::store::transfers::incoming::{IncomingRow, incoming_from};

use super::judge::customer_of;

/// So many orders of a customer are looked at, the oldest: whoever has more open has them paid by the next sweeps.
const OPEN_MAX: i64 = 200;
/// So many customers of a wallet are looked at.
const CUSTOMERS_MAX: i64 = 200;
/// So much money that waits for orders is looked at.
const AWAITED_MAX: i64 = 1_000;

/// What is known, and the money in it as its places have told it.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) known: Known,
    pub(super) rows: HashMap<IncomingKey, IncomingRow>,
}

const MONEY: Sql = Sql::Each {
    sqlite: "SELECT i.* FROM json_each($1) k JOIN incoming i ON i.incoming_id = k.value ->> 1 AND i.source = k.value ->> 0",
    postgres: "SELECT i.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
               (SELECT * FROM incoming WHERE incoming_id = k ->> 1 AND source = k ->> 0 OFFSET 0) i",
};

const AWAITED: Sql = Sql::Each {
    sqlite: "SELECT a.shop AS awaited_shop, a.reference AS awaited_text, i.* FROM json_each($1) k \
                 JOIN awaited a ON a.reference = k.value ->> 1 AND a.shop = k.value ->> 0 \
                 JOIN incoming i ON i.incoming_id = a.incoming_id AND i.source = a.source LIMIT $2",
    postgres: "SELECT a.shop AS awaited_shop, a.reference AS awaited_text, i.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
                   (SELECT * FROM awaited WHERE reference = k ->> 1 AND shop = k ->> 0 OFFSET 0) a CROSS JOIN LATERAL \
                   (SELECT * FROM incoming WHERE incoming_id = a.incoming_id AND source = a.source OFFSET 0) i LIMIT $2",
};

/// By id, by the other name, and by an address: whoever asks knows which of them counts.
const ORDERS: Sql = Sql::Each {
    sqlite: "SELECT o.* FROM json_each($1) k JOIN things t ON t.id = k.value ->> 1 AND t.kind = 'order' AND t.place = k.value ->> 0 \
                 JOIN orders o ON o.number = t.number \
             UNION ALL SELECT o.* FROM json_each($1) k JOIN orders o ON o.alt_id = k.value ->> 1 AND o.shop = k.value ->> 0 \
             UNION ALL SELECT o.* FROM json_each($1) k JOIN orders o ON o.address = k.value ->> 1 AND o.pay_to = 'address'",
    postgres: "SELECT o.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
                   (SELECT number FROM things WHERE id = k ->> 1 AND kind = 'order' AND place = k ->> 0 OFFSET 0) t \
                   JOIN orders o ON o.number = t.number \
               UNION ALL SELECT o.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
                   (SELECT * FROM orders WHERE alt_id = k ->> 1 AND shop = k ->> 0 OFFSET 0) o \
               UNION ALL SELECT o.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
                   (SELECT * FROM orders WHERE address = k ->> 1 AND pay_to = 'address' OFFSET 0) o",
};

const CUSTOMERS_OF: Sql = Sql::Each {
    sqlite: "SELECT l.shop, l.customer_id FROM json_each($1) k JOIN wallet_links l ON l.wallet = k.value \
                 AND l.customer_id IN (SELECT customer_id FROM wallet_links WHERE wallet = k.value ORDER BY linked_at LIMIT $2)",
    postgres: "SELECT l.shop, l.customer_id FROM jsonb_array_elements_text($1) k CROSS JOIN LATERAL \
               (SELECT shop, customer_id FROM wallet_links WHERE wallet = k ORDER BY linked_at LIMIT $2) l",
};

const OPEN_OF: Sql = Sql::Each {
    sqlite: "SELECT o.* FROM json_each($1) k JOIN orders o ON o.number IN (SELECT number FROM orders \
                 WHERE customer_id = k.value ->> 1 AND shop = k.value ->> 0 AND status IN ('unclaimed', 'new') \
                 ORDER BY created_at, number LIMIT $2)",
    postgres: "SELECT o.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL (SELECT * FROM orders \
                   WHERE customer_id = k ->> 1 AND shop = k ->> 0 AND status IN ('unclaimed', 'new') \
                   ORDER BY created_at, number LIMIT $2) o",
};

pub(super) const LINKS_OF: Sql = Sql::Each {
    sqlite: "SELECT l.* FROM json_each($1) k JOIN wallet_links l ON l.customer_id = k.value ->> 1 AND l.shop = k.value ->> 0",
    postgres: "SELECT l.* FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
               (SELECT * FROM wallet_links WHERE customer_id = k ->> 1 AND shop = k ->> 0 OFFSET 0) l",
};

pub(super) const NAMED: Sql = Sql::Each {
    sqlite: "SELECT m.order_number, m.wallet, m.amount FROM json_each($1) k JOIN order_money m ON m.order_number = k.value",
    postgres: "SELECT m.order_number, m.wallet, m.amount FROM jsonb_array_elements_text($1) k CROSS JOIN LATERAL \
               (SELECT * FROM order_money WHERE order_number = CAST(k AS bigint) OFFSET 0) m",
};

const CREDITS: Sql = sql!("SELECT * FROM credits WHERE wallet " among "$1");

const RESERVED: Sql = sql!(
    "SELECT order_number, wallet, asset, amount FROM order_money WHERE reserved = 1 AND wallet " among "$1"
);

const BACK: Sql = Sql::Each {
    sqlite: "SELECT r.source, r.incoming_id, r.amount FROM json_each($1) k JOIN refunds r \
                 ON r.incoming_id = k.value ->> 1 AND r.source = k.value ->> 0 AND r.status <> 'failed'",
    postgres: "SELECT r.source, r.incoming_id, r.amount FROM jsonb_array_elements($1) k CROSS JOIN LATERAL \
               (SELECT * FROM refunds WHERE incoming_id = k ->> 1 AND source = k ->> 0 AND status <> 'failed' OFFSET 0) r",
};

/// Money that is seen and not final: what names the order, and what comes from its payers and names none.
const UNCONFIRMED: Sql = Sql::Each {
    sqlite: "SELECT number, min(received_at) AS received_at FROM ( \
                 SELECT k.value ->> 0 AS number, i.received_at FROM json_each($1) k JOIN incoming i \
                     ON i.claimant_id = k.value ->> 2 AND i.claimant_kind = 'order' AND i.claimant_shop = k.value ->> 1 \
                     AND i.status = 'received' AND i.asset_name = k.value ->> 4 \
                 UNION ALL SELECT k.value ->> 0, i.received_at FROM json_each($1) k \
                     JOIN wallet_links l ON l.customer_id = k.value ->> 3 AND l.shop = k.value ->> 1 \
                     JOIN incoming i ON i.wallet = l.wallet AND i.status = 'received' AND i.verdict = 'credit' \
                         AND i.asset_name = k.value ->> 4) GROUP BY number",
    postgres: "SELECT number, min(received_at) AS received_at FROM ( \
                   SELECT CAST(k ->> 0 AS bigint) AS number, i.received_at FROM jsonb_array_elements($1) k JOIN incoming i \
                       ON i.claimant_id = k ->> 2 AND i.claimant_kind = 'order' AND i.claimant_shop = k ->> 1 \
                       AND i.status = 'received' AND i.asset_name = k ->> 4 \
                   UNION ALL SELECT CAST(k ->> 0 AS bigint), i.received_at FROM jsonb_array_elements($1) k \
                       JOIN wallet_links l ON l.customer_id = k ->> 3 AND l.shop = k ->> 1 \
                       JOIN incoming i ON i.wallet = l.wallet AND i.status = 'received' AND i.verdict = 'credit' \
                           AND i.asset_name = k ->> 4) them GROUP BY number",
};

/// What facts speak of by themselves.
#[derive(Debug, Default)]
struct Spoken {
    money: BTreeSet<(String, String)>,
    /// Shops, and what orders may be called there.
    orders: BTreeSet<(String, String)>,
    /// The same of orders that come: what money may have waited for.
    coming: BTreeSet<(String, String)>,
    customers: BTreeSet<Customer>,
    wallets: BTreeSet<String>,
    due: Vec<OrderKey>,
}

impl Spoken {
    fn of(facts: &[OrderFact], terms: &TermsOfShops) -> Self {
        let mut spoken = Self::default();
        for fact in facts {
            spoken.hear(fact, terms);
        }
        spoken
    }

    fn hear(&mut self, fact: &OrderFact, terms: &TermsOfShops) {
        if let Some(money) = fact.money() {
            self.money.insert((money.source, money.incoming_id));
        }
        if let Some(OrderKey { shop, order_id }) = fact.order().cloned() {
            self.orders.insert((shop, order_id));
        }
        match fact {
            OrderFact::Came { told, claim } => {
                let shop = &told.key.shop;
                let of = |text: &String| (shop.clone(), text.clone());
                self.orders.extend(told.alt_id.iter().chain(&told.address).map(of));
                let by_alt_id = terms.of(shop).reference.by_alt_id;
                let alt_id = told.alt_id.iter().filter(|_| by_alt_id);
                let names = [&told.key.order_id].into_iter().chain(alt_id).chain(&told.address);
                self.coming.extend(names.map(of));
                self.customers.insert(customer_of(told));
                self.wallets.extend(claim.clone());
            }
            OrderFact::Claimed { wallet, .. } | OrderFact::SettledWallet(wallet) => {
                self.wallets.insert(wallet.clone());
            }
            OrderFact::Received(seen) => {
                self.wallets.extend(seen.incoming.from.clone());
                for (shop, names) in &seen.names {
                    self.hear_names(shop, names);
                }
            }
            OrderFact::Noted(note) => {
                self.customers.insert(note.customer.clone());
                self.wallets.insert(note.wallet.clone());
            }
            OrderFact::Wished { order, wish, .. } => match wish {
                OrderWish::Reassign(customer_id) => {
                    self.customers.insert(Customer::new(&order.shop, customer_id));
                }
                OrderWish::Fulfil { wallet, .. } => _ = self.wallets.insert(wallet.clone()),
                OrderWish::Cancel | OrderWish::Memo(_) | OrderWish::Price(_) | OrderWish::Reset => {
                }
            },
            OrderFact::SettledCustomer(customer) => _ = self.customers.insert(customer.clone()),
            OrderFact::Due(order) => self.due.push(order.clone()),
            OrderFact::ShopCancelled(_)
            | OrderFact::Confirmed(_)
            | OrderFact::Vanished { .. }
            | OrderFact::TakenBack { .. } => {}
        }
    }

    fn hear_names(&mut self, shop: &str, names: &Reference) {
        let texts = names.texts.iter().chain(&names.address);
        self.orders.extend(texts.map(|text| (shop.to_owned(), text.clone())));
    }
}

/// Loads what these facts are judged by.
pub(super) async fn load(
    conn: &mut Conn<'_>,
    facts: &[OrderFact],
    terms: &TermsOfShops,
) -> Result<Loaded, StoreError> {
    let mut spoken = Spoken::of(facts, terms);
    let mut loaded = Loaded::default();
    load_money(conn, &mut loaded, &spoken).await?;
    let known = &mut loaded.known;
    for money in known.money.values() {
        spoken.wallets.insert(money.wallet.clone());
        spoken
            .orders
            .extend(money.order.iter().map(|order| (order.shop.clone(), order.order_id.clone())));
    }
    if !spoken.orders.is_empty() {
        let args = [Arg::Json(json!(spoken.orders).to_string())];
        add_orders(known, &conn.rows(ORDERS, &args).await?)?;
    }
    for order in known.orders.values() {
        let customer = Customer::of(order);
        // Money that names it may be its customer's own.
        spoken.wallets.insert(credit_wallet(&customer));
        spoken.customers.insert(customer);
    }
    if !spoken.wallets.is_empty() {
        let args = [Arg::Json(json!(spoken.wallets).to_string()), Arg::Int(CUSTOMERS_MAX)];
        for row in conn.rows(CUSTOMERS_OF, &args).await? {
            let customer = Customer::new(row.text("shop")?, row.text("customer_id")?);
            spoken.customers.insert(customer);
        }
    }
    let customers: Vec<(&String, &String)> =
        spoken.customers.iter().map(|one| (&one.shop, &one.customer_id)).collect();
    if !customers.is_empty() {
        let customers = json!(customers).to_string();
        let args = [Arg::Json(customers.clone()), Arg::Int(OPEN_MAX)];
        add_orders(known, &conn.rows(OPEN_OF, &args).await?)?;
        for row in conn.rows(LINKS_OF, &[Arg::Json(customers)]).await? {
            let customer = Customer::new(row.text("shop")?, row.text("customer_id")?);
            let wallet = row.text("wallet")?;
            spoken.wallets.insert(wallet.clone());
            known.links.entry(customer).or_default().insert(wallet, row.parsed("origin")?);
        }
    }
    load_purses(conn, known, spoken.wallets).await?;
    load_unconfirmed(conn, known, &spoken.due).await?;
    Ok(loaded)
}

async fn load_money(
    conn: &mut Conn<'_>,
    loaded: &mut Loaded,
    spoken: &Spoken,
) -> Result<(), StoreError> {
    if !spoken.money.is_empty() {
        let args = [Arg::Json(json!(spoken.money).to_string())];
        for row in conn.rows(MONEY, &args).await? {
            add_money(loaded, &row)?;
        }
    }
    if !spoken.coming.is_empty() {
        let args = [Arg::Json(json!(spoken.coming).to_string()), Arg::Int(AWAITED_MAX)];
        for row in conn.rows(AWAITED, &args).await? {
            let key = add_money(loaded, &row)?;
            let name = (row.text("awaited_shop")?, row.text("awaited_text")?);
            loaded.known.awaited.entry(name).or_default().push(key);
        }
    }
    let confirmed = loaded.known.money.values();
    let confirmed = confirmed.filter(|money| money.status == IncomingStatus::Confirmed);
    let keys: Vec<(&String, &String)> =
        confirmed.map(|money| (&money.key.source, &money.key.incoming_id)).collect();
    if !keys.is_empty() {
        for row in conn.rows(BACK, &[Arg::Json(json!(keys).to_string())]).await? {
            let key =
                IncomingKey { source: row.text("source")?, incoming_id: row.text("incoming_id")? };
            let back = loaded.known.back.entry(key).or_insert_with(Amount::zero);
            *back = back.plus(&row.amount("amount")?);
        }
    }
    Ok(())
}

fn add_money(loaded: &mut Loaded, row: &Row) -> Result<IncomingKey, StoreError> {
    let incoming = incoming_from(row)?;
    let key = incoming.incoming.key();
    if let Some(money) = money_from(row, &incoming)? {
        loaded.known.money.insert(key.clone(), money);
    }
    loaded.rows.insert(key.clone(), incoming);
    Ok(key)
}

fn add_orders(known: &mut Known, rows: &[Row]) -> Result<(), StoreError> {
    for row in rows {
        let order = order_from(row)?;
        if !known.orders.contains_key(&order.key) {
            known.add_order(order);
        }
    }
    Ok(())
}

async fn load_purses(
    conn: &mut Conn<'_>,
    known: &mut Known,
    mut wallets: BTreeSet<String>,
) -> Result<(), StoreError> {
    let keys: HashMap<i64, OrderKey> =
        known.orders.values().map(|order: &Order| (order.arrival, order.key.clone())).collect();
    if !keys.is_empty() {
        let numbers: Vec<&i64> = keys.keys().collect();
        for row in conn.rows(NAMED, &[Arg::Json(json!(numbers).to_string())]).await? {
            let wallet = row.text("wallet")?;
            if let Some(order) = keys.get(&row.int("order_number")?) {
                known.add_named(order, &wallet, row.amount("amount")?);
            }
            wallets.insert(wallet);
        }
    }
    if wallets.is_empty() {
        return Ok(());
    }
    let wallets: Vec<String> = wallets.into_iter().collect();
    for row in conn.rows(CREDITS, &[Arg::Texts(wallets.clone())]).await? {
        let credit =
            Credit { credit: row.balance("credit")?, paid_entry: row.maybe_int("paid_entry")? };
        known.credits.insert((row.text("wallet")?, row.text("asset")?), credit);
    }
    for row in conn.rows(RESERVED, &[Arg::Texts(wallets)]).await? {
        if keys.contains_key(&row.int("order_number")?) {
            continue;
        }
        let key = (row.text("wallet")?, row.text("asset")?);
        let sum = known.elsewhere.entry(key).or_insert_with(Amount::zero);
        *sum = sum.plus(&row.amount("amount")?);
    }
    Ok(())
}

async fn load_unconfirmed(
    conn: &mut Conn<'_>,
    known: &mut Known,
    due: &[OrderKey],
) -> Result<(), StoreError> {
    let orders: Vec<&Order> = due.iter().filter_map(|key| known.orders.get(key)).collect();
    if orders.is_empty() {
        return Ok(());
    }
    let row = |order: &&Order| {
        json!([order.arrival, order.key.shop, order.key.order_id, order.customer_id, order.asset])
    };
    let rows: Vec<_> = orders.iter().map(row).collect();
    let keys: HashMap<i64, OrderKey> =
        orders.iter().map(|order| (order.arrival, order.key.clone())).collect();
    for row in conn.rows(UNCONFIRMED, &[Arg::Json(json!(rows).to_string())]).await? {
        if let Some(key) = keys.get(&row.int("number")?) {
            known.unconfirmed.insert(key.clone(), row.time("received_at")?);
        }
    }
    Ok(())
}
