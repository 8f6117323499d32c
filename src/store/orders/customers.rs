//! Customers by the time of their first order or credit note, and what is kept of their money.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::engine::Amount;
use crate::engine::order::{Customer, MANUAL, Order};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::Arg;
use crate::store::db::walk::{Span, WalkStep};
use crate::store::{Store, StoreError};

/// Which customers to list, by when they came on record.
#[derive(Debug, Clone, Default)]
pub struct CustomerSpan {
    /// Only of this shop.
    pub shop: Option<String>,
    /// Only those on record since this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those on record before this time.
    pub until: Option<DateTime<Utc>>,
    /// The newest first.
    pub newest: bool,
    /// Only those that come after this one.
    pub after: Option<CustomerPlace>,
    /// At most so many.
    pub limit: u32,
}

/// Behind which customer a list goes on: its time, its shop, and its id.
pub type CustomerPlace = (DateTime<Utc>, Customer);

const LIST: &str = "SELECT * FROM customers WHERE (created_at, customer_id, shop) > ($3, $4, $5) AND created_at >= $1 \
    AND created_at <= $2 AND ($6 IS NULL OR shop = $6) ORDER BY created_at, customer_id, shop LIMIT $7";
const LIST_NEWEST: &str = "SELECT * FROM customers WHERE ($8 = 0 OR (created_at, customer_id, shop) < ($3, $4, $5)) \
    AND created_at >= $1 AND created_at <= $2 AND ($6 IS NULL OR shop = $6) \
    ORDER BY created_at DESC, customer_id DESC, shop DESC LIMIT $7";
const COUNT: &str = "SELECT count(*) AS n FROM customers WHERE created_at >= $1 AND created_at <= $2 \
    AND ($3 IS NULL OR shop = $3)";

const BEGINNING: Sql = Sql::Each {
    sqlite: "SELECT * FROM customers WHERE customer_id >= $1 AND customer_id < $1 || char(1114111) \
             AND ($2 IS NULL OR shop = $2) ORDER BY customer_id, shop LIMIT $3",
    postgres: "SELECT * FROM customers WHERE customer_id >= $1 AND customer_id < $1 || chr(1114111) \
               AND ($2 IS NULL OR shop = $2) ORDER BY customer_id, shop LIMIT $3",
};

const KEPT: Sql = sql!(
    "SELECT wallet, amount FROM order_money WHERE reserved = 1 AND asset = $2 AND order_number <> $3 AND wallet " among "$1"
);

impl CustomerSpan {
    fn span(&self) -> Span {
        let after = self.after.as_ref().map(|(at, _)| *at);
        Span::new(self.since, self.until, after, self.newest)
    }
}

impl Store {
    /// One step through a list of customers.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers_step(
        &self,
        filter: &CustomerSpan,
    ) -> Result<WalkStep<CustomerPlace, CustomerPlace>, StoreError> {
        let span = filter.span();
        let none = (DateTime::<Utc>::MIN_UTC, Customer::new("", ""));
        let (at, after) = filter.after.as_ref().unwrap_or(&none);
        let mut args = vec![
            Arg::Time(span.from),
            Arg::Time(span.to),
            Arg::Time(*at),
            Arg::Text(&after.customer_id),
            Arg::Text(&after.shop),
            Arg::MaybeText(filter.shop.as_deref()),
            Arg::Int(i64::from(filter.limit)),
        ];
        let sql = if filter.newest {
            args.push(Arg::Int(i64::from(filter.after.is_some())));
            LIST_NEWEST
        } else {
            LIST
        };
        let rows = self.db.rows(sql, &args).await?;
        let place = |row: &crate::store::db::values::Row| {
            let customer = Customer::new(row.text("shop")?, row.text("customer_id")?);
            Ok((row.time("created_at")?, customer))
        };
        let rows: Vec<CustomerPlace> = rows.iter().map(place).collect::<Result<_, StoreError>>()?;
        let is_full = rows.len() >= usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let next = rows.last().filter(|_| is_full).cloned();
        Ok(WalkStep { looked_at: u64::try_from(rows.len()).unwrap_or(u64::MAX), next, rows })
    }

    /// How many customers the filter lets through, whatever its limit is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers_count(&self, filter: &CustomerSpan) -> Result<u64, StoreError> {
        let span = filter.span();
        let args =
            [Arg::Time(span.from), Arg::Time(span.to), Arg::MaybeText(filter.shop.as_deref())];
        let rows = self.db.rows(COUNT, &args).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// Customers whose ids begin so, of `shop` or of all, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn customers_beginning(
        &self,
        beginning: &str,
        shop: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Customer>, StoreError> {
        let args = [Arg::Text(beginning), Arg::MaybeText(shop), Arg::Int(i64::from(limit))];
        let rows = self.db.rows(BEGINNING, &args).await?;
        rows.iter()
            .map(|row| Ok(Customer::new(row.text("shop")?, row.text("customer_id")?)))
            .collect()
    }

    /// How much of the money of each of these wallets is kept for other open orders than `order`, in its asset.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn kept_for_others(
        &self,
        order: &Order,
        wallets: Vec<String>,
    ) -> Result<HashMap<String, Amount>, StoreError> {
        let args = [Arg::Texts(wallets), Arg::Text(&order.asset), Arg::Int(order.arrival)];
        let mut kept: HashMap<String, Amount> = HashMap::new();
        for row in self.db.rows(KEPT, &args).await? {
            let sum = kept.entry(row.text("wallet")?).or_insert_with(Amount::zero);
            *sum = sum.plus(&row.amount("amount")?);
        }
        Ok(kept)
    }

    /// How many credit notes a wallet has had.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn credit_notes_of(&self, wallet: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS n FROM incoming WHERE wallet = $1 AND source = $2";
        let rows = self.db.rows(sql, &[Arg::Text(wallet), Arg::Text(MANUAL)]).await?;
        rows.first().map_or(Ok(0), |row| row.count("n"))
    }

    /// Whether there is an order in this asset.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn has_order_in(&self, asset: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM orders WHERE asset = $1 LIMIT 1";
        Ok(!self.db.rows(sql, &[Arg::Text(asset)]).await?.is_empty())
    }
}
