//! What came of payouts.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::db::{Conn, Sql};
use super::super::values::{Arg, stored_time};
use super::super::{Lease, Store, StoreError};
use super::claims::claimant;
use super::payouts::PayoutRow;
use super::refunds::{RefundEnd, end_refunds, tell_of_failed};
use super::rows::{maybe_kept, time_json};
use super::steps::{plan, write_steps};
use super::trail::write_events;
use crate::engine::{Event, EventType, PayoutStatus, Step};

/// What came of a payout that was in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutEnd {
    /// The rail has delivered.
    Done {
        /// The rail's name for it.
        reference: Option<String>,
        /// What the rail said.
        answer: Option<String>,
    },
    /// The rail has it, and has not delivered.
    Initiated {
        /// The rail's name for it.
        reference: Option<String>,
        /// When to ask again.
        not_before: DateTime<Utc>,
    },
    /// It was not done, and never will be.
    Refused {
        /// Why.
        reason: String,
    },
    /// Nobody knows whether it was done: the rail is asked before anything else.
    Unknown {
        /// Why there was no clear answer.
        why: String,
        /// When to ask.
        not_before: DateTime<Utc>,
    },
    /// The rail could not be asked, or has nothing new: it stays what it was.
    Same {
        /// What was said, if anything was.
        answer: Option<String>,
        /// When to ask again.
        not_before: DateTime<Utc>,
    },
    /// It surely was not done: it is tried again, with the same key.
    NotDone {
        /// Why.
        why: String,
        /// When to try.
        not_before: DateTime<Utc>,
    },
}

/// A payout that was in hand, what came of it, and the step that its transfer makes.
#[derive(Debug, Clone)]
pub struct FinishedPayout<'a> {
    /// The payout.
    pub payout: &'a PayoutRow,
    /// What came of it.
    pub end: PayoutEnd,
    /// The step of its transfer. One that ends a transfer's payout needs one.
    pub step: Option<Step<'a>>,
}

/// Only who has a payout in hand may say what came of it. In PostgreSQL, "open" is said by the status: by `finished_at`
/// the planner, which knows nothing of a table that was empty a while ago, might go through all that are open.
const FINISH: Sql = Sql::Each {
    sqlite: "UPDATE payouts SET status = r.value ->> 'status', attempts = r.value ->> 'attempts', reference = coalesce(r.value ->> 'reference', reference), \
                 answer = coalesce(r.value ->> 'answer', answer), not_before = coalesce(r.value ->> 'not_before', not_before), \
                 finished_at = r.value ->> 'finished_at', claimed_by = NULL, claimed_term = NULL \
             FROM json_each($1) r WHERE payout_id = r.value ->> 'id' AND payouts.finished_at IS NULL \
               AND claimed_by = $2 AND claimed_term = $3 RETURNING payout_id",
    postgres: "UPDATE payouts p SET status = r.status, attempts = r.attempts, reference = coalesce(r.reference, p.reference), \
                   answer = coalesce(r.answer, p.answer), not_before = coalesce(r.not_before, p.not_before), \
                   finished_at = r.finished_at, claimed_by = NULL, claimed_term = NULL \
               FROM jsonb_to_recordset($1) AS r (id text, status text, attempts bigint, reference text, answer text, \
                   not_before timestamptz, finished_at timestamptz) \
               WHERE p.payout_id = r.id AND p.status IN ('intended', 'initiated', 'unknown') AND p.claimed_by = $2 AND p.claimed_term = $3 \
               RETURNING p.payout_id",
};

