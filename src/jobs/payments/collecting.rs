//! Collecting: the network's list, read into the database.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::closing::payment;
use super::sweep::{Sweep, Sweeper};
use crate::collect::{
    CollectError, Collected, Collector, Depth, Found, Mode, Outcome, Position, Reconciled, Sink,
    Source, WalkSettings, probe,
};
use crate::config::CollectFrom;
use crate::engine::{AlertName, Listing, Row, SweepOutcome, Tally, Trail, Window, coarse};
use crate::jobs::frame::desk::Desk;
use crate::jobs::frame::note::Note;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::networks::NetworkError;
use crate::networks::ripplenet::too_large;
use crate::store::{Cursor, StoreError, WalkEnd};

/// A walk that has not come to the end after so many pages ends for now: payments change faster than they are read,
/// or there are so many that the rest is to be acted on first.
const PAGES_MAX: u64 = 20_000;
/// Behind so many rows that are too large, one is looked for that tells how many rows there are.
const LARGE_MAX: u64 = 1 << 20;

/// The list of a poller's states at its network.
pub(super) struct List<'a> {
    pub(super) sweep: &'a Sweep<'a>,
    /// Without one it is a person who asks.
    pub(super) round: Option<&'a Round<'a>>,
}

/// The database, as far as that list is concerned.
pub(super) struct Records<'a> {
    pub(super) sweep: &'a Sweep<'a>,
    /// Without one the writes are a person's.
    pub(super) round: Option<&'a Round<'a>>,
    /// Whether counts are to hold what is set aside too. Of some of that nobody knows where in the list it is, so only a
    /// count of the whole can.
    pub(super) counts_set_aside: bool,
}

impl Source for List<'_> {
    type Error = SweepError;

    fn is_too_large(error: &SweepError) -> bool {
        matches!(error, SweepError::Network(NetworkError::TooLarge { .. }))
    }

    async fn page(&self, window: &Window) -> Result<Listing, SweepError> {
        match self.ask(window).await {
            Err(NetworkError::TooLarge { .. }) if window.size == 1 => self.too_large(window).await,
            answer => Ok(answer?),
        }
    }

    async fn get(&self, payment_id: &str) -> Result<Found, SweepError> {
        let thing = payment(payment_id);
        if self.round.is_some_and(|round| round.sick.is_put_off(&thing)) {
            return Ok(Found::NotNow);
        }
        let found = match self.sweep.answer(self.sweep.job.client.get(payment_id)).await {
            Ok(row) => Found::Row(Box::new(row)),
            Err(NetworkError::Refused { status: 404, .. }) => Found::Gone,
            Err(error) => {
                match self.round {
                    Some(round) => drop(self.sweep.put_off(round, payment_id, error).await?),
                    None => self.sweep.is_well().await?,
                }
                return Ok(Found::NotNow);
            }
        };
        if let Some(round) = self.round {
            round.sick.well(round.lease, &thing).await?;
        }
        Ok(found)
    }
}

impl List<'_> {
    async fn ask(&self, window: &Window) -> Result<Listing, NetworkError> {
        let Sweeper { client, rules, .. } = self.sweep.job;
        self.sweep.answer(Box::pin(client.list(&rules.asked, window))).await
    }

    /// A page of one row that is too large. If it is so again, it is a row that cannot be read; the list goes on
    /// behind it.
    async fn too_large(&self, window: &Window) -> Result<Listing, SweepError> {
        let bad = match self.ask(window).await {
            Err(NetworkError::TooLarge { problem, beginning }) => too_large(&beginning, &problem),
            answer => return Ok(answer?),
        };
        let mut further = 1;
        let total = loop {
            let behind = Window { page: window.page + further, ..*window };
            match self.ask(&behind).await {
                // However many there are, the end of the list is not far: a page behind it is empty.
                Err(NetworkError::TooLarge { .. }) if further < LARGE_MAX => further *= 2,
                answer => break answer?.total,
            }
        };
        let last = window.page + 1 >= total;
        Ok(Listing { rows: vec![Row::Bad(bad)], last, total, server_time: None })
    }
}

