//! This host's clock, where it is set back: whatever was to wait until a time that it showed before would wait for too long.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::worker::Worker;
use crate::engine::later;
use crate::store::Lease;

/// A clock that is steered is not off by more; one that is set back may be by any time.
const STEERED: TimeDelta = TimeDelta::seconds(1);
/// No pause of ours is longer.
const PAUSE_MAX: Duration = Duration::from_secs(20 * 60);

/// What is known of the clock.
#[derive(Debug)]
pub(super) struct Steps {
    /// What it showed last, and when that was by the time that nobody sets.
    seen: Option<(DateTime<Utc>, Instant)>,
    /// Whether it was set back, and nothing was made of that yet.
    is_back: bool,
    /// Whether another may have had the place, whose clock may have been ahead.
    is_new: bool,
}

impl Default for Steps {
    fn default() -> Self {
        Self { seen: None, is_back: false, is_new: true }
    }
}

impl Steps {
    /// The place is ours from now on, and may have been another's.
    pub(super) fn begin(&mut self) {
        self.is_new = true;
    }

    /// Takes in what it shows. None: it has gone on as it should. Else pauses that end later than this are too long.
    fn beyond(&mut self, now: DateTime<Utc>, at: Instant) -> Option<DateTime<Utc>> {
        if let Some((shown, then)) = self.seen.replace((now, at)) {
            let passed = TimeDelta::from_std(at.duration_since(then)).ok();
            let expected = passed.and_then(|passed| shown.checked_add_signed(passed));
            self.is_back |= expected.is_some_and(|expected| expected - now > STEERED);
        }
        if self.is_back {
            return Some(now);
        }
        self.is_new.then(|| later(now, PAUSE_MAX))
    }
}

impl Worker {
    /// Ends pauses that are too long because a clock was ahead. What cannot be written down now is done before the next sweep.
    pub(super) async fn mind_the_clock(&mut self, lease: &Lease) {
        let now = self.clock.now();
        let Some(beyond) = self.steps.beyond(now, Instant::now()) else { return };
        match self.store.end_pauses(lease, beyond, now).await {
            Ok(ended) => {
                if self.steps.is_back || ended > 0 {
                    tracing::warn!(ended, "a clock was ahead: what waits for its time goes on");
                }
                (self.steps.is_back, self.steps.is_new) = (false, false);
            }
            Err(error) => {
                tracing::warn!(%error, "pauses that a clock made too long could not be ended");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_is_set_back_ends_pauses() {
        let (start, then) = (DateTime::UNIX_EPOCH + TimeDelta::days(20_000), Instant::now());
        let at = then + Duration::from_secs(60);
        for (shown, is_back) in [
            (60_000, false),
            (59_100, false),
            (58_900, true),
            (-3_540_000, true),
            (3_660_000, false),
        ] {
            let mut steps = Steps { seen: Some((start, then)), is_back: false, is_new: false };
            let now = start + TimeDelta::milliseconds(shown);
            assert_eq!(steps.beyond(now, at), is_back.then_some(now), "{shown}");
            // It is kept in mind until something was made of it, also if the place is lost meanwhile.
            steps.begin();
            let soon = now + TimeDelta::seconds(1);
            let wanted = if is_back { soon } else { soon + TimeDelta::minutes(20) };
            assert_eq!(steps.beyond(soon, at + Duration::from_secs(1)), Some(wanted), "{shown}");
        }
    }
}
