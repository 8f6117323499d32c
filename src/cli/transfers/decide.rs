//! `railpoll transfers hold|release|refund|move`: a person's moves, each one of the table of legal moves.

use clap::{Args, Subcommand};

use crate::actions::Actions;
use crate::actions::transfers::TransferMoved;
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::output::Out;
use crate::cli::payments::decide::expect_one;
use crate::cli::session::Session;
use crate::cli::who::WhyArgs;
use crate::engine::decide::moves::TransferWish;
use crate::engine::{TransferStatus, keyed};
use crate::http::named_twice;

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

pub(super) async fn run(
    session: &Session,
    command: DecideCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    let (which, wish) = match command {
        DecideCommand::Hold(which) => (which, TransferWish::Hold),
        DecideCommand::Release(which) => (which, TransferWish::Release),
        DecideCommand::Refund(RefundArgs { which, beneficiary }) => {
            (which, TransferWish::Refund { beneficiary })
        }
        DecideCommand::Move(MoveArgs { which, to }) => (which, TransferWish::Move(to)),
    };
    let WhichArgs { transfer_ids: ids, version, why } = which;
    expect_one(&ids, version)?;
    let (deed, settings) = (why.deed(), session.settings()?);
    let store = session.store().await?;
    crate::cli::each(&ids, out, async |id, out| {
        let actions = Actions { store: &store, settings, now: session.now() };
        let moved = actions.move_transfer(id, version, &wish, why.reason(), &deed).await?;
        tell(&moved, out)
    })
    .await
}

/// Says what was done.
pub(super) fn tell(moved: &TransferMoved, out: &mut Out) -> Result<(), Failure> {
    let TransferMoved { transfer_id, was, now, cause } = moved;
    if out.is_json() {
        return out.json(&keyed! {
            "transfer_id": transfer_id,
            "was": was.as_str(),
            "status": now.as_str(),
            "cause": cause.as_str(),
        });
    }
    out.line(format!("{transfer_id} was {was}, and is {now}"))
}
