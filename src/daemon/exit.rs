//! How a process ends: the codes of sysexits.

use std::process::ExitCode;

use crate::jobs::SweepError;
use crate::networks::NetworkError;
use crate::store::StoreError;

/// How a process ends. The worst of several counts, and they are in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or switched off, or another process holds the lease.
    Done,
    /// What a person asked for is refused, or is not there.
    Refused,
    /// The network or the database is not available, after retries.
    Unavailable,
    /// The network refuses our credentials.
    Credentials,
    /// The configuration is wrong.
    Config,
    /// The command line is wrong.
    Usage,
    /// A defect of ours.
    Defect,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 64,
            Self::Unavailable => 69,
            Self::Defect => 70,
            Self::Credentials => 77,
            Self::Config => 78,
        }
    }

    /// How a process ends whose only sweep ended with `error`.
    #[must_use]
    pub const fn of_sweep(error: &SweepError) -> Self {
        match error {
            SweepError::Network(error) | SweepError::Rail(error) => Self::of_network(error),
            SweepError::Store(error) => Self::of_store(error),
            SweepError::Panicked(_) => Self::Defect,
        }
    }

    /// How a process ends that the network or rail does not let through.
    #[must_use]
    pub const fn of_network(error: &NetworkError) -> Self {
        match error {
            NetworkError::Credentials(_) | NetworkError::Forbidden(_) => Self::Credentials,
            NetworkError::Options(_) => Self::Config,
            NetworkError::Unavailable(_)
            | NetworkError::Unreadable(_)
            | NetworkError::TooLarge { .. }
            | NetworkError::Refused { .. } => Self::Unavailable,
        }
    }

    /// How a process ends that cannot go on because of the database.
    #[must_use]
    pub const fn of_store(error: &StoreError) -> Self {
        match error {
            // Somebody else has the lease, and goes on.
            StoreError::LeaseLost { .. } => Self::Done,
            StoreError::Url(_) | StoreError::Pooler => Self::Config,
            // Once somebody has migrated or upgraded, the next start goes well.
            StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::Moved(_)
            | StoreError::ReadOnly(_)
            | StoreError::Slow(_)
            | StoreError::Database(_)
            | StoreError::Migrate(_) => Self::Unavailable,
            StoreError::Refused(_) => Self::Refused,
            StoreError::Unreadable { .. } => Self::Defect,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
