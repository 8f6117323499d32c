//! `railpoll status`: how each poller is, from what it left in the database.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::alerts::ALERTS_MAX;
use super::failure::Failure;
use super::output::Out;
use super::restored::summary;
use super::session::Session;
use super::table::{Cell, Column, Paint, Table};
use super::times::relative;
use super::transfers::list;
use crate::config::{PollerSettings, Schedule};
use crate::engine::{Poller, iso};
use crate::states::rules;
use crate::store::{OpenAlert, Scope, Store, StoreError, SweepRow, TransferCount};

/// Which pollers.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  railpoll status --json \\
    | jq -r 'select(.alerts != []) | .poller'")]
pub(super) struct StatusArgs {
    /// Also pollers that are switched off
    #[arg(long)]
    all: bool,
}

/// A poller on a network.
#[derive(Debug)]
struct Standing {
    scope: Scope,
    enabled: bool,
    schedule: String,
    holder: Option<String>,
    last_sweep: Option<SweepRow>,
    next_sweep_at: Option<DateTime<Utc>>,
    in_state: Option<u64>,
    transfers: Option<Open>,
    drift: i64,
    alerts: BTreeSet<String>,
}

/// How many transfers that are not over are in each status.
type Open = BTreeMap<&'static str, u64>;

#[derive(Debug, Serialize)]
struct StandingJson<'a> {
    poller: &'static str,
    place: &'a str,
    enabled: bool,
    schedule: &'a str,
    holder: Option<&'a str>,
    last_sweep: Option<SweepJson<'a>>,
    next_sweep_at: Option<String>,
    in_state: Option<u64>,
    transfers: Option<&'a Open>,
    drift: i64,
    alerts: &'a BTreeSet<String>,
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
    let alerts = store.alerts(false, ALERTS_MAX).await?;
    let mut counts = store.transfer_counts().await?;
    counts.retain(|count| !count.status.is_final());
    let mut standings = Vec::new();
    for (poller, settings) in &settings.pollers {
        if !settings.enabled && !args.all {
            continue;
        }
        for place in settings.places() {
            let scope = Scope { poller: *poller, network: place.clone() };
            let first = standing(&store, scope.clone(), settings, &alerts).await?;
            standings.push(Standing { transfers: open_at(&scope, &counts), ..first });
            for n in 2..=settings.slots() {
                let further = standing(&store, scope.slot(n), settings, &alerts).await?;
                // Only where a process is.
                standings.extend(further.holder.is_some().then_some(further));
            }
        }
    }
    if out.is_json() {
        return standings.iter().try_for_each(|standing| out.json(&StandingJson::from(standing)));
    }
    if standings.is_empty() {
        out.line(if settings.networks.is_empty() && settings.rails.is_empty() {
            "no network and no rail is configured, so that no poller has anything to do: see `railpoll config defaults`"
        } else {
            "no poller is switched on: `railpoll status --all` shows them all"
        })?;
    } else {
        tell(&standings, &counts, alerts.len(), session.now(), out)?;
    }
    tell_history(&store, out).await
}

/// How far history is sealed, and whether the database has lost some of it.
async fn tell_history(store: &Store, out: &mut Out) -> Result<(), Failure> {
    let head = store.sealed_head().await?;
    if head.last_id > 0 {
        out.line(format!("events are sealed up to {}, hash {}", head.last_id, head.hash))?;
    }
    let restoration = store.restoration().await?;
    match restoration.filter(|restoration| restoration.ended_at.is_none()) {
        Some(open) => {
            let looks = store.looks(open.restoration_id).await?;
            out.line(format!("{}; see `railpoll restored`", summary(&open, &looks)))
        }
        None => Ok(()),
    }
}

/// The transfers that are open at the place of a poller of transfers.
fn open_at(scope: &Scope, counts: &[TransferCount]) -> Option<Open> {
    match scope.poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Returned
        | Poller::Failed => return None,
        Poller::PendingDeposits | Poller::Outgoing | Poller::Watch => {}
    }
    let place = &scope.network;
    let mut open = Open::new();
    for count in counts.iter().filter(|count| count.rail == *place || count.network == *place) {
        *open.entry(count.status.as_str()).or_default() += count.transfers;
    }
    Some(open)
}

async fn standing(
    store: &Store,
    scope: Scope,
    settings: &PollerSettings,
    alerts: &[OpenAlert],
) -> Result<Standing, StoreError> {
    let cursor = store.cursor(&scope).await?;
    let is_ours =
        |alert: &&OpenAlert| alert.poller == scope.poller.name() && alert.place == scope.place();
    Ok(Standing {
        enabled: settings.enabled,
        schedule: schedule(&settings.schedule),
        holder: store.lease_holder(&scope).await?,
        last_sweep: store.last_sweep(&scope).await?,
        next_sweep_at: cursor.next_sweep_at,
        in_state: in_state(store, &scope).await?,
        transfers: None,
        drift: cursor.difference,
        alerts: alerts.iter().filter(is_ours).map(|alert| alert.name.clone()).collect(),
        scope,
    })
}

