//! What becomes of a payout when the rail has answered, or has not. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::{Amount, Cause, PayoutStatus, Purpose, TransferStatus, doubling};
use crate::rails::{About, PayoutOutcome, PayoutState, RailError};

/// A payout whose end is not known is looked at after this, then after twice this, …
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(500);
pub(super) const LOOK_MAX: Duration = Duration::from_secs(300);
/// One that the rail did not take is handed to it after this, then after twice this, …
const TRY_FIRST: Duration = Duration::from_secs(1);
const TRY_MAX: Duration = Duration::from_secs(300);

/// A payout that was handed to its rail or asked about, as far as a verdict depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What it is for.
    pub(super) purpose: Purpose,
    /// Where it stood before.
    pub(super) status: PayoutStatus,
    /// What the beneficiary is to get.
    pub(super) amount: &'a Amount,
    /// How often it was handed to the rail.
    pub(super) attempts: u32,
    /// How often the rail was asked what became of it.
    pub(super) looks: u32,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The rail surely does not have it: hand it over, with the same key.
    PayOut,
    /// Nothing new: the rail is still at work.
    Wait,
    /// This is to be written down.
    Record(Ruling),
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruling {
    /// Where the payout stands. `Intended` says that the rail surely does not have it.
    pub(super) payout: PayoutStatus,
    /// The rail's own id of it, if it told one.
    pub(super) reference: Option<String>,
    /// What the rail said, or what went wrong.
    pub(super) answer: String,
    /// When an open payout is looked at again.
    pub(super) not_before: DateTime<Utc>,
    /// Where the transfer goes, and why. None: it stays.
    pub(super) step: Option<(TransferStatus, Cause)>,
    /// What stands at the transfer then.
    pub(super) message: Option<String>,
}

/// Decides what becomes of a payout that was just handed to its rail.
pub(super) fn after_payout(asked: Asked<'_>, outcome: PayoutOutcome, now: DateTime<Utc>) -> Verdict {
    match outcome {
        PayoutOutcome::Told(PayoutState::NotReceived) => {
            asked.not_taken("the rail did not take it".to_owned(), now)
        }
        PayoutOutcome::Told(state) => after_look(asked, state, now),
        PayoutOutcome::Unknown { reason } => asked.unclear(reason, now),
        PayoutOutcome::NotSent(RailError::Refused { status, problem }) => {
            asked.failed(format!("refused with {status}: {problem}"), now)
        }
        PayoutOutcome::NotSent(
            error @ (RailError::Options(_)
            | RailError::Credentials(_)
            | RailError::Forbidden(_)
            | RailError::Unavailable(_)
            | RailError::Unreadable(_)),
        ) => asked.not_taken(error.to_string(), now),
    }
}

/// Decides what becomes of a payout of which the rail tells `state`.
pub(super) fn after_look(asked: Asked<'_>, state: PayoutState, now: DateTime<Utc>) -> Verdict {
    let is_followed = asked.status == PayoutStatus::Initiated;
    match state {
        PayoutState::Delivered { reference, fee, amount } => {
            asked.delivered(reference, fee.as_ref(), amount.as_ref(), now)
        }
        PayoutState::Initiated { .. } if is_followed => Verdict::Wait,
        PayoutState::Initiated { reference } => asked.initiated(reference, now),
        PayoutState::Failed { code, reason } => asked.failed(told(&code, &reason), now),
        PayoutState::NeedsInformation { about, message, fields } => {
            let message = message.unwrap_or_else(|| "the rail needs other facts".to_owned());
            let message = match fields {
                Some(fields) => format!("{message}: {}", fields.get()),
                None => message,
            };
            asked.needs(about, message, now)
        }
        // Paid again, it might be paid twice: by a rail that has lost its memory.
        PayoutState::NotReceived if is_followed => {
            let why = "the rail had it, and says now that it never did".to_owned();
            asked.cannot_tell(why, now)
        }
        PayoutState::NotReceived => Verdict::PayOut,
        PayoutState::CannotTell { reason } => asked.cannot_tell(reason, now),
    }
}

/// A code for programs and a reason for people, as one line.
fn told(code: &str, reason: &str) -> String {
    match (code.is_empty(), reason.is_empty()) {
        (false, false) => format!("{code}: {reason}"),
        (false, true) => code.to_owned(),
        (true, _) => reason.to_owned(),
    }
}

