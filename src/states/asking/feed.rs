//! Following a rail that tells of itself what came.

use super::Asker;
use crate::rails::Arrivals;
use crate::states::booking::Booking;
use crate::states::judging::Side;
use crate::states::round::Round;
use crate::states::sweep::{SweepError, SweepReport};

/// A rail has one feed.
const FEED: &str = "";

impl Asker {
    /// Reads the feed to its end, page by page. What a page brings and the place behind it are one transaction.
    pub(super) async fn follow(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let rail = &self.scope.network;
        let booking =
            Booking { assets: &self.assets, source: rail, account: FEED, side: Side::Rail };
        loop {
            let cursor = self.store.stream_cursor(rail, FEED).await?;
            // The gateway may hold its answer back until something comes. Nothing is lost with it.
            let work = round.answer(self.rail.deposits(&[], cursor.as_deref()));
            let Some(page) = round.unless_stopping(work).await else { return Ok(()) };
            let Arrivals { incoming, unreadable, cursor, more, answers: _ } =
                page.map_err(SweepError::Rail)?;
            booking.set_aside(round, unreadable).await?;
            report.tally += booking.book(round, incoming, cursor.as_deref()).await?;
            report.pages += 1;
            round.beat();
            if !more || round.is_stopping() {
                return Ok(());
            }
        }
    }
}
