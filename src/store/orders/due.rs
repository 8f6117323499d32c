//! What a sweep over open orders looks for.

use chrono::{DateTime, Utc};

use crate::engine::order::OrderKey;
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// An order whose time is over, as far as its own time tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOrder {
    /// Which.
    pub key: OrderKey,
    /// Its time.
    pub expires_at: DateTime<Utc>,
    /// The number of its coming.
    pub number: i64,
}

impl Store {
    /// Open orders of `shop` whose time is over at `now`, in the order of their times: behind `after`, and at most so many.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn orders_due(
        &self,
        shop: &str,
        now: DateTime<Utc>,
        after: Option<&DueOrder>,
        limit: u32,
    ) -> Result<Vec<DueOrder>, StoreError> {
        let sql = "SELECT order_id, expires_at, number FROM orders WHERE shop = $1 AND status IN ('unclaimed', 'new') \
                   AND expires_at < $2 AND (expires_at, number) > ($3, $4) ORDER BY expires_at, number LIMIT $5";
        let (at, number) = after
            .map_or((DateTime::<Utc>::MIN_UTC, i64::MIN), |after| (after.expires_at, after.number));
        let args = [
            Arg::Text(shop),
            Arg::Time(now),
            Arg::Time(at),
            Arg::Int(number),
            Arg::Int(i64::from(limit)),
        ];
        let rows = self.db.rows(sql, &args).await?;
        rows.iter()
            .map(|row| {
                Ok(DueOrder {
                    key: OrderKey::new(shop, row.text("order_id")?),
                    expires_at: row.time("expires_at")?,
                    number: row.int("number")?,
                })
            })
            .collect()
    }

    /// Wallets that have credit, behind the wallet `after`, at most so many, in their order.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn wallets_with_credit(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: crate::store::db::Sql = crate::store::db::Sql::Each {
            sqlite: "SELECT DISTINCT wallet FROM credits WHERE credit > '0' AND wallet > $1 ORDER BY wallet LIMIT $2",
            postgres: "SELECT DISTINCT wallet FROM credits WHERE credit > 0 AND wallet > $1 ORDER BY wallet LIMIT $2",
        };
        let rows = self.db.rows(SQL, &[Arg::Text(after), Arg::Int(i64::from(limit))]).await?;
        rows.iter().map(|row| row.text("wallet")).collect()
    }
}
