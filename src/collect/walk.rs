//! Mode 1: reading on from where the last walk was, by value.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{Bounds, Span, less, more, tick};
use super::position::{Position, Resume};
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
        bounds: Bounds,
        position: Position,
        now: DateTime<Utc>,
    ) -> Result<(Collected, Position), CollectError<S::Error, D::Error>> {
        let overlap = self.settings.overlap;
        let known = position.cursor.or(position.watermark.map(|at| less(at, overlap)));
        let start = std::cmp::max(known, self.settings.collect_from).map(tick);
        let span = Span { from: start, to: None };
        let mut stride = Stride::new(self, Trail::List, bounds, span, self.settings.max_pages)
            .resumable(Resume { start, now, overlap });
        let end = async {
            while stride.step().await?.is_some() {}
            Ok(())
        }
        .await;
        let collected = stride.reader.finish(end).await?;
        let read_at = stride.reader.answered_at().map_or(now, |at| more(at, SERVER_TIME_GRAIN));
        let watermark = match collected.outcome {
            Outcome::Complete => {
                let seen = collected.newest.map(|newest| std::cmp::min(newest, read_at));
                std::cmp::max(position.watermark, seen)
            }
            Outcome::Stopped | Outcome::TooFast | Outcome::Unreliable => position.watermark,
        };
        Ok((collected, Position { watermark, cursor: stride.cursor() }))
    }
}
