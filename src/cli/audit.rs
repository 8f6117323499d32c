//! `railpoll audit`: what operators did.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::lists::{ListFlags, Listed, counted, walk};
use super::names::{DONE_TO, expect_subject};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use crate::engine::{iso, relative};
use crate::store::{AuditFilter, AuditRow, WalkStep};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List what operators did, oldest first
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
}

const EXAMPLES: &str = "\
Examples:
  railpoll audit list --since 1d
  railpoll audit list --newest --limit 10
  railpoll audit list --action 'transfer.*' --by anna
  railpoll audit list --subject transfer/t-1041";

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only what this operator did
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only this action, such as transfer.refund, or with a star at the end those that begin so
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to this, such as transfer/t-1041 or payment/acme/7d5c0d39, or with a star at the end to those
    /// that begin so
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only what comes after the row with this number in the list
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
}

pub(super) async fn run(
    session: &Session,
    command: AuditCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let AuditCommand::List(args) = command;
    let flags = args.flags;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let store = session.look().await?;
    let mut filter = AuditFilter {
        after: args.after,
        since: flags.since(now),
        until: flags.until(now),
        name: args.by,
        action: args.action,
        subject: args.subject,
        newest: flags.newest,
        limit: 0,
    };
    let subject = filter.subject.as_deref();
    expect_subject(session.settings()?, &store, &DONE_TO, subject).await?;
    if only_count {
        return counted::<AuditRow>(store.audit_count(&filter).await?, out);
    }
    let step = async |room, place: Option<i64>| {
        filter.after = place.or(filter.after);
        filter.limit = room;
        let rows = store.audit(&filter).await?;
        let next = rows.last().map(|row| row.audit_id);
        Ok(WalkStep { rows, looked_at: 0, next })
    };
    walk(session, &flags, out, "no operator did anything", step, i64::to_string).await
}

impl Listed for AuditRow {
    const NAME: &'static str = "rows";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::right("ID"),
            Column::left("AT"),
            Column::left("").spare(),
            Column::left("BY"),
            Column::left("KNOWN BY"),
            Column::left("ACTION"),
            Column::left("SUBJECT"),
            Column::prose("REASON"),
        ]);
        for row in rows {
            table.row([
                row.audit_id.to_string().into(),
                iso(row.at).into(),
                relative(row.at, now).into(),
                row.name.as_str().into(),
                row.evidence.as_str().into(),
                row.action.as_str().into(),
                row.subject.as_str().into(),
                row.reason.clone().into(),
            ]);
        }
        table
    }
}
