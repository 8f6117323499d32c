//! Intents: what is to be done at the network, written before it is tried, and what came of it.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::db::{Conn, Sql};
use super::record::record_run;
use super::values::{Arg, Row as DbRow};
use super::{Lease, Scope, Store, StoreError, events};
use crate::engine::{
    Event, EventType, IntentStatus, Operation, PaymentState, ReviewStatus, Row, Trail,
};

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

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// The network has done it.
    Done {
        /// The network's answer, in short.
        answer: String,
    },
    /// The network has refused it, or it is too late for it. The payment is held for a person, if it is still there.
    Refused {
        /// The network's reason.
        reason: String,
    },
    /// Nobody knows. The payment is looked at again after `not_before`.
    Unknown {
        /// Why there was no clear answer.
        why: String,
        /// When to look.
        not_before: DateTime<Utc>,
    },
}

impl Finished {
    const fn status(&self) -> IntentStatus {
        match self {
            Self::Done { .. } => IntentStatus::Done,
            Self::Refused { .. } => IntentStatus::Refused,
            Self::Unknown { .. } => IntentStatus::Unknown,
        }
    }

    const fn event_type(&self) -> EventType {
        match self {
            Self::Done { .. } => EventType::OperationDone,
            Self::Refused { .. } => EventType::OperationRefused,
            Self::Unknown { .. } => EventType::OperationUnknown,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Done { answer } => answer,
            Self::Refused { reason } => reason,
            Self::Unknown { why, .. } => why,
        }
    }
}

impl Store {
    /// Writes down that `operation` is about to be tried on a payment in `state`.
    ///
    /// None if the payment has moved on, was acted on already, has another operation under way, or its review
    /// does not stand at what the operation carries out: then it is not to be tried.
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

    /// Writes down what came of an operation, and the payment as the network answered it, if it did.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`]: the next holder will look at the network and find out.
    pub async fn finish(
        &self,
        lease: &Lease,
        intent: &Intent,
        finished: &Finished,
        seen: Option<(&Row, Trail)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin(Some(lease)).await?;
        if let Some((row, trail)) = seen {
            record_run(&mut tx, &lease.scope, &[row], trail, now).await?;
        }
        let conn = &mut tx.conn();
        if write_status(conn, intent, finished, now).await? {
            let event = event_of(&lease.scope, intent, finished, now);
            events::append(conn, &event).await?;
            match finished {
                Finished::Done { .. } => mark_acted(conn, &lease.scope, intent, now).await?,
                Finished::Refused { reason } => {
                    hold(conn, &lease.scope, intent, reason, now).await?;
                }
                Finished::Unknown { .. } => {}
            }
        }
        tx.commit().await
    }

    /// The poller's unfinished operations that are due to be looked at, oldest first.
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
                           FROM operations \
                           WHERE network = $1 AND poller = $2 AND status IN ('intended', 'unknown') \
                             AND (not_before IS NULL OR not_before <= $3) ORDER BY operation_id LIMIT $4";
        let args = [
            Arg::Text(&scope.network),
            Arg::Text(scope.poller.name()),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(DUE, &args).await?.iter().map(intent_from).collect()
    }

    /// Every poller's unfinished operations on payments that are now in one of `states`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_intents_in(
        &self,
        network: &str,
        states: &[PaymentState],
        limit: u32,
    ) -> Result<Vec<Intent>, StoreError> {
        const IN_STATES: Sql = Sql::Each {
            sqlite: "SELECT o.operation_id, o.payment_id, o.state, o.request, o.attempt, o.status \
                     FROM operations o JOIN payments p ON p.network = o.network AND p.payment_id = o.payment_id \
                     WHERE o.network = $1 AND o.status IN ('intended', 'unknown') \
                       AND p.state IN (SELECT value FROM json_each($2)) ORDER BY o.operation_id LIMIT $3",
            postgres: "SELECT o.operation_id, o.payment_id, o.state, CAST(o.request AS text) AS request, o.attempt, o.status \
                       FROM operations o JOIN payments p ON p.network = o.network AND p.payment_id = o.payment_id \
                       WHERE o.network = $1 AND o.status IN ('intended', 'unknown') \
                         AND p.state = ANY ($2) ORDER BY o.operation_id LIMIT $3",
        };
        let states = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [Arg::Text(network), Arg::Texts(states), Arg::Int(i64::from(limit))];
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

/// False if the intent is finished already: another process saw its end.
async fn write_status(
    conn: &mut Conn<'_>,
    intent: &Intent,
    finished: &Finished,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (answer, reason, not_before, ended) = match finished {
        Finished::Done { answer } => (Some(answer.as_str()), None, None, Some(now)),
        Finished::Refused { reason } => (None, Some(reason.as_str()), None, Some(now)),
        Finished::Unknown { why, not_before } => {
            (None, Some(why.as_str()), Some(*not_before), None)
        }
    };
    let sql = "UPDATE operations SET status = $2, answer = $3, reason = $4, not_before = $5, finished_at = $6 \
               WHERE operation_id = $1 AND status IN ('intended', 'unknown')";
    let args = [
        Arg::Int(intent.operation_id),
        Arg::Text(finished.status().as_str()),
        Arg::MaybeText(answer),
        Arg::MaybeText(reason),
        Arg::MaybeTime(not_before),
        Arg::MaybeTime(ended),
    ];
    Ok(conn.execute(sql, &args).await? == 1)
}

/// What was to be done in this state is done, even if the payment stays in it for a while.
async fn mark_acted(
    conn: &mut Conn<'_>,
    scope: &Scope,
    intent: &Intent,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE payments SET acted_at = $4 WHERE network = $1 AND payment_id = $2 AND state = $3";
    let args = [
        Arg::Text(&scope.network),
        Arg::Text(&intent.payment_id),
        Arg::Text(intent.state.as_str()),
        Arg::Time(now),
    ];
    conn.execute(sql, &args).await.map(drop)
}

/// A payment whose operation was refused waits for a person: the same call would be refused again.
async fn hold(
    conn: &mut Conn<'_>,
    scope: &Scope,
    intent: &Intent,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = [
        Arg::Text(&scope.network),
        Arg::Text(&intent.payment_id),
        Arg::Text(intent.state.as_str()),
    ];
    let sql = "UPDATE payments SET review = 'held', not_before = NULL \
               WHERE network = $1 AND payment_id = $2 AND state = $3";
    if conn.execute(sql, &key).await? == 0 {
        return Ok(());
    }
    let why = format!("{} was refused: {reason}", intent.operation.name());
    let [network, payment_id, state] = key;
    conn.execute(
        "INSERT INTO reviews (network, payment_id, state, decision, decided_by, reason, decided_at) \
         VALUES ($1, $2, $3, 'hold', 'network', $4, $5)",
        &[network, payment_id, state, Arg::Text(&why), Arg::Time(now)],
    )
    .await
    .map(drop)
}

fn event_of(scope: &Scope, intent: &Intent, finished: &Finished, now: DateTime<Utc>) -> Event {
    Event {
        event_type: finished.event_type(),
        subject: format!("payment/{}/{}", scope.network, intent.payment_id),
        version: 0,
        data: json!({
            "network": scope.network,
            "payment_id": intent.payment_id,
            "operation": intent.operation.name(),
            "attempt": intent.attempt,
            "answer": finished.text(),
        }),
        occurred_at: now,
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