impl Asked<'_> {
    fn delivered(
        self,
        reference: Option<String>,
        fee: Option<&Amount>,
        amount: Option<&Amount>,
        now: DateTime<Utc>,
    ) -> Verdict {
        let less = amount.filter(|amount| *amount != self.amount);
        let less = less.map(|amount| format!("the beneficiary got {amount}"));
        let fee = fee.filter(|fee| !fee.is_zero()).map(|fee| format!("the rail took {fee}"));
        let notes: Vec<String> = less.into_iter().chain(fee).collect();
        let note = (!notes.is_empty()).then(|| notes.join(", "));
        let answer = match &note {
            Some(note) => format!("delivered; {note}"),
            None => "delivered".to_owned(),
        };
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Completed, Cause::Delivered),
            Purpose::Refund => (TransferStatus::Refunded, Cause::RefundDone),
        };
        Verdict::Record(Ruling {
            payout: PayoutStatus::Done,
            reference,
            answer,
            not_before: now,
            step: Some(step),
            message: note,
        })
    }

    fn initiated(self, reference: Option<String>, now: DateTime<Utc>) -> Verdict {
        let cause = match self.purpose {
            Purpose::Payout => Cause::Initiated,
            Purpose::Refund => Cause::RefundStarted,
        };
        Verdict::Record(Ruling {
            payout: PayoutStatus::Initiated,
            reference,
            answer: "initiated".to_owned(),
            not_before: after(now, LOOK_FIRST),
            step: Some((TransferStatus::PendingExternal, cause)),
            message: None,
        })
    }

    /// No money has left, and none will by this payout.
    fn failed(self, why: String, now: DateTime<Utc>) -> Verdict {
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Error, Cause::PayoutFailed),
            Purpose::Refund => (TransferStatus::OnHold, Cause::RefundFailed),
        };
        self.refused(step, why, now)
    }

    /// The same, but there is somebody to ask. With the answer it is paid by a new payout.
    fn needs(self, about: About, message: String, now: DateTime<Utc>) -> Verdict {
        let step = match (self.purpose, about) {
            (Purpose::Payout, About::Transaction) => {
                (TransferStatus::PendingTransactionInfoUpdate, Cause::InformationAsked)
            }
            (Purpose::Payout, About::Customer) => {
                (TransferStatus::PendingCustomerInfoUpdate, Cause::InformationAsked)
            }
            (Purpose::Refund, About::Transaction | About::Customer) => {
                (TransferStatus::OnHold, Cause::RefundFailed)
            }
        };
        self.refused(step, message, now)
    }

    fn refused(self, step: (TransferStatus, Cause), why: String, now: DateTime<Utc>) -> Verdict {
        Verdict::Record(Ruling {
            payout: PayoutStatus::Refused,
            reference: None,
            answer: why.clone(),
            not_before: now,
            step: Some(step),
            message: Some(why),
        })
    }

    /// The rail does not know, so only a person can find out. It is never paid again by itself.
    fn cannot_tell(self, why: String, now: DateTime<Utc>) -> Verdict {
        let message = format!("the rail cannot tell whether it was paid: {why}");
        Verdict::Record(Ruling {
            payout: PayoutStatus::Unknown,
            reference: None,
            answer: why,
            not_before: after(now, LOOK_MAX),
            step: Some((TransferStatus::OnHold, Cause::PayoutUnclear)),
            message: Some(message),
        })
    }

    /// The rail may have it or not. It is looked up before anything else.
    fn unclear(self, why: String, now: DateTime<Utc>) -> Verdict {
        let pause = doubling(LOOK_FIRST, LOOK_MAX, self.looks.saturating_add(1));
        self.open(PayoutStatus::Unknown, why, pause, now)
    }

    /// The rail surely does not have it.
    fn not_taken(self, why: String, now: DateTime<Utc>) -> Verdict {
        let pause = doubling(TRY_FIRST, TRY_MAX, self.attempts.max(1));
        self.open(PayoutStatus::Intended, why, pause, now)
    }

    fn open(self, payout: PayoutStatus, answer: String, pause: Duration, now: DateTime<Utc>) -> Verdict {
        let not_before = after(now, pause);
        let (reference, step, message) = (None, None, None);
        Verdict::Record(Ruling { payout, reference, answer, not_before, step, message })
    }
}

