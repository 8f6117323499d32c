//! One process that runs pollers: prepares what they need, starts a worker for each job, ends them in time.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

use super::after::Fatal;
use super::health::{Health, LastWrite, Server, serve};
use super::heartbeat::{Heartbeat, tell_reloading, tell_systemd};
use super::metrics::Metrics;
use super::output::Output;
use super::prepare::{Listeners, Plan, Prepared, Prospect, Unusable, prepare};
use super::refused::Refused;
use super::running::{Running, all, finish, leases};
use super::signals::Wish;
use super::standby::holder_name;
use super::status::Status;
use super::steps::Steps;
use super::vigil::Vigil;
use super::worker::Worker;
use super::{Exit, RunMode, Signals, Wishes};
use crate::config::{self, PollerSettings, Settings, Sources};
use crate::engine::{Clock, Poller};
use crate::jobs::{Make, Stage};
use crate::store::{Scope, Store};

/// The database is not waited for longer when it is closed: what it has not written down by then was not committed.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// A configuration is read no more often: each reading ends what is in hand, and sweeps have to get on.
const RELOADED_EVERY: Duration = Duration::from_secs(5);

/// Which pollers a process runs, and how.
#[derive(Debug, Clone)]
pub struct Host {
    /// The pollers, each with what makes its jobs. Those that are switched off are passed over.
    pub pollers: Vec<(Poller, Make)>,
    /// The one stage of the poller `outgoing` that is run; none is both.
    pub stage: Option<Stage>,
    /// Where the settings come from, now and at each reload.
    pub sources: Sources,
    /// For how long.
    pub mode: RunMode,
    /// What goes to standard output.
    pub output: Output,
    /// The time.
    pub clock: Clock,
}

/// What outlives a reload.
struct Lasting {
    started: Instant,
    metrics: Metrics,
    heartbeat: Heartbeat,
    holder: String,
    /// When the configuration may be read again.
    next_reload: Cell<Instant>,
    refused: Refused,
}

/// Why the workers ended.
enum Ended {
    Exit(Exit),
    /// What is to be run from now on; none if all was switched off.
    Reload(Option<Box<Prepared>>),
}

impl Host {
    /// Runs until there is nothing left to do, or until it is told to stop.
    pub async fn run(self, signals: Signals) -> Exit {
        let lasts = self.mode == RunMode::Loop;
        if lasts {
            let pollers: Vec<&str> = self.pollers.iter().map(|(poller, _)| poller.name()).collect();
            let files = self.sources.files.iter().map(|file| file.display().to_string());
            let (pollers, files) = (pollers.join(" "), files.collect::<Vec<_>>().join(" "));
            tracing::info!(version = env!("CARGO_PKG_VERSION"), pollers, files, "starting");
        }
        let exit = self.run_until_told(signals).await;
        if lasts {
            tracing::info!(exit = exit.code(), "stopped");
        }
        exit
    }

    async fn run_until_told(self, mut signals: Signals) -> Exit {
        let settings = match config::load(&self.sources) {
            Ok(settings) => settings,
            Err(errors) => {
                tracing::error!("the configuration is wrong:\n{errors}");
                return Exit::Config;
            }
        };
        let lasting = Lasting {
            started: Instant::now(),
            metrics: Metrics::of_process(self.clock.now()),
            heartbeat: Heartbeat::of_process(),
            holder: holder_name(),
            next_reload: Cell::new(Instant::now()),
            refused: Refused::default(),
        };
        let nowhere = Listeners::default();
        let first = tokio::select! {
            prepared = self.prepare(&settings, &nowhere, &lasting) => prepared,
            () = signals.stopping() => return Exit::Done,
        };
        let mut next = match first {
            Ok(prepared) => prepared,
            Err(Unusable { exit, why }) => {
                tracing::error!("{why}");
                return exit;
            }
        };
        while let Some(prepared) = next {
            let workers = LocalSet::new();
            let work = Box::pin(self.run_with(*prepared, &mut signals, &lasting));
            next = match workers.run_until(work).await {
                Ended::Reload(prepared) => prepared,
                Ended::Exit(exit) => return exit,
            };
        }
        // systemd takes an end before READY for a failure.
        tell_systemd(&[NotifyState::Ready]);
        Exit::Done
    }

