//! What becomes of a payout when the rail has answered, or has not. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::engine::{Amount, Cause, PayoutStatus, Purpose, TransferStatus, doubling, later};
use crate::rails::{About, PayoutOutcome, PayoutState, RailError};
use crate::store::PayoutEnd;

/// A payout that the rail has, or may have, is asked about after this, then after twice this, …
const LOOK_FIRST: Duration = Duration::from_millis(500);
const LOOK_MAX: Duration = Duration::from_secs(300);
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
    /// How often it was handed to the rail, with this time.
    pub(super) attempts: u32,
    /// How often the rail was asked what became of it, with this time.
    pub(super) looks: u32,
    /// Whether another payout for the same may have been made that nobody can be asked about: the database has forgotten it,
    /// and the rail does not know it by its key.
    pub(super) has_forgotten: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The rail surely does not have it: hand it over, with the same key.
    PayOut,
    /// Write this down.
    Record(Ruling),
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ruling {
    /// What came of the payout.
    pub(super) end: PayoutEnd,
    /// Where its transfer goes, and why. None: it stays.
    pub(super) step: Option<(TransferStatus, Cause)>,
    /// What stands at the transfer then.
    pub(super) message: Option<String>,
    /// The rail's code of that, if it gave one.
    pub(super) code: Option<String>,
}

/// Decides what becomes of a payout that was just handed to its rail.
pub(super) fn after_payout(asked: Asked<'_>, outcome: PayoutOutcome, now: DateTime<Utc>) -> Ruling {
    let why = match outcome {
        PayoutOutcome::Told(state) => match after_look(asked, state, now) {
            Verdict::Record(ruling) => return ruling,
            Verdict::PayOut => "the rail did not take it".to_owned(),
        },
        PayoutOutcome::Unknown { reason } => return asked.unclear(reason, now),
        PayoutOutcome::NotSent(RailError::Refused { status, problem }) => {
            return asked.failed(None, format!("refused with {status}: {problem}"));
        }
        PayoutOutcome::NotSent(
            error @ (RailError::Options(_)
            | RailError::Credentials(_)
            | RailError::Forbidden(_)
            | RailError::Unavailable(_)
            | RailError::Unreadable(_)
            | RailError::TooLarge { .. }),
        ) => error.to_string(),
    };
    asked.not_taken(why, now)
}

/// Decides what becomes of a payout of which the rail tells `state`.
pub(super) fn after_look(asked: Asked<'_>, state: PayoutState, now: DateTime<Utc>) -> Verdict {
    let is_followed = asked.status == PayoutStatus::Initiated;
    Verdict::Record(match state {
        PayoutState::Delivered { reference, fee, amount } => {
            asked.delivered(reference, fee, amount.as_ref())
        }
        PayoutState::Initiated { .. } if is_followed => asked.same(None, now),
        PayoutState::Initiated { reference } => asked.initiated(reference, now),
        PayoutState::Failed { code, reason } => asked.failed(Some(code), reason),
        PayoutState::NeedsInformation { about, message, fields } => {
            let message = message.unwrap_or_else(|| "the rail needs other facts".to_owned());
            asked.needs(
                about,
                match fields {
                    Some(fields) => format!("{message}: {}", fields.get()),
                    None => message,
                },
            )
        }
        // Paid again, it might be paid twice: by a rail that has lost its memory.
        PayoutState::NotReceived if is_followed => {
            let why = "the rail had it, and says now that it never did".to_owned();
            asked.cannot_tell(why, now)
        }
        PayoutState::NotReceived => return Verdict::PayOut,
        PayoutState::CannotTell { reason } => asked.cannot_tell(reason, now),
    })
}

/// Decides what becomes of a payout that the rail could not be asked about.
pub(super) fn after_silence(asked: Asked<'_>, error: &RailError, now: DateTime<Utc>) -> Ruling {
    asked.same(Some(error.to_string()), now)
}

/// Decides what becomes of a payout that cannot be ordered, so that its rail was not asked: a person decides.
pub(super) fn not_ordered(asked: Asked<'_>, code: &str, why: String) -> Ruling {
    let code = Some(code.to_owned());
    match asked.purpose {
        Purpose::Payout if !asked.has_forgotten => {
            refused((TransferStatus::OnHold, Cause::PayoutHeld), code, why)
        }
        Purpose::Payout | Purpose::Refund => asked.failed(code, why),
    }
}

