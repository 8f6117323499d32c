//! What follows from a rail's answer about a deposit. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::judging::changes_of;
use crate::engine::{
    Amount, Arrival, Cause, Changes, Step, Terms, Transfer, TransferStatus, arrive, later,
};

/// A deposit is asked about at least this often, however long it has been waited for.
const LOOK_MAX: Duration = Duration::from_secs(10 * 60);
/// One that has been waited for so many times longer is asked about so much later: the money comes soon, or late.
const PATIENCE: i32 = 60;

/// A deposit for which nothing came expires only so long after its deadline, by our clock: clocks differ, and a rail may tell
/// of money later than it came.
const GRACE: TimeDelta = TimeDelta::minutes(10);
/// One that has expired is asked about at least this often, as long as it is asked about at all.
const LATE_LOOK_MAX: Duration = Duration::from_secs(60 * 60);

/// What becomes of a deposit that was asked about.
#[derive(Debug, Clone)]
pub(crate) enum DepositRuling<'t> {
    /// It moves.
    Move(Box<Step<'t>>),
    /// The same, and what came is not what the transfer is of: it belongs to none.
    Foreign(Box<Step<'t>>, OtherMoney),
    /// It is asked about again, not before this time.
    Again(DateTime<Utc>),
}

/// Money that is in, in another currency than its transfer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherMoney {
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) from: Option<String>,
    pub(crate) reference: Option<String>,
}

/// Decides what becomes of `deposit`, where `arrival` is what its rail says. `terms` are its asset's; None if that is no
/// longer configured.
pub(crate) fn after<'t>(
    deposit: &'t Transfer,
    arrival: &Arrival,
    terms: Option<&Terms>,
    now: DateTime<Utc>,
) -> DepositRuling<'t> {
    let is_late = deposit.status == TransferStatus::Expired;
    if let Some((step, foreign)) = foreign(deposit, arrival) {
        let step = if is_late { for_a_person(step) } else { step };
        return DepositRuling::Foreign(Box::new(step), foreign);
    }
    if is_late {
        return match late(deposit, arrival, terms) {
            Some(step) => DepositRuling::Move(Box::new(step)),
            None => DepositRuling::Again(next_late_look(deposit, now)),
        };
    }
    let step = match arrival {
        Arrival::NotYet { .. } if is_over(deposit, now) => Some(
            Step::new(deposit, TransferStatus::Expired, Cause::DeadlinePassed)
                .because("nothing came before its deadline"),
        ),
        // What cannot be understood may be the money: it does not expire.
        Arrival::NotYet { .. } | Arrival::Untold { .. } => None,
        Arrival::Pending { message } => seen(deposit, message.as_deref()),
        Arrival::Received { amount, currency: _, fee, from, reference } => {
            let received = Received { amount, fee: fee.as_ref(), from, reference };
            received.step(deposit, terms)
        }
        Arrival::Failed { code, reason } => {
            let mut step = Step::new(deposit, TransferStatus::Error, Cause::ArrivalFailed)
                .because(format!("the rail says that it does not come: {reason}"));
            step.changes.reason_code = Some(code.clone());
            Some(step)
        }
    };
    match step {
        Some(step) => DepositRuling::Move(Box::new(step)),
        None => DepositRuling::Again(next_look(deposit.created_at, now)),
    }
}

/// What becomes of a deposit for which money of another currency came, if it did.
fn foreign<'t>(deposit: &'t Transfer, arrival: &Arrival) -> Option<(Step<'t>, OtherMoney)> {
    let Arrival::Received { amount, currency, from, reference, .. } = arrival else { return None };
    if *currency == deposit.currency || amount.is_zero() {
        return None;
    }
    let foreign = OtherMoney {
        amount: amount.clone(),
        currency: currency.clone(),
        from: from.clone(),
        reference: reference.clone(),
    };
    let why = format!("{amount} {currency} came, and {} was expected", deposit.currency);
    Some((Step::new(deposit, TransferStatus::OnHold, Cause::ArrivalHeld).because(why), foreign))
}

/// What becomes of a deposit that has expired. Money that comes for it all the same is on record, and a person decides.
fn late<'t>(deposit: &'t Transfer, arrival: &Arrival, terms: Option<&Terms>) -> Option<Step<'t>> {
    let Arrival::Received { amount, currency: _, fee, from, reference } = arrival else {
        return None;
    };
    let received = Received { amount, fee: fee.as_ref(), from, reference };
    received.step(deposit, terms).map(for_a_person)
}

