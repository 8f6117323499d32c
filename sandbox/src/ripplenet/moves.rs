//! The states of a payment at the network and who may move it where.
//!
//! Written from the network's documentation alone, so that a mistake in our engine is not shared by its judge.

use std::fmt;
use std::str::FromStr;

/// A state that the network reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentState {
    /// Offered by the sender, waiting for the receiver.
    Accepted,
    /// Promised by every node that has to.
    Locked,
    /// Refused by a node; the sender may repair and offer it again.
    LockDeclined,
    /// Funds are set aside and the network is about to execute.
    Prepared,
    /// The sender's liquidity did not suffice.
    SettlementDeclined,
    /// The value has moved; the receiver pays the beneficiary.
    Executed,
    /// The beneficiary has it.
    Completed,
    /// It is over and went wrong.
    Failed,
    /// The value went back by another payment.
    Returned,
}

impl PaymentState {
    /// Every state, in the order in which they are declared.
    pub const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Locked,
        Self::LockDeclined,
        Self::Prepared,
        Self::SettlementDeclined,
        Self::Executed,
        Self::Completed,
        Self::Failed,
        Self::Returned,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Locked => "LOCKED",
            Self::LockDeclined => "LOCK_DECLINED",
            Self::Prepared => "PREPARED",
            Self::SettlementDeclined => "SETTLEMENT_DECLINED",
            Self::Executed => "EXECUTED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Returned => "RETURNED",
        }
    }

    /// The states that the network ends by itself when the payment's deadline passes.
    #[must_use]
    pub const fn expires(self) -> bool {
        match self {
            Self::Accepted | Self::Locked | Self::LockDeclined | Self::SettlementDeclined => true,
            Self::Prepared | Self::Executed | Self::Completed | Self::Failed | Self::Returned => {
                false
            }
        }
    }

    /// The states that a payment goes through on the usual way to this one, this one included.
    pub(super) const fn path(self) -> &'static [Self] {
        use PaymentState::{
            Accepted, Completed, Executed, Failed, LockDeclined, Locked, Prepared, Returned,
            SettlementDeclined,
        };
        match self {
            Accepted => &[Accepted],
            Locked => &[Accepted, Locked],
            LockDeclined => &[Accepted, LockDeclined],
            Prepared => &[Accepted, Locked, Prepared],
            SettlementDeclined => &[Accepted, Locked, SettlementDeclined],
            Executed => &[Accepted, Locked, Prepared, Executed],
            Completed => &[Accepted, Locked, Prepared, Executed, Completed],
            Failed => &[Accepted, Failed],
            Returned => &[Accepted, Locked, Prepared, Executed, Completed, Returned],
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PaymentState {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| format!("there is no state `{name}`"))
    }
}

/// What the node that asks is to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It receives the value and pays the beneficiary.
    Receiving,
    /// It sends the value.
    Sending,
}

