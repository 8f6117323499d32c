//! Which status may follow which, for which cause, and who may say so: one table.

use thiserror::Error;

use super::TransferKind::{Deposit, DepositExchange, Send, Withdrawal, WithdrawalExchange};
use super::TransferStatus as S;
use super::{Actor, Cause, Transfer, TransferKind, TransferStatus};
use crate::engine::Poller;

/// A row of the table: any of `kinds` in any of `from` may become `to`, for `cause`, if `by` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// Of which transfers.
    pub kinds: &'static [TransferKind],
    /// Where they stand.
    pub from: &'static [TransferStatus],
    /// Where they stand after it.
    pub to: TransferStatus,
    /// Why.
    pub cause: Cause,
    /// Who may.
    pub by: Actor,
}

/// A move that the table does not have.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
#[error("a {kind} that is {from} does not become {to} because of {cause}")]
pub struct IllegalMove {
    /// The transfer's kind.
    pub kind: TransferKind,
    /// Where it stands.
    pub from: TransferStatus,
    /// Where it was to stand.
    pub to: TransferStatus,
    /// Why.
    pub cause: Cause,
}

const fn row(
    kinds: &'static [TransferKind],
    from: &'static [TransferStatus],
    cause: Cause,
    to: TransferStatus,
    by: Actor,
) -> Move {
    Move { kinds, from, to, cause, by }
}

/// Makes payouts of a network's executed payments.
const EXECUTED: Actor = Actor::Poller(Poller::Executed);
/// Asks rails about deposits, and sends on networks.
const PENDING_DEPOSITS: Actor = Actor::Poller(Poller::PendingDeposits);
/// Pays out on rails.
const OUTGOING: Actor = Actor::Poller(Poller::Outgoing);
/// Sees what comes in on networks.
const WATCH: Actor = Actor::Poller(Poller::Watch);
const OPERATOR: Actor = Actor::Operator;

const ALL: &[TransferKind] = &TransferKind::ALL;
const DEPOSITS: &[TransferKind] = &[Deposit, DepositExchange];
const WITHDRAWALS: &[TransferKind] = &[Withdrawal, WithdrawalExchange];
const SENDS: &[TransferKind] = &[Send];
/// All that is paid out on a rail.
const PAID_OUT: &[TransferKind] = &[Withdrawal, WithdrawalExchange, Send];
/// All that a customer of ours pays in.
const CUSTOMERS: &[TransferKind] = &[Deposit, DepositExchange, Withdrawal, WithdrawalExchange];

/// Before the money.
const DEPOSIT_START: &[S] = &[S::PendingUserTransferStart, S::PendingExternal];
const WITHDRAWAL_START: &[S] = &[S::PendingUserTransferStart];
const SEND_START: &[S] = &[S::PendingSender];
/// Money that comes before all was told, or to what a person has stopped, waits for a person.
const DEPOSIT_UNREADY: &[S] =
    &[S::Incomplete, S::PendingUser, S::PendingUserTransferStart, S::PendingExternal, S::OnHold];
const NETWORK_UNREADY: &[S] =
    &[S::Incomplete, S::PendingUser, S::PendingUserTransferStart, S::PendingSender, S::OnHold];
/// Before the money, whether all was told or not.
const AGREEING: &[S] =
    &[S::Incomplete, S::PendingUser, S::PendingUserTransferStart, S::PendingSender];
/// Where the rail is paying, or about to.
const PAYING: &[S] =
    &[S::PendingAnchor, S::PendingReceiver, S::PendingExternal, S::PendingUserTransferComplete];
const TO_PAY: &[S] = &[S::PendingAnchor, S::PendingReceiver];
const TO_SEND: &[S] = &[S::PendingAnchor, S::PendingStellar, S::PendingTrust];
/// Where no payout is under way.
const UNPAID: &[S] =
    &[S::PendingReceiver, S::PendingTransactionInfoUpdate, S::PendingCustomerInfoUpdate];
