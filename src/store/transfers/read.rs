//! Reading transfers: one, some, and counts.

use chrono::{DateTime, Utc};

use super::rows::{transfer_from, transfers_by_id};
use crate::engine::{Transfer, TransferStatus};
use crate::store::db::Sql;
use crate::store::db::values::{Arg, Row};
use crate::store::{Store, StoreError};

/// How many transfers stand in a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferCount {
    /// Their rail.
    pub rail: String,
    /// Their network.
    pub network: String,
    /// Their status.
    pub status: TransferStatus,
    /// How many.
    pub transfers: u64,
    /// When the oldest of them was created, if they are not over.
    pub oldest: Option<DateTime<Utc>>,
}

const COUNTS: &str = "SELECT c.rail, c.network, c.status, c.transfers, \
        (SELECT min(o.created_at) FROM (SELECT created_at FROM transfers t \
            WHERE t.rail = c.rail AND t.status = c.status AND t.comes_in = w.comes_in AND t.network = c.network \
              AND t.completed_at IS NULL ORDER BY t.created_at LIMIT 1) o) AS oldest \
    FROM transfer_counts c CROSS JOIN (SELECT 'rail' AS comes_in UNION ALL SELECT 'network') w \
    WHERE c.transfers > 0 ORDER BY c.rail, c.network, c.status";

const OF_PAYMENTS: Sql = Sql::Each {
    sqlite: "SELECT * FROM transfers WHERE payment_network = $1 AND payment_id IN (SELECT value FROM json_each($2))",
    postgres: "SELECT t.* FROM unnest($2::text[]) AS wanted (id) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE payment_id = wanted.id AND payment_network = $1 OFFSET 0) t",
};

impl Store {
    /// The transfer with this id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfer(&self, transfer_id: &str) -> Result<Option<Transfer>, StoreError> {
        let sql = "SELECT * FROM transfers WHERE transfer_id = $1";
        let rows = self.db.rows(sql, &[Arg::Text(transfer_id)]).await?;
        rows.first().map(transfer_from).transpose()
    }

    /// The transfers with these ids, in this order; those that there are.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_with_ids(&self, ids: &[String]) -> Result<Vec<Transfer>, StoreError> {
        let mut reader = self.db.reader().await?;
        let mut found = transfers_by_id(&mut reader.conn(), ids.to_vec()).await?;
        Ok(ids.iter().filter_map(|id| found.remove(id)).map(|transfer| *transfer).collect())
    }

    /// The transfers that pay out these payments of `network`, in no order; those that there are.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_of_payments(
        &self,
        network: &str,
        payment_ids: &[String],
    ) -> Result<Vec<Transfer>, StoreError> {
        let args = [Arg::Text(network), Arg::Texts(payment_ids.to_vec())];
        self.db.rows(OF_PAYMENTS, &args).await?.iter().map(transfer_from).collect()
    }

    /// How many transfers stand where, without counting them, and since when the oldest does.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfer_counts(&self) -> Result<Vec<TransferCount>, StoreError> {
        let mut counts: Vec<TransferCount> = Vec::new();
        for row in &self.db.rows(COUNTS, &[]).await? {
            let count = count_from(row)?;
            match counts.last_mut() {
                // One row for each side that money comes in on.
                Some(last)
                    if (&last.rail, &last.network, last.status)
                        == (&count.rail, &count.network, count.status) =>
                {
                    last.oldest = match (last.oldest, count.oldest) {
                        (Some(one), Some(other)) => Some(one.min(other)),
                        (one, other) => one.or(other),
                    };
                }
                _ => counts.push(count),
            }
        }
        Ok(counts)
    }
}

fn count_from(row: &Row) -> Result<TransferCount, StoreError> {
    Ok(TransferCount {
        rail: row.text("rail")?,
        network: row.text("network")?,
        status: row.parsed("status")?,
        transfers: row.count("transfers")?,
        oldest: row.maybe_time("oldest")?,
    })
}
