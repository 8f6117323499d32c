//! What every simulated service over HTTP shares: a port that can be closed and opened again, faults, hooks, a log of
//! what clients did, answers that wait for something to happen, and answers that go on.
//!
//! A service is a [`Simulation`]: it answers one request at a time and keeps its books. [`Simulated`] serves it.

mod control;
mod feed;
mod log;
mod port;
mod server;
mod state;

use std::fmt;
use std::hash::Hash;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, Method, Uri};
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::Clock;
use crate::faults::FaultRates;
pub(super) use feed::{Feed, Part};
pub(super) use log::Log;
use port::{Port, Wire};
use server::Core;
use state::State;

/// A service that answers requests and keeps books.
pub trait Simulation: Sized + Send + 'static {
    /// What can be asked of it.
    type Endpoint: Copy + fmt::Debug + Hash + Ord + Send + Sync + 'static;

    /// What is kept of a request that waits, from one question to the next.
    type Held: Default + Send;

    /// What a method and a path stand for.
    fn endpoint(method: &Method, path: &str) -> Self::Endpoint;

    /// Whether no fault, delay or hook touches the endpoint, because it is the sandbox's own.
    fn spared(_endpoint: Self::Endpoint) -> bool {
        false
    }

    /// The ids in a request that a fault can be aimed at. Only asked when one is, or when a hook is to know.
    fn subjects(request: &Asked<'_, Self::Endpoint>) -> Vec<String>;

    /// Does what is asked, and answers. A request that waits is asked for again.
    fn answer(
        &mut self,
        request: &Asked<'_, Self::Endpoint>,
        held: &mut Self::Held,
    ) -> Outcome<Self>;

    /// What clients did.
    fn log(&mut self) -> &mut Log<Self::Endpoint>;

    /// Counts up whenever those who wait have reason to ask again.
    fn news(&self) -> u64 {
        0
    }

    /// Somebody has changed the service by hand.
    fn touched(&mut self) {}

    /// An answer goes out whole.
    fn goes_out(&mut self, _endpoint: Self::Endpoint, _answer: &Answer) {}

    /// Adds what the service says beside a status that stands in for the right answer: headers, and a body if it has
    /// none.
    fn dress(_status: u16, _headers: &mut Vec<(String, String)>, _body: &mut String) {}

    /// The media type of an answer.
    fn media_type(_status: u16) -> &'static str {
        "application/json"
    }

    /// Forgets the scripts of faults that only this service knows.
    fn clear_scripts(&mut self) {}
}

/// A request that has come in whole.
#[derive(Debug)]
pub struct Asked<'a, E> {
    /// What it asks.
    pub endpoint: E,
    /// Its whole address.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
    /// The service's time.
    pub now: DateTime<Utc>,
    /// It has waited as long as it wanted to, or the service stops: there must be an answer now.
    pub waited: bool,
}

impl<E> Asked<'_, E> {
    /// A header that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The parameters in the address, in their order. Nothing: they cannot be read.
    #[must_use]
    pub fn parameters(&self) -> Option<Vec<(String, String)>> {
        Query::try_from_uri(self.uri).ok().map(|Query(pairs)| pairs)
    }
}

/// What a service makes of a request.
pub enum Outcome<S> {
    /// This answer.
    Answer(Answer),
    /// Nothing to tell yet: ask again when there is news, and at the latest after this time.
    Wait(Duration),
    /// An answer that goes on.
    Feed(Box<dyn Feed<S>>),
}

/// An answer in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body; empty for none.
    pub body: String,
}

impl Answer {
    /// A good answer.
    #[must_use]
    pub const fn ok(body: String) -> Self {
        Self { status: 200, body }
    }
}

/// A request that a hook is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallInfo<E> {
    /// Its number since the hook was set, from 1, over all endpoints.
    pub n: u64,
    /// What it asks.
    pub endpoint: E,
    /// The ids that it names: of payments, transfers, accounts.
    pub about: Vec<String>,
    /// Where the request stands.
    pub phase: Phase,
}

/// Where a request stands when a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has come in whole, and nothing has been done.
    BeforeApply,
    /// It was carried out, and nothing has been answered. An answer that goes on has no such phase.
    AfterApply,
}

/// What a hook wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookAnswer {
    /// Go on.
    Go,
    /// Drop the connection without an answer.
    Cut,
}

/// How any service begins.
#[derive(Debug)]
pub(super) struct Start {
    /// The loopback port; 0 takes a free one.
    pub(super) port: u16,
    pub(super) clock: Clock,
    /// Faults follow from it.
    pub(super) seed: u64,
    /// How long every request takes.
    pub(super) latency: Duration,
    pub(super) faults: FaultRates,
}

/// What a port is told to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// It serves.
    On,
    /// Connections are refused, and the ones that there were are cut.
    Down,
    /// It is over.
    Stopped,
}

/// A running service, and the handle to it. Clones share it; it stops when the last one is dropped.
pub struct Simulated<S: Simulation> {
    core: Arc<Core<S>>,
    address: SocketAddr,
    power: Arc<watch::Sender<Power>>,
    open: watch::Receiver<bool>,
}

impl<S: Simulation> Clone for Simulated<S> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            address: self.address,
            power: Arc::clone(&self.power),
            open: self.open.clone(),
        }
    }
}

impl<S: Simulation> fmt::Debug for Simulated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Simulated").field(&self.address).finish()
    }
}

impl<S: Simulation> Simulated<S> {
    /// Opens the port and serves it on a task of the current tokio runtime.
    pub(super) async fn serve(simulation: S, start: Start) -> io::Result<Self> {
        let (power, powered) = watch::channel(Power::On);
        let (port, open) = Port::open(start.port, powered.clone()).await?;
        let address = port.address();
        let state = State::new(simulation, start.faults, start.seed, start.latency);
        let core = Arc::new(Core::new(state, start.clock, powered));
        let service = Router::new()
            .fallback(server::handle::<S>)
            .with_state(Arc::clone(&core))
            .into_make_service_with_connect_info::<Wire>();
        let watcher = Arc::clone(&core);
        let serving = axum::serve(port, service)
            .with_graceful_shutdown(async move { watcher.until_stopped().await });
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        Ok(Self { core, address, power: Arc::new(power), open })
    }

    /// Lets something happen to the service every so often, until it is stopped or no handle is left.
    pub(super) fn every(
        &self,
        period: Duration,
        act: impl Fn(&mut S, DateTime<Utc>) + Send + 'static,
    ) {
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(period.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = core.until_stopped() => return,
                    _ = ticks.tick() => core.change(&act),
                }
            }
        });
    }
}
