//! A RippleNet v4 network for tests, demos and trials.
//!
//! Its rules are written from the network's documentation and share nothing with our engine, so that a fault of ours
//! is not shared by the judge of it.

mod books;
mod control;
mod endpoint;
mod envelope;
mod index;
mod list;
mod moves;
mod network;
mod operations;
mod options;
mod partner;
mod payment;
mod problem;
mod query;
mod reading;
mod record;
mod render;
mod seed;
mod server;
mod template;
#[cfg(test)]
mod tests;
mod user_info;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

pub use endpoint::Endpoint;
pub use moves::{Operation, PaymentState, Role};
pub use options::{
    Amount, Garbage, HookAnswer, PaymentSpec, Phase, Quirks, RequestInfo, SandboxOptions,
};
pub use partner::Partner;
pub use payment::UserInfo;
pub use reading::{Call, Summary};

use super::faults::Faults;
use super::tokens::{Client, Tokens};
use super::wire::{CutListener, Wire};
use books::Books;
use network::Network;
use record::Record;
use render::Renderer;
use server::Shared;

const CLIENT_ID: &str = "sandbox-client";
const CLIENT_SECRET: &str = "sandbox-secret";
const AUDIENCE: &str = "urn:ripplexcurrent-test:sandbox";

/// A running network, and the handle to it. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Arc<watch::Sender<bool>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sandbox").field(&self.address).finish()
    }
}

impl Sandbox {
    /// Opens the port and serves it on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let partner_every = options.partner_every;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared::new(network(options), stopped));
        let service = Router::new()
            .fallback(server::handle)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Wire>();
        let watcher = Arc::clone(&shared);
        let serving = axum::serve(CutListener(listener), service)
            .with_graceful_shutdown(async move { watcher.until_stopped().await });
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        if let Some(every) = partner_every {
            tokio::spawn(act_as_partner(Arc::clone(&shared), every));
        }
        Ok(Self { shared, address, stop: Arc::new(stop) })
    }

    /// Stops serving, for all clones. Connections that hang are cut.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// The network's `base_url` in our config.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The network's `token_url` in our config.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("http://{}/oauth/token", self.address)
    }

    /// The only client that gets tokens.
    #[must_use]
    pub const fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    /// Its secret.
    #[must_use]
    pub const fn client_secret(&self) -> &'static str {
        CLIENT_SECRET
    }

    /// The only audience that tokens are given for.
    #[must_use]
    pub const fn audience(&self) -> &'static str {
        AUDIENCE
    }
}

async fn act_as_partner(shared: Arc<Shared>, every: Duration) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.until_stopped() => return,
            _ = ticks.tick() => {
                let mut network = shared.lock();
                let now = network.now();
                network.partner_tick(now);
            }
        }
    }
}

fn network(options: SandboxOptions) -> Network {
    let books = Books::new(options.seed);
    let client = Client {
        id: CLIENT_ID.to_owned(),
        secret: CLIENT_SECRET.to_owned(),
        audience: AUDIENCE.to_owned(),
    };
    let lifetime = i64::try_from(options.token_lifetime.as_millis()).unwrap_or(i64::MAX);
    let mut network = Network {
        clock: options.clock,
        renderer: Renderer::new(books.ids),
        books,
        tokens: Tokens::new(client, lifetime, options.seed),
        faults: Faults::new(options.faults, options.seed ^ 1),
        quirks: options.quirks,
        record: Record::default(),
        automation: None,
        settling: BTreeSet::new(),
        hook: None,
    };
    network.set_partner(options.partner, options.seed ^ 2);
    network
}

#[cfg(test)]
fn test_network() -> Network {
    network(SandboxOptions::default())
}
