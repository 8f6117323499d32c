//! What has followed from facts is written: so many statements, whatever the number of facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::known::{Known, PurseKey};
use super::money::{NewMoney, write_money};
use crate::engine::books::Entry;
use crate::engine::order::{
    Customer, Order, OrderKey, OrderSettlement, OrderStatus, OrderStep, WalletLink,
};
use crate::engine::{Amount, Event, IncomingKey, NewRefund};
use crate::store::books::post::{post, stored};
use crate::store::db::values::{Arg, micros, sqlite_time, without_nul};
use crate::store::db::{Conn, Sql};
use crate::store::memory::alerts;
use crate::store::transfers::{insert_refunds, write_events};
use crate::store::{StoreError, things};

/// What is to be written, in the order in which it followed.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) customers: Vec<Customer>,
    pub(super) links: Vec<WalletLink>,
    pub(super) steps: Vec<OrderStep>,
    /// Where the orders that changed stood before all of it; none, if they are new.
    pub(super) before: BTreeMap<OrderKey, Option<(OrderStatus, i64)>>,
    /// Money that is new, and money that changed.
    pub(super) new_money: Vec<NewMoney>,
    pub(super) changed_money: BTreeSet<IncomingKey>,
    /// Why money ended.
    pub(super) ended: HashMap<IncomingKey, String>,
    pub(super) settlements: Vec<OrderSettlement>,
    pub(super) entries: Vec<Entry>,
    /// How many entries there were when each money became final.
    pub(super) finals: Vec<usize>,
    pub(super) refunds: Vec<NewRefund>,
    pub(super) events: Vec<Event>,
    pub(super) purses: BTreeSet<PurseKey>,
    pub(super) named: BTreeSet<OrderKey>,
    /// Shops of whose orders somebody should look at one, or need no more.
    pub(super) reviewed: BTreeSet<String>,
    /// The operator whose wish it is.
    pub(super) by: Option<String>,
}

const ADD_ORDERS: Sql = Sql::Each {
    sqlite: "INSERT INTO orders (number, shop, order_id, alt_id, customer_id, status, version, price, asset, original_price, \
                 currency, rate_id, pay_to, address, memo, claimant, short_by, created_at, expires_at, paid_at, updated_at) \
             SELECT t.number, v ->> 'shop', v ->> 'order_id', v ->> 'alt_id', v ->> 'customer_id', v ->> 'status', \
                 v ->> 'version', v ->> 'price', v ->> 'asset', v ->> 'original_price', v ->> 'currency', v ->> 'rate_id', \
                 v ->> 'pay_to', v ->> 'address', v ->> 'memo', v ->> 'claimant', v ->> 'short_by', v ->> 'created_at', \
                 v ->> 'expires_at', v ->> 'paid_at', v ->> 'updated_at' \
             FROM (SELECT value AS v FROM json_each($1)) r \
                 JOIN things t ON t.id = v ->> 'order_id' AND t.kind = 'order' AND t.place = v ->> 'shop'",
    postgres: "INSERT INTO orders (number, shop, order_id, alt_id, customer_id, status, version, price, asset, original_price, \
                   currency, rate_id, pay_to, address, memo, claimant, short_by, created_at, expires_at, paid_at, updated_at) \
               SELECT t.number, r.shop, r.order_id, r.alt_id, r.customer_id, r.status, r.version, r.price, r.asset, \
                   r.original_price, r.currency, r.rate_id, r.pay_to, r.address, r.memo, r.claimant, r.short_by, r.created_at, \
                   r.expires_at, r.paid_at, r.updated_at \
               FROM jsonb_to_recordset($1) AS r (shop text, order_id text, alt_id text, customer_id text, status text, \
                   version bigint, price numeric, asset text, original_price text, currency text, rate_id text, pay_to text, \
                   address text, memo text, claimant text, short_by numeric, created_at timestamptz, expires_at timestamptz, \
                   paid_at timestamptz, updated_at timestamptz) CROSS JOIN LATERAL \
                   (SELECT number FROM things WHERE id = r.order_id AND kind = 'order' AND place = r.shop OFFSET 0) t",
};

