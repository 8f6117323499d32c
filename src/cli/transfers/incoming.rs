//! `railpoll transfers incoming`: money that reached us, and what a person makes of what belongs to no transfer.

use clap::{Args, Subcommand};

use super::{decide, incoming_list, incoming_notify, incoming_show};
use crate::actions::Actions;
use crate::actions::incoming::{IncomingNamed, IncomingRefunded};
use crate::cli::failure::Failure;
use crate::cli::names::{Kind, expect_place};
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::keyed;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IncomingCommand {
    /// List money that belongs to no transfer, oldest first
    List(incoming_list::ListArgs),
    /// Tell everything that is on record of money that reached us
    #[command(after_help = "Example:\n  railpoll transfers incoming show 4294971393")]
    Show(WhichArgs),
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
    /// Hand in what a wallet has told and signed: that it has got money, or that this is final
    #[command(after_help = incoming_notify::EXAMPLES)]
    Notify(incoming_notify::NotifyArgs),
}

/// Which incoming payment.
#[derive(Debug, Args)]
pub(in crate::cli) struct WhichArgs {
    /// The incoming payment's id
    #[arg(value_name = "INCOMING")]
    incoming_id: String,
    /// The network or rail that it came on, where several have such an id
    #[arg(long, value_name = "NAME")]
    pub(super) place: Option<String>,
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
        IncomingCommand::Show(which) => incoming_show::run(session, &which, out).await,
        IncomingCommand::Assign(args) => assign(session, args, out).await,
        IncomingCommand::Refund(args) => refund(session, args, out).await,
        IncomingCommand::Notify(args) => incoming_notify::run(session, &args, out).await,
    }
}

impl WhichArgs {
    pub(super) fn named(&self) -> IncomingNamed<'_> {
        IncomingNamed { id: &self.incoming_id, place: self.place.as_deref() }
    }
}

async fn assign(session: &Session, args: AssignArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let AssignArgs { which, transfer_id, why } = &args;
    expect_place(settings, &store, Kind::Place, which.place.as_deref()).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let (reason, deed) = (why.reason(), why.deed());
    decide::tell(&actions.assign_incoming(which.named(), transfer_id, reason, &deed).await?, out)
}

async fn refund(session: &Session, args: RefundArgs, out: &mut Out) -> Result<(), Failure> {
    let (settings, store) = (session.settings()?, session.store().await?);
    let RefundArgs { which, beneficiary, why } = &args;
    expect_place(settings, &store, Kind::Place, which.place.as_deref()).await?;
    let actions = Actions { store: &store, settings, now: session.now() };
    let (beneficiary, reason, deed) = (beneficiary.as_deref(), why.reason(), why.deed());
    let done = actions.refund_incoming(which.named(), beneficiary, reason, &deed).await?;
    let IncomingRefunded { incoming, refund_id, amount, to } = done;
    if out.is_json() {
        let id = incoming.incoming_id;
        return out.json(&keyed! { "incoming_id": id, "refund_id": refund_id });
    }
    let (asset, source) = (incoming.asset, incoming.source);
    out.line(format!("{amount} {asset} goes back to {to} on {source}: refund {refund_id}"))
}
