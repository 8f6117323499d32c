//! Questions to a reviewer that are under way. An answer may take its time: whoever sweeps again and again does not wait for it
//! with everything else, but leaves it to the next sweep.

use std::collections::HashSet;
use std::panic::resume_unwind;

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

use super::deciding::Case;
use crate::engine::{Decision, Shown};
use crate::store::Lease;

/// A question to a reviewer.
pub(super) struct Question {
    /// What it is about.
    pub(super) case: Case,
    /// What the reviewer is shown.
    pub(super) shown: Shown,
    /// Its decision, or why there is none.
    pub(super) answer: BoxFuture<'static, Result<Decision, String>>,
}

/// A question that has its answer.
pub(super) struct Reviewed {
    pub(super) case: Case,
    pub(super) shown: Shown,
    pub(super) answer: Result<Decision, String>,
}

/// The questions under way. They get on by themselves; dropped, they end without an answer.
pub(super) struct Questions {
    /// Whose they are: what the answers lead to is written under this lease.
    lease: Lease,
    asked: JoinSet<Reviewed>,
    payments: HashSet<String>,
}

impl Questions {
    /// None yet.
    pub(super) fn of(lease: &Lease) -> Self {
        Self { lease: lease.clone(), asked: JoinSet::new(), payments: HashSet::new() }
    }

    /// Whether they are still the business of who holds this lease.
    pub(super) fn are_of(&self, lease: &Lease) -> bool {
        let key = |lease: &Lease| (lease.scope.clone(), lease.holder.clone(), lease.term);
        key(&self.lease) == key(lease)
    }

    pub(super) fn len(&self) -> usize {
        self.payments.len()
    }

    /// Whether there is one about this payment.
    pub(super) fn are_about(&self, payment_id: &str) -> bool {
        self.payments.contains(payment_id)
    }

    pub(super) fn ask(&mut self, Question { case, shown, answer }: Question) {
        self.payments.insert(case.due().payment_id.clone());
        self.asked.spawn(async move { Reviewed { case, shown, answer: answer.await } });
    }

    /// The next one that has its answer; none if none is under way.
    pub(super) async fn next(&mut self) -> Option<Reviewed> {
        while let Some(ended) = self.asked.join_next().await {
            match ended.map_err(tokio::task::JoinError::try_into_panic) {
                Ok(reviewed) => {
                    self.payments.remove(&reviewed.case.due().payment_id);
                    return Some(reviewed);
                }
                // As if it had panicked here.
                Err(Ok(panic)) => resume_unwind(panic),
                Err(Err(cancelled)) => tracing::debug!(%cancelled, "a question without an answer"),
            }
        }
        self.payments.clear();
        None
    }
}