impl Asked<'_> {
    fn delivered(
        self,
        reference: Option<String>,
        fee: Option<Amount>,
        amount: Option<&Amount>,
    ) -> Ruling {
        let other = amount.filter(|amount| *amount != self.amount);
        let other = other.map(|amount| format!("the beneficiary got {amount}"));
        let took = fee.as_ref().filter(|fee| !fee.is_zero());
        let took = took.map(|fee| format!("the rail took {fee}"));
        let notes: Vec<String> = other.into_iter().chain(took).collect();
        let message = (!notes.is_empty()).then(|| notes.join(", "));
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Completed, Cause::Delivered),
            Purpose::Refund => (TransferStatus::Refunded, Cause::RefundDone),
        };
        let end = PayoutEnd::Done { reference, answer: message.clone(), rail_fee: fee };
        Ruling { end, step: Some(step), message, code: None }
    }

    fn initiated(self, reference: Option<String>, now: DateTime<Utc>) -> Ruling {
        let cause = match self.purpose {
            Purpose::Payout => Cause::Initiated,
            Purpose::Refund => Cause::RefundStarted,
        };
        let end = PayoutEnd::Initiated { reference, not_before: later(now, LOOK_FIRST) };
        let step = Some((TransferStatus::PendingExternal, cause));
        Ruling { end, step, message: None, code: None }
    }

    /// No money has left, and none will by this payout.
    fn failed(self, code: Option<String>, why: String) -> Ruling {
        if self.has_forgotten && self.purpose == Purpose::Payout {
            let why = format!(
                "{why}; the database was restored, and the rail cannot be asked whether another payout was made since: \
                 see its statement before you let it go on"
            );
            return refused((TransferStatus::OnHold, Cause::PayoutUnclear), code, why);
        }
        let step = match self.purpose {
            Purpose::Payout => (TransferStatus::Error, Cause::PayoutFailed),
            Purpose::Refund => (TransferStatus::OnHold, Cause::RefundFailed),
        };
        refused(step, code, why)
    }

    /// The same, but there is somebody to ask. With the answer it is paid by a new payout.
    fn needs(self, about: About, message: String) -> Ruling {
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
        refused(step, None, message)
    }

    /// The rail does not know, so only a person can find out. It is never paid again by itself.
    fn cannot_tell(self, why: String, now: DateTime<Utc>) -> Ruling {
        let message = format!("the rail cannot tell whether it was paid: {why}");
        let step = (TransferStatus::OnHold, Cause::PayoutUnclear);
        let end = PayoutEnd::Unknown { why, not_before: later(now, LOOK_MAX) };
        Ruling { end, step: Some(step), message: Some(message), code: None }
    }

    /// The rail may have it or not. It is looked up before anything else.
    fn unclear(self, why: String, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(LOOK_FIRST, LOOK_MAX, self.looks.saturating_add(1));
        stays(PayoutEnd::Unknown { why, not_before: later(now, pause) })
    }

    /// The rail surely does not have it.
    fn not_taken(self, why: String, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(TRY_FIRST, TRY_MAX, self.attempts);
        stays(PayoutEnd::NotDone { why, not_before: later(now, pause) })
    }

    /// Nothing new.
    fn same(self, answer: Option<String>, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(LOOK_FIRST, LOOK_MAX, self.looks);
        stays(PayoutEnd::Same { answer, not_before: later(now, pause) })
    }
}

fn stays(end: PayoutEnd) -> Ruling {
    Ruling { end, step: None, message: None, code: None }
}