impl Role {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Receiving, Self::Sending];

    /// The word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiving => "RECEIVING",
            Self::Sending => "SENDING",
        }
    }

    /// What the partner at the other end is.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Receiving => Self::Sending,
            Self::Sending => Self::Receiving,
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// A call that changes a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// The receiver promises to take part.
    Lock,
    /// The receiver refuses; the sender may repair it.
    Reject,
    /// A node ends the payment.
    Fail,
    /// The sender offers a refused payment again.
    RetryAccept,
    /// The sender releases the funds.
    Settle,
    /// The receiver has paid the beneficiary.
    Complete,
    /// The receiver has passed the payout on.
    Finalize,
    /// A node adds a sub-state.
    SubState,
    /// Labels are added.
    PutLabels,
    /// Labels are taken away.
    DeleteLabels,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Lock,
        Self::Reject,
        Self::Fail,
        Self::RetryAccept,
        Self::Settle,
        Self::Complete,
        Self::Finalize,
        Self::SubState,
        Self::PutLabels,
        Self::DeleteLabels,
    ];

    /// Whether it is `PUT` or `DELETE …/labels`, which have no body.
    pub(super) const fn about_labels(self) -> bool {
        matches!(self, Self::PutLabels | Self::DeleteLabels)
    }

    /// The word in the path; the two for labels share a path and have names of their own here.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Reject => "reject",
            Self::Fail => "fail",
            Self::RetryAccept => "retry_accept",
            Self::Settle => "settle",
            Self::Complete => "complete",
            Self::Finalize => "finalize",
            Self::SubState => "sub_state",
            Self::PutLabels => "put_labels",
            Self::DeleteLabels => "delete_labels",
        }
    }

    /// Where the operation leads when `role` asks for it in `state`; nothing where it is not allowed.
    pub(super) fn leads_to(self, role: Role, state: PaymentState) -> Option<PaymentState> {
        match self {
            // Labels are the node's own and may be set at any time.
            Self::PutLabels | Self::DeleteLabels => Some(state),
            Self::SubState => (state == PaymentState::Executed).then_some(state),
            Self::Lock
            | Self::Reject
            | Self::Fail
            | Self::RetryAccept
            | Self::Settle
            | Self::Complete
            | Self::Finalize => MOVES
                .iter()
                .find(|(operation, who, from, _)| (*operation, *who, *from) == (self, role, state))
                .map(|(_, _, _, to)| *to),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every move that a call can make: operation, who asks, from, to.
const MOVES: [(Operation, Role, PaymentState, PaymentState); 11] = {
    use Operation::{Complete, Fail, Finalize, Lock, Reject, RetryAccept, Settle};
    use PaymentState::{
        Accepted, Completed, Executed, Failed, LockDeclined, Locked, Prepared, SettlementDeclined,
    };
    use Role::{Receiving, Sending};
    [
        (Lock, Receiving, Accepted, Locked),
        (Reject, Receiving, Accepted, LockDeclined),
        (Fail, Receiving, Accepted, Failed),
        (Fail, Receiving, Executed, Failed),
        (Fail, Sending, LockDeclined, Failed),
        (Fail, Sending, Locked, Failed),
        (RetryAccept, Sending, LockDeclined, Accepted),
        (Settle, Sending, Locked, Prepared),
        (Settle, Sending, SettlementDeclined, Prepared),
        (Complete, Receiving, Executed, Completed),
        (Finalize, Receiving, Executed, Executed),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_as_it_is_written() {
        for state in PaymentState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(PaymentState::ALL[state.index()], state);
            assert_eq!(state.path().last(), Some(&state));
            assert_eq!(state.path().first(), Some(&PaymentState::Accepted));
        }
        assert!("FORWARDED".parse::<PaymentState>().is_err());
    }

    #[test]
    fn the_table_allows_these_calls_and_no_others() {
        let mut allowed: Vec<String> = Vec::new();
        for operation in [
            Operation::Lock,
            Operation::Reject,
            Operation::Fail,
            Operation::RetryAccept,
            Operation::Settle,
            Operation::Complete,
            Operation::Finalize,
            Operation::SubState,
        ] {
            for role in Role::ALL {
                for state in PaymentState::ALL {
                    if let Some(to) = operation.leads_to(role, state) {
                        allowed.push(format!("{operation} {} {state} {to}", role.name()));
                    }
                }
            }
        }
        assert_eq!(
            allowed,
            [
                "lock RECEIVING ACCEPTED LOCKED",
                "reject RECEIVING ACCEPTED LOCK_DECLINED",
                "fail RECEIVING ACCEPTED FAILED",
                "fail RECEIVING EXECUTED FAILED",
                "fail SENDING LOCKED FAILED",
                "fail SENDING LOCK_DECLINED FAILED",
                "retry_accept SENDING LOCK_DECLINED ACCEPTED",
                "settle SENDING LOCKED PREPARED",
                "settle SENDING SETTLEMENT_DECLINED PREPARED",
                "complete RECEIVING EXECUTED COMPLETED",
                "finalize RECEIVING EXECUTED EXECUTED",
                "sub_state RECEIVING EXECUTED EXECUTED",
                "sub_state SENDING EXECUTED EXECUTED",
            ]
        );
    }

    #[test]
    fn labels_may_be_set_in_any_state_and_move_nothing() {
        for state in PaymentState::ALL {
            assert_eq!(Operation::PutLabels.leads_to(Role::Sending, state), Some(state));
            assert_eq!(Operation::DeleteLabels.leads_to(Role::Receiving, state), Some(state));
        }
    }

    #[test]
    fn a_prepared_payment_cannot_expire() {
        assert!(!PaymentState::Prepared.expires());
        assert!(PaymentState::SettlementDeclined.expires());
    }
}
