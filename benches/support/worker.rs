//! A poller's job in this process, as a daemon runs it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use railpoll::config::{self, Sources};
use railpoll::engine::{Clock, Poller};
use railpoll::jobs::{AnyJob, Make, Making, SweepReport, make_of};
use railpoll::store::{Acquired, Lease, Scope, Store};

use super::Outcome;
use super::cost::{Cost, Work};

/// A job with its lease, that sweeps when it is told to.
pub(crate) struct Worker {
    job: AnyJob,
    store: Store,
    lease: Lease,
}

impl Worker {
    /// The job of `poller` at `place`, as the file `config` says, with the database of `url`.
    pub(crate) async fn new(
        config: &Path,
        url: &str,
        poller: Poller,
        place: &str,
    ) -> Outcome<Self> {
        Self::made(config, url, poller, place, make_of(poller)).await
    }

    /// The same, of a job that `make` makes.
    pub(crate) async fn made(
        config: &Path,
        url: &str,
        poller: Poller,
        place: &str,
        make: Make,
    ) -> Outcome<Self> {
        let files = vec![config.to_owned()];
        let settings = config::load(&Sources { files, ..Sources::default() })?;
        let own = settings.pollers.get(&poller).ok_or("the configuration lacks the poller")?;
        let store = Store::create(url).await?;
        let making = Making {
            settings: &settings,
            store: &store,
            clock: &Clock::system(),
            stage: None,
            lasts: false,
            seen: Arc::new(|_, _| {}),
        };
        let job = make(&making, Scope { poller, network: place.to_owned() }, own)?;
        let term = Duration::from_secs(600);
        let Acquired::Held(lease) = store.acquire_lease(job.scope(), "bench", term).await? else {
            return Err("another process holds the lease".into());
        };
        Ok(Self { job, store, lease })
    }

    /// One whole sweep, and what it cost.
    pub(crate) async fn sweep(&self) -> Outcome<(SweepReport, Cost)> {
        let work = Work::begin();
        let swept = self.job.run(&self.lease, &|| false, &|_| {}).await;
        let cost = work.end();
        match swept.error {
            Some(error) => Err(error.into()),
            None if swept.report.outcome.is_good() => Ok((swept.report, cost)),
            None => Err(format!("the sweep ended as `{}`", swept.report.outcome).into()),
        }
    }

    pub(crate) async fn close(self) -> Outcome<()> {
        self.store.release_lease(&self.lease).await?;
        self.store.close().await;
        Ok(())
    }
}
