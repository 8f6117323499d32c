//! What the end of an envelope makes of each transfer and refund in it. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::errand::Does;
use crate::engine::{Cause, Step, Transfer, TransferStatus, later};
use crate::networks::stellar::OperationNext;
use crate::store::{EnvelopePayment, RefundEnd};

/// A destination that was found wanting is looked at again after this.
pub(super) const LOOK_FIRST: Duration = Duration::from_secs(5);
/// What a paying account has not enough for is looked at again after this, if nobody sees before that it has.
pub(super) const SHORT_PAUSE: Duration = Duration::from_secs(60);
const EXISTS: &str = "the receiver's account was to be created, and exists";

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It happened.
    Applied,
    /// It never will happen by this envelope, and nothing was wrong with it.
    Lapsed(String),
    /// The receiver's account was to be created, and exists.
    Exists,
    /// The receiver's account cannot take the asset.
    NoTrust,
    /// The receiver's account does not exist.
    NoAccount,
    /// The receiver's account cannot take it as it is.
    NoRoom(String),
    /// Our paying account cannot pay it as it is.
    Unfunded(String),
    /// A person must look.
    Held(String),
}

impl From<OperationNext> for Fate {
    fn from(next: OperationNext) -> Self {
        match next {
            OperationNext::Rebuild => Self::Lapsed(
                "another payment of its transaction failed: it goes into another".to_owned(),
            ),
            OperationNext::Exists => Self::Exists,
            OperationNext::Trust => Self::NoTrust,
            OperationNext::CreateAccount => Self::NoAccount,
            OperationNext::Destination { reason } => Self::NoRoom(reason),
            OperationNext::Payer { reason } => Self::Unfunded(reason),
            OperationNext::Hold { reason } => Self::Held(reason),
        }
    }
}

/// The end of one operation: the step of its transfer, and the end of its refund.
#[derive(Debug, Default)]
pub(super) struct Settled<'t> {
    pub(super) step: Option<Step<'t>>,
    pub(super) refund: Option<(String, RefundEnd)>,
}

/// Where the envelope is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The transaction's hash.
    pub(super) hash: &'a str,
    /// Whether the payment can be made without a trustline: of XLM, or as a claimable balance.
    pub(super) needs_no_trust: bool,
    pub(super) now: DateTime<Utc>,
}

/// Decides what `fate` makes of `payment`, whose transfer is `transfer`, if it has one.
pub(super) fn settle<'t>(
    payment: &EnvelopePayment,
    transfer: Option<&'t Transfer>,
    fate: &Fate,
    scene: Scene<'_>,
) -> Settled<'t> {
    match &payment.refund_id {
        Some(refund_id) => of_refund(refund_id, transfer, fate, scene),
        None => Settled {
            step: transfer.map(|transfer| of_deposit(payment, transfer, fate, scene)),
            refund: None,
        },
    }
}

fn of_deposit<'t>(
    payment: &EnvelopePayment,
    transfer: &'t Transfer,
    fate: &Fate,
    scene: Scene<'_>,
) -> Step<'t> {
    let soon = Some(later(scene.now, LOOK_FIRST));
    let is_preparation = payment.operation.parse() == Ok(Does::CreateAccount);
    let again = |why: &str, not_before| {
        let mut step = Step::new(transfer, TransferStatus::PendingAnchor, Cause::SendLapsed);
        step.changes.message = Some(why.to_owned());
        step.changes.not_before = not_before;
        step
    };
    let wait = |why: &str| {
        let mut step = Step::new(transfer, TransferStatus::PendingTrust, Cause::TrustMissing);
        step.changes.message = Some(why.to_owned());
        step.changes.not_before = soon;
        step
    };
    match fate {
        Fate::Applied if is_preparation && scene.needs_no_trust => {
            again("the receiver's account was created; the payment follows", None)
        }
        Fate::Applied if is_preparation => {
            wait("the receiver's account was created, and has no trustline yet")
        }
        Fate::Applied => {
            let mut step = Step::new(transfer, TransferStatus::Completed, Cause::Applied);
            step.changes.network_reference = Some(scene.hash.to_owned());
            step.changes.message =
                payment.balance_id.as_ref().map(|id| format!("paid as claimable balance {id}"));
            step
        }
        Fate::Lapsed(why) => again(why, None),
        Fate::Exists => again(EXISTS, None),
        // The next look at the account decides how it is paid.
        Fate::NoTrust if scene.needs_no_trust => {
            again("the receiver's account has no trustline", soon)
        }
        Fate::NoTrust => wait("the receiver's account has no trustline"),
        Fate::NoAccount if scene.needs_no_trust => {
            again("the receiver's account does not exist", soon)
        }
        Fate::NoAccount => wait("the receiver's account does not exist"),
        Fate::NoRoom(why) => wait(why),
        Fate::Unfunded(why) => again(why, Some(later(scene.now, SHORT_PAUSE))),
        Fate::Held(why) => {
            Step::new(transfer, TransferStatus::OnHold, Cause::SendHeld).because(why)
        }
    }
}

