//! One poller at one place: lease, sweep, wait, sweep, …

use std::any::Any;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tracing::Instrument as _;

use super::after::{After, Fatal, Woken, wait};
use super::heartbeat::Pulse;
use super::keeper::{Keeper, LeaseTimes};
use super::metrics::Metrics;
use super::output::Output;
use super::record::{log, row_of};
use super::refused::Refused;
use super::schedule::{Next, Pace};
use super::status::Status;
use super::steps::Steps;
use super::vigil::Vigil;
use super::{Exit, Signals};
use crate::engine::{AlertName, Clock, SweepOutcome};
use crate::failpoint;
use crate::jobs::{AnyJob, Note, SweepError, SweepReport, Swept, heed, keep_wishes};
use crate::store::{Acquired, Lease, Promise, Scope, Store, StoreError, SweepRow};

/// Where a schedule does not say when it comes next.
const UNKNOWN: Duration = Duration::from_secs(24 * 3600);

/// Everything that a worker needs.
pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) job: AnyJob,
    /// How many processes may run this job at once, each with a lease of its own.
    pub(super) slots: u32,
    pub(super) pace: Pace,
    pub(super) initial_delay_ends: tokio::time::Instant,
    pub(super) lease: Duration,
    pub(super) holder: String,
    pub(super) clock: Clock,
    pub(super) signals: Signals,
    /// Others have made work for this job. A call is kept while a sweep goes on, and several are one.
    pub(super) work: Rc<Notify>,
    pub(super) pulse: Pulse,
    pub(super) metrics: Metrics,
    pub(super) output: Output,
    pub(super) vigil: Rc<Vigil>,
    pub(super) status: Status,
    /// The new configuration that the process goes on without.
    pub(super) refused: Refused,
    /// Where a worker says that the process cannot go on.
    pub(super) fatal: Fatal,
    /// What the database could not be told yet: it is told when it can be.
    pub(super) untold: Option<SweepRow>,
    pub(super) steps: Steps,
    /// The lease that is held, for whoever has to give it back if the worker does not end in time.
    pub(super) held: Rc<Cell<Option<Lease>>>,
    /// From when on this worker's eyes are good enough to see that others are silent; none before it has a lease.
    pub(super) judges_from: Option<Instant>,
}

/// What is known before a sweep of one that sweeps again and again.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// When the sweep after it begins, by the schedule.
    next: Option<Next>,
    /// How the last ones ended, and how many in a row did so.
    last: (After, u32),
    /// How much later than it has said a worker is late.
    patience: Duration,
}

/// How a sweep ended, and for how many in a row it is so.
fn count((kind, row): (After, u32), error: Option<&SweepError>) -> (After, u32) {
    let ended = After::of(error);
    (ended, if ended == kind { row.saturating_add(1) } else { 1 })
}

impl Plan {
    /// When the next sweep begins after one that ended so, then.
    fn next_after(&self, error: Option<&SweepError>, end: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (ended, row) = count(self.last, error);
        let after_pause = end + ended.pause(row);
        let by_schedule = self.next.map(|next| next.seen_from(end));
        match ended {
            After::Schedule => by_schedule,
            After::Refused => Some(after_pause),
            // Not sooner than by the schedule.
            After::Database | After::Defect => by_schedule.map(|next| next.max(after_pause)),
        }
    }

    /// What is promised at the end of a sweep.
    fn promise(&self, next: Option<DateTime<Utc>>, end: DateTime<Utc>) -> Promise {
        let back_in = next.map_or(UNKNOWN, |next| (next - end).to_std().unwrap_or_default());
        Promise { back_in, patience: self.patience }
    }
}

impl Worker {
    /// One sweep, if nobody else is at it.
    pub(super) async fn once(mut self) -> Exit {
        let times = LeaseTimes::new(self.lease);
        let scope = self.job.scope().clone();
        match self.acquire(times).await {
            Ok(Acquired::Held(lease)) => {
                let keeper = self.keep(lease, times);
                // It makes no promise, and has nothing to wait for before it looks for those of others.
                self.judges_from = Some(Instant::now());
                let error = self.sweep(&keeper, None).await;
                self.give_back(keeper, true).await;
                error.as_ref().map_or(Exit::Done, Exit::of_sweep)
            }
            Ok(Acquired::By(holder)) => {
                tracing::info!(poller = %scope.poller, place = scope.network, holder, "another process holds the lease: nothing to do");
                Exit::Done
            }
            Err(error) => {
                tracing::error!(poller = %scope.poller, place = scope.network, %error, "no lease");
                Exit::of_store(&error)
            }
        }
    }

