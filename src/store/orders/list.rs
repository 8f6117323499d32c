//! Lists of orders: filtered, from either end, step by step.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::load::NAMED;
use super::rows::order_from;
use crate::engine::Amount;
use crate::engine::order::{Order, OrderKey, OrderStatus};
use crate::store::db::values::{Arg, Row};
use crate::store::db::walk::{ROOM, Span, WalkStep, is_amount, plain};
use crate::store::db::{Conn, Sql};
use crate::store::{Store, StoreError};

/// An order, and the final money that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The order.
    pub order: Order,
    /// How much final money names it and is of its asset, without what went back.
    pub named: Amount,
}

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only of this shop.
    pub shop: Option<String>,
    /// Only in this status.
    pub status: Option<OrderStatus>,
    /// Only of this customer.
    pub customer_id: Option<String>,
    /// Only in this asset.
    pub asset: Option<String>,
    /// Only of this price.
    pub amount: Option<Amount>,
    /// Only those whose note has this in it.
    pub memo: Option<String>,
    /// Only those that this wallet has claimed.
    pub claimant: Option<String>,
    /// Only those that the shop asks in this currency.
    pub currency: Option<String>,
    /// Only those created at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those created before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those that come after this one.
    pub after: Option<OrderPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Behind which order a list goes on: its `created_at` and the number of its coming.
pub type OrderPlace = (DateTime<Utc>, i64);

macro_rules! filters {
    ($db:ident) => {
        concat!(
            "created_at >= $1 AND created_at <= $2 AND ($5 IS NULL OR shop = $5) AND ($6 IS NULL OR status = $6) \
             AND ($7 IS NULL OR customer_id = $7) AND ($8 IS NULL OR asset = $8) AND ($9 IS NULL OR ",
            is_amount!($db "price", "$9"),
            ") AND ($10 IS NULL OR ", within!($db), ") AND ($11 IS NULL OR claimant = $11) \
             AND ($12 IS NULL OR currency = $12) "
        )
    };
}

/// Whether the note has the text in it.
macro_rules! within {
    (sqlite) => {
        "instr(memo, $10) > 0"
    };
    (postgres) => {
        "position($10 IN memo) > 0"
    };
}

macro_rules! list {
    ($db:ident, $after:literal, $order:literal) => {
        concat!(
            "SELECT * FROM orders WHERE (created_at, number) ",
            $after,
            " ($3, $4) AND ",
            filters!($db),
            "ORDER BY created_at ",
            $order,
            ", number ",
            $order,
            " LIMIT $13"
        )
    };
}

const LIST: Sql =
    Sql::Each { sqlite: list!(sqlite, ">", "ASC"), postgres: list!(postgres, ">", "ASC") };
const LIST_NEWEST: Sql =
    Sql::Each { sqlite: list!(sqlite, "<", "DESC"), postgres: list!(postgres, "<", "DESC") };

macro_rules! count {
    ($db:ident) => {
        concat!(
            "SELECT count(*) AS n FROM orders WHERE $3 IS NOT NULL AND $4 IS NOT NULL AND ",
            filters!($db)
        )
    };
}

const COUNT: Sql = Sql::Each {
    sqlite: count!(sqlite),
    postgres: concat!(
        "SELECT count(*) AS n FROM orders WHERE CAST($3 AS timestamptz) IS NOT NULL AND CAST($4 AS bigint) IS NOT NULL AND ",
        filters!(postgres)
    ),
};

const EDGE: &str = "SELECT created_at AS at FROM orders WHERE created_at >= $1 AND created_at <= $2 \
    ORDER BY created_at LIMIT 1 OFFSET $3";
const EDGE_NEWEST: &str = "SELECT created_at AS at FROM orders WHERE created_at >= $1 AND created_at <= $2 \
    ORDER BY created_at DESC LIMIT 1 OFFSET $3";

const BEGINNING: Sql = Sql::Each {
    sqlite: "SELECT o.* FROM things t JOIN orders o ON o.number = t.number \
             WHERE t.id >= $1 AND t.id < $1 || char(1114111) AND t.kind = 'order' AND ($2 IS NULL OR t.place = $2) \
             ORDER BY t.id, t.place LIMIT $3",
    postgres: "SELECT o.* FROM things t JOIN orders o ON o.number = t.number \
               WHERE t.id >= $1 AND t.id < $1 || chr(1114111) AND t.kind = 'order' AND ($2 IS NULL OR t.place = $2) \
               ORDER BY t.id, t.place LIMIT $3",
};

impl OrderFilter {
    fn span(&self) -> Span {
        Span::new(self.since, self.until, self.after.map(|(at, _)| at), self.newest)
    }

    fn args<'a>(&'a self, span: Span, amount: Option<&'a str>) -> Vec<Arg<'a>> {
        let edge = if self.newest {
            (DateTime::<Utc>::MAX_UTC, i64::MAX)
        } else {
            (DateTime::<Utc>::MIN_UTC, i64::MIN)
        };
        let (after, number) = self.after.unwrap_or(edge);
        vec![
            Arg::Time(span.from),
            Arg::Time(span.to),
            Arg::Time(after),
            Arg::Int(number),
            Arg::MaybeText(self.shop.as_deref()),
            Arg::MaybeText(self.status.map(OrderStatus::as_str)),
            Arg::MaybeText(self.customer_id.as_deref()),
            Arg::MaybeText(self.asset.as_deref()),
            Arg::MaybeText(amount),
            Arg::MaybeText(self.memo.as_deref()),
            Arg::MaybeText(self.claimant.as_deref()),
            Arg::MaybeText(self.currency.as_deref()),
        ]
    }
}

