//! `railpoll transfers hold|release|refund|move`: a person's moves, each one of the table of legal moves.

use clap::{Args, Subcommand};
use serde_json::json;

use super::find;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::engine::{
    Actor, Cause, MOVES, Step, Transfer, TransferStatus, released_to,
};
use crate::store::{NewRefund, Store};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DecideCommand {
    /// Stop transfers: nothing is done with them until they are released
    #[command(after_help = "Example:\n  railpoll transfers hold t-1041 --reason 'ask the customer'")]
    Hold(WhyArgs),
    /// Let transfers go on that are on hold, or failed
    #[command(after_help = "Example:\n  railpoll transfers release t-1041")]
    Release(WhichArgs),
    /// Send the money of transfers back to where it came from
    #[command(after_help = "Example:\n  railpoll transfers refund t-1041 --reason 'account closed'")]
    Refund(WhyArgs),
    /// Make another move that is for a person to make, such as from incomplete to pending_user_transfer_start
    #[command(after_help = "Example:\n  railpoll transfers move t-1041 --to pending_receiver --reason 'new IBAN'")]
    Move(MoveArgs),
}

/// Which transfers.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichArgs {
    /// The transfers' ids; each is decided on alone
    #[arg(value_name = "TRANSFER", required = true)]
    transfer_ids: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which transfers, and why.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhyArgs {
    /// The transfers' ids; each is decided on alone
    #[arg(value_name = "TRANSFER", required = true)]
    transfer_ids: Vec<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MoveArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The status that they are to have
    #[arg(long, value_name = "STATUS")]
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
    let (ids, reason, wish) = match command {
        DecideCommand::Hold(args) => (args.transfer_ids, Some(args.reason), Wish::Hold),
        DecideCommand::Release(args) => (args.transfer_ids, args.reason, Wish::Release),
        DecideCommand::Refund(args) => (args.transfer_ids, Some(args.reason), Wish::Refund),
        DecideCommand::Move(args) => {
            (args.which.transfer_ids, args.which.reason, Wish::Move(args.to))
        }
    };
    let store = session.store().await?;
    crate::cli::each(&ids, out, async |id, out| {
        let transfer = find(&store, id).await?;
        let step = step(&transfer, wish, reason.as_deref()).map_err(Failure::Refused)?;
        let refund = match wish {
            Wish::Refund => Some(refund_of(&transfer, reason.as_deref().unwrap_or_default())),
            Wish::Hold | Wish::Release | Wish::Move(_) => None,
        };
        make(session, &store, step, refund, out).await
    })
    .await
}

/// The move that a person wishes for.
fn step<'a>(
    transfer: &'a Transfer,
    wish: Wish,
    reason: Option<&str>,
) -> Result<Step<'a>, String> {
    let status = transfer.status;
    let (to, cause) = match wish {
        Wish::Hold => (TransferStatus::OnHold, Cause::Held),
        Wish::Release if status == TransferStatus::Error => (released_to(transfer), Cause::Retried),
        Wish::Release => (released_to(transfer), Cause::Released),
        Wish::Refund => (TransferStatus::PendingAnchor, Cause::RefundDecided),
        Wish::Move(to) => (to, cause_of(transfer, to)?),
    };
    let step = Step::new(transfer, to, cause);
    if crate::engine::legal(transfer.kind, status, to, cause).is_err() {
        return Err(format!("transfer {} is {status}: {}", transfer.transfer_id, possible(transfer)));
    }
    Ok(match reason {
        Some(reason) => step.because(reason),
        None => step,
    })
}

/// The moves from where the transfer stands that are for a person.
fn for_person(transfer: &Transfer) -> impl Iterator<Item = &'static crate::engine::Move> {
    let (kind, status) = (transfer.kind, transfer.status);
    MOVES.iter().filter(move |one| {
        one.by == Actor::Operator && one.kinds.contains(&kind) && one.from.contains(&status)
    })
}

/// The moves that have a command of their own, with more than a status to say.
const OWN_COMMANDS: [Cause; 6] = [
    Cause::Held,
    Cause::Released,
    Cause::Retried,
    Cause::RefundDecided,
    Cause::Assigned,
    Cause::Resolved,
];

fn cause_of(transfer: &Transfer, to: TransferStatus) -> Result<Cause, String> {
    let mut found = for_person(transfer).filter(|one| one.to == to);
    found.find(|one| !OWN_COMMANDS.contains(&one.cause)).map(|one| one.cause).ok_or_else(|| {
        format!(
            "transfer {} is {} and cannot simply become {to}: {}",
            transfer.transfer_id,
            transfer.status,
            possible(transfer)
        )
    })
}

/// What a person can do with the transfer.
fn possible(transfer: &Transfer) -> String {
    let mut ways: Vec<String> = for_person(transfer)
        .map(|one| match one.cause {
            Cause::Held => "hold".to_owned(),
            Cause::Released | Cause::Retried => "release".to_owned(),
            Cause::RefundDecided => "refund".to_owned(),
            Cause::Assigned => "incoming assign".to_owned(),
            Cause::Resolved => "resolve".to_owned(),
            _ => format!("move --to {}", one.to),
        })
        .collect();
    ways.sort_unstable();
    ways.dedup();
    if ways.is_empty() {
        return "nothing is for a person to do; `railpoll transfers explain` tells what comes next"
            .to_owned();
    }
    format!("what can be done with it: {}", ways.join(", "))
}

/// Everything that came in goes back.
fn refund_of(transfer: &Transfer, reason: &str) -> Option<NewRefund> {
    let amount = transfer.amount_in.clone()?;
    let (place, asset) = if transfer.kind.is_deposit() {
        (&transfer.rail, &transfer.currency)
    } else {
        (&transfer.network, &transfer.asset)
    };
    Some(NewRefund {
        refund_id: uuid::Uuid::new_v4().to_string(),
        transfer_id: Some(transfer.transfer_id.clone()),
        incoming: None,
        place: place.clone(),
        amount,
        asset: asset.clone(),
        destination: transfer.from_address.clone(),
        memo: None,
        beneficiary: None,
        reason: reason.to_owned(),
    })
}

async fn make(
    session: &Session,
    store: &Store,
    mut step: Step<'_>,
    refund: Option<Option<NewRefund>>,
    out: &mut Out,
) -> Result<(), Failure> {
    let (id, was) = (step.transfer.transfer_id.clone(), step.transfer.status);
    let refund = match refund {
        None => None,
        Some(None) => {
            return Err(Failure::Refused(format!("no money came in for transfer {id}")));
        }
        Some(Some(refund)) => Some(refund),
    };
    step.changes.refund_id = refund.as_ref().map(|refund| refund.refund_id.clone());
    let steps = std::slice::from_ref(&step);
    let moved = store.move_transfers(None, steps, refund.as_slice(), session.now()).await?;
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
