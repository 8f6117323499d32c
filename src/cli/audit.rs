//! `railpoll audit`: what operators did.

use std::num::NonZeroU32;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::names::{DONE_TO, expect_subject};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use super::times::{Moment, relative};
use crate::engine::iso;
use crate::store::{AuditFilter, AuditRow};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List what operators did, oldest first
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
}

const EXAMPLES: &str = "\
Examples:
  railpoll audit list --since 1d
  railpoll audit list --subject transfer/t-1041";

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only what this operator did
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only what was done to this, such as transfer/t-1041 or payment/acme/7d5c0d39
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Only what was done since then: a date, a time, or a time back such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroU32,
    /// Only what comes after the row with this number
    #[arg(long, value_name = "ID", default_value = "0", hide_default_value = true)]
    after: i64,
}

pub(super) async fn run(
    session: &Session,
    command: AuditCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let AuditCommand::List(args) = command;
    let now = session.now();
    let filter = AuditFilter {
        after: args.after,
        since: args.since.map(|since| since.before(now)),
        name: args.by,
        subject: args.subject,
        limit: args.limit.get(),
    };
    let store = session.look().await?;
    expect_subject(&session.settings()?, &store, &DONE_TO, filter.subject.as_deref()).await?;
    let rows = store.audit(&filter).await?;
    if out.is_json() {
        return rows.iter().try_for_each(|row| out.json(&audit_json(row)));
    }
    if rows.is_empty() {
        return out.line(session.nothing("no operator did anything"));
    }
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
    for row in &rows {
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
    out.table(&table)
}

fn audit_json(row: &AuditRow) -> Value {
    json!({
        "id": row.audit_id,
        "at": iso(row.at),
        "by": row.name,
        "evidence": row.evidence.as_str(),
        "uid": row.uid,
        "login_uid": row.login_uid,
        "host": row.host,
        "origin": row.origin,
        "action": row.action,
        "subject": row.subject,
        "reason": row.reason,
        "details": serde_json::from_str::<Value>(&row.details).unwrap_or_default(),
    })
}