    /// What a sweep would do.
    pub(super) async fn dry_run(self) -> Exit {
        let signals = self.signals.clone();
        let stop = move || signals.is_stopping();
        let observer = |note: Note| self.output.note(self.job.scope(), &note);
        // Boxed: it is large.
        let started_at = self.clock.now();
        let Swept { report, error } = Box::pin(self.job.dry_run(&stop, &observer)).await;
        let row = row_of(&report, error.as_ref(), started_at, self.clock.now());
        self.output.sweep(self.job.scope(), &row);
        let Some(error) = error else { return Exit::Done };
        tracing::error!(%error, "the dry run ended early");
        Exit::of_sweep(&error)
    }

    /// Sweeps until it is told to stop.
    pub(super) async fn run(mut self) -> Exit {
        let times = LeaseTimes::new(self.lease);
        self.metrics.begin(self.job.scope());
        while let Some(lease) = self.stand_by(times).await {
            // Whoever has just got its lease, because all were started now or the database was gone for a while, gives the
            // others the time that they need to be back.
            self.judges_from = Some(Instant::now() + times.ttl);
            let keeper = self.keep(lease, times);
            self.steps.begin();
            let woken = self.hold(&keeper, self.pace.patience().max(times.ttl)).await;
            let is_end = matches!(woken, Woken::Stop | Woken::Before);
            if is_end {
                self.job.finish(&keeper.lease, &|_| self.pulse.beat()).await;
            }
            self.give_back(keeper, is_end).await;
            match woken {
                Woken::Stop => break,
                Woken::Before => continue,
                Woken::Time | Woken::LeaseLost => {}
            }
            let scope = self.job.scope();
            tracing::warn!(poller = %scope.poller, place = scope.network, "the lease was lost");
        }
        self.pace.stop().await;
        Exit::Done
    }

    /// Sweeps as long as the lease is ours.
    async fn hold(&mut self, keeper: &Keeper, patience: Duration) -> Woken {
        let first = self.initial_delay_ends;
        let back_in = first.saturating_duration_since(tokio::time::Instant::now());
        if let Err(error) = self.store.promise(&keeper.lease, &Promise { back_in, patience }).await
        {
            tracing::warn!(%error, "nobody can be told when the first sweep is");
        }
        match self.store.last_success(&keeper.lease.scope).await {
            Ok(at) => self.metrics.last_success(&keeper.lease.scope, at),
            Err(error) => tracing::warn!(%error, "the last good sweep cannot be looked up"),
        }
        let first = tokio::time::sleep_until(first);
        let woken = wait(&mut self.signals, &self.pulse, keeper, first).await;
        if woken != Woken::Time {
            return woken;
        }
        let mut last = (After::Schedule, 0);
        loop {
            let plan = Plan { next: self.pace.next(), last, patience };
            let begun = tokio::time::Instant::now();
            let error = self.sweep(keeper, Some(plan)).await;
            if self.signals.is_stopping() {
                return Woken::Stop;
            }
            if let Some(SweepError::Store(error @ StoreError::Moved(_))) = &error {
                self.fatal.tell(Exit::of_store(error));
            }
            let is_well = error.is_none();
            last = count(last, error.as_ref());
            let (kind, row) = last;
            let pause = kind.pause(row);
            let seconds = pause.as_secs();
            match kind {
                After::Schedule => {}
                After::Refused => {
                    tracing::warn!(seconds, "credentials were refused; trying again later");
                }
                After::Database | After::Defect => {
                    tracing::warn!(seconds, "the sweep failed; trying again later");
                }
            }
            if self.moves_up(keeper).await {
                return Woken::Before;
            }
            let Self { pace, signals, pulse, work, .. } = self;
            let woken = match kind {
                After::Schedule => {
                    wait(signals, pulse, keeper, pace.tick_or(work, begun, is_well)).await
                }
                After::Refused => wait(signals, pulse, keeper, tokio::time::sleep(pause)).await,
                // Not sooner than by the schedule.
                After::Database | After::Defect => {
                    let both = async { tokio::join!(pace.tick(), tokio::time::sleep(pause)) };
                    wait(signals, pulse, keeper, both.map(drop)).await
                }
            };
            if woken != Woken::Time {
                return woken;
            }
        }
    }

