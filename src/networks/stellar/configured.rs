//! A network's Horizon, as it is configured.

use super::{Horizon, HorizonOptions};
use crate::config::{NetworkSettings, StellarSettings};
use crate::engine::{Clock, RetryPolicy};
use crate::networks::RequestSeen;

impl Horizon {
    /// The client of `network`. `seen` is told of each request.
    ///
    /// # Errors
    /// It cannot be set up.
    pub fn of(
        network: &NetworkSettings,
        settings: &StellarSettings,
        retry: RetryPolicy,
        clock: Clock,
        seen: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let options = HorizonOptions {
            network: network.name.clone(),
            horizon_url: settings.horizon_url.to_string(),
            passphrase: settings.passphrase.clone(),
            timeout: settings.asking.timeout,
            requests_per_second: settings.asking.requests_per_second,
            retry,
        };
        Self::new(options, clock, seen).map_err(|error| error.to_string())
    }
}
