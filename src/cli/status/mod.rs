//! `railpoll status`: how each poller is, from what it left in the database; what is wrong; and what to do.

mod figures;
mod shown;

use clap::Args;

use self::shown::{table, transfers};
use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use crate::config::Settings;
use crate::daemon::Exit;
use crate::views::status::{Whole, Wrong, look, standing_json, wrongs};

/// Which pollers, and for whom.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {
    /// Also pollers that are switched off
    #[arg(long)]
    all: bool,
    /// Print only what is wrong, and end with 1 if anything is: for monitors and cron
    #[arg(long, conflicts_with = "all")]
    check: bool,
    /// Print the figures of the database for Prometheus, under the names of the daemons' metrics
    #[arg(long, conflicts_with_all = ["check", "json"])]
    openmetrics: bool,
}

const EXAMPLES: &str = "\
Examples:
  railpoll status --json | jq 'select(.wrong != [])'
  railpoll status --check || echo 'somebody should look'";

pub(super) async fn run(
    session: &Session,
    args: &StatusArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.look().await?;
    let now = session.now();
    let whole = look(&store, settings, args.all, now).await?;
    if args.openmetrics {
        let text = figures::text(&store, &whole, now).await?;
        return out.write(text.as_bytes());
    }
    let wrongs = wrongs(&whole, now);
    if args.check {
        return check(&wrongs, out);
    }
    if out.is_json() {
        let told = whole.standings.iter().map(|standing| standing_json(standing, &whole, &wrongs));
        return told.into_iter().try_for_each(|standing| out.json(&standing));
    }
    tell(session, settings, &whole, &wrongs, out)
}

/// Prints what is wrong, and ends badly if anything is.
fn check(wrongs: &[Wrong], out: &mut Out) -> Result<(), Failure> {
    let urgent: Vec<&Wrong> = wrongs.iter().filter(|wrong| wrong.urgent).collect();
    for wrong in &urgent {
        if out.is_json() {
            out.json(wrong)?;
        } else {
            out.line(wrong.line())?;
        }
    }
    if urgent.is_empty() { Ok(()) } else { Err(Failure::Told(Exit::Refused)) }
}

fn tell(
    session: &Session,
    settings: &Settings,
    whole: &Whole,
    wrongs: &[Wrong],
    out: &mut Out,
) -> Result<(), Failure> {
    let now = session.now();
    if whole.standings.is_empty() {
        let places = [settings.networks.len(), settings.rails.len(), settings.shops.len()];
        out.line(if places == [0, 0, 0] {
            "no network, rail or shop is configured, so that no poller has anything to do: see `railpoll config defaults`"
        } else {
            "no poller is switched on: `railpoll status --all` shows them all"
        })?;
    } else {
        out.table(&table(&whole.standings, now))?;
        if !whole.counts.is_empty() {
            out.line("")?;
            out.table(&transfers(&whole.counts, now))?;
        }
    }
    let mut notes: Vec<String> = wrongs.iter().map(Wrong::line).collect();
    let silenced = whole.alerts.iter().filter(|alert| alert.silence.is_some()).count();
    if silenced > 0 {
        notes.push(format!("silenced: {silenced}; see `railpoll alerts --all`"));
    }
    out.notes(&notes)?;
    let sealed = &whole.sealed;
    if sealed.last_id > 0 {
        out.line(format!("events are sealed up to {}, hash {}", sealed.last_id, sealed.hash))?;
    }
    Ok(())
}
