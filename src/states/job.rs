//! What a worker runs, again and again: one job for each poller and each place that it works at.

use std::sync::Arc;

use clap::ValueEnum;

use super::note::Observer;
use super::paying::Paying;
use super::sweep::{SweepError, SweepReport, Sweeper, Swept};
use crate::config::{PollerSettings, Settings};
use crate::engine::{Clock, Poller};
use crate::networks::RequestSeen;
use crate::store::{Lease, Scope, Store};

/// What a worker runs.
pub enum Job {
    /// The payments in one state on one network: collected, and acted on.
    Payments(Box<Sweeper>),
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
    /// Whether there will be more sweeps than one.
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
        match self {
            Self::Payments(sweeper) => sweeper.sweep(stop, observer).run(lease).await,
            Self::Outgoing(paying) => paying.sweep(lease, stop, observer).await,
        }
    }

    /// Tells the observer what a sweep would do, and changes nothing, here or there.
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
            Self::Outgoing(paying) => paying.dry_run(observer).await,
        }
    }
}

/// The jobs of `poller`: one for each place that it works at.
///
/// # Errors
/// A secret cannot be read, or what the settings name cannot be set up.
pub fn jobs(making: &Making<'_>, poller: Poller, own: &PollerSettings) -> Result<Vec<Job>, String> {
    match poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Failed => own.places().map(|name| payments(making, poller, own, name)).collect(),
        Poller::Outgoing => own.places().map(|name| outgoing(making, own, name)).collect(),
        Poller::PendingDeposits | Poller::Watch => Ok(Vec::new()),
    }
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
    sweeper
        .map(|sweeper| Job::Payments(Box::new(sweeper)))
        .map_err(|error| format!("network {name}: {error}"))
}

fn outgoing(making: &Making<'_>, own: &PollerSettings, name: &str) -> Result<Job, String> {
    let paying = Paying::of(making, own, name).map_err(|error| format!("rail {name}: {error}"))?;
    Ok(Job::Outgoing(Box::new(paying)))
}
