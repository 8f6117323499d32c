//! When to sweep again.
//!
//! tokio-cron-scheduler only wakes: its job sets a permit, and our loop does the work. A permit is one permit however
//! often it is set, so a sweep that takes longer than the time between two ticks is followed by one sweep, not by many,
//! and no sweep overlaps another.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::config::Schedule;

/// However much work there is, sweeps begin no sooner one after the other.
const CALLED_AFTER: Duration = Duration::from_secs(1);

/// What says when the next sweep begins.
pub(super) enum Pace {
    /// So long after the end of the last one.
    Fixed(Duration),
    /// At the times of a cron expression.
    Cron { expression: String, wake: Arc<Notify>, scheduler: Box<JobScheduler> },
}

/// When the sweep after the one that begins now begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// So long after the end of this one.
    After(TimeDelta),
    /// Then, or at the end of this one if that is later.
    At(DateTime<Utc>),
}

impl Next {
    /// The time, now that this sweep has ended.
    pub(super) fn seen_from(self, end: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::After(delay) => end + delay,
            Self::At(time) => std::cmp::max(time, end),
        }
    }
}

impl Pace {
    /// Begins to keep the schedule.
    ///
    /// # Errors
    /// The cron expression is wrong, which the configuration has excluded.
    pub(super) async fn start(schedule: &Schedule) -> Result<Self, JobSchedulerError> {
        let expression = match schedule {
            Schedule::FixedDelay(delay) => return Ok(Self::Fixed(*delay)),
            Schedule::Cron(expression) => expression.clone(),
        };
        let wake = Arc::new(Notify::new());
        let waker = Arc::clone(&wake);
        let scheduler = JobScheduler::new().await?;
        scheduler.add(Job::new(expression.as_str(), move |_, _| waker.notify_one())?).await?;
        scheduler.start().await?;
        Ok(Self::Cron { expression, wake, scheduler: Box::new(scheduler) })
    }

    /// When the sweep after the one that begins now begins. None if that is not known.
    pub(super) fn next(&self) -> Option<Next> {
        match self {
            Self::Fixed(delay) => TimeDelta::from_std(*delay).ok().map(Next::After),
            Self::Cron { expression, .. } => {
                // The scheduler's own job may not know yet that its time has come.
                let mut job = Job::new(expression.as_str(), |_, _| {}).ok()?;
                job.job_data().ok()?.next_tick_utc().map(Next::At)
            }
        }
    }

    /// How much later than by the schedule a sweep may be before somebody is told: three times the delay. A time that is
    /// set is not to be missed at all.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Fixed(delay) => delay.saturating_mul(3),
            Self::Cron { .. } => Duration::ZERO,
        }
    }

    /// Waits until it is time.
    pub(super) async fn tick(&self) {
        match self {
            Self::Fixed(delay) => tokio::time::sleep(*delay).await,
            Self::Cron { wake, .. } => wake.notified().await,
        }
    }

    /// Waits until it is time; or until there is work, where the schedule is a delay, and the last sweep was well. A time
    /// that is set is a wish: nothing is done before it. And whoever is down is not asked the more often the more work
    /// there is. The last sweep began at `begun`.
    pub(super) async fn tick_or(&self, work: &Notify, begun: Instant, was_well: bool) {
        let called = async {
            work.notified().await;
            tokio::time::sleep_until(begun + CALLED_AFTER).await;
        };
        match self {
            Self::Fixed(_) if was_well => tokio::select! {
                () = self.tick() => {}
                () = called => {}
            },
            Self::Fixed(_) | Self::Cron { .. } => self.tick().await,
        }
    }

    /// Ends the schedule.
    pub(super) async fn stop(&mut self) {
        if let Self::Cron { scheduler, .. } = self
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::debug!(%error, "the scheduler did not stop");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_counts_from_the_end_and_a_time_stays_what_it_is() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let delay = Next::After(TimeDelta::seconds(30));
        assert_eq!(delay.seen_from(at(100)), at(130));
        assert_eq!(Next::At(at(120)).seen_from(at(100)), at(120));
        assert_eq!(Next::At(at(120)).seen_from(at(125)), at(125), "it passed during the sweep");
    }

    #[tokio::test(start_paused = true)]
    async fn many_calls_are_answered_by_one_sweep_and_not_at_once() {
        let (pace, work) = (Pace::Fixed(Duration::from_secs(3600)), Notify::new());
        let begun = Instant::now();
        for _ in 0..3 {
            work.notify_one();
        }
        pace.tick_or(&work, begun, true).await;
        assert_eq!(begun.elapsed(), CALLED_AFTER);
        let again = Instant::now();
        pace.tick_or(&work, again, true).await;
        assert_eq!(again.elapsed(), Duration::from_secs(3600), "nobody has called since");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_does_not_hurry_who_is_down_and_is_kept() {
        let (pace, work) = (Pace::Fixed(Duration::from_secs(30)), Notify::new());
        work.notify_one();
        let begun = Instant::now();
        pace.tick_or(&work, begun, false).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        let again = Instant::now();
        pace.tick_or(&work, again, true).await;
        assert_eq!(again.elapsed(), CALLED_AFTER, "it is well again, and the work is there");
    }
}
