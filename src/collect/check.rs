//! The network's count beside ours.

use chrono::{DateTime, Utc};

use super::bounds::{Mode, Span, tick, tick_after};
use super::{CollectError, Collector, Sink, Source};
use crate::engine::Window;

/// How many payments are in the list, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// As the network says.
    pub network: u64,
    /// As our database believes.
    pub ours: u64,
}

impl Count {
    /// The network's count less ours.
    #[must_use]
    pub fn difference(&self) -> i64 {
        let difference = i128::from(self.network) - i128::from(self.ours);
        i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
    }
}

/// What a difference means, beside the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The counts agree.
    None,
    /// They do not, which a list that moves while it is counted may do.
    Suspected,
    /// They differ in the same direction as before: reconcile.
    Reconcile,
}

/// Judges the difference after a run beside the one after the run before.
#[must_use]
pub const fn drift(previous: i64, now: i64) -> Drift {
    if now == 0 {
        Drift::None
    } else if previous.signum() == now.signum() {
        Drift::Reconcile
    } else {
        Drift::Suspected
    }
}

impl<S: Source, D: Sink> Collector<'_, S, D> {
    /// Counts the list on both sides, up to `watermark`, with one request.
    ///
    /// # Errors
    /// [`CollectError`]: the network or the database could not be used.
    pub async fn check(
        &self,
        mode: Mode,
        watermark: Option<DateTime<Utc>>,
    ) -> Result<Count, CollectError<S::Error, D::Error>> {
        let (window, (after, before)) = match mode {
            Mode::Keyset(bounds) => {
                let window = self.collected(watermark).window(0, 1);
                (window, bounds.ours(&window))
            }
            Mode::Sweep => (Window { size: 1, ..self.everything() }, (None, None)),
        };
        let listing = self.source.page(&window).await.map_err(CollectError::Source)?;
        let ours = self.sink.count(after, before).await.map_err(CollectError::Sink)?;
        Ok(Count { network: listing.total, ours })
    }

    /// The part of the list that was read when the watermark came to be `watermark`.
    pub(super) fn collected(&self, watermark: Option<DateTime<Utc>>) -> Span {
        Span { from: self.settings.collect_from.map(tick), to: watermark.map(tick_after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_direction_twice_is_drift() {
        assert_eq!(drift(0, 0), Drift::None);
        assert_eq!(drift(5, 0), Drift::None);
        assert_eq!(drift(0, -1), Drift::Suspected);
        assert_eq!(drift(3, -1), Drift::Suspected);
        assert_eq!(drift(3, 1), Drift::Reconcile);
        assert_eq!(drift(-1, -9), Drift::Reconcile);
    }

    #[test]
    fn a_difference_is_the_networks_count_less_ours() {
        assert_eq!(Count { network: 3, ours: 5 }.difference(), -2);
        assert_eq!(Count { network: u64::MAX, ours: 0 }.difference(), i64::MAX);
        assert_eq!(Count { network: 0, ours: u64::MAX }.difference(), i64::MIN);
    }
}
