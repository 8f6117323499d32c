//! `railpoll transfers incoming notify`: what a wallet tells, handed in by somebody.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::actions::Actions;
use crate::actions::wallets::{Notified, NotifyAsked};
use crate::cli::failure::Failure;
use crate::cli::importing::text_of;
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::ByArgs;
use crate::engine::{Claimant, keyed};
use crate::views::{paid_json, settlements_json};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers incoming notify payment.json
  my-wallet | railpoll transfers incoming notify -

The file holds what the wallet has signed: {\"payment\": …, \"auth\": …}, or {\"confirmation\": …, \"auth\": …} when a payment is final. The wallet must be one of `railpoll wallets list`. Whoever hands it in vouches for where it came from, unless --caller tells.";

/// The notification.
#[derive(Debug, Args)]
pub(in crate::cli) struct NotifyArgs {
    /// The file with the notification; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The wallet's network, where it reports on several
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// From where the wallet has told it: it must be the address that it reports from
    #[arg(long, value_name = "IP")]
    caller: Option<IpAddr>,
    #[command(flatten)]
    by: ByArgs,
}

pub(super) async fn run(
    session: &Session,
    args: &NotifyArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let text = text_of(&args.file)?;
    let (settings, store) = (session.settings()?, session.store().await?);
    expect_place(settings, &store, Kind::Network, args.network.as_deref()).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let network = args.network.as_deref();
    let asked = NotifyAsked { text: &text, network, caller: args.caller };
    let Notified { row, already, done } = actions.notify(asked, &args.by.deed()).await?;
    let incoming = &row.incoming;
    let (place, id, status) = (&incoming.source, &incoming.incoming_id, row.status);
    if out.is_json() {
        return out.json(&keyed! {
            "place": place,
            "incoming_id": id,
            "status": status.as_str(),
            "verdict": row.verdict,
            "claimant": row.claimant.as_ref().map(|claimant| keyed! {
                "kind": claimant.kind().as_str(),
                "shop": claimant.shop(),
                "id": claimant.id(),
            }),
            "already": already,
            "paid": paid_json(&done),
            "settlements": settlements_json(&done.settlements),
        });
    }
    let before = if already { ", and was told before" } else { "" };
    out.line(format!("{id} on {place} is {status}{before}"))?;
    if let Some(Claimant::Order { shop, order_id }) = &row.claimant {
        out.line(format!("it names order {shop}/{order_id}"))?;
    }
    done.settlements.iter().try_for_each(|one| {
        out.line(format!("{} paid {} {} of {}", one.wallet, one.amount, one.asset, one.order))
    })
}
