//! Intents: what is to be done at the network, written before it is tried.

use chrono::{DateTime, Utc};

use crate::engine::{IntentStatus, Operation, PaymentState, ReviewStatus};
use crate::store::db::Sql;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row as DbRow};
use crate::store::memory::restorations::{Sending, sending};
use crate::store::{Lease, Scope, Store, StoreError};

/// An operation that was written down and is not finished.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Its number.
    pub operation_id: i64,
    /// The payment.
    pub payment_id: String,
    /// The payment's state when it was intended.
    pub state: PaymentState,
    /// What is to be done.
    pub operation: Operation,
    /// How often it was tried.
    pub attempt: i64,
    /// [`IntentStatus::Intended`] or [`IntentStatus::Unknown`].
    pub status: IntentStatus,
}

impl Store {
    /// Writes down that `operation` is about to be tried on a payment in `state`.
    ///
    /// None if the payment has moved on, was acted on already, has another operation under way, or its review
    /// does not stand at what the operation carries out, or all is held because the database was restored: then it is not
    /// to be tried.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn intend(
        &self,
        lease: &Lease,
        payment_id: &str,
        state: &PaymentState,
        operation: &Operation,
        now: DateTime<Utc>,
    ) -> Result<Option<Intent>, StoreError> {
        let network = &lease.scope.network;
        let request = serde_json::to_string(operation)
            .map_err(|error| StoreError::Refused(format!("operation: {error}")))?;
        let mut tx = self.begin(Some(lease)).await?;
        if sending(&mut tx, now).await? == Sending::Held {
            return Ok(None);
        }
        let insert = "INSERT INTO operations \
                      (network, payment_id, poller, state, operation, attempt, status, request, intended_at, tried_at) \
                      SELECT $1, $2, $3, $4, $5, 1, 'intended', $6, $7, $7 \
                      WHERE EXISTS (SELECT 1 FROM payments WHERE network = $1 AND payment_id = $2 \
                                    AND state = $4 AND acted_at IS NULL \
                                    AND (review IS NULL OR review = $8)) \
                      ON CONFLICT (network, payment_id) WHERE status IN ('intended', 'unknown') DO NOTHING \
                      RETURNING operation_id";
        let args = [
            Arg::Text(network),
            Arg::Text(payment_id),
            Arg::Text(lease.scope.poller.name()),
            Arg::Text(state.as_str()),
            Arg::Text(operation.name()),
            Arg::Json(request),
            Arg::Time(now),
            Arg::Text(decision_for(operation).as_str()),
        ];
        let Some(row) = tx.conn().row(insert, &args).await? else { return Ok(None) };
        let operation_id = row.int("operation_id")?;
        tx.commit().await?;
        Ok(Some(Intent {
            operation_id,
            payment_id: payment_id.to_owned(),
            state: state.clone(),
            operation: operation.clone(),
            attempt: 1,
            status: IntentStatus::Intended,
        }))
    }

    /// Writes down that an unfinished operation is about to be tried once more.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if another process has finished it meanwhile: then it is not to be tried;
    /// [`StoreError::LeaseLost`].
    pub async fn intend_again(
        &self,
        lease: &Lease,
        intent: &mut Intent,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(Some(lease)).await?;
        let sql = "UPDATE operations SET attempt = attempt + 1, status = 'intended', tried_at = $2 \
                   WHERE operation_id = $1 AND status IN ('intended', 'unknown')";
        let args = [Arg::Int(intent.operation_id), Arg::Time(now)];
        if tx.conn().execute(sql, &args).await? == 0 {
            let name = intent.operation.name();
            let text = format!("the {name} of payment {} is finished already", intent.payment_id);
            return Err(StoreError::Refused(text));
        }
        tx.commit().await?;
        intent.attempt += 1;
        intent.status = IntentStatus::Intended;
        Ok(())
    }

    /// Whether the decision that `operation` carries out stands still, and is on what has this name. One of an earlier
    /// version, which has none, is not looked at.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn is_decided(
        &self,
        network: &str,
        payment_id: &str,
        operation: &Operation,
        basis: &str,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 AS one FROM payments WHERE network = $1 AND payment_id = $2 \
                   AND (basis IS NULL OR basis = $3) AND (review IS NULL OR review = $4)";
        let args = [
            Arg::Text(network),
            Arg::Text(payment_id),
            Arg::Text(basis),
            Arg::Text(decision_for(operation).as_str()),
        ];
        Ok(!self.db.rows(sql, &args).await?.is_empty())
    }

    /// The poller's unfinished operations that are due to be looked at, oldest first; those whose payment is
    /// [put off](Store::put_off) come after the others, and not before their time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_intents(
        &self,
        scope: &Scope,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Intent>, StoreError> {
        const DUE: &str = "SELECT operation_id, payment_id, state, CAST(request AS text) AS request, attempt, status \
                           FROM operations o LEFT JOIN put_off s \
                             ON s.poller = $2 AND s.place = $1 AND s.subject = 'payment/' || o.payment_id \
                           WHERE o.network = $1 AND o.poller = $2 AND o.status IN ('intended', 'unknown') \
                             AND (o.not_before IS NULL OR o.not_before <= $3) \
                             AND (s.not_before IS NULL OR s.not_before <= $3) \
                           ORDER BY s.subject IS NOT NULL, o.operation_id LIMIT $4";
        let args = [
            Arg::Text(&scope.network),
            Arg::Text(scope.poller.name()),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(DUE, &args).await?.iter().map(intent_from).collect()
    }

    /// Every poller's unfinished operations on payments that are now in one of `states`; those whose payment the poller of
    /// `scope` has [put off](Store::put_off) come after the others, and not before their time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_intents_in(
        &self,
        scope: &Scope,
        states: &[PaymentState],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Intent>, StoreError> {
        const IN_STATES: Sql = sql!(
            "SELECT o.operation_id, o.payment_id, o.state, CAST(o.request AS text) AS request, o.attempt, o.status \
             FROM operations o JOIN payments p ON p.network = o.network AND p.payment_id = o.payment_id \
             LEFT JOIN put_off s ON s.poller = $3 AND s.place = $1 AND s.subject = 'payment/' || o.payment_id \
             WHERE o.network = $1 AND o.status IN ('intended', 'unknown') \
             AND p.state " among "$2" " \
             AND (s.not_before IS NULL OR s.not_before <= $4) \
             ORDER BY s.subject IS NOT NULL, o.operation_id LIMIT $5"
        );
        let states = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [
            Arg::Text(&scope.network),
            Arg::Texts(states),
            Arg::Text(scope.poller.name()),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(IN_STATES, &args).await?.iter().map(intent_from).collect()
    }
}

/// The decision that an operation carries out. A person may make another between the poller's look and its intent.
fn decision_for(operation: &Operation) -> ReviewStatus {
    match operation {
        Operation::Lock
        | Operation::RetryAccept { .. }
        | Operation::Settle
        | Operation::Complete
        | Operation::Finalize { .. }
        | Operation::SubState { .. } => ReviewStatus::Approved,
        Operation::Reject { .. } | Operation::Fail { .. } => ReviewStatus::Declined,
    }
}

fn intent_from(row: &DbRow) -> Result<Intent, StoreError> {
    let request = row.text("request")?;
    let operation = serde_json::from_str(&request)
        .map_err(|_| StoreError::Unreadable { column: "request".to_owned(), value: request })?;
    let status = match row.text("status")?.as_str() {
        "unknown" => IntentStatus::Unknown,
        _ => IntentStatus::Intended,
    };
    Ok(Intent {
        operation_id: row.int("operation_id")?,
        payment_id: row.text("payment_id")?,
        state: PaymentState::from_word(&row.text("state")?),
        operation,
        attempt: row.int("attempt")?,
        status,
    })
}
