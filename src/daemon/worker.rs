//! One poller at one place: lease, sweep, wait, sweep, …

use std::any::Any;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::after::{After, Fatal, Woken, wait};
use super::heartbeat::Pulse;
use super::keeper::{Keeper, LeaseTimes};
use super::metrics::Metrics;
use super::output::Output;
use super::record::{log, row_of};
use super::schedule::{Next, Pace};
use super::status::Status;
use super::vigil::Vigil;
use super::{Exit, Signals};
use crate::engine::{Alert, AlertName, Clock, Poller, SweepOutcome};
use crate::failpoint;
use crate::states::{Job, Note, SweepError, SweepReport, Swept, rules};
use crate::store::{Acquired, Lease, Outlook, Scope, Store, StoreError, SweepRow};

/// Everything that a worker needs.
pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) job: Job,
    /// How many processes may run this job at once, each with a lease of its own.
    pub(super) slots: u32,
    pub(super) pace: Pace,
    pub(super) initial_delay_ends: tokio::time::Instant,
    pub(super) lease: Duration,
    pub(super) holder: String,
    pub(super) clock: Clock,
    pub(super) signals: Signals,
    pub(super) pulse: Pulse,
    pub(super) metrics: Metrics,
    pub(super) output: Output,
    pub(super) vigil: Rc<Vigil>,
    pub(super) status: Status,
    /// Where a worker says that the process cannot go on.
    pub(super) fatal: Fatal,
    /// What the database could not be told yet: it is told when it can be.
    pub(super) untold: Option<SweepRow>,
    /// The lease that is held, for whoever has to give it back if the worker does not end in time.
    pub(super) held: Rc<Cell<Option<Lease>>>,
}

