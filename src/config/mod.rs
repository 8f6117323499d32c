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
//! | `database`, `network`, `poller`, `review` | the settings, and which keys make them |
//! | `secret` | reading a secret from its file |

mod database;
mod errors;
mod layers;
mod network;
mod poller;
mod reader;
mod review;
mod secret;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

pub use database::{DatabaseSettings, DatabaseUrl, Migrate};
pub use errors::{ConfigErrors, Mistake};
pub use layers::Sources;
pub use network::{NetworkKind, NetworkSettings};
pub use poller::{CollectFrom, PollerSettings, Schedule};
pub use reader::EffectiveKey;
pub use review::{OnDecline, ReviewMode, ReviewSettings};
pub use secret::SecretError;

use crate::engine::Poller;
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
    /// The pollers: every one of them, switched on or not.
    pub pollers: BTreeMap<Poller, PollerSettings>,
}

/// The settings that `sources` make.
///
/// # Errors
/// Every mistake: keys that do not exist, values of a wrong kind or out of range, what does not fit together, and the
/// secret of a network that an enabled poller reads, where that cannot be had.
pub fn load(sources: &Sources) -> Result<Settings, ConfigErrors> {
    let mut reader = Reader::new(layers::merged(sources).map_err(ConfigErrors::new)?);
    let draft = Draft::read(&mut reader, sources);
    for name in draft.networks_in_use() {
        network::check_secret(&mut reader, name, sources.credentials_directory.as_deref());
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
    pollers: BTreeMap<Poller, poller::Draft>,
}

impl Draft {
    fn read(reader: &mut Reader, sources: &Sources) -> Self {
        let database = database::read(reader);
        network::read_defaults(reader);
        let credentials = sources.credentials_directory.as_deref();
        let networks: BTreeMap<_, _> = reader
            .names_in("networks")
            .into_iter()
            .map(|name| (name.clone(), network::read(reader, &name, credentials)))
            .collect();
        let kinds = networks
            .iter()
            .map(|(name, network)| (name.clone(), network.as_ref().map(|network| network.kind)))
            .collect();
        poller::read_defaults(reader);
        let pollers =
            Poller::ALL.map(|poller| (poller, poller::read(reader, poller, &kinds))).into();
        Self { database, networks, pollers }
    }

    /// The configured networks that an enabled poller reads.
    fn networks_in_use(&self) -> impl Iterator<Item = &String> {
        self.networks.keys().filter(|name| {
            self.pollers.values().any(|poller| poller.networks_in_use.contains(name))
        })
    }

    fn complete(self) -> Option<Settings> {
        let networks = self.networks.into_iter().map(|(name, network)| Some((name, network?)));
        let pollers =
            self.pollers.into_iter().map(|(poller, draft)| Some((poller, draft.settings?)));
        Some(Settings {
            database: self.database?,
            networks: networks.collect::<Option<_>>()?,
            pollers: pollers.collect::<Option<_>>()?,
        })
    }
}
