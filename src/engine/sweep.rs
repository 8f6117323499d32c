//! How a sweep ended.

use super::AlertName;
use super::words;

words! {
    /// How a sweep ended.
    #[derive(Default)]
    pub enum SweepOutcome: "outcome" {
        /// All was done.
        #[default]
        Complete = "complete",
        /// It was told to stop. The next one goes on from there.
        Stopped = "stopped",
        /// The list grows faster than it is read, or is very long. The next one goes on from there.
        TooFast = "too_fast",
        /// The list's pages were not in the order or range that was asked for.
        Unreliable = "unreliable",
        /// Our credentials were not taken.
        CredentialsRefused = "credentials_refused",
        /// The network does not answer, or only with errors.
        NetworkUnavailable = "network_unavailable",
        /// The rail does not answer, or only with errors.
        RailUnavailable = "rail_unavailable",
        /// The network or rail refuses what every sweep asks of it, or the settings cannot work.
        RequestsRefused = "requests_refused",
        /// Our own database cannot be read or written.
        Database = "database",
        /// Another process has the lease.
        LeaseLost = "lease_lost",
        /// A defect of ours.
        Panicked = "panicked",
    }
}

impl SweepOutcome {
    /// The alerts that say how a place's newest sweeps ended.
    pub const ALERTS: &[AlertName] = &[
        AlertName::CredentialsRefused,
        AlertName::NetworkUnavailable,
        AlertName::RailUnavailable,
        AlertName::RequestsRefused,
        AlertName::SweepFailed,
    ];

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