impl Sink for Records<'_> {
    type Error = StoreError;

    async fn record(
        &self,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
    ) -> Result<Tally, StoreError> {
        let Sweep { desk: Desk { store, scope, clock, .. }, observer, .. } = self.sweep;
        // Only the holder of the lease moves the poller's cursor.
        let cursor = cursor.filter(|_| self.round.is_some());
        // Boxed, as is each answer: else everything that waits for a sweep would be as large as they are.
        let record = store.record(
            scope,
            self.round.map(|round| round.lease),
            rows,
            cursor,
            trail,
            clock.now(),
        );
        let tally = Box::pin(record).await?;
        observer(Note::Progress);
        Ok(tally)
    }

    async fn count(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> Result<u64, StoreError> {
        let Sweep { desk: Desk { store, scope, .. }, job: Sweeper { role, rules, .. }, .. } =
            self.sweep;
        let (network, states) = (scope.network.as_str(), rules.states);
        let (first, end) =
            (after.unwrap_or(DateTime::UNIX_EPOCH), before.unwrap_or_else(end_of_time));
        let set_aside = if self.counts_set_aside {
            store.set_aside_between(scope, states, role, first, end).await?
        } else {
            0
        };
        if after.is_some() {
            return Ok(store.count_between(network, states, role, first, end).await? + set_aside);
        }
        // The whole is kept counted; only what is behind the end is to be looked at.
        let all = store.count_in(network, states, Some(role)).await?;
        let behind = match before {
            Some(before) => {
                let after = before - TimeDelta::microseconds(1);
                store.count_between(network, states, role, after, end_of_time()).await?
            }
            None => 0,
        };
        Ok(all.saturating_sub(behind) + set_aside)
    }

    async fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let Sweep { desk: Desk { store, scope, .. }, job: Sweeper { role, rules, .. }, .. } =
            self.sweep;
        let between = (after.unwrap_or(DateTime::UNIX_EPOCH), before.unwrap_or_else(end_of_time));
        store.ids_between(&scope.network, rules.states, role, between, past, limit).await
    }
}

/// No payment is changed later than this.
fn end_of_time() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9999, 1, 1)
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(DateTime::<Utc>::MAX_UTC, |time| time.and_utc())
}

impl From<CollectError<Self, StoreError>> for SweepError {
    fn from(error: CollectError<Self, StoreError>) -> Self {
        match error {
            CollectError::Source(error) => error,
            CollectError::Sink(error) => Self::Store(error),
        }
    }
}

impl Sweep<'_> {
    /// Reads what is new, compares the counts, and reconciles where they stay different or it is time to.
    pub(super) async fn collect(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let was = self.desk.store.cursor(&self.desk.scope).await?;
        let list = List { sweep: self, round: Some(round) };
        let records = Records { sweep: self, round: Some(round), counts_set_aside: true };
        let mode = self.mode(&was, &list).await?;
        let collector = Collector {
            source: &list,
            sink: &records,
            settings: self.collect_settings(),
            stop: self.stop,
        };
        let position = Position { watermark: was.watermark, cursor: was.cursor };
        let (mut collected, now) = (Collected::default(), self.desk.clock.now());
        let walked = match mode {
            Mode::Keyset(_) => collector.walk_into(position, now, &mut collected).await,
            Mode::Sweep => collector.sweep_into(&mut collected).await.map(|()| position),
        };
        note(report, &collected);
        let position = walked?;
        self.judge(round, &collected).await?;
        self.judge_clock(round).await?;
        let mut end = WalkEnd {
            mode: mode.as_str().to_owned(),
            watermark: position.watermark,
            cursor: position.cursor,
            difference: was.difference,
            unexplained: was.unexplained,
            // The first walk has read all there is.
            reconciled_at: was.reconciled_at.or_else(|| Some(self.desk.clock.now())),
        };
        match collected.outcome {
            Outcome::Complete => {
                self.compare(round, &collector, mode, &was, &mut end, report).await?;
            }
            // The next sweep finds out anew how this list can be read.
            Outcome::Unreliable => end.mode.clear(),
            Outcome::Stopped | Outcome::TooFast => {}
        }
        self.desk.store.save_walk(&self.desk.scope, round.lease, &was, &end).await?;
        Ok(())
    }

    /// How this poller collects.
    pub(super) fn collect_settings(&self) -> WalkSettings {
        let std = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        let collect_from = match self.job.settings.collect_from {
            CollectFrom::Beginning => None,
            CollectFrom::Date(date) => Some(date),
            CollectFrom::Back(back) => self.desk.clock.now().checked_sub_signed(std(back)),
        };
        WalkSettings {
            page_size: self.job.settings.page_size,
            overlap: std(self.job.settings.overlap),
            collect_from,
            max_pages: PAGES_MAX,
        }
    }

    /// Raises the alert where the network's clock and ours are too far from each other, and clears it when they are not.
    async fn judge_clock(&self, round: &Round<'_>) -> Result<(), StoreError> {
        let detail = self.job.client.doubted_offset().map(|doubted| {
            let which = if doubted > TimeDelta::zero() { "ahead of" } else { "behind" };
            // Not to the second: what a person has seen to is the same a moment later.
            let far = coarse(doubted.abs());
            format!(
                "the network's clock is {far} {which} ours, and is not believed: deadlines are judged by ours"
            )
        });
        round.set_alert(AlertName::ClockOffset, detail).await
    }

    /// Raises and clears the alerts on how the list can be read.
    async fn judge(&self, round: &Round<'_>, collected: &Collected) -> Result<(), StoreError> {
        let outcome = collected.outcome;
        if outcome == Outcome::Stopped {
            return Ok(());
        }
        let too_fast = (outcome == Outcome::TooFast).then(|| {
            format!("{} pages were read, and the end of the list was not reached", collected.pages)
        });
        round.set_alert(AlertName::ListTooFast, too_fast).await?;
        let unreliable = (outcome == Outcome::Unreliable).then(|| {
            "the network's pages are not in the order, or not in the range, that was asked for"
                .to_owned()
        });
        round.set_alert(AlertName::ListUnreliable, unreliable).await
    }
}

