//! What came of payouts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row as _;

use super::super::db::{Conn, in_time};
use super::super::many::Many;
use super::super::values::{sqlite_time, stored_time, without_nul};
use super::super::{Lease, Store, StoreError};
use super::claims::claimant;
use super::payouts::PayoutRow;
use super::refunds::{RefundEnd, end_refunds, tell_of_failed};
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

/// Only who has a payout in hand may say what came of it.
static FINISH_SQLITE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "WITH r (id, status, attempts, reference, answer, not_before, finished_at, claimed_by, claimed_term) AS (",
        "(?,?,?,?,?,?,?,?,?)",
        ") UPDATE payouts SET status = r.status, attempts = r.attempts, reference = coalesce(r.reference, payouts.reference), \
             answer = coalesce(r.answer, payouts.answer), not_before = coalesce(r.not_before, payouts.not_before), \
             finished_at = r.finished_at, claimed_by = NULL, claimed_term = NULL \
         FROM r WHERE payouts.payout_id = r.id AND payouts.claimed_by = r.claimed_by \
           AND payouts.claimed_term = r.claimed_term RETURNING payout_id",
    )
});

/// The same. The claim is a column of the rows that come in: as a condition by itself the planner takes it for one that
/// few payouts meet, and then reads all of them, and for each all rows that came in.
const FINISH_POSTGRES: &str = "UPDATE payouts p SET status = r.status, attempts = r.attempts, \
        reference = coalesce(r.reference, p.reference), answer = coalesce(r.answer, p.answer), \
        not_before = coalesce(r.not_before, p.not_before), finished_at = r.finished_at, claimed_by = NULL, claimed_term = NULL \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], \
        $8::text[], $9::bigint[]) \
        AS r (id, status, attempts, reference, answer, not_before, finished_at, claimed_by, claimed_term) \
    WHERE p.payout_id = r.id AND p.claimed_by = r.claimed_by AND p.claimed_term = r.claimed_term RETURNING p.payout_id";

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
        let refunds: Vec<_> = mine.iter().filter_map(|one| refund_end(one)).collect();
        end_refunds(conn, &refunds, now).await?;
        tell_of_failed(conn, lease, &refunds, now).await?;
        let of_mine: HashSet<&str> =
            mine.iter().filter_map(|one| one.payout.transfer_id.as_deref()).collect();
        planned.retain(|step| of_mine.contains(step.after.transfer_id.as_str()));
        let moved = write_steps(&mut tx, Some(lease), &planned, now).await?;
        // The event of a step tells what came of the payout too.
        let is_told = |one: &&&FinishedPayout<'_>| {
            one.payout.transfer_id.as_ref().is_some_and(|id| moved.contains(id))
        };
        let untold = mine.iter().filter(|one| !is_told(one));
        let events: Vec<Event> = untold.filter_map(|one| event_of(one, now)).collect();
        write_events(&mut tx.conn(), &events).await?;
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

/// What is written of the end of a payout.
struct End<'a> {
    payout: &'a PayoutRow,
    status: PayoutStatus,
    reference: Option<Cow<'a, str>>,
    answer: Option<Cow<'a, str>>,
    not_before: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// The ids of the payouts that this worker had in hand.
async fn write_ends(
    conn: &mut Conn<'_>,
    lease: &Lease,
    finished: &[FinishedPayout<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let end = |one| -> End<'_> {
        let FinishedPayout { payout, end, .. }: &FinishedPayout<'_> = one;
        let (reference, answer, not_before) = end.told();
        let status = end.status(payout);
        End {
            payout,
            status,
            reference: reference.map(|text| without_nul(text)),
            answer: answer.map(|text| without_nul(text)),
            not_before: not_before.map(stored_time),
            finished_at: (!status.is_open()).then_some(now),
        }
    };
    let ends: Vec<End<'_>> = finished.iter().map(end).collect();
    let claimant = claimant(lease);
    match conn {
        Conn::Sqlite(conn) => {
            let rows = FINISH_SQLITE.rows(conn, &ends, |row, end| {
                row.text(&end.payout.payout_id)?.text(end.status.as_str())?;
                row.value(end.payout.attempts)?;
                row.maybe_text(end.reference.as_deref())?.maybe_text(end.answer.as_deref())?;
                row.value(end.not_before.map(sqlite_time))?;
                row.value(end.finished_at.map(sqlite_time))?;
                row.text(&claimant)?.value(lease.term)?;
                Ok(())
            });
            in_time(rows).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
        }
        Conn::Postgres(conn) => {
            let rows = sqlx::query(FINISH_POSTGRES)
                .bind(ends.iter().map(|end| end.payout.payout_id.as_str()).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.status.as_str()).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.payout.attempts).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.reference.as_deref()).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.answer.as_deref()).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.not_before).collect::<Vec<_>>())
                .bind(ends.iter().map(|end| end.finished_at).collect::<Vec<_>>())
                .bind(vec![claimant.as_str(); ends.len()])
                .bind(vec![lease.term; ends.len()])
                .fetch_all(&mut **conn);
            in_time(rows).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
        }
    }
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
