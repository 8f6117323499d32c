//! The trait of all jobs, and which one each poller has.

use async_trait::async_trait;

use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::report::{SweepError, SweepReport, Swept};
use super::frame::round::Round;
use super::making::Making;
use super::{deposits, inbound, orders, outbound, payments, payouts};
use crate::config::PollerSettings;
use crate::engine::Poller;
use crate::networks::Wish;
use crate::store::{Lease, Scope};

/// Asked between one thing and the next: whether to end here.
pub type Stopping<'a> = &'a (dyn Fn() -> bool + Sync);

/// What a worker runs, again and again.
#[async_trait(?Send)]
pub trait Job {
    /// What it has from sweep to sweep.
    fn desk(&self) -> &Desk;

    /// One sweep. What it does is told to `report` as it is done, for it may fail.
    ///
    /// # Errors
    /// See [`SweepError`].
    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError>;

    /// A sweep has failed: what was found out of the place may hold no longer when it is back.
    fn failed(&self, _error: &SweepError) {}

    /// The end of all sweeps by the holder of `lease`: what the last one has left is waited for.
    async fn finish(&self, _lease: &Lease, _observer: Observer<'_>) {}

    /// Asks again for what was set aside, of which `place` is the id or the place in a list. Whether it could be read
    /// this time: then it is stored.
    ///
    /// # Errors
    /// See [`SweepError`].
    async fn read_again(&self, _round: &Round<'_>, _place: &str) -> Result<bool, SweepError> {
        // Most read nothing that could be set aside.
        Ok(false)
    }

    /// Asks the network or rail whether it is there and lets us in. Changes nothing.
    ///
    /// # Errors
    /// It does not; or it is another than the one that is configured.
    async fn check(&self) -> Result<(), SweepError>;

    /// What a person should know before it runs, though it is no mistake.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Tells the observer what a sweep would do, and changes nothing, here or there.
    ///
    /// # Errors
    /// See [`SweepError`].
    async fn preview(
        &self,
        stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError>;

    /// Who has asked to be left alone.
    fn wishes(&self) -> Vec<Wish>;

    /// Heeds what a process before this one was asked.
    fn remember(&self, wishes: &[Wish]);
}

impl dyn Job + '_ {
    /// The poller's memory that this works for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.desk().scope
    }

    /// One sweep by the holder of `lease`; `stop` is asked between one thing and the next, `observer` is told what goes on.
    pub async fn run(&self, lease: &Lease, stop: Stopping<'_>, observer: Observer<'_>) -> Swept {
        let desk = self.desk();
        let work = async |report: &mut SweepReport| {
            let round = desk.round(lease, stop, observer).await?;
            self.sweep(&round, report).await
        };
        let swept = desk.counted(work).await;
        if let Some(error) = &swept.error {
            self.failed(error);
        }
        swept
    }

    /// See [`Job::read_again`].
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn look_again(
        &self,
        lease: &Lease,
        place: &str,
        stop: Stopping<'_>,
        observer: Observer<'_>,
    ) -> Result<bool, SweepError> {
        let round = self.desk().round(lease, stop, observer).await?;
        self.read_again(&round, place).await
    }

    /// What a sweep would do. A place that does not let us in is told of as a sweep would; and so are the requests that were
    /// made, for one has to look.
    pub async fn dry_run(&self, stop: Stopping<'_>, observer: Observer<'_>) -> Swept {
        let work = async |report: &mut SweepReport| self.preview(stop, observer, report).await;
        self.desk().counted(work).await
    }
}

/// A job of whichever poller.
pub type AnyJob = Box<dyn Job>;

/// Makes the job at the network, rail or shop of this name. It fails if a secret cannot be read, or if what the settings name
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
        Poller::Orders => orders::make,
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
