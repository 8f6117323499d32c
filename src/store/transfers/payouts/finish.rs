//! What came of payouts.

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::ends::write_ends;
use super::row::PayoutRow;
use crate::engine::{Event, EventType, PayoutEnd, PayoutStatus, Step, coded};
use crate::store::db::breathe;
use crate::store::db::values::stored_time;
use crate::store::transfers::refunds::ends::{RefundEnd, end_refunds, tell_of_failed};
use crate::store::transfers::steps::{plan, write_steps};
use crate::store::transfers::trail::write_events;
use crate::store::{Lease, Store, StoreError, take_turn};

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

/// The first that is told of each payout. One that was looked at twice may be told of twice: in one statement the database
/// would take either, and with it perhaps the step of the other.
fn once_each<'f, 'a>(finished: &'f [FinishedPayout<'a>]) -> Cow<'f, [FinishedPayout<'a>]> {
    let mut told: HashSet<&'a str> = HashSet::new();
    let mut is_first = |one: &FinishedPayout<'a>| {
        let payout: &'a PayoutRow = one.payout;
        told.insert(payout.payout_id.as_str())
    };
    let first: Vec<&FinishedPayout<'a>> = finished.iter().filter(|one| is_first(one)).collect();
    if first.len() == finished.len() {
        return Cow::Borrowed(finished);
    }
    Cow::Owned(first.into_iter().cloned().collect())
}

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
        let finished = once_each(finished);
        let finished = &*finished;
        let steps: Vec<Step<'_>> = finished.iter().filter_map(|one| one.step.clone()).collect();
        breathe().await;
        let mut planned = plan(Some(lease), &steps, now)?;
        breathe().await;
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
        let mut tx = self.begin_quiet(lease).await?;
        let written = write_ends(&mut tx.conn(), lease, finished, now).await?;
        let mine: Vec<&FinishedPayout<'_>> =
            finished.iter().filter(|one| written.contains(&one.payout.payout_id)).collect();
        let refunds: Vec<_> = mine.iter().filter_map(|one| refund_end(one)).collect();
        if !refunds.is_empty() {
            take_turn(&mut tx).await?;
            end_refunds(&mut tx.conn(), &refunds, now).await?;
        }
        let of_mine: HashSet<&str> =
            mine.iter().filter_map(|one| one.payout.transfer_id.as_deref()).collect();
        planned.retain(|step| of_mine.contains(step.after.transfer_id.as_str()));
        let moved = write_steps(&mut tx, &planned, now).await?;
        tell_of_failed(&mut tx.conn(), lease, &refunds, now).await?;
        // The event of a step tells what came of the payout too.
        let is_told = |one: &&&FinishedPayout<'_>| {
            one.payout.transfer_id.as_ref().is_some_and(|id| moved.contains(id))
        };
        let untold = mine.iter().filter(|one| !is_told(one));
        let events: Vec<Event> = untold.filter_map(|one| event_of(one, now)).collect();
        if !events.is_empty() {
            take_turn(&mut tx).await?;
            write_events(&mut tx.conn(), &events).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }
}

impl PayoutEnd {
    pub(in crate::store) fn status(&self, payout: &PayoutRow) -> PayoutStatus {
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
    pub(in crate::store) fn told(
        &self,
    ) -> (Option<&String>, Option<Cow<'_, str>>, Option<DateTime<Utc>>) {
        match self {
            Self::Done { reference, answer, .. } => (reference.as_ref(), borrowed(answer), None),
            Self::Initiated { reference, not_before } => {
                (reference.as_ref(), None, Some(*not_before))
            }
            Self::Refused { code, reason } => (None, coded(code.as_deref(), Some(reason)), None),
            Self::Unknown { why, not_before } | Self::NotDone { why, not_before } => {
                (None, Some(Cow::Borrowed(why)), Some(*not_before))
            }
            Self::Same { answer, not_before } => (None, borrowed(answer), Some(*not_before)),
        }
    }
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

fn refund_end(finished: &FinishedPayout<'_>) -> Option<(String, RefundEnd)> {
    let id = finished.payout.refund_id.clone()?;
    match &finished.end {
        PayoutEnd::Done { reference, .. } => {
            Some((id, RefundEnd::Done { reference: reference.clone() }))
        }
        PayoutEnd::Refused { .. } => {
            let (_, reason, _) = finished.end.told();
            Some((id, RefundEnd::Failed { reason: reason.unwrap_or_default().into_owned() }))
        }
        PayoutEnd::Initiated { .. }
        | PayoutEnd::Unknown { .. }
        | PayoutEnd::Same { .. }
        | PayoutEnd::NotDone { .. } => None,
    }
}

/// What others hear of a payout whose transfer did not move: each new status once.
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
    Some(Event::of(
        event_type,
        format!("payout/{}", payout.payout_id),
        &json!({
            "payout_id": payout.payout_id,
            "transfer_id": payout.transfer_id,
            "refund_id": payout.refund_id,
            "place": payout.rail,
            "amount": payout.amount.to_string(),
            "currency": payout.currency,
            "reference": reference.or(payout.reference.as_ref()),
            "answer": answer,
        }),
        now,
    ))
}
