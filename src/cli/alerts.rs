//! `railpoll alerts`: conditions that somebody should know of.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::failure::Failure;
use super::output::Out;
use super::session::Session;
use super::table::{Cell, Column, Paint, Table};
use super::times::relative;
use super::who::ByArgs;
use crate::engine::iso;
use crate::store::OpenAlert;

/// More alerts than this nobody reads.
pub(super) const ALERTS_MAX: u32 = 1_000;

/// What to show, or clear.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(super) struct AlertsArgs {
    #[command(subcommand)]
    command: Option<AlertsCommand>,
    /// Also alerts that have ended: the newest thousand
    #[arg(long)]
    all: bool,
}

const EXAMPLES: &str = "\
Examples:
  railpoll alerts                                    what is wrong now
  railpoll alerts clear 12                           you have seen to number 12";

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// End alerts that you have seen to. One whose condition lasts is raised again
    Clear {
        /// The alerts' numbers
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
        #[command(flatten)]
        by: ByArgs,
    },
}

#[derive(Debug, Serialize)]
struct AlertJson<'a> {
    id: i64,
    name: &'a str,
    poller: &'a str,
    place: &'a str,
    subject: &'a str,
    detail: &'a str,
    began_at: String,
    ended_at: Option<String>,
}

pub(super) async fn run(session: &Session, args: AlertsArgs, out: &mut Out) -> Result<(), Failure> {
    match args.command {
        Some(AlertsCommand::Clear { ids, by }) => clear(session, &ids, &by, out).await,
        None => list(session, args.all, out).await,
    }
}

async fn list(session: &Session, all: bool, out: &mut Out) -> Result<(), Failure> {
    let alerts = session.look().await?.alerts(all, ALERTS_MAX).await?;
    if out.is_json() {
        return alerts.iter().try_for_each(|alert| out.json(&AlertJson::from(alert)));
    }
    if alerts.is_empty() {
        return out.line("no alerts");
    }
    let now = session.now();
    let mut table = Table::new(&[
        Column::right("ID"),
        Column::left("ALERT"),
        Column::left("POLLER"),
        Column::left("PLACE"),
        Column::left("SUBJECT"),
        Column::left("BEGAN"),
        Column::left("ENDED").spare(),
        Column::prose("DETAIL"),
    ]);
    for alert in &alerts {
        let name = Cell::from(alert.name.as_str());
        let is_open = alert.ended_at.is_none();
        table.row([
            alert.alert_id.to_string().into(),
            if is_open { name.paint(Paint::Bad) } else { name },
            alert.poller.as_str().into(),
            alert.network.as_str().into(),
            Some(alert.subject.clone()).filter(|subject| !subject.is_empty()).into(),
            relative(alert.began_at, now).into(),
            alert.ended_at.map(|time| relative(time, now)).into(),
            alert.detail.as_str().into(),
        ]);
    }
    out.table(&table)
}

async fn clear(session: &Session, ids: &[i64], by: &ByArgs, out: &mut Out) -> Result<(), Failure> {
    let store = session.store().await?;
    let deed = by.deed();
    super::each(ids, out, async |id, out| {
        store.clear_alert_by_id(*id, &deed, session.now()).await?;
        if out.is_json() {
            return out.json(&serde_json::json!({ "id": id, "cleared": true }));
        }
        out.line(format!("cleared alert {id}"))
    })
    .await
}

impl<'a> From<&'a OpenAlert> for AlertJson<'a> {
    fn from(alert: &'a OpenAlert) -> Self {
        Self {
            id: alert.alert_id,
            name: &alert.name,
            poller: &alert.poller,
            place: &alert.network,
            subject: &alert.subject,
            detail: &alert.detail,
            began_at: iso(alert.began_at),
            ended_at: alert.ended_at.map(iso),
        }
    }
}
