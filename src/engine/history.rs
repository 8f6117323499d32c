//! Which statuses a sighting adds to the history.

use chrono::{DateTime, Utc};

use super::{Change, Known, Payment, PaymentState, words};

words! {
    /// How we came to know of a status.
    pub enum Trail: "source of a status" {
        /// A poller's walk over the list.
        List = "list",
        /// One payment was asked for by its id.
        Get = "get",
        /// The answer to an operation of ours.
        Operation = "operation",
        /// A reconcile found what the walks had not.
        Reconcile = "reconcile",
        /// Nobody saw the payment in it, but a later version tells when it was.
        Inferred = "inferred",
        /// An old version that came late.
        Late = "late",
    }
}

/// A status that something reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The status.
    pub status: PaymentState,
    /// When it was reached, by the network's clock.
    pub reached_at: DateTime<Utc>,
    /// How we know.
    pub source: Trail,
}

/// The statuses that `seen` adds to the history, oldest first. `change` is what [`super::compare`] said of it.
///
/// States that came and went between two sweeps are added where the network tells when they were reached.
#[must_use]
pub fn statuses_of(
    known: Option<&Known>,
    seen: &Payment,
    change: Change,
    source: Trail,
) -> Vec<StatusChange> {
    let since = match change {
        Change::New => None,
        Change::Changed | Change::Silent => known.map(|known| known.modified_at),
        Change::Stale => return vec![own_status(seen, Trail::Late)],
        Change::Unchanged | Change::Illegal => return Vec::new(),
    };
    let mut statuses: Vec<StatusChange> = seen
        .reached
        .iter()
        .filter(|(state, at)| *state != seen.state && since.is_none_or(|since| *at > since))
        .filter(|(_, at)| *at <= seen.modified_at)
        .map(|(state, at)| StatusChange {
            status: state.clone(),
            reached_at: *at,
            source: Trail::Inferred,
        })
        .collect();
    let moved = known.is_none_or(|known| known.state != seen.state);
    if moved || !statuses.is_empty() {
        statuses.push(own_status(seen, source));
    }
    statuses.sort_by_key(|status| status.reached_at);
    statuses
}

fn own_status(seen: &Payment, source: Trail) -> StatusChange {
    let told = seen.reached.iter().find(|(state, _)| *state == seen.state).map(|(_, at)| *at);
    StatusChange {
        status: seen.state.clone(),
        reached_at: told.unwrap_or(seen.modified_at),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, known, payment};
    use super::*;

    fn words(statuses: &[StatusChange]) -> Vec<(&str, i64)> {
        statuses.iter().map(|s| (s.status.as_str(), s.reached_at.timestamp())).collect()
    }

    #[test]
    fn a_new_payment_brings_every_status_that_it_tells_of() {
        let mut seen = payment("EXECUTED", 40);
        seen.reached = vec![
            (PaymentState::Accepted, at(10)),
            (PaymentState::Locked, at(20)),
            (PaymentState::Executed, at(35)),
        ];
        let statuses = statuses_of(None, &seen, Change::New, Trail::List);
        assert_eq!(words(&statuses), [("ACCEPTED", 10), ("LOCKED", 20), ("EXECUTED", 35)]);
        assert_eq!(statuses[0].source, Trail::Inferred);
        assert_eq!(statuses[2].source, Trail::List);
    }

    #[test]
    fn a_touch_adds_no_status() {
        let known = known(&payment("EXECUTED", 10));
        let seen = payment("EXECUTED", 12);
        assert!(statuses_of(Some(&known), &seen, Change::Changed, Trail::List).is_empty());
    }

    #[test]
    fn what_is_known_is_not_inferred_again() {
        let known = known(&payment("ACCEPTED", 10));
        let mut seen = payment("EXECUTED", 40);
        seen.reached = vec![(PaymentState::Accepted, at(10)), (PaymentState::Locked, at(20))];
        let statuses = statuses_of(Some(&known), &seen, Change::Changed, Trail::List);
        assert_eq!(words(&statuses), [("LOCKED", 20), ("EXECUTED", 40)]);
    }

    #[test]
    fn a_stale_copy_adds_its_own_status_only() {
        let known = known(&payment("EXECUTED", 40));
        let seen = payment("LOCKED", 20);
        let statuses = statuses_of(Some(&known), &seen, Change::Stale, Trail::List);
        assert_eq!(words(&statuses), [("LOCKED", 20)]);
        assert_eq!(statuses[0].source, Trail::Late);
    }
}
