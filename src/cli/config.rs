//! `railpoll config`: what is set, where, and what is wrong with it.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::value::{RawValue, to_raw_value};

use super::failure::Failure;
use super::output::Out;
use super::session::{Session, open_current};
use super::table::{Cell, Column, Paint, Table};
use crate::config::{
    self, DEFAULTS, DatabaseUrl, EffectiveKey, Migrate, NetworkKind, RailKind, Settings, Sources,
};
use crate::daemon::{Exit, Rehearsed, rehearse};
use crate::engine::keyed;
use crate::jobs::make_of;
use crate::store::{OpenedFor, StoreError};

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Name every mistake, with its file and key; ends with 78 if there is one
    Check(CheckArgs),
    /// Print the settings in effect, and where each comes from
    Show(ShowArgs),
    /// Print the built-in defaults: every key, and what it is for
    #[command(after_help = "Example:\n  railpoll config defaults > railpoll.toml")]
    Defaults,
}

/// How far a check goes.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Ask the database, and each network and rail, too, whether it is there and lets us in; changes nothing
    #[arg(long)]
    online: bool,
}

/// Which settings are printed.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Only those that differ from the built-in defaults
    #[arg(long)]
    changed: bool,
}

pub(super) async fn run(
    session: &Session,
    command: &ConfigCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(args) => check(session, args, out).await,
        ConfigCommand::Show(args) => show(session, args, out),
        ConfigCommand::Defaults => out.write(DEFAULTS.as_bytes()),
    }
}

async fn check(session: &Session, args: &CheckArgs, out: &mut Out) -> Result<(), Failure> {
    // Here the secrets are looked for too: this is to tell whether the pollers can start.
    let settings = match config::load(session.sources()) {
        Ok(settings) => settings,
        Err(errors) if out.is_json() => {
            for mistake in errors.mistakes() {
                out.json(&keyed! {
                    "origin": mistake.origin,
                    "key": mistake.key,
                    "reason": mistake.message,
                })?;
            }
            return Err(Failure::Told(Exit::Config));
        }
        Err(errors) => return Err(errors.into()),
    };
    let rehearsed = rehearse(&settings, make_of, args.online).await?;
    let mut found = causes(&rehearsed);
    if args.online {
        found.extend(of_database(&settings, out).await?);
    }
    for Found { keys, origin, why, .. } in &found {
        if out.is_json() {
            keys.iter().try_for_each(|key| {
                out.json(&keyed! { "origin": origin, "key": key, "reason": why })
            })?;
        } else {
            out.line(format!("{} at {origin}: {why}", keys.join(", ")))?;
        }
    }
    if !out.is_json() {
        for Rehearsed { poller, place, remarks, .. } in &rehearsed {
            for remark in remarks {
                out.line(format!("note: pollers.{} at {place}: {remark}", poller.key()))?;
            }
        }
    }
    match found.first().map(|first| first.exit) {
        Some(exit) => Err(Failure::Told(exit)),
        None if out.is_json() => Ok(()),
        None => {
            out.line("OK")?;
            for (poller, own) in &settings.pollers {
                if let Some(warning) = own.schedule.warning() {
                    out.line(format!("note: pollers.{}.cron: {warning}", poller.key()))?;
                }
            }
            summary(session, &settings, out)
        }
    }
}

/// Something that is wrong, and whom it stops.
struct Found {
    keys: Vec<String>,
    origin: String,
    why: String,
    exit: Exit,
}

/// What is wrong: several pollers at one place that fail of the same are told together.
fn causes(rehearsed: &[Rehearsed]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for Rehearsed { poller, place, trouble, .. } in rehearsed {
        let Some((exit, why)) = trouble else { continue };
        let key = format!("pollers.{}", poller.key());
        match found.iter_mut().find(|one| one.origin == *place && one.why == *why) {
            Some(cause) => cause.keys.push(key),
            None => found.push(Found {
                keys: vec![key],
                origin: place.clone(),
                why: why.clone(),
                exit: *exit,
            }),
        }
    }
    found
}

