//! A token bucket: so many requests a second, with a burst of one second's worth.

use std::time::Duration;

/// The bucket. It knows no clock: times are counted from any fixed moment.
#[derive(Debug)]
pub(super) struct Bucket {
    /// From one request to the next, when they come evenly.
    interval: Duration,
    /// How much earlier than its even place a request may go.
    burst: Duration,
    /// The even place of the next request.
    next: Duration,
}

impl Bucket {
    /// A full bucket of `per_second` requests.
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = std::cmp::max(per_second, 1);
        let interval = Duration::from_secs(1) / per_second;
        Self { interval, burst: interval * (per_second - 1), next: Duration::ZERO }
    }

    /// Takes the next place and says how long to wait for it. Places are given in the order of asking.
    pub(super) fn take(&mut self, now: Duration) -> Duration {
        let place = std::cmp::max(self.next, now);
        self.next = place + self.interval;
        place.saturating_sub(self.burst).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_evenly() {
        let mut bucket = Bucket::new(10);
        let waits: Vec<_> = (0..13).map(|_| bucket.take(ms(5000))).collect();
        assert_eq!(waits.iter().filter(|wait| wait.is_zero()).count(), 10);
        assert_eq!(waits.get(10..), Some(&[ms(100), ms(200), ms(300)][..]));
    }

    #[test]
    fn it_fills_up_again_but_never_beyond_its_size() {
        let mut bucket = Bucket::new(2);
        assert_eq!([0, 0, 0].map(|now| bucket.take(ms(now))), [ms(0), ms(0), ms(500)]);
        assert_eq!([9000, 9000, 9000].map(|now| bucket.take(ms(now))), [ms(0), ms(0), ms(500)]);
    }

    #[test]
    fn no_second_holds_more_than_twice_the_rate() {
        // A client that waits as told: a full burst, then the rate.
        let mut bucket = Bucket::new(5);
        let mut now = ms(0);
        let sent: Vec<_> = std::iter::repeat_with(|| {
            now += bucket.take(now);
            now
        })
        .take(50)
        .collect();
        for (place, start) in sent.iter().enumerate() {
            let within = sent.iter().skip(place).take_while(|at| **at < *start + ms(1000)).count();
            assert!(within <= 10, "{within} requests in the second from {start:?}");
        }
        assert_eq!(sent.last(), Some(&ms(45 * 200)));
    }
}
