//! `railpoll orders list`.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::lists::{ListFlags, Listed, counted, walk};
use crate::cli::names::{expect_order_asset, expect_shop};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::engine::order::{OrderKey, OrderStatus, missing};
use crate::engine::read_time as time;
use crate::engine::{Amount, iso, relative};
use crate::store::{OrderFilter, OrderPlace, OrderRow, Store, WalkStep};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll orders list --status new --shop web
  railpoll orders list --customer alice --newest
  railpoll orders list --memo 'gift' --since 2d
  railpoll orders list --format csv > orders.csv

The next page: the last line of the table is the command for it. With --json, put the last object's created_at/shop/order_id after --after.";

/// Which orders to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only orders of this shop
    #[arg(long, value_name = "NAME")]
    shop: Option<String>,
    /// Only orders in this status
    #[arg(long, value_parser = known::order_status())]
    status: Option<OrderStatus>,
    /// Only orders of the customer with this id
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// Only orders in this configured asset
    #[arg(long)]
    asset: Option<String>,
    /// Only orders of this price: 100 is 100.00
    #[arg(long)]
    amount: Option<Amount>,
    /// Only orders whose note has this in it
    #[arg(long, value_name = "TEXT")]
    memo: Option<String>,
    /// Only orders that this wallet has claimed
    #[arg(long, value_name = "ADDRESS")]
    claimant: Option<String>,
    /// Only orders that their shop asks in this currency
    #[arg(long)]
    currency: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only orders that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<Token>,
}

/// The place of an order in the list; without its name, behind all of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    created_at: DateTime<Utc>,
    key: Option<OrderKey>,
}

/// The same as the store walks: with the number of the order's coming.
#[derive(Debug, Clone)]
struct Place {
    place: OrderPlace,
    key: Option<OrderKey>,
}

fn token(text: &str) -> Result<Token, String> {
    let mut parts = text.splitn(3, '/');
    let created_at = time(parts.next().unwrap_or_default())?;
    match (parts.next(), parts.next()) {
        (None, _) => Ok(Token { created_at, key: None }),
        (Some(shop), Some(id)) if !shop.is_empty() && !id.is_empty() => {
            Ok(Token { created_at, key: Some(OrderKey::new(shop, id)) })
        }
        (Some(_), _) => Err("expected CREATED_AT/SHOP/ORDER_ID".to_owned()),
    }
}

impl Place {
    fn token(&self) -> String {
        let at = iso(self.place.0);
        match &self.key {
            Some(OrderKey { shop, order_id }) => format!("{at}/{shop}/{order_id}"),
            None => at,
        }
    }
}

pub(super) async fn run(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let flags = args.flags;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_shop(settings, &store, args.shop.as_deref()).await?;
    expect_order_asset(settings, &store, args.asset.as_deref()).await?;
    let mut filter = OrderFilter {
        shop: args.shop,
        status: args.status,
        customer_id: args.customer,
        asset: args.asset,
        amount: args.amount,
        memo: args.memo,
        claimant: args.claimant,
        currency: args.currency,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after: place_of(&store, args.after, flags.newest).await?,
        limit: 0,
    };
    if only_count {
        return counted::<OrderRow>(store.orders_count(&filter).await?, out);
    }
    let step = async |room, place: Option<Place>| {
        filter.after = place.map(|place| place.place).or(filter.after);
        filter.limit = room;
        let WalkStep { rows, looked_at, next } = store.orders_step(&filter).await?;
        let next = next.map(|place| {
            let last = rows.last().map(|row: &OrderRow| &row.order);
            let is_it = |order: &&crate::engine::order::Order| order.arrival == place.1;
            Place { place, key: last.filter(is_it).map(|order| order.key.clone()) }
        });
        Ok(WalkStep { rows, looked_at, next })
    };
    walk(session, &flags, out, "no orders", step, Place::token).await
}

/// Where the list goes on. An order that is gone from the database would be a place that nobody knows.
async fn place_of(
    store: &Store,
    token: Option<Token>,
    newest: bool,
) -> Result<Option<OrderPlace>, Failure> {
    let Some(Token { created_at, key }) = token else { return Ok(None) };
    let Some(key) = key else {
        return Ok(Some((created_at, if newest { i64::MIN } else { i64::MAX })));
    };
    match store.order(&key).await? {
        Some(row) => Ok(Some((created_at, row.order.arrival))),
        None => Err(Failure::Usage(format!("there is no order {key} to go on behind"))),
    }
}

impl Listed for OrderRow {
    const NAME: &'static str = "orders";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        table(rows, now)
    }
}

/// Orders as a table.
pub(in crate::cli) fn table(rows: &[OrderRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("ORDER"),
        Column::left("SHOP"),
        Column::left("STATUS"),
        Column::left("CUSTOMER"),
        Column::right("PRICE"),
        Column::right("MISSING"),
        Column::left("CREATED").spare(),
        Column::left("EXPIRES"),
    ]);
    for row in rows {
        let order = &row.order;
        let is_open = order.status.is_open();
        table.row([
            order.key.order_id.as_str().into(),
            order.key.shop.as_str().into(),
            status(order.status),
            order.customer_id.as_str().into(),
            format!("{} {}", order.price, order.asset).into(),
            is_open.then(|| missing(order, &row.named).to_string()).into(),
            relative(order.created_at, now).into(),
            expires(order.expires_at, is_open, now),
        ]);
    }
    table
}

/// When it expires, if it can.
fn expires(at: DateTime<Utc>, is_open: bool, now: DateTime<Utc>) -> Cell {
    if !is_open {
        return None.into();
    }
    let cell = Cell::from(relative(at, now));
    if at - now < TimeDelta::minutes(5) { cell.paint(Paint::Watch) } else { cell }
}

/// A status, in the colour of how well that is.
pub(in crate::cli) fn status(status: OrderStatus) -> Cell {
    let cell = Cell::from(status.as_str());
    match status {
        OrderStatus::Paid => cell.paint(Paint::Good),
        OrderStatus::Expired | OrderStatus::Cancelled => cell.paint(Paint::Faint),
        OrderStatus::Unclaimed | OrderStatus::New => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_place() {
        let order = token("2026-11-20T10:00:00.000001Z/web/a/b").unwrap();
        assert_eq!(order.key, Some(OrderKey::new("web", "a/b")), "an id may have strokes");
        let time = token("2026-11-20T10:00:00Z").unwrap();
        assert_eq!((time.key, time.created_at.timestamp_subsec_micros()), (None, 0));
        for text in ["", "web", "2026-11-20T10:00:00Z/web", "2026-11-20T10:00:00Z/web/"] {
            assert!(token(text).is_err(), "{text}");
        }
    }
}
