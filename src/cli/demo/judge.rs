//! Whether the database is what the network's books say.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::NETWORK;
use crate::cli::failure::Failure;
use crate::store::{PaymentFilter, PaymentRow, Store};
use railpoll_sandbox::Sandbox;

/// Payments are compared in bunches of so many.
const BUNCH: u32 = 1_000;

/// What the comparison came to. All but the first two should be 0.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) payments: u64,
    pub(super) statuses: u64,
    /// Payments that the network has and we do not.
    pub(super) missed: u64,
    /// Operations that the network carried out twice for one payment.
    pub(super) twice: u64,
    /// Payments in another state than we believe.
    pub(super) wrong_state: u64,
    /// Statuses that a payment had at the network and that are not in our history.
    pub(super) missing_statuses: u64,
    /// Operations of ours whose end is not known.
    pub(super) open: u64,
    /// Requests of ours that the network found fault with.
    pub(super) violations: u64,
}

impl Verdict {
    pub(super) const fn is_good(&self) -> bool {
        self.missed == 0
            && self.twice == 0
            && self.wrong_state == 0
            && self.missing_statuses == 0
            && self.open == 0
            && self.violations == 0
    }
}

/// Compares everything that was offered to us.
pub(super) async fn judge(
    sandbox: &Sandbox,
    offered: &[Uuid],
    store: &Store,
) -> Result<Verdict, Failure> {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let ours = all_payments(store).await?;
    let mut verdict = Verdict {
        twice: count(sandbox.calls_more_than_once().len()),
        violations: count(sandbox.violations().len()),
        ..Verdict::default()
    };
    for id in offered.iter().copied() {
        verdict.payments += 1;
        let Some(payment) = ours.get(&id.to_string()) else {
            verdict.missed += 1;
            continue;
        };
        let state = sandbox.state_of(id).map(|state| state.to_string());
        if state.as_deref() != Some(payment.state.as_str()) {
            verdict.wrong_state += 1;
        }
        let story = store.story(payment.clone()).await?;
        let open = |status: &str| status == "intended" || status == "unknown";
        verdict.open += count(story.operations.iter().filter(|o| open(&o.status)).count());
        let truth: Vec<String> = sandbox
            .history(id)
            .unwrap_or_default()
            .into_iter()
            .map(|(state, _)| state.to_string())
            .collect();
        verdict.statuses += count(truth.len());
        let known: Vec<&str> = story.history.iter().map(|status| status.status.as_str()).collect();
        verdict.missing_statuses += count(missing(&truth, &known));
    }
    Ok(verdict)
}

/// How many of the true statuses are not in ours, in their order.
pub(super) fn missing(truth: &[String], known: &[&str]) -> usize {
    let mut rest = known.iter();
    truth
        .iter()
        .filter(|status| {
            !rest.clone().any(|known| known == status) || {
                // Go past the one that was found.
                !rest.any(|known| known == status)
            }
        })
        .count()
}

async fn all_payments(store: &Store) -> Result<BTreeMap<String, PaymentRow>, Failure> {
    let mut all = BTreeMap::new();
    let mut after: Option<(DateTime<Utc>, String)> = None;
    loop {
        let network = Some(NETWORK.to_owned());
        let filter = PaymentFilter { network, after, limit: BUNCH, ..PaymentFilter::default() };
        let bunch = store.payments(&filter).await?;
        let Some(last) = bunch.last() else { return Ok(all) };
        after = Some((last.modified_at, last.payment_id.clone()));
        all.extend(bunch.into_iter().map(|payment| (payment.payment_id.clone(), payment)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_looked_for_in_their_order() {
        let truth = ["A", "B", "A"].map(str::to_owned);
        assert_eq!(missing(&truth, &["A", "B", "A"]), 0);
        assert_eq!(missing(&truth, &["A", "B"]), 1);
        assert_eq!(missing(&truth, &["A"]), 2);
        assert_eq!(missing(&truth, &[]), 3);
    }

    #[test]
    fn one_wrong_figure_is_enough() {
        assert!(Verdict::default().is_good());
        assert!(!Verdict { missed: 1, ..Verdict::default() }.is_good());
        assert!(!Verdict { twice: 1, ..Verdict::default() }.is_good());
        assert!(!Verdict { open: 1, ..Verdict::default() }.is_good());
    }
}