fn after(now: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::engine::{TransferKind, legal};
    use PayoutStatus::{Done, Initiated, Intended, Refused, Unknown};
    use TransferStatus as S;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    /// What is written down of a payout of 10, that was tried once and never looked at.
    fn ruling(
        purpose: Purpose,
        status: PayoutStatus,
        verdict: impl FnOnce(Asked<'_>, DateTime<Utc>) -> Verdict,
    ) -> Ruling {
        let amount = "10".parse().unwrap();
        let asked = Asked { purpose, status, amount: &amount, attempts: 1, looks: 0 };
        match verdict(asked, now()) {
            Verdict::Record(ruling) => ruling,
            other @ (Verdict::PayOut | Verdict::Wait) => panic!("{other:?}"),
        }
    }

    fn paid(outcome: PayoutOutcome) -> Ruling {
        ruling(Purpose::Payout, Intended, |asked, now| after_payout(asked, outcome, now))
    }

    fn refunded(outcome: PayoutOutcome) -> Ruling {
        ruling(Purpose::Refund, Intended, |asked, now| after_payout(asked, outcome, now))
    }

    fn looked(status: PayoutStatus, state: PayoutState) -> Verdict {
        let amount = "10".parse().unwrap();
        let asked =
            Asked { purpose: Purpose::Payout, status, amount: &amount, attempts: 1, looks: 0 };
        after_look(asked, state, now())
    }

    fn delivered() -> PayoutState {
        PayoutState::Delivered { reference: Some("r".to_owned()), fee: None, amount: None }
    }

    fn failed() -> PayoutState {
        PayoutState::Failed { code: "AC01".to_owned(), reason: "no such account".to_owned() }
    }

    fn needs(about: About) -> PayoutState {
        let fields = RawValue::from_string(r#"{"name":"as in the passport"}"#.to_owned()).ok();
        PayoutState::NeedsInformation { about, message: Some("who?".to_owned()), fields }
    }

    fn cannot_tell() -> PayoutState {
        PayoutState::CannotTell { reason: "the files are gone".to_owned() }
    }

    fn seconds_until(time: DateTime<Utc>) -> i64 {
        (time - now()).num_seconds()
    }

    #[test]
    fn what_is_delivered_is_done() {
        let ruling = paid(PayoutOutcome::Told(delivered()));
        assert_eq!(ruling.payout, Done);
        assert_eq!(ruling.step, Some((S::Completed, Cause::Delivered)));
        assert_eq!((ruling.reference.as_deref(), ruling.message), (Some("r"), None));
        let ruling = refunded(PayoutOutcome::Told(delivered()));
        assert_eq!((ruling.payout, ruling.step), (Done, Some((S::Refunded, Cause::RefundDone))));
    }

    #[test]
    fn what_the_rail_took_is_told() {
        let state = PayoutState::Delivered {
            reference: None,
            fee: Some("0.5".parse().unwrap()),
            amount: Some("9.50".parse().unwrap()),
        };
        let message = paid(PayoutOutcome::Told(state)).message;
        assert_eq!(message.as_deref(), Some("the beneficiary got 9.50, the rail took 0.5"));
        let state = PayoutState::Delivered {
            reference: None,
            fee: Some("0.00".parse().unwrap()),
            amount: Some("10.00".parse().unwrap()),
        };
        assert_eq!(paid(PayoutOutcome::Told(state)).message, None, "it is the same amount");
    }

    #[test]
    fn what_is_initiated_is_followed() {
        let state = || PayoutState::Initiated { reference: Some("r".to_owned()) };
        let ruling = paid(PayoutOutcome::Told(state()));
        assert_eq!(ruling.payout, Initiated);
        assert_eq!(ruling.step, Some((S::PendingExternal, Cause::Initiated)));
        assert_eq!(ruling.reference.as_deref(), Some("r"));
        assert!(ruling.not_before > now());
        let ruling = refunded(PayoutOutcome::Told(state()));
        assert_eq!(ruling.step, Some((S::PendingExternal, Cause::RefundStarted)));
        assert_eq!(looked(Initiated, state()), Verdict::Wait);
        assert!(matches!(looked(Unknown, state()), Verdict::Record(_)));
    }

    #[test]
    fn what_failed_is_an_error_and_a_failed_refund_waits_for_a_person() {
        let ruling = paid(PayoutOutcome::Told(failed()));
        assert_eq!(
            (ruling.payout, ruling.step),
            (Refused, Some((S::Error, Cause::PayoutFailed)))
        );
        assert_eq!(ruling.message.as_deref(), Some("AC01: no such account"));
        let ruling = refunded(PayoutOutcome::Told(failed()));
        assert_eq!((ruling.payout, ruling.step), (Refused, Some((S::OnHold, Cause::RefundFailed))));
    }

    #[test]
    fn who_is_to_tell_more_is_asked() {
        for (about, to) in [
            (About::Transaction, S::PendingTransactionInfoUpdate),
            (About::Customer, S::PendingCustomerInfoUpdate),
        ] {
            let ruling = paid(PayoutOutcome::Told(needs(about)));
            assert_eq!(
                (ruling.payout, ruling.step),
                (Refused, Some((to, Cause::InformationAsked)))
            );
            assert_eq!(ruling.message.as_deref(), Some(r#"who?: {"name":"as in the passport"}"#));
        }
        let ruling = refunded(PayoutOutcome::Told(needs(About::Customer)));
        assert_eq!(ruling.step, Some((S::OnHold, Cause::RefundFailed)));
    }

    #[test]
    fn what_nobody_can_tell_waits_for_a_person() {
        for state in [Intended, Unknown, Initiated].map(|status| looked(status, cannot_tell())) {
            let Verdict::Record(ruling) = state else { panic!("{state:?}") };
            assert_eq!(
                (ruling.payout, ruling.step),
                (Unknown, Some((S::OnHold, Cause::PayoutUnclear)))
            );
        }
    }

    #[test]
    fn what_the_rail_does_not_have_is_handed_over_again() {
        assert_eq!(looked(Intended, PayoutState::NotReceived), Verdict::PayOut);
        assert_eq!(looked(Unknown, PayoutState::NotReceived), Verdict::PayOut);
    }

    #[test]
    fn a_rail_that_forgets_is_not_paid_again() {
        let Verdict::Record(ruling) = looked(Initiated, PayoutState::NotReceived) else { panic!() };
        assert_eq!(ruling.step, Some((S::OnHold, Cause::PayoutUnclear)));
    }

    #[test]
    fn an_unclear_answer_is_looked_up_ever_more_seldom() {
        let unclear = |looks| {
            let amount = "10".parse().unwrap();
            let (purpose, status) = (Purpose::Payout, Intended);
            let asked = Asked { purpose, status, amount: &amount, attempts: 1, looks };
            let outcome = PayoutOutcome::Unknown { reason: "cut".to_owned() };
            let Verdict::Record(ruling) = after_payout(asked, outcome, now()) else { panic!() };
            assert_eq!((ruling.payout, ruling.step), (Unknown, None));
            seconds_until(ruling.not_before)
        };
        assert_eq!([0, 1, 2, 3, 99].map(unclear), [0, 1, 2, 4, 300]);
    }

    #[test]
    fn what_was_surely_not_done_is_tried_again() {
        for error in [
            RailError::Unavailable("refused".to_owned()),
            RailError::Credentials("who?".to_owned()),
            RailError::Forbidden("you?".to_owned()),
            RailError::Unreadable("?".to_owned()),
            RailError::Options("no".to_owned()),
        ] {
            let ruling = paid(PayoutOutcome::NotSent(error));
            assert_eq!((ruling.payout, ruling.step), (Intended, None));
            assert_eq!(seconds_until(ruling.not_before), 1);
        }
        let ruling = paid(PayoutOutcome::Told(PayoutState::NotReceived));
        assert_eq!((ruling.payout, ruling.step), (Intended, None));
    }

    #[test]
    fn what_the_rail_will_never_take_is_an_error() {
        let error = RailError::Refused { status: 422, problem: "no such currency".to_owned() };
        let ruling = paid(PayoutOutcome::NotSent(error));
        assert_eq!(ruling.step, Some((S::Error, Cause::PayoutFailed)));
        assert_eq!(ruling.message.as_deref(), Some("refused with 422: no such currency"));
    }

    #[test]
    fn every_step_is_in_the_table() {
        let to_pay = [(TransferKind::Withdrawal, S::PendingAnchor), (TransferKind::Send, S::PendingReceiver)];
        let states = || {
            [delivered(), failed(), needs(About::Transaction), needs(About::Customer), cannot_tell()]
        };
        let check = |kind, from, ruling: Ruling| {
            let (to, cause) = ruling.step.unwrap();
            legal(kind, from, to, cause).unwrap();
        };
        let initiated = PayoutState::Initiated { reference: None };
        for state in states() {
            for (kind, from) in to_pay {
                check(kind, from, paid(PayoutOutcome::Told(state.clone())));
                check(kind, S::PendingExternal, paid(PayoutOutcome::Told(state.clone())));
            }
            for from in [S::PendingAnchor, S::PendingExternal] {
                check(TransferKind::Deposit, from, refunded(PayoutOutcome::Told(state.clone())));
            }
        }
        for (kind, from) in to_pay {
            check(kind, from, paid(PayoutOutcome::Told(initiated.clone())));
        }
        check(TransferKind::Deposit, S::PendingAnchor, refunded(PayoutOutcome::Told(initiated)));
    }
}
