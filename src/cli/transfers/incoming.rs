//! `railpoll transfers incoming`: money that reached us, and what a person makes of what belongs to no transfer.

use clap::{Args, Subcommand};

use super::accept::accepted;
use super::{decide, find, incoming_list};
use crate::cli::failure::Failure;
use crate::cli::names::{self, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::{Amount, Cause, Incoming, Step, Transfer, legal, released_to};
use crate::states::refund_of_incoming;
use crate::store::{IncomingRow, Store};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IncomingCommand {
    /// List money that belongs to no transfer, oldest first
    List(incoming_list::ListArgs),
    /// Give money that was not matched to the transfer that it is for
    #[command(
        after_help = "Example:\n  railpoll transfers incoming assign 4294971393 t-1041 \\\n    --reason 'they wrote'"
    )]
    Assign(AssignArgs),
    /// Send money that was not matched back to where it came from
    #[command(
        after_help = "Example:\n  railpoll transfers incoming refund 4294971393 \\\n    --reason 'no such customer'"
    )]
    Refund(RefundArgs),
}

/// Which incoming payment.
#[derive(Debug, Args)]
struct WhichArgs {
    /// The incoming payment's id
    #[arg(value_name = "INCOMING")]
    incoming_id: String,
    /// The network or rail that it came on, where several have such an id
    #[arg(long, value_name = "NAME")]
    place: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AssignArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// The transfer that it is for
    #[arg(value_name = "TRANSFER")]
    transfer_id: String,
    #[command(flatten)]
    why: WhyArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RefundArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// On a rail: whom it pays, as JSON, where it did not tell who paid
    #[arg(long, value_name = "JSON", value_parser = decide::json_text)]
    beneficiary: Option<String>,
    #[command(flatten)]
    why: WhyArgs,
}

pub(super) async fn run(
    session: &Session,
    command: IncomingCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        IncomingCommand::List(args) => incoming_list::run(session, args, out).await,
        IncomingCommand::Assign(args) => assign(session, args, out).await,
        IncomingCommand::Refund(args) => refund(session, args, out).await,
    }
}

/// The incoming payment that is meant: the one with this id, or whose id alone begins so.
async fn row(session: &Session, store: &Store, which: &WhichArgs) -> Result<IncomingRow, Failure> {
    let (id, place) = (&which.incoming_id, which.place.as_deref());
    expect_place(&session.settings()?, store, names::Kind::Place, place).await?;
    let mut found = store.incoming_beginning(id, place, names::CANDIDATES).await?;
    if found.iter().any(|row| row.incoming.incoming_id == *id) {
        found.retain(|row| row.incoming.incoming_id == *id);
    } else if !names::may_begin(id) {
        found.clear();
    }
    let of = |row: &IncomingRow| row.incoming.incoming_id.clone();
    if found.iter().any(|row| of(row) != of(&found[0])) {
        let ids: Vec<String> = found.iter().map(of).collect();
        return Err(names::ambiguous("incoming payments", id, &ids));
    }
    match (found.pop(), found.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(Failure::Refused(format!(
            "incoming payment {id} is on several networks or rails: say which with --place"
        ))),
        (None, _) => Err(Failure::Refused(format!(
            "there is no incoming payment {id}{}; `railpoll transfers incoming list --all` shows what there is",
            names::too_short(id)
        ))),
    }
}

async fn assign(session: &Session, args: AssignArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let row = row(session, &store, &args.which).await?;
    let transfer = find(&store, &args.transfer_id).await?;
    let id = &transfer.transfer_id;
    let Some(asset) = settings.assets.get(&transfer.asset) else {
        return Err(Failure::Refused(format!(
            "the asset {} of transfer {id} is not in the configuration",
            transfer.asset
        )));
    };
    let incoming = &row.incoming;
    let (place, expected) = if transfer.kind.is_deposit() {
        (&transfer.rail, asset.currency.clone())
    } else {
        (&transfer.network, asset.code.to_string())
    };
    if incoming.asset != expected || incoming.source != *place {
        return Err(Failure::Refused(format!(
            "{} {} came on {}, and transfer {id} is of {expected} on {place}: send it back with `railpoll transfers \
             incoming refund`",
            incoming.amount, incoming.asset, incoming.source
        )));
    }
    let (goes_out, fee) =
        accepted(&transfer, &incoming.amount, &settings).map_err(Failure::Refused)?;
    let step = step(&transfer, incoming, goes_out, fee, args.why.reason());
    if legal(transfer.kind, transfer.status, step.to, step.cause).is_err() {
        return Err(Failure::Refused(format!(
            "transfer {id} is {}, and takes no money: {}",
            transfer.status,
            decide::possible(&transfer)
        )));
    }
    let (deed, now) = (args.why.deed(), session.now());
    store.assign_incoming(&incoming.source, &incoming.incoming_id, &step, &deed, now).await?;
    decide::tell(id, transfer.status, step.to, Cause::Assigned, out)
}

fn step<'a>(
    transfer: &'a Transfer,
    incoming: &Incoming,
    goes_out: Amount,
    fee: Amount,
    reason: &str,
) -> Step<'a> {
    let paid = Transfer { amount_in: Some(incoming.amount.clone()), ..transfer.clone() };
    let mut step = Step::new(transfer, released_to(&paid), Cause::Assigned);
    let changes = &mut step.changes;
    changes.amount_in = paid.amount_in;
    changes.amount_out = Some(goes_out);
    changes.amount_fee = Some(fee);
    changes.from_address.clone_from(&incoming.from);
    let reference = Some(incoming.reference.clone());
    if transfer.kind.is_deposit() {
        changes.rail_reference = reference;
    } else {
        changes.network_reference = reference;
    }
    changes.message = Some(reason.to_owned());
    step
}

async fn refund(session: &Session, args: RefundArgs, out: &mut Out) -> Result<(), Failure> {
    let settings = session.settings()?;
    let store = session.store().await?;
    let row = row(session, &store, &args.which).await?;
    let incoming = &row.incoming;
    let is_on_rail = settings.rails.contains_key(&incoming.source);
    let (source, id) = (&incoming.source, &incoming.incoming_id);
    let to = match (&args.beneficiary, &incoming.from) {
        (Some(_), _) if !is_on_rail => {
            return Err(Failure::Refused(format!(
                "{id} goes back on the network {source}, to where it came from: --beneficiary is for rails"
            )));
        }
        (Some(beneficiary), _) => beneficiary,
        (None, Some(from)) => from,
        (None, None) if is_on_rail => {
            return Err(Failure::Refused(format!(
                "nobody knows who sent {id}: say whom rail {source} is to pay with --beneficiary"
            )));
        }
        (None, None) => {
            return Err(Failure::Refused(format!(
                "nobody knows who sent {id}: send it back by hand, or give it to a transfer with `railpoll transfers \
                 incoming assign`"
            )));
        }
    };
    let refunds = store.refunds_of_incoming(source, id).await?;
    let reason = args.why.reason().to_owned();
    let mut refund = refund_of_incoming(incoming, is_on_rail, refunds, reason);
    refund.beneficiary = args.beneficiary.clone().or(refund.beneficiary);
    store.refund_incoming(source, id, &refund, &args.why.deed(), session.now()).await?;
    if out.is_json() {
        return out.json(&serde_json::json!({ "incoming_id": id, "refund_id": refund.refund_id }));
    }
    out.line(format!(
        "{} {} goes back to {to} on {source}: refund {}",
        refund.amount, incoming.asset, refund.refund_id
    ))
}
