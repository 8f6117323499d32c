//! `railpoll quarantine`: rows of a network that could not be understood or believed.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::again::look_again;
use super::each;
use super::failure::Failure;
use super::known;
use super::lists::{ListFlags, Listed, counted, walk};
use super::names::{Kind, expect_place};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use super::who::{ByArgs, WhyArgs};
use crate::actions::{ActionError, Actions, quarantine};
use crate::engine::{Poller, Refusal, RefusalCode, keyed, readable, relative};
use crate::store::{Deed, QuarantineFilter, QuarantinedRow, WalkStep};
use crate::views::QuarantinedWholeJson;

/// More rows than this nobody reads.
const ROWS_MAX: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum QuarantineCommand {
    /// List the rows that are set aside, oldest first
    List(ListArgs),
    /// Show a row as it came, up to 64 kB
    Show {
        /// The row's number
        id: i64,
    },
    /// Ask the network again for the payments of rows that are set aside
    Retry {
        /// The rows' numbers [default: all]
        #[arg(value_name = "ID")]
        ids: Vec<i64>,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Say that rows have been seen to
    #[command(
        after_help = "Example:\n  railpoll quarantine resolve 3 --reason 'they corrected it'"
    )]
    Resolve(ResolveArgs),
}

/// Which rows to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Also rows that need no attention any more
    #[arg(long)]
    all: bool,
    /// Only rows that this poller met
    #[arg(long, value_parser = known::poller())]
    poller: Option<Poller>,
    /// Only rows of this network or rail
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// Only rows of this payment
    #[arg(long, value_name = "PAYMENT")]
    payment: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only rows that come after the one with this number in the list
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct ResolveArgs {
    /// The rows' numbers
    #[arg(value_name = "ID", required = true)]
    ids: Vec<i64>,
    #[command(flatten)]
    why: WhyArgs,
}

pub(super) async fn run(
    session: &Session,
    command: QuarantineCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        QuarantineCommand::List(args) => list(session, args, out).await,
        QuarantineCommand::Show { id } => show(session, id, out).await,
        QuarantineCommand::Retry { ids, by } => retry(session, &ids, &by.deed(), out).await,
        QuarantineCommand::Resolve(args) => resolve(session, &args, out).await,
    }
}

/// Asks for each payment again. One that can be read is stored, and its row needs no attention any more.
async fn retry(session: &Session, ids: &[i64], deed: &Deed, out: &mut Out) -> Result<(), Failure> {
    let store = session.store().await?;
    let mut rows = Vec::new();
    let mut missing = Vec::new();
    if ids.is_empty() {
        rows = store.quarantined(false, ROWS_MAX).await?;
    }
    for id in ids {
        match quarantine::find(&store, *id).await {
            Ok(row) if row.resolved_at.is_none() => rows.push(row),
            Ok(_) | Err(ActionError::Refused(_)) => missing.push(id.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    if !missing.is_empty() {
        let text = format!("no row with such a number is set aside: {}", missing.join(", "));
        return Err(ActionError::from(Refusal::new(RefusalCode::NotFound, text)).into());
    }
    if rows.is_empty() {
        return out.line("nothing is set aside");
    }
    for row in &rows {
        store.note_retry(deed, row.quarantine_id, session.now()).await?;
    }
    store.close().await;
    each(&rows, out, async |row, out| {
        let (id, reason) = (row.quarantine_id, &row.reason);
        if look_again(session, row).await? {
            return out.line(format!("row {id} could be read this time, and is stored"));
        }
        Err(Failure::Refused(match &row.payment_id {
            Some(_) => format!("row {id} cannot be read this time either: {reason}"),
            None => format!("row {id} does not tell which payment it is; look at `railpoll quarantine show {id}`"),
        }))
    })
    .await
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let flags = args.flags;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Place, args.place.as_deref()).await?;
    let mut filter = QuarantineFilter {
        resolved: args.all,
        poller: args.poller.map(|poller| poller.name().to_owned()),
        place: args.place,
        payment_id: args.payment,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after: args.after,
        limit: 0,
    };
    if only_count {
        return counted::<QuarantinedRow>(store.quarantine_count(&filter).await?, out);
    }
    let step = async |room, place: Option<i64>| {
        filter.after = place.or(filter.after);
        filter.limit = room;
        let rows = store.quarantine(&filter).await?;
        let next = rows.last().map(|row| row.quarantine_id);
        Ok(WalkStep { rows, looked_at: 0, next })
    };
    walk(session, &flags, out, "nothing is set aside", step, i64::to_string).await
}

impl Listed for QuarantinedRow {
    const NAME: &'static str = "rows";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::right("ID"),
            Column::left("POLLER"),
            Column::left("PLACE"),
            Column::left("PAYMENT"),
            Column::left("SEEN"),
            Column::left("RESOLVED").spare(),
            Column::prose("REASON"),
        ]);
        for row in rows {
            table.row([
                row.quarantine_id.to_string().into(),
                row.poller.as_str().into(),
                row.network.as_str().into(),
                row.payment_id.clone().into(),
                relative(row.first_seen_at, now).into(),
                row.resolved_at.map(|time| relative(time, now)).into(),
                row.reason.as_str().into(),
            ]);
        }
        table
    }
}

async fn show(session: &Session, id: i64, out: &mut Out) -> Result<(), Failure> {
    let row = quarantine::find(&session.look().await?, id).await?;
    if out.is_json() {
        return out.json(&QuarantinedWholeJson::from(&row));
    }
    out.heading(&format!("Row {id} of {}, met by {}", row.network, row.poller))?;
    let mut table = Table::new(&[Column::left(""), Column::prose("")]);
    table.row(["  payment".into(), row.payment_id.clone().into()]);
    table.row(["  first seen".into(), readable(row.first_seen_at).into()]);
    table.row(["  reason".into(), row.reason.as_str().into()]);
    if let Some(resolved_at) = row.resolved_at {
        table.row(["  resolved".into(), readable(resolved_at).into()]);
        table.row(["  resolution".into(), row.resolution.clone().into()]);
    }
    out.table(&table)?;
    out.line("")?;
    row.raw.lines().try_for_each(|line| out.line(line))
}

async fn resolve(session: &Session, args: &ResolveArgs, out: &mut Out) -> Result<(), Failure> {
    let (store, settings) = (session.store().await?, session.settings()?);
    let (deed, reason) = (args.why.deed(), args.why.reason());
    each(&args.ids, out, async |id, out| {
        let actions = Actions { store: &store, settings, now: session.now() };
        actions.resolve_quarantined(*id, reason, &deed).await?;
        if out.is_json() {
            return out.json(&keyed! { "id": id, "resolution": reason });
        }
        out.line(format!("resolved row {id}"))
    })
    .await
}
