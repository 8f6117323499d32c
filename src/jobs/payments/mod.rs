//! The payments in one state on one network: collected, and acted on.
//!
//! A sweep walks the network's list into the database (`collecting`), compares the counts (`comparing`), and acts on what is
//! due (`act`): each payment is decided on (`deciding`, `reviewing`) and carried out as an intent (`carrying`, `closing`).
//! What a state's poller owns and does is a row of `engine::decide::rules`.

mod act;
pub(super) mod answer;
mod budget;
mod carrying;
mod closing;
mod collecting;
mod comparing;
mod deciding;
mod dry_run;
mod handing_over;
mod handling;

mod reviewer;
mod reviewing;
pub(super) mod sweep;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::reviewer::Service;
use self::sweep::Sweeper;
use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::report::{SweepError, SweepReport};
use super::frame::round::Round;
use super::job::{AnyJob, Job, Stopping};
use super::making::Making;
use crate::config::{PollerSettings, Schedule};
use crate::networks::{RequestSeen, Wish};
use crate::store::{Lease, Scope};

/// A sweep waits at least for so long for answers that are slow.
const SWEEP_MIN: Duration = Duration::from_secs(2);

/// The job of a poller of payments at the network that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let Making { settings, store, clock, seen, .. } = making;
    let name = scope.network.clone();
    let network = settings.networks.get(&name).ok_or_else(|| format!("no network {name}"))?;
    let (seen, of) = (Arc::clone(seen), name.clone());
    let observe = move |request: &RequestSeen| seen(&of, request);
    let (store, clock) = ((*store).clone(), (*clock).clone());
    let sweeper = Sweeper::new(store, scope, own, network, clock, observe);
    let mut sweeper = sweeper.map_err(|error| format!("network {name}: {error}"))?;
    sweeper.leaves_after = leaves_after(making, &own.schedule);
    Ok(Box::new(sweeper))
}

/// After what time a sweep leaves answers that are slow to the next one; none where that one is far away, or there is none.
/// An answer that comes between two sweeps waits no longer than it was waited for.
fn leaves_after(making: &Making<'_>, schedule: &Schedule) -> Option<Duration> {
    match schedule {
        Schedule::FixedDelay(delay) if making.lasts => Some(std::cmp::max(*delay, SWEEP_MIN)),
        Schedule::FixedDelay(_) | Schedule::Cron(_) => None,
    }
}

#[async_trait(?Send)]
impl Job for Sweeper {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        self.begin(round.stop, round.observer).collect_and_act(round, report).await
    }

    async fn finish(&self, lease: &Lease, observer: Observer<'_>) {
        self.finish_left(lease, observer).await;
    }

    async fn read_again(&self, round: &Round<'_>, place: &str) -> Result<bool, SweepError> {
        self.begin(round.stop, round.observer).look_at(place).await
    }

    async fn check(&self) -> Result<(), SweepError> {
        self.ask_for_one().await
    }

    async fn preview(
        &self,
        stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.begin(stop, observer).tell_due(report).await
    }

    fn wishes(&self) -> Vec<Wish> {
        let mut wishes = self.client.wishes();
        wishes.extend(self.reviewer.service().and_then(Service::wish));
        wishes
    }

    fn remember(&self, wishes: &[Wish]) {
        self.client.remember(wishes);
        if let Some(service) = self.reviewer.service() {
            service.remember(wishes);
        }
    }
}
