//! When to try again: all retry timing of railpoll.
//!
//! The crate `backoff` is unmaintained (see deny.toml), so it is used for one thing, as a calculator of jittered
//! exponential delays, and in this file only. Fifteen lines would replace it.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// How often and how far apart a request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first one included.
    pub max_attempts: u32,
    /// The longest time between two tries.
    pub max_interval: Duration,
}

/// A network's wish to be left alone is honoured between these bounds.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);

/// The delays between the tries of one request.
pub struct Backoff {
    policy: RetryPolicy,
    delays: ExponentialBackoff,
    tries: u32,
}

impl RetryPolicy {
    /// The delays for one request, from its first try on.
    #[must_use]
    pub fn start(self) -> Backoff {
        let first = self.max_interval / 8;
        let delays = ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            multiplier: 2.0,
            randomization_factor: 0.5,
            max_interval: self.max_interval,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Backoff { policy: self, delays, tries: 1 }
    }
}

impl Backoff {
    /// The delay before the next try; none when the last try is spent.
    ///
    /// `asked` is the network's `Retry-After`. It replaces our own delay, held between 1 s and 15 min.
    pub fn next_delay(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if self.tries >= self.policy.max_attempts {
            return None;
        }
        self.tries += 1;
        let own = self.delays.next_backoff().unwrap_or(self.policy.max_interval);
        Some(match asked {
            Some(asked) => asked_pause(asked),
            None => std::cmp::min(own, self.policy.max_interval),
        })
    }
}

/// For how long somebody who wishes to be left alone for `asked` is left alone.
#[must_use]
pub fn asked_pause(asked: Duration) -> Duration {
    asked.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX)
}

/// The delay before something is looked at again that has failed `failures` times in a row: `first`, doubling, at most `most`.
#[must_use]
pub fn doubling(first: Duration, most: Duration, failures: u32) -> Duration {
    let factor = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    std::cmp::min(first.saturating_mul(factor), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy =
        RetryPolicy { max_attempts: 3, max_interval: Duration::from_secs(2) };

    #[test]
    fn tries_are_counted() {
        let mut backoff = POLICY.start();
        assert!(backoff.next_delay(None).is_some());
        assert!(backoff.next_delay(None).is_some());
        assert_eq!(backoff.next_delay(None), None);
        assert_eq!(backoff.next_delay(Some(Duration::from_secs(1))), None);
    }

    #[test]
    fn delays_stay_under_their_maximum() {
        let policy = RetryPolicy { max_attempts: 1000, ..POLICY };
        let mut backoff = policy.start();
        while let Some(delay) = backoff.next_delay(None) {
            assert!(delay <= policy.max_interval);
        }
    }

    #[test]
    fn a_wish_of_the_network_is_held_between_bounds() {
        let asked = |seconds| POLICY.start().next_delay(Some(Duration::from_secs(seconds)));
        assert_eq!(asked(0), Some(RETRY_AFTER_MIN));
        assert_eq!(asked(30), Some(Duration::from_secs(30)));
        assert_eq!(asked(86_400), Some(RETRY_AFTER_MAX));
    }

    #[test]
    fn doubling_stops_at_the_most() {
        let delay =
            |failures| doubling(Duration::from_secs(300), Duration::from_secs(3600), failures);
        assert_eq!(delay(1), Duration::from_secs(300));
        assert_eq!(delay(2), Duration::from_secs(600));
        assert_eq!(delay(5), Duration::from_secs(3600));
        assert_eq!(delay(500), Duration::from_secs(3600));
    }
}
