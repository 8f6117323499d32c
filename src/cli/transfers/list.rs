//! `railpoll transfers list`.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::lists::{ListFlags, Listed, counted, walk};
use crate::cli::names::{Kind, expect_asset, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::{Cell, Column, Paint, Table};
use crate::engine::read_time as time;
use crate::engine::{Amount, Transfer, TransferKind, TransferStatus, iso, relative};
use crate::store::{TransferFilter, TransferPlace};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers list --status on_hold
  railpoll transfers list --rail bank --since 2h
  railpoll transfers list --memo 1041 --newest
  railpoll transfers list --format csv > transfers.csv

The next page: the last line of the table is the command for it. With --json, put the last object's created_at/transfer_id after --after.

A list that has looked at a million transfers without an end says so, and how to go on.";

/// Which transfers to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    flags: ListFlags,
    /// Only transfers that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<TransferPlace>,
}

/// What is asked of a transfer in the list.
#[derive(Debug, Args)]
struct WhichArgs {
    /// Only transfers in this status, such as `on_hold`
    #[arg(long, value_parser = known::status())]
    status: Option<TransferStatus>,
    /// Only transfers of this kind
    #[arg(long, value_parser = known::kind())]
    kind: Option<TransferKind>,
    /// Only transfers of this rail
    #[arg(long)]
    rail: Option<String>,
    /// Only transfers of this network
    #[arg(long)]
    network: Option<String>,
    /// Only transfers of this configured asset
    #[arg(long)]
    asset: Option<String>,
    /// Only transfers of which this amount is expected, came in or goes out: 100 is 100.00
    #[arg(long)]
    amount: Option<Amount>,
    /// Only transfers with this memo
    #[arg(long)]
    memo: Option<String>,
    /// Only transfers with this subject, whatever a bank made of its blanks and case
    #[arg(long)]
    subject: Option<String>,
    /// Only transfers with this reference of the rail or the network, or for the payment with this id
    #[arg(long)]
    reference: Option<String>,
    /// Only transfers that this address or account pays
    #[arg(long, value_name = "ADDRESS")]
    payer: Option<String>,
}

fn token(text: &str) -> Result<TransferPlace, String> {
    let (at, id) = text.split_once('/').ok_or("expected CREATED_AT/TRANSFER_ID")?;
    Ok((time(at)?, id.to_owned()))
}

pub(super) async fn run(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { which, flags, after } = args;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Rail, which.rail.as_deref()).await?;
    expect_place(settings, &store, Kind::Network, which.network.as_deref()).await?;
    expect_asset(settings, &store, which.asset.as_deref()).await?;
    let mut filter = TransferFilter {
        status: which.status,
        kind: which.kind,
        rail: which.rail,
        network: which.network,
        asset: which.asset,
        amount: which.amount,
        memo: which.memo,
        subject: which.subject,
        reference: which.reference,
        payer: which.payer,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after,
        limit: 0,
    };
    if only_count {
        return counted::<Transfer>(store.transfers_count(&filter).await?, out);
    }
    let step = async |room, place: Option<TransferPlace>| {
        filter.after = place.or(filter.after.take());
        filter.limit = room;
        Ok(store.transfers_step(&filter).await?)
    };
    walk(session, &flags, out, "no transfers", step, |(at, id)| format!("{}/{id}", iso(*at))).await
}

impl Listed for Transfer {
    const NAME: &'static str = "transfers";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        table(rows, now)
    }
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
