//! Writing down what came of payouts, many at once.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::decide::payouts::Ruling;
use crate::engine::{Amount, Changes, PayoutEnd, PayoutStatus, Purpose, Step, coded};
use crate::jobs::Note;
use crate::jobs::frame::round::Round;
use crate::store::{Claim, FinishedPayout, StoreError};

/// What a person is to find out is not looked at for so long.
const LEFT_ALONE: TimeDelta = TimeDelta::hours(1);

/// A payout in hand, and what is to be written down of it.
pub(super) struct Answered {
    pub(super) claim: Claim,
    pub(super) ruling: Ruling,
}

impl Answered {
    /// One that a person is to find out about.
    pub(super) fn left_to_a_person(claim: Claim, now: DateTime<Utc>) -> Self {
        let end = PayoutEnd::Same { answer: None, not_before: now + LEFT_ALONE };
        Self { claim, ruling: Ruling { end, step: None, message: None, code: None } }
    }

    /// One that was claimed, and neither handed over nor asked about: that it was taken in hand does not count.
    pub(super) fn not_begun(mut claim: Claim, now: DateTime<Utc>) -> Self {
        let end = match claim.payout.status {
            PayoutStatus::Intended => {
                claim.payout.attempts -= 1;
                PayoutEnd::NotDone { why: "the sweep ended before it".to_owned(), not_before: now }
            }
            PayoutStatus::Initiated
            | PayoutStatus::Unknown
            | PayoutStatus::Done
            | PayoutStatus::Refused => {
                claim.payout.looks -= 1;
                PayoutEnd::Same { answer: None, not_before: now }
            }
        };
        Self { claim, ruling: Ruling { end, step: None, message: None, code: None } }
    }

    fn finished(&self) -> FinishedPayout<'_> {
        let Ruling { end, step, message, code } = &self.ruling;
        let step = step.zip(self.claim.transfer.as_deref());
        let step = step.map(|((to, cause), transfer)| Step {
            transfer,
            to,
            cause,
            changes: Changes {
                rail_reference: reference(end).cloned(),
                rail_fee: rail_fee(end, self.claim.payout.purpose),
                message: message.clone(),
                reason_code: code.clone(),
                ..Changes::default()
            },
        });
        FinishedPayout { payout: &self.claim.payout, end: end.clone(), step }
    }

    /// The word for what came of it, and why; none where nothing did.
    fn told(&self) -> Option<(&'static str, String)> {
        let message = || self.ruling.message.clone().unwrap_or_default();
        match &self.ruling.end {
            PayoutEnd::Done { .. } => Some(("done", message())),
            PayoutEnd::Initiated { .. } => Some(("initiated", message())),
            PayoutEnd::Refused { code, reason } => {
                let told = coded(code.as_deref(), Some(reason)).unwrap_or_default();
                Some(("refused", told.into_owned()))
            }
            PayoutEnd::Unknown { why, .. } => Some(("unknown", why.clone())),
            PayoutEnd::NotDone { why, .. } => Some(("busy", why.clone())),
            PayoutEnd::Same { .. } => None,
        }
    }

    fn name(&self) -> &str {
        let payout = &self.claim.payout;
        payout.transfer_id.as_ref().or(payout.refund_id.as_ref()).unwrap_or(&payout.payout_id)
    }
}

/// What the rail took for the transfer's own leg. That of a refund is beside it, in the payout's answer.
fn rail_fee(end: &PayoutEnd, purpose: Purpose) -> Option<Amount> {
    match (end, purpose) {
        (PayoutEnd::Done { rail_fee, .. }, Purpose::Payout) => rail_fee.clone(),
        (PayoutEnd::Done { .. }, Purpose::Refund)
        | (
            PayoutEnd::Initiated { .. }
            | PayoutEnd::Refused { .. }
            | PayoutEnd::Unknown { .. }
            | PayoutEnd::Same { .. }
            | PayoutEnd::NotDone { .. },
            Purpose::Payout | Purpose::Refund,
        ) => None,
    }
}

fn reference(end: &PayoutEnd) -> Option<&String> {
    match end {
        PayoutEnd::Done { reference, .. } | PayoutEnd::Initiated { reference, .. } => {
            reference.as_ref()
        }
        PayoutEnd::Refused { .. }
        | PayoutEnd::Unknown { .. }
        | PayoutEnd::Same { .. }
        | PayoutEnd::NotDone { .. } => None,
    }
}

/// Writes down what came of payouts, in one transaction. If the database refuses that, each alone: one that cannot be
/// written must not keep the others. How many transfers came a step further.
pub(super) async fn write(round: &Round<'_>, answered: Vec<Answered>) -> Result<u64, StoreError> {
    match write_all(round, &answered).await {
        Err(StoreError::Refused(why)) => tracing::warn!(why, "each is written down alone"),
        all => return all,
    }
    let mut moved = 0;
    for one in answered {
        let name = one.name().to_owned();
        match write_all(round, std::slice::from_ref(&one)).await {
            Ok(more) => moved += more,
            Err(StoreError::Refused(why)) => {
                tracing::error!(
                    transfer_id = name,
                    why,
                    "what came of its payout cannot be written"
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(moved)
}

async fn write_all(round: &Round<'_>, answered: &[Answered]) -> Result<u64, StoreError> {
    let finished: Vec<FinishedPayout<'_>> = answered.iter().map(Answered::finished).collect();
    let moved = round.store.finish_payouts(round.lease, &finished, round.now()).await?;
    for (one, finished) in answered.iter().zip(&finished) {
        if let Some((result, detail)) = one.told() {
            let transfer_id = one.name().to_owned();
            tracing::info!(transfer_id, result, reason = detail, "payout");
            (round.observer)(Note::Payout { transfer_id, result, detail });
        }
        if let Some(step) = finished.step.as_ref().filter(|_| moved.contains(one.name())) {
            (round.observer)(Note::of_step(step));
        }
    }
    Ok(u64::try_from(moved.len()).unwrap_or(u64::MAX))
}