/// Only from the version that was read.
const SET_ORDERS: Sql = Sql::Each {
    sqlite: "UPDATE orders SET customer_id = v ->> 'customer_id', status = v ->> 'status', version = v ->> 'version', \
                 price = v ->> 'price', original_price = v ->> 'original_price', currency = v ->> 'currency', \
                 rate_id = v ->> 'rate_id', memo = v ->> 'memo', claimant = v ->> 'claimant', short_by = v ->> 'short_by', \
                 expires_at = v ->> 'expires_at', paid_at = v ->> 'paid_at', updated_at = v ->> 'updated_at' \
             FROM (SELECT value AS v FROM json_each($1)) r WHERE number = v ->> 'number' AND orders.version = v ->> 'was'",
    postgres: "UPDATE orders o SET customer_id = r.customer_id, status = r.status, version = r.version, price = r.price, \
                   original_price = r.original_price, currency = r.currency, rate_id = r.rate_id, memo = r.memo, \
                   claimant = r.claimant, short_by = r.short_by, expires_at = r.expires_at, paid_at = r.paid_at, \
                   updated_at = r.updated_at \
               FROM jsonb_to_recordset($1) AS r (number bigint, was bigint, customer_id text, status text, version bigint, \
                   price numeric, original_price text, currency text, rate_id text, memo text, claimant text, short_by numeric, \
                   expires_at timestamptz, paid_at timestamptz, updated_at timestamptz) \
               WHERE o.number = r.number AND o.version = r.was",
};

const ADD_STATUSES: Sql = Sql::Each {
    sqlite: "INSERT INTO statuses (thing, status, reached_at, recorded_at, source, reason, decided_by) \
             SELECT t.number, v ->> 2, v ->> 3, $2, v ->> 4, v ->> 5, $3 FROM (SELECT value AS v FROM json_each($1)) r \
                 JOIN things t ON t.id = v ->> 1 AND t.kind = 'order' AND t.place = v ->> 0",
    postgres: "INSERT INTO statuses (thing, status, reached_at, recorded_at, source, reason, decided_by) \
               SELECT t.number, r.v ->> 2, CAST(r.v ->> 3 AS timestamptz), $2, r.v ->> 4, r.v ->> 5, $3 \
               FROM jsonb_array_elements($1) WITH ORDINALITY AS r (v, n) CROSS JOIN LATERAL \
                   (SELECT number FROM things WHERE id = r.v ->> 1 AND kind = 'order' AND place = r.v ->> 0 OFFSET 0) t \
               ORDER BY r.n",
};

const COUNT: Sql = Sql::Each {
    sqlite: "INSERT INTO order_counts (shop, status, orders) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1) \
             WHERE true ON CONFLICT (shop, status) DO UPDATE SET orders = orders + excluded.orders",
    postgres: "INSERT INTO order_counts (shop, status, orders) SELECT r ->> 0, r ->> 1, CAST(r ->> 2 AS bigint) \
               FROM jsonb_array_elements($1) r \
               ON CONFLICT (shop, status) DO UPDATE SET orders = order_counts.orders + excluded.orders",
};

const ADD_CUSTOMERS: Sql = Sql::Each {
    sqlite: "INSERT INTO customers (shop, customer_id, created_at) SELECT value ->> 0, value ->> 1, $2 FROM json_each($1) \
             WHERE true ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO customers (shop, customer_id, created_at) SELECT r ->> 0, r ->> 1, $2 FROM jsonb_array_elements($1) r \
               ON CONFLICT DO NOTHING",
};

