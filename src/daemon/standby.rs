//! Asking for a lease, and giving it back.

use super::Exit;
use super::keeper::{Keeper, LeaseTimes};
use super::worker::Worker;
use crate::store::{Acquired, Lease, StoreError};

impl Worker {
    /// Asks for a lease: for the job's own, or, where several processes may share it, for the first that nobody holds.
    pub(super) async fn acquire(&self, times: LeaseTimes) -> Result<Acquired, StoreError> {
        self.store.acquire_slot(self.job.scope(), self.slots, &self.holder, times.ttl).await
    }

    /// Asks for a lease until it is given. None: told to stop.
    pub(super) async fn stand_by(&mut self, times: LeaseTimes) -> Option<Lease> {
        let scope = self.job.scope().clone();
        let mut told = String::new();
        loop {
            if self.signals.is_stopping() {
                return None;
            }
            self.pulse.beat();
            let asked = self.acquire(times).await;
            self.pulse.asked_for_lease(asked.is_ok());
            match asked {
                Ok(Acquired::Held(lease)) => {
                    let Lease { scope, term, .. } = &lease;
                    tracing::info!(poller = %scope.poller, place = scope.network, term, "lease taken");
                    if let Some(why) = &lease.ahead {
                        tracing::warn!(poller = %scope.poller, place = scope.network, why, "a clock was ahead");
                        self.untold = Some(self.failed(why));
                    }
                    return Some(lease);
                }
                Ok(Acquired::By(holder)) if holder != told => {
                    tracing::info!(poller = %scope.poller, place = scope.network, holder, "another process holds the lease: standing by");
                    self.status.standing_by(&scope, &holder);
                    told = holder;
                }
                Ok(Acquired::By(_)) => {}
                Err(error) => {
                    tracing::error!(poller = %scope.poller, place = scope.network, %error, "no lease; trying again");
                    if matches!(error, StoreError::Moved(_)) {
                        self.fatal.tell(Exit::of_store(&error));
                    }
                    self.refused(&scope, &error);
                }
            }
            tokio::select! {
                () = self.signals.stopping() => return None,
                () = tokio::time::sleep(std::cmp::min(times.step, self.pulse.interval())) => {}
            }
        }
    }

    pub(super) fn keep(&self, lease: Lease, times: LeaseTimes) -> Keeper {
        self.held.set(Some(lease.clone()));
        if lease.scope != *self.job.scope() {
            self.metrics.begin(&lease.scope);
        }
        self.metrics.lease(&lease.scope, true);
        Keeper::new(self.store.clone(), lease, times, self.pulse.clone())
    }

    /// Gives the lease back: at the end, or to ask for another one.
    pub(super) async fn give_back(&self, keeper: Keeper, is_end: bool) {
        let lease = keeper.lease.clone();
        drop(keeper);
        self.held.set(None);
        self.metrics.lease(&lease.scope, false);
        let given = if is_end {
            self.store.release_lease(&lease).await
        } else {
            self.store.drop_lease(&lease).await
        };
        if let Err(error) = given {
            tracing::warn!(%error, "the lease could not be given back; it runs out by itself");
        }
    }
}

/// The lease's own name for this process: a host's name would not do, for several may run there.
pub(super) fn holder_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let id = uuid::Uuid::new_v4().simple().to_string();
    let short = id.get(..8).unwrap_or(&id);
    format!("{}:{}:{short}", host.trim(), std::process::id())
}