    /// All that the enabled pollers need; none if none is enabled.
    async fn prepare(
        &self,
        settings: &Settings,
        listening: &Listeners,
        lasting: &Lasting,
    ) -> Result<Option<Box<Prepared>>, Unusable> {
        let enabled = self.enabled(settings);
        if enabled.is_empty() {
            if self.pollers.len() > 1 {
                tracing::warn!(
                    "none of these pollers is switched on, so that there is nothing to run: \
                     `railpoll config show pollers` tells what is set"
                );
            }
            return Ok(None);
        }
        let plan = Plan {
            mode: self.mode,
            stage: self.stage,
            clock: &self.clock,
            metrics: &lasting.metrics,
            listening,
        };
        // Boxed: it is large, and all that waits for it would be as large.
        let prepared = Box::pin(prepare(&plan, settings, &enabled)).await?;
        Ok(Some(Box::new(prepared)))
    }

    fn enabled<'s>(&self, settings: &'s Settings) -> Vec<(Poller, Make, &'s PollerSettings)> {
        let mut enabled = Vec::new();
        for (poller, make) in &self.pollers {
            match settings.pollers.get(poller) {
                Some(own) if own.enabled => enabled.push((*poller, *make, own)),
                Some(_) | None => {
                    let key = poller.key();
                    tracing::info!(
                        "poller {poller} is switched off: set pollers.{key}.enabled = true to switch it on"
                    );
                }
            }
        }
        enabled
    }

    async fn run_with(
        &self,
        mut prepared: Prepared,
        signals: &mut Signals,
        lasting: &Lasting,
    ) -> Ended {
        let _servers = serve_all(&prepared, lasting);
        let (wishes, heard) = Wishes::new();
        let fatal = Fatal::default();
        let workers = self.start(&mut prepared, &heard, &fatal, lasting);
        if self.mode == RunMode::Loop {
            let (workers, listen) = (workers.len(), prepared.listeners.addresses());
            let database = prepared.settings.database.url.to_string();
            tracing::info!(workers, database, listen, "ready");
        }
        tell_systemd(&[NotifyState::Ready]);
        let (store, lasts) = (prepared.store.clone(), self.mode == RunMode::Loop);
        let at_work = workers.iter().map(|one| (one.scope.clone(), Rc::clone(&one.work)));
        let hearing = hear(store, at_work.collect(), lasts);
        let watched = self.watch(&prepared, workers, &wishes, signals, (&fatal, lasting));
        let ended = tokio::select! {
            ended = watched => ended,
            never = hearing => match never {},
        };
        lasting.heartbeat.clear();
        if timeout(CLOSE_WITHIN, prepared.store.close()).await.is_err() {
            tracing::debug!("the database takes long to close; it is left to itself");
        }
        ended
    }

    /// Starts a worker for each job.
    fn start(
        &self,
        prepared: &mut Prepared,
        signals: &Signals,
        fatal: &Fatal,
        lasting: &Lasting,
    ) -> Vec<Running> {
        let status = Status::default();
        let vigil = Rc::new(Vigil::new(&prepared.settings.database));
        let mut workers = Vec::new();
        for Prospect { job, pace, own } in std::mem::take(&mut prepared.prospects) {
            let scope = job.scope().clone();
            let (held, work) = (Rc::default(), Rc::new(Notify::new()));
            let worker = Worker {
                store: prepared.store.clone(),
                job,
                slots: own.slots(),
                pace,
                initial_delay_ends: lasting.started + own.initial_delay,
                lease: own.lease,
                holder: lasting.holder.clone(),
                clock: self.clock.clone(),
                signals: signals.clone(),
                work: Rc::clone(&work),
                pulse: lasting.heartbeat.worker(),
                metrics: lasting.metrics.clone(),
                output: self.output,
                vigil: Rc::clone(&vigil),
                status: status.clone(),
                refused: lasting.refused.clone(),
                fatal: fatal.clone(),
                untold: None,
                steps: Steps::default(),
                held: Rc::clone(&held),
                judges_from: None,
            };
            let task = match self.mode {
                RunMode::Once => tokio::task::spawn_local(worker.once()),
                RunMode::Loop => tokio::task::spawn_local(worker.run()),
                RunMode::DryRun => tokio::task::spawn_local(worker.dry_run()),
            };
            workers.push(Running { scope, work, task, exit: None, held });
        }
        workers
    }

    /// Waits for the workers' end, or for a reason to end them. They hear of `wishes` alone.
    async fn watch(
        &self,
        current: &Prepared,
        mut workers: Vec<Running>,
        wishes: &Wishes,
        signals: &mut Signals,
        (fatal, lasting): (&Fatal, &Lasting),
    ) -> Ended {
        loop {
            let wish = tokio::select! {
                exit = all(&mut workers) => return Ended::Exit(exit),
                exit = fatal.told() => {
                    wishes.stop();
                    finish(workers, &current.store).await;
                    return Ended::Exit(exit);
                }
                wish = signals.wish() => wish,
            };
            let ended = match wish {
                Wish::Stop => {
                    tell_systemd(&[NotifyState::Stopping]);
                    Ended::Exit(Exit::Done)
                }
                Wish::SweepNow => {
                    wishes.sweep_now();
                    continue;
                }
                Wish::Reload => tokio::select! {
                    reloaded = self.reload(current, &workers, lasting) => match reloaded {
                        Some(ended) => ended,
                        None => continue,
                    },
                    // The next wish is that one.
                    () = signals.stopping() => continue,
                },
            };
            wishes.stop();
            finish(workers, &current.store).await;
            return ended;
        }
    }

    /// What is to be run from now on, if the settings are others and can be used. If they cannot, that is told.
    async fn reload(
        &self,
        current: &Prepared,
        workers: &[Running],
        lasting: &Lasting,
    ) -> Option<Ended> {
        let reloaded = self.reloaded(current, lasting).await;
        if reloaded.is_none() {
            let (store, held, now) = (&current.store, leases(workers), self.clock.now());
            lasting.refused.tell(store, &lasting.metrics, &held, now).await;
        }
        reloaded
    }

    /// Reads the settings again and prepares for them, while the workers go on. None if they cannot be used.
    async fn reloaded(&self, current: &Prepared, lasting: &Lasting) -> Option<Ended> {
        tokio::time::sleep_until(lasting.next_reload.get()).await;
        lasting.next_reload.set(Instant::now() + RELOADED_EVERY);
        tell_reloading();
        let refuse = |why: String| {
            lasting.metrics.reloaded(false);
            lasting.refused.set(Some(&why));
            tracing::error!("the new configuration is refused, the old one is kept:\n{why}");
            tell_systemd(&[NotifyState::Ready]);
        };
        let new = match config::load(&self.sources) {
            Ok(new) => new,
            Err(errors) => {
                refuse(errors.to_string());
                return None;
            }
        };
        match self.prepare(&new, &current.listeners, lasting).await {
            Ok(prepared) => {
                let settings = if new == current.settings { "as before" } else { "changed" };
                lasting.metrics.reloaded(true);
                lasting.refused.set(None);
                tracing::info!(settings, "configuration and secrets read again");
                Some(Ended::Reload(prepared))
            }
            Err(Unusable { why, .. }) => {
                refuse(why);
                None
            }
        }
    }
}

