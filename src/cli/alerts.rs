//! `railpoll alerts`: conditions that somebody should know of, and what to do.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::known;
use super::lists::{ListFlags, Listed, counted, walk};
use super::names::{Kind, expect_place};
use super::output::Out;
use super::session::Session;
use super::table::{Cell, Column, Paint, Table};
use super::who::WhyArgs;
use crate::engine::{AlertName, Poller, keyed, relative};
use crate::store::{AlertFilter, OpenAlert, WalkStep};

/// What to show, or clear.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(super) struct AlertsArgs {
    #[command(subcommand)]
    command: Option<AlertsCommand>,
    #[command(flatten)]
    list: ListArgs,
}

/// Which alerts to list.
#[derive(Debug, Args)]
struct ListArgs {
    /// Also alerts that are silenced or have ended
    #[arg(long)]
    all: bool,
    /// Only alerts of this name, such as drift
    #[arg(long)]
    name: Option<AlertName>,
    /// Only alerts of this poller
    #[arg(long, value_parser = known::poller())]
    poller: Option<Poller>,
    /// Only alerts at this network, rail or shop
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// Only alerts about this one thing, or with a star at the end about those that begin so
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only alerts that come after the one with this number in the list
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
}

const EXAMPLES: &str = "\
Examples:
  # what is wrong now, and what to do
  railpoll alerts
  # what was wrong since yesterday
  railpoll alerts --all --newest --since 1d
  # you have seen to number 12
  railpoll alerts clear 12 --reason 'asked the bank'";

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// Silence alerts that you have seen to, until they change or begin anew
    Clear {
        /// The alerts' numbers
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        why: WhyArgs,
    },
}

pub(super) async fn run(session: &Session, args: AlertsArgs, out: &mut Out) -> Result<(), Failure> {
    match args.command {
        Some(AlertsCommand::Clear { ids, why }) => clear(session, &ids, &why, out).await,
        None => list(session, args.list, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { all, name, poller, place, subject, flags, after } = args;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Place, place.as_deref()).await?;
    let mut filter = AlertFilter {
        all,
        name: name.map(|name| name.to_string()),
        poller: poller.map(|poller| poller.to_string()),
        place,
        subject,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after,
        limit: 0,
    };
    if only_count {
        return counted::<OpenAlert>(store.alert_count(&filter).await?, out);
    }
    let mut names = BTreeSet::new();
    let step = async |room, place: Option<i64>| {
        filter.after = place.or(filter.after);
        filter.limit = room;
        let rows = store.find_alerts(&filter).await?;
        let standing = rows.iter().filter(|alert| alert.ended_at.is_none());
        names.extend(standing.filter_map(|alert| alert.name.parse::<AlertName>().ok()));
        let next = rows.last().map(|row| row.alert_id);
        Ok(WalkStep { rows, looked_at: 0, next })
    };
    walk(session, &flags, out, "no alerts", step, i64::to_string).await?;
    if out.is_json() || out.is_csv() {
        return Ok(());
    }
    // What to do, once for each kind of alert that stands.
    let mut notes: Vec<String> =
        names.iter().map(|name| format!("{name}: {}", name.advice())).collect();
    let silent = store.silenced_count().await?;
    if silent > 0 && !all {
        notes.push(format!("silenced: {silent}; see `railpoll alerts --all`"));
    }
    out.notes(&notes)
}

/// Alerts that one cause has raised: several pollers of a place tell the same.
fn causes<'a>(alerts: impl Iterator<Item = &'a OpenAlert>) -> Vec<Vec<&'a OpenAlert>> {
    let mut causes: Vec<Vec<&OpenAlert>> = Vec::new();
    let key = |alert: &OpenAlert| {
        let OpenAlert { name, place, subject, detail, .. } = alert;
        [name, place, subject, detail].map(String::clone)
    };
    let one = |a: &OpenAlert, b: &OpenAlert| {
        key(a) == key(b) && (a.ended_at, &a.silence) == (b.ended_at, &b.silence)
    };
    for alert in alerts {
        match causes.iter_mut().find(|cause| cause.first().is_some_and(|first| one(first, alert))) {
            Some(cause) => cause.push(alert),
            None => causes.push(vec![alert]),
        }
    }
    causes
}

fn table_of(lines: &[Vec<&OpenAlert>], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("ID"),
        Column::left("ALERT"),
        Column::right("COUNT"),
        Column::left("POLLER"),
        Column::left("PLACE"),
        Column::left("SUBJECT").spare(),
        Column::left("BEGAN"),
        Column::left("ENDED").spare(),
        Column::prose("DETAIL"),
    ]);
    for cause in lines {
        let Some(first) = cause.first() else { continue };
        let joined = |of: fn(&OpenAlert) -> String| {
            cause.iter().map(|alert| of(alert)).collect::<Vec<_>>().join(", ")
        };
        let name = Cell::from(first.name.as_str());
        let is_told = first.ended_at.is_none() && first.silence.is_none();
        let began = cause.iter().map(|alert| alert.began_at).min();
        let silenced = first.silence.as_ref().map(|silence| format!("silenced by {}", silence.by));
        table.row([
            joined(|alert| alert.alert_id.to_string()).into(),
            if is_told { name.paint(Paint::Bad) } else { name },
            cause.iter().map(|alert| alert.count).max().unwrap_or(1).to_string().into(),
            joined(|alert| alert.poller.clone()).into(),
            first.place.as_str().into(),
            Some(first.subject.clone()).filter(|subject| !subject.is_empty()).into(),
            began.map(|began| relative(began, now)).into(),
            first.ended_at.map(|time| relative(time, now)).or(silenced).into(),
            first.detail.as_str().into(),
        ]);
    }
    table
}

async fn clear(
    session: &Session,
    ids: &[i64],
    why: &WhyArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let store = session.store().await?;
    let deed = why.deed();
    super::each(ids, out, async |id, out| {
        store.silence_alert(*id, &deed, session.now()).await?;
        if out.is_json() {
            let by = &deed.operator.name;
            return out.json(&keyed! { "id": id, "silenced": true, "by": by });
        }
        out.line(format!("silenced alert {id} until it changes"))
    })
    .await
}

impl Listed for OpenAlert {
    const NAME: &'static str = "alerts";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        table_of(&causes(rows.iter()), now)
    }
}
