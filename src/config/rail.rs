//! `[rails.NAME]`: the ways to move money that are no networks.

use std::path::Path;
use std::time::Duration;

use reqwest::Url;

use super::network::{TIMEOUT, check_name, read_secret};
use super::reader::{Reader, Section};
use super::secret::{SecretKind, SecretPlace};
use super::values;

/// A configured rail.
#[derive(Debug, Clone, PartialEq)]
pub struct RailSettings {
    /// Its name: what stands after `rails.`. No network has the same.
    pub name: String,
    /// How it is reached.
    pub kind: RailKind,
    /// How long to wait for one answer, in all.
    pub timeout: Duration,
    /// The most calls under way at once, of each poller that uses the rail.
    pub parallel: u32,
}

/// How a rail is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum RailKind {
    /// A service that speaks railpoll's own contract.
    Http {
        /// What the contract's paths are put behind.
        url: Url,
        /// Where the secret is that requests are signed with.
        secret: SecretPlace,
    },
    /// A program that speaks the same over its standard input and output.
    Command {
        /// The program: a path, or a name that is looked for in `PATH`.
        program: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// A GNU Taler Wire Gateway.
    WireGateway {
        /// Its base URL.
        url: Url,
        /// Who we are there.
        auth: GatewayAuthSettings,
        /// What it is told with each transfer.
        exchange_base_url: Url,
    },
}

/// How a wire gateway knows us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayAuthSettings {
    /// It does not ask.
    None,
    /// By a name and a password.
    Basic {
        /// The name.
        username: String,
        /// Where the password is.
        password: SecretPlace,
    },
    /// By a token.
    Bearer {
        /// Where the token is.
        token: SecretPlace,
    },
}

/// The kinds by their names in the configuration.
#[derive(Clone, Copy)]
enum Kind {
    Http,
    Command,
    WireGateway,
}

impl Kind {
    const NAMED: &[(&str, Self)] =
        &[("http", Self::Http), ("command", Self::Command), ("wire-gateway", Self::WireGateway)];
}

/// How a wire gateway knows us, before it is known whether what belongs to it is there.
#[derive(Clone, Copy)]
enum Auth {
    None,
    Basic,
    Bearer,
}

/// Reads what every rail starts from: the keys of every kind.
pub(super) fn read_defaults(reader: &mut Reader) {
    let section = Section::root("defaults.rail");
    for (_, kind) in Kind::NAMED {
        read_section(reader, &section, "", *kind, None);
    }
}

/// Reads one rail. `is_taken` says that a network has its name; `credentials` is where systemd puts secrets.
pub(super) fn read(
    reader: &mut Reader,
    name: &str,
    is_taken: bool,
    credentials: Option<&Path>,
) -> Option<RailSettings> {
    let section = section(name);
    check_name(reader, &section, "a rail", name);
    if is_taken {
        let message = "a network has this name: networks and rails need names of their own";
        reader.complain_of_all(&section, message.to_owned());
    }
    let Some(kind) = read_kind(reader, &section) else {
        reader.pass_over(&section);
        return None;
    };
    read_section(reader, &section, name, kind, credentials)
}

/// Notes it if the secret of a rail cannot be had, whatever else is wrong with the rail.
pub(super) fn check_secret(reader: &mut Reader, name: &str, credentials: Option<&Path>) {
    let section = section(name);
    let needs_secret = match read_kind(reader, &section) {
        Some(Kind::Http) => true,
        Some(Kind::WireGateway) => {
            matches!(read_auth(reader, &section), Some(Auth::Basic | Auth::Bearer))
        }
        Some(Kind::Command) | None => false,
    };
    let kind = SecretKind::RailSecret;
    if needs_secret
        && let Err(error) = read_secret(reader, &section, kind, name, credentials).read()
    {
        reader.complain(&section, kind.key(), error.to_string());
    }
}

fn read_kind(reader: &mut Reader, section: &Section) -> Option<Kind> {
    reader.required(section, "kind", values::choice(Kind::NAMED))
}

fn read_auth(reader: &mut Reader, section: &Section) -> Option<Auth> {
    const AUTH: &[(&str, Auth)] =
        &[("none", Auth::None), ("basic", Auth::Basic), ("bearer", Auth::Bearer)];
    reader.required(section, "auth", values::choice(AUTH))
}

fn section(name: &str) -> Section {
    Section::heir("rails", name, "defaults.rail")
}

fn read_section(
    reader: &mut Reader,
    section: &Section,
    name: &str,
    kind: Kind,
    credentials: Option<&Path>,
) -> Option<RailSettings> {
    let timeout = reader.required(section, "timeout", values::duration(TIMEOUT.0..=TIMEOUT.1));
    let parallel = reader.required(section, "parallel", values::number(1..=1_000));
    let kind = match kind {
        Kind::Http => {
            let url = reader.required(section, "url", values::url);
            let secret = read_secret(reader, section, SecretKind::RailSecret, name, credentials);
            url.map(|url| RailKind::Http { url, secret })
        }
        Kind::Command => {
            let command = reader.required(section, "command", values::command);
            command.map(|(program, args)| RailKind::Command { program, args })
        }
        Kind::WireGateway => read_wire_gateway(reader, section, name, credentials),
    };
    Some(RailSettings {
        name: name.to_owned(),
        kind: kind?,
        timeout: timeout?,
        parallel: parallel?,
    })
}

fn read_wire_gateway(
    reader: &mut Reader,
    section: &Section,
    name: &str,
    credentials: Option<&Path>,
) -> Option<RailKind> {
    let url = reader.required(section, "url", values::url);
    let exchange_base_url = reader.required(section, "exchange_base_url", values::url);
    let auth = read_auth(reader, section);
    let username = reader.optional(section, "username", values::text);
    let secret = read_secret(reader, section, SecretKind::RailSecret, name, credentials);
    let auth = match auth? {
        Auth::None => GatewayAuthSettings::None,
        Auth::Bearer => GatewayAuthSettings::Bearer { token: secret },
        Auth::Basic => {
            if !reader.has(section, "username") {
                let message = "missing, and auth is \"basic\"";
                reader.complain(section, "username", message.to_owned());
            }
            GatewayAuthSettings::Basic { username: username?, password: secret }
        }
    };
    Some(RailKind::WireGateway { url: url?, auth, exchange_base_url: exchange_base_url? })
}
