//! The rails as they are configured.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{self, RailKind, RailSettings};
use crate::engine::RetryPolicy;
use crate::jobs::making::Making;
use crate::networks::RequestSeen;
use crate::rails::{
    AnyRail, CommandRail, CommandRailOptions, GatewayAuth, HttpRail, HttpRailOptions, RailError,
    WireGateway, WireGatewayOptions,
};

/// A gateway may hold its answer back for so long, until something comes.
const LONG_POLL: Duration = Duration::from_secs(10);

/// The rail with these settings. `seen` is told of each request.
///
/// # Errors
/// Its secret cannot be read, or it cannot be set up.
pub(in crate::jobs) fn rail_of(
    making: &Making<'_>,
    settings: &RailSettings,
    retry: RetryPolicy,
    seen: impl Fn(&RequestSeen) + Send + Sync + 'static,
) -> Result<AnyRail, String> {
    let RailSettings { name, kind, timeout, parallel } = settings;
    let (name, timeout) = (name.clone(), *timeout);
    let parallel = usize::try_from(*parallel).unwrap_or(usize::MAX);
    let currencies = currencies_of(making, &name);
    let clock = making.clock.clone();
    let wrong = |error: RailError| error.to_string();
    Ok(match kind {
        RailKind::Http { url, secret } => {
            let secret = secret.read().map_err(|error| error.to_string())?;
            let url = url.clone();
            let options =
                HttpRailOptions { name, url, secret, currencies, timeout, parallel, retry };
            Arc::new(HttpRail::new(options, clock, seen).map_err(wrong)?)
        }
        RailKind::Command { program, args } => {
            let (program, args) = (program.clone(), args.clone());
            let options =
                CommandRailOptions { name, program, args, currencies, timeout, parallel, retry };
            Arc::new(CommandRail::new(options, seen).map_err(wrong)?)
        }
        RailKind::WireGateway { url, auth, exchange_base_url } => {
            let options = WireGatewayOptions {
                name,
                url: url.clone(),
                auth: auth_of(auth)?,
                exchange_base_url: exchange_base_url.clone(),
                currencies,
                timeout,
                long_poll: if making.lasts { LONG_POLL } else { Duration::ZERO },
                parallel,
                retry,
            };
            Arc::new(WireGateway::new(options, clock, seen).map_err(wrong)?)
        }
    })
}

/// What the assets that use a rail are called there, each once.
fn currencies_of(making: &Making<'_>, rail: &str) -> Vec<String> {
    let sides = making.settings.assets.values().filter_map(|asset| asset.rail.as_ref());
    let sides = sides.filter(|side| side.rail == rail);
    let mut currencies: Vec<String> = sides.map(|side| side.currency.clone()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    currencies
}

fn auth_of(auth: &config::GatewayAuthSettings) -> Result<GatewayAuth, String> {
    let wrong = |error: config::SecretError| error.to_string();
    Ok(match auth {
        config::GatewayAuthSettings::None => GatewayAuth::None,
        config::GatewayAuthSettings::Basic { username, password } => GatewayAuth::Basic {
            username: username.clone(),
            password: password.read().map_err(wrong)?,
        },
        config::GatewayAuthSettings::Bearer { token } => {
            GatewayAuth::Bearer { token: token.read().map_err(wrong)? }
        }
    })
}
