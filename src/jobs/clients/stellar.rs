//! The Stellar networks as they are configured.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{NetworkSettings, StellarSettings};
use crate::engine::RetryPolicy;
use crate::jobs::frame::patience::Requests;
use crate::jobs::making::Making;
use crate::networks::RequestSeen;
use crate::networks::stellar::Horizon;

/// Horizon answers a submission when the ledger has closed: that may take so much longer than another answer.
pub(in crate::jobs) const SUBMISSION_MAX: Duration = Duration::from_secs(30);

/// The client of a network's Horizon, for a job. Requests are counted in `requests`.
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
    Horizon::of(network, settings, retry, making.clock.clone(), observe)
}
