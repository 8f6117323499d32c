//! The pollers by name.

use std::fmt;
use std::str::FromStr;

/// A daemon that owns one state of payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Poller {
    /// Payments offered to us, to be locked or rejected.
    Accepted,
    /// Payments whose partners have locked them, to be settled by the sender.
    Locked,
    /// Payments that the network has executed, to be completed by the receiver.
    Executed,
    /// Payments that are over and went well, and those that were returned.
    Completed,
    /// Payments that are over and went wrong.
    Failed,
}

impl Poller {
    /// Every poller, in the order of a payment's life.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Locked, Self::Executed, Self::Completed, Self::Failed];

    /// The name in config, logs and tables, and after `railpoll-` in the binary's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Locked => "locked",
            Self::Executed => "executed",
            Self::Completed => "completed",
            Self::Failed => "failed",
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
            Self::Failed => "railpoll-failed",
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
