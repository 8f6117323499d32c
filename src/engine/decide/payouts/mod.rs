//! What becomes of a payout when the rail has answered, or has not. Pure.
//!
//! Here is what each answer means. What follows where it is the last word is in `over`; what is asked, or tried, again, and when,
//! is in `again`.

mod again;
#[cfg(test)]
mod fixtures;
mod over;

use chrono::{DateTime, Utc};

use crate::engine::{Amount, Cause, PayoutEnd, PayoutState, PayoutStatus, Purpose, TransferStatus};

/// A payout that was handed to its rail or asked about, as far as a verdict depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PayoutFacts<'a> {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Where it stood before.
    pub(crate) status: PayoutStatus,
    /// What the beneficiary is to get.
    pub(crate) amount: &'a Amount,
    /// How often it was handed to the rail, with this time.
    pub(crate) attempts: u32,
    /// How often the rail was asked what became of it, with this time.
    pub(crate) looks: u32,
    /// Whether another payout for the same may have been made that nobody can be asked about: the database has forgotten it,
    /// and the rail does not know it by its key.
    pub(crate) has_forgotten: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The rail surely does not have it: hand it over, with the same key.
    PayOut,
    /// Write this down.
    Record(Ruling),
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// What came of the payout.
    pub(crate) end: PayoutEnd,
    /// Where its transfer goes, and why. None: it stays.
    pub(crate) step: Option<(TransferStatus, Cause)>,
    /// What stands at the transfer then.
    pub(crate) message: Option<String>,
    /// The rail's code of that, if it gave one.
    pub(crate) code: Option<String>,
}

/// Decides what becomes of a payout that was just handed to its rail, of which that tells `state`.
pub(crate) fn after_payout(
    asked: PayoutFacts<'_>,
    state: PayoutState,
    now: DateTime<Utc>,
) -> Ruling {
    match after_look(asked, state, now) {
        Verdict::Record(ruling) => ruling,
        Verdict::PayOut => asked.not_taken("the rail did not take it".to_owned(), now),
    }
}

/// Decides what becomes of a payout of which the rail tells `state`.
pub(crate) fn after_look(
    asked: PayoutFacts<'_>,
    state: PayoutState,
    now: DateTime<Utc>,
) -> Verdict {
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

/// Decides what becomes of a payout that cannot be ordered, so that its rail was not asked: a person decides.
pub(crate) fn not_ordered(asked: PayoutFacts<'_>, code: &str, why: String) -> Ruling {
    let code = Some(code.to_owned());
    match asked.purpose {
        Purpose::Payout if !asked.has_forgotten => {
            over::refused((TransferStatus::OnHold, Cause::PayoutHeld), code, why)
        }
        Purpose::Payout | Purpose::Refund => asked.failed(code, why),
    }
}

#[cfg(test)]
mod tests {
    use super::PayoutEnd as End;
    use super::fixtures::{
        asked, cannot_tell, delivered, failed, initiated, looked, needs, now, paid, pause,
        refunded, ten,
    };
    use super::*;
    use crate::engine::{InformationAbout, TransferKind, legal};
    use PayoutStatus::{Initiated, Intended, Unknown};
    use TransferStatus as S;

    #[test]
    fn what_cannot_be_ordered_is_for_a_person() {
        for (purpose, cause) in
            [(Purpose::Payout, Cause::PayoutHeld), (Purpose::Refund, Cause::RefundFailed)]
        {
            let amount = ten();
            let asked = asked(&amount, purpose, Intended, 0);
            let ruling = not_ordered(asked, "decimals", "GBP has 2 decimals".to_owned());
            assert_eq!(ruling.step, Some((S::OnHold, cause)));
            assert!(matches!(ruling.end, End::Refused { .. }));
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
    fn silence_changes_nothing() {
        let amount = ten();
        for status in [Unknown, Initiated] {
            let purpose = Purpose::Payout;
            let asked = asked(&amount, purpose, status, 3);
            let ruling = asked.same(Some("down".to_owned()), now());
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
        let customer = needs(InformationAbout::Customer);
        for state in
            [delivered(), failed(), needs(InformationAbout::Transaction), customer, cannot_tell()]
        {
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
