//! A Stellar network for tests, demos and trials: a ledger, and a Horizon in front of it on a loopback port.
//!
//! Envelopes are checked as stellar-core checks them, ledgers close by hand, on a timer or at once, and everything that
//! Horizon is known to do to its clients can be asked for: 504 for what was applied and for what was not, answers that
//! are late, streams that break, a sequence that somebody else has used. Its rules are written from the network's
//! documentation and share nothing with our engine or our client.

mod account;
mod books;
mod check;
mod claimable;
mod codes;
mod control;
mod customers;
mod endpoint;
mod envelope;
mod history;
mod keys;
mod ledger;
mod network;
mod operations;
mod options;
mod overlap;
mod overview;
mod path;
mod problem;
mod query;
mod queue;
mod reading;
mod render;
mod rest;
mod server;
mod settings;
mod signatures;
mod state;
mod stream;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

pub use books::{Paid, PaidBy};
pub use customers::{CustomerMemo, CustomerPayment, Refused};
pub use endpoint::Endpoint;
pub use keys::{Keys, decimal, stroops};
pub use options::{
    Closing, HorizonOptions, HorizonRequest, StreamFault, StreamRates, SubmitFault, SubmitRates,
};
pub use reading::Fate;

use super::faults::Faults;
use super::random::Chance;
use super::service::{Port, Power};
use super::wire::Wire;
use ledger::Ledger;
use network::{Network, Record};
use overlap::Overlaps;
use server::Shared;

/// A running network, and the handle to it. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct HorizonSandbox {
    shared: Arc<Shared>,
    address: SocketAddr,
    power: Arc<watch::Sender<Power>>,
    open: watch::Receiver<bool>,
}

impl fmt::Debug for HorizonSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HorizonSandbox").field(&self.address).finish()
    }
}

impl HorizonSandbox {
    /// Opens the port and serves it on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(options: HorizonOptions) -> io::Result<Self> {
        let (power, powered) = watch::channel(Power::On);
        let (port, open) = Port::open(options.port, powered.clone()).await?;
        let address = port.address();
        let patience = options.patience();
        let closing = options.closing;
        let network = network(options, format!("http://{address}"));
        let shared = Arc::new(Shared::new(network, patience, powered));
        let service = Router::new()
            .fallback(server::handle)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Wire>();
        let watcher = Arc::clone(&shared);
        let serving = axum::serve(port, service)
            .with_graceful_shutdown(async move { watcher.until_stopped().await });
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        if let Closing::Every(every) = closing {
            tokio::spawn(close_ledgers(Arc::clone(&shared), every));
        }
        Ok(Self { shared, address, power: Arc::new(power), open })
    }

    /// The network's `horizon_url` in our config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The network's `passphrase` in our config.
    #[must_use]
    pub fn passphrase(&self) -> String {
        self.shared.lock().passphrase.clone()
    }
}

async fn close_ledgers(shared: Arc<Shared>, every: Duration) {
    let mut ticks = tokio::time::interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.until_stopped() => return,
            _ = ticks.tick() => {
                let mut network = shared.lock();
                if matches!(network.closing, Closing::Every(_)) {
                    network.close();
                }
                drop(network);
                shared.ledger_closed();
            }
        }
    }
}

fn network(options: HorizonOptions, base: String) -> Network {
    let now = options.clock.now();
    Network {
        ledger: Ledger::new(&options.passphrase, options.capacity, now),
        clock: options.clock,
        passphrase: options.passphrase,
        base,
        closing: options.closing,
        faults: Faults::new(options.faults, options.seed ^ 1),
        submit_rates: options.submit_faults,
        submit_script: VecDeque::new(),
        stream_rates: options.stream_faults,
        stream_script: VecDeque::new(),
        chance: Chance::new(options.seed ^ 2),
        record: Record::default(),
        overlaps: Overlaps::default(),
        hook: None,
        latency: options.latency,
        streams: 0,
        elder: 0,
        list_lag: 0,
        aimed: Vec::new(),
        distortion: None,
    }
}
