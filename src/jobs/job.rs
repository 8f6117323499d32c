//! The trait of all jobs, and which one each poller has.

use futures_util::future::{LocalBoxFuture, ready};

use super::frame::note::Observer;
use super::frame::report::{SweepError, Swept};
use super::making::Making;
use super::{deposits, inbound, outbound, payments, payouts};
use crate::config::PollerSettings;
use crate::engine::Poller;
use crate::networks::Wish;
use crate::store::{Lease, Scope};

/// Asked between one thing and the next: whether to end here.
pub type Stopping<'a> = &'a (dyn Fn() -> bool + Sync);

/// What a worker runs, again and again.
pub trait Job {
    /// The poller's memory that this works for.
    fn scope(&self) -> &Scope;

    /// One sweep by the holder of `lease`; `observer` is told what goes on.
    fn run<'a>(
        &'a self,
        lease: &'a Lease,
        stop: Stopping<'a>,
        observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Swept>;

    /// The end of all sweeps by the holder of `lease`: what the last one has left is waited for.
    fn finish<'a>(&'a self, _lease: &'a Lease, _observer: Observer<'a>) -> LocalBoxFuture<'a, ()> {
        Box::pin(ready(()))
    }

    /// Asks again for what was set aside, of which `place` is the id or the place in a list. Whether it could be read
    /// this time: then it is stored.
    ///
    /// # Errors
    /// See [`SweepError`].
    fn look_again<'a>(
        &'a self,
        _lease: &'a Lease,
        _place: &'a str,
        _stop: Stopping<'a>,
        _observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Result<bool, SweepError>> {
        // Most read nothing that could be set aside.
        Box::pin(ready(Ok(false)))
    }

    /// Asks the network or rail whether it is there and lets us in. Changes nothing.
    ///
    /// # Errors
    /// It does not; or it is another than the one that is configured.
    fn check(&self) -> LocalBoxFuture<'_, Result<(), SweepError>>;

    /// What a person should know before it runs, though it is no mistake.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tells the observer what a sweep would do, and changes nothing, here or there. A place that does not let us in is
    /// told of as a sweep would; and so are the requests that were made, for one has to look.
    fn dry_run<'a>(
        &'a self,
        stop: Stopping<'a>,
        observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Swept>;

    /// Who has asked to be left alone.
    fn wishes(&self) -> Vec<Wish>;

    /// Heeds what a process before this one was asked.
    fn remember(&self, wishes: &[Wish]);
}

/// A job of whichever poller.
pub type AnyJob = Box<dyn Job>;

/// Makes the job at the network or rail of this name. It fails if a secret cannot be read, or if what the settings name
/// cannot be set up.
pub type Make = fn(&Making<'_>, Scope, &PollerSettings) -> Result<AnyJob, String>;

/// What makes the jobs of `poller`. Whoever names it carries the code of all jobs: a daemon names its own alone.
#[must_use]
pub fn make_of(poller: Poller) -> Make {
    match poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Returned
        | Poller::Failed => payments::make,
        Poller::PendingDeposits => pending_deposits,
        Poller::Watch => inbound::make,
        Poller::Outgoing => payouts::make,
    }
}

/// Each rail is asked, and on each network is sent, by a worker of its own: none waits for another.
///
/// # Errors
/// See [`Make`].
pub fn pending_deposits(
    making: &Making<'_>,
    scope: Scope,
    own: &PollerSettings,
) -> Result<AnyJob, String> {
    if making.settings.rails.contains_key(&scope.network) {
        deposits::make(making, scope, own)
    } else {
        outbound::make(making, scope, own)
    }
}

/// The jobs of `poller`, which `make` makes: one for each place that it works at.
///
/// # Errors
/// See [`Make`].
pub fn jobs(
    making: &Making<'_>,
    poller: Poller,
    make: Make,
    own: &PollerSettings,
) -> Result<Vec<AnyJob>, String> {
    let scope = |name: &str| Scope { poller, network: name.to_owned() };
    own.places().map(|name| make(making, scope(name), own)).collect()
}
