//! Keeping a lease while it is needed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::heartbeat::Pulse;
use crate::store::{Lease, Store, StoreError};

/// How the time of a lease is used. The promise is that a standby takes over within `lease` of a holder's death: a
/// lease that was just renewed runs for four sixths of it, and a standby asks each sixth.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeaseTimes {
    /// How long a lease runs from its last renewal.
    pub(super) ttl: Duration,
    /// How often it is renewed, and how often a standby asks for it.
    pub(super) step: Duration,
}

impl LeaseTimes {
    pub(super) fn new(lease: Duration) -> Self {
        Self { ttl: lease / 6 * 4, step: lease / 6 }
    }
}

/// A lease that is renewed until this is dropped or the lease is lost.
pub(super) struct Keeper {
    pub(super) lease: Lease,
    lost: watch::Receiver<bool>,
    renewing: AbortHandle,
    /// In a sweep: how long its worker is not late for.
    at_work: Arc<Mutex<Option<Duration>>>,
}

impl Keeper {
    /// Renews `lease` from now on. Whoever is at work, and not standing still, is not late meanwhile: `pulse` tells.
    pub(super) fn new(store: Store, lease: Lease, times: LeaseTimes, pulse: Pulse) -> Self {
        let (lose, lost) = watch::channel(false);
        let at_work = Arc::new(Mutex::new(None));
        let works = Arc::clone(&at_work);
        let kept = lease.clone();
        let renewing = tokio::task::spawn_local(async move {
            loop {
                tokio::time::sleep(times.step).await;
                let patience = *works.lock().unwrap_or_else(PoisonError::into_inner);
                let patience = patience.filter(|_| !pulse.stands_still()).unwrap_or_default();
                match store.renew_at_work(&kept, times.ttl, patience).await {
                    Ok(()) => {}
                    Err(StoreError::LeaseLost { .. } | StoreError::Moved(_)) => break,
                    Err(error) if kept.is_trusted() => {
                        tracing::warn!(%error, "the lease could not be renewed; trying again");
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the lease could not be renewed in time");
                        break;
                    }
                }
            }
            lose.send_replace(true);
        });
        Self { lease, lost, renewing: renewing.abort_handle(), at_work }
    }

    /// Says that a sweep has begun whose worker is not late for so long from each sign of life; or that none is going on.
    pub(super) fn at_work(&self, patience: Option<Duration>) {
        *self.at_work.lock().unwrap_or_else(PoisonError::into_inner) = patience;
    }

    /// Whether the lease is over.
    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until the lease is over.
    pub(super) async fn lost(&self) {
        let mut lost = self.lost.clone();
        // The task that renews does not end otherwise.
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_takes_over_within_the_lease() {
        for millis in [2_000, 30_000, 600_000] {
            let lease = Duration::from_millis(millis);
            let times = LeaseTimes::new(lease);
            assert!(times.ttl + times.step < lease);
            assert!(times.step * 3 < times.ttl, "three renewals may fail");
        }
    }
}
