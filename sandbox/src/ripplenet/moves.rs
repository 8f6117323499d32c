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
    /// The sender releases the funds.
    Settle,
    /// The receiver has paid the beneficiary.
    Complete,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::Lock, Self::Reject, Self::Fail, Self::Settle, Self::Complete];

    /// The word in the path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Reject => "reject",
            Self::Fail => "fail",
            Self::Settle => "settle",
            Self::Complete => "complete",
        }
    }

    /// Where the operation leads when `role` asks for it in `state`; nothing where it is not allowed.
    pub(super) fn leads_to(self, role: Role, state: PaymentState) -> Option<PaymentState> {
        let asked = (self, role, state);
        let found =
            MOVES.iter().find(|(operation, who, from, _)| (*operation, *who, *from) == asked);
        found.map(|(_, _, _, to)| *to)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every move that a call can make: operation, who asks, from, to.
const MOVES: [(Operation, Role, PaymentState, PaymentState); 9] = {
    use Operation::{Complete, Fail, Lock, Reject, Settle};
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
        (Settle, Sending, Locked, Prepared),
        (Settle, Sending, SettlementDeclined, Prepared),
        (Complete, Receiving, Executed, Completed),
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
    fn a_prepared_payment_cannot_expire() {
        assert!(!PaymentState::Prepared.expires());
        assert!(PaymentState::SettlementDeclined.expires());
    }
}
