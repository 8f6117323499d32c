//! How long a sweep lasts while answers are waited for, and what it leaves to the next one.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Pump;
use crate::jobs::payouts::calls::Called;
use crate::store::{Claim, Lease};

/// While answers are waited for, it is looked so often for what has become due.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A sweep that has lasted for so long waits no more for answers that are slow.
pub(super) const SWEEP_MAX: Duration = Duration::from_secs(2);

/// Calls that the rail has not answered yet.
pub(in crate::jobs::payouts) type Calls = FuturesUnordered<BoxFuture<'static, Called>>;

/// What the rail has not answered yet.
#[derive(Default)]
pub(super) struct InHand {
    pub(super) calls: Calls,
    /// How many of them are looks.
    pub(super) looks: usize,
    /// The payouts that are asked about, or wait for that.
    pub(super) asked: HashSet<String>,
    /// The payouts that are handed over though they failed before.
    pub(super) suspects: HashSet<String>,
}

impl InHand {
    /// These have an answer, or are not asked about.
    pub(super) fn no_longer_asked(&mut self, claims: &[Claim]) {
        for claim in claims {
            self.asked.remove(&claim.payout.payout_id);
        }
    }
}

/// What a sweep leaves to the next one.
pub(in crate::jobs::payouts) struct Left {
    pub(super) hand: InHand,
    /// Under which lease they were claimed.
    pub(super) lease: Lease,
}

impl Left {
    /// Whether it is still the business of who holds this lease.
    pub(in crate::jobs::payouts) fn is_of(&self, lease: &Lease) -> bool {
        let key = |lease: &Lease| (lease.scope.clone(), lease.holder.clone(), lease.term);
        key(&self.lease) == key(lease)
    }
}

impl Pump<'_> {
    /// Whether what is due has been begun, and only answers are missing. What failed before and has no place yet is no reason
    /// to stay: it is given back, and what has become due since does not wait for it.
    pub(super) fn is_at_its_end(&self) -> bool {
        !self.hand.calls.is_empty()
            && self.done.error.is_none()
            && self.to_pay.is_at_its_end()
            && self.to_look.is_at_its_end()
            && self.to_split.is_empty()
    }

    /// Whether it may be looked for what has become due since. A single sweep does what was due as it began.
    pub(super) fn may_look_again(&self) -> bool {
        self.is_at_its_end() && self.paying.lasts && !self.round.is_stopping() && self.is_young()
    }

    pub(super) fn is_young(&self) -> bool {
        self.started_at.elapsed() < SWEEP_MAX
    }

    pub(super) fn look_again(&mut self) {
        self.looked_at = Instant::now();
        self.begun = self.round.now();
        self.to_pay.again();
        self.to_look.again();
    }

    /// Whether there is nothing more to do but to wait for answers, and another sweep will: then this one ends.
    pub(super) fn waits_only(&self) -> bool {
        let is_written = self.writes.is_empty() && self.answered.is_empty();
        let is_stuck = self.hand.calls.len() >= self.paying.options.parallel
            && self.to_pay.claiming.is_none()
            && self.to_look.claiming.is_none()
            && self.moved_at.elapsed() >= SWEEP_MAX;
        self.paying.lasts
            && self.done.error.is_none()
            && !self.done.is_untidy
            && !self.round.is_stopping()
            && !self.is_asking
            && is_written
            && (self.is_at_its_end() || is_stuck)
            && !self.is_young()
    }
}
