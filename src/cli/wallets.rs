//! `railpoll wallets`: the wallets that report what they get, and are believed.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::failure::Failure;
use super::lists::{ListFlags, Listed, counted, walk};
use super::names::{Kind, expect_place};
use super::output::Out;
use super::session::Session;
use super::table::{Column, Table};
use super::who::WhyArgs;
use crate::actions::Actions;
use crate::actions::wallets::WalletToAdd;
use crate::engine::read_time as time;
use crate::engine::{iso, relative};
use crate::networks::tari::TariAddress;
use crate::store::{Store, WalkStep, WalletRow};
use crate::views::Viewed;

const ADD_EXAMPLES: &str = "\
Example:
  railpoll wallets add 14s9… --ip-address 192.0.2.7 \\
    --reason 'the new till'

Whoever is there already reports from this address from then on; its nonce never falls.";

#[derive(Debug, Subcommand)]
pub(super) enum WalletsCommand {
    /// List the wallets that may report, by when they were added
    List(ListArgs),
    /// Let a wallet report what it gets, or have it report from elsewhere
    #[command(after_help = ADD_EXAMPLES)]
    Add(AddArgs),
    /// Let a wallet report no more
    #[command(after_help = "Example:\n  railpoll wallets remove 14s9… --reason 'key lost'")]
    Remove(RemoveArgs),
}

/// Which wallets to list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only wallets of this network
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    #[command(flatten)]
    flags: ListFlags,
    /// Only wallets that come after this one in the list
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    after: Option<Place>,
}

/// The wallet.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The wallet's address: base58, hexadecimal or emoji
    #[arg(value_name = "ADDRESS")]
    address: TariAddress,
    /// From where it reports
    #[arg(long, value_name = "IP")]
    ip_address: IpAddr,
    /// What it tells has a higher nonce than this
    #[arg(long, value_name = "N", default_value = "0", allow_hyphen_values = true)]
    nonce: i64,
    /// Its network, of kind tari [default: the only one]
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    #[command(flatten)]
    why: WhyArgs,
}

/// The wallet that goes.
#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// The wallet's address
    #[arg(value_name = "ADDRESS")]
    address: TariAddress,
    /// Its network, where it reports on several
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    #[command(flatten)]
    why: WhyArgs,
}

/// When a wallet was added, its network and its address.
type Place = (DateTime<Utc>, String, String);

fn token(text: &str) -> Result<Place, String> {
    let mut parts = text.splitn(3, '/');
    let (Some(at), Some(network), Some(address)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err("expected ADDED_AT/NETWORK/ADDRESS".to_owned());
    };
    Ok((time(at)?, network.to_owned(), address.to_owned()))
}

pub(super) async fn run(
    session: &Session,
    command: WalletsCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        WalletsCommand::List(args) => list(session, args, out).await,
        WalletsCommand::Add(args) => add(session, &args, out).await,
        WalletsCommand::Remove(args) => remove(session, &args, out).await,
    }
}

async fn list(session: &Session, args: ListArgs, out: &mut Out) -> Result<(), Failure> {
    let ListArgs { network, flags, mut after } = args;
    let only_count = flags.begin(out)?;
    let (settings, store) = (session.settings()?, session.look().await?);
    expect_place(settings, &store, Kind::Network, network.as_deref()).await?;
    let all = wallets(&store, network.as_deref(), &flags, session.now()).await?;
    if only_count {
        return counted::<WalletRow>(u64::try_from(all.len()).unwrap_or(u64::MAX), out);
    }
    // There are as many as a shop has tills: all of them fit.
    let step = async |room: u32, place: Option<Place>| {
        after = place.or(after.take());
        let behind = |row: &&WalletRow| {
            after.as_ref().is_none_or(|after| {
                let own = place_of(row);
                if flags.newest { own < *after } else { own > *after }
            })
        };
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let rows: Vec<WalletRow> = all.iter().filter(behind).take(room).cloned().collect();
        let next = rows.last().filter(|_| rows.len() >= room).map(place_of);
        Ok(WalkStep { rows, looked_at: 0, next })
    };
    let token = |(at, network, address): &Place| format!("{}/{network}/{address}", iso(*at));
    walk(session, &flags, out, "no wallets may report", step, token).await
}

fn place_of(row: &WalletRow) -> Place {
    (row.added_at, row.network.clone(), row.address.clone())
}

/// The wallets that the flags let through, in their order.
async fn wallets(
    store: &Store,
    network: Option<&str>,
    flags: &ListFlags,
    now: DateTime<Utc>,
) -> Result<Vec<WalletRow>, Failure> {
    let mut all = store.wallets(network).await?;
    let (since, until) = (flags.since(now), flags.until(now));
    all.retain(|row| {
        since.is_none_or(|since| row.added_at >= since)
            && until.is_none_or(|until| row.added_at < until)
    });
    all.sort_by_key(place_of);
    if flags.newest {
        all.reverse();
    }
    Ok(all)
}

impl Listed for WalletRow {
    const NAME: &'static str = "wallets";

    fn table(rows: &[Self], now: DateTime<Utc>) -> Table {
        let mut table = Table::new(&[
            Column::left("WALLET"),
            Column::left("NETWORK"),
            Column::left("REPORTS FROM"),
            Column::right("LAST NONCE"),
            Column::left("ADDED"),
        ]);
        for row in rows {
            table.row([
                row.address.as_str().into(),
                row.network.as_str().into(),
                row.ip_address.as_str().into(),
                row.last_nonce.to_string().into(),
                relative(row.added_at, now).into(),
            ]);
        }
        table
    }
}

async fn add(session: &Session, args: &AddArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let actions = Actions { store: &store, settings, now: session.now() };
    let wallet = WalletToAdd {
        network: args.network.as_deref(),
        address: &args.address,
        ip_address: args.ip_address,
        last_nonce: args.nonce,
    };
    let row = actions.add_wallet(&wallet, &args.why.deed()).await?;
    if out.is_json() {
        return out.json(&row.view());
    }
    let WalletRow { address, network, ip_address, last_nonce, .. } = row;
    out.line(format!(
        "wallet {address} of {network} may report from {ip_address}, with nonces above {last_nonce}"
    ))
}

async fn remove(session: &Session, args: &RemoveArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let actions = Actions { store: &store, settings, now: session.now() };
    let network = args.network.as_deref();
    let row = actions.remove_wallet(&args.address, network, &args.why.deed()).await?;
    if out.is_json() {
        return out.json(&row.view());
    }
    out.line(format!("wallet {} of {} reports no more", row.address, row.network))
}
