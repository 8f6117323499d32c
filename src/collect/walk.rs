//! Mode 1: reading on from where the last walk was, by value.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{Span, less, more, tick};
use super::position::{Position, Resume, is_back, latest};
use super::stride::Stride;
use super::{CollectError, Collected, Collector, Outcome, Sink, Source};
use crate::engine::Trail;

/// A network tells its time to the second: it may be later by as much.
const SERVER_TIME_GRAIN: TimeDelta = TimeDelta::seconds(1);

impl<S: Source, D: Sink> Collector<'_, S, D> {
    /// Reads and records all that is in the list from `position` on, to its moving end. `now` is our time.
    ///
    /// The returned position is to be stored, whatever the outcome: the next walk begins there. A walk that fails has
    /// left the cursor of the last page that it recorded.
    ///
    /// # Errors
    /// [`CollectError`]: the network or the database could not be used. What was recorded stays.
    pub async fn walk(
        &self,
        position: Position,
        now: DateTime<Utc>,
    ) -> Result<(Collected, Position), CollectError<S::Error, D::Error>> {
        let mut done = Collected::default();
        let next = self.walk_into(position, now, &mut done).await?;
        Ok((done, next))
    }

    /// The same, which adds to `done` what it does, also where it fails.
    ///
    /// # Errors
    /// As [`Collector::walk`].
    pub async fn walk_into(
        &self,
        position: Position,
        now: DateTime<Utc>,
        done: &mut Collected,
    ) -> Result<Position, CollectError<S::Error, D::Error>> {
        let next = self.walk_once(position, now, done).await?;
        // The network's clock was set back: what has changed since is before the place where this began. Now it is known.
        let places = next.cursor.zip(self.start(&position, now));
        let went_back = places.is_some_and(|(cursor, start)| is_back(cursor, start));
        if done.outcome != Outcome::Complete || !went_back {
            return Ok(next);
        }
        self.walk_once(next, now, done).await
    }

    /// Where a walk from `position` begins.
    fn start(&self, position: &Position, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let overlap = self.settings.overlap;
        let Position { watermark, cursor } = position.believed(now, overlap);
        let known = cursor.or(watermark.map(|at| less(at, overlap)));
        std::cmp::max(known, self.settings.collect_from).map(tick)
    }

    async fn walk_once(
        &self,
        position: Position,
        now: DateTime<Utc>,
        done: &mut Collected,
    ) -> Result<Position, CollectError<S::Error, D::Error>> {
        let overlap = self.settings.overlap;
        let start = self.start(&position, now);
        let span = Span { from: start, to: None };
        let mut stride = Stride::new(self, Trail::List, span, self.settings.max_pages)
            .resumable(Resume { start, now, overlap });
        let end = async {
            while stride.step().await?.is_some() {}
            Ok(())
        }
        .await;
        stride.reader.finish(end, done).await?;
        let told = stride.reader.answered_at().map_or(now, |at| more(at, SERVER_TIME_GRAIN));
        let read_at = std::cmp::min(told, latest(now));
        let known = position.believed(now, overlap).watermark;
        let watermark = match done.outcome {
            Outcome::Complete => {
                let seen = stride.reader.newest().map(|newest| std::cmp::min(newest, read_at));
                std::cmp::max(known, seen)
            }
            Outcome::Stopped | Outcome::TooFast | Outcome::Unreliable => known,
        };
        Ok(Position { watermark, cursor: stride.cursor() })
    }
}
