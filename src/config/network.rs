//! `[networks.NAME]`: the places where payments live.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::Value;
use reqwest::Url;

use super::Settings;
use super::reader::{Reader, Section};
use super::secret::{SecretKind, SecretPlace};
use super::values::{self, Parsed};
use crate::engine::{Amount, ConnectorRole, Poller};

/// Names become columns, labels and file names.
const LONGEST_NAME: usize = 40;
/// How long one answer may be waited for.
pub(super) const TIMEOUT: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(300));
/// A lumen has seven decimals.
const LUMEN_DECIMALS: u32 = 7;

/// A configured network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSettings {
    /// Its name: what stands after `networks.`.
    pub name: String,
    /// What is spoken there, and what that needs.
    pub kind: NetworkKind,
}

/// What is spoken on a network.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkKind {
    /// The RippleNet API, version 4.
    RippleNet(RippleNetSettings),
    /// Stellar, through a Horizon server.
    Stellar(StellarSettings),
    /// Tari, whose wallets tell us what they get: nobody is asked there.
    Tari,
}

/// How a network is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// How long to wait for one answer, in all.
    pub timeout: Duration,
    /// The most requests per second, all pollers of this process together.
    pub requests_per_second: u32,
}

/// A RippleNet.
#[derive(Debug, Clone, PartialEq)]
pub struct RippleNetSettings {
    /// Where the API is.
    pub base_url: Url,
    /// Where access tokens come from.
    pub token_url: Url,
    /// What the tokens are for.
    pub audience: String,
    /// Who we are.
    pub client_id: String,
    /// Where the client secret is.
    pub client_secret: SecretPlace,
    /// Our side of the payments.
    pub connector_role: ConnectorRole,
    /// How it is asked.
    pub asking: Asking,
}

/// A Stellar network.
#[derive(Debug, Clone, PartialEq)]
pub struct StellarSettings {
    /// Where the Horizon server is.
    pub horizon_url: Url,
    /// The network's passphrase: signatures are made over it.
    pub passphrase: String,
    /// Where the seeds are that our transactions are signed with: one on each line.
    pub seeds: SecretPlace,
    /// The accounts (`G…`) whose sequence numbers are used. Without any: the distribution accounts' own.
    pub channels: Vec<String>,
    /// The most that is paid for an operation, in stroops.
    pub max_fee: u32,
    /// How long a transaction of ours is valid.
    pub time_bound: Duration,
    /// The most payments in one transaction, 1 to 100.
    pub payments_per_envelope: u32,
    /// What accounts that we create begin with, in XLM. None: none are created.
    pub starting_balance: Option<Amount>,
    /// How it is asked.
    pub asking: Asking,
}

/// The kinds by their names in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    RippleNet,
    Stellar,
    Tari,
}

impl Kind {
    const NAMED: &[(&str, Self)] =
        &[("ripplenet", Self::RippleNet), ("stellar", Self::Stellar), ("tari", Self::Tari)];

    /// The pollers that can read a network of this kind.
    pub(super) const fn pollers(self) -> &'static [Poller] {
        match self {
            Self::RippleNet => &Poller::PAYMENTS,
            Self::Stellar => &[Poller::PendingDeposits, Poller::Watch],
            Self::Tari => &[],
        }
    }

    /// The secret that its pollers need, if any.
    const fn secret(self) -> Option<SecretKind> {
        match self {
            Self::RippleNet => Some(SecretKind::ClientSecret),
            Self::Stellar => Some(SecretKind::Seeds),
            Self::Tari => None,
        }
    }
}

/// A network as far as it can be read.
pub(super) struct Draft {
    /// None where the kind has a mistake.
    pub(super) kind: Option<Kind>,
    /// The settings, if there is no mistake in them.
    pub(super) settings: Option<NetworkSettings>,
}

/// The roles that our node can be configured to play, by their names in the configuration.
const ROLES: &[(&str, ConnectorRole)] =
    &[("receiving", ConnectorRole::Receiving), ("sending", ConnectorRole::Sending)];

impl Settings {
    /// The settings of the Stellar network `name`.
    ///
    /// # Errors
    /// There is none, or it is of another kind.
    pub fn stellar(&self, name: &str) -> Result<(&NetworkSettings, &StellarSettings), String> {
        let network =
            self.networks.get(name).ok_or_else(|| format!("there is no network {name}"))?;
        match &network.kind {
            NetworkKind::Stellar(settings) => Ok((network, settings)),
            NetworkKind::RippleNet(_) | NetworkKind::Tari => {
                Err(format!("the network {name} is not of kind stellar"))
            }
        }
    }
}

/// Reads what every network starts from: the keys of every kind.
pub(super) fn read_defaults(reader: &mut Reader) {
    let section = Section::root("defaults.network");
    for (_, kind) in Kind::NAMED {
        read_section(reader, &section, "", *kind, None);
    }
}

/// Reads one network. `credentials` is where systemd puts secrets.
pub(super) fn read(reader: &mut Reader, name: &str, credentials: Option<&Path>) -> Draft {
    let section = section(name);
    check_name(reader, &section, "a network", name);
    let kind = read_kind(reader, &section);
    if kind.is_none() {
        reader.pass_over(&section);
    }
    let settings = kind.and_then(|kind| read_section(reader, &section, name, kind, credentials));
    Draft { kind, settings }
}

