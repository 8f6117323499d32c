//! `railpoll status`: how each poller is, from what it left in the database; what is wrong; and what to do.

mod figures;
mod shown;
mod silence;
mod standing;
mod wrong;

use clap::Args;
use serde::Serialize;

use self::shown::{schedule, table, transfers};
use self::standing::{Open, Standing, Whole, look};
use self::wrong::{Wrong, wrongs};
use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use crate::config::Settings;
use crate::daemon::Exit;
use crate::engine::iso;
use crate::store::SweepRow;

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

#[derive(Debug, Serialize)]
struct StandingJson<'a> {
    poller: &'static str,
    place: &'a str,
    enabled: bool,
    schedule: String,
    holder: Option<&'a str>,
    expected_by: Option<String>,
    last_sweep: Option<SweepJson<'a>>,
    next_sweep_at: Option<String>,
    in_state: Option<u64>,
    transfers: Option<&'a Open>,
    drift: i64,
    alerts: Vec<&'a str>,
    held: bool,
    wrong: Vec<&'a Wrong>,
}

#[derive(Debug, Serialize)]
struct SweepJson<'a> {
    started_at: String,
    finished_at: String,
    outcome: &'a str,
    pages: u64,
    requests: u64,
    new: u64,
    changed: u64,
    unchanged: u64,
    acted: u64,
    reason: Option<&'a str>,
}

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
        let told = whole.standings.iter().map(|standing| json(standing, &whole, &wrongs));
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
        out.line(if settings.networks.is_empty() && settings.rails.is_empty() {
            "no network and no rail is configured, so that no poller has anything to do: see `railpoll config defaults`"
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

fn json<'a>(standing: &'a Standing, whole: &Whole, wrongs: &'a [Wrong]) -> StandingJson<'a> {
    StandingJson {
        poller: standing.scope.poller.name(),
        place: &standing.scope.network,
        enabled: standing.enabled,
        schedule: schedule(standing),
        holder: standing.holder.as_deref(),
        expected_by: standing.promise.as_ref().map(|promise| iso(promise.expected_by)),
        last_sweep: standing.last_sweep.as_ref().map(SweepJson::from),
        next_sweep_at: standing.next_sweep_at.map(iso),
        in_state: standing.in_state,
        transfers: standing.transfers.as_ref(),
        drift: standing.drift,
        alerts: standing.alerts.iter().map(String::as_str).collect(),
        held: whole.held.is_some(),
        wrong: wrongs.iter().filter(|wrong| wrong.is_about(&standing.scope)).collect(),
    }
}

impl<'a> From<&'a SweepRow> for SweepJson<'a> {
    fn from(sweep: &'a SweepRow) -> Self {
        Self {
            started_at: iso(sweep.started_at),
            finished_at: iso(sweep.finished_at),
            outcome: sweep.outcome.as_str(),
            pages: sweep.pages,
            requests: sweep.requests,
            new: sweep.tally.new,
            changed: sweep.tally.changed,
            unchanged: sweep.tally.unchanged,
            acted: sweep.acted,
            reason: sweep.error.as_deref(),
        }
    }
}