/// Tells the workers of their work, wherever it was made.
async fn hear(store: Store, at_work: Vec<(Scope, Rc<Notify>)>, lasts: bool) -> Infallible {
    if !lasts {
        return std::future::pending().await;
    }
    let tell = |told: Option<&Scope>| {
        let called = at_work.iter().filter(|(own, _)| told.is_none_or(|scope| own == scope));
        called.for_each(|(_, work)| work.notify_one());
    };
    store.hear_of_work(tell).await
}

/// Serves the pages wherever they are to be. They end when the answer is dropped.
fn serve_all(prepared: &Prepared, lasting: &Lasting) -> Vec<Server> {
    let mut servers = Vec::new();
    for listener in prepared.listeners.handles() {
        let health = Health {
            store: prepared.store.clone(),
            metrics: lasting.metrics.clone(),
            heartbeat: lasting.heartbeat.clone(),
            scope: prepared.prospects.first().map(|prospect| prospect.job.scope().clone()),
            last_write: LastWrite::default(),
        };
        match listener.and_then(|listener| serve(listener, health)) {
            Ok(server) => servers.push(server),
            // It was there a moment ago: the process has run out of files. The pollers are not to suffer for that.
            Err(error) => tracing::error!(%error, "the health pages cannot be served"),
        }
    }
    servers
}
