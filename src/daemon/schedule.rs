//! When to sweep again.
//!
//! tokio-cron-scheduler only wakes: its job sets a permit, and our loop does the work. A permit is one permit however
//! often it is set, so a sweep that takes longer than the time between two ticks is followed by one sweep, not by many,
//! and no sweep overlaps another.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use uuid::Uuid;

use crate::config::Schedule;

/// What says when the next sweep begins.
pub(super) enum Pace {
    /// So long after the end of the last one.
    Fixed(Duration),
    /// At the times of a cron expression.
    Cron { wake: Arc<Notify>, scheduler: Box<JobScheduler>, job: Uuid },
}

impl Pace {
    /// Begins to keep the schedule.
    ///
    /// # Errors
    /// The cron expression is wrong, which the configuration has excluded.
    pub(super) async fn start(schedule: &Schedule) -> Result<Self, JobSchedulerError> {
        let expression = match schedule {
            Schedule::FixedDelay(delay) => return Ok(Self::Fixed(*delay)),
            Schedule::Cron(expression) => expression,
        };
        let wake = Arc::new(Notify::new());
        let waker = Arc::clone(&wake);
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(expression.as_str(), move |_, _| waker.notify_one())?;
        let job = scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self::Cron { wake, scheduler: Box::new(scheduler), job })
    }

    /// When the next sweep begins, if this one ends `now`. None if that is not known.
    pub(super) async fn next(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Fixed(delay) => Some(now + TimeDelta::from_std(*delay).ok()?),
            Self::Cron { scheduler, job, .. } => {
                scheduler.next_tick_for_job(*job).await.ok().flatten()
            }
        }
    }

    /// Waits until it is time.
    pub(super) async fn tick(&self) {
        match self {
            Self::Fixed(delay) => tokio::time::sleep(*delay).await,
            Self::Cron { wake, .. } => wake.notified().await,
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