const ASKED: &[S] = &[S::PendingTransactionInfoUpdate, S::PendingCustomerInfoUpdate];
/// Where a person may stop it: nothing is on its way. A payout or an envelope that is open forbids it too.
const HOLDABLE: &[S] = &[
    S::Incomplete,
    S::PendingUser,
    S::PendingUserTransferStart,
    S::PendingSender,
    S::PendingAnchor,
    S::PendingReceiver,
    S::PendingTrust,
    S::PendingTransactionInfoUpdate,
    S::PendingCustomerInfoUpdate,
];
/// The money is in, and nothing of it is on its way out: where a person may send it back, and where it stops if it is gone.
const REFUNDABLE: &[S] = &[
    S::PendingAnchor,
    S::PendingReceiver,
    S::PendingTrust,
    S::PendingTransactionInfoUpdate,
    S::PendingCustomerInfoUpdate,
    S::OnHold,
    S::Error,
];
/// Where a payment that was not matched may be the one that was missing.
const UNASSIGNED: &[S] = &[
    S::Incomplete,
    S::PendingUser,
    S::PendingUserTransferStart,
    S::PendingSender,
    S::Expired,
    S::OnHold,
    S::TooSmall,
    S::TooLarge,
    S::NoMarket,
    S::Error,
];
const HELD: &[S] = &[S::OnHold];
/// Money that came in time may be told of after its transfer was given up.
const GIVEN_UP: &[S] = &[S::Expired];
const FAILED: &[S] = &[S::Error];
/// Where a person may have done by hand what is left.
const HELD_OR_FAILED: &[S] = &[S::OnHold, S::Error];
/// Where somebody else may be named who is paid: nothing is under way. A payout that is open forbids it too.
const CORRECTABLE: &[S] = &[
    S::Incomplete,
    S::PendingUser,
    S::PendingUserTransferStart,
    S::PendingSender,
    S::PendingAnchor,
    S::PendingReceiver,
    S::PendingTransactionInfoUpdate,
    S::PendingCustomerInfoUpdate,
    S::OnHold,
    S::Error,
];

