//! Conditions that somebody should know of.

use std::fmt;

/// The names of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertName {
    /// The network does not take our credentials.
    CredentialsRefused,
    /// The network does not answer, or only with errors.
    NetworkUnavailable,
    /// The network's list has other payments than our database, and a reconcile was needed.
    Drift,
    /// Rows were set aside because they could not be understood or believed.
    Quarantined,
    /// A payment's amount is not what was recorded before.
    AmountChanged,
    /// The list grows faster than it can be read.
    ListTooFast,
    /// The network's answers break its own contract: order, bounds or counts.
    ListUnreliable,
    /// A transfer waits for a person.
    TransferOnHold,
    /// A rail does not answer, or only with errors.
    RailUnavailable,
    /// Money came that belongs to no transfer.
    IncomingUnmatched,
    /// A refund could not be made.
    RefundFailed,
    /// A rail does not take a payout, however often it is handed over.
    PayoutNotTaken,
    /// A rail refuses to be asked about a deposit.
    DepositNotTold,
    /// Calls about some things fail, again and again, while the place is well.
    PutOff,
    /// The network's clock and ours are too far from each other to be both right.
    ClockOffset,
}

impl AlertName {
    /// Every name.
    pub const ALL: [Self; 15] = [
        Self::CredentialsRefused,
        Self::NetworkUnavailable,
        Self::Drift,
        Self::Quarantined,
        Self::AmountChanged,
        Self::ListTooFast,
        Self::ListUnreliable,
        Self::TransferOnHold,
        Self::RailUnavailable,
        Self::IncomingUnmatched,
        Self::RefundFailed,
        Self::PayoutNotTaken,
        Self::DepositNotTold,
        Self::PutOff,
        Self::ClockOffset,
    ];

    /// The word in tables, events and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CredentialsRefused => "credentials_refused",
            Self::NetworkUnavailable => "network_unavailable",
            Self::Drift => "drift",
            Self::Quarantined => "quarantined",
            Self::AmountChanged => "amount_changed",
            Self::ListTooFast => "list_too_fast",
            Self::ListUnreliable => "list_unreliable",
            Self::TransferOnHold => "transfer_on_hold",
            Self::RailUnavailable => "rail_unavailable",
            Self::IncomingUnmatched => "incoming_unmatched",
            Self::RefundFailed => "refund_failed",
            Self::PayoutNotTaken => "payout_not_taken",
            Self::DepositNotTold => "deposit_not_told",
            Self::PutOff => "put_off",
            Self::ClockOffset => "clock_offset",
        }
    }
}

impl fmt::Display for AlertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A condition, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which condition.
    pub name: AlertName,
    /// The one thing that it is about; empty where it is about the poller's whole network.
    pub subject: String,
    /// For a person to read.
    pub detail: String,
}
