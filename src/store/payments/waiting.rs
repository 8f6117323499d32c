//! What waits for a person.

use chrono::{DateTime, Utc};

use crate::engine::PaymentState;
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::Arg;
use crate::store::{Store, StoreError};

/// Payments of a poller that nobody has decided on, or that are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewsWaiting {
    /// `pending` or `held`.
    pub review: String,
    /// How many.
    pub count: u64,
    /// The nearest of their deadlines.
    pub first: Option<DateTime<Utc>>,
}

const WAITING: Sql = sql!(
    "SELECT review, count(*) AS n, min(expires_at) AS first FROM known_payments \
     WHERE network = $1 AND state " among "$2" " AND review IN ('pending', 'held') \
     AND acted_at IS NULL GROUP BY review ORDER BY review DESC"
);

impl Store {
    /// How many payments of a network in these states wait for a person, and how many are held.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn reviews_waiting(
        &self,
        network: &str,
        states: &[PaymentState],
    ) -> Result<Vec<ReviewsWaiting>, StoreError> {
        let words = states.iter().map(|state| state.as_str().to_owned()).collect();
        let rows = self.db.rows(WAITING, &[Arg::Text(network), Arg::Texts(words)]).await?;
        let of = |row: &crate::store::db::values::Row| {
            Ok(ReviewsWaiting {
                review: row.text("review")?,
                count: row.count("n")?,
                first: row.maybe_time("first")?,
            })
        };
        rows.iter().map(of).collect()
    }
}
