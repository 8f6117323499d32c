//! `railpoll transfers hold|release|refund|move`: a person's moves, each one of the table of legal moves.

use clap::{Args, Subcommand};
use serde_json::json;

use super::accept::accepted;
use super::find;
use crate::cli::decisions::{expect_one, expect_version};
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::config::Settings;
use crate::engine::{
    Actor, Cause, MOVES, Move, Step, Transfer, TransferStatus, legal, released_to,
};
use crate::http::named_twice;
use crate::states::{Assets, CameIn, refund_for};
use crate::store::{Deed, NewRefund, Store};

const REFUND_EXAMPLES: &str = "\
Examples:
  railpoll transfers refund t-1041 --reason 'account closed'
  railpoll transfers refund t-1041 --reason 'closed' \\
    --beneficiary '{\"iban\": \"DE02…\"}'

All that came in goes back: a deposit's money on its rail, that of a withdrawal or send on its network.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DecideCommand {
    /// Stop transfers: nothing is done with them until they are released
    #[command(
        after_help = "Example:\n  railpoll transfers hold t-1041 --reason 'ask the customer'"
    )]
    Hold(WhichArgs),
    /// Let transfers go on that are on hold, or failed
    #[command(after_help = "Example:\n  railpoll transfers release t-1041 --reason 'it is theirs'")]
    Release(WhichArgs),
    /// Send the money of transfers back to where it came from
    #[command(after_help = REFUND_EXAMPLES)]
    Refund(RefundArgs),
    /// Make another move that is for a person to make, such as to `pending_receiver`
    #[command(
        after_help = "Example:\n  railpoll transfers move t-1041 --to pending_receiver \\\n    --reason 'new IBAN'"
    )]
    Move(MoveArgs),
}

/// Which transfers, who decides, and why.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichArgs {
    /// The transfers' ids; each is decided on alone
    #[arg(value_name = "TRANSFER", required = true)]
    transfer_ids: Vec<String>,
    /// Only if this is its version still, as `transfers show` tells it: what you saw is what you decide on
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    #[command(flatten)]
    why: WhyArgs,
}

/// Whose money goes back, and to whom.
#[derive(Debug, Args)]
pub(in crate::cli) struct RefundArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Deposit: whom the rail pays, as JSON, where it did not tell who paid
    #[arg(long, value_name = "JSON", value_parser = json_text)]
    beneficiary: Option<String>,
}

pub(super) fn json_text(text: &str) -> Result<String, String> {
    if let Some(fault) = named_twice(text) {
        return Err(fault);
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The status that they are to have
    #[arg(long, value_name = "STATUS", value_parser = known::status())]
    to: TransferStatus,
}

/// What is to be done with each transfer.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Hold,
    Release,
    Refund,
    Move(TransferStatus),
}

pub(super) async fn run(
    session: &Session,
    command: DecideCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let (which, wish, beneficiary) = match command {
        DecideCommand::Hold(which) => (which, Wish::Hold, None),
        DecideCommand::Release(which) => (which, Wish::Release, None),
        DecideCommand::Refund(RefundArgs { which, beneficiary }) => {
            (which, Wish::Refund, beneficiary)
        }
        DecideCommand::Move(MoveArgs { which, to }) => (which, Wish::Move(to), None),
    };
    let WhichArgs { transfer_ids: ids, version, why } = which;
    expect_one(&ids, version)?;
    let (deed, why) = (why.deed(), why.reason());
    let settings = session.settings()?;
    let assets = Assets::of(&settings).map_err(Failure::Refused)?;
    let store = session.store().await?;
    crate::cli::each(&ids, out, async |id, out| {
        let transfer = find(&store, id).await?;
        expect_version("transfer", id, transfer.version, version)?;
        let mut step = step(&transfer, wish, why).map_err(Failure::Refused)?;
        go_on(&mut step, &settings).map_err(Failure::Refused)?;
        let refund = match wish {
            Wish::Refund => {
                let before = store.refunds_decided(std::slice::from_ref(id)).await?;
                let refunds = before.get(id).copied().unwrap_or(0);
                Some(refund_of(&transfer, &assets, why, beneficiary.clone(), refunds)?)
            }
            Wish::Hold | Wish::Release | Wish::Move(_) => None,
        };
        make(session, &store, (step, refund), &deed, out).await
    })
    .await
}

