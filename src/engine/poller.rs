//! The pollers by name.

use std::fmt;
use std::str::FromStr;

/// A daemon that owns one state of payments, or one part of transfers' way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Poller {
    /// Payments offered to us, to be locked or rejected.
    Accepted,
    /// Payments whose partners have locked them, to be settled by the sender.
    Locked,
    /// Payments that the network has executed, to be completed by the receiver.
    Executed,
    /// Payments that are over and went well.
    Completed,
    /// Payments whose money went back, by another payment.
    Returned,
    /// Payments that are over and went wrong.
    Failed,
    /// Deposits: money that is to come in on a rail, and then to go out on a network.
    PendingDeposits,
    /// Withdrawals and sends: money that came in on a network, and is to go out on a rail.
    Outgoing,
    /// Money that reaches our accounts on a network.
    Watch,
}

impl Poller {
    /// Every poller: those of payments in the order of a payment's life, then those of transfers.
    pub const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Locked,
        Self::Executed,
        Self::Completed,
        Self::Returned,
        Self::Failed,
        Self::PendingDeposits,
        Self::Outgoing,
        Self::Watch,
    ];

    /// The pollers that own a state of payments, in the order of a payment's life.
    pub const PAYMENTS: [Self; 6] = [
        Self::Accepted,
        Self::Locked,
        Self::Executed,
        Self::Completed,
        Self::Returned,
        Self::Failed,
    ];

    /// Whether it owns a state of payments.
    #[must_use]
    pub const fn is_of_payments(self) -> bool {
        match self {
            Self::Accepted
            | Self::Locked
            | Self::Executed
            | Self::Completed
            | Self::Returned
            | Self::Failed => true,
            Self::PendingDeposits | Self::Outgoing | Self::Watch => false,
        }
    }

    /// The name in logs and tables, and after `railpoll-` in the binary's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Locked => "locked",
            Self::Executed => "executed",
            Self::Completed => "completed",
            Self::Returned => "returned",
            Self::Failed => "failed",
            Self::PendingDeposits => "pending-deposits",
            Self::Outgoing => "outgoing",
            Self::Watch => "watch",
        }
    }

    /// The name of its section in the configuration, after `pollers.`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::PendingDeposits => "pending_deposits",
            Self::Accepted
            | Self::Locked
            | Self::Executed
            | Self::Completed
            | Self::Returned
            | Self::Failed
            | Self::Outgoing
            | Self::Watch => self.name(),
        }
    }

    /// The name of its binary.
    #[must_use]
    pub const fn binary(self) -> &'static str {
        match self {
            Self::Accepted => "railpoll-accepted",
            Self::Locked => "railpoll-locked",
            Self::Executed => "railpoll-executed",
            Self::Completed => "railpoll-completed",
            Self::Returned => "railpoll-returned",
            Self::Failed => "railpoll-failed",
            Self::PendingDeposits => "railpoll-pending-deposits",
            Self::Outgoing => "railpoll-outgoing",
            Self::Watch => "railpoll-watch",
        }
    }
}

impl fmt::Display for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Poller {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|poller| poller.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("there is no poller `{name}`; there are: {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_agree() {
        for poller in Poller::ALL {
            assert_eq!(poller.name().parse(), Ok(poller));
            assert_eq!(poller.binary(), format!("railpoll-{poller}"));
            assert_eq!(poller.key(), poller.name().replace('-', "_"));
            assert_eq!(Poller::PAYMENTS.contains(&poller), poller.is_of_payments());
        }
    }
}