impl Worker {
    /// One sweep, if nobody else is at it.
    pub(super) async fn once(mut self) -> Exit {
        let times = LeaseTimes::new(self.lease);
        let scope = self.job.scope().clone();
        match self.acquire(times).await {
            Ok(Acquired::Held(lease)) => {
                let keeper = self.keep(lease, times);
                let error = self.sweep(&keeper, None, None).await;
                self.give_back(keeper).await;
                error.as_ref().map_or(Exit::Done, Exit::of_sweep)
            }
            Ok(Acquired::By(holder)) => {
                tracing::info!(poller = %scope.poller, network = scope.network, holder, "another process holds the lease: nothing to do");
                Exit::Done
            }
            Err(error) => {
                tracing::error!(poller = %scope.poller, network = scope.network, %error, "no lease");
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
        match Box::pin(self.job.dry_run(&stop, &observer)).await {
            Ok(report) => {
                let row = row_of(&report, None, self.clock.now(), self.clock.now());
                self.output.sweep(self.job.scope(), &row);
                Exit::Done
            }
            Err(error) => {
                tracing::error!(%error, "the dry run ended early");
                Exit::of_sweep(&error)
            }
        }
    }

    /// Sweeps until it is told to stop.
    pub(super) async fn run(mut self) -> Exit {
        let times = LeaseTimes::new(self.lease);
        while let Some(lease) = self.stand_by(times).await {
            let keeper = self.keep(lease, times);
            let woken = self.hold(&keeper).await;
            if woken == Woken::Stop {
                self.job.finish(&keeper.lease, &|_| self.pulse.beat()).await;
            }
            self.give_back(keeper).await;
            if woken == Woken::Stop {
                break;
            }
            let scope = self.job.scope();
            tracing::warn!(poller = %scope.poller, network = scope.network, "the lease was lost");
        }
        self.pace.stop().await;
        Exit::Done
    }

    /// Sweeps as long as the lease is ours.
    async fn hold(&mut self, keeper: &Keeper) -> Woken {
        let first = self.initial_delay_ends;
        let first = tokio::time::sleep_until(first);
        let woken = wait(&mut self.signals, &self.pulse, keeper, first).await;
        if woken != Woken::Time {
            return woken;
        }
        let (mut kind, mut row) = (After::Schedule, 0);
        loop {
            let pause = After::Refused.pause(if kind == After::Refused { row + 1 } else { 1 });
            let error = self.sweep(keeper, self.pace.next(), Some(pause)).await;
            if self.signals.is_stopping() {
                return Woken::Stop;
            }
            if let Some(SweepError::Store(error @ StoreError::Moved(_))) = &error {
                self.fatal.tell(Exit::of_store(error));
            }
            let ended = After::of(error.as_ref());
            row = if ended == kind { row + 1 } else { 1 };
            kind = ended;
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
            let Self { pace, signals, pulse, .. } = self;
            let woken = match kind {
                After::Schedule => wait(signals, pulse, keeper, pace.tick()).await,
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

    /// Asks for a lease: for the job's own, or, where several processes may share it, for the first that nobody holds.
    async fn acquire(&self, times: LeaseTimes) -> Result<Acquired, StoreError> {
        self.store.acquire_slot(self.job.scope(), self.slots, &self.holder, times.ttl).await
    }

    /// Asks for a lease until it is given. None: told to stop.
    async fn stand_by(&mut self, times: LeaseTimes) -> Option<Lease> {
        let scope = self.job.scope().clone();
        let mut told = String::new();
        loop {
            if self.signals.is_stopping() {
                return None;
            }
            self.pulse.beat();
            let asked = self.acquire(times).await;
            self.pulse.asked_for_lease(asked.is_ok());
            match asked {
                Ok(Acquired::Held(lease)) => {
                    let Lease { scope, term, .. } = &lease;
                    tracing::info!(poller = %scope.poller, network = scope.network, term, "lease taken");
                    if let Some(why) = &lease.ahead {
                        tracing::warn!(poller = %scope.poller, network = scope.network, why, "a clock was ahead");
                        self.untold = Some(self.failed(why));
                    }
                    return Some(lease);
                }
                Ok(Acquired::By(holder)) if holder != told => {
                    tracing::info!(poller = %scope.poller, network = scope.network, holder, "another process holds the lease: standing by");
                    self.status.standing_by(&scope, &holder);
                    told = holder;
                }
                Ok(Acquired::By(_)) => {}
                Err(error) => {
                    tracing::error!(poller = %scope.poller, network = scope.network, %error, "no lease; trying again");
                    if matches!(error, StoreError::Moved(_)) {
                        self.fatal.tell(Exit::of_store(&error));
                    }
                    self.refused(&scope, &error);
                }
            }
            tokio::select! {
                () = self.signals.stopping() => return None,
                () = tokio::time::sleep(std::cmp::min(times.step, self.pulse.interval())) => {}
            }
        }
    }

    fn keep(&self, lease: Lease, times: LeaseTimes) -> Keeper {
        self.held.set(Some(lease.clone()));
        Keeper::new(self.store.clone(), lease, times)
    }

    async fn give_back(&self, keeper: Keeper) {
        let lease = keeper.lease.clone();
        drop(keeper);
        self.held.set(None);
        if let Err(error) = self.store.release_lease(&lease).await {
            tracing::warn!(%error, "the lease could not be given back; it runs out by itself");
        }
    }

    /// The database refuses: it is told when it can be, and meanwhile the metrics tell.
    fn refused(&mut self, scope: &Scope, why: &dyn std::fmt::Display) {
        self.metrics.database_error(scope);
        self.metrics.untold(scope, AlertName::SweepFailed);
        self.untold = Some(self.failed(why));
    }

    /// The row of something that failed beside a sweep.
    fn failed(&self, why: &dyn std::fmt::Display) -> SweepRow {
        let (report, now) = (SweepReport::default(), self.clock.now());
        let mut row = row_of(&report, None, now, now);
        row.outcome = SweepOutcome::Database;
        row.error = Some(why.to_string());
        row
    }

    /// One sweep, with all that is told of it: also when the `next` one is to be, or how long after it if our credentials
    /// are refused. A panic is a failed sweep, not a dead daemon. Why it ended early.
    async fn sweep(
        &mut self,
        keeper: &Keeper,
        next: Option<Next>,
        if_refused: Option<Duration>,
    ) -> Option<SweepError> {
        let scope = keeper.lease.scope.clone();
        let span = tracing::info_span!("sweep", poller = %scope.poller, network = scope.network);
        self.sweep_once(keeper, next, if_refused).instrument(span).await
    }

    async fn sweep_once(
        &mut self,
        keeper: &Keeper,
        next: Option<Next>,
        if_refused: Option<Duration>,
    ) -> Option<SweepError> {
        // Where several processes share a job, the record and the labels are each one's own.
        let scope = &keeper.lease.scope;
        let started_at = self.clock.now();
        let begun = Instant::now();
        let outlook = self.look().await;
        let Swept { report, error } = self.work(keeper).await;
        let took = begun.elapsed();
        let finished_at = self.clock.now();
        let next = match if_refused {
            Some(pause) if After::of(error.as_ref()) == After::Refused => Some(finished_at + pause),
            Some(_) | None => next.map(|next| next.seen_from(finished_at)),
        };
        let row = row_of(&report, error.as_ref(), started_at, finished_at);
        log(&row, took, error.as_ref());
        let told = self.tell(&keeper.lease, &row, next).await;
        if let Some(outlook) = outlook {
            self.guard(&keeper.lease, &outlook).await;
        }
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
            self.job.run(&keeper.lease, &stop, &observer).await
        };
        // Boxed: it is large, and everything that waits for it would be as large.
        let run: Pin<Box<dyn Future<Output = Swept> + '_>> = Box::pin(run);
        AssertUnwindSafe(run).catch_unwind().await.unwrap_or_else(|panic| {
            let error = SweepError::Panicked(words(&*panic));
            let report = SweepReport { outcome: error.outcome(), ..SweepReport::default() };
            Swept { report, error: Some(error) }
        })
    }

    /// Puts a sweep on record, and brings the alerts to what it has left: first one that could not be recorded at its time.
    async fn tell(
        &mut self,
        lease: &Lease,
        row: &SweepRow,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let told = async {
            if let Some(row) = &self.untold {
                self.store.record_sweep(lease, row, next).await?;
                self.tell_alerts(lease).await?;
            }
            self.store.record_sweep(lease, row, next).await?;
            self.tell_alerts(lease).await
        };
        match told.await {
            Ok(()) => {
                self.untold = None;
                Ok(())
            }
            // Whoever holds it now has sweeps of its own to record.
            Err(StoreError::LeaseLost { .. }) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the sweep could not be recorded");
                Err(error)
            }
        }
    }

    /// Looks whether the database is the one that this host knows.
    async fn look(&self) -> Option<Outlook> {
        let look = self.vigil.look(&self.store, self.clock.now()).await;
        look.inspect_err(|error| tracing::warn!(%error, "the database could not be looked at")).ok()
    }

    /// Tells of a database that is not what it was, and seals what this sweep has brought.
    async fn guard(&self, lease: &Lease, outlook: &Outlook) {
        let now = self.clock.now();
        let work = async {
            let older = outlook.is_held.then(|| {
                "the database was restored, or failed over with a loss: nothing goes out until all was looked up; see \
                 `railpoll restored`"
                    .to_owned()
            });
            let standing = [
                (AlertName::DatabaseOlder, older),
                (AlertName::EventsRewritten, outlook.rewritten.clone()),
            ];
            for (name, detail) in standing {
                let alert = detail.map(|detail| Alert::of(name, detail));
                self.store.set_alerts(lease, name, alert.as_slice(), now).await?;
            }
            self.vigil.seal(&self.store, outlook, now).await
        };
        if let Err(error) = work.await {
            tracing::warn!(%error, "events could not be sealed");
        }
    }

    /// Brings the place's alerts to what the sweep has left, and the metrics to them.
    async fn tell_alerts(&self, lease: &Lease) -> Result<(), StoreError> {
        let (scope, now) = (self.job.scope(), self.clock.now());
        let states = rules(scope.poller).map_or(&[][..], |rules| rules.states);
        self.store.tell_conditions(lease, states, now).await?;
        self.metrics.alerts(scope, &self.store.alerts_at(scope).await?);
        if scope.poller != Poller::Outgoing {
            let set_aside = self.store.quarantined_count(scope).await?;
            self.metrics.quarantined(scope, set_aside);
        }
        Ok(())
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The lease's own name for this process: a host's name would not do, for several may run there.
pub(super) fn holder_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id = uuid::Uuid::new_v4().simple().to_string();
    let short = id.get(..8).unwrap_or(&id);
    format!("{}:{}:{short}", host.trim(), std::process::id())
}

/// The scope's name in logs of the host.
pub(super) fn name_of(scope: &Scope) -> String {
    format!("{} on {}", scope.poller, scope.network)
}
