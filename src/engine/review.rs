//! Decisions on payments.

use chrono::{DateTime, TimeDelta, Utc};

use super::Reason;
use super::words;

words! {
    /// Where the review of a payment stands, in the state that it is in. A new state begins a new review.
    pub enum ReviewStatus: "review status" {
        /// Nobody has decided yet.
        Pending = "pending",
        /// To be carried out, or carried out.
        Approved = "approved",
        /// To be declined, or declined.
        Declined = "declined",
        /// Not to be touched for now.
        Held = "held",
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

/// What is done with a declined payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDecline {
    /// It is refused; the sender may repair it and try again. Only for an accepted payment.
    Reject,
    /// It is ended.
    Fail,
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
