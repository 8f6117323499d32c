//! Who decides: a person, by the name that they give, beside what the system knows of them.

use std::fmt;

/// How far a name is more than a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The user of this name has logged in where the process was started: nobody can change that later.
    Login,
    /// The process runs as the user of this name, and nobody is known to have logged in.
    User,
    /// Somebody says so.
    Claimed,
}

impl Evidence {
    /// Every word.
    pub const ALL: [Self; 3] = [Self::Login, Self::User, Self::Claimed];

    /// The word in the column `evidence`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::User => "user",
            Self::Claimed => "claimed",
        }
    }

    /// What speaks for a name whose user has the id `named`, in a process of the real user `uid` in the session of
    /// `login_uid`. Where a login is known, it alone counts: behind `sudo` everybody runs as another user.
    #[must_use]
    pub fn of(named: Option<u32>, uid: u32, login_uid: Option<u32>) -> Self {
        match (named, login_uid) {
            (None, _) => Self::Claimed,
            (Some(named), Some(login)) if named == login => Self::Login,
            (Some(_), Some(_)) => Self::Claimed,
            (Some(named), None) if named == uid => Self::User,
            (Some(_), None) => Self::Claimed,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person who decides. The name stands beside what the system tells, and never in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The name given, or that of the user.
    pub name: String,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The process's real user id.
    pub uid: u32,
    /// The id of the user who logged in; none where the system does not tell.
    pub login_uid: Option<u32>,
    /// The host.
    pub host: String,
    /// By what: `command`.
    pub origin: &'static str,
}

/// What an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Lets a payment go on.
    PaymentApprove,
    /// Turns a payment down.
    PaymentDecline,
    /// Leaves a payment alone for now.
    PaymentHold,
    /// Ends a hold of a payment.
    PaymentRelease,
    /// Makes transfers.
    TransferCreate,
    /// Stops a transfer.
    TransferHold,
    /// Lets a transfer go on.
    TransferRelease,
    /// Sends a transfer's money back.
    TransferRefund,
    /// Moves a transfer.
    TransferMove,
    /// Says what became of a transfer.
    TransferResolve,
    /// Gives incoming money to a transfer.
    IncomingAssign,
    /// Sends incoming money back.
    IncomingRefund,
    /// Adds signatures to an envelope.
    EnvelopeSign,
    /// Ends an alert.
    AlertClear,
    /// Says that a row that was set aside has been seen to.
    QuarantineResolve,
    /// Tells the database that it was restored.
    DatabaseRestored,
    /// Lets things go out again after that.
    DatabaseConfirm,
}

impl Action {
    /// The word in the column `action`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentApprove => "payment.approve",
            Self::PaymentDecline => "payment.decline",
            Self::PaymentHold => "payment.hold",
            Self::PaymentRelease => "payment.release",
            Self::TransferCreate => "transfer.create",
            Self::TransferHold => "transfer.hold",
            Self::TransferRelease => "transfer.release",
            Self::TransferRefund => "transfer.refund",
            Self::TransferMove => "transfer.move",
            Self::TransferResolve => "transfer.resolve",
            Self::IncomingAssign => "incoming.assign",
            Self::IncomingRefund => "incoming.refund",
            Self::EnvelopeSign => "envelope.sign",
            Self::AlertClear => "alert.clear",
            Self::QuarantineResolve => "quarantine.resolve",
            Self::DatabaseRestored => "database.restored",
            Self::DatabaseConfirm => "database.confirm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_believed_where_the_system_agrees() {
        let (kim, railpoll) = (1000, 990);
        // sudo -u railpoll, after a login as kim.
        assert_eq!(Evidence::of(Some(kim), railpoll, Some(kim)), Evidence::Login);
        assert_eq!(Evidence::of(Some(railpoll), railpoll, Some(kim)), Evidence::Claimed);
        assert_eq!(Evidence::of(None, railpoll, Some(kim)), Evidence::Claimed);
        // In a container nobody has logged in.
        assert_eq!(Evidence::of(Some(kim), kim, None), Evidence::User);
        assert_eq!(Evidence::of(Some(kim), railpoll, None), Evidence::Claimed);
        assert_eq!(Evidence::of(None, kim, None), Evidence::Claimed);
    }
}