fn refused(step: (TransferStatus, Cause), code: Option<String>, reason: String) -> Ruling {
    let (message, step) = (Some(reason.clone()), Some(step));
    Ruling { end: PayoutEnd::Refused { code: code.clone(), reason }, step, message, code }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::PayoutEnd as End;
    use super::*;
    use crate::engine::{TransferKind, legal};
    use PayoutStatus::{Initiated, Intended, Unknown};
    use TransferStatus as S;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    /// A payout of 10.
    fn ten() -> Amount {
        "10".parse().unwrap()
    }

    fn after(purpose: Purpose, outcome: PayoutOutcome) -> Ruling {
        let (amount, status) = (ten(), Intended);
        let asked =
            Asked { purpose, status, amount: &amount, attempts: 1, looks: 0, has_forgotten: false };
        after_payout(asked, outcome, now())
    }

    fn paid(state: PayoutState) -> Ruling {
        after(Purpose::Payout, PayoutOutcome::Told(state))
    }

    fn refunded(state: PayoutState) -> Ruling {
        after(Purpose::Refund, PayoutOutcome::Told(state))
    }

    fn looked(status: PayoutStatus, state: PayoutState) -> Verdict {
        let (amount, purpose) = (ten(), Purpose::Payout);
        let asked =
            Asked { purpose, status, amount: &amount, attempts: 1, looks: 1, has_forgotten: false };
        after_look(asked, state, now())
    }

    fn delivered() -> PayoutState {
        PayoutState::Delivered { reference: Some("r".to_owned()), fee: None, amount: None }
    }

    fn initiated() -> PayoutState {
        PayoutState::Initiated { reference: Some("r".to_owned()) }
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

    /// In how many milliseconds an open payout is looked at again.
    fn pause(ruling: &Ruling) -> i64 {
        let not_before = match &ruling.end {
            End::Unknown { not_before, .. }
            | End::NotDone { not_before, .. }
            | End::Same { not_before, .. }
            | End::Initiated { not_before, .. } => *not_before,
            End::Done { .. } | End::Refused { .. } => panic!("{ruling:?}"),
        };
        (not_before - now()).num_milliseconds()
    }

    #[test]
    fn what_cannot_be_ordered_is_for_a_person() {
        for (purpose, cause) in
            [(Purpose::Payout, Cause::PayoutHeld), (Purpose::Refund, Cause::RefundFailed)]
        {
            let amount = ten();
            let asked = Asked {
                purpose,
                status: Intended,
                amount: &amount,
                attempts: 1,
                looks: 0,
                has_forgotten: false,
            };
            let ruling = not_ordered(asked, "decimals", "GBP has 2 decimals".to_owned());
            assert_eq!(ruling.step, Some((S::OnHold, cause)));
            assert!(matches!(ruling.end, End::Refused { .. }));
        }
    }

    #[test]
    fn what_is_delivered_is_done() {
        let ruling = paid(delivered());
        assert_eq!(ruling.step, Some((S::Completed, Cause::Delivered)));
        let done = End::Done { reference: Some("r".to_owned()), answer: None, rail_fee: None };
        assert_eq!(ruling.end, done);
        assert_eq!(ruling.message, None);
        assert_eq!(refunded(delivered()).step, Some((S::Refunded, Cause::RefundDone)));
    }

    #[test]
    fn what_the_rail_took_is_told() {
        let state = |fee: &str, amount: &str| PayoutState::Delivered {
            reference: None,
            fee: Some(fee.parse().unwrap()),
            amount: Some(amount.parse().unwrap()),
        };
        let message = paid(state("0.5", "9.50")).message;
        assert_eq!(message.as_deref(), Some("the beneficiary got 9.50, the rail took 0.5"));
        assert_eq!(paid(state("0.00", "10.00")).message, None, "that is the same amount");
    }

    #[test]
    fn what_is_initiated_is_followed() {
        let ruling = paid(initiated());
        assert_eq!(ruling.step, Some((S::PendingExternal, Cause::Initiated)));
        assert_eq!(pause(&ruling), 500);
        assert!(matches!(ruling.end, End::Initiated { reference: Some(r), .. } if r == "r"));
        let refund = refunded(initiated());
        assert_eq!(refund.step, Some((S::PendingExternal, Cause::RefundStarted)));
        let Verdict::Record(ruling) = looked(Unknown, initiated()) else { panic!() };
        assert!(matches!(ruling.end, End::Initiated { .. }));
    }

    #[test]
    fn what_is_still_under_way_is_asked_about_ever_more_seldom() {
        let amount = ten();
        let pauses = [1, 2, 3, 99].map(|looks| {
            let (purpose, status) = (Purpose::Payout, Initiated);
            let asked = Asked {
                purpose,
                status,
                amount: &amount,
                attempts: 1,
                looks,
                has_forgotten: false,
            };
            let Verdict::Record(ruling) = after_look(asked, initiated(), now()) else { panic!() };
            assert_eq!(ruling.step, None);
            assert!(matches!(ruling.end, End::Same { answer: None, .. }));
            pause(&ruling)
        });
        assert_eq!(pauses, [500, 1_000, 2_000, 300_000]);
    }

    #[test]
    fn what_failed_is_an_error_and_a_failed_refund_waits_for_a_person() {
        let ruling = paid(failed());
        assert_eq!(ruling.step, Some((S::Error, Cause::PayoutFailed)));
        assert_eq!(ruling.message.as_deref(), Some("no such account"));
        let code = Some("AC01".to_owned());
        assert_eq!(ruling.code, code);
        assert_eq!(ruling.end, End::Refused { code, reason: "no such account".to_owned() });
        let refund = refunded(failed());
        assert_eq!(refund.step, Some((S::OnHold, Cause::RefundFailed)));
        assert!(matches!(refund.end, End::Refused { .. }));
    }

    #[test]
    fn who_can_tell_more_is_asked() {
        for (about, to) in [
            (About::Transaction, S::PendingTransactionInfoUpdate),
            (About::Customer, S::PendingCustomerInfoUpdate),
        ] {
            let ruling = paid(needs(about));
            assert_eq!(ruling.step, Some((to, Cause::InformationAsked)));
            assert!(matches!(ruling.end, End::Refused { .. }), "paid by a new payout");
            assert_eq!(ruling.message.as_deref(), Some(r#"who?: {"name":"as in the passport"}"#));
            assert_eq!(refunded(needs(about)).step, Some((S::OnHold, Cause::RefundFailed)));
        }
    }

    #[test]
    fn what_nobody_can_tell_waits_for_a_person() {
        for status in [Intended, Unknown, Initiated] {
            let Verdict::Record(ruling) = looked(status, cannot_tell()) else { panic!() };
            assert_eq!(ruling.step, Some((S::OnHold, Cause::PayoutUnclear)));
            assert!(matches!(ruling.end, End::Unknown { .. }));
        }
    }

    #[test]
    fn what_the_rail_does_not_have_is_handed_over_again() {
        assert_eq!(looked(Unknown, PayoutState::NotReceived), Verdict::PayOut);
    }

    #[test]
    fn a_rail_that_forgets_is_not_paid_again() {
        let Verdict::Record(ruling) = looked(Initiated, PayoutState::NotReceived) else { panic!() };
        assert_eq!(ruling.step, Some((S::OnHold, Cause::PayoutUnclear)));
    }

    #[test]
    fn an_unclear_answer_is_looked_up_soon_and_then_ever_more_seldom() {
        let amount = ten();
        let pauses = [0, 1, 2, 99].map(|looks| {
            let (purpose, status) = (Purpose::Payout, Intended);
            let asked = Asked {
                purpose,
                status,
                amount: &amount,
                attempts: 1,
                looks,
                has_forgotten: false,
            };
            let outcome = PayoutOutcome::Unknown { reason: "cut".to_owned() };
            let ruling = after_payout(asked, outcome, now());
            assert!(matches!(ruling.end, End::Unknown { .. }), "{ruling:?}");
            assert_eq!(ruling.step, None);
            pause(&ruling)
        });
        assert_eq!(pauses, [500, 1_000, 2_000, 300_000]);
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
            let ruling = after(Purpose::Payout, PayoutOutcome::NotSent(error));
            assert!(matches!(ruling.end, End::NotDone { .. }), "{ruling:?}");
            assert_eq!((ruling.step, pause(&ruling)), (None, 1_000));
        }
        let ruling = paid(PayoutState::NotReceived);
        assert!(matches!(ruling.end, End::NotDone { .. }), "{ruling:?}");
    }

    #[test]
    fn what_the_rail_will_never_take_is_an_error() {
        let error = RailError::Refused { status: 422, problem: "no such currency".to_owned() };
        let ruling = after(Purpose::Payout, PayoutOutcome::NotSent(error));
        assert_eq!(ruling.step, Some((S::Error, Cause::PayoutFailed)));
        assert_eq!(ruling.message.as_deref(), Some("refused with 422: no such currency"));
    }

    #[test]
    fn silence_changes_nothing() {
        let amount = ten();
        for status in [Unknown, Initiated] {
            let purpose = Purpose::Payout;
            let asked = Asked {
                purpose,
                status,
                amount: &amount,
                attempts: 1,
                looks: 3,
                has_forgotten: false,
            };
            let error = RailError::Unavailable("down".to_owned());
            let ruling = after_silence(asked, &error, now());
            assert!(matches!(ruling.end, End::Same { .. }), "{ruling:?}");
            assert_eq!((ruling.step, pause(&ruling)), (None, 2_000));
        }
    }

    #[test]
    fn every_step_is_in_the_table() {
        let check = |kind, from, ruling: Ruling| {
            let (to, cause) = ruling.step.unwrap();
            legal(kind, from, to, cause).unwrap();
        };
        let customer = needs(About::Customer);
        for state in [delivered(), failed(), needs(About::Transaction), customer, cannot_tell()] {
            for (kind, from) in [
                (TransferKind::Withdrawal, S::PendingAnchor),
                (TransferKind::WithdrawalExchange, S::PendingExternal),
                (TransferKind::Send, S::PendingReceiver),
                (TransferKind::Send, S::PendingExternal),
            ] {
                check(kind, from, paid(state.clone()));
            }
            for from in [S::PendingAnchor, S::PendingExternal] {
                check(TransferKind::Deposit, from, refunded(state.clone()));
            }
        }
        check(TransferKind::Withdrawal, S::PendingAnchor, paid(initiated()));
        check(TransferKind::Send, S::PendingReceiver, paid(initiated()));
        check(TransferKind::Deposit, S::PendingAnchor, refunded(initiated()));
    }
}