const ADD_LINKS: Sql = Sql::Each {
    sqlite: "INSERT INTO wallet_links (shop, customer_id, wallet, origin, linked_at) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, $2 FROM json_each($1) WHERE true \
             ON CONFLICT (customer_id, shop, wallet) DO UPDATE SET origin = excluded.origin",
    postgres: "INSERT INTO wallet_links (shop, customer_id, wallet, origin, linked_at) \
               SELECT r ->> 0, r ->> 1, r ->> 2, r ->> 3, $2 FROM jsonb_array_elements($1) r \
               ON CONFLICT (customer_id, shop, wallet) DO UPDATE SET origin = excluded.origin",
};

const ADD_SETTLEMENTS: Sql = Sql::Each {
    sqlite: "INSERT INTO settlements (order_number, wallet, asset, amount, kind, settled_at) \
             SELECT t.number, v ->> 2, v ->> 3, v ->> 4, v ->> 5, $2 FROM (SELECT value AS v FROM json_each($1)) r \
                 JOIN things t ON t.id = v ->> 1 AND t.kind = 'order' AND t.place = v ->> 0",
    postgres: "INSERT INTO settlements (order_number, wallet, asset, amount, kind, settled_at) \
               SELECT t.number, r ->> 2, r ->> 3, CAST(r ->> 4 AS numeric), r ->> 5, $2 \
               FROM jsonb_array_elements($1) r CROSS JOIN LATERAL \
                   (SELECT number FROM things WHERE id = r ->> 1 AND kind = 'order' AND place = r ->> 0 OFFSET 0) t",
};

const SET_NAMED: Sql = Sql::Each {
    sqlite: "INSERT INTO order_money (order_number, wallet, asset, amount, reserved) \
             SELECT t.number, v ->> 2, v ->> 3, v ->> 4, v ->> 5 FROM (SELECT value AS v FROM json_each($1)) r \
                 JOIN things t ON t.id = v ->> 1 AND t.kind = 'order' AND t.place = v ->> 0 WHERE true \
             ON CONFLICT (order_number, wallet) DO UPDATE SET amount = excluded.amount, reserved = excluded.reserved",
    postgres: "INSERT INTO order_money (order_number, wallet, asset, amount, reserved) \
               SELECT t.number, r ->> 2, r ->> 3, CAST(r ->> 4 AS numeric), CAST(r ->> 5 AS bigint) \
               FROM jsonb_array_elements($1) r CROSS JOIN LATERAL \
                   (SELECT number FROM things WHERE id = r ->> 1 AND kind = 'order' AND place = r ->> 0 OFFSET 0) t \
               ON CONFLICT (order_number, wallet) DO UPDATE SET amount = excluded.amount, reserved = excluded.reserved",
};

const SET_CREDITS: Sql = Sql::Each {
    sqlite: "INSERT INTO credits (wallet, asset, credit, paid_entry) \
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1) WHERE true \
             ON CONFLICT (wallet, asset) DO UPDATE SET credit = excluded.credit, paid_entry = excluded.paid_entry",
    postgres: "INSERT INTO credits (wallet, asset, credit, paid_entry) \
               SELECT r ->> 0, r ->> 1, CAST(r ->> 2 AS numeric), CAST(r ->> 3 AS bigint) FROM jsonb_array_elements($1) r \
               ON CONFLICT (wallet, asset) DO UPDATE SET credit = excluded.credit, paid_entry = excluded.paid_entry",
};