/// The move that a person wishes for.
fn step<'a>(transfer: &'a Transfer, wish: Wish, reason: &str) -> Result<Step<'a>, String> {
    let status = transfer.status;
    let (to, cause) = match wish {
        Wish::Hold => (TransferStatus::OnHold, Cause::Held),
        Wish::Release if status == TransferStatus::Error => (released_to(transfer), Cause::Retried),
        Wish::Release => (released_to(transfer), Cause::Released),
        Wish::Refund => (TransferStatus::PendingAnchor, Cause::RefundDecided),
        Wish::Move(to) => (to, cause_of(transfer, to)?),
    };
    let step = Step::new(transfer, to, cause);
    if legal(transfer.kind, status, to, cause).is_err() {
        return Err(format!(
            "transfer {} is {status}: {}",
            transfer.transfer_id,
            possible(transfer)
        ));
    }
    Ok(step.because(reason))
}

/// Whoever lets a transfer go on accepts the amount that came for it.
pub(super) fn go_on(step: &mut Step<'_>, settings: &Settings) -> Result<(), String> {
    let goes_on = match step.to {
        TransferStatus::PendingAnchor | TransferStatus::PendingReceiver => {
            step.cause != Cause::RefundDecided
        }
        TransferStatus::Incomplete
        | TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingExternal
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingUser
        | TransferStatus::PendingSender
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::OnHold
        | TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => false,
    };
    if let (true, Some(received)) = (goes_on, &step.transfer.amount_in) {
        let (out, fee) = accepted(step.transfer, received, settings)?;
        step.changes.amount_out = Some(out);
        step.changes.amount_fee = Some(fee);
    }
    Ok(())
}

/// The moves from where the transfer stands that are for a person.
fn for_person(transfer: &Transfer) -> impl Iterator<Item = &'static Move> {
    let (kind, status) = (transfer.kind, transfer.status);
    MOVES.iter().filter(move |one| {
        one.by == Actor::Operator && one.kinds.contains(&kind) && one.from.contains(&status)
    })
}

/// The command that makes a move, where it is another than `move`: it has more to say than a status.
fn own_command(one: &Move) -> Option<&'static str> {
    match one.cause {
        Cause::Held => Some("hold"),
        Cause::Released | Cause::Retried => Some("release"),
        Cause::RefundDecided => Some("refund"),
        Cause::Assigned => Some("incoming assign"),
        // The money waits at a counter, as the rail says: that ends nothing.
        Cause::Resolved if one.to == TransferStatus::PendingUserTransferComplete => None,
        Cause::Resolved => Some("resolve"),
        Cause::Corrected => Some("correct"),
        Cause::UserReady
        | Cause::UserAsked
        | Cause::TurnedDown
        | Cause::ArrivalSeen
        | Cause::Arrived
        | Cause::ArrivalHeld
        | Cause::ArrivalReturned
        | Cause::ArrivalFailed
        | Cause::DeadlinePassed
        | Cause::Sent
        | Cause::TrustMissing
        | Cause::TrustFound
        | Cause::SendLapsed
        | Cause::SendHeld
        | Cause::Applied
        | Cause::Initiated
        | Cause::Delivered
        | Cause::PayoutFailed
        | Cause::InformationAsked
        | Cause::PayoutUnclear
        | Cause::PayoutHeld
        | Cause::DecisionVoid
        | Cause::RefundStarted
        | Cause::RefundLapsed
        | Cause::RefundDone
        | Cause::RefundFailed
        | Cause::Informed => None,
    }
}

fn cause_of(transfer: &Transfer, to: TransferStatus) -> Result<Cause, String> {
    let mut found = for_person(transfer).filter(|one| one.to == to && own_command(one).is_none());
    found.next().map(|one| one.cause).ok_or_else(|| {
        format!(
            "transfer {} is {} and cannot simply become {to}: {}",
            transfer.transfer_id,
            transfer.status,
            possible(transfer)
        )
    })
}

