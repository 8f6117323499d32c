//! Life signs: each worker beats when it gets on, and only that keeps systemd's watchdog and `/healthz` content.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// A worker without a beat for so long stands still. Everything that it waits for is bounded well below.
const STANDSTILL: Duration = Duration::from_secs(60);

/// The life signs of all workers of this process.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat(Arc<Mutex<Beats>>);

#[derive(Debug)]
struct Beats {
    last: Vec<Instant>,
    told: Option<Instant>,
    /// A quarter of what systemd allows between two signs; none without a watchdog.
    tell_every: Option<Duration>,
    standstill: Duration,
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
        Self(Arc::new(Mutex::new(Beats { last: Vec::new(), told: None, tell_every, standstill })))
    }

    /// One more worker, alive now.
    pub(super) fn worker(&self) -> Pulse {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.last.push(Instant::now());
        Pulse { beats: self.clone(), worker: beats.last.len() - 1 }
    }

    /// Forgets all workers.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.clear();
    }

    /// Whether no worker stands still.
    pub(super) fn is_alive(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_alive(Instant::now())
    }

    /// How often a worker with nothing to do is to beat.
    pub(super) fn interval(&self) -> Duration {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.tell_every.unwrap_or(beats.standstill / 4)
    }
}

impl Beats {
    fn is_alive(&self, now: Instant) -> bool {
        self.last.iter().all(|last| now.duration_since(*last) < self.standstill)
    }

    /// Notes a sign of life. Whether systemd is to be told.
    fn beat(&mut self, worker: usize, now: Instant) -> bool {
        if let Some(last) = self.last.get_mut(worker) {
            *last = now;
        }
        let Some(every) = self.tell_every else { return false };
        let is_time = self.told.is_none_or(|told| now.duration_since(told) >= every);
        let tell = is_time && self.is_alive(now);
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
        assert!(beats.is_alive(Instant::now()));
        assert!(!beats.is_alive(Instant::now() + STANDSTILL));
    }
}