/// Every legal move. What is not here is refused.
///
/// While money goes back, a transfer is `pending_anchor` until the refund is sent or handed to the rail: it has a
/// refund then, and is taken up as one. So the two directions share their statuses, and not their causes.
#[rustfmt::skip]
pub const MOVES: &[Move] = &[
    // Agreeing.
    row(CUSTOMERS, &[S::Incomplete, S::PendingUser], Cause::UserReady, S::PendingUserTransferStart, OPERATOR),
    row(SENDS, &[S::Incomplete, S::PendingUser], Cause::UserReady, S::PendingSender, OPERATOR),
    row(ALL, AGREEING, Cause::UserAsked, S::PendingUser, OPERATOR),
    row(ALL, AGREEING, Cause::TurnedDown, S::NoMarket, OPERATOR),
    row(ALL, AGREEING, Cause::TurnedDown, S::TooSmall, OPERATOR),
    row(ALL, AGREEING, Cause::TurnedDown, S::TooLarge, OPERATOR),
    row(ALL, AGREEING, Cause::TurnedDown, S::Error, OPERATOR),
    // Money comes in.
    row(DEPOSITS, &[S::PendingUserTransferStart], Cause::ArrivalSeen, S::PendingExternal, PENDING_DEPOSITS),
    row(DEPOSITS, DEPOSIT_START, Cause::Arrived, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, DEPOSIT_UNREADY, Cause::ArrivalHeld, S::OnHold, PENDING_DEPOSITS),
    row(DEPOSITS, DEPOSIT_START, Cause::ArrivalReturned, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, GIVEN_UP, Cause::Arrived, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, GIVEN_UP, Cause::ArrivalHeld, S::OnHold, PENDING_DEPOSITS),
    row(DEPOSITS, GIVEN_UP, Cause::ArrivalReturned, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, DEPOSIT_START, Cause::ArrivalFailed, S::Error, PENDING_DEPOSITS),
    row(DEPOSITS, AGREEING, Cause::DeadlinePassed, S::Expired, PENDING_DEPOSITS),
    row(DEPOSITS, REFUNDABLE, Cause::ArrivalReversed, S::OnHold, PENDING_DEPOSITS),
    row(WITHDRAWALS, WITHDRAWAL_START, Cause::Arrived, S::PendingAnchor, WATCH),
    row(SENDS, SEND_START, Cause::Arrived, S::PendingReceiver, WATCH),
    row(PAID_OUT, NETWORK_UNREADY, Cause::ArrivalHeld, S::OnHold, WATCH),
    row(WITHDRAWALS, WITHDRAWAL_START, Cause::ArrivalReturned, S::PendingAnchor, WATCH),
    row(SENDS, SEND_START, Cause::ArrivalReturned, S::PendingAnchor, WATCH),
    row(WITHDRAWALS, GIVEN_UP, Cause::Arrived, S::PendingAnchor, WATCH),
    row(SENDS, GIVEN_UP, Cause::Arrived, S::PendingReceiver, WATCH),
    row(PAID_OUT, GIVEN_UP, Cause::ArrivalHeld, S::OnHold, WATCH),
    row(PAID_OUT, GIVEN_UP, Cause::ArrivalReturned, S::PendingAnchor, WATCH),
    row(PAID_OUT, AGREEING, Cause::DeadlinePassed, S::Expired, WATCH),
    row(PAID_OUT, REFUNDABLE, Cause::ArrivalReversed, S::OnHold, WATCH),
    // A deposit goes out on the network.
    row(DEPOSITS, &[S::PendingAnchor], Cause::Sent, S::PendingStellar, PENDING_DEPOSITS),
    row(DEPOSITS, &[S::PendingAnchor, S::PendingStellar], Cause::TrustMissing, S::PendingTrust, PENDING_DEPOSITS),
    row(DEPOSITS, &[S::PendingTrust], Cause::TrustFound, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, &[S::PendingStellar], Cause::SendLapsed, S::PendingAnchor, PENDING_DEPOSITS),
    row(DEPOSITS, TO_SEND, Cause::SendHeld, S::OnHold, PENDING_DEPOSITS),
    row(DEPOSITS, TO_SEND, Cause::Applied, S::Completed, PENDING_DEPOSITS),
    // A withdrawal or a send goes out on the rail.
    row(PAID_OUT, TO_PAY, Cause::Initiated, S::PendingExternal, OUTGOING),
    row(PAID_OUT, PAYING, Cause::Delivered, S::Completed, OUTGOING),
    row(PAID_OUT, PAYING, Cause::PayoutFailed, S::Error, OUTGOING),
    row(PAID_OUT, PAYING, Cause::InformationAsked, S::PendingTransactionInfoUpdate, OUTGOING),
    row(PAID_OUT, PAYING, Cause::InformationAsked, S::PendingCustomerInfoUpdate, OUTGOING),
    row(PAID_OUT, PAYING, Cause::PayoutUnclear, S::OnHold, OUTGOING),
    row(PAID_OUT, TO_PAY, Cause::PayoutHeld, S::OnHold, OUTGOING),
    row(SENDS, UNPAID, Cause::DecisionVoid, S::OnHold, EXECUTED),
    row(WITHDRAWALS, ASKED, Cause::Informed, S::PendingAnchor, OPERATOR),
    row(SENDS, ASKED, Cause::Informed, S::PendingReceiver, OPERATOR),
    // Money goes back: a deposit's on the rail, the others' on the network.
    row(DEPOSITS, &[S::PendingAnchor], Cause::RefundStarted, S::PendingExternal, OUTGOING),
    row(DEPOSITS, &[S::PendingAnchor, S::PendingExternal], Cause::RefundDone, S::Refunded, OUTGOING),
    row(DEPOSITS, &[S::PendingAnchor, S::PendingExternal], Cause::RefundFailed, S::OnHold, OUTGOING),
    row(DEPOSITS, &[S::PendingAnchor, S::PendingExternal], Cause::PayoutUnclear, S::OnHold, OUTGOING),
    row(PAID_OUT, &[S::PendingAnchor], Cause::RefundStarted, S::PendingStellar, PENDING_DEPOSITS),
    row(PAID_OUT, &[S::PendingStellar], Cause::RefundLapsed, S::PendingAnchor, PENDING_DEPOSITS),
    row(PAID_OUT, &[S::PendingAnchor, S::PendingStellar], Cause::RefundDone, S::Refunded, PENDING_DEPOSITS),
    row(PAID_OUT, &[S::PendingAnchor, S::PendingStellar], Cause::RefundFailed, S::OnHold, PENDING_DEPOSITS),
    // A person.
    row(ALL, HOLDABLE, Cause::Held, S::OnHold, OPERATOR),
    row(DEPOSITS, &[S::PendingExternal], Cause::Held, S::OnHold, OPERATOR),
    row(CUSTOMERS, HELD, Cause::Released, S::PendingUserTransferStart, OPERATOR),
    row(CUSTOMERS, HELD, Cause::Released, S::PendingAnchor, OPERATOR),
    row(SENDS, HELD, Cause::Released, S::PendingSender, OPERATOR),
    row(SENDS, HELD, Cause::Released, S::PendingReceiver, OPERATOR),
    row(ALL, REFUNDABLE, Cause::RefundDecided, S::PendingAnchor, OPERATOR),
    row(CUSTOMERS, UNASSIGNED, Cause::Assigned, S::PendingAnchor, OPERATOR),
    row(SENDS, UNASSIGNED, Cause::Assigned, S::PendingReceiver, OPERATOR),
    row(CUSTOMERS, FAILED, Cause::Retried, S::PendingAnchor, OPERATOR),
    row(SENDS, FAILED, Cause::Retried, S::PendingReceiver, OPERATOR),
    row(PAID_OUT, CORRECTABLE, Cause::Corrected, S::OnHold, OPERATOR),
    row(ALL, HELD_OR_FAILED, Cause::Resolved, S::Completed, OPERATOR),
    row(ALL, HELD_OR_FAILED, Cause::Resolved, S::Refunded, OPERATOR),
    row(ALL, HELD, Cause::Resolved, S::Error, OPERATOR),
    row(CUSTOMERS, HELD, Cause::Resolved, S::PendingAnchor, OPERATOR),
    row(SENDS, HELD, Cause::Resolved, S::PendingReceiver, OPERATOR),
    row(PAID_OUT, &[S::PendingExternal], Cause::Resolved, S::PendingUserTransferComplete, OPERATOR),
    row(PAID_OUT, &[S::PendingUserTransferComplete], Cause::Resolved, S::Completed, OPERATOR),
];

