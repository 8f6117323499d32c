//! What follows from a rail's answer about a deposit. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{Amount, Cause, Changes, Step, Terms, Transfer, TransferStatus, arrive};
use crate::rails::Arrival;
use crate::states::judging::changes_of;

/// A deposit is asked about at least this often, however long it has been waited for.
const LOOK_MAX: Duration = Duration::from_secs(10 * 60);
/// One that has been waited for so many times longer is asked about so much later: the money comes soon, or late.
const PATIENCE: i32 = 60;

/// What becomes of a deposit that was asked about.
#[derive(Debug, Clone)]
pub(super) enum Asked<'t> {
    /// It moves.
    Move(Box<Step<'t>>),
    /// It is asked about again, not before this time.
    Again(DateTime<Utc>),
}

/// Decides what becomes of `deposit`, where `arrival` is what its rail says. `terms` are its asset's; None if that is no
/// longer configured.
pub(super) fn after<'t>(
    deposit: &'t Transfer,
    arrival: &Arrival,
    terms: Option<&Terms>,
    now: DateTime<Utc>,
) -> Asked<'t> {
    let step = match arrival {
        Arrival::NotYet { .. } if is_over(deposit, now) => Some(
            Step::new(deposit, TransferStatus::Expired, Cause::DeadlinePassed)
                .because("nothing came before its deadline"),
        ),
        Arrival::NotYet { .. } => None,
        Arrival::Pending { message } => seen(deposit, message.as_deref()),
        Arrival::Received { amount, currency, fee, from, reference } => {
            let received = Received { amount, currency, fee: fee.as_ref() };
            received.step(deposit, terms).map(|mut step| {
                step.changes.from_address.clone_from(from);
                step.changes.rail_reference.clone_from(reference);
                step
            })
        }
        Arrival::Failed { code, reason } => Some(
            Step::new(deposit, TransferStatus::Error, Cause::ArrivalFailed)
                .because(format!("the rail says that it does not come: {code} {reason}")),
        ),
    };
    match step {
        Some(step) => Asked::Move(Box::new(step)),
        None => Asked::Again(next_look(deposit.created_at, now)),
    }
}

/// When to ask again about a deposit that was created at `since`.
pub(super) fn next_look(since: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let pause = (now - since) / PATIENCE;
    let most = TimeDelta::from_std(LOOK_MAX).unwrap_or(TimeDelta::zero());
    now + pause.clamp(TimeDelta::zero(), most)
}

/// Only what the rail has not seen can come to nothing by itself.
fn is_over(deposit: &Transfer, now: DateTime<Utc>) -> bool {
    deposit.status == TransferStatus::PendingUserTransferStart
        && deposit.deadline.is_some_and(|deadline| deadline < now)
}

fn seen<'t>(deposit: &'t Transfer, message: Option<&str>) -> Option<Step<'t>> {
    if deposit.status != TransferStatus::PendingUserTransferStart {
        return None;
    }
    let step = Step::new(deposit, TransferStatus::PendingExternal, Cause::ArrivalSeen);
    Some(match message {
        Some(message) => step.because(message),
        None => step,
    })
}

/// Money that is in.
struct Received<'a> {
    amount: &'a Amount,
    currency: &'a str,
    fee: Option<&'a Amount>,
}

impl Received<'_> {
    fn step<'t>(&self, deposit: &'t Transfer, terms: Option<&Terms>) -> Option<Step<'t>> {
        let Self { amount, currency, fee } = self;
        if amount.is_zero() {
            return None;
        }
        let held = |why: String| {
            Some(Step::new(deposit, TransferStatus::OnHold, Cause::ArrivalHeld).because(why))
        };
        if *currency != deposit.currency {
            let expected = &deposit.currency;
            return held(format!("{amount} {currency} came, and {expected} was expected"));
        }
        let Some(terms) = terms else {
            // The money is here: that must not be forgotten.
            let mut step = held(format!("the asset {} is not configured", deposit.asset))?;
            step.changes.amount_in = Some((*amount).clone());
            return Some(step);
        };
        let own;
        let terms = match fee {
            Some(fee) => {
                own = terms.with_fee((*fee).clone());
                &own
            }
            None => terms,
        };
        let arrived = arrive(deposit, terms, amount)?;
        let changes: Changes = changes_of(&arrived, amount);
        Some(Step { transfer: deposit, to: arrived.to, cause: arrived.cause, changes })
    }
}
