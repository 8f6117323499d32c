//! One poller at one place: lease, sweep, wait, sweep, …

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::heartbeat::Pulse;
use super::keeper::{Keeper, LeaseTimes};
use super::metrics::Metrics;
use super::output::Output;
use super::record::{log, row_of};
use super::schedule::{Next, Pace};
use super::status::Status;
use super::{Exit, Signals};
use crate::engine::{Clock, Poller, doubling};
use crate::states::{Job, Note, Swept, rules};
use crate::store::{Acquired, Lease, Scope, Store, StoreError};

/// After refused credentials: an administrator has to act, and is not to be hurried by the network's own locks.
const REFUSED_FIRST: Duration = Duration::from_secs(5 * 60);
const REFUSED_MAX: Duration = Duration::from_secs(60 * 60);

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
    pub(super) status: Status,
    /// The lease that is held, for whoever has to give it back if the worker does not end in time.
    pub(super) held: Rc<Cell<Option<Lease>>>,
}

/// Why a wait ended.
#[derive(PartialEq, Eq)]
enum Woken {
    Time,
    Stop,
    LeaseLost,
}

impl Worker {
    /// One sweep, if nobody else is at it.
    pub(super) async fn once(mut self) -> Exit {
        let times = LeaseTimes::new(self.lease);
        let scope = self.job.scope().clone();
        match self.acquire(times).await {
            Ok(Acquired::Held(lease)) => {
                let keeper = self.keep(lease, times);
                let exit = self.sweep(&keeper, None, None).await;
                self.give_back(keeper).await;
                exit
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
        let woken = self.wait(keeper, tokio::time::sleep_until(first)).await;
        if woken != Woken::Time {
            return woken;
        }
        let mut refusals = 0;
        loop {
            let pause = doubling(REFUSED_FIRST, REFUSED_MAX, refusals + 1);
            let exit = self.sweep(keeper, self.pace.next(), Some(pause)).await;
            if self.signals.is_stopping() {
                return Woken::Stop;
            }
            refusals = if exit == Exit::Credentials { refusals + 1 } else { 0 };
            let woken = if refusals == 0 {
                // `tick` borrows the pace, `wait` all the rest.
                let pace = std::mem::replace(&mut self.pace, Pace::Fixed(Duration::ZERO));
                let woken = self.wait(keeper, pace.tick()).await;
                self.pace = pace;
                woken
            } else {
                tracing::warn!(?pause, "credentials were refused; trying again later");
                self.wait(keeper, tokio::time::sleep(pause)).await
            };
            if woken != Woken::Time {
                return woken;
            }
        }
    }

    /// Waits for `time`, or until a sweep is wanted at once.
    async fn wait(&mut self, keeper: &Keeper, time: impl Future<Output = ()>) -> Woken {
        let mut time = std::pin::pin!(time);
        let mut now_wanted = self.signals.clone();
        loop {
            self.pulse.beat();
            tokio::select! {
                biased;
                () = self.signals.stopping() => return Woken::Stop,
                () = keeper.lost() => return Woken::LeaseLost,
                () = now_wanted.sweep_now() => {
                    self.signals = now_wanted;
                    return Woken::Time;
                }
                () = &mut time => return Woken::Time,
                () = tokio::time::sleep(self.pulse.interval()) => {}
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
            match self.acquire(times).await {
                Ok(Acquired::Held(lease)) => {
                    let Lease { scope, term, .. } = &lease;
                    tracing::info!(poller = %scope.poller, network = scope.network, term, "lease taken");
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

    /// One sweep, with all that is told of it: also when the `next` one is to be, or how long after it if our credentials
    /// are refused. A panic is a failed sweep, not a dead daemon.
    async fn sweep(
        &mut self,
        keeper: &Keeper,
        next: Option<Next>,
        if_refused: Option<Duration>,
    ) -> Exit {
        let scope = keeper.lease.scope.clone();
        let span = tracing::info_span!("sweep", poller = %scope.poller, network = scope.network);
        // Boxed: it is large, and everything that waits for it would be as large.
        let work: Pin<Box<dyn Future<Output = Exit> + '_>> =
            Box::pin(self.sweep_once(keeper, next, if_refused));
        let work = AssertUnwindSafe(work).catch_unwind().instrument(span);
        match work.await {
            Ok(exit) => exit,
            Err(_) => {
                tracing::error!(poller = %scope.poller, network = scope.network, "the sweep panicked: a defect of railpoll; please report it");
                Exit::Defect
            }
        }
    }

    async fn sweep_once(
        &self,
        keeper: &Keeper,
        next: Option<Next>,
        if_refused: Option<Duration>,
    ) -> Exit {
        // Where several processes share a job, the record and the labels are each one's own.
        let scope = &keeper.lease.scope;
        let started_at = self.clock.now();
        let begun = Instant::now();
        let signals = self.signals.clone();
        let stop = || signals.is_stopping() || keeper.is_lost();
        let observer = |note: Note| {
            self.pulse.beat();
            self.metrics.note(scope, &note);
            self.output.note(scope, &note);
        };
        let Swept { report, error } = self.job.run(&keeper.lease, &stop, &observer).await;
        let took = begun.elapsed();
        let finished_at = self.clock.now();
        let exit = error.as_ref().map_or(Exit::Done, Exit::of_sweep);
        let next = match if_refused {
            Some(pause) if exit == Exit::Credentials => Some(finished_at + pause),
            Some(_) | None => next.map(|next| next.seen_from(finished_at)),
        };
        let row = row_of(&report, error.as_ref(), started_at, finished_at);
        log(&row, took, error.as_ref());
        match self.store.record_sweep(&keeper.lease, &row, next).await {
            // Whoever holds it now has sweeps of its own to record.
            Ok(()) | Err(StoreError::LeaseLost { .. }) => {}
            Err(error) => tracing::warn!(%error, "the sweep could not be recorded"),
        }
        if let Err(error) = self.tell_alerts(&keeper.lease).await {
            tracing::warn!(%error, "alerts could not be stored");
        }
        self.metrics.sweep(scope, &report, error.is_none(), took, finished_at);
        self.output.sweep(scope, &row);
        self.status.swept(scope, &row, next);
        self.pulse.beat();
        exit
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
