//! `railpoll transfers resolve`: a person has found out what became of a transfer, and says so.

use clap::{Args, ValueEnum};

use super::decide::tell;
use crate::actions::Actions;
use crate::actions::transfers::FoundOut;
use crate::cli::failure::Failure;
use crate::cli::output::Out;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;

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
    let (settings, store) = (session.settings()?, session.store().await?);
    let actions = Actions { store: &store, settings, now: session.now() };
    let outcome = match args.outcome {
        Outcome::Completed => FoundOut::Completed,
        Outcome::Refunded => FoundOut::Refunded,
        Outcome::Retry => FoundOut::Retry,
        Outcome::Error => FoundOut::Error,
    };
    let (id, reference) = (&args.transfer_id, args.reference.as_deref());
    let (reason, deed) = (args.why.reason(), args.why.deed());
    tell(&actions.resolve_transfer(id, outcome, reference, reason, &deed).await?, out)
}
