//! `railpoll transfers list`.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use clap::Args;

use super::views::TransferJson;
use crate::cli::failure::Failure;
use crate::cli::output::{Out, next_page};
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::cli::times::{Moment, relative, time};
use crate::engine::{Amount, Transfer, TransferKind, TransferStatus, iso};
use crate::store::TransferFilter;

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers list --status on_hold           what waits for a person
  railpoll transfers list --rail bank --since 2h
  railpoll transfers list --json | jq -r .transfer_id

The next page: the last line of the table is the command for it. With --json, put the last object's
created_at/transfer_id after --after.";

/// Which transfers to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only transfers in this status, such as `on_hold`
    #[arg(long)]
    status: Option<TransferStatus>,
    /// Only transfers of this kind: deposit, withdrawal, send, …
    #[arg(long)]
    kind: Option<TransferKind>,
    /// Only transfers of this rail
    #[arg(long)]
    rail: Option<String>,
    /// Only transfers of this network
    #[arg(long)]
    network: Option<String>,
    /// Only transfers created since then: a date, a time, or a time back such as 2h
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: NonZeroU32,
    /// Only transfers that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<(DateTime<Utc>, String)>,
}

fn token(text: &str) -> Result<(DateTime<Utc>, String), String> {
    let (at, id) = text.split_once('/').ok_or("expected CREATED_AT/TRANSFER_ID")?;
    Ok((time(at)?, id.to_owned()))
}

pub(super) async fn run(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let now = session.now();
    let limit = args.limit.get();
    let filter = TransferFilter {
        status: args.status,
        kind: args.kind,
        rail: args.rail,
        network: args.network,
        since: args.since.map(|since| since.before(now)),
        after: args.after,
        // One more tells whether there is a next page.
        limit: limit.saturating_add(1),
    };
    let mut rows = session.look().await?.transfers(&filter).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > shown;
    rows.truncate(shown);
    if out.is_json() {
        return rows.iter().try_for_each(|row| out.json(&TransferJson::new(row)?));
    }
    if rows.is_empty() {
        return out.line("no transfers");
    }
    out.table(&table(&rows, now))?;
    let next = rows.last().filter(|_| more);
    let token = next.map(|row| format!("{}/{}", iso(row.created_at), row.transfer_id));
    out.notes(token.map(|token| next_page(session.command_line(), &token)).as_slice())
}

fn table(rows: &[Transfer], now: DateTime<Utc>) -> Table {
    let mut table = Table::new(&[
        Column::left("TRANSFER"),
        Column::left("KIND"),
        Column::left("STATUS"),
        Column::left("ASSET"),
        Column::right("IN"),
        Column::right("OUT"),
        Column::left("RAIL").spare(),
        Column::left("CREATED").spare(),
        Column::left("MOVED"),
    ]);
    for row in rows {
        let text = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
        let comes_in = text(&row.amount_in)
            .or_else(|| text(&row.amount_expected).map(|expected| format!("({expected})")));
        table.row([
            row.transfer_id.as_str().into(),
            row.kind.as_str().into(),
            status(row.status),
            row.asset.as_str().into(),
            comes_in.into(),
            text(&row.amount_out).into(),
            row.rail.as_str().into(),
            relative(row.created_at, now).into(),
            relative(row.updated_at, now).into(),
        ]);
    }
    table
}

/// A status, in the colour of how well that is.
pub(in crate::cli) fn status(status: TransferStatus) -> Cell {
    let cell = Cell::from(status.as_str());
    match status {
        TransferStatus::Completed => cell.paint(Paint::Good),
        TransferStatus::Error
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge => cell.paint(Paint::Bad),
        TransferStatus::OnHold
        | TransferStatus::PendingUser
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::PendingTrust => cell.paint(Paint::Watch),
        TransferStatus::Incomplete
        | TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingExternal
        | TransferStatus::PendingAnchor
        | TransferStatus::PendingStellar
        | TransferStatus::PendingSender
        | TransferStatus::PendingReceiver
        | TransferStatus::Refunded
        | TransferStatus::Expired => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_place() {
        let (at, id) = token("2026-11-20T10:00:00.000001Z/t-1").unwrap();
        assert_eq!((at.timestamp_subsec_micros(), id.as_str()), (1, "t-1"));
        for text in ["", "t-1", "2026-11-20T10:00:00Z", "x/t-1"] {
            assert!(token(text).is_err(), "{text}");
        }
    }
}
