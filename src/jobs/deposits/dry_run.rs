//! What a sweep would do, told and not done.

use std::collections::HashSet;

use super::{Asker, LAPSED};
use crate::engine::{PlaceKind, Transfer};
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::rails::Arrivals;
use crate::store::FEED;

/// Of no more transfers is told that they would end.
const TOLD_MAX: u32 = 100_000;

impl Asker {
    /// Tells what a sweep would do. A rail that tells a feed is read; another one is asked nothing, for a question is a call
    /// of somebody's program.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub(super) async fn tell_due(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        // What money would come for does not end.
        let mut matched = HashSet::new();
        if self.tells_feed {
            self.tell_feed(stop, observer, report, &mut matched).await?;
        } else {
            self.tell_questions(stop, observer, report).await?;
        }
        let (rail, now) = (&self.desk.scope.network, self.desk.clock.now());
        let overdue =
            self.desk.store.overdue_transfers(PlaceKind::Rail, rail, None, now, TOLD_MAX).await?;
        let lapses = |one: &&Transfer| self.lapses(one) && !matched.contains(&one.transfer_id);
        for transfer in overdue.iter().filter(lapses) {
            would(observer, &transfer.transfer_id, "expire", LAPSED.to_owned());
        }
        Ok(())
    }

    async fn tell_feed(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
        report: &mut SweepReport,
        matched: &mut HashSet<String>,
    ) -> Result<(), SweepError> {
        let booking = self.booking();
        let mut place = self.desk.store.stream_cursor(booking.source, FEED).await?;
        while !stop() {
            let page = self.rail.deposits(&[], place.as_deref()).await;
            let Arrivals { incoming, unreadable, cursor, more, answers: _ } =
                page.map_err(SweepError::Rail)?;
            for one in unreadable {
                let id = one.incoming_id.as_deref().unwrap_or("?");
                would(observer, id, "quarantine", one.reason);
                report.tally.quarantined += 1;
            }
            report.tally += booking.preview(&self.desk.store, incoming, observer, matched).await?;
            report.pages += 1;
            place = cursor.or(place);
            if !more {
                break;
            }
        }
        Ok(())
    }

    async fn tell_questions(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let (rail, now) = (&self.desk.scope.network, self.desk.clock.now());
        let mut after = None;
        while !stop() {
            let store = &self.desk.store;
            let waiting =
                store.waiting_deposits(rail, after.as_ref(), now, self.batch_size).await?;
            let Some(last) = waiting.last() else { break };
            after = Some((last.created_at, last.transfer_id.clone()));
            report.pages += 1;
            for deposit in &waiting {
                let detail = format!("rail {rail}, in status {}", deposit.status);
                would(observer, &deposit.transfer_id, "ask", detail);
            }
        }
        Ok(())
    }
}

fn would(observer: Observer<'_>, id: &str, what: &str, detail: String) {
    observer(Note::Would { payment_id: id.to_owned(), what: what.to_owned(), detail });
}
