//! The poller's sweep, with a rail that answers at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{Clock, Poller};
use railpoll::jobs::{Job, Paying, PayingOptions};
use railpoll::store::{Acquired, Lease, Scope, Store};

use crate::legs::anchor::RAIL;
use crate::legs::rail::Instant;
use crate::support::Outcome;
use crate::support::cost::{Cost, Work};

/// The poller, and what it needs.
pub(crate) struct Payer {
    store: Store,
    paying: Paying,
    lease: Lease,
}

impl Payer {
    pub(crate) async fn new(url: &str, answer: Instant) -> Outcome<Self> {
        Self::with_clock(url, answer, Clock::system()).await
    }

    /// An hour later, when whatever was put off is due.
    pub(crate) async fn later(url: &str, answer: Instant) -> Outcome<Self> {
        let system = Clock::system();
        let clock = Clock::from_fn(move || system.now() + TimeDelta::hours(1));
        Self::with_clock(url, answer, clock).await
    }

    async fn with_clock(url: &str, answer: Instant, clock: Clock) -> Outcome<Self> {
        let store = Store::create(url).await?;
        let scope = Scope { poller: Poller::Outgoing, network: RAIL.to_owned() };
        let ttl = Duration::from_secs(600);
        let lease = match store.acquire_lease(&scope, "bench", ttl).await? {
            Acquired::Held(lease) => lease,
            Acquired::By(other) => return Err(format!("{other} has the lease").into()),
        };
        let options = PayingOptions {
            stage: None,
            batch_size: 1_000,
            parallel: 16,
            answer_max: Duration::from_secs(60),
            assets: BTreeMap::new(),
        };
        let rail = Arc::new(answer);
        let paying = Paying::new(store.clone(), rail, scope, options, clock);
        Ok(Self { store, paying, lease })
    }

    /// A sweep that must bring so many transfers a step further.
    pub(crate) async fn sweep(&self, transfers: usize) -> Outcome<Cost> {
        let work = Work::begin();
        let job: &dyn Job = &self.paying;
        let swept = Box::pin(job.run(&self.lease, &|| false, &|_| {})).await;
        let cost = work.end();
        if let Some(error) = swept.error {
            return Err(error.into());
        }
        if usize::try_from(swept.report.acted)? != transfers {
            return Err(format!("{:?} in place of {transfers}", swept.report).into());
        }
        Ok(cost)
    }

    pub(crate) async fn close(self) -> Outcome<()> {
        self.store.release_lease(&self.lease).await?;
        self.store.close().await;
        Ok(())
    }
}