/// Notes it if the secret of a network cannot be had, whatever else is wrong with the network.
pub(super) fn check_secret(reader: &mut Reader, name: &str, credentials: Option<&Path>) {
    let section = section(name);
    if let Some(kind) = read_kind(reader, &section).and_then(Kind::secret)
        && let Err(error) = read_secret(reader, &section, kind, name, credentials).read()
    {
        reader.complain(&section, kind.key(), error.to_string());
    }
}

/// Where the secret of a network or rail is.
pub(super) fn read_secret(
    reader: &mut Reader,
    section: &Section,
    kind: SecretKind,
    owner: &str,
    credentials: Option<&Path>,
) -> SecretPlace {
    let file = reader.optional(section, kind.key(), values::text).map(PathBuf::from);
    SecretPlace::new(kind, owner, credentials, file)
}

/// Notes it if the name of `what` cannot be a column, a label and a file's name.
pub(super) fn check_name(reader: &mut Reader, section: &Section, what: &str, name: &str) {
    let is_ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_right = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_ours)
        && name.len() <= LONGEST_NAME;
    if !is_right {
        let message = format!(
            "{what}'s name has lower-case letters, digits, `_` and `-`, begins with a letter, and has at most \
             {LONGEST_NAME} characters"
        );
        reader.complain_of_all(section, message);
    }
}

fn section(name: &str) -> Section {
    Section::heir("networks", name, "defaults.network")
}

fn read_kind(reader: &mut Reader, section: &Section) -> Option<Kind> {
    reader.required(section, "kind", values::choice(Kind::NAMED))
}

fn read_section(
    reader: &mut Reader,
    section: &Section,
    name: &str,
    kind: Kind,
    credentials: Option<&Path>,
) -> Option<NetworkSettings> {
    let secret =
        kind.secret().map(|secret| read_secret(reader, section, secret, name, credentials));
    let kind = match kind {
        Kind::RippleNet => read_ripplenet(reader, section, secret?).map(NetworkKind::RippleNet),
        Kind::Stellar => read_stellar(reader, section, secret?).map(NetworkKind::Stellar),
        Kind::Tari => Some(NetworkKind::Tari),
    };
    Some(NetworkSettings { name: name.to_owned(), kind: kind? })
}

fn read_asking(reader: &mut Reader, section: &Section) -> Option<Asking> {
    let timeout = reader.required(section, "timeout", values::duration(TIMEOUT.0..=TIMEOUT.1));
    let rate = reader.required(section, "requests_per_second", values::number(1..=10_000));
    Some(Asking { timeout: timeout?, requests_per_second: rate? })
}

fn read_ripplenet(
    reader: &mut Reader,
    section: &Section,
    client_secret: SecretPlace,
) -> Option<RippleNetSettings> {
    let asking = read_asking(reader, section);
    let base_url = reader.required(section, "base_url", values::url);
    let token_url = reader.required(section, "token_url", values::url);
    let audience = reader.required(section, "audience", values::text);
    let client_id = reader.required(section, "client_id", values::text);
    let role = reader.required(section, "connector_role", values::choice(ROLES));
    Some(RippleNetSettings {
        base_url: base_url?,
        token_url: token_url?,
        audience: audience?,
        client_id: client_id?,
        client_secret,
        connector_role: role?,
        asking: asking?,
    })
}

fn read_stellar(
    reader: &mut Reader,
    section: &Section,
    seeds: SecretPlace,
) -> Option<StellarSettings> {
    const BOUND: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3600));
    let asking = read_asking(reader, section);
    let horizon_url = reader.required(section, "horizon_url", values::url);
    let passphrase = reader.required(section, "passphrase", values::text);
    let channels = reader.required(section, "channels", accounts);
    // A transaction costs 100 stroops at least, and one that costs ten lumens is a mistake.
    let max_fee = reader.required(section, "max_fee", values::number(100..=100_000_000));
    let time_bound = reader.required(section, "time_bound", values::duration(BOUND.0..=BOUND.1));
    let payments = reader.required(section, "payments_per_envelope", values::number(1..=100));
    let starting_balance = reader.optional(section, "starting_balance", starting_balance);
    Some(StellarSettings {
        horizon_url: horizon_url?,
        passphrase: passphrase?,
        seeds,
        channels: channels?,
        max_fee: max_fee?,
        time_bound: time_bound?,
        payments_per_envelope: payments?,
        starting_balance,
        asking: asking?,
    })
}

/// A list of accounts, each of them once.
fn accounts(value: &Value) -> Parsed<Vec<String>> {
    let accounts = values::list(value)?;
    let mut seen = BTreeSet::new();
    for account in &accounts {
        values::check_account(account)?;
        if !seen.insert(account) {
            return Err(format!("the account {account:?} is named twice"));
        }
    }
    Ok(accounts)
}

/// The network creates no account with less than two base reserves.
fn starting_balance(value: &Value) -> Parsed<Amount> {
    let amount = values::amount(LUMEN_DECIMALS)(value)?;
    if values::is_less(&amount, "1") {
        return Err(format!("\"{amount}\" is less than the 1 XLM that an account must have"));
    }
    Ok(amount)
}