/// Whether the pollers could work with the database. One that they would make, or bring up to date, is no mistake.
async fn of_database(settings: &Settings, out: &mut Out) -> Result<Option<Found>, Failure> {
    let url = &settings.database.url;
    let found = match open_current(url, OpenedFor::Look).await {
        Ok(store) => {
            store.close().await;
            return Ok(None);
        }
        Err(found) => found,
    };
    let folder = match url {
        DatabaseUrl::Sqlite(path) => path.parent().filter(|it| !it.as_os_str().is_empty()),
        DatabaseUrl::Postgres(_) => None,
    };
    let makes = settings.database.migrate == Migrate::Auto && folder.is_none_or(Path::is_dir);
    let is_to_come = matches!(found, Failure::NoDatabase(_))
        || matches!(found, Failure::Store(StoreError::Older { .. }));
    if makes && is_to_come {
        if !out.is_json() {
            out.line(format!(
                "note: database.url at {url}: the first poller brings it up to date"
            ))?;
        }
        return Ok(None);
    }
    // The advice stands on a line of its own.
    let (why, exit) = (found.to_string().replace("\n  ", "; "), found.exit());
    Ok(Some(Found { keys: vec!["database.url".to_owned()], origin: url.to_string(), why, exit }))
}

fn summary(session: &Session, settings: &Settings, out: &mut Out) -> Result<(), Failure> {
    let listed = |names: Vec<String>| if names.is_empty() { None } else { Some(names.join(", ")) };
    let files = session.sources().files.iter().map(|file| file.display().to_string()).collect();
    let networks = settings.networks.values().map(|network| match &network.kind {
        NetworkKind::RippleNet(ripplenet) => {
            format!("{} ({})", network.name, ripplenet.connector_role.as_str().to_lowercase())
        }
        NetworkKind::Stellar(_) => format!("{} (stellar)", network.name),
        NetworkKind::Tari => format!("{} (tari)", network.name),
    });
    let rails = settings.rails.values().map(|rail| {
        let kind = match rail.kind {
            RailKind::Http { .. } => "http",
            RailKind::Command { .. } => "command",
            RailKind::WireGateway { .. } => "wire-gateway",
        };
        format!("{} ({kind})", rail.name)
    });
    let assets = settings.assets.values().map(|asset| {
        let way = asset.rail.as_ref();
        let way = way.map(|side| format!(" for {} on {}", side.currency, side.rail));
        format!("{} ({}{})", asset.name, asset.network, way.unwrap_or_default())
    });
    let shops = settings
        .shops
        .values()
        .map(|shop| format!("{} ({}: {})", shop.name, shop.kind, shop.assets.join(", ")));
    let (on, off): (Vec<_>, Vec<_>) =
        settings.pollers.iter().partition(|(_, settings)| settings.enabled);
    let on = on.into_iter().map(|(poller, settings)| {
        let places: Vec<&str> = settings.places().map(String::as_str).collect();
        format!("{poller} ({})", places.join(", "))
    });
    let off = off.into_iter().map(|(poller, _)| poller.to_string());
    let mut table = Table::new(&[Column::left(""), Column::prose("")]);
    table.row(["  files".into(), listed(files).into()]);
    table.row(["  database".into(), settings.database.url.to_string().into()]);
    table.row(["  networks".into(), listed(networks.collect()).into()]);
    table.row(["  rails".into(), listed(rails.collect()).into()]);
    table.row(["  assets".into(), listed(assets.collect()).into()]);
    table.row(["  shops".into(), listed(shops.collect()).into()]);
    table.row(["  pollers on".into(), listed(on.collect()).into()]);
    table.row(["  pollers off".into(), listed(off.collect()).into()]);
    out.table(&table)
}

/// The origin of what nobody has set begins so.
const BUILT_IN: &str = "built-in defaults";

fn show(session: &Session, args: &ShowArgs, out: &mut Out) -> Result<(), Failure> {
    let mut keys = config::effective(session.sources())?;
    if args.changed {
        // A file may say what is built in, as a copy of the defaults does.
        let built_in = config::effective(&Sources::default())?;
        let is_same = |key: &EffectiveKey| {
            key.origin.starts_with(BUILT_IN)
                || built_in.iter().any(|one| (&one.key, &one.value) == (&key.key, &key.value))
        };
        keys.retain(|key| !is_same(key));
    }
    if out.is_json() {
        return keys.iter().try_for_each(|key| {
            // As it is written, it is JSON; a value that is none is a text.
            let value = RawValue::from_string(key.value.clone());
            let value = value.or_else(|_| to_raw_value(&key.value)).unwrap_or_default();
            out.json(&keyed! { "key": key.key, "value": value, "origin": key.origin })
        });
    }
    let mut table =
        Table::new(&[Column::left("KEY"), Column::prose("VALUE"), Column::left("ORIGIN")]);
    for key in keys {
        let origin = Cell::from(key.origin.as_str());
        let is_set = key.origin != BUILT_IN;
        table.row([
            key.key.into(),
            key.value.into(),
            if is_set { origin } else { origin.paint(Paint::Faint) },
        ]);
    }
    out.table(&table)
}
