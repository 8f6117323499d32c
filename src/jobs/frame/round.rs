//! What every sweep has at hand.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::note::{Note, Observer};
use super::patience::Requests;
use super::sick::Sick;
use crate::engine::{Alert, AlertName, Clock};
use crate::store::{Lease, Store, StoreError};

/// Between two looks at whether it is told to stop, a sweep sleeps no longer.
const NAP: Duration = Duration::from_millis(100);

/// A sweep under way.
pub struct Round<'a> {
    pub(in crate::jobs) store: &'a Store,
    pub(in crate::jobs) lease: &'a Lease,
    pub(in crate::jobs) clock: &'a Clock,
    /// Asked between one thing and the next: whether to end here.
    pub(in crate::jobs) stop: &'a (dyn Fn() -> bool + Sync),
    pub(in crate::jobs) observer: Observer<'a>,
    pub(in crate::jobs) requests: &'a Requests,
    /// One answer, with all its tries, takes no longer.
    pub(in crate::jobs) answer_max: Duration,
    /// What is put off at the place, each alone.
    pub(in crate::jobs) sick: Sick,
}

impl Round<'_> {
    /// The time.
    pub(in crate::jobs) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Whether to end here.
    pub(in crate::jobs) fn is_stopping(&self) -> bool {
        (self.stop)()
    }

    /// It got on.
    pub(in crate::jobs) fn beat(&self) {
        (self.observer)(Note::Progress);
    }

    /// Waits for an answer, and says meanwhile that this is no standstill.
    pub(in crate::jobs) async fn answer<T>(&self, work: impl Future<Output = T>) -> T {
        self.requests.patiently(self.answer_max, self.observer, work).await
    }

    /// Waits for `work`, and lets go of it when told to stop. None then. For work that nothing is lost with.
    pub(in crate::jobs) async fn unless_stopping<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = tokio::time::sleep(NAP) => {
                    if self.is_stopping() {
                        return None;
                    }
                }
            }
        }
    }

    /// Lets time pass. False: it is told to stop.
    pub(in crate::jobs) async fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            if self.is_stopping() {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            self.beat();
            tokio::time::sleep(std::cmp::min(left, NAP)).await;
        }
    }

    /// Sets which conditions of `name` stand at this place: these, and no others.
    pub(in crate::jobs) async fn set_alerts(
        &self,
        name: AlertName,
        standing: &[Alert],
    ) -> Result<(), StoreError> {
        self.store.set_alerts(self.lease, name, standing, self.now()).await
    }

    /// Sets whether this condition stands at this place.
    pub(in crate::jobs) async fn set_alert(
        &self,
        name: AlertName,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let alert = detail.map(|detail| Alert::of(name, detail));
        self.set_alerts(name, alert.as_slice()).await
    }
}
