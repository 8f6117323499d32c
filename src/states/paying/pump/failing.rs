//! What follows from calls that fail: for whose sake, and whether the rail is down.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::Pump;
use crate::engine::{Blame, blame};
use crate::rails::RailError;
use crate::states::SweepError;
use crate::states::paying::calls::check;
use crate::states::paying::records::Answered;
use crate::states::paying::verdict::after_silence;
use crate::states::sick::kind_of;
use crate::store::Claim;

/// A rail that fails so many calls in a row is taken to be down.
const DOWN_AFTER: u32 = 5;

impl Pump<'_> {
    /// A question about several may fail for the sake of one: they are asked about in halves.
    pub(super) fn kept_silent(&mut self, mut claims: Vec<Claim>, error: RailError) {
        if claims.len() > 1 && self.done.error.is_none() && !self.round.is_stopping() {
            let second = claims.split_off(claims.len() / 2);
            self.to_split.extend([claims, second]);
            self.failed(error);
            return;
        }
        let now = self.round.now();
        for claim in claims {
            let ruling = after_silence(self.paying.asked(&claim.payout), &error, now);
            self.answer(Answered { claim, ruling });
        }
        self.failed(error);
    }

    /// A call has failed: its payouts are tried again later, each by itself. A rail that fails many in a row is left alone
    /// until the next sweep; where it may be down, or does not let us in, a question that is nobody's own tells.
    pub(super) fn failed(&mut self, error: RailError) {
        self.failures += 1;
        if self.failures >= DOWN_AFTER {
            return self.fail(SweepError::Rail(error));
        }
        match blame(kind_of(&error), usize::try_from(self.failures).unwrap_or(usize::MAX)) {
            Blame::Place => self.fail(SweepError::Rail(error)),
            Blame::Ask if !self.is_asking => {
                self.is_asking = true;
                self.calls.push(check(Arc::clone(&self.paying.rail)).boxed());
            }
            Blame::Ask | Blame::Thing => {}
        }
    }
}
