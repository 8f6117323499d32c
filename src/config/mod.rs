//! Settings: typed, layered, and validated as a whole before anything starts.
//!
//! `config/railpoll.toml` is compiled in. It documents every key and *is* the defaults; files, the environment and
//! `--set` come over it. Nothing else reads the environment, and no setting is read twice: a daemon loads all of them
//! at its start and on HUP, and compares. Secrets are not settings: only where they are is.
//!
//! | file | what it holds |
//! |---|---|
//! | `layers` | where settings come from, and how the layers become one map |
//! | `reader` | asks for keys one by one, and keeps every mistake |
//! | `values` | what a value may be |
//! | `database`, `network`, `rail`, `asset`, `poller`, `work`, `review` | the settings, and which keys make them |
//! | `shop`, `order_terms` | shops, and what holds for their orders |
//! | `places` | at which networks, rails and shops a poller works |
//! | `secret` | reading a secret from its file |
//! | `seeds` | secrets that were pasted where they do not belong, which are not printed |

mod asset;
mod database;
mod errors;
mod layers;
mod nearest;
mod network;
mod order_terms;
mod places;
mod poller;
mod rail;
mod reader;
mod review;
mod secret;
mod seeds;
mod shop;
#[cfg(test)]
mod tests;
mod values;
mod work;

use std::collections::{BTreeMap, BTreeSet};

pub use database::{DatabaseSettings, DatabaseUrl, Migrate};
pub use errors::{ConfigErrors, Mistake};
pub use layers::Sources;
pub use nearest::nearest;
pub use network::{Asking, NetworkKind, NetworkSettings, RippleNetSettings, StellarSettings};
pub use poller::{PollerSettings, Schedule};
pub use rail::{GatewayAuthSettings, RailKind, RailSettings};
pub use reader::EffectiveKey;
pub use review::{ReviewMode, ReviewSettings};
pub use secret::{SecretError, SecretKind, SecretPlace, read_private};
pub use seeds::hidden;
pub use shop::{ShopKind, ShopSettings};
pub use work::{CollectFrom, PaymentSettings, Work};

use crate::engine::{Asset, Assets, Poller};
use reader::Reader;

/// Every key with its default and what it is for: the file that is compiled in.
pub const DEFAULTS: &str = include_str!("../../config/railpoll.toml");

/// All settings, complete and consistent. Equal settings make equal daemons, but for secrets, which are not here.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The database.
    pub database: DatabaseSettings,
    /// The networks by name.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// The rails by name. None is called as a network is.
    pub rails: BTreeMap<String, RailSettings>,
    /// The assets by name.
    pub assets: Assets,
    /// The shops by name. None is called as a network or a rail is.
    pub shops: BTreeMap<String, ShopSettings>,
    /// The pollers: every one of them, switched on or not.
    pub pollers: BTreeMap<Poller, PollerSettings>,
}

/// The settings that `sources` make.
///
/// # Errors
/// Every mistake: keys that do not exist, values of a wrong kind or out of range, what does not fit together, and the
/// secret of a network or rail that an enabled poller uses, where that cannot be had.
pub fn load(sources: &Sources) -> Result<Settings, ConfigErrors> {
    let mut reader = Reader::new(layers::merged(sources).map_err(ConfigErrors::new)?);
    let draft = Draft::read(&mut reader, sources);
    for name in draft.networks_in_use() {
        network::check_secret(&mut reader, name, sources.credentials_directory.as_deref());
    }
    for name in draft.rails_in_use() {
        rail::check_secret(&mut reader, name, sources.credentials_directory.as_deref());
    }
    finish(draft, reader)
}

/// As [`load`], but without a look at the secrets: for commands that talk to no network. Who may read the database
/// need not be able to read them.
///
/// # Errors
/// As [`load`], but for the secrets.
pub fn load_without_secrets(sources: &Sources) -> Result<Settings, ConfigErrors> {
    let mut reader = Reader::new(layers::merged(sources).map_err(ConfigErrors::new)?);
    let draft = Draft::read(&mut reader, sources);
    finish(draft, reader)
}

fn finish(draft: Draft, reader: Reader) -> Result<Settings, ConfigErrors> {
    let (_, mistakes) = reader.finish();
    match draft.complete() {
        Some(settings) if mistakes.is_empty() => Ok(settings),
        Some(_) | None => Err(ConfigErrors::new(mistakes)),
    }
}

