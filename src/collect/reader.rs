//! Reading pages while the one before is stored.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::future::join;
use xxhash_rust::xxh3::xxh3_64;

use super::{CollectError, Collected, Collector, Halt, Outcome, Sink, Source};
use crate::engine::{Listing, Row, Tally, Trail, Window};

/// So many ids are noted, at eight bytes each. Those beyond are taken as not seen, which costs requests only.
const NOTES_MAX: usize = 100_000;

/// Asks for pages and stores them, one behind the other: a page is stored while the next one is fetched, so there are
/// never more than two in memory.
pub(super) struct Reader<'a, S, D> {
    collector: &'a Collector<'a, S, D>,
    trail: Trail,
    pages_max: u64,
    pending: Option<Pending>,
    notes: Option<HashSet<u64>>,
    done: Collected,
    answered_at: Option<DateTime<Utc>>,
}

struct Pending {
    rows: Vec<Row>,
    cursor: Option<DateTime<Utc>>,
}

impl<'a, S: Source, D: Sink> Reader<'a, S, D> {
    pub(super) fn new(collector: &'a Collector<'a, S, D>, trail: Trail, pages_max: u64) -> Self {
        Self {
            collector,
            trail,
            pages_max,
            pending: None,
            notes: None,
            done: Collected::default(),
            answered_at: None,
        }
    }

    /// Notes the ids of all rows from here on.
    pub(super) fn take_notes(&mut self) {
        self.notes = Some(HashSet::new());
    }

    /// Whether this payment is in the notes. One that is may be there all the same, if there were too many.
    pub(super) fn has_noted(&self, payment_id: &str) -> bool {
        self.notes.as_ref().is_some_and(|notes| notes.contains(&xxh3_64(payment_id.as_bytes())))
    }

    /// Fetches a page, and meanwhile stores the one that was kept.
    pub(super) async fn page(
        &mut self,
        window: &Window,
    ) -> Result<Listing, Halt<S::Error, D::Error>> {
        if (self.collector.stop)() {
            return Err(Halt::Early(Outcome::Stopped));
        }
        if self.done.pages == self.pages_max {
            return Err(Halt::Early(Outcome::TooFast));
        }
        self.done.pages += 1;
        let pending = self.pending.take();
        let (stored, fetched) = join(self.store(pending), self.collector.source.page(window)).await;
        self.done.tally += stored?;
        let listing = fetched.map_err(|error| {
            let is_too_large = window.size > 1 && S::is_too_large(&error);
            let error = CollectError::Source(error);
            if is_too_large { Halt::TooLarge(error) } else { Halt::Failed(error) }
        })?;
        if self.done.pages == 1 {
            self.answered_at = listing.server_time;
        }
        let newest = listing.payments().map(|payment| payment.modified_at).max();
        self.done.newest = std::cmp::max(self.done.newest, newest);
        self.note(&listing);
        Ok(listing)
    }

    /// Has these rows stored, with `cursor`, when the next page is asked for or the reader is flushed.
    pub(super) fn keep(&mut self, rows: Vec<Row>, cursor: Option<DateTime<Utc>>) {
        debug_assert!(self.pending.is_none(), "a page is kept once the one before is stored");
        self.pending = Some(Pending { rows, cursor });
    }

    /// Rows in a page that is not too large.
    pub(super) fn page_size(&self) -> u32 {
        self.collector.settings.rows()
    }

    /// Stores what is kept.
    pub(super) async fn flush(&mut self) -> Result<(), CollectError<S::Error, D::Error>> {
        let pending = self.pending.take();
        self.done.tally += self.store(pending).await?;
        Ok(())
    }

    async fn store(
        &self,
        pending: Option<Pending>,
    ) -> Result<Tally, CollectError<S::Error, D::Error>> {
        match pending {
            Some(Pending { rows, cursor }) if !rows.is_empty() => {
                let stored = self.collector.sink.record(&rows, cursor, self.trail).await;
                stored.map_err(CollectError::Sink)
            }
            Some(_) | None => Ok(Tally::default()),
        }
    }

    fn note(&mut self, listing: &Listing) {
        let Some(notes) = &mut self.notes else { return };
        for row in &listing.rows {
            let id = match row {
                Row::Payment(payment) => Some(&payment.payment_id),
                Row::Bad(bad) => bad.payment_id.as_ref(),
            };
            if let Some(id) = id
                && notes.len() < NOTES_MAX
            {
                notes.insert(xxh3_64(id.as_bytes()));
            }
        }
    }

    /// Stores what is kept, and adds to `done` what a run did that came to `end`, also if it failed.
    pub(super) async fn finish(
        &mut self,
        end: Result<(), Halt<S::Error, D::Error>>,
        done: &mut Collected,
    ) -> Result<(), CollectError<S::Error, D::Error>> {
        let ended = match end {
            Ok(()) => self.flush().await,
            Err(Halt::Early(outcome)) => {
                self.done.outcome = outcome;
                self.flush().await
            }
            Err(Halt::TooLarge(error) | Halt::Failed(error)) => Err(error),
        };
        done.add(&self.done);
        ended
    }

    /// Rows so far that the database did not have.
    pub(super) fn news(&self) -> u64 {
        self.done.tally.new + self.done.tally.changed
    }

    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.done.newest
    }

    /// The network's time of the first answer.
    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.answered_at
    }
}
