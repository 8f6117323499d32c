//! A RippleNet v4 network for tests, demos and trials.
//!
//! Its rules are written from the network's documentation and share nothing with our engine, so that a fault of ours
//! is not shared by the judge of it.

mod books;
mod calls;
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
mod render;
mod seed;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;

pub use endpoint::Endpoint;
pub use moves::{Operation, PaymentState, Role};
pub use network::Network;
pub use options::{Amount, Garbage, PaymentSpec, Quirks, SandboxOptions};
pub use partner::Partner;
pub use payment::UserInfo;
pub use reading::{Call, Summary};

use super::random::Chance;
use super::service::{Log, Simulated, Start};
use super::tokens::{Client, Tokens};
use books::Books;
use calls::Calls;
use render::Renderer;

const CLIENT_ID: &str = "sandbox-client";
const CLIENT_SECRET: &str = "sandbox-secret";
const AUDIENCE: &str = "urn:ripplexcurrent-test:sandbox";

/// A running network, and the handle to it. Clones share it; it stops when the last one is dropped.
pub type Sandbox = Simulated<Network>;

impl Sandbox {
    /// Opens the port and serves it on a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the port cannot be opened.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let network = network(&options);
        let start = Start {
            port: options.port,
            clock: options.clock,
            seed: options.seed ^ 1,
            latency: options.latency,
            faults: options.faults,
        };
        let sandbox = Self::serve(network, start).await?;
        sandbox.change(|network, now| network.set_partner(options.partner, now));
        if let Some(every) = options.partner_every {
            sandbox.every(every, |network, now| network.partner_tick(now.timestamp_millis()));
        }
        Ok(sandbox)
    }

    /// The network's `base_url` in our config.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The network's `token_url` in our config.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("http://{}/oauth/token", self.address())
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

fn network(options: &SandboxOptions) -> Network {
    let books = Books::new(options.seed);
    let client = Client {
        id: CLIENT_ID.to_owned(),
        secret: CLIENT_SECRET.to_owned(),
        audience: AUDIENCE.to_owned(),
    };
    let lifetime = i64::try_from(options.token_lifetime.as_millis()).unwrap_or(i64::MAX);
    Network {
        quirks: options.quirks.clone(),
        tokens: Tokens::new(client, lifetime, options.seed),
        queries: None,
        renderer: Renderer::new(books.ids),
        books,
        calls: Calls::default(),
        log: Log::default(),
        chance: Chance::new(options.seed ^ 4),
        automation: None,
        settling: BTreeSet::new(),
    }
}

#[cfg(test)]
fn test_network() -> Network {
    network(&SandboxOptions::default())
}
