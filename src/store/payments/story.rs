//! The whole story of a payment.

use chrono::{DateTime, Utc};

use super::read::PaymentRow;
use crate::engine::PaymentState;
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::{Store, StoreError};

/// Everything that is on record of a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Itself.
    pub payment: PaymentRow,
    /// Every status it had, oldest first.
    pub history: Vec<StoryStatus>,
    /// Every operation on it, oldest first.
    pub operations: Vec<StoryOperation>,
    /// Every decision on it, oldest first.
    pub reviews: Vec<StoryReview>,
    /// The network's JSON.
    pub document: String,
}

/// A status that a payment or a transfer had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryStatus {
    /// The status.
    pub status: String,
    /// When it was reached, by the network's clock.
    pub reached_at: DateTime<Utc>,
    /// When we wrote it down.
    pub recorded_at: DateTime<Utc>,
    /// How we know; of a transfer: why it moved.
    pub source: String,
    /// What was said of it.
    pub reason: Option<String>,
    /// The operator whose move it was.
    pub decided_by: Option<String>,
}

/// An operation on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryOperation {
    /// Which.
    pub operation: String,
    /// What came of it.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was tried last.
    pub at: DateTime<Utc>,
    /// The network's answer, or its reason.
    pub reason: Option<String>,
}

/// A decision on a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryReview {
    /// The state that the payment was in.
    pub state: String,
    /// The decision.
    pub decision: String,
    /// Who or what decided.
    pub decided_by: String,
    /// The reason's code.
    pub code: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How long it is held.
    pub until: Option<DateTime<Utc>>,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Of a decision that is void: what was decided on (`was`), and what came (`is`), as JSON.
    pub details: Option<String>,
}

impl Store {
    /// Everything that is on record of a payment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn story(&self, payment: PaymentRow) -> Result<Story, StoreError> {
        let key = [Arg::Text(&payment.network), Arg::Text(&payment.payment_id)];
        let history = "SELECT status, reached_at, recorded_at, source, reason, decided_by FROM status_changes \
                       WHERE kind = 'payment' AND network = $1 AND id = $2 ORDER BY reached_at, row_id";
        let mut statuses: Vec<StoryStatus> =
            self.db.rows(history, &key).await?.iter().map(status_from).collect::<Result<_, _>>()?;
        put_in_order(&mut statuses);
        // A status that was learnt of twice, the second time from an earlier copy, is one status.
        statuses.dedup_by(|later, earlier| later.status == earlier.status);
        let operations = "SELECT operation, status, attempt, coalesce(tried_at, intended_at) AS at, \
                          coalesce(reason, answer) AS reason FROM operations \
                          WHERE network = $1 AND payment_id = $2 ORDER BY operation_id";
        let operations = self
            .db
            .rows(operations, &key)
            .await?
            .iter()
            .map(operation_from)
            .collect::<Result<_, _>>()?;
        let reviews = "SELECT state, decision, decided_by, code, reason, until, decided_at, details FROM reviews \
                       WHERE network = $1 AND payment_id = $2 ORDER BY review_id";
        let reviews =
            self.db.rows(reviews, &key).await?.iter().map(review_from).collect::<Result<_, _>>()?;
        let document = self.document(&payment.network, &payment.payment_id).await?;
        Ok(Story { payment, history: statuses, operations, reviews, document })
    }
}

/// Statuses that were reached in one moment, by the network's clock, are put in the order of a payment's life: they may
/// have been learnt of in any order.
fn put_in_order(statuses: &mut [StoryStatus]) {
    for end in 1..statuses.len() {
        for (one, other) in (0..end).map(|at| (at, at + 1)).rev() {
            if !is_out_of_order(&statuses[one], &statuses[other]) {
                break;
            }
            statuses.swap(one, other);
        }
    }
}

fn is_out_of_order(first: &StoryStatus, second: &StoryStatus) -> bool {
    let (one, other) =
        (PaymentState::from_word(&first.status), PaymentState::from_word(&second.status));
    first.reached_at == second.reached_at && other.may_become(&one) && !one.may_become(&other)
}

pub(in crate::store) fn status_from(row: &DbRow) -> Result<StoryStatus, StoreError> {
    Ok(StoryStatus {
        status: row.text("status")?,
        reached_at: row.time("reached_at")?,
        recorded_at: row.time("recorded_at")?,
        source: row.text("source")?,
        reason: row.maybe_text("reason")?,
        decided_by: row.maybe_text("decided_by")?,
    })
}

fn operation_from(row: &DbRow) -> Result<StoryOperation, StoreError> {
    Ok(StoryOperation {
        operation: row.text("operation")?,
        status: row.text("status")?,
        attempts: row.int("attempt")?,
        at: row.time("at")?,
        reason: row.maybe_text("reason")?,
    })
}

fn review_from(row: &DbRow) -> Result<StoryReview, StoreError> {
    Ok(StoryReview {
        state: row.text("state")?,
        decision: row.text("decision")?,
        decided_by: row.text("decided_by")?,
        code: row.maybe_text("code")?,
        reason: row.maybe_text("reason")?,
        until: row.maybe_time("until")?,
        decided_at: row.time("decided_at")?,
        details: row.maybe_text("details")?,
    })
}
