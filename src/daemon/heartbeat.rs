//! Life signs: each worker beats when it gets on, and only that keeps systemd's watchdog and `/healthz` content.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// A worker without a beat for so long stands still. Everything that it waits for is bounded well below.
const STANDSTILL: Duration = Duration::from_secs(60);

/// A worker that failed so often in a row does not get on, however busy it is.
const FAILURES: u32 = 3;

/// The life signs of all workers of this process.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat(Arc<Mutex<Beats>>);

#[derive(Debug)]
struct Beats {
    workers: Vec<Life>,
    told: Option<Instant>,
    /// A quarter of what systemd allows between two signs; none without a watchdog.
    tell_every: Option<Duration>,
    standstill: Duration,
}

/// How one worker gets on.
#[derive(Debug)]
struct Life {
    last: Instant,
    /// How often in a row it was refused a lease by the database.
    without_lease: u32,
    /// How often in a row a sweep panicked, was refused by the database, or could not be recorded.
    failed: u32,
}

/// One worker's.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    beats: Heartbeat,
    worker: usize,
}

impl Heartbeat {
    /// For a process that systemd may be watching.
    pub(super) fn of_process() -> Self {
        Self::new(sd_notify::watchdog_enabled())
    }

    fn new(watchdog: Option<Duration>) -> Self {
        let tell_every = watchdog.map(|watchdog| watchdog / 4);
        let standstill = watchdog.map_or(STANDSTILL, |watchdog| watchdog / 2);
        Self(Arc::new(Mutex::new(Beats {
            workers: Vec::new(),
            told: None,
            tell_every,
            standstill,
        })))
    }

    /// One more worker, alive now.
    pub(super) fn worker(&self) -> Pulse {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.workers.push(Life { last: Instant::now(), without_lease: 0, failed: 0 });
        Pulse { beats: self.clone(), worker: beats.workers.len() - 1 }
    }

    /// Forgets all workers.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).workers.clear();
    }

    /// Why the process does not get on; none if it does.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trouble(Instant::now())
    }

    /// How often a worker with nothing to do is to beat.
    pub(super) fn interval(&self) -> Duration {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.tell_every.unwrap_or(beats.standstill / 4)
    }
}

impl Beats {
    fn trouble(&self, now: Instant) -> Option<&'static str> {
        let any = |is: &dyn Fn(&Life) -> bool| self.workers.iter().any(is);
        if any(&|life| now.duration_since(life.last) >= self.standstill) {
            Some("a poller stands still\n")
        } else if any(&|life| life.without_lease >= FAILURES) {
            Some("the database gives a poller no lease\n")
        } else if any(&|life| life.failed >= FAILURES) {
            Some("a poller's sweeps fail, or cannot be recorded\n")
        } else {
            None
        }
    }

    /// Notes a sign of life. Whether systemd is to be told.
    fn beat(&mut self, worker: usize, now: Instant) -> bool {
        if let Some(life) = self.workers.get_mut(worker) {
            life.last = now;
        }
        let Some(every) = self.tell_every else { return false };
        let is_time = self.told.is_none_or(|told| now.duration_since(told) >= every);
        let tell = is_time && self.trouble(now).is_none();
        if tell {
            self.told = Some(now);
        }
        tell
    }
}

impl Pulse {
    /// A sign of life.
    pub(super) fn beat(&self) {
        let mut beats = self.beats.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = beats.beat(self.worker, Instant::now());
        drop(beats);
        if tell {
            tell_systemd(&[NotifyState::Watchdog]);
        }
    }

    /// Whether the worker has given no sign of life for too long.
    pub(super) fn stands_still(&self) -> bool {
        let beats = self.beats.0.lock().unwrap_or_else(PoisonError::into_inner);
        let life = beats.workers.get(self.worker);
        life.is_some_and(|life| life.last.elapsed() >= beats.standstill)
    }

    /// Whether the database answered when it was asked for a lease.
    pub(super) fn asked_for_lease(&self, is_answered: bool) {
        self.count(is_answered, |life| &mut life.without_lease);
    }

    /// Whether a sweep ended as it should, and is on record.
    pub(super) fn swept(&self, is_sound: bool) {
        self.count(is_sound, |life| &mut life.failed);
    }

    fn count(&self, is_good: bool, which: impl FnOnce(&mut Life) -> &mut u32) {
        let mut beats = self.beats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(life) = beats.workers.get_mut(self.worker) {
            let count = which(life);
            *count = if is_good { 0 } else { count.saturating_add(1) };
        }
    }

    /// How often to beat where there is nothing to do.
    pub(super) fn interval(&self) -> Duration {
        self.beats.interval()
    }
}

/// Tells systemd that the configuration is read again; READY is to follow. From version 253 on it wants the time too.
pub(super) fn tell_reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell_systemd(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "systemd is not told of the reload"),
    }
}

/// Tells systemd, if it is there to listen.
pub(super) fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_stands_still_is_not_covered_by_another() {
        let heartbeat = Heartbeat::new(Some(Duration::from_secs(120)));
        let (one, other) = (heartbeat.worker(), heartbeat.worker());
        let mut beats = heartbeat.0.lock().unwrap();
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        assert!(beats.beat(one.worker, later(1)));
        assert!(!beats.beat(other.worker, later(2)), "told a moment ago");
        assert!(beats.beat(one.worker, later(40)));
        assert!(!beats.beat(one.worker, later(70)), "the other has not beaten for a minute");
        assert!(beats.beat(other.worker, later(71)));
    }

    #[test]
    fn without_a_watchdog_nobody_is_told() {
        let heartbeat = Heartbeat::new(None);
        let worker = heartbeat.worker();
        let mut beats = heartbeat.0.lock().unwrap();
        assert!(!beats.beat(worker.worker, Instant::now()));
        assert_eq!(beats.trouble(Instant::now()), None);
        assert!(beats.trouble(Instant::now() + STANDSTILL).is_some());
    }

    #[test]
    fn what_fails_thrice_in_a_row_is_not_alive_however_it_beats() {
        let heartbeat = Heartbeat::new(Some(Duration::from_secs(120)));
        let (one, other) = (heartbeat.worker(), heartbeat.worker());
        for fail in [Pulse::swept, Pulse::asked_for_lease] {
            fail(&one, false);
            fail(&one, false);
            fail(&one, true);
            fail(&one, false);
            fail(&one, false);
            assert_eq!(heartbeat.trouble(), None);
            fail(&one, false);
            other.swept(true);
            assert!(heartbeat.trouble().is_some());
            assert!(!heartbeat.0.lock().unwrap().beat(other.worker, Instant::now()));
            fail(&one, true);
            assert_eq!(heartbeat.trouble(), None);
        }
    }
}
