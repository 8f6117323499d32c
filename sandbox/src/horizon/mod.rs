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
mod list;
mod movement;
mod network;
mod operations;
mod options;
mod overlap;
mod overview;
mod problem;
mod query;
mod queue;
mod reading;
mod render;
mod rest;
mod settings;
mod signatures;
mod state;
mod stream;
mod submit;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;

pub use books::{Paid, PaidBy};
pub use customers::{CustomerMemo, CustomerPayment, Refused};
pub use endpoint::HorizonEndpoint;
pub use keys::{Keys, decimal, stroops};
pub use ledger::Ledger;
pub use network::HorizonNetwork;
pub use options::{Closing, HorizonOptions, StreamFault, StreamRates, SubmitFault, SubmitRates};
pub use reading::Fate;

use super::random::Chance;
use super::service::{Log, Simulated, Start};
use overlap::Overlaps;

/// A running network, and the handle to it. Clones share it; it stops when the last one is dropped.
///
/// A status without a body that a client is given in place of the right answer gets Horizon's own body, and 429 its
/// headers. [`Reply::CutAfter`](crate::Reply::CutAfter) on a submission cuts once its ledger has closed. While it is down
/// ([`Simulated::go_down`]), the ledger goes on.
pub type HorizonSandbox = Simulated<HorizonNetwork>;

impl HorizonSandbox {
    /// Opens the port and serves it on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(options: HorizonOptions) -> io::Result<Self> {
        let closing = options.closing;
        let start = Start {
            port: options.port,
            clock: options.clock.clone(),
            seed: options.seed ^ 1,
            latency: options.latency,
            faults: options.faults.clone(),
        };
        let sandbox = Self::serve(network(options), start).await?;
        let base = sandbox.url();
        sandbox.change(|network, _| network.base = base);
        if let Closing::Every(every) = closing {
            sandbox.every(every, |network, now| {
                if matches!(network.closing, Closing::Every(_)) {
                    network.ledger.close(now);
                }
            });
        }
        Ok(sandbox)
    }

    /// The network's `horizon_url` in our config.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The network's `passphrase` in our config.
    #[must_use]
    pub fn passphrase(&self) -> String {
        self.read(|network| network.passphrase.clone())
    }
}

fn network(options: HorizonOptions) -> HorizonNetwork {
    HorizonNetwork {
        ledger: Ledger::new(&options.passphrase, options.capacity, options.clock.now()),
        closing: options.closing,
        submit_timeout: options.submit_timeout,
        stream_lifetime: options.stream_lifetime,
        stream_retry: options.stream_retry,
        submit_faults: options.submit_faults,
        stream_faults: options.stream_faults,
        elder: 0,
        list_lag: 0,
        passphrase: options.passphrase,
        base: String::new(),
        submit_script: VecDeque::new(),
        stream_script: VecDeque::new(),
        chance: Chance::new(options.seed ^ 2),
        log: Log::default(),
        submissions: 0,
        overlaps: Overlaps::default(),
        streams: 0,
        distortion: None,
    }
}
