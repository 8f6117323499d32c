//! What comes in on one network, as a job.

use futures_util::future::LocalBoxFuture;

use super::Watcher;
use crate::config::PollerSettings;
use crate::jobs::frame::note::Observer;
use crate::jobs::frame::report::{SweepError, Swept};
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::Wish;
use crate::store::{Lease, Scope};

/// The job at the network that `scope` names.
///
/// # Errors
/// See [`Make`](crate::jobs::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = scope.network.clone();
    let made = Watcher::new(making, scope, own, &name);
    let made = made.map_err(|error| format!("network {name}: {error}"))?;
    Ok(Box::new(made))
}

impl Job for Watcher {
    fn scope(&self) -> &Scope {
        &self.desk.scope
    }

    fn run<'a>(
        &'a self,
        lease: &'a Lease,
        stop: Stopping<'a>,
        observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Swept> {
        Box::pin(self.sweep_once(lease, stop, observer))
    }

    fn look_again<'a>(
        &'a self,
        lease: &'a Lease,
        place: &'a str,
        stop: Stopping<'a>,
        observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Result<bool, SweepError>> {
        Box::pin(self.read_again(lease, place, stop, observer))
    }

    fn check(&self) -> LocalBoxFuture<'_, Result<(), SweepError>> {
        Box::pin(self.check_place())
    }

    fn dry_run<'a>(
        &'a self,
        stop: Stopping<'a>,
        observer: Observer<'a>,
    ) -> LocalBoxFuture<'a, Swept> {
        Box::pin(self.desk.counted(async move |report| self.tell_due(stop, observer, report).await))
    }

    fn wishes(&self) -> Vec<Wish> {
        self.horizon.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.horizon.remember(wishes);
    }
}
