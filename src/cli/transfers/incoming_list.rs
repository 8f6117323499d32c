//! `railpoll transfers incoming list`: money that reached us.

use chrono::{DateTime, Utc};
use clap::Args;

use super::incoming_show;
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::lists::{ListFlags, Listed, counted, walk};
use crate::cli::names::{Kind, expect_asset_in, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::engine::read_time as time;
use crate::engine::{Amount, IncomingStatus, iso};
use crate::store::{IncomingFilter, IncomingPlace, IncomingRow};

/// Which incoming payments to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// What was matched, assigned or sent back, or is not confirmed, too
    #[arg(long)]
    all: bool,
    /// Only with this status, whatever was made of it
    #[arg(long, value_parser = known::incoming_status())]
    status: Option<IncomingStatus>,
    /// Only of this network or rail
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
    /// Only of this asset: its name in the configuration, or what its place calls it
    #[arg(long)]
    asset: Option<String>,
    /// Only of this amount: 100 is 100.00
    #[arg(long)]
    amount: Option<Amount>,
    /// Only with this memo
    #[arg(long)]
    memo: Option<String>,
    /// Only with this subject
    #[arg(long)]
    subject: Option<String>,
    /// Only with this reference: a transaction's hash, or what the rail calls it
    #[arg(long)]
    reference: Option<String>,
    /// Only what this address or account paid
    #[arg(long, value_name = "ADDRESS")]
    payer: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only what comes after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<IncomingPlace>,
}

fn token(text: &str) -> Result<IncomingPlace, String> {
    let mut parts = text.splitn(3, '/');
    let (Some(at), Some(place), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("expected RECEIVED_AT/PLACE/INCOMING_ID".to_owned());
    };
    Ok((time(at)?, place.to_owned(), id.to_owned()))
}

pub(super) async fn run(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let flags = args.flags;
    let only_count = flags.begin(out)?;
    let now = session.now();
    let settings = session.settings()?;
    let store = session.look().await?;
    expect_place(settings, &store, Kind::Place, args.place.as_deref()).await?;
    let asset_ids = expect_asset_in(settings, &store, args.asset.as_deref()).await?;
    let mut filter = IncomingFilter {
        unmatched: !args.all && args.status.is_none(),
        status: args.status,
        source: args.place,
        asset_ids,
        amount: args.amount,
        memo: args.memo,
        subject: args.subject,
        reference: args.reference,
        payer: args.payer,
        since: flags.since(now),
        until: flags.until(now),
        newest: flags.newest,
        after: args.after,
        limit: 0,
    };
    if only_count {
        return counted::<IncomingRow>(store.incoming_count(&filter).await?, out);
    }
    let nothing = if args.all { "no money came" } else { "all money belongs to a transfer" };
    let step = async |room, place: Option<IncomingPlace>| {
        filter.after = place.or(filter.after.take());
        filter.limit = room;
        Ok(store.incoming_step(&filter).await?)
    };
    walk(session, &flags, out, nothing, step, |(at, place, id)| {
        format!("{}/{place}/{id}", iso(*at))
    })
    .await
}

impl Listed for IncomingRow {
    const NAME: &'static str = "incoming payments";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        incoming_show::table(rows, now)
    }
}
