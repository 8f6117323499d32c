//! One process that runs pollers: opens what they share, starts a worker for each poller and network, ends them in time.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;
use secrecy::ExposeSecret as _;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{Instant, timeout};

use super::health::{Health, Server, serve};
use super::heartbeat::{Heartbeat, tell_reloading, tell_systemd};
use super::metrics::Metrics;
use super::output::Output;
use super::schedule::Pace;
use super::signals::Wish;
use super::status::Status;
use super::worker::{Worker, holder_name, name_of};
use super::{Exit, RunMode, Signals, Wishes};
use crate::config::{self, DatabaseUrl, Migrate, PollerSettings, Settings, Sources};
use crate::engine::{Clock, Poller, RetryPolicy};
use crate::states::Sweeper;
use crate::store::{Lease, Scope, Store, StoreError};

/// Workers that were told to stop have so long to finish what is in hand. Whoever stops us is promised 5 s for all.
const FINISH_WITHIN: Duration = Duration::from_millis(3_500);
/// The database is not worth waiting for longer when leases are given back at the end.
const GIVE_BACK_WITHIN: Duration = Duration::from_millis(500);
/// Nor when it is closed: what it has not written down by then was not committed.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);
/// A database that is not there at once may be starting.
const DATABASE_RETRY: RetryPolicy =
    RetryPolicy { max_attempts: 5, max_interval: Duration::from_secs(2) };

/// Which pollers a process runs, and how.
#[derive(Debug, Clone)]
pub struct Host {
    /// The pollers. Those that are switched off are passed over.
    pub pollers: Vec<Poller>,
    /// Where the settings come from, now and at each reload.
    pub sources: Sources,
    /// For how long.
    pub mode: RunMode,
    /// What goes to standard output.
    pub output: Output,
    /// The time.
    pub clock: Clock,
}

/// A worker that was started.
struct Running {
    scope: Scope,
    task: JoinHandle<Exit>,
    /// How it ended, once it has.
    exit: Option<Exit>,
    held: Rc<Cell<Option<Lease>>>,
}

/// What outlives a reload.
struct Lasting {
    started: Instant,
    metrics: Metrics,
    heartbeat: Heartbeat,
    holder: String,
}

/// Why the workers ended.
enum Ended {
    Exit(Exit),
    Reload(Box<Settings>),
}

impl Host {
    /// Runs until there is nothing left to do, or until it is told to stop.
    pub async fn run(self, mut signals: Signals) -> Exit {
        let mut settings = match config::load(&self.sources) {
            Ok(settings) => settings,
            Err(errors) => {
                tracing::error!("the configuration is wrong:\n{errors}");
                return Exit::Config;
            }
        };
        let lasting = Lasting {
            started: Instant::now(),
            metrics: Metrics::new(),
            heartbeat: Heartbeat::of_process(),
            holder: holder_name(),
        };
        loop {
            let workers = LocalSet::new();
            let work = Box::pin(self.run_with(&settings, &mut signals, &lasting));
            let ended = workers.run_until(work).await;
            match ended {
                Ended::Reload(new) => settings = *new,
                Ended::Exit(exit) => return exit,
            }
        }
    }

