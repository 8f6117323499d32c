//! What a job has from sweep to sweep, and how each of its sweeps is told.

use std::sync::Arc;
use std::time::Duration;

use super::note::Observer;
use super::patience::Requests;
use super::round::Round;
use super::sick::Sick;
use crate::engine::Clock;
use crate::jobs::frame::report::{SweepError, SweepReport, Swept};
use crate::networks::NetworkError as CallError;
use crate::store::{Lease, Scope, Store, StoreError};

/// What every job has at hand.
pub struct Desk {
    pub(in crate::jobs) store: Store,
    /// The poller's memory that it works for.
    pub scope: Scope,
    pub(in crate::jobs) clock: Clock,
    pub(in crate::jobs) requests: Arc<Requests>,
    /// One answer, with all its tries, takes no longer.
    pub(in crate::jobs) answer_max: Duration,
    /// What a failure of the place is to a sweep.
    pub(in crate::jobs) of_place: fn(CallError) -> SweepError,
}

impl Desk {
    /// What `work` did, with the requests that it made. It tells of what was done before it failed, too.
    pub(in crate::jobs) async fn counted(
        &self,
        work: impl AsyncFnOnce(&mut SweepReport) -> Result<(), SweepError>,
    ) -> Swept {
        let made_before = self.requests.made();
        let mut report = SweepReport::default();
        let error = work(&mut report).await.err();
        if let Some(error) = &error {
            report.outcome = error.outcome();
        }
        report.requests = self.requests.made() - made_before;
        Swept { report, error }
    }

    /// What a sweep by the holder of `lease` has at hand.
    pub(in crate::jobs) async fn round<'a>(
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
