//! A payout that its rail does not take, however often it is handed over: it is tried on, and somebody should hear of it.

use std::sync::atomic::Ordering;

use super::Paying;
use super::records::Answered;
use crate::engine::{Alert, AlertName};
use crate::jobs::frame::round::Round;
use crate::store::StoreError;

/// Handed over so often, it is more than a passing fault.
const TOLD_FROM: i64 = 5;

impl Paying {
    /// Notes an answer about a payout that was tried so often: it may be one too many, or the end of them.
    pub(super) fn note_untaken(&self, answered: &Answered) {
        if answered.claim.payout.attempts >= TOLD_FROM {
            self.may_be_untaken.store(true, Ordering::Relaxed);
        }
    }

    /// Raises the alert while there is such a payout, and clears it when there is none. The database is asked only where
    /// there may be one.
    pub(super) async fn tell_of_untaken(&self, round: &Round<'_>) -> Result<(), StoreError> {
        if !self.may_be_untaken.load(Ordering::Relaxed) {
            return Ok(());
        }
        let name = AlertName::PayoutNotTaken;
        let untaken = round.store.untaken_payout(self.rail_name(), TOLD_FROM).await?;
        let alert = untaken.as_ref().map(|payout| {
            let id = &payout.payout_id;
            let transfer = payout.transfer_id.as_ref().or(payout.refund_id.as_ref()).unwrap_or(id);
            let answer = payout.answer.as_deref().unwrap_or("no answer");
            let detail = format!(
                "{transfer}: handed over {TOLD_FROM} times or more, and not taken: {answer}; it is tried again"
            );
            Alert::of(name, detail)
        });
        round.set_alerts(name, alert.as_slice()).await?;
        self.may_be_untaken.store(untaken.is_some(), Ordering::Relaxed);
        Ok(())
    }
}