/// Each key that is in effect, with its origin, by key. Passwords are hidden, and no secret is read.
///
/// # Errors
/// As [`load`], but for the secrets.
pub fn effective(sources: &Sources) -> Result<Vec<EffectiveKey>, ConfigErrors> {
    let mut reader = Reader::new(layers::merged(sources).map_err(ConfigErrors::new)?);
    Draft::read(&mut reader, sources);
    let (keys, mistakes) = reader.finish();
    if mistakes.is_empty() { Ok(keys) } else { Err(ConfigErrors::new(mistakes)) }
}

/// Settings with gaps where there was a mistake.
struct Draft {
    database: Option<DatabaseSettings>,
    networks: BTreeMap<String, Option<NetworkSettings>>,
    rails: BTreeMap<String, Option<RailSettings>>,
    assets: BTreeMap<String, Option<Asset>>,
    shops: BTreeMap<String, Option<ShopSettings>>,
    pollers: BTreeMap<Poller, poller::Draft>,
}

impl Draft {
    fn read(reader: &mut Reader, sources: &Sources) -> Self {
        let credentials = sources.credentials_directory.as_deref();
        let database = database::read(reader, sources.state_directory.as_deref());
        network::read_defaults(reader);
        rail::read_defaults(reader);
        asset::read_defaults(reader);
        shop::read_defaults(reader);
        poller::read_defaults(reader);

        let (mut networks, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for name in reader.names_in("networks") {
            let network = network::read(reader, &name, credentials);
            kinds.insert(name.clone(), network.kind);
            networks.insert(name, network.settings);
        }
        let mut rails = BTreeMap::new();
        for name in reader.names_in("rails") {
            let is_taken = networks.contains_key(&name);
            rails.insert(name.clone(), rail::read(reader, &name, is_taken, credentials));
        }
        let mut places = places::Places {
            networks: &kinds,
            with_assets: BTreeSet::new(),
            rails: rails.keys().map(String::as_str).collect(),
            shops: Vec::new(),
        };
        let mut assets = BTreeMap::new();
        for name in reader.names_in("assets") {
            assets.insert(name.clone(), asset::read(reader, &name, &places));
        }
        let around = shop::Around { places: &places, assets: &assets };
        let mut shops = BTreeMap::new();
        for name in reader.names_in("shops") {
            shops.insert(name.clone(), shop::read(reader, &name, &around));
        }
        places.shops = shops.keys().map(String::as_str).collect();
        places.with_assets = with_assets(&assets, &kinds);
        let pollers =
            Poller::ALL.map(|poller| (poller, poller::read(reader, poller, &places))).into();
        Self { database, networks, rails, assets, shops, pollers }
    }

    /// The configured networks whose secrets an enabled poller needs.
    fn networks_in_use(&self) -> impl Iterator<Item = &String> {
        self.networks.keys().filter(|name| {
            self.pollers.values().any(|poller| poller.networks_in_use.contains(name))
        })
    }

    /// The configured rails whose secrets an enabled poller needs.
    fn rails_in_use(&self) -> impl Iterator<Item = &String> {
        self.rails
            .keys()
            .filter(|name| self.pollers.values().any(|poller| poller.rails_in_use.contains(name)))
    }

    fn complete(self) -> Option<Settings> {
        let pollers =
            self.pollers.into_iter().map(|(poller, draft)| Some((poller, draft.settings?)));
        Some(Settings {
            database: self.database?,
            networks: all(self.networks)?,
            rails: all(self.rails)?,
            assets: all(self.assets)?,
            shops: all(self.shops)?,
            pollers: pollers.collect::<Option<_>>()?,
        })
    }
}

/// None if there is a gap.
fn all<T>(drafts: BTreeMap<String, Option<T>>) -> Option<BTreeMap<String, T>> {
    drafts.into_iter().map(|(name, draft)| Some((name, draft?))).collect()
}

/// The networks that assets are on: all of them may be, while there is a mistake in an asset.
fn with_assets<'a>(
    assets: &'a BTreeMap<String, Option<Asset>>,
    networks: &'a BTreeMap<String, Option<network::Kind>>,
) -> BTreeSet<&'a str> {
    if assets.values().any(Option::is_none) {
        return networks.keys().map(String::as_str).collect();
    }
    assets.values().flatten().map(|asset| asset.network.as_str()).collect()
}