fn of_refund<'t>(
    refund_id: &str,
    transfer: Option<&'t Transfer>,
    fate: &Fate,
    scene: Scene<'_>,
) -> Settled<'t> {
    let again = |why: &str, not_before| {
        let end = RefundEnd::Again { why: why.to_owned(), not_before };
        (TransferStatus::PendingAnchor, Cause::RefundLapsed, end)
    };
    let failed = |why: &str| {
        let end = RefundEnd::Failed { reason: why.to_owned() };
        (TransferStatus::OnHold, Cause::RefundFailed, end)
    };
    let (to, cause, end) = match fate {
        Fate::Applied => {
            let reference = Some(scene.hash.to_owned());
            (TransferStatus::Refunded, Cause::RefundDone, RefundEnd::Done { reference })
        }
        Fate::Lapsed(why) => again(why, scene.now),
        Fate::Exists => again(EXISTS, scene.now),
        Fate::NoAccount => {
            again("the payer's account does not exist", later(scene.now, LOOK_FIRST))
        }
        Fate::Unfunded(why) => again(why, later(scene.now, SHORT_PAUSE)),
        Fate::NoTrust => failed("the payer's account has no trustline any more"),
        Fate::NoRoom(why) | Fate::Held(why) => failed(why),
    };
    let message = match &end {
        RefundEnd::Done { .. } => None,
        RefundEnd::Failed { reason: why } | RefundEnd::Again { why, .. } => Some(why.clone()),
    };
    let step = transfer.map(|transfer| {
        let mut step = Step::new(transfer, to, cause);
        step.changes.message = message;
        step
    });
    Settled { step, refund: Some((refund_id.to_owned(), end)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TransferKind;
    use crate::engine::decide::fixtures::{amount, now, transfer};

    fn payment(does: Does, refund: bool) -> EnvelopePayment {
        EnvelopePayment {
            operation: does.as_str().to_owned(),
            transfer_id: Some("t".to_owned()),
            refund_id: refund.then(|| "r".to_owned()),
            destination: "G".to_owned(),
            amount: amount("10"),
            balance_id: (does == Does::PayByBalance).then(|| "00ab".to_owned()),
        }
    }

    fn fates() -> Vec<Fate> {
        vec![
            Fate::Applied,
            Fate::Lapsed("late".to_owned()),
            Fate::Exists,
            Fate::NoTrust,
            Fate::NoAccount,
            Fate::NoRoom("op_line_full".to_owned()),
            Fate::Unfunded("op_underfunded".to_owned()),
            Fate::Held("op_malformed".to_owned()),
        ]
    }

    fn scene(needs_no_trust: bool) -> Scene<'static> {
        Scene { hash: "ab", needs_no_trust, now: now() }
    }

    #[test]
    fn every_end_is_a_legal_move() {
        let deposits = [TransferKind::Deposit, TransferKind::DepositExchange];
        let others =
            [TransferKind::Withdrawal, TransferKind::WithdrawalExchange, TransferKind::Send];
        let cases = deposits.map(|kind| (kind, false)).into_iter();
        for (kind, is_refund) in cases.chain(others.map(|kind| (kind, true))) {
            let on_its_way = transfer(kind, TransferStatus::PendingStellar);
            for does in Does::ALL {
                for fate in fates() {
                    for needs_no_trust in [false, true] {
                        let payment = payment(does, is_refund);
                        let Settled { step, refund } =
                            settle(&payment, Some(&on_its_way), &fate, scene(needs_no_trust));
                        let step = step.unwrap();
                        assert!(step.taken(now()).is_ok(), "{kind} {does:?} {fate:?}");
                        assert_eq!(refund.is_some(), is_refund);
                    }
                }
            }
        }
    }

    fn end(does: Does, fate: &Fate, needs_no_trust: bool) -> (TransferStatus, Option<String>) {
        let deposit = transfer(TransferKind::Deposit, TransferStatus::PendingStellar);
        let payment = payment(does, false);
        let settled = settle(&payment, Some(&deposit), fate, scene(needs_no_trust));
        let step = settled.step.unwrap();
        (step.to, step.changes.message)
    }

    #[test]
    fn an_account_that_was_created_is_no_payment() {
        assert_eq!(end(Does::CreateAccount, &Fate::Applied, false).0, TransferStatus::PendingTrust);
        assert_eq!(end(Does::CreateAccount, &Fate::Applied, true).0, TransferStatus::PendingAnchor);
        for does in [Does::Pay, Does::PayByCreating, Does::PayByBalance] {
            assert_eq!(end(does, &Fate::Applied, false).0, TransferStatus::Completed, "{does:?}");
        }
    }

    #[test]
    fn what_somebody_lacks_waits_for_him() {
        let room = Fate::NoRoom("op_line_full".to_owned());
        for fate in [Fate::NoTrust, Fate::NoAccount, room] {
            assert_eq!(end(Does::Pay, &fate, false).0, TransferStatus::PendingTrust, "{fate:?}");
        }
        let unfunded = Fate::Unfunded("op_underfunded".to_owned());
        assert_eq!(end(Does::Pay, &unfunded, false).0, TransferStatus::PendingAnchor);
    }

    #[test]
    fn the_claimable_balance_is_told() {
        let (_, message) = end(Does::PayByBalance, &Fate::Applied, true);
        assert_eq!(message.as_deref(), Some("paid as claimable balance 00ab"));
    }

    #[test]
    fn a_refund_without_a_transfer_ends_too() {
        let payment = EnvelopePayment { transfer_id: None, ..payment(Does::Pay, true) };
        let settled = settle(&payment, None, &Fate::Applied, scene(false));
        assert!(settled.step.is_none());
        let done = RefundEnd::Done { reference: Some("ab".to_owned()) };
        assert_eq!(settled.refund, Some(("r".to_owned(), done)));
    }
}
