//! Comparing our database with the network's list, and correcting ours.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::collecting::{List, Records};
use super::sweep::Sweep;
use crate::collect::{
    Collector, Depth, Drift, Found, Mode, Reconciled, Sink as _, Source as _, drift,
};
use crate::engine::{AlertName, PaymentState, Row, Trail};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::store::{Cursor, QuarantinedRow, StoreError, WalkEnd};

/// A list of so few pages is reconciled row by row.
const SMALL_LIST_PAGES: u64 = 20;
/// So many rows that are set aside are looked at in one sweep.
const SET_ASIDE_MAX: u32 = 500;

/// What compares a poller's list with our database.
pub(super) type Lists<'a> = Collector<'a, List<'a>, Records<'a>>;

impl Sweep<'_> {
    /// Compares the counts. A difference that stays leads to a reconcile, and so does the time. One that a reconcile
    /// has nothing to say to is remembered, and leads to no other one as long as it is the same. When it is gone, a
    /// reconcile is to confirm it: a loss may be behind it.
    pub(super) async fn compare(
        &self,
        round: &Round<'_>,
        lists: &Lists<'_>,
        mode: Mode,
        was: &Cursor,
        end: &mut WalkEnd,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let count = lists.check(mode, end.watermark).await?;
        let found = count.difference();
        end.difference = found;
        let is_time = self.is_time_to_reconcile(was);
        let beyond = |difference: i64| difference.saturating_sub(was.unexplained);
        let drifts = drift(beyond(was.difference), beyond(found)) == Drift::Reconcile;
        if is_time || drifts {
            let small = SMALL_LIST_PAGES * u64::from(self.job.settings.page_size);
            // A difference that nothing explains may hide another one from whoever looks at counts alone.
            let by_rows = (is_time || was.unexplained != 0) && count.network <= small;
            let depth = if by_rows { Depth::Rows } else { Depth::Counts };
            // On the heap: it is rare, and a sweep would carry its size always.
            let correct = Box::pin(self.correct(round, lists, (mode, depth), end, report));
            let mut is_corrected = correct.await?;
            let is_unexplained = drifts && !is_corrected && end.difference == found;
            if is_unexplained && depth == Depth::Counts {
                // A network's own counts hide what is behind them, if it compares otherwise than we think: its rows do not.
                let rows = (mode, Depth::Rows);
                is_corrected = Box::pin(self.correct(round, lists, rows, end, report)).await?;
            }
            end.reconciled_at = Some(self.desk.clock.now());
            if end.difference == 0 || (drifts && !is_corrected && end.difference == found) {
                end.unexplained = end.difference;
            }
        }
        report.difference = end.difference;
        self.judge_difference(round, end, report).await?;
        Ok(())
    }

    /// What was done a long time from now was done by a host whose clock was ahead.
    fn is_time_to_reconcile(&self, was: &Cursor) -> bool {
        let every =
            TimeDelta::from_std(self.job.settings.reconcile_every).unwrap_or(TimeDelta::MAX);
        was.reconciled_at.is_some_and(|at| (self.desk.clock.now() - at).abs() >= every)
    }

    /// Brings our database to what the network has. Whether there was anything to correct; `end.difference` is what
    /// stays.
    async fn correct(
        &self,
        round: &Round<'_>,
        lists: &Lists<'_>,
        (mode, depth): (Mode, Depth),
        end: &mut WalkEnd,
        report: &mut SweepReport,
    ) -> Result<bool, SweepError> {
        let network = &self.desk.scope.network;
        let too_high = self
            .desk
            .store
            .recount(Some(round.lease), network, self.job.rules.states, &self.job.role)
            .await?;
        if too_high != 0 {
            tracing::warn!(too_high, "the kept count of payments was wrong: corrected");
        }
        let records = Records { counts_set_aside: false, ..*lists.sink };
        let exact = Collector { sink: &records, ..*lists };
        let mut reconciled = Reconciled::default();
        let ended = exact.reconcile_into(mode, end.watermark, depth, &mut reconciled).await;
        report.tally += reconciled.tally;
        report.found_by_reconcile += reconciled.found;
        if let Err(error) = ended {
            // What it has found the next one will not find, and nobody would be told.
            if reconciled.found > 0 {
                self.judge_difference(round, end, report).await?;
            }
            return Err(error.into());
        }
        self.tell_reconciled(&reconciled);
        let mut corrections = reconciled.found + reconciled.exits + reconciled.left_over;
        end.difference = lists.check(mode, end.watermark).await?.difference();
        if end.difference != 0 {
            corrections += self.ask_for_set_aside(lists).await?;
            end.difference = lists.check(mode, end.watermark).await?.difference();
        }
        Ok(too_high != 0 || corrections > 0)
    }

    fn tell_reconciled(&self, reconciled: &Reconciled) {
        tracing::info!(
            outcome = reconciled.outcome.as_str(),
            found = reconciled.found,
            exits = reconciled.exits,
            unknown = reconciled.unknown.len(),
            left_over = reconciled.left_over,
            requests = reconciled.requests,
            "reconciled"
        );
    }

    /// Raises the alert where a reconcile has found what the sweeps had missed, or nothing that explains the
    /// difference. Clears it when the counts agree.
    async fn judge_difference(
        &self,
        round: &Round<'_>,
        end: &WalkEnd,
        report: &SweepReport,
    ) -> Result<(), StoreError> {
        let found = report.found_by_reconcile;
        if found > 0 {
            let detail = format!("a reconcile found {found} payments that the sweeps had missed");
            round.set_alert(AlertName::Drift, Some(detail)).await
        } else if end.unexplained != 0 {
            let (count, which) = (end.unexplained.unsigned_abs(), end.unexplained.signum());
            let which = if which > 0 { "more" } else { "fewer" };
            let detail = format!(
                "the network counts {count} payments {which} than we, also after a reconcile"
            );
            round.set_alert(AlertName::Drift, Some(detail)).await
        } else if end.difference == 0 {
            round.set_alert(AlertName::Drift, None).await
        } else {
            Ok(())
        }
    }

    /// Asks for the payments that were set aside: they may have left the list. What can be read now, or is not there
    /// any more, needs no attention. How many those were.
    async fn ask_for_set_aside(&self, lists: &Lists<'_>) -> Result<u64, SweepError> {
        let behind = self.job.looked_behind.load(Ordering::Relaxed);
        let open = self.desk.store.quarantined_of(&self.desk.scope, behind, SET_ASIDE_MAX).await?;
        let is_rest = open.len() < usize::try_from(SET_ASIDE_MAX).unwrap_or(usize::MAX);
        let last = open.last().filter(|_| !is_rest).map_or(0, |row| row.quarantine_id);
        // The next time the others have their turn.
        self.job.looked_behind.store(last, Ordering::Relaxed);
        let mut settled = 0;
        for row in &open {
            let Some(id) = row.payment_id.as_deref() else { continue };
            let how = self.look_at_set_aside(lists, id).await?;
            if let Some(how) = how {
                settled += 1;
                self.resolve(row, how, self.desk.clock.now()).await?;
            }
        }
        Ok(settled)
    }

    /// How a payment that was set aside came to need no attention; none if it still does.
    async fn look_at_set_aside(
        &self,
        lists: &Lists<'_>,
        payment_id: &str,
    ) -> Result<Option<&'static str>, SweepError> {
        let row = match lists.source.get(payment_id).await? {
            Found::Row(row) => *row,
            Found::Gone => return Ok(Some("the network does not know the payment")),
            Found::NotNow => return Ok(None),
        };
        let Row::Payment(payment) = &row else { return Ok(None) };
        if matches!(payment.state, PaymentState::Other(_)) {
            // It may be in the list under this name.
            return Ok(None);
        }
        let tally = lists.sink.record(&[row], None, Trail::Get).await?;
        Ok((tally.quarantined == 0).then_some("it can be read"))
    }

    /// Marks a row as seen to, unless it is already.
    async fn resolve(
        &self,
        row: &QuarantinedRow,
        how: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match self.desk.store.resolve_quarantined(row, how, None, now).await {
            // Storing the payment has done so.
            Ok(()) | Err(StoreError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
