//! The poller's sweep, with a rail that answers at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use railpoll::engine::{Clock, Poller};
use railpoll::rails::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, PayoutState, Rail,
    RailError,
};
use railpoll::states::{Paying, PayingOptions};
use railpoll::store::{Acquired, Lease, Scope, Store};

use super::seed::seed;
use crate::support::Outcome;
use crate::support::cost::{Cost, Work};

/// What the rail says of every payout.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Initiated,
    Delivered,
}

/// A rail of no distance.
struct Instant(Answer);

impl Instant {
    fn state(&self, key: &str) -> PayoutState {
        let reference = Some(format!("ref-{key}"));
        match self.0 {
            Answer::Initiated => PayoutState::Initiated { reference },
            Answer::Delivered => PayoutState::Delivered { reference, fee: None, amount: None },
        }
    }
}

impl Rail for Instant {
    fn deposits<'a>(
        &'a self,
        _asked: &'a [ExpectedDeposit],
        _cursor: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arrivals, RailError>> {
        ready(Ok(Arrivals::default())).boxed()
    }

    fn pay_out<'a>(&'a self, payout: &'a Payout) -> BoxFuture<'a, PayoutOutcome> {
        ready(PayoutOutcome::Told(self.state(&payout.key))).boxed()
    }

    fn payouts<'a>(
        &'a self,
        asked: &'a [PayoutRef],
    ) -> BoxFuture<'a, Result<Vec<PayoutReport>, RailError>> {
        let report = |payout: &PayoutRef| PayoutReport {
            key: payout.key.clone(),
            state: self.state(&payout.key),
        };
        ready(Ok(asked.iter().map(report).collect())).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), RailError>> {
        ready(Ok(())).boxed()
    }
}

/// The poller, and what it needs.
pub(crate) struct Payer {
    store: Store,
    paying: Paying,
    lease: Lease,
    clock: Clock,
}

impl Payer {
    pub(crate) async fn new(url: &str, answer: Answer) -> Outcome<Self> {
        Self::with_clock(url, answer, Clock::system()).await
    }

    /// An hour later, when whatever was put off is due.
    pub(crate) async fn later(url: &str, answer: Answer) -> Outcome<Self> {
        let system = Clock::system();
        let clock = Clock::from_fn(move || system.now() + TimeDelta::hours(1));
        Self::with_clock(url, answer, clock).await
    }

    async fn with_clock(url: &str, answer: Answer, clock: Clock) -> Outcome<Self> {
        let store = Store::open(url).await?;
        let scope = Scope { poller: Poller::Outgoing, network: "bank".to_owned() };
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
        let rail = Arc::new(Instant(answer));
        let paying = Paying::new(store.clone(), rail, scope, options, clock.clone());
        Ok(Self { store, paying, lease, clock })
    }

    pub(crate) async fn seed(&self, transfers: usize) -> Outcome<()> {
        seed(&self.store, transfers, self.clock.now()).await
    }

    /// A sweep that must bring so many transfers a step further.
    pub(crate) async fn sweep(&self, transfers: usize) -> Outcome<Cost> {
        let work = Work::begin();
        let swept = Box::pin(self.paying.sweep(&self.lease, &|| false, &|_| {})).await;
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
