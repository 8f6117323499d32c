//! A new configuration that was refused: why, for as long as the old one is kept.

use std::cell::RefCell;
use std::rc::Rc;

use chrono::{DateTime, Utc};

use super::metrics::Metrics;
use crate::engine::{Alert, AlertName};
use crate::store::{Lease, Store, StoreError};

/// Why the configuration that was read last is not used; nothing if it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Refused(Rc<RefCell<Option<String>>>);

impl Refused {
    /// Another one was read, and is used, or is not for this reason.
    pub(super) fn set(&self, why: Option<&str>) {
        // Who reads the alert sees one line.
        let line = |why: &str| why.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        self.0.replace(why.map(line));
    }

    /// What is to be told of it.
    pub(super) fn detail(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Tells it at the place of each lease: the next sweep, which tells it too, may be far.
    pub(super) async fn tell(
        &self,
        store: &Store,
        metrics: &Metrics,
        leases: &[Lease],
        now: DateTime<Utc>,
    ) {
        let alert = self.detail().map(|detail| Alert::of(AlertName::ReloadRefused, detail));
        for lease in leases {
            let told = async {
                store.set_alerts(lease, AlertName::ReloadRefused, alert.as_slice(), now).await?;
                metrics.alerts(&lease.scope, &store.alerts_at(&lease.scope).await?);
                Ok::<_, StoreError>(())
            };
            if let Err(error) = told.await {
                tracing::warn!(%error, "the database is not told of it before the next sweep");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_until_another_is_used() {
        let refused = Refused::default();
        assert_eq!(refused.detail(), None);
        let worker = refused.clone();
        refused.set(Some("one thing\n  and another"));
        assert_eq!(worker.detail().as_deref(), Some("one thing; and another"));
        refused.set(None);
        assert_eq!(worker.detail(), None);
    }
}