impl Store {
    /// One step through a list of orders, by when their shops made them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn orders_step(
        &self,
        filter: &OrderFilter,
    ) -> Result<WalkStep<OrderRow, OrderPlace>, StoreError> {
        let edge = if filter.newest { EDGE_NEWEST } else { EDGE };
        let edge = self.edge(edge.into(), filter.span(), Arg::Time).await?;
        let (span, rest) = filter.span().cut(edge, filter.newest);
        let amount = filter.amount.as_ref().map(plain);
        let mut args = filter.args(span, amount.as_deref());
        args.push(Arg::Int(i64::from(filter.limit)));
        let sql = if filter.newest { LIST_NEWEST } else { LIST };
        let mut reader = self.db.reader().await?;
        let rows = reader.conn().rows(sql, &args).await?;
        let rows = with_money(&mut reader.conn(), &rows).await?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        Ok(match rows.last() {
            Some(last) if is_full => {
                let next = Some((last.order.created_at, last.order.arrival));
                WalkStep { looked_at: u64::try_from(rows.len()).unwrap_or(u64::MAX), next, rows }
            }
            Some(_) | None => {
                let edge = if filter.newest { i64::MAX } else { i64::MIN };
                WalkStep { looked_at: u64::from(ROOM), next: rest.map(|at| (at, edge)), rows }
            }
        })
    }

    /// How many orders the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn orders_count(&self, filter: &OrderFilter) -> Result<u64, StoreError> {
        let amount = filter.amount.as_ref().map(plain);
        let (mut span, mut count) = (filter.span(), 0);
        loop {
            let edge = self.edge(EDGE.into(), span, Arg::Time).await?;
            let (part, rest) = span.cut(edge, false);
            let args = filter.args(part, amount.as_deref());
            count +=
                self.db.rows(COUNT, &args).await?.first().map_or(Ok(0), |row| row.count("n"))?;
            let Some(rest) = rest else { return Ok(count) };
            span.from = rest;
        }
    }

    /// Orders whose ids begin so, of `shop` or of all, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn orders_beginning(
        &self,
        beginning: &str,
        shop: Option<&str>,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let args = [Arg::Text(beginning), Arg::MaybeText(shop), Arg::Int(i64::from(limit))];
        let mut reader = self.db.reader().await?;
        let rows = reader.conn().rows(BEGINNING, &args).await?;
        with_money(&mut reader.conn(), &rows).await
    }

    /// The orders with this other name, of `shop` or of all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn orders_called(
        &self,
        alt_id: &str,
        shop: Option<&str>,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let sql =
            "SELECT * FROM orders WHERE alt_id = $1 AND ($2 IS NULL OR shop = $2) ORDER BY shop";
        let mut reader = self.db.reader().await?;
        let args = [Arg::Text(alt_id), Arg::MaybeText(shop)];
        let rows = reader.conn().rows(sql, &args).await?;
        with_money(&mut reader.conn(), &rows).await
    }

    /// The order of this key.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn order(&self, key: &OrderKey) -> Result<Option<OrderRow>, StoreError> {
        let sql = "SELECT o.* FROM things t JOIN orders o ON o.number = t.number \
                   WHERE t.id = $1 AND t.kind = 'order' AND t.place = $2";
        let mut reader = self.db.reader().await?;
        let args = [Arg::Text(&key.order_id), Arg::Text(&key.shop)];
        let rows = reader.conn().rows(sql, &args).await?;
        Ok(with_money(&mut reader.conn(), &rows).await?.pop())
    }

    /// How many orders of each shop are in each status.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn order_counts(&self) -> Result<Vec<(String, OrderStatus, u64)>, StoreError> {
        let sql =
            "SELECT shop, status, orders FROM order_counts WHERE orders > 0 ORDER BY shop, status";
        let rows = self.db.rows(sql, &[]).await?;
        rows.iter()
            .map(|row| Ok((row.text("shop")?, row.parsed("status")?, row.count("orders")?)))
            .collect()
    }
}

/// Orders, each with the final money that names it.
pub(super) async fn with_money(
    conn: &mut Conn<'_>,
    rows: &[Row],
) -> Result<Vec<OrderRow>, StoreError> {
    let orders = rows.iter().map(order_from).collect::<Result<Vec<_>, _>>()?;
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = orders.iter().map(|order| order.arrival).collect();
    let mut named: HashMap<i64, Amount> = HashMap::new();
    for row in conn.rows(NAMED, &[Arg::Json(json!(numbers).to_string())]).await? {
        let sum = named.entry(row.int("order_number")?).or_insert_with(Amount::zero);
        *sum = sum.plus(&row.amount("amount")?);
    }
    let with = |order: Order| {
        let named = named.remove(&order.arrival).unwrap_or_else(Amount::zero);
        OrderRow { order, named }
    };
    Ok(orders.into_iter().map(with).collect())
}
