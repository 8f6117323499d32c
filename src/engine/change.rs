//! What a sighting of a payment means, beside what is known of it. Every change of a payment's state goes through here.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::{ConnectorRole, Money, Payment, PaymentState, ReviewStatus, Trail};

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
    /// The name of what was last decided on.
    pub basis: Option<String>,
}

/// What a sighting is, beside what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The first of this payment.
    New,
    /// A newer version.
    Changed,
    /// With other content, and not newer by its time: taken, and counted, for the network did not tell.
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
/// Two versions with one `modified_at` are ordered by the legal moves: a state that can only come before ours is stale. So
/// are two whose times say the contrary of the moves: a network's clock may have been set back, but a payment never goes
/// back. Where the moves do not tell, as between two versions in one state, an older time is stale in a list, whose pages
/// may be old. It is taken from whoever has asked for just this, now: by its id, by an operation, or in a reconcile.
#[must_use]
pub fn compare(known: Option<&Known>, seen: &Payment, trail: Trail) -> Change {
    let Some(known) = known else { return Change::New };
    let legal = known.state.may_become(&seen.state);
    let is_onward = legal && !seen.state.may_become(&known.state);
    let is_asked_for = match trail {
        Trail::Get | Trail::Operation | Trail::Reconcile => true,
        Trail::List | Trail::Inferred | Trail::Late => false,
    };
    match seen.modified_at.cmp(&known.modified_at) {
        Ordering::Less if is_onward => Change::Changed,
        Ordering::Less if is_asked_for && legal && seen.hash != known.hash => Change::Silent,
        Ordering::Less => Change::Stale,
        Ordering::Equal if seen.hash == known.hash => Change::Unchanged,
        Ordering::Equal if legal => Change::Silent,
        Ordering::Equal => Change::Stale,
        Ordering::Greater if legal => Change::Changed,
        Ordering::Greater => Change::Illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{known, payment};
    use super::*;

    #[test]
    fn a_first_sighting_is_new() {
        assert_eq!(compare(None, &payment("ACCEPTED", 10), Trail::List), Change::New);
    }

    #[test]
    fn newer_and_older_are_told_apart() {
        let seen = payment("ACCEPTED", 10);
        let known = known(&seen);
        assert_eq!(compare(Some(&known), &payment("LOCKED", 11), Trail::List), Change::Changed);
        assert_eq!(compare(Some(&known), &payment("FAILED", 9), Trail::List), Change::Changed);
        assert_eq!(compare(Some(&known), &seen, Trail::List), Change::Unchanged);
    }

    #[test]
    fn one_time_and_another_content_is_silent_or_stale_by_the_moves() {
        let executed = known(&payment("EXECUTED", 10));
        let mut touched = payment("EXECUTED", 10);
        touched.hash += 1;
        assert_eq!(compare(Some(&executed), &touched, Trail::List), Change::Silent);
        assert_eq!(
            compare(Some(&executed), &payment("COMPLETED", 10), Trail::List),
            Change::Silent
        );
        assert_eq!(compare(Some(&executed), &payment("ACCEPTED", 10), Trail::List), Change::Stale);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_a_payment() {
        let locked = known(&payment("LOCKED", 10));
        for trail in [Trail::List, Trail::Get, Trail::Reconcile, Trail::Operation] {
            let compare = |state, at| compare(Some(&locked), &payment(state, at), trail);
            assert_eq!(compare("PREPARED", 9), Change::Changed, "it can only have come after");
            assert_eq!(compare("COMPLETED", 1), Change::Changed);
            assert_eq!(compare("ACCEPTED", 9), Change::Stale, "an old page");
            assert_eq!(compare("ACCEPTED", 11), Change::Illegal);
        }
    }

    #[test]
    fn who_asks_for_a_payment_is_told_what_it_is_now() {
        let declined = known(&payment("LOCK_DECLINED", 10));
        let mut touched = payment("LOCK_DECLINED", 9);
        touched.hash += 100;
        let mut repaired = payment("ACCEPTED", 9);
        repaired.hash += 200;
        for seen in [touched, repaired] {
            assert_eq!(compare(Some(&declined), &seen, Trail::List), Change::Stale);
            for trail in [Trail::Get, Trail::Reconcile, Trail::Operation] {
                assert_eq!(compare(Some(&declined), &seen, trail), Change::Silent);
            }
        }
    }

    #[test]
    fn a_way_back_is_illegal() {
        let completed = known(&payment("COMPLETED", 10));
        assert_eq!(
            compare(Some(&completed), &payment("ACCEPTED", 11), Trail::List),
            Change::Illegal
        );
        assert_eq!(
            compare(Some(&completed), &payment("RETURNED", 11), Trail::List),
            Change::Changed
        );
    }
}
