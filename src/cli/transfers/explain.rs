//! `railpoll transfers explain`: why a transfer stands where it stands, what comes next, and when.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::actions::transfers::story;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::config::Settings;
use crate::engine::decide::accept::accepted;
use crate::engine::{
    Explanation, Foreign, IncomingStatus, Poller, Surroundings, Transfer, WayBack, asset_of,
    explain, iso, keyed, readable, relative,
};
use crate::store::{IncomingRow, Store, TransferStory};
use crate::views::status::{Standing, look};

/// Which transfers to explain.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// The transfers' ids
    #[arg(value_name = "TRANSFER", required = true)]
    transfer_ids: Vec<String>,
}

pub(super) async fn run(
    session: &Session,
    args: &ExplainArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.look().await?;
    let whole = look(&store, settings, false, session.now()).await?;
    crate::cli::each(&args.transfer_ids, out, async |id, out| {
        one(settings, &store, &whole.standings, (id, session.now()), out).await
    })
    .await
}

async fn one(
    settings: &Settings,
    store: &Store,
    standings: &[Standing],
    (id, now): (&str, DateTime<Utc>),
    out: &mut Out,
) -> Result<(), Failure> {
    let story = story(store, id).await?;
    let id = &story.transfer.transfer_id;
    let told = explain(&story.transfer, &around(&story, settings), now);
    let actor = actor(&told);
    let off = actor.filter(|poller| is_off(settings, *poller));
    let silent = actor.filter(|poller| is_silent(standings, *poller, &story.transfer));
    let status = story.transfer.status;
    if out.is_json() {
        return out.json(&keyed! {
            "transfer_id": id,
            "status": status.as_str(),
            "reason": told.why,
            "next": told.next,
            "at": told.when.map(iso),
            "switched_off": off.map(Poller::name),
            "silent": silent.map(Poller::name),
        });
    }
    out.heading(&format!("{id} is {status}"))?;
    out.line(format!("  why   {}", told.why))?;
    out.line(format!("  next  {}", told.next))?;
    if let Some(when) = told.when {
        out.line(format!("  when  {} ({})", readable(when), relative(when, now)))?;
    }
    if let Some(poller) = off {
        out.line(format!(
            "  but   the poller {poller} is switched off here: `railpoll config show pollers` tells"
        ))?;
    }
    if let Some(poller) = silent {
        out.line(format!(
            "  but   nobody runs {poller}, or it stands still: `railpoll status` tells more"
        ))?;
    }
    Ok(())
}

/// What is open around a transfer.
fn around<'a>(story: &'a TransferStory, settings: &Settings) -> Surroundings<'a> {
    let transfer = &story.transfer;
    let payout = story.payouts.iter().find(|payout| payout.finished_at.is_none());
    let envelope = story.envelopes.iter().find(|envelope| envelope.finished_at.is_none());
    Surroundings {
        payout: payout.map(|payout| (payout.status, payout.attempts, payout.answer.as_deref())),
        payout_not_before: payout.map(|payout| payout.not_before),
        envelope: envelope.map(|envelope| (envelope.status, envelope.max_time)),
        is_claimed: payout.is_some_and(|payout| payout.claimed_by.is_some()),
        foreign: story.incoming.iter().rev().find_map(foreign),
        is_unacceptable: transfer
            .amount_in
            .as_ref()
            .is_some_and(|amount| accepted(transfer, amount, &settings.assets).is_err()),
        way_back: way_back(transfer, settings),
    }
}

/// Money that came for it, and is not of what it is.
fn foreign(row: &IncomingRow) -> Option<Foreign<'_>> {
    let is_there = row.status == IncomingStatus::Confirmed;
    (is_there && row.verdict == "wrong_asset").then(|| Foreign {
        incoming_id: &row.incoming.incoming_id,
        has_payer: row.incoming.from.is_some(),
        is_refunded: row.resolution.is_some(),
    })
}

/// How its money can go back.
fn way_back(transfer: &Transfer, settings: &Settings) -> WayBack {
    let has_payer = transfer.from_address.is_some();
    if transfer.kind.is_deposit() {
        return if has_payer { WayBack::Payer } else { WayBack::Named };
    }
    let is_sent_on = asset_of(&settings.assets, transfer).is_some();
    if has_payer && is_sent_on { WayBack::Payer } else { WayBack::ByHand }
}

/// The poller that would do what comes next.
fn actor(told: &Explanation) -> Option<Poller> {
    let pollers = [Poller::PendingDeposits, Poller::Outgoing, Poller::Watch];
    pollers.into_iter().find(|poller| told.next.starts_with(poller.name()))
}

fn is_off(settings: &Settings, poller: Poller) -> bool {
    !settings.pollers.get(&poller).is_some_and(|own| own.enabled)
}

/// Whether it is to run at a place of the transfer, and is gone or stands still there, each of its workers.
fn is_silent(standings: &[Standing], poller: Poller, transfer: &Transfer) -> bool {
    [transfer.rail.as_str(), transfer.network.as_str()].into_iter().any(|place| {
        let is_there = |standing: &&Standing| {
            standing.scope.poller == poller && standing.scope.place() == place
        };
        let mut workers = standings.iter().filter(is_there).peekable();
        workers.peek().is_some() && workers.all(|standing| standing.silence.is_some())
    })
}
