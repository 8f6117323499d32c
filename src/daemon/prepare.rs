//! What a configuration needs before anything runs on it: addresses, the database, jobs. All of it is there, or nothing
//! is begun.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::metrics::Metrics;
use super::schedule::Pace;
use super::{Exit, RunMode};
use crate::config::{DatabaseUrl, Migrate, PollerSettings, Settings};
use crate::engine::{Clock, Poller, RetryPolicy};
use crate::jobs::{AnyJob, Make, Making, Stage, jobs};
use crate::networks::RequestSeen;
use crate::store::{Scope, Store, StoreError};

/// A database that is not there at once may be starting.
const DATABASE_RETRY: RetryPolicy =
    RetryPolicy { max_attempts: 5, max_interval: Duration::from_secs(2) };

/// How a configuration is to be run.
pub(super) struct Plan<'a> {
    pub(super) mode: RunMode,
    pub(super) stage: Option<Stage>,
    pub(super) clock: &'a Clock,
    pub(super) metrics: &'a Metrics,
    /// What this process listens on already: its own addresses are not taken.
    pub(super) listening: &'a Listeners,
}

/// A configuration that can be run, with all that it needs.
pub(super) struct Prepared {
    pub(super) settings: Settings,
    pub(super) listeners: Listeners,
    pub(super) store: Store,
    pub(super) prospects: Vec<Prospect>,
    /// Dropped when all is over.
    _passing: Option<Passing>,
}

/// A worker that can be started.
pub(super) struct Prospect {
    pub(super) job: AnyJob,
    pub(super) pace: Pace,
    pub(super) own: PollerSettings,
}

/// Why a configuration cannot be run.
#[derive(Debug)]
pub(super) struct Unusable {
    /// How a process ends that has nothing else to run on.
    pub(super) exit: Exit,
    /// In one line.
    pub(super) why: String,
}

/// Where a process listens.
#[derive(Debug, Default)]
pub(super) struct Listeners(BTreeMap<SocketAddr, TcpListener>);

impl Listeners {
    /// Those for `addresses`: the ones that are there, and new ones for the rest.
    fn adapted(&self, addresses: BTreeSet<SocketAddr>) -> Result<Self, String> {
        let mut listeners = BTreeMap::new();
        for address in addresses {
            let listener = match self.0.get(&address) {
                Some(listener) => listener.try_clone(),
                None => bind(address),
            };
            let listener =
                listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
            listeners.insert(address, listener);
        }
        Ok(Self(listeners))
    }

    /// Where.
    pub(super) fn addresses(&self) -> String {
        let all: Vec<String> = self.0.keys().map(SocketAddr::to_string).collect();
        all.join(" ")
    }

    /// A handle of each, to be served on.
    pub(super) fn handles(&self) -> impl Iterator<Item = io::Result<TcpListener>> {
        self.0.values().map(TcpListener::try_clone)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // The runtime waits for it, and no thread does.
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Prepares `settings` for the pollers that are `enabled`.
pub(super) async fn prepare(
    plan: &Plan<'_>,
    settings: &Settings,
    enabled: &[(Poller, Make, &PollerSettings)],
) -> Result<Prepared, Unusable> {
    let bad = |why| Unusable { exit: Exit::Config, why };
    let is_served = plan.mode == RunMode::Loop;
    let addresses = enabled.iter().filter(|_| is_served).filter_map(|(_, _, own)| own.listen);
    // Whoever has the address now may go: that is no mistake in the configuration, and another try may help.
    let taken = |why| Unusable { exit: Exit::Unavailable, why };
    let listeners = plan.listening.adapted(addresses.collect()).map_err(taken)?;
    let (store, passing) = open(settings, plan.mode).await.map_err(|error| Unusable {
        exit: Exit::of_store(&error),
        why: format!("the database cannot be used: {}: {error}", settings.database.url),
    })?;
    match prospects(plan, settings, enabled, &store).await {
        Ok(prospects) => Ok(Prepared {
            settings: settings.clone(),
            listeners,
            store,
            prospects,
            _passing: passing,
        }),
        Err(why) => {
            store.close().await;
            Err(bad(why))
        }
    }
}

async fn prospects(
    plan: &Plan<'_>,
    settings: &Settings,
    enabled: &[(Poller, Make, &PollerSettings)],
    store: &Store,
) -> Result<Vec<Prospect>, String> {
    let metrics = plan.metrics.clone();
    let making = Making {
        settings,
        store,
        clock: plan.clock,
        stage: plan.stage,
        lasts: plan.mode == RunMode::Loop,
        seen: Arc::new(move |place: &str, request: &RequestSeen| metrics.request(place, request)),
    };
    let mut prospects = Vec::new();
    for (poller, make, own) in enabled {
        for job in jobs(&making, *poller, *make, own)? {
            let pace = Pace::start(&own.schedule)
                .await
                .map_err(|error| format!("pollers.{}.cron: {error}", poller.key()))?;
            prospects.push(Prospect { job, pace, own: (*own).clone() });
        }
    }
    Ok(prospects)
}

/// What came of making one job ready.
#[derive(Debug)]
pub struct Rehearsed {
    /// The poller.
    pub poller: Poller,
    /// The network or rail.
    pub place: String,
    /// How the daemon would end, and why; none if it would run.
    pub trouble: Option<(Exit, String)>,
    /// What a person should know, though it is no mistake.
    pub remarks: Vec<String>,
}

/// Makes every job of the pollers that are switched on, as a daemon does at its start, and runs none.
///
/// `online`: each asks its network or rail, too, whether it lets us in. `make_of` tells what makes a poller's jobs.
///
/// # Errors
/// No database for a moment can be made: jobs want one.
pub async fn rehearse(
    settings: &Settings,
    make_of: fn(Poller) -> Make,
    online: bool,
) -> Result<Vec<Rehearsed>, StoreError> {
    let (store, passing) = empty_store().await?;
    let clock = Clock::system();
    let making = Making {
        settings,
        store: &store,
        clock: &clock,
        stage: None,
        lasts: false,
        seen: Arc::new(|_, _| {}),
    };
    let mut rehearsed = Vec::new();
    for (poller, own) in settings.pollers.iter().filter(|(_, own)| own.enabled) {
        for place in own.places() {
            let (mut trouble, mut remarks) = (None, Vec::new());
            let scope = Scope { poller: *poller, network: place.clone() };
            match make_of(*poller)(&making, scope, own) {
                Err(why) => trouble = Some((Exit::Config, why)),
                Ok(job) => {
                    remarks = job.remarks();
                    if online && let Err(error) = job.check().await {
                        trouble = Some((Exit::of_sweep(&error), error.to_string()));
                    }
                }
            }
            rehearsed.push(Rehearsed { poller: *poller, place: place.clone(), trouble, remarks });
        }
    }
    store.close().await;
    drop(passing);
    Ok(rehearsed)
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
        match Store::create(&url).await {
            Ok(store) => break store,
            Err(
                error @ (StoreError::Database(_) | StoreError::ReadOnly(_) | StoreError::Slow(_)),
            ) => match backoff.next_delay(None) {
                Some(delay) => {
                    let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    tracing::warn!(%error, millis, "the database does not answer; trying again");
                    tokio::time::sleep(delay).await;
                }
                None => return Err(error),
            },
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
    let store = Store::create(&format!("sqlite:{}", passing.0.display())).await?;
    store.migrate().await?;
    Ok((store, passing))
}
