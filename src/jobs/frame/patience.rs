//! Waiting for a network or a rail, and saying meanwhile that this is no standstill.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::note::{Note, Observer};
use crate::engine::RetryPolicy;
use crate::networks::RequestSeen;

/// While something lasts, the sweep says so as often as this.
pub(in crate::jobs) const BEAT: Duration = Duration::from_secs(5);
/// The other side may ask to be left alone for as long as this, and the client obeys.
const LEFT_ALONE_MAX: Duration = Duration::from_secs(15 * 60);

/// What a client's requests tell.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Requests {
    made: AtomicU64,
    /// How often the other side asked to be left alone.
    left_alone: AtomicU64,
}

impl Requests {
    /// Counts a request.
    pub(in crate::jobs) fn saw(&self, request: &RequestSeen) {
        self.made.fetch_add(1, Ordering::Relaxed);
        if matches!(request.status, Some(429 | 503)) {
            self.left_alone.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub(in crate::jobs) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Waits for `work`, and says meanwhile that this is no standstill, for as long as `patience` and not longer; or
    /// longer, if the other side has asked to be left alone.
    pub(in crate::jobs) async fn patiently<T>(
        &self,
        patience: Duration,
        observer: Observer<'_>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        let asked_before = self.left_alone.load(Ordering::Relaxed);
        let begun = Instant::now();
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(BEAT) => {
                    let asked = self.left_alone.load(Ordering::Relaxed) - asked_before;
                    let times = u32::try_from(asked).unwrap_or(u32::MAX);
                    if begun.elapsed() < patience.saturating_add(LEFT_ALONE_MAX.saturating_mul(times)) {
                        observer(Note::Progress);
                    }
                }
            }
        }
    }
}

/// How long one answer may take, with all its tries, where each try may take `timeout`.
pub(in crate::jobs) fn answer_max(timeout: Duration, retry: RetryPolicy) -> Duration {
    (timeout + retry.max_interval) * (2 * retry.max_attempts + 2)
}