    /// The database refuses: it is told when it can be, and meanwhile the metrics tell.
    pub(super) fn refused(&mut self, scope: &Scope, why: &dyn std::fmt::Display) {
        self.metrics.database_error(scope);
        self.metrics.untold(scope, AlertName::SweepFailed);
        self.untold = Some(self.failed(why));
    }

    /// The row of something that failed beside a sweep.
    pub(super) fn failed(&self, why: &dyn std::fmt::Display) -> SweepRow {
        let (report, now) = (SweepReport::default(), self.clock.now());
        let mut row = row_of(&report, None, now, now);
        row.outcome = SweepOutcome::Database;
        row.error = Some(why.to_string());
        row
    }

    /// One sweep, with all that is told of it: also when the next one is to be, by `plan`. A panic is a failed sweep, not a
    /// dead daemon. Why it ended early.
    async fn sweep(&mut self, keeper: &Keeper, plan: Option<Plan>) -> Option<SweepError> {
        let scope = keeper.lease.scope.clone();
        let span = tracing::info_span!("sweep", poller = %scope.poller, place = scope.network);
        keeper.at_work(plan.map(|plan| plan.patience));
        let error = self.sweep_once(keeper, plan).instrument(span).await;
        keeper.at_work(None);
        error
    }

    async fn sweep_once(&mut self, keeper: &Keeper, plan: Option<Plan>) -> Option<SweepError> {
        // Where several processes share a job, the record and the labels are each one's own.
        let scope = &keeper.lease.scope;
        let started_at = self.clock.now();
        let begun = Instant::now();
        self.mind_the_clock(&keeper.lease).await;
        let Swept { report, error } = match self.vigil.look(&self.store, started_at).await {
            Ok(_) => self.work(keeper).await,
            // Nothing is sent with a database that may be another than it was.
            Err(error) => unlooked(error),
        };
        let took = begun.elapsed();
        let finished_at = self.clock.now();
        let next = plan.and_then(|plan| plan.next_after(error.as_ref(), finished_at));
        let promise = plan.map(|plan| plan.promise(next, finished_at));
        let row = row_of(&report, error.as_ref(), started_at, finished_at);
        log(&row, took, error.as_ref());
        let told = self.tell(&keeper.lease, &row, next, promise.as_ref()).await;
        self.guard(&keeper.lease).await;
        let ended = After::of(error.as_ref());
        let is_sound = told.is_ok() && !matches!(ended, After::Database | After::Defect);
        self.pulse.swept(is_sound);
        self.metrics.sweep(scope, &report, error.is_none(), took, finished_at);
        match (told, &error) {
            (Err(why), None) => self.refused(scope, &why),
            (Err(_), Some(why)) => self.refused(scope, why),
            (Ok(()), Some(_)) if ended == After::Database => self.metrics.database_error(scope),
            (Ok(()), Some(_) | None) => {}
        }
        self.output.sweep(scope, &row);
        self.status.swept(scope, &row, next);
        self.pulse.beat();
        error
    }

    /// What the job does, or that it panicked.
    async fn work(&self, keeper: &Keeper) -> Swept {
        let scope = &keeper.lease.scope;
        let signals = self.signals.clone();
        let stop = || signals.is_stopping() || keeper.is_lost();
        let observer = |note: Note| {
            self.pulse.beat();
            self.metrics.note(scope, &note);
            self.output.note(scope, &note);
        };
        let run = async {
            failpoint::sweeping();
            if let Err(error) = heed(&*self.job, &self.store, self.clock.now()).await {
                return unlooked(error);
            }
            let swept = self.job.run(&keeper.lease, &stop, &observer).await;
            let now = self.clock.now();
            if let Err(error) = keep_wishes(&*self.job, &self.store, &keeper.lease, now).await {
                tracing::warn!(%error, "who asked to be left alone is known to this process alone");
            }
            swept
        };
        // Boxed: it is large, and everything that waits for it would be as large.
        let run: Pin<Box<dyn Future<Output = Swept> + '_>> = Box::pin(run);
        AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|panic| {
            let error = SweepError::Panicked(words(&*panic));
            let report = SweepReport { outcome: error.outcome(), ..SweepReport::default() };
            Swept { report, error: Some(error) }
        })
    }
}

/// A sweep that could not begin.
fn unlooked(error: StoreError) -> Swept {
    let error = SweepError::Store(error);
    Swept {
        report: SweepReport { outcome: error.outcome(), ..SweepReport::default() },
        error: Some(error),
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The scope's name in logs of the host.
pub(super) fn name_of(scope: &Scope) -> String {
    format!("{} on {}", scope.poller, scope.network)
}
