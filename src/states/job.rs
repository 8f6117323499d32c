//! What a worker runs, again and again: one job for each poller and each place that it works at.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use futures_util::future::LocalBoxFuture;

use super::asking::Asker;
use super::left_alone::{keep, recalled};
use super::note::Observer;
use super::paying::Paying;
use super::sending::Sender;
use super::sweep::{SweepError, SweepReport, Sweeper, Swept};
use super::watching::Watcher;
use crate::config::{PollerSettings, Schedule, Settings};
use crate::engine::{Clock, Poller};
use crate::networks::RequestSeen;
use crate::store::{Lease, Scope, Store, StoreError};

/// A sweep waits at least for so long for answers that are slow.
const SWEEP_MIN: Duration = Duration::from_secs(2);

/// What a worker runs.
pub enum Job {
    /// The payments in one state on one network: collected, and acted on.
    Payments(Box<Sweeper>),
    /// The deposits that are to come in on one rail.
    Asking(Box<Asker>),
    /// The deposits that are to go out on one network.
    Sending(Box<Sender>),
    /// What comes in on one network.
    Watching(Box<Watcher>),
    /// Payouts on one rail.
    Outgoing(Box<Paying>),
}

/// A part of the poller `outgoing`'s work that can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Paying out what is due.
    Execute,
    /// Following what is on its way.
    Poll,
}

/// Who is told of each request, and of the network or rail that it went to.
pub type Seen = Arc<dyn Fn(&str, &RequestSeen) + Send + Sync>;

/// What jobs are made from.
#[derive(Clone)]
pub struct Making<'a> {
    /// All settings.
    pub settings: &'a Settings,
    /// The database.
    pub store: &'a Store,
    /// The time.
    pub clock: &'a Clock,
    /// The one stage of `outgoing` that is wanted; none is both.
    pub stage: Option<Stage>,
    /// Whether sweeps follow one another for ever: then there is time to wait for what comes.
    pub lasts: bool,
    /// Who is told of requests.
    pub seen: Seen,
}

impl Job {
    /// The poller's memory that this works for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        match self {
            Self::Payments(sweeper) => sweeper.scope(),
            Self::Asking(asker) => asker.scope(),
            Self::Sending(sender) => sender.scope(),
            Self::Watching(watcher) => watcher.scope(),
            Self::Outgoing(paying) => paying.scope(),
        }
    }

    /// One sweep by the holder of `lease`. `stop` is asked between one thing and the next; `observer` is told what goes
    /// on.
    pub async fn run(
        &self,
        lease: &Lease,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
    ) -> Swept {
        // Boxed: they are large, and all that waits for one would be as large as the largest.
        let sweep: LocalBoxFuture<'_, Swept> = match self {
            Self::Payments(sweeper) => {
                Box::pin(async move { sweeper.sweep(stop, observer).run(lease).await })
            }
            Self::Asking(asker) => Box::pin(asker.run(lease, stop, observer)),
            Self::Sending(sender) => Box::pin(sender.run(lease, stop, observer)),
            Self::Watching(watcher) => Box::pin(watcher.run(lease, stop, observer)),
            Self::Outgoing(paying) => Box::pin(paying.sweep(lease, stop, observer)),
        };
        sweep.await
    }

    /// Heeds who has asked another process to be left alone.
    ///
    /// # Errors
    /// The database.
    pub async fn heed(&self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let wishes = recalled(store, self.scope(), now).await?;
        match self {
            Self::Payments(sweeper) => sweeper.remember(&wishes),
            Self::Asking(asker) => asker.remember(&wishes),
            Self::Sending(sender) => sender.remember(&wishes),
            Self::Watching(watcher) => watcher.remember(&wishes),
            Self::Outgoing(paying) => paying.remember(&wishes),
        }
        Ok(())
    }

    /// Keeps for other processes who has asked to be left alone.
    ///
    /// # Errors
    /// The database, or the lease is lost.
    pub async fn keep_wishes(
        &self,
        store: &Store,
        lease: &Lease,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let wishes = match self {
            Self::Payments(sweeper) => sweeper.wishes(),
            Self::Asking(asker) => asker.wishes(),
            Self::Sending(sender) => sender.wishes(),
            Self::Watching(watcher) => watcher.wishes(),
            Self::Outgoing(paying) => paying.wishes(),
        };
        keep(store, lease, self.scope(), &wishes, now).await
    }

    /// The end of all sweeps by the holder of `lease`: what the last one has left is waited for.
    pub async fn finish(&self, lease: &Lease, observer: Observer<'_>) {
        match self {
            Self::Outgoing(paying) => paying.finish(lease, observer).await,
            Self::Payments(sweeper) => sweeper.finish(lease, observer).await,
            Self::Asking(_) | Self::Sending(_) | Self::Watching(_) => {}
        }
    }

    /// Asks again for what was set aside, of which `place` is the id or the place in a list. Whether it could be read
    /// this time: then it is stored.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn look_again(
        &self,
        lease: &Lease,
        place: &str,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
    ) -> Result<bool, SweepError> {
        match self {
            Self::Payments(sweeper) => sweeper.sweep(stop, observer).look_at(place).await,
            Self::Asking(asker) => asker.look_again(lease, place, stop, observer).await,
            Self::Watching(watcher) => watcher.look_again(lease, place, stop, observer).await,
            // They read nothing that could be set aside.
            Self::Sending(_) | Self::Outgoing(_) => Ok(false),
        }
    }

    /// Asks the network or rail whether it is there and lets us in. Changes nothing.
    ///
    /// # Errors
    /// It does not; or it is another than the one that is configured.
    pub async fn check(&self) -> Result<(), SweepError> {
        match self {
            Self::Payments(sweeper) => sweeper.check().await,
            Self::Asking(asker) => asker.check().await,
            Self::Sending(sender) => sender.check().await,
            Self::Watching(watcher) => watcher.check().await,
            Self::Outgoing(paying) => paying.check().await,
        }
    }

    /// What a person should know before it runs, though it is no mistake.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        match self {
            Self::Sending(sender) => sender.remarks(),
            Self::Payments(_) | Self::Asking(_) | Self::Watching(_) | Self::Outgoing(_) => {
                Vec::new()
            }
        }
    }

    /// Tells the observer what a sweep would do, and changes nothing, here or there. A place that does not let us in is
    /// told of as a sweep would.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn dry_run(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
    ) -> Result<SweepReport, SweepError> {
        match self {
            Self::Payments(sweeper) => sweeper.sweep(stop, observer).dry_run().await,
            Self::Asking(asker) => {
                asker.check().await?;
                asker.dry_run(stop, observer).await
            }
            Self::Sending(sender) => sender.dry_run(observer).await,
            Self::Watching(watcher) => watcher.dry_run(stop, observer).await,
            Self::Outgoing(paying) => {
                paying.check().await?;
                Ok(paying.dry_run(observer).await?)
            }
        }
    }
}

