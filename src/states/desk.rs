//! What a job of transfers has from sweep to sweep, and how each of its sweeps is told.

use std::sync::Arc;
use std::time::Duration;

use super::note::Observer;
use super::patience::Requests;
use super::round::Round;
use super::sick::Sick;
use super::sweep::{SweepError, SweepReport, Swept};
use crate::engine::Clock;
use crate::networks::NetworkError as CallError;
use crate::store::{Lease, Scope, Store, StoreError};

/// What every job of transfers has at hand.
pub(super) struct Desk {
    pub(super) store: Store,
    /// The poller's memory that it works for.
    pub(super) scope: Scope,
    pub(super) clock: Clock,
    pub(super) requests: Arc<Requests>,
    /// One answer, with all its tries, takes no longer.
    pub(super) answer_max: Duration,
    /// What a failure of the place is to a sweep.
    pub(super) of_place: fn(CallError) -> SweepError,
}

impl Desk {
    /// A sweep, which `work` does and tells of. It ends early where that fails.
    pub(super) async fn sweep<'a>(
        &'a self,
        lease: &'a Lease,
        stop: &'a (dyn Fn() -> bool + Sync),
        observer: Observer<'a>,
        work: impl AsyncFnOnce(&Round<'a>, &mut SweepReport) -> Result<(), SweepError>,
    ) -> Swept {
        let made_before = self.requests.made();
        let mut report = SweepReport::default();
        let error = match self.round(lease, stop, observer).await {
            Ok(round) => work(&round, &mut report).await.err(),
            Err(error) => Some(error.into()),
        };
        if let Some(error) = &error {
            report.outcome = error.outcome();
        }
        report.requests = self.requests.made() - made_before;
        Swept { report, error }
    }

    pub(super) async fn round<'a>(
        &'a self,
        lease: &'a Lease,
        stop: &'a (dyn Fn() -> bool + Sync),
        observer: Observer<'a>,
    ) -> Result<Round<'a>, StoreError> {
        let sick = Sick::begin(&self.store, &self.scope, &self.clock, self.of_place).await?;
        Ok(Round {
            sick,
            store: &self.store,
            lease,
            clock: &self.clock,
            stop,
            observer,
            requests: &self.requests,
            answer_max: self.answer_max,
        })
    }
}