/// What a person can do with the transfer.
pub(super) fn possible(transfer: &Transfer) -> String {
    let way = |one: &Move| {
        own_command(one).map_or_else(|| format!("move --to {}", one.to), str::to_owned)
    };
    let mut ways: Vec<String> = for_person(transfer).map(way).collect();
    ways.sort_unstable();
    ways.dedup();
    if ways.is_empty() {
        return "nothing is for a person to do; `railpoll transfers explain` tells what comes next"
            .to_owned();
    }
    format!("what can be done with it: {}", ways.join(", "))
}

/// Everything that came in goes back.
fn refund_of(
    transfer: &Transfer,
    assets: &Assets,
    reason: &str,
    beneficiary: Option<String>,
    refunds: u32,
) -> Result<NewRefund, Failure> {
    let id = &transfer.transfer_id;
    let refused = |why: String| Failure::Refused(format!("transfer {id}: {why}"));
    let Some(amount) = transfer.amount_in.clone() else {
        return Err(refused("no money came in that could go back".to_owned()));
    };
    if beneficiary.is_some() && !transfer.kind.is_deposit() {
        return Err(refused(format!(
            "its money goes back on the network {}, to where it came from: --beneficiary is for deposits",
            transfer.network
        )));
    }
    let came = CameIn {
        amount,
        from: transfer.from_address.clone(),
        reference: transfer.network_reference.clone(),
        refunds,
    };
    let Some(mut refund) = refund_for(transfer, came, assets, reason.to_owned()) else {
        return Err(refused(format!(
            "the money came on {}, where nothing can be sent from here: send it back there; then {}",
            transfer.network,
            by_hand(transfer)
        )));
    };
    refund.beneficiary = beneficiary.or(refund.beneficiary);
    let is_known = if transfer.kind.is_deposit() {
        refund.beneficiary.is_some()
    } else {
        refund.destination.is_some()
    };
    if is_known {
        return Ok(refund);
    }
    let way_out = if transfer.kind.is_deposit() {
        format!("say whom rail {} is to pay with --beneficiary", transfer.rail)
    } else {
        format!("send it back by hand; then {}", by_hand(transfer))
    };
    Err(refused(format!("nobody knows who paid: {way_out}")))
}

/// How a person says that the money was sent back by hand.
fn by_hand(transfer: &Transfer) -> String {
    let id = &transfer.transfer_id;
    let resolve = format!("`railpoll transfers resolve {id} --as refunded`");
    if legal(transfer.kind, transfer.status, TransferStatus::Refunded, Cause::Resolved).is_ok() {
        return format!("{resolve} puts it on record");
    }
    format!("`railpoll transfers hold {id}` and {resolve} put it on record")
}

async fn make(
    session: &Session,
    store: &Store,
    (mut step, refund): (Step<'_>, Option<NewRefund>),
    deed: &Deed,
    out: &mut Out,
) -> Result<(), Failure> {
    let (id, was) = (step.transfer.transfer_id.clone(), step.transfer.status);
    step.changes.refund_id = refund.as_ref().map(|refund| refund.refund_id.clone());
    let steps = std::slice::from_ref(&step);
    let moved = store.move_transfers(deed, steps, refund.as_slice(), session.now()).await?;
    if moved.is_empty() {
        return Err(Failure::Refused(format!(
            "transfer {id} was moved by somebody else meanwhile: look again"
        )));
    }
    tell(&id, was, step.to, step.cause, out)
}

/// Says what was done.
pub(super) fn tell(
    id: &str,
    was: TransferStatus,
    now: TransferStatus,
    cause: Cause,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json() {
        return out.json(&json!({
            "transfer_id": id,
            "was": was.as_str(),
            "status": now.as_str(),
            "cause": cause.as_str(),
        }));
    }
    out.line(format!("{id} was {was}, and is {now}"))
}