impl Store {
    /// Writes down what came of payouts that this worker had in hand, and with each the step that its transfer makes.
    /// Tells the ids of the transfers that moved. A payout that another worker has taken over meanwhile, or a person has
    /// resolved, is left alone, and so is its transfer.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`], or if a transfer's payout ends without a step;
    /// [`StoreError::LeaseLost`]: whoever holds the lease next looks the payouts up.
    pub async fn finish_payouts(
        &self,
        lease: &Lease,
        finished: &[FinishedPayout<'_>],
        now: DateTime<Utc>,
    ) -> Result<HashSet<String>, StoreError> {
        let now = stored_time(now);
        let steps: Vec<Step<'_>> = finished.iter().filter_map(|one| one.step.clone()).collect();
        let mut planned = plan(Some(lease), &steps, now)?;
        let mut ends = planned.iter_mut();
        for one in finished {
            let is_over = !one.end.status(one.payout).is_open();
            match one.step.as_ref().and_then(|_| ends.next()) {
                Some(step) if is_over => step.after.payout_id = None,
                None if is_over && one.payout.transfer_id.is_some() => {
                    let id = &one.payout.payout_id;
                    let text = format!("payout {id} cannot end without a step of its transfer");
                    return Err(StoreError::Refused(text));
                }
                Some(_) | None => {}
            }
        }
        if finished.is_empty() {
            return Ok(HashSet::new());
        }
        let mut tx = self.begin(Some(lease)).await?;
        let conn = &mut tx.conn();
        let written = write_ends(conn, lease, finished, now).await?;
        let mine: Vec<&FinishedPayout<'_>> =
            finished.iter().filter(|one| written.contains(&one.payout.payout_id)).collect();
        let events: Vec<Event> = mine.iter().filter_map(|one| event_of(one, now)).collect();
        write_events(conn, &events).await?;
        let refunds: Vec<_> = mine.iter().filter_map(|one| refund_end(one)).collect();
        end_refunds(conn, &refunds, now).await?;
        tell_of_failed(conn, lease, &refunds, now).await?;
        let of_mine: HashSet<&str> =
            mine.iter().filter_map(|one| one.payout.transfer_id.as_deref()).collect();
        planned.retain(|step| of_mine.contains(step.after.transfer_id.as_str()));
        let moved = write_steps(&mut tx, Some(lease), &planned, now).await?;
        tx.commit().await?;
        Ok(moved)
    }
}

impl PayoutEnd {
    fn status(&self, payout: &PayoutRow) -> PayoutStatus {
        match self {
            Self::Done { .. } => PayoutStatus::Done,
            Self::Initiated { .. } => PayoutStatus::Initiated,
            Self::Refused { .. } => PayoutStatus::Refused,
            Self::Unknown { .. } => PayoutStatus::Unknown,
            Self::Same { .. } => payout.status,
            Self::NotDone { .. } => PayoutStatus::Intended,
        }
    }

    /// What is written of it: the rail's name for it, what was said, and when to look again.
    fn told(&self) -> (Option<&String>, Option<&String>, Option<DateTime<Utc>>) {
        match self {
            Self::Done { reference, answer } => (reference.as_ref(), answer.as_ref(), None),
            Self::Initiated { reference, not_before } => {
                (reference.as_ref(), None, Some(*not_before))
            }
            Self::Refused { reason } => (None, Some(reason), None),
            Self::Unknown { why, not_before } | Self::NotDone { why, not_before } => {
                (None, Some(why), Some(*not_before))
            }
            Self::Same { answer, not_before } => (None, answer.as_ref(), Some(*not_before)),
        }
    }
}

/// The ids of the payouts that this worker had in hand.
async fn write_ends(
    conn: &mut Conn<'_>,
    lease: &Lease,
    finished: &[FinishedPayout<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let row = |one: &FinishedPayout<'_>| -> Value {
        let (reference, answer, not_before) = one.end.told();
        let status = one.end.status(one.payout);
        json!({
            "id": one.payout.payout_id,
            "status": status.as_str(),
            "attempts": one.payout.attempts,
            "reference": maybe_kept(reference),
            "answer": maybe_kept(answer),
            "not_before": time_json(not_before),
            "finished_at": time_json((!status.is_open()).then_some(now)),
        })
    };
    let rows: Vec<Value> = finished.iter().map(row).collect();
    let claimant = claimant(lease);
    let args = [Arg::Json(json!(rows).to_string()), Arg::Text(&claimant), Arg::Int(lease.term)];
    conn.rows(FINISH, &args).await?.iter().map(|row| row.text("payout_id")).collect()
}

fn refund_end(finished: &FinishedPayout<'_>) -> Option<(String, RefundEnd)> {
    let id = finished.payout.refund_id.clone()?;
    match &finished.end {
        PayoutEnd::Done { reference, .. } => {
            Some((id, RefundEnd::Done { reference: reference.clone() }))
        }
        PayoutEnd::Refused { reason } => Some((id, RefundEnd::Failed { reason: reason.clone() })),
        PayoutEnd::Initiated { .. }
        | PayoutEnd::Unknown { .. }
        | PayoutEnd::Same { .. }
        | PayoutEnd::NotDone { .. } => None,
    }
}

/// What others hear of it: each new status once.
fn event_of(finished: &FinishedPayout<'_>, now: DateTime<Utc>) -> Option<Event> {
    let payout = finished.payout;
    let status = finished.end.status(payout);
    let event_type = match status {
        _ if status == payout.status => return None,
        PayoutStatus::Intended => return None,
        PayoutStatus::Initiated => EventType::PayoutInitiated,
        PayoutStatus::Done => EventType::PayoutDone,
        PayoutStatus::Refused => EventType::PayoutRefused,
        PayoutStatus::Unknown => EventType::PayoutUnknown,
    };
    let (reference, answer, _) = finished.end.told();
    Some(Event {
        event_type,
        subject: format!("payout/{}", payout.payout_id),
        version: 0,
        data: json!({
            "payout_id": payout.payout_id,
            "transfer_id": payout.transfer_id,
            "refund_id": payout.refund_id,
            "rail": payout.rail,
            "amount": payout.amount.to_string(),
            "currency": payout.currency,
            "reference": reference.or(payout.reference.as_ref()),
            "answer": answer,
        }),
        occurred_at: now,
    })
}