impl Writing {
    /// Writes all of it, by whoever has the turn to write.
    pub(super) async fn write(
        &self,
        conn: &mut Conn<'_>,
        known: &Known,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write_orders(conn, known, now).await?;
        self.write_people(conn, known, now).await?;
        write_money(conn, self, known, now).await?;
        let rows = self.settlements.iter().map(|one| {
            json!([
                kept(&one.order.shop),
                kept(&one.order.order_id),
                kept(&one.wallet),
                kept(&one.asset),
                one.amount.to_string(),
                one.kind.as_str()
            ])
        });
        run_at(conn, ADD_SETTLEMENTS, rows.collect(), now).await?;
        let named = self.named.iter().flat_map(|order| named_rows(known, order));
        run(conn, SET_NAMED, named.collect()).await?;
        let entry = post(conn, &self.entries).await?;
        let credits = self.purses.iter().filter_map(|key| self.credit_row(known, key, entry));
        run(conn, SET_CREDITS, credits.collect()).await?;
        let refunds: Vec<&NewRefund> = self.refunds.iter().collect();
        write_events(conn, &self.events).await?;
        let nobody = std::collections::HashSet::new();
        insert_refunds(conn, &refunds, &nobody, self.by.as_deref(), now).await?;
        // What an order that ended has, or one that waits again needs, is for a person now, or no more.
        let is_over = |status| matches!(status, OrderStatus::Expired | OrderStatus::Cancelled);
        let moved = self.before.iter().filter(|(key, before)| {
            let ends = known.orders.get(*key).is_some_and(|order| is_over(order.status));
            before.is_some_and(|(was, _)| is_over(was) != ends)
        });
        let shops: BTreeSet<&String> =
            self.reviewed.iter().chain(moved.map(|(key, _)| &key.shop)).collect();
        for shop in shops {
            alerts::retell_orders(conn, shop, now).await?;
        }
        Ok(())
    }

    async fn write_orders(
        &self,
        conn: &mut Conn<'_>,
        known: &Known,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let mut coming: Vec<(&str, &str)> = Vec::new();
        for step in self.steps.iter().filter(|step| step.from.is_none()) {
            coming.push((&step.after.key.shop, &step.after.key.order_id));
        }
        let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for (key, before) in &self.before {
            let Some(order) = known.orders.get(key) else { continue };
            let mut row = order_row(order);
            match before {
                None => new.push(row),
                Some((_, version)) => {
                    row["number"] = json!(order.arrival);
                    row["was"] = json!(version);
                    changed.push(row);
                }
            }
            *counts.entry((&key.shop, order.status.as_str())).or_default() += 1;
            if let Some((was, _)) = before {
                *counts.entry((&key.shop, was.as_str())).or_default() -= 1;
            }
        }
        things::add(conn, "order", &coming).await?;
        run(conn, ADD_ORDERS, new).await?;
        let expected = changed.len();
        let done = run(conn, SET_ORDERS, changed).await?;
        if usize::try_from(done).unwrap_or_default() != expected {
            return Err(StoreError::Refused(
                "an order was changed meanwhile: try again".to_owned(),
            ));
        }
        self.write_statuses(conn, now).await?;
        counts.retain(|_, by| *by != 0);
        let counts = counts.into_iter().map(|((shop, status), by)| json!([kept(shop), status, by]));
        run(conn, COUNT, counts.collect()).await.map(drop)
    }

