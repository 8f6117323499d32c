//! `[networks.NAME]`: the places where payments live.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::reader::{Reader, Section};
use super::secret::{self, SecretError};
use super::values::{self, Parsed};
use crate::engine::{ConnectorRole, Poller};

/// Names become columns, labels and file names.
const LONGEST_NAME: usize = 40;
const SECRET_FILE: &str = "client_secret_file";

/// A configured network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSettings {
    /// Its name: what stands after `networks.`.
    pub name: String,
    /// What is spoken there.
    pub kind: NetworkKind,
    /// Where the API is.
    pub base_url: Url,
    /// Where access tokens come from.
    pub token_url: Url,
    /// What the tokens are for.
    pub audience: String,
    /// Who we are.
    pub client_id: String,
    /// The file with the client secret.
    pub client_secret_file: Option<PathBuf>,
    /// The file with the client secret that systemd may have given us; it is looked at first.
    pub client_secret_credential: Option<PathBuf>,
    /// Our side of the payments.
    pub connector_role: ConnectorRole,
    /// How long to wait for one answer, in all.
    pub timeout: Duration,
    /// The most requests per second, all pollers of this process together.
    pub requests_per_second: u32,
}

impl NetworkSettings {
    /// The client secret, read from its file now.
    ///
    /// # Errors
    /// There is no file, it cannot be read, it is empty, or others can read it.
    pub fn client_secret(&self) -> Result<SecretString, SecretError> {
        secret::read(
            &self.name,
            self.client_secret_credential.as_deref(),
            self.client_secret_file.as_deref(),
        )
    }
}

/// What is spoken on a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// The RippleNet API, version 4.
    RippleNet,
}

impl NetworkKind {
    /// The kinds by their names in the configuration.
    const NAMED: &[(&str, Self)] = &[("ripplenet", Self::RippleNet)];

    /// The pollers that can read a network of this kind.
    #[must_use]
    pub const fn pollers(self) -> &'static [Poller] {
        match self {
            Self::RippleNet => &Poller::ALL,
        }
    }
}

/// The roles that our node can be configured to play, by their names in the configuration.
const ROLES: &[(&str, ConnectorRole)] =
    &[("receiving", ConnectorRole::Receiving), ("sending", ConnectorRole::Sending)];

/// Reads what every network starts from.
pub(super) fn read_defaults(reader: &mut Reader) {
    read_section(reader, &Section::root("defaults.network"), "");
}

/// Reads one network. `credentials` is where systemd puts secrets.
pub(super) fn read(
    reader: &mut Reader,
    name: &str,
    credentials: Option<&Path>,
) -> Option<NetworkSettings> {
    let section = section(name);
    if let Err(message) = check_name(name) {
        reader.complain_of_all(&section, message);
    }
    let settings = read_section(reader, &section, name)?;
    Some(NetworkSettings { client_secret_credential: credential(credentials, name), ..settings })
}

/// Notes it if the secret of a network cannot be had, whatever else is wrong with the network.
pub(super) fn check_secret(reader: &mut Reader, name: &str, credentials: Option<&Path>) {
    let section = section(name);
    let file = reader.optional(&section, SECRET_FILE, values::text).map(PathBuf::from);
    let credential = credential(credentials, name);
    if let Err(error) = secret::read(name, credential.as_deref(), file.as_deref()) {
        reader.complain(&section, SECRET_FILE, error.to_string());
    }
}

fn credential(folder: Option<&Path>, name: &str) -> Option<PathBuf> {
    folder.map(|folder| folder.join(format!("{name}-client-secret")))
}

fn section(name: &str) -> Section {
    Section::heir("networks", name, "defaults.network")
}

fn check_name(name: &str) -> Parsed<()> {
    let is_ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let is_right = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_ours)
        && name.len() <= LONGEST_NAME;
    if is_right {
        return Ok(());
    }
    Err(format!(
        "a network's name has lower-case letters, digits, `_` and `-`, begins with a letter, and has at most \
         {LONGEST_NAME} characters"
    ))
}

fn read_section(reader: &mut Reader, section: &Section, name: &str) -> Option<NetworkSettings> {
    const TIMEOUT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));
    let kind = reader.required(section, "kind", values::choice(NetworkKind::NAMED));
    let base_url = reader.required(section, "base_url", values::url);
    let token_url = reader.required(section, "token_url", values::url);
    let audience = reader.required(section, "audience", values::text);
    let client_id = reader.required(section, "client_id", values::text);
    let client_secret_file = reader.optional(section, SECRET_FILE, values::text);
    let role = reader.required(section, "connector_role", values::choice(ROLES));
    let timeout = reader.required(section, "timeout", values::duration(TIMEOUT.0..=TIMEOUT.1));
    let rate = reader.required(section, "requests_per_second", values::number(1..=10_000));
    Some(NetworkSettings {
        name: name.to_owned(),
        kind: kind?,
        base_url: base_url?,
        token_url: token_url?,
        audience: audience?,
        client_id: client_id?,
        client_secret_file: client_secret_file.map(PathBuf::from),
        client_secret_credential: None,
        connector_role: role?,
        timeout: timeout?,
        requests_per_second: rate?,
    })
}