    async fn run_with(
        &self,
        settings: &Settings,
        signals: &mut Signals,
        lasting: &Lasting,
    ) -> Ended {
        let enabled = self.enabled(settings);
        if enabled.is_empty() {
            // systemd takes an end before READY for a failure.
            tell_systemd(&[NotifyState::Ready]);
            return Ended::Exit(Exit::Done);
        }
        let opened = tokio::select! {
            opened = open(settings, self.mode) => opened,
            () = signals.stopping() => return Ended::Exit(Exit::Done),
        };
        let (store, _passing) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(database = %settings.database.url, %error, "the database cannot be used");
                return Ended::Exit(Exit::of_store(&error));
            }
        };
        let is_ready = Arc::new(AtomicBool::new(false));
        let servers = self.serve(&enabled, &store, lasting, &is_ready).await;
        let (wishes, heard) = Wishes::new();
        let workers = match servers {
            Ok(_) => self.start(settings, &enabled, &store, &heard, lasting).await,
            Err(ref error) => Err(error.clone()),
        };
        let ended = match workers {
            Ok(workers) => {
                is_ready.store(true, Ordering::Relaxed);
                tell_systemd(&[NotifyState::Ready]);
                self.watch(settings, workers, &wishes, signals, &store).await
            }
            Err(error) => {
                tracing::error!("{error}");
                Ended::Exit(Exit::Config)
            }
        };
        lasting.heartbeat.clear();
        if timeout(CLOSE_WITHIN, store.close()).await.is_err() {
            tracing::debug!("the database takes long to close; it is left to itself");
        }
        ended
    }

    fn enabled<'s>(&self, settings: &'s Settings) -> Vec<(Poller, &'s PollerSettings)> {
        let mut enabled = Vec::new();
        for poller in &self.pollers {
            match settings.pollers.get(poller) {
                Some(own) if own.enabled => enabled.push((*poller, own)),
                Some(_) | None => {
                    tracing::info!(
                        "poller {poller} is switched off: set pollers.{poller}.enabled = true to switch it on"
                    );
                }
            }
        }
        enabled
    }

    async fn serve(
        &self,
        enabled: &[(Poller, &PollerSettings)],
        store: &Store,
        lasting: &Lasting,
        is_ready: &Arc<AtomicBool>,
    ) -> Result<Vec<Server>, String> {
        let addresses: BTreeSet<SocketAddr> = enabled
            .iter()
            .filter(|_| self.mode == RunMode::Loop)
            .filter_map(|(_, own)| own.listen)
            .collect();
        let mut servers = Vec::new();
        for address in addresses {
            let health = Health {
                store: store.clone(),
                metrics: lasting.metrics.clone(),
                heartbeat: lasting.heartbeat.clone(),
                is_ready: Arc::clone(is_ready),
            };
            let server = serve(address, health)
                .await
                .map_err(|error| format!("cannot listen on {address}: {error}"))?;
            servers.push(server);
        }
        Ok(servers)
    }

    /// Starts a worker for each poller and network.
    async fn start(
        &self,
        settings: &Settings,
        enabled: &[(Poller, &PollerSettings)],
        store: &Store,
        signals: &Signals,
        lasting: &Lasting,
    ) -> Result<Vec<Running>, String> {
        let mut workers = Vec::new();
        let status = Status::default();
        for (poller, own) in enabled {
            for name in &own.networks {
                let Some(network) = settings.networks.get(name) else { continue };
                let scope = Scope { poller: *poller, network: name.clone() };
                let (metrics, of) = (lasting.metrics.clone(), name.clone());
                let sweeper = Sweeper::new(
                    store.clone(),
                    scope.clone(),
                    (*own).clone(),
                    network,
                    self.clock.clone(),
                    move |request| metrics.request(&of, request),
                )
                .map_err(|error| format!("network {name}: {error}"))?;
                let pace = Pace::start(&own.schedule)
                    .await
                    .map_err(|error| format!("pollers.{poller}.cron: {error}"))?;
                let held = Rc::new(Cell::new(None));
                let worker = Worker {
                    store: store.clone(),
                    sweeper,
                    pace,
                    initial_delay_ends: lasting.started + own.initial_delay,
                    lease: own.lease,
                    holder: lasting.holder.clone(),
                    clock: self.clock.clone(),
                    signals: signals.clone(),
                    pulse: lasting.heartbeat.worker(),
                    metrics: lasting.metrics.clone(),
                    output: self.output,
                    status: status.clone(),
                    held: Rc::clone(&held),
                };
                let task = match self.mode {
                    RunMode::Once => tokio::task::spawn_local(worker.once()),
                    RunMode::Loop => tokio::task::spawn_local(worker.run()),
                    RunMode::DryRun => tokio::task::spawn_local(worker.dry_run()),
                };
                workers.push(Running { scope, task, exit: None, held });
            }
        }
        Ok(workers)
    }

    /// Waits for the workers' end, or for a reason to end them. They hear of `wishes` alone.
    async fn watch(
        &self,
        settings: &Settings,
        mut workers: Vec<Running>,
        wishes: &Wishes,
        signals: &mut Signals,
        store: &Store,
    ) -> Ended {
        loop {
            let wish = tokio::select! {
                exit = all(&mut workers) => return Ended::Exit(exit),
                wish = signals.wish() => wish,
            };
            let new = match wish {
                Wish::Stop => None,
                Wish::SweepNow => {
                    wishes.sweep_now();
                    continue;
                }
                Wish::Reload => match self.reloaded(settings) {
                    Some(new) => Some(new),
                    None => continue,
                },
            };
            if new.is_none() {
                tell_systemd(&[NotifyState::Stopping]);
            }
            wishes.stop();
            finish(workers, store).await;
            return new.map_or(Ended::Exit(Exit::Done), |new| Ended::Reload(Box::new(new)));
        }
    }

    /// The settings as they are now, if they can be used.
    fn reloaded(&self, old: &Settings) -> Option<Settings> {
        tell_reloading();
        let new = match config::load(&self.sources) {
            Ok(new) => new,
            Err(errors) => {
                tracing::error!("the new configuration is refused, the old one is kept:\n{errors}");
                tell_systemd(&[NotifyState::Ready]);
                return None;
            }
        };
        let changed = if new == *old { "nothing" } else { "something" };
        tracing::info!(changed, "configuration read again");
        Some(new)
    }
}

