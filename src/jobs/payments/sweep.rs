//! One sweep of one poller over one network.

use std::cell::Cell;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::budget::Budget;
use super::reviewer::Reviewer;
use super::reviewing::Questions;
use crate::config::{
    NetworkKind, NetworkSettings, PaymentSettings, PollerSettings, RippleNetSettings,
};
use crate::engine::decide::rules::{Rules, rules};
use crate::engine::{Clock, ConnectorRole, RetryPolicy, Window};
use crate::jobs::frame::desk::Desk;
use crate::jobs::frame::note::Observer;
use crate::jobs::frame::patience::{Requests, answer_max};
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::frame::round::Round;
use crate::networks::RequestSeen;
use crate::networks::ripplenet::{Client, ClientOptions};
use crate::store::{Scope, Store};

/// What sweeps one network for one poller, again and again: everything that outlives a sweep.
pub struct Sweeper {
    pub(super) desk: Desk,
    pub(super) client: Client,
    pub(super) settings: PaymentSettings,
    pub(super) batch_size: u32,
    pub(super) rules: &'static Rules,
    pub(super) role: ConnectorRole,
    pub(super) reviewer: Reviewer,
    /// One try of a request takes no longer.
    pub(super) timeout: Duration,
    /// Up to here, what is set aside was asked for.
    pub(super) looked_behind: AtomicI64,
    /// How much of the payments' documents is in memory.
    pub(super) budget: Budget,
    /// A sweep that has lasted for so long leaves reviews that have no answer yet to the next one. None: it waits for them.
    pub(super) leaves_after: Option<Duration>,
    /// The questions that the last sweep has left.
    pub(super) left: Mutex<Option<Questions>>,
}

/// A sweep under way.
pub struct Sweep<'a> {
    pub(super) job: &'a Sweeper,
    pub(super) desk: &'a Desk,
    /// Asked between pages and between payments: whether to end here.
    pub(super) stop: &'a (dyn Fn() -> bool + Sync),
    pub(super) observer: Observer<'a>,
    gave_up: Cell<bool>,
}

impl Sweeper {
    /// What sweeps `network` for the poller of `scope`. `seen` is told of each request.
    ///
    /// # Errors
    /// The network's secret cannot be read, or a URL is wrong; or the poller has nothing to do with payments, or the
    /// network has no list of them.
    pub fn new(
        store: Store,
        scope: Scope,
        settings: &PollerSettings,
        network: &NetworkSettings,
        clock: Clock,
        seen: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let (Some(own), Some(rules)) = (settings.payments(), rules(scope.poller)) else {
            return Err(format!("the poller {} reads no list of payments", scope.poller));
        };
        let NetworkKind::RippleNet(ripplenet) = &network.kind else {
            return Err(format!("the network {} has no list of payments", network.name));
        };
        let role = ripplenet.connector_role.clone();
        let retry = settings.retry;
        let requests = Arc::new(Requests::default());
        let counted = Arc::clone(&requests);
        let observe = move |request: &RequestSeen| {
            counted.saw(request);
            seen(request);
        };
        let client = Client::new(options(network, ripplenet, retry)?, clock.clone(), observe)
            .map_err(|error| error.to_string())?;
        let reviewer = Reviewer::new(&own.review.mode)?;
        let answer_max = answer_max(ripplenet.asking.timeout, retry);
        let of_place = SweepError::Network;
        Ok(Self {
            desk: Desk { store, scope, clock, requests, answer_max, of_place },
            client,
            settings: own.clone(),
            batch_size: settings.batch_size,
            rules,
            role,
            reviewer,
            timeout: ripplenet.asking.timeout,
            looked_behind: AtomicI64::new(0),
            budget: Budget::default(),
            leaves_after: None,
            left: Mutex::default(),
        })
    }

    /// Asks for one payment of the list: the token's and the API's addresses, the credentials, and our right to read.
    pub(super) async fn ask_for_one(&self) -> Result<(), SweepError> {
        let window = Window { after: None, before: None, page: 0, size: 1 };
        self.client.list(&self.rules.asked, &window).await?;
        Ok(())
    }

    /// A sweep. `stop` is asked between pages and between payments; `observer` is told what goes on.
    pub fn begin<'a>(
        &'a self,
        stop: &'a (dyn Fn() -> bool + Sync),
        observer: Observer<'a>,
    ) -> Sweep<'a> {
        Sweep { job: self, desk: &self.desk, stop, observer, gave_up: Cell::new(false) }
    }
}

fn options(
    network: &NetworkSettings,
    ripplenet: &RippleNetSettings,
    retry: RetryPolicy,
) -> Result<ClientOptions, String> {
    Ok(ClientOptions {
        network: network.name.clone(),
        base_url: ripplenet.base_url.to_string(),
        token_url: ripplenet.token_url.to_string(),
        audience: ripplenet.audience.clone(),
        client_id: ripplenet.client_id.clone(),
        client_secret: ripplenet.client_secret.read().map_err(|error| error.to_string())?,
        connector_role: ripplenet.connector_role.clone(),
        timeout: ripplenet.asking.timeout,
        requests_per_second: ripplenet.asking.requests_per_second,
        retry,
    })
}

impl Sweep<'_> {
    /// Collects, then acts.
    pub(super) async fn collect_and_act(
        &self,
        round: &Round<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.collect(round, report).await?;
        if !(self.stop)() {
            self.act(round, &mut report.acted).await?;
        }
        let network = &self.desk.scope.network;
        let states = self.job.rules.states;
        report.open = self.desk.store.count_in(network, states, Some(&self.job.role)).await?;
        Ok(())
    }

    /// Waits for an answer of the network, and says meanwhile that this is no standstill.
    pub(super) async fn answer<T>(&self, work: impl Future<Output = T>) -> T {
        self.patiently(self.desk.answer_max, work).await
    }

    /// Waits for `work`, and says meanwhile that this is no standstill, for as long as `patience` and not longer; or
    /// longer, if the network has asked to be left alone.
    pub(super) async fn patiently<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> T {
        self.desk.requests.patiently(patience, self.observer, work).await
    }

    /// Begins nothing new: what is the matter fails everything.
    pub(super) fn give_up(&self) {
        self.gave_up.set(true);
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.gave_up.get()
    }
}
