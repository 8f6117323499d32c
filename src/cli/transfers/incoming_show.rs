//! `railpoll transfers incoming show`: everything that is on record of money that reached us.

use chrono::{DateTime, Utc};

use super::incoming::WhichArgs;
use super::show::when;
use crate::actions::incoming::find;
use crate::cli::failure::Failure;
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Table};
use crate::engine::{Claimant, readable, relative};
use crate::store::IncomingRow;
use crate::views::IncomingWholeJson;

pub(super) async fn run(
    session: &Session,
    which: &WhichArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.look().await?);
    expect_place(settings, &store, Kind::Place, which.place.as_deref()).await?;
    let row = find(&store, which.named()).await?;
    if out.is_json() {
        return out.json(&IncomingWholeJson::from(&row));
    }
    out.heading(&format!("Incoming {}", row.incoming.incoming_id))?;
    out.table(&facts(&row, session.now()))?;
    out.line("")?;
    out.heading("Statuses")?;
    out.table(&history(&row, session.now()))
}

/// Incoming payments as a table.
pub(in crate::cli) fn table(rows: &[IncomingRow], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  INCOMING"),
        Column::left("PLACE"),
        Column::left("STATUS"),
        Column::left("VERDICT"),
        Column::right("AMOUNT"),
        Column::left("MEMO"),
        Column::left("FOR"),
        Column::left("CAME"),
        Column::left("SEEN TO"),
    ]);
    for row in rows {
        let incoming = &row.incoming;
        table.row([
            format!("  {}", incoming.incoming_id).into(),
            incoming.source.as_str().into(),
            row.status.as_str().into(),
            row.verdict.as_str().into(),
            format!("{} {}", incoming.amount, incoming.asset).into(),
            memo(row).into(),
            claimant(row).into(),
            relative(incoming.at, now).into(),
            row.resolution.clone().into(),
        ]);
    }
    table
}

fn facts(row: &IncomingRow, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[Column::left(""), Column::left("")]);
    let incoming = &row.incoming;
    let facts: [(&str, Option<Cell>); 13] = [
        ("place", Some(incoming.source.as_str().into())),
        ("kind", Some(row.kind.as_str().into())),
        ("status", Some(row.status.as_str().into())),
        ("verdict", Some(row.verdict.as_str().into())),
        ("for", claimant(row).map(Cell::from)),
        ("seen to", row.resolution.as_deref().map(Cell::from)),
        ("amount", Some(format!("{} {}", incoming.amount, incoming.asset).into())),
        ("from", incoming.from.as_deref().map(Cell::from)),
        ("account", (!incoming.account.is_empty()).then(|| incoming.account.as_str().into())),
        ("memo", memo(row).map(Cell::from)),
        ("reference", Some(incoming.reference.as_str().into())),
        ("received", Some(when(incoming.at, now).into())),
        ("recorded", Some(when(row.recorded_at, now).into())),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            table.row([format!("  {name}").into(), value]);
        }
    }
    table
}

fn history(row: &IncomingRow, now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("  STATUS"),
        Column::left("AT"),
        Column::left(""),
        Column::prose("REASON"),
    ]);
    for reached in row.history() {
        table.row([
            format!("  {}", reached.status).into(),
            readable(reached.reached_at).into(),
            relative(reached.reached_at, now).into(),
            reached.reason.map(str::to_owned).into(),
        ]);
    }
    table
}

/// What its payer said that it is for.
fn memo(row: &IncomingRow) -> Option<String> {
    let incoming = &row.incoming;
    let memo = incoming.memo.as_ref().map(ToString::to_string).or_else(|| incoming.subject.clone());
    memo.or_else(|| incoming.muxed_id.map(|id| format!("muxed {id}")))
}

/// A transfer by its id, an order with its shop.
fn claimant(row: &IncomingRow) -> Option<String> {
    row.claimant.as_ref().map(|claimant| match claimant {
        Claimant::Transfer(id) => id.clone(),
        Claimant::Order { shop, order_id } => format!("{shop}/{order_id}"),
    })
}
