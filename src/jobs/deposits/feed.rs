//! Following a rail that tells of itself what came.

use super::Asker;
use crate::engine::decide::judging::Side;
use crate::engine::{Alert, AlertName};
use crate::jobs::booking::Booking;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::rails::{Arrivals, RailError};
use crate::store::FEED;

impl Asker {
    /// Reads the feed page by page. What a page brings and the place behind it are one transaction. Whether its end was
    /// reached: it is not where it is told to stop, nor where a row keeps what is behind it from us.
    pub(super) async fn follow(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<bool, SweepError> {
        let booking = self.booking();
        let mut stored = self.desk.store.stream_cursor(booking.source, FEED).await?;
        loop {
            let place = place_of(stored.as_deref());
            if round.sick.is_put_off(&place) {
                return Ok(false);
            }
            // The gateway may hold its answer back until something comes. Nothing is lost with it.
            let work = round.answer(self.rail.deposits(&[], stored.as_deref()));
            let Some(page) = round.unless_stopping(work).await else { return Ok(false) };
            if let Err(RailError::TooLarge { problem, beginning }) = page {
                let problem = format!(
                    "the row behind it does not tell its number, and what came after that is not seen: {problem}"
                );
                let error = RailError::TooLarge { problem, beginning };
                round.sick.failed(round.lease, &place, error, || self.is_well(round)).await?;
                return Ok(false);
            }
            let page = page.map_err(SweepError::Rail)?;
            let Arrivals { incoming, unreadable, cursor, more, answers: _ } = page;
            // Who reads on from a row has to know its number.
            let hides = cursor.is_none() && unreadable.iter().any(|row| row.incoming_id.is_none());
            if !hides && round.sick.has_failed(&place) {
                round.sick.well(round.lease, &place).await?;
            }
            report.tally += booking.set_aside(round, unreadable).await?;
            report.tally += booking.book(round, incoming, cursor.as_deref()).await?;
            report.pages += 1;
            round.beat();
            if round.is_stopping() {
                return Ok(false);
            }
            if !more {
                return self.is_end(round, &place, stored.as_deref(), hides).await;
            }
            stored = cursor.or(stored);
        }
    }

    /// Whether the feed ends where it tells nothing more. It does not where newer rows are behind those that do not tell their
    /// numbers, of which a page may be full: they keep all that is behind them from us.
    async fn is_end(
        &self,
        round: &Round<'_>,
        place: &str,
        stored: Option<&str>,
        hides: bool,
    ) -> Result<bool, SweepError> {
        let read = stored.and_then(|cursor| cursor.parse::<u64>().ok());
        if read.is_none() && !hides {
            return Ok(true);
        }
        let newest = match round.answer(self.rail.newest()).await {
            Ok(newest) => newest.unwrap_or(0),
            Err(error) => {
                tracing::debug!(%error, "where the feed ends is not known");
                return Ok(true);
            }
        };
        if hides && newest > read.unwrap_or(0) {
            let problem = format!(
                "the rows behind it do not tell their numbers, and what came after them, up to row {newest}, is not seen"
            );
            let error = RailError::Unreadable(problem);
            round.sick.failed(round.lease, place, error, || self.is_well(round)).await?;
            return Ok(false);
        }
        if hides && round.sick.has_failed(place) {
            round.sick.well(round.lease, place).await?;
        }
        if let Some(read) = read {
            self.compare(round, read, newest).await?;
        }
        Ok(true)
    }

    /// Raises an alert if the feed ends before the place up to which we have read it, and clears it when it does not. What
    /// it told from its new beginning would be missed in silence.
    async fn compare(&self, round: &Round<'_>, read: u64, newest: u64) -> Result<(), SweepError> {
        let alert = (newest < read).then(|| {
            let detail = format!(
                "we have read up to row {read}, and the newest is {newest}: has the gateway begun anew? What it tells \
                 before row {read} is not seen"
            );
            Alert::of(AlertName::ListUnreliable, detail)
        });
        Ok(round.set_alerts(AlertName::ListUnreliable, alert.as_slice()).await?)
    }

    /// Asks the feed again for the row `place` that was set aside, and books it. False: the feed does not have it, or it
    /// cannot be read this time either.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub(super) async fn ask_again(
        &self,
        round: &Round<'_>,
        place: &str,
    ) -> Result<bool, SweepError> {
        let before = place.parse::<u64>().ok().and_then(|place| place.checked_sub(1));
        let Some(before) = before.filter(|_| self.tells_feed) else { return Ok(false) };
        let page = self.rail.deposits(&[], Some(&before.to_string())).await;
        let mut incoming = page.map_err(SweepError::Rail)?.incoming;
        incoming.retain(|one| one.incoming_id == place);
        if incoming.is_empty() {
            return Ok(false);
        }
        self.booking().book(round, incoming, None).await?;
        Ok(true)
    }

    pub(super) fn booking(&self) -> Booking<'_> {
        let source = &self.desk.scope.network;
        Booking { expected: &self.expected, source, account: FEED, side: Side::Rail }
    }
}

/// The name by which a place in the feed is put off, behind which nothing can be read.
fn place_of(stored: Option<&str>) -> String {
    format!("row/{}", stored.unwrap_or("0"))
}
