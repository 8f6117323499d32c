//! The Stellar networks as they are configured.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{NetworkKind, NetworkSettings, Settings, StellarSettings};
use crate::engine::{Clock, RetryPolicy};
use crate::jobs::frame::patience::Requests;
use crate::jobs::making::Making;
use crate::networks::RequestSeen;
use crate::networks::stellar::{Horizon, HorizonOptions};

/// Horizon answers a submission when the ledger has closed: that may take so much longer than another answer.
pub(in crate::jobs) const SUBMISSION_MAX: Duration = Duration::from_secs(30);

/// The settings of the network `name`.
///
/// # Errors
/// There is none, or it is of another kind.
pub(crate) fn settings_of<'a>(
    settings: &'a Settings,
    name: &str,
) -> Result<(&'a NetworkSettings, &'a StellarSettings), String> {
    let network =
        settings.networks.get(name).ok_or_else(|| format!("there is no network {name}"))?;
    match &network.kind {
        NetworkKind::Stellar(settings) => Ok((network, settings)),
        NetworkKind::RippleNet(_) => Err(format!("the network {name} is not of kind stellar")),
    }
}

/// The client of a network's Horizon. `seen` is told of each request.
///
/// # Errors
/// It cannot be set up.
pub(crate) fn client(
    network: &NetworkSettings,
    settings: &StellarSettings,
    retry: RetryPolicy,
    clock: Clock,
    seen: impl Fn(&RequestSeen) + Send + Sync + 'static,
) -> Result<Horizon, String> {
    let options = HorizonOptions {
        network: network.name.clone(),
        horizon_url: settings.horizon_url.to_string(),
        passphrase: settings.passphrase.clone(),
        timeout: network.timeout,
        requests_per_second: network.requests_per_second,
        retry,
    };
    Horizon::new(options, clock, seen).map_err(|error| error.to_string())
}

/// The same for a job. Requests are counted in `requests`.
///
/// # Errors
/// It cannot be set up.
pub(in crate::jobs) fn horizon(
    making: &Making<'_>,
    network: &NetworkSettings,
    settings: &StellarSettings,
    retry: RetryPolicy,
    requests: &Arc<Requests>,
) -> Result<Horizon, String> {
    let (counted, seen, of) =
        (Arc::clone(requests), Arc::clone(&making.seen), network.name.clone());
    let observe = move |request: &RequestSeen| {
        counted.saw(request);
        seen(&of, request);
    };
    client(network, settings, retry, making.clock.clone(), observe)
}
