//! Why an action did not come to its end.

use thiserror::Error;

use crate::engine::Refusal;
use crate::networks::NetworkError;
use crate::store::StoreError;

/// Why an action did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum ActionError {
    /// It is refused.
    #[error("{0}")]
    Refused(Refusal),
    /// The database refused, or went away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network could not be asked.
    #[error("network: {0}")]
    Network(NetworkError),
    /// What cannot be.
    #[error("{0}")]
    Defect(String),
}

impl From<Refusal> for ActionError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
