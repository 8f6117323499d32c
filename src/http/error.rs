//! Why a network or a rail did not give what it was asked for.

use thiserror::Error;

/// What went wrong, by what the caller will do about it. No text in it holds a token or a secret.
///
/// From a call that changes something, each of these says that it was surely not applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError {
    /// The settings cannot work. A mistake in the config.
    #[error("{0}")]
    Options(String),
    /// We are not known there, even with a fresh token. The sweep ends; the operator must act.
    #[error("credentials refused: {0}")]
    Credentials(String),
    /// We are known, and this is forbidden. The sweep ends; the operator must act.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// It could not be reached, or was not well, at each of our tries. The sweep ends, and the next one tries again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// It answered each of our tries with something that cannot be read. To the sweep the same as `Unavailable`.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// Its answer is larger than any that we take. Asked for in parts, it may come.
    #[error("too large: {problem}")]
    TooLarge {
        /// How large.
        problem: String,
        /// How it begins: that may tell what it is about.
        beginning: String,
    },
    /// It will never take this request. Asking again is of no use.
    #[error("refused with {status}: {problem}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The other side's own words.
        problem: String,
    },
}
