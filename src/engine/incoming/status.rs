//! Where money that reached us stands, and what may follow what.

use thiserror::Error;

use crate::engine::words;

words! {
    /// Where money that reached us stands.
    pub enum IncomingStatus: "status of incoming money" {
        /// Its source tells of it, and may yet take it back. It moves nothing.
        Received = "received",
        /// It is ours, as far as its source can tell.
        Confirmed = "confirmed",
        /// It was taken back before it was confirmed.
        Cancelled = "cancelled",
        /// It was taken back after it was confirmed.
        Reversed = "reversed",
    }
}

/// Every legal move, from and to. No status is come to twice: what comes again after it was taken back has another key.
pub const INCOMING_MOVES: &[(IncomingStatus, IncomingStatus)] = &[
    (IncomingStatus::Received, IncomingStatus::Confirmed),
    (IncomingStatus::Received, IncomingStatus::Cancelled),
    (IncomingStatus::Confirmed, IncomingStatus::Reversed),
];

/// A move that the table does not have.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
#[error("incoming money that is {from} does not become {to}")]
pub struct IllegalIncomingMove {
    /// Where it stands.
    pub from: IncomingStatus,
    /// Where it was to stand.
    pub to: IncomingStatus,
}

impl IncomingStatus {
    /// Whether money may begin so: a source that is final at once tells of it when it is confirmed.
    #[must_use]
    pub const fn may_begin(self) -> bool {
        matches!(self, Self::Received | Self::Confirmed)
    }

    /// Whether it moves to `to`; false if it has come there already, which is told again now and then.
    ///
    /// # Errors
    /// [`IllegalIncomingMove`] if the table does not have it.
    pub fn moves_to(self, to: Self) -> Result<bool, IllegalIncomingMove> {
        if self == to {
            return Ok(false);
        }
        if INCOMING_MOVES.contains(&(self, to)) {
            return Ok(true);
        }
        Err(IllegalIncomingMove { from: self, to })
    }
}

#[cfg(test)]
mod tests {
    use super::IncomingStatus::{Cancelled, Confirmed, Received, Reversed};
    use super::*;

    #[test]
    fn what_is_not_in_the_table_is_refused_and_what_is_told_twice_is_nothing_new() {
        for from in IncomingStatus::ALL {
            for to in IncomingStatus::ALL {
                let expected = match (from, to) {
                    (Received, Confirmed | Cancelled) | (Confirmed, Reversed) => Ok(true),
                    (from, to) if from == to => Ok(false),
                    (from, to) => Err(IllegalIncomingMove { from, to }),
                };
                assert_eq!(from.moves_to(to), expected, "{from} to {to}");
            }
        }
        let why = Cancelled.moves_to(Confirmed).unwrap_err().to_string();
        assert_eq!(why, "incoming money that is cancelled does not become confirmed");
    }

    #[test]
    fn every_status_is_come_to_and_only_what_counts_or_may_count_begins() {
        for status in IncomingStatus::ALL {
            let is_reached = INCOMING_MOVES.iter().any(|(_, to)| *to == status);
            assert!(is_reached || status.may_begin(), "{status}");
            let goes_on = INCOMING_MOVES.iter().any(|(from, _)| *from == status);
            assert_eq!(goes_on, status.may_begin(), "{status}");
        }
    }
}