/// The jobs of `poller`: one for each place that it works at.
///
/// # Errors
/// A secret cannot be read, or what the settings name cannot be set up.
pub fn jobs(making: &Making<'_>, poller: Poller, own: &PollerSettings) -> Result<Vec<Job>, String> {
    own.places().map(|name| job(making, poller, own, name)).collect()
}

/// The job of `poller` at the network or rail `name`.
///
/// # Errors
/// As [`jobs`].
pub fn job(
    making: &Making<'_>,
    poller: Poller,
    own: &PollerSettings,
    name: &str,
) -> Result<Job, String> {
    match poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Returned
        | Poller::Failed => payments(making, poller, own, name),
        Poller::PendingDeposits => pending_deposits(making, poller, own, name),
        Poller::Watch => watch(making, poller, own, name),
        Poller::Outgoing => outgoing(making, own, name),
    }
}

/// Each rail is asked, and on each network is sent, by a worker of its own: none waits for another.
fn pending_deposits(
    making: &Making<'_>,
    poller: Poller,
    own: &PollerSettings,
    name: &str,
) -> Result<Job, String> {
    let scope = Scope { poller, network: name.to_owned() };
    if making.settings.rails.contains_key(name) {
        Asker::new(making, scope, own, name)
            .map(|asker| Job::Asking(Box::new(asker)))
            .map_err(|error| format!("rail {name}: {error}"))
    } else {
        Sender::new(making, scope, own, name)
            .map(|sender| Job::Sending(Box::new(sender)))
            .map_err(|error| format!("network {name}: {error}"))
    }
}

fn watch(
    making: &Making<'_>,
    poller: Poller,
    own: &PollerSettings,
    name: &str,
) -> Result<Job, String> {
    let scope = Scope { poller, network: name.to_owned() };
    let watcher = Watcher::new(making, scope, own, name);
    watcher
        .map(|watcher| Job::Watching(Box::new(watcher)))
        .map_err(|error| format!("network {name}: {error}"))
}

fn payments(
    making: &Making<'_>,
    poller: Poller,
    own: &PollerSettings,
    name: &str,
) -> Result<Job, String> {
    let Making { settings, store, clock, seen, .. } = making;
    let network = settings.networks.get(name).ok_or_else(|| format!("no network {name}"))?;
    let scope = Scope { poller, network: name.to_owned() };
    let (seen, of) = (Arc::clone(seen), name.to_owned());
    let observe = move |request: &RequestSeen| seen(&of, request);
    let (store, clock) = ((*store).clone(), (*clock).clone());
    let sweeper = Sweeper::new(store, scope, own, network, clock, observe);
    let leaves_after = leaves_after(making, &own.schedule);
    sweeper
        .map(|mut sweeper| {
            sweeper.leaves_after = leaves_after;
            Job::Payments(Box::new(sweeper))
        })
        .map_err(|error| format!("network {name}: {error}"))
}

/// After what time a sweep leaves answers that are slow to the next one; none where that one is far away, or there is none.
/// An answer that comes between two sweeps waits no longer than it was waited for.
fn leaves_after(making: &Making<'_>, schedule: &Schedule) -> Option<Duration> {
    match schedule {
        Schedule::FixedDelay(delay) if making.lasts => Some(std::cmp::max(*delay, SWEEP_MIN)),
        Schedule::FixedDelay(_) | Schedule::Cron(_) => None,
    }
}

fn outgoing(making: &Making<'_>, own: &PollerSettings, name: &str) -> Result<Job, String> {
    let paying = Paying::of(making, own, name).map_err(|error| format!("rail {name}: {error}"))?;
    Ok(Job::Outgoing(Box::new(paying)))
}