/// How many payments are in the poller's states; none if it is not one of payments.
async fn in_state(store: &Store, scope: &Scope) -> Result<Option<u64>, StoreError> {
    let Some(rules) = rules(scope.poller) else { return Ok(None) };
    store.count_in(&scope.network, rules.states, None).await.map(Some)
}

fn schedule(schedule: &Schedule) -> String {
    match schedule {
        Schedule::FixedDelay(delay) => format!("every {}", humantime::format_duration(*delay)),
        Schedule::Cron(expression) => format!("cron {expression}"),
    }
}

impl<'a> From<&'a Standing> for StandingJson<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self {
            poller: standing.scope.poller.name(),
            place: &standing.scope.network,
            enabled: standing.enabled,
            schedule: &standing.schedule,
            holder: standing.holder.as_deref(),
            last_sweep: standing.last_sweep.as_ref().map(SweepJson::from),
            next_sweep_at: standing.next_sweep_at.map(iso),
            in_state: standing.in_state,
            transfers: standing.transfers.as_ref(),
            drift: standing.drift,
            alerts: &standing.alerts,
        }
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

fn tell(
    standings: &[Standing],
    counts: &[TransferCount],
    alerts: usize,
    now: DateTime<Utc>,
    out: &mut Out,
) -> Result<(), Failure> {
    let mut table = Table::new(&[
        Column::left("POLLER"),
        Column::left("PLACE"),
        Column::left("LAST SWEEP"),
        Column::left("OUTCOME"),
        Column::right("NEW").spare(),
        Column::right("CHANGED").spare(),
        Column::right("ACTED").spare(),
        Column::left("NEXT"),
        Column::right("IN STATE"),
        Column::right("DRIFT"),
        Column::right("ALERTS"),
        Column::left("SCHEDULE").spare(),
        Column::left("HELD BY").spare(),
    ]);
    for standing in standings {
        table.row(cells(standing, now));
    }
    out.table(&table)?;
    if !counts.is_empty() {
        out.line("")?;
        out.table(&transfers(counts, now))?;
    }
    let error = |standing: &Standing| {
        let Scope { poller, network } = &standing.scope;
        let error = standing.last_sweep.as_ref()?.error.as_ref()?;
        Some(format!("{poller} on {network}: {error}"))
    };
    let mut notes: Vec<String> = standings.iter().filter_map(error).collect();
    if alerts > 0 {
        notes.push(format!("alerts: {alerts}; see `railpoll alerts`"));
    }
    out.notes(&notes)
}

/// Where the transfers stand that are not over.
fn transfers(counts: &[TransferCount], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("TRANSFERS"),
        Column::left("RAIL"),
        Column::left("NETWORK"),
        Column::right("OPEN"),
        Column::left("OLDEST"),
    ]);
    for count in counts {
        table.row([
            list::status(count.status),
            count.rail.as_str().into(),
            count.network.as_str().into(),
            count.transfers.to_string().into(),
            count.oldest.map(|oldest| relative(oldest, now)).into(),
        ]);
    }
    table
}

fn cells(standing: &Standing, now: DateTime<Utc>) -> [Cell; 13] {
    let sweep = standing.last_sweep.as_ref();
    let count = |count: fn(&SweepRow) -> u64| sweep.map(|sweep| count(sweep).to_string()).into();
    let outcome = sweep.map_or_else(
        || None.into(),
        |sweep| {
            let paint = if sweep.outcome.is_good() { Paint::Good } else { Paint::Bad };
            Cell::from(sweep.outcome.as_str()).paint(paint)
        },
    );
    let marked = |text: String, is_well: bool, paint| {
        let cell = Cell::from(text);
        if is_well { cell } else { cell.paint(paint) }
    };
    let alerts = standing.alerts.len();
    [
        standing.scope.poller.name().into(),
        standing.scope.network.as_str().into(),
        sweep.map(|sweep| relative(sweep.finished_at, now)).into(),
        outcome,
        count(|sweep| sweep.tally.new),
        count(|sweep| sweep.tally.changed),
        count(|sweep| sweep.acted),
        next(standing, now),
        standing.in_state.map(|open| open.to_string()).into(),
        marked(standing.drift.to_string(), standing.drift == 0, Paint::Watch),
        marked(alerts.to_string(), alerts == 0, Paint::Bad),
        if standing.enabled {
            standing.schedule.as_str().into()
        } else {
            Cell::from("off").paint(Paint::Faint)
        },
        standing.holder.clone().into(),
    ]
}

/// A sweep that should have begun is late, or nobody is there to begin it.
fn next(standing: &Standing, now: DateTime<Utc>) -> Cell {
    let Some(next) = standing.next_sweep_at else { return None.into() };
    if next >= now || !standing.enabled {
        return relative(next, now).into();
    }
    Cell::from(format!("due {}", relative(next, now))).paint(Paint::Watch)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_schedule_is_told_in_words() {
        assert_eq!(schedule(&Schedule::FixedDelay(Duration::from_secs(90))), "every 1m 30s");
        let cron = "0 */5 8-18 * * Mon-Fri".to_owned();
        assert_eq!(schedule(&Schedule::Cron(cron)), "cron 0 */5 8-18 * * Mon-Fri");
    }
}