fn for_a_person(mut step: Step<'_>) -> Step<'_> {
    let more = step.changes.message.take().map_or_else(String::new, |more| format!("; {more}"));
    step.changes.message = Some(format!("the money came after its deadline{more}"));
    (step.to, step.cause) = (TransferStatus::OnHold, Cause::ArrivalHeld);
    step
}

/// When to ask again about a deposit that was created at `since`.
pub(crate) fn next_look(since: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    look_again(since, now, LOOK_MAX)
}

/// When to ask again about a deposit that has expired.
fn next_late_look(deposit: &Transfer, now: DateTime<Utc>) -> DateTime<Utc> {
    look_again(deposit.created_at, now, LATE_LOOK_MAX)
}

fn look_again(since: DateTime<Utc>, now: DateTime<Utc>, most: Duration) -> DateTime<Utc> {
    let next = now + std::cmp::max((now - since) / PATIENCE, TimeDelta::zero());
    std::cmp::min(next, later(now, most))
}

/// Only what the rail has not seen can come to nothing by itself.
fn is_over(deposit: &Transfer, now: DateTime<Utc>) -> bool {
    deposit.status == TransferStatus::PendingUserTransferStart
        && deposit.deadline.is_some_and(|deadline| deadline + GRACE < now)
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
    fee: Option<&'a Amount>,
    from: &'a Option<String>,
    reference: &'a Option<String>,
}

impl Received<'_> {
    fn step<'t>(&self, deposit: &'t Transfer, terms: Option<&Terms>) -> Option<Step<'t>> {
        let mut step = self.settled(deposit, terms)?;
        step.changes.from_address.clone_from(self.from);
        step.changes.rail_reference.clone_from(self.reference);
        Some(step)
    }

    fn settled<'t>(&self, deposit: &'t Transfer, terms: Option<&Terms>) -> Option<Step<'t>> {
        let Self { amount, fee, .. } = self;
        if amount.is_zero() {
            return None;
        }
        let Some(terms) = terms else {
            // The money is here: that must not be forgotten.
            let mut step = Step::new(deposit, TransferStatus::OnHold, Cause::ArrivalHeld)
                .because(format!("the asset {} is not configured, or has no rail", deposit.asset));
            step.changes.amount_in = Some((*amount).clone());
            return Some(step);
        };
        let arrived = arrive(deposit, terms, amount)?;
        let changes = Changes { rail_fee: fee.cloned(), ..changes_of(&arrived, amount) };
        Some(Step { transfer: deposit, to: arrived.to, cause: arrived.cause, changes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TransferKind;
    use crate::engine::decide::fixtures::{amount, now, terms, transfer};

    const WAITING: [TransferStatus; 2] =
        [TransferStatus::PendingUserTransferStart, TransferStatus::PendingExternal];

    fn received(sum: &str, currency: &str) -> Arrival {
        Arrival::Received {
            amount: amount(sum),
            currency: currency.to_owned(),
            fee: None,
            from: Some("DE02".to_owned()),
            reference: Some("r".to_owned()),
        }
    }

    fn failed() -> Arrival {
        Arrival::Failed { code: "AC04".to_owned(), reason: "closed".to_owned() }
    }

    fn step<'t>(deposit: &'t Transfer, arrival: &Arrival) -> Option<Step<'t>> {
        match after(deposit, arrival, Some(&terms()), now()) {
            DepositRuling::Move(step) | DepositRuling::Foreign(step, _) => Some(*step),
            DepositRuling::Again(_) => None,
        }
    }

    #[test]
    fn every_answer_is_a_legal_move_or_none() {
        let answers = [
            Arrival::NotYet { message: None },
            Arrival::Untold { why: "?".to_owned() },
            Arrival::Pending { message: Some("soon".to_owned()) },
            received("10", "USD"),
            received("9", "USD"),
            received("11", "USD"),
            received("0.1", "USD"),
            received("0", "USD"),
            received("10", "EUR"),
            failed(),
        ];
        for status in WAITING.into_iter().chain([TransferStatus::Expired]) {
            for deadline in [None, Some(now() - GRACE - TimeDelta::seconds(1))] {
                let mut deposit = transfer(TransferKind::Deposit, status);
                deposit.deadline = deadline;
                for answer in &answers {
                    for terms in [None, Some(&terms())] {
                        match after(&deposit, answer, terms, now()) {
                            DepositRuling::Move(step) | DepositRuling::Foreign(step, _) => {
                                assert!(step.taken(now()).is_ok(), "{status} {answer:?}");
                            }
                            DepositRuling::Again(_) => {}
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn money_that_is_in_is_settled_by_the_terms() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingExternal);
        let step = step(&deposit, &received("10", "USD")).unwrap();
        assert_eq!((step.to, step.cause), (TransferStatus::PendingAnchor, Cause::Arrived));
        assert_eq!(step.changes.amount_out, Some(amount("9.5")));
        assert_eq!(step.changes.amount_fee, Some(amount("0.5")));
        assert_eq!(step.changes.from_address.as_deref(), Some("DE02"));
        assert_eq!(step.changes.rail_reference.as_deref(), Some("r"));
    }

    #[test]
    fn a_fee_that_the_rail_tells_is_the_rails_and_ours_follows_the_terms() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingExternal);
        for told in ["0", "2"] {
            let mut arrival = received("10", "USD");
            if let Arrival::Received { fee, .. } = &mut arrival {
                *fee = Some(amount(told));
            }
            let step = step(&deposit, &arrival).unwrap();
            let changes = step.changes;
            assert_eq!(changes.rail_fee, Some(amount(told)));
            assert_eq!(changes.amount_in, Some(amount("10")), "what the rail kept is not in it");
            assert_eq!(changes.amount_out, Some(amount("9.5")));
            assert_eq!(changes.amount_fee, Some(amount("0.5")));
        }
    }

    #[test]
    fn money_of_another_kind_is_for_a_person() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingExternal);
        let told = after(&deposit, &received("10", "EUR"), Some(&terms()), now());
        let DepositRuling::Foreign(step, foreign) = told else { panic!("{told:?}") };
        assert_eq!(step.to, TransferStatus::OnHold);
        assert_eq!(step.changes.amount_in, None, "ten of what?");
        assert_eq!((foreign.amount, foreign.currency.as_str()), (amount("10"), "EUR"));
        assert_eq!(foreign.from.as_deref(), Some("DE02"));
    }

    #[test]
    fn money_is_not_forgotten_with_its_asset() {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingExternal);
        let DepositRuling::Move(step) = after(&deposit, &received("10", "USD"), None, now()) else {
            panic!("it is held");
        };
        assert_eq!(step.to, TransferStatus::OnHold);
        assert_eq!(step.changes.amount_in, Some(amount("10")));
    }

    #[test]
    fn only_what_the_rail_has_not_seen_expires() {
        let not_yet = Arrival::NotYet { message: None };
        for (status, expires) in WAITING.into_iter().zip([true, false]) {
            let mut deposit = transfer(TransferKind::Deposit, status);
            deposit.deadline = Some(now() - GRACE);
            assert!(step(&deposit, &not_yet).is_none(), "the rail may tell of it late");
            deposit.deadline = Some(now() - GRACE - TimeDelta::seconds(1));
            assert_eq!(step(&deposit, &not_yet).is_some(), expires, "{status}");
            let paid = step(&deposit, &received("10", "USD")).unwrap();
            assert_eq!(paid.to, TransferStatus::PendingAnchor, "it came, late or not");
        }
    }

    #[test]
    fn what_the_rail_tells_in_words_that_nobody_knows_does_not_expire() {
        let mut deposit = transfer(TransferKind::Deposit, WAITING[0]);
        deposit.deadline = Some(now() - TimeDelta::days(1));
        let untold = Arrival::Untold { why: "amount is a number".to_owned() };
        assert!(step(&deposit, &untold).is_none());
    }

    #[test]
    fn money_for_what_has_expired_is_for_a_person() {
        let expired = transfer(TransferKind::Deposit, TransferStatus::Expired);
        let step = |arrival| step(&expired, &arrival);
        for silent in [
            Arrival::NotYet { message: None },
            Arrival::Pending { message: None },
            Arrival::Untold { why: "?".to_owned() },
            failed(),
            received("0", "USD"),
        ] {
            assert!(step(silent).is_none());
        }
        let held = step(received("10", "USD")).unwrap();
        assert_eq!((held.to, held.cause), (TransferStatus::OnHold, Cause::ArrivalHeld));
        assert_eq!(held.changes.amount_in, Some(amount("10")));
        assert_eq!(held.changes.amount_out, Some(amount("9.5")), "it may go on as it was agreed");
        assert_eq!(held.changes.rail_reference.as_deref(), Some("r"));
        let other = step(received("9", "EUR")).unwrap();
        assert_eq!((other.to, other.changes.amount_in), (TransferStatus::OnHold, None));
        assert_eq!(
            other.changes.message.as_deref(),
            Some("the money came after its deadline; 9 EUR came, and USD was expected")
        );
    }

    #[test]
    fn what_is_waited_for_longer_is_asked_about_less_often() {
        let pause = |age: TimeDelta| (next_look(now() - age, now()) - now()).num_seconds();
        assert_eq!(pause(TimeDelta::seconds(30)), 0);
        assert_eq!(pause(TimeDelta::minutes(10)), 10);
        assert_eq!(pause(TimeDelta::days(30)), 600);
        assert_eq!(pause(-TimeDelta::hours(1)), 0, "created by a clock that is ahead");
    }
}