/// How a sweep ended whose collecting ended so.
pub(super) const fn outcome_of(outcome: Outcome) -> SweepOutcome {
    match outcome {
        Outcome::Complete => SweepOutcome::Complete,
        Outcome::Stopped => SweepOutcome::Stopped,
        Outcome::TooFast => SweepOutcome::TooFast,
        Outcome::Unreliable => SweepOutcome::Unreliable,
    }
}

/// Puts what was read into the report.
pub(super) fn note(report: &mut SweepReport, collected: &Collected) {
    report.outcome = outcome_of(collected.outcome);
    report.pages = collected.pages;
    report.tally = collected.tally;
    report.newest = collected.newest;
}

impl Sweep<'_> {
    /// Compares the whole list with the database, row by row, whatever the counts say: a person has asked for it.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn reconcile(&self) -> Result<Reconciled, SweepError> {
        let was = self.desk.store.cursor(&self.desk.scope).await?;
        let (list, records) = (self.list_of_person(), self.records_of_person());
        let mode = self.mode(&was, &list).await?;
        self.desk
            .store
            .recount(None, &self.desk.scope.network, self.job.rules.states, &self.job.role)
            .await?;
        let settings = self.collect_settings();
        let collector = Collector { source: &list, sink: &records, settings, stop: self.stop };
        Ok(collector.reconcile(mode, was.watermark, Depth::Rows).await?)
    }

    /// Reads all that was modified at `from` or later, and leaves the poller's own cursor where it is.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn backfill(&self, from: DateTime<Utc>) -> Result<Collected, SweepError> {
        let was = self.desk.store.cursor(&self.desk.scope).await?;
        let (list, records) = (self.list_of_person(), self.records_of_person());
        let mode = self.mode(&was, &list).await?;
        let settings = WalkSettings { collect_from: Some(from), ..self.collect_settings() };
        let collector = Collector { source: &list, sink: &records, settings, stop: self.stop };
        Ok(match mode {
            Mode::Keyset(_) => collector.walk(Position::default(), self.desk.clock.now()).await?.0,
            Mode::Sweep => collector.sweep().await?,
        })
    }

    /// Asks the network for one payment, and stores it. False: the network does not know it, or it cannot be read.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn look_at(&self, payment_id: &str) -> Result<bool, SweepError> {
        let row = match self.answer(self.job.client.get(payment_id)).await {
            Ok(row) => row,
            Err(NetworkError::Refused { status: 404, .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let records = self.records_of_person();
        records.record(std::slice::from_ref(&row), None, Trail::Get).await?;
        Ok(matches!(row, Row::Payment(_)))
    }

    /// What a person asks for.
    fn list_of_person(&self) -> List<'_> {
        List { sweep: self, round: None }
    }

    /// What a person has stored.
    fn records_of_person(&self) -> Records<'_> {
        Records { sweep: self, round: None, counts_set_aside: false }
    }

    /// How the list can be read: as it was found before, or found out now.
    pub(super) async fn mode(&self, was: &Cursor, list: &List<'_>) -> Result<Mode, SweepError> {
        match was.mode.as_deref().and_then(|mode| mode.parse().ok()) {
            Some(mode) => Ok(mode),
            None => probe(list).await,
        }
    }
}
