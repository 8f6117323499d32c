//! Calls that change something at the network, and what became of one whose answer is not known.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words;
use super::{Payment, PaymentState, Reason};

/// A call that changes a payment at the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Receiver: promise to take an accepted payment.
    Lock,
    /// Receiver: decline an accepted payment, so that the sender may repair it.
    Reject {
        /// Why.
        reason: Reason,
    },
    /// Either side, in turn: end the payment.
    Fail {
        /// Why.
        reason: Reason,
    },
    /// Sender: try a rejected payment again.
    RetryAccept {
        /// The repaired data of the sender and the beneficiary.
        user_info: Value,
    },
    /// Sender: move the money of a locked payment.
    Settle,
    /// Receiver: the beneficiary has the money.
    Complete,
    /// Receiver: the money is forwarded, or waits to be collected.
    Finalize {
        /// `FORWARDED` or `AWAITING_COLLECTION`.
        sub_state: String,
        /// For the partner to read.
        memo: String,
    },
    /// Any node: a label inside EXECUTED.
    SubState {
        /// The label.
        sub_state: String,
        /// For the partner to read.
        memo: String,
    },
}

impl Operation {
    /// The name in tables, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Reject { .. } => "reject",
            Self::Fail { .. } => "fail",
            Self::RetryAccept { .. } => "retry_accept",
            Self::Settle => "settle",
            Self::Complete => "complete",
            Self::Finalize { .. } => "finalize",
            Self::SubState { .. } => "sub_state",
        }
    }
}

words! {
    /// Where an intent stands.
    pub enum IntentStatus: "status of an operation" {
        /// Written, and perhaps being tried.
        Intended = "intended",
        /// The network has done it.
        Done = "done",
        /// The network has refused it, or it can never be done.
        Refused = "refused",
        /// Tried, with no clear answer.
        Unknown = "unknown",
    }
}

/// What the payment's state tells of an operation whose answer we do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The network has done it, or is past it.
    Done,
    /// It was not done, and may be tried again.
    NotYet,
    /// It can no longer be done.
    TooLate,
}

/// Tells from a fresh look at the payment what became of `operation`.
///
/// The network has no idempotency keys: its operations are guarded by the payment's state, so the state answers.
/// An operation that is not guarded so (finalize, `sub_state`) is [`Resolution::TooLate`] once the payment is over,
/// and else done when its sub-state is there.
#[must_use]
pub fn resolve(operation: &Operation, payment: &Payment) -> Resolution {
    use PaymentState::{
        Accepted, AwaitingCollection, Completed, Executed, Failed, Forwarded, LockDeclined, Locked,
        Other, Prepared, Returned, SettlementDeclined,
    };
    use Resolution::{Done, NotYet, TooLate};
    match operation {
        Operation::Lock => match payment.state {
            _ if payment.locked_here => Done,
            Accepted | Other(_) => NotYet,
            Locked | Prepared | SettlementDeclined | Executed | Forwarded | AwaitingCollection
            | Completed | Returned => Done,
            LockDeclined | Failed => TooLate,
        },
        Operation::Reject { .. } => match payment.state {
            LockDeclined | Failed => Done,
            Accepted | Other(_) => NotYet,
            Locked | Prepared | SettlementDeclined | Executed | Forwarded | AwaitingCollection
            | Completed | Returned => TooLate,
        },
        Operation::Fail { .. } => match payment.state {
            Failed => Done,
            Accepted | LockDeclined | Locked | SettlementDeclined | Executed | Forwarded
            | AwaitingCollection | Other(_) => NotYet,
            Prepared | Completed | Returned => TooLate,
        },
        Operation::RetryAccept { .. } => match payment.state {
            LockDeclined | Other(_) => NotYet,
            Failed => TooLate,
            Accepted | Locked | Prepared | SettlementDeclined | Executed | Forwarded
            | AwaitingCollection | Completed | Returned => Done,
        },
        Operation::Settle => match payment.state {
            Accepted | Locked | SettlementDeclined | Other(_) => NotYet,
            Prepared | Executed | Forwarded | AwaitingCollection | Completed | Returned => Done,
            LockDeclined | Failed => TooLate,
        },
        Operation::Complete => match payment.state {
            Completed | Returned => Done,
            Executed | Forwarded | AwaitingCollection | Other(_) => NotYet,
            Accepted | LockDeclined | Locked | Prepared | SettlementDeclined | Failed => TooLate,
        },
        Operation::Finalize { sub_state, .. } | Operation::SubState { sub_state, .. } => {
            if payment.sub_states.contains(sub_state) {
                Done
            } else if payment.state.is_over() {
                TooLate
            } else {
                NotYet
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::payment;
    use super::super::{Reason, ReasonType};
    use super::*;

    fn reason() -> Reason {
        Reason::new(ReasonType::ReceiverDataValidation, "AC03", "no such account").unwrap()
    }

    #[test]
    fn what_is_already_there_is_done() {
        let cases = [
            (Operation::Lock, "LOCKED"),
            (Operation::Lock, "COMPLETED"),
            (Operation::Reject { reason: reason() }, "LOCK_DECLINED"),
            (Operation::Fail { reason: reason() }, "FAILED"),
            (Operation::Settle, "PREPARED"),
            (Operation::Complete, "COMPLETED"),
        ];
        for (operation, state) in cases {
            assert_eq!(resolve(&operation, &payment(state, 1)), Resolution::Done, "{state}");
        }
    }

    #[test]
    fn a_partial_lock_is_a_lock() {
        let mut accepted = payment("ACCEPTED", 1);
        assert_eq!(resolve(&Operation::Lock, &accepted), Resolution::NotYet);
        accepted.locked_here = true;
        assert_eq!(resolve(&Operation::Lock, &accepted), Resolution::Done);
    }

    #[test]
    fn what_can_no_longer_be_done_is_too_late() {
        assert_eq!(resolve(&Operation::Lock, &payment("FAILED", 1)), Resolution::TooLate);
        assert_eq!(resolve(&Operation::Complete, &payment("FAILED", 1)), Resolution::TooLate);
        assert_eq!(resolve(&Operation::Settle, &payment("FAILED", 1)), Resolution::TooLate);
        let reject = Operation::Reject { reason: reason() };
        assert_eq!(resolve(&reject, &payment("LOCKED", 1)), Resolution::TooLate);
    }

    #[test]
    fn an_operation_survives_the_database() {
        let reject = Operation::Reject { reason: reason() };
        let text = serde_json::to_string(&reject).unwrap();
        assert_eq!(serde_json::from_str::<Operation>(&text).unwrap(), reject);
    }
}
