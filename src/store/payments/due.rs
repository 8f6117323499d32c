//! What is due: payments that wait to be acted on.

use chrono::{DateTime, Utc};

use crate::engine::{ConnectorRole, Money, PaymentState, ReviewStatus};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::{Store, StoreError};

/// A payment that is waiting to be acted on.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// Its id.
    pub payment_id: String,
    /// Its state.
    pub state: PaymentState,
    /// Its amount.
    pub money: Money,
    /// The network fails it after this time.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where its review stands.
    pub review: Option<ReviewStatus>,
    /// Its version.
    pub version: i64,
    /// What its beneficiary gets, where the network tells.
    pub payout: Option<Money>,
    /// The payment that it takes back.
    pub returns: Option<String>,
}

const DUE: Sql = sql!(
    "SELECT payment_id, state, CAST(amount AS text) AS amount, currency, expires_at, review, version, returns_payment, \
     payout_amount AS told_amount, payout_currency AS told_currency FROM known_payments \
     WHERE network = $1 AND state " among "$2" " AND connector_role = $3 \
     AND acted_at IS NULL AND (not_before IS NULL OR not_before <= $4) \
     AND (review IS NULL OR review IN ('approved', 'declined') OR (review = 'held' AND not_before IS NOT NULL)) \
     AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = known_payments.network \
     AND o.payment_id = known_payments.payment_id AND o.status IN ('intended', 'unknown')) \
     ORDER BY expires_at NULLS LAST, modified_at LIMIT $5"
);

impl Store {
    /// Payments in `states` to act on now, nearest deadline first. Those that wait for a person are not among them,
    /// nor those with an operation under way.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due(
        &self,
        network: &str,
        states: &[PaymentState],
        role: &ConnectorRole,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Due>, StoreError> {
        let states = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [
            Arg::Text(network),
            Arg::Texts(states),
            Arg::Text(role.as_str()),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(DUE, &args).await?.iter().map(due_from).collect()
    }
}

pub(super) fn due_from(row: &DbRow) -> Result<Due, StoreError> {
    Ok(Due {
        payment_id: row.text("payment_id")?,
        state: PaymentState::from_word(&row.text("state")?),
        money: Money { amount: row.parsed("amount")?, currency: row.text("currency")? },
        expires_at: row.maybe_time("expires_at")?,
        review: row.maybe_text("review")?.and_then(|word| word.parse().ok()),
        version: row.int("version")?,
        payout: match (row.maybe_amount("told_amount")?, row.maybe_text("told_currency")?) {
            (Some(amount), Some(currency)) => Some(Money { amount, currency }),
            (None, _) | (_, None) => None,
        },
        returns: row.maybe_text("returns_payment")?,
    })
}
