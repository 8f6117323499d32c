//! Decisions on payments.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use super::Reason;

/// Where the review of a payment stands, in the state that it is in. A new state begins a new review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewStatus {
    /// Nobody has decided yet.
    Pending,
    /// To be carried out, or carried out.
    Approved,
    /// To be declined, or declined.
    Declined,
    /// Not to be touched for now.
    Held,
}

impl ReviewStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Declined, Self::Held];

    /// The word in the column `review`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Held => "held",
        }
    }
}

impl fmt::Display for ReviewStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReviewStatus {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| format!("`{word}` is not a review status"))
    }
}

/// What the record calls a decision that no person made.
pub const MACHINES: [&str; 5] = ["automatic", "command", "http", "network", "rule"];

/// A decision on one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Go on with it.
    Approve,
    /// Turn it down.
    Decline(Reason),
    /// Leave it for now.
    Hold {
        /// Look at it again then; never by itself if there is no time.
        until: Option<DateTime<Utc>>,
        /// Why.
        why: String,
    },
}

impl Decision {
    /// The status that the decision gives to the review.
    #[must_use]
    pub const fn status(&self) -> ReviewStatus {
        match self {
            Self::Approve => ReviewStatus::Approved,
            Self::Decline(_) => ReviewStatus::Declined,
            Self::Hold { .. } => ReviewStatus::Held,
        }
    }
}

/// The time until `expires_at`, if it is less than `margin`: too little to begin anything.
#[must_use]
pub fn time_left(
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    margin: TimeDelta,
) -> Option<TimeDelta> {
    let left = expires_at? - now;
    (left < margin).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::at;
    use super::*;

    #[test]
    fn a_payment_near_its_end_has_no_time_left() {
        let margin = TimeDelta::seconds(20);
        assert_eq!(time_left(Some(at(100)), at(81), margin), Some(TimeDelta::seconds(19)));
        assert_eq!(time_left(Some(at(100)), at(80), margin), None);
        assert_eq!(time_left(None, at(80), margin), None);
    }
}