    async fn write_statuses(
        &self,
        conn: &mut Conn<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let is_sqlite = conn.is_sqlite();
        let time = |at: DateTime<Utc>| {
            if is_sqlite { json!(micros(at)) } else { json!(sqlite_time(at)) }
        };
        let reached = self.steps.iter().filter(|step| step.from != Some(step.after.status));
        let rows: Vec<Value> = reached
            .filter_map(|step| {
                let after = &step.after;
                let cause = step.cause?;
                Some(json!([
                    kept(&after.key.shop),
                    kept(&after.key.order_id),
                    after.status.as_str(),
                    time(after.updated_at),
                    cause.as_str(),
                    maybe_kept(step.reason.as_ref())
                ]))
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let args = [
            Arg::Json(json!(rows).to_string()),
            Arg::Micros(now),
            Arg::MaybeText(self.by.as_deref()),
        ];
        conn.execute(ADD_STATUSES, &args).await.map(drop)
    }

    async fn write_people(
        &self,
        conn: &mut Conn<'_>,
        known: &Known,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let customers: BTreeSet<&Customer> = self.customers.iter().collect();
        let rows =
            customers.into_iter().map(|one| json!([kept(&one.shop), kept(&one.customer_id)]));
        run_at(conn, ADD_CUSTOMERS, rows.collect(), now).await?;
        let links: BTreeSet<(&Customer, &str)> =
            self.links.iter().map(|link| (&link.customer, link.wallet.as_str())).collect();
        let rows = links.into_iter().filter_map(|(customer, wallet)| {
            // What the shop says stays, whoever says less after it.
            let origin = known.links.get(customer)?.get(wallet)?;
            Some(json!([
                kept(&customer.shop),
                kept(&customer.customer_id),
                kept(wallet),
                origin.as_str()
            ]))
        });
        run_at(conn, ADD_LINKS, rows.collect(), now).await
    }

    fn credit_row(&self, known: &Known, key: &PurseKey, entry: i64) -> Option<Value> {
        let credit = known.credits.get(key)?;
        // What became final now has the number of the entry that booked it.
        let paid = credit.paid_entry.map(|paid| match paid.checked_sub(Known::NOW_FINAL) {
            Some(number) if number > 0 => {
                let index = usize::try_from(number - 1).unwrap_or_default();
                let entries = self.finals.get(index).copied().unwrap_or_default();
                entry + i64::try_from(entries).unwrap_or_default()
            }
            Some(_) | None => paid,
        });
        let (wallet, asset) = key;
        Some(json!([kept(wallet), kept(asset), stored(&credit.credit), paid]))
    }
}

fn named_rows(known: &Known, key: &OrderKey) -> Vec<Value> {
    let (Some(order), Some(named)) = (known.orders.get(key), known.named.get(key)) else {
        return Vec::new();
    };
    let is_open = i64::from(order.status.is_open());
    let row = |(wallet, amount): (&String, &Amount)| {
        json!([
            kept(&key.shop),
            kept(&key.order_id),
            kept(wallet),
            kept(&order.asset),
            amount.to_string(),
            is_open
        ])
    };
    named.iter().map(row).collect()
}

fn order_row(order: &Order) -> Value {
    let time = |at: DateTime<Utc>| json!(sqlite_time(at));
    json!({
        "shop": kept(&order.key.shop),
        "order_id": kept(&order.key.order_id),
        "alt_id": maybe_kept(order.alt_id.as_ref()),
        "customer_id": kept(&order.customer_id),
        "status": order.status.as_str(),
        "version": order.version,
        "price": order.price.to_string(),
        "asset": kept(&order.asset),
        "original_price": maybe_kept(order.original_price.as_ref()),
        "currency": maybe_kept(order.currency.as_ref()),
        "rate_id": maybe_kept(order.rate_id.as_ref()),
        "pay_to": order.pay_to.as_str(),
        "address": maybe_kept(order.address.as_ref()),
        "memo": maybe_kept(order.memo.as_ref()),
        "claimant": maybe_kept(order.claimant.as_ref()),
        "short_by": order.short_by.as_ref().map(ToString::to_string),
        "created_at": time(order.created_at),
        "expires_at": time(order.expires_at),
        "paid_at": order.paid_at.map(time),
        "updated_at": time(order.updated_at),
    })
}

/// A text as both databases keep it.
pub(super) fn kept(text: &str) -> Value {
    json!(without_nul(text))
}

pub(super) fn maybe_kept(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| kept(text))
}

/// Runs a statement for these rows; how many it changed.
pub(super) async fn run(
    conn: &mut Conn<'_>,
    sql: Sql,
    rows: Vec<Value>,
) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    conn.execute(sql, &[Arg::Json(Value::from(rows).to_string())]).await
}

/// The same for one that also takes the time.
pub(super) async fn run_at(
    conn: &mut Conn<'_>,
    sql: Sql,
    rows: Vec<Value>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    conn.execute(sql, &[Arg::Json(Value::from(rows).to_string()), Arg::Time(now)]).await.map(drop)
}
