//! How a sweep ended.

use std::fmt;
use std::str::FromStr;

use super::AlertName;

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SweepOutcome {
    /// All was done.
    #[default]
    Complete,
    /// It was told to stop. The next one goes on from there.
    Stopped,
    /// The list grows faster than it is read, or is very long. The next one goes on from there.
    TooFast,
    /// The list's pages were not in the order or range that was asked for.
    Unreliable,
    /// Our credentials were not taken.
    CredentialsRefused,
    /// The network does not answer, or only with errors.
    NetworkUnavailable,
    /// The rail does not answer, or only with errors.
    RailUnavailable,
    /// The network or rail refuses what every sweep asks of it, or the settings cannot work.
    RequestsRefused,
    /// Our own database cannot be read or written.
    Database,
    /// Another process has the lease.
    LeaseLost,
    /// A defect of ours.
    Panicked,
}

impl SweepOutcome {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Complete,
        Self::Stopped,
        Self::TooFast,
        Self::Unreliable,
        Self::CredentialsRefused,
        Self::NetworkUnavailable,
        Self::RailUnavailable,
        Self::RequestsRefused,
        Self::Database,
        Self::LeaseLost,
        Self::Panicked,
    ];

    /// The alerts that say how a place's newest sweeps ended.
    pub const ALERTS: &[AlertName] = &[
        AlertName::CredentialsRefused,
        AlertName::NetworkUnavailable,
        AlertName::RailUnavailable,
        AlertName::RequestsRefused,
        AlertName::SweepFailed,
    ];

    /// The word in logs, in metrics and in the record of sweeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::TooFast => "too_fast",
            Self::Unreliable => "unreliable",
            Self::CredentialsRefused => "credentials_refused",
            Self::NetworkUnavailable => "network_unavailable",
            Self::RailUnavailable => "rail_unavailable",
            Self::RequestsRefused => "requests_refused",
            Self::Database => "database",
            Self::LeaseLost => "lease_lost",
            Self::Panicked => "panicked",
        }
    }

    /// The alert that stands while sweeps end so.
    #[must_use]
    pub const fn alert(self) -> Option<AlertName> {
        match self {
            Self::CredentialsRefused => Some(AlertName::CredentialsRefused),
            Self::NetworkUnavailable => Some(AlertName::NetworkUnavailable),
            Self::RailUnavailable => Some(AlertName::RailUnavailable),
            Self::RequestsRefused => Some(AlertName::RequestsRefused),
            Self::Database | Self::Panicked => Some(AlertName::SweepFailed),
            // Of these the collecting itself tells, or nobody.
            Self::Complete | Self::Stopped | Self::TooFast | Self::Unreliable | Self::LeaseLost => {
                None
            }
        }
    }

    /// Whether it did what it was to do, or was told not to.
    #[must_use]
    pub const fn is_good(self) -> bool {
        match self {
            Self::Complete | Self::Stopped => true,
            Self::TooFast
            | Self::Unreliable
            | Self::CredentialsRefused
            | Self::NetworkUnavailable
            | Self::RailUnavailable
            | Self::RequestsRefused
            | Self::Database
            | Self::LeaseLost
            | Self::Panicked => false,
        }
    }
}

impl fmt::Display for SweepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SweepOutcome {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|outcome| outcome.as_str() == word);
        known.ok_or_else(|| format!("there is no outcome `{word}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_and_every_alert_is_listed() {
        for outcome in SweepOutcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert!(outcome.alert().is_none_or(|alert| SweepOutcome::ALERTS.contains(&alert)));
            assert!(outcome.alert().is_none() || !outcome.is_good());
        }
    }
}
