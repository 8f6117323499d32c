//! What a sighting of a payment means, beside what is known of it. Every change of a payment's state goes through here.

use chrono::{DateTime, Utc};

use super::{ConnectorRole, Money, Payment, PaymentState, ReviewStatus};

/// What our database has of a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its state.
    pub state: PaymentState,
    /// Our part in it.
    pub connector_role: ConnectorRole,
    /// When the network had last changed it.
    pub modified_at: DateTime<Utc>,
    /// The hash of its document.
    pub hash: i64,
    /// How many versions of it we have stored. Events carry it.
    pub version: i64,
    /// Its sub-states.
    pub sub_states: Vec<String>,
    /// Its amount.
    pub money: Money,
    /// Where its review stands.
    pub review: Option<ReviewStatus>,
}

/// What a sighting is, beside what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The first of this payment.
    New,
    /// A newer version.
    Changed,
    /// As new as ours, with other content: taken, and counted, for the network did not tell.
    Silent,
    /// What we have.
    Unchanged,
    /// Older than ours: for the history only.
    Stale,
    /// Newer, but in a state that ours cannot come to. Set aside, for a person to look at.
    Illegal,
}

impl Change {
    /// Whether the sighting is to be stored as the payment's version.
    #[must_use]
    pub fn is_stored(self) -> bool {
        match self {
            Self::New | Self::Changed | Self::Silent => true,
            Self::Unchanged | Self::Stale | Self::Illegal => false,
        }
    }
}

/// Compares a sighting with what is known.
///
/// Two versions with one `modified_at` are ordered by the legal moves: a state that can only come before ours is stale.
#[must_use]
pub fn compare(known: Option<&Known>, seen: &Payment) -> Change {
    let Some(known) = known else { return Change::New };
    let legal = known.state.may_become(&seen.state);
    match seen.modified_at.cmp(&known.modified_at) {
        std::cmp::Ordering::Less => Change::Stale,
        std::cmp::Ordering::Equal if seen.hash == known.hash => Change::Unchanged,
        std::cmp::Ordering::Equal if legal => Change::Silent,
        std::cmp::Ordering::Equal => Change::Stale,
        std::cmp::Ordering::Greater if legal => Change::Changed,
        std::cmp::Ordering::Greater => Change::Illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{known, payment};
    use super::*;

    #[test]
    fn a_first_sighting_is_new() {
        assert_eq!(compare(None, &payment("ACCEPTED", 10)), Change::New);
    }

    #[test]
    fn newer_and_older_are_told_apart() {
        let seen = payment("ACCEPTED", 10);
        let known = known(&seen);
        assert_eq!(compare(Some(&known), &payment("LOCKED", 11)), Change::Changed);
        assert_eq!(compare(Some(&known), &payment("LOCKED", 9)), Change::Stale);
        assert_eq!(compare(Some(&known), &seen), Change::Unchanged);
    }

    #[test]
    fn one_time_and_another_content_is_silent_or_stale_by_the_moves() {
        let executed = known(&payment("EXECUTED", 10));
        let mut touched = payment("EXECUTED", 10);
        touched.hash += 1;
        assert_eq!(compare(Some(&executed), &touched), Change::Silent);
        assert_eq!(compare(Some(&executed), &payment("COMPLETED", 10)), Change::Silent);
        assert_eq!(compare(Some(&executed), &payment("ACCEPTED", 10)), Change::Stale);
    }

    #[test]
    fn a_way_back_is_illegal() {
        let completed = known(&payment("COMPLETED", 10));
        assert_eq!(compare(Some(&completed), &payment("ACCEPTED", 11)), Change::Illegal);
        assert_eq!(compare(Some(&completed), &payment("RETURNED", 11)), Change::Changed);
    }
}
