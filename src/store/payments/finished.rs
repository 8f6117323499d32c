//! What came of an operation.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::admit::admitted;
use super::operations::Intent;
use super::record::record_run;
use crate::engine::{Event, EventType, IntentStatus, Row, Trail};
use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::outbox::events;
use crate::store::{Lease, Scope, Store, StoreError};

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
            record_run(&mut tx, &lease.scope, &[admitted(row)], trail, now).await?;
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
    let sql = "UPDATE known_payments SET acted_at = $4 WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND state = $3";
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
    let sql = "UPDATE known_payments SET review = 'held', not_before = NULL \
               WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND state = $3";
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
    Event::of(
        finished.event_type(),
        format!("payment/{}/{}", scope.network, intent.payment_id),
        &json!({
            "network": scope.network,
            "payment_id": intent.payment_id,
            "operation": intent.operation.name(),
            "attempt": intent.attempt,
            "answer": finished.text(),
        }),
        now,
    )
}