/// Waits for all workers. How the worst one ended.
async fn all(workers: &mut [Running]) -> Exit {
    let mut worst = Exit::Done;
    for worker in workers {
        worst = std::cmp::max(worst, exit_of(worker).await);
    }
    worst
}

/// Waits for one worker. It may be asked again.
async fn exit_of(worker: &mut Running) -> Exit {
    if let Some(exit) = worker.exit {
        return exit;
    }
    let exit = match (&mut worker.task).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!(%error, "a worker died: a defect of railpoll; please report it");
            Exit::Defect
        }
    };
    worker.exit = Some(exit);
    exit
}

/// Lets workers that were told to stop finish what is in hand, and cuts those that take too long.
async fn finish(mut workers: Vec<Running>, store: &Store) {
    if timeout(FINISH_WITHIN, all(&mut workers)).await.is_ok() {
        return;
    }
    tracing::warn!("what is in hand takes too long; the next start finds out what became of it");
    for worker in &workers {
        worker.task.abort();
    }
    if timeout(GIVE_BACK_WITHIN, give_back(&workers, store)).await.is_err() {
        tracing::warn!("the database does not take the leases back in time; they run out");
    }
}

async fn give_back(workers: &[Running], store: &Store) {
    for worker in workers {
        if let Some(lease) = worker.held.take()
            && let Err(error) = store.release_lease(&lease).await
        {
            let scope = name_of(&worker.scope);
            tracing::warn!(scope, %error, "the lease could not be given back; it runs out");
        }
    }
}

/// Opens the database, and brings it up to date if that is wanted.
async fn open(settings: &Settings, mode: RunMode) -> Result<(Store, Option<Passing>), StoreError> {
    let url = match &settings.database.url {
        DatabaseUrl::Sqlite(path) if mode == RunMode::DryRun && !path.exists() => {
            let (store, passing) = empty_store().await?;
            return Ok((store, Some(passing)));
        }
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.expose_secret().to_owned(),
    };
    let mut backoff = DATABASE_RETRY.start();
    let store = loop {
        match Store::open(&url).await {
            Ok(store) => break store,
            Err(error @ (StoreError::Database(_) | StoreError::Slow(_))) => {
                match backoff.next_delay(None) {
                    Some(delay) => {
                        tracing::warn!(%error, ?delay, "the database does not answer; trying again");
                        tokio::time::sleep(delay).await;
                    }
                    None => return Err(error),
                }
            }
            Err(error) => return Err(error),
        }
    };
    match (mode, settings.database.migrate) {
        (RunMode::Once | RunMode::Loop, Migrate::Auto) => store.migrate().await.map(drop)?,
        (RunMode::DryRun, _) | (_, Migrate::Manual) => store.expect_current().await?,
    }
    Ok((store, None))
}

/// An SQLite file that is removed when this is dropped.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", self.0.display());
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::debug!(%error, file, "not removed");
            }
        }
    }
}

/// A database that does not outlive the run: a dry run makes none where there is none.
async fn empty_store() -> Result<(Store, Passing), StoreError> {
    let name = format!("railpoll-dry-run-{}.db", uuid::Uuid::new_v4());
    let passing = Passing(std::env::temp_dir().join(name));
    let store = Store::open(&format!("sqlite:{}", passing.0.display())).await?;
    store.migrate().await?;
    Ok((store, passing))
}
