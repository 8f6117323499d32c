//! What a sweep did, and why it ended early.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::engine::{SweepOutcome, Tally};
use crate::networks::NetworkError;
use crate::rails::RailError;
use crate::store::{StoreError, TransferCount};

/// Why a sweep ended early.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The rail.
    #[error("rail: {0}")]
    Rail(RailError),
    /// The database, or the lease.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours.
    #[error("the sweep panicked: {0}; a defect of railpoll, please report it")]
    Panicked(String),
}

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// How it ended.
    pub outcome: SweepOutcome,
    /// Pages read.
    pub pages: u64,
    /// Requests made.
    pub requests: u64,
    /// What the pages brought.
    pub tally: Tally,
    /// Operations that came to their end.
    pub acted: u64,
    /// The network's count minus ours.
    pub difference: i64,
    /// How many things are open: payments in the poller's states, or transfers that wait for it, as far as we know.
    pub open: u64,
    /// Payments that only a reconcile has found. It should be 0.
    pub found_by_reconcile: u64,
    /// The newest change at the network that was read.
    pub newest: Option<DateTime<Utc>>,
    /// Where the transfers of a rail stand, of a poller of transfers.
    pub standing: Vec<TransferCount>,
}

/// The end of a sweep.
#[derive(Debug)]
pub struct Swept {
    /// What was done, also where it ended early.
    pub report: SweepReport,
    /// Why it ended early.
    pub error: Option<SweepError>,
}

impl SweepError {
    /// How the sweep ended.
    #[must_use]
    pub const fn outcome(&self) -> SweepOutcome {
        match self {
            Self::Network(NetworkError::Credentials(_) | NetworkError::Forbidden(_))
            | Self::Rail(RailError::Credentials(_) | RailError::Forbidden(_)) => {
                SweepOutcome::CredentialsRefused
            }
            Self::Network(NetworkError::Refused { .. } | NetworkError::Options(_)) => {
                SweepOutcome::RequestsRefused
            }
            Self::Network(
                NetworkError::Unavailable(_)
                | NetworkError::Unreadable(_)
                | NetworkError::TooLarge { .. },
            ) => SweepOutcome::NetworkUnavailable,
            Self::Rail(RailError::Refused { .. } | RailError::Options(_)) => {
                SweepOutcome::RequestsRefused
            }
            Self::Rail(
                RailError::Unavailable(_) | RailError::Unreadable(_) | RailError::TooLarge { .. },
            ) => SweepOutcome::RailUnavailable,
            Self::Store(StoreError::LeaseLost { .. }) => SweepOutcome::LeaseLost,
            Self::Store(_) => SweepOutcome::Database,
            Self::Panicked(_) => SweepOutcome::Panicked,
        }
    }
}