/// Whether the table has this move.
///
/// # Errors
/// [`IllegalMove`] says what is not in it.
pub fn legal(
    kind: TransferKind,
    from: TransferStatus,
    to: TransferStatus,
    cause: Cause,
) -> Result<Actor, IllegalMove> {
    MOVES
        .iter()
        .find(|one| {
            one.cause == cause
                && one.to == to
                && one.from.contains(&from)
                && one.kinds.contains(&kind)
        })
        .map(|one| one.by)
        .ok_or(IllegalMove { kind, from, to, cause })
}

/// Who moves a transfer of this kind for this cause; none where nobody does.
#[must_use]
pub fn actor(kind: TransferKind, cause: Cause) -> Option<Actor> {
    MOVES.iter().find(|one| one.cause == cause && one.kinds.contains(&kind)).map(|one| one.by)
}

/// Where a transfer goes on when a person lets it: to be paid out if its money is in, else to be waited for.
#[must_use]
pub const fn released_to(transfer: &Transfer) -> TransferStatus {
    match (transfer.kind, transfer.amount_in.is_some()) {
        (Send, true) => S::PendingReceiver,
        (Send, false) => S::PendingSender,
        (Deposit | DepositExchange | Withdrawal | WithdrawalExchange, true) => S::PendingAnchor,
        (Deposit | DepositExchange | Withdrawal | WithdrawalExchange, false) => {
            S::PendingUserTransferStart
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_word_means_one_cause() {
        let words: HashSet<_> = Cause::ALL.map(Cause::as_str).into_iter().collect();
        assert_eq!(words.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(MOVES.iter().any(|one| one.cause == cause), "{cause} moves nothing");
        }
    }

    #[test]
    fn of_one_kind_and_cause_one_actor_speaks() {
        for kind in TransferKind::ALL {
            for cause in Cause::ALL {
                let of_it = |one: &&Move| one.cause == cause && one.kinds.contains(&kind);
                let actors: HashSet<Actor> = MOVES.iter().filter(of_it).map(|one| one.by).collect();
                assert!(actors.len() <= 1, "{kind}, {cause}: {actors:?}");
                assert_eq!(actors.into_iter().next(), actor(kind, cause));
            }
        }
    }

    #[test]
    fn no_move_is_there_twice() {
        let mut seen = HashSet::new();
        for one in MOVES {
            for (kind, from) in
                one.kinds.iter().flat_map(|kind| one.from.iter().map(move |from| (kind, from)))
            {
                assert!(
                    seen.insert((kind, from, one.to, one.cause)),
                    "{kind}: {from} to {}, {}",
                    one.to,
                    one.cause
                );
            }
        }
    }

    /// Every status that a transfer of this kind can come to from where transfers begin.
    fn reachable(kind: TransferKind) -> HashSet<TransferStatus> {
        let mut reached = HashSet::from([TransferStatus::Incomplete]);
        loop {
            let next: Vec<_> = MOVES
                .iter()
                .filter(|one| one.kinds.contains(&kind))
                .filter(|one| one.from.iter().any(|from| reached.contains(from)))
                .map(|one| one.to)
                .filter(|to| !reached.contains(to))
                .collect();
            if next.is_empty() {
                return reached;
            }
            reached.extend(next);
        }
    }

    #[test]
    fn every_status_can_be_reached_and_every_open_one_left() {
        let all: HashSet<_> = TransferKind::ALL.into_iter().flat_map(reachable).collect();
        for status in TransferStatus::ALL {
            assert!(all.contains(&status), "nothing becomes {status}");
        }
        for kind in TransferKind::ALL {
            for status in reachable(kind).into_iter().filter(|status| !status.is_final()) {
                let leaves = |one: &Move| {
                    one.kinds.contains(&kind) && one.from.contains(&status) && one.to != status
                };
                assert!(MOVES.iter().any(leaves), "a {kind} stays {status} for ever");
            }
        }
    }

    #[test]
    fn done_and_refunded_are_for_ever() {
        for one in MOVES {
            assert!(!one.from.contains(&TransferStatus::Completed), "{one:?}");
            assert!(!one.from.contains(&TransferStatus::Refunded), "{one:?}");
        }
    }

    #[test]
    fn a_deposit_is_never_paid_on_a_rail_nor_a_withdrawal_sent() {
        let sending = [Cause::Sent, Cause::Applied, Cause::TrustMissing];
        let paying = [Cause::Initiated, Cause::Delivered, Cause::InformationAsked];
        for kind in TransferKind::ALL {
            let wrong = if kind.is_deposit() { paying } else { sending };
            assert!(wrong.into_iter().all(|cause| actor(kind, cause).is_none()), "{kind}");
        }
    }

    fn any_kind() -> impl Strategy<Value = TransferKind> {
        proptest::sample::select(&TransferKind::ALL[..])
    }

    proptest! {
        #[test]
        fn only_a_person_leaves_an_end_but_for_money_that_came_in_time_or_is_gone(
            kind in any_kind(),
            tries in proptest::collection::vec((0..MOVES.len(), 0..TransferStatus::ALL.len()), 0..400),
        ) {
            let mut status = TransferStatus::Incomplete;
            for (row, to) in tries {
                let cause = MOVES[row].cause;
                // Half of them aim at where the row leads, the others anywhere.
                let to = if row % 2 == 0 { MOVES[row].to } else { TransferStatus::ALL[to] };
                match legal(kind, status, to, cause) {
                    Ok(by) => {
                        let is_late = status == TransferStatus::Expired
                            && matches!(cause, Cause::Arrived | Cause::ArrivalHeld | Cause::ArrivalReturned);
                        let is_gone = cause == Cause::ArrivalReversed && status == TransferStatus::Error;
                        prop_assert!(!status.is_final() || by == OPERATOR || is_late || is_gone);
                        prop_assert_eq!(Some(by), actor(kind, cause));
                        status = to;
                    }
                    Err(refused) => prop_assert_eq!(refused, IllegalMove { kind, from: status, to, cause }),
                }
            }
        }
    }
}
