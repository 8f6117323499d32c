//! What a worker tells the database at the end of a sweep: its record, its promise, the alerts of its place, and who else is
//! silent.

use std::time::Instant;

use chrono::{DateTime, Utc};

use super::keeper::Keeper;
use super::worker::Worker;
use crate::engine::decide::rules::rules;
use crate::engine::{Alert, AlertName, Poller};
use crate::store::{Lease, Promise, StoreError, SweepRow};

impl Worker {
    /// Puts a sweep on record, and brings the alerts to what it has left: first one that could not be recorded at its time.
    pub(super) async fn tell(
        &mut self,
        lease: &Lease,
        row: &SweepRow,
        next: Option<DateTime<Utc>>,
        promise: Option<&Promise>,
    ) -> Result<(), StoreError> {
        let told = async {
            if let Some(row) = &self.untold {
                self.store.record_sweep(lease, row, next, None).await?;
                self.tell_alerts(lease).await?;
            }
            self.store.record_sweep(lease, row, next, promise).await?;
            self.tell_silent(lease).await?;
            self.tell_alerts(lease).await
        };
        match told.await {
            Ok(()) => {
                self.untold = None;
                Ok(())
            }
            // Whoever holds it now has sweeps of its own to record.
            Err(StoreError::LeaseLost { .. }) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the sweep could not be recorded");
                Err(error)
            }
        }
    }

    /// Tells of a database that is not what it was, and of a configuration that was refused, and seals what this sweep has brought. It is looked at again: it may have
    /// failed over in the middle of the sweep, and have more events by now than it had before.
    pub(super) async fn guard(&self, lease: &Lease) {
        let now = self.clock.now();
        let work = async {
            let outlook = self.vigil.look(&self.store, now).await?;
            self.metrics.held(outlook.is_held);
            let older = outlook.is_held.then(|| {
                "the database was restored, or failed over with a loss: nothing goes out until all was looked up"
                    .to_owned()
            });
            let standing = [
                (AlertName::DatabaseOlder, older),
                (AlertName::EventsRewritten, outlook.rewritten.clone()),
                (AlertName::ReloadRefused, self.refused.detail()),
            ];
            for (name, detail) in standing {
                let alert = detail.map(|detail| Alert::of(name, detail));
                self.store.set_alerts(lease, name, alert.as_slice(), now).await?;
            }
            self.vigil.seal(&self.store, &outlook, now).await
        };
        if let Err(error) = work.await {
            tracing::warn!(%error, "events could not be sealed");
        }
    }

    /// Whether a part of the place before ours is free. Whoever had it has died, and was started again in another part: then
    /// nobody would ever keep what was promised for it. So those who live have the first parts.
    pub(super) async fn moves_up(&self, keeper: &Keeper) -> bool {
        let is_free = self.store.is_part_before_free(&keeper.lease).await;
        is_free.unwrap_or_else(|error| {
            tracing::debug!(%error, "nobody knows which parts of the place are free");
            false
        })
    }

    /// Looks who was to be back by now and is not, at all places, and tells of them.
    async fn tell_silent(&self, lease: &Lease) -> Result<(), StoreError> {
        if self.judges_from.is_some_and(|from| from <= Instant::now()) {
            let promised = self.store.tell_silent(lease, self.clock.now()).await?;
            self.metrics.silent(&promised);
        }
        Ok(())
    }

    /// Brings the place's alerts to what the sweep has left, and the metrics to them.
    async fn tell_alerts(&self, lease: &Lease) -> Result<(), StoreError> {
        let (scope, now) = (self.job.scope(), self.clock.now());
        let states = rules(scope.poller).map_or(&[][..], |rules| rules.states);
        self.store.tell_conditions(lease, states, now).await?;
        self.metrics.alerts(scope, &self.store.alerts_at(scope).await?);
        if scope.poller.is_of_payments() {
            let waiting = self.store.reviews_waiting(scope.place(), states).await?;
            self.metrics.reviews(scope, &waiting, now);
        }
        if scope.poller != Poller::Outgoing {
            let set_aside = self.store.quarantined_count(scope).await?;
            self.metrics.quarantined(scope, set_aside);
        }
        Ok(())
    }
}
