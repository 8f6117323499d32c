//! `railpoll transfers resolve`: a person has found out what became of a transfer, and says so.

use clap::{Args, ValueEnum};

use super::{decide, missing};
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::{Cause, Step, Transfer, TransferStatus, legal, released_to};
use crate::store::{PayoutRow, Resolved};

pub(super) const EXAMPLES: &str = "\
Examples:
  railpoll transfers resolve t-1041 --as completed \\
    --reference 'SEPA 77120' --reason 'on the statement'
  railpoll transfers resolve t-1041 --as retry \\
    --reason 'the bank never had it'

completed: the money is where it was to go. refunded: it is back. retry: it surely was not moved; it is done again, by a new payout with a new key. error: it surely was not moved, and is not done again by itself.";

/// What became of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    Completed,
    Refunded,
    Retry,
    Error,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ResolveArgs {
    /// The transfer's id
    #[arg(value_name = "TRANSFER")]
    transfer_id: String,
    /// What became of it
    #[arg(long = "as", value_enum)]
    outcome: Outcome,
    /// The rail's or network's name for it
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    #[command(flatten)]
    why: WhyArgs,
}

pub(super) async fn run(
    session: &Session,
    args: ResolveArgs,
    out: &mut Out,
) -> Result<(), Failure> {
    let store = session.store().await?;
    let id = &args.transfer_id;
    let story = store.transfer_story(id).await?.ok_or_else(|| missing(id))?;
    let transfer = &story.transfer;
    let payout = story.payouts.iter().find(|payout| payout.finished_at.is_none());
    expect_fit(transfer, payout, args.outcome).map_err(Failure::Refused)?;
    let deed = args.why.deed();
    let mut step = step(transfer, &args).map_err(Failure::Refused)?;
    decide::go_on(&mut step, &session.settings()?).map_err(Failure::Refused)?;
    match payout {
        Some(payout) => {
            let resolved = match args.outcome {
                Outcome::Completed | Outcome::Refunded => {
                    Resolved::Delivered { reference: args.reference.clone() }
                }
                Outcome::Retry | Outcome::Error => Resolved::NotDelivered,
            };
            let id = &payout.payout_id;
            store.resolve_payout(id, &resolved, &deed, Some(&step), session.now()).await?;
        }
        None => {
            let steps = std::slice::from_ref(&step);
            if store.move_transfers(&deed, steps, &[], session.now()).await?.is_empty() {
                return Err(Failure::Refused(format!(
                    "transfer {id} was moved by somebody else meanwhile: look again"
                )));
            }
        }
    }
    decide::tell(id, transfer.status, step.to, Cause::Resolved, out)
}

/// A payout that brought the money to its beneficiary did not bring it back, and the other way round.
fn expect_fit(
    transfer: &Transfer,
    payout: Option<&PayoutRow>,
    outcome: Outcome,
) -> Result<(), String> {
    let is_refund = payout.is_some_and(|payout| payout.refund_id.is_some());
    match outcome {
        Outcome::Completed if is_refund => Err(format!(
            "the open payout of transfer {} is a refund: its money is not where it was to go",
            transfer.transfer_id
        )),
        // Trying again is paying out, and this money was to go back.
        Outcome::Retry if is_refund => Err(format!(
            "the open payout of transfer {id} is a refund: `--as error` says that it was not made, and `railpoll \
             transfers refund {id}` makes another",
            id = transfer.transfer_id
        )),
        Outcome::Refunded if payout.is_some() && !is_refund => Err(format!(
            "the open payout of transfer {} is no refund: say first what became of it",
            transfer.transfer_id
        )),
        Outcome::Completed | Outcome::Refunded | Outcome::Retry | Outcome::Error => Ok(()),
    }
}

fn step<'a>(transfer: &'a Transfer, args: &ResolveArgs) -> Result<Step<'a>, String> {
    let to = match args.outcome {
        Outcome::Completed => TransferStatus::Completed,
        Outcome::Refunded => TransferStatus::Refunded,
        Outcome::Error => TransferStatus::Error,
        Outcome::Retry => released_to(transfer),
    };
    let (id, status) = (&transfer.transfer_id, transfer.status);
    if legal(transfer.kind, status, to, Cause::Resolved).is_err() {
        return Err(format!(
            "transfer {id} is {status}: that is not for you to say; {}",
            decide::possible(transfer)
        ));
    }
    if status == TransferStatus::Error && transfer.amount_in.is_none() {
        return Err(format!("transfer {id} is {status}, and no money came in for it: it is over"));
    }
    let mut step = Step::new(transfer, to, Cause::Resolved).because(args.why.reason());
    if matches!(args.outcome, Outcome::Completed | Outcome::Refunded) {
        let goes_on_rail = transfer.kind.is_deposit() == transfer.is_refunding();
        let reference = args.reference.clone();
        if goes_on_rail {
            step.changes.rail_reference = reference;
        } else {
            step.changes.network_reference = reference;
        }
    }
    Ok(step)
}
