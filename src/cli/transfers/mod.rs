//! `railpoll transfers`: what stands where and why, and what a person does about it.
//!
//! | file | what it holds |
//! |---|---|
//! | `list`, `show`, `explain` | looking |
//! | `views` | what programs are told |
//! | `new`, `create`, `import`, `lines` | making transfers: one by its flags, many from a file |
//! | `decide`, `correct`, `resolve`, `accept` | a person's moves, and the amounts that a person accepts |
//! | `incoming`, `incoming_list` | money that reached us, and belongs to no transfer |
//! | `envelope` | signed transactions that wait for more signatures |

mod accept;
mod correct;
mod create;
mod decide;
mod envelope;
mod explain;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod import;
mod incoming;
mod incoming_list;
mod lines;
pub(super) mod list;
mod new;
mod resolve;
mod show;
mod views;

use clap::Subcommand;

use super::failure::Failure;
use super::names;
use super::output::Out;
use super::session::Session;
use crate::engine::Transfer;
use crate::store::{Store, TransferStory};

#[derive(Debug, Subcommand)]
pub(super) enum TransfersCommand {
    /// List transfers, by the time of their creation, oldest first
    #[command(after_help = list::EXAMPLES)]
    List(list::ListArgs),
    /// Tell everything that is on record of a transfer
    Show(show::ShowArgs),
    /// Tell why transfers stand where they stand, what comes next, and when
    Explain(explain::ExplainArgs),
    /// Create a transfer
    #[command(after_help = create::EXAMPLES)]
    Create(Box<create::CreateArgs>),
    /// Create the transfers of a file: all of them or none
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    #[command(flatten)]
    Decide(decide::DecideCommand),
    /// Name somebody else who is paid by a transfer; it is on hold until it is released
    #[command(after_help = correct::EXAMPLES)]
    Correct(correct::CorrectArgs),
    /// Say what became of a transfer that is on hold, or failed
    #[command(after_help = resolve::EXAMPLES)]
    Resolve(resolve::ResolveArgs),
    /// Money that reached us: list it, give it to a transfer, send it back
    #[command(subcommand)]
    Incoming(incoming::IncomingCommand),
    /// Signed transactions: show them, add signatures
    #[command(subcommand)]
    Envelope(envelope::EnvelopeCommand),
}

pub(super) async fn run(
    session: &Session,
    command: TransfersCommand,
    out: &mut Out,
) -> Result<(), Failure> {
    match command {
        TransfersCommand::List(args) => list::run(session, args, out).await,
        TransfersCommand::Show(args) => show::run(session, &args, out).await,
        TransfersCommand::Explain(args) => explain::run(session, &args, out).await,
        TransfersCommand::Create(args) => create::run(session, *args, out).await,
        TransfersCommand::Import(args) => import::run(session, &args, out).await,
        TransfersCommand::Decide(command) => decide::run(session, command, out).await,
        TransfersCommand::Correct(args) => correct::run(session, args, out).await,
        TransfersCommand::Resolve(args) => resolve::run(session, args, out).await,
        TransfersCommand::Incoming(command) => incoming::run(session, command, out).await,
        TransfersCommand::Envelope(command) => envelope::run(session, command, out).await,
    }
}

/// The transfer with this id, or whose id alone begins so.
pub(super) async fn find(store: &Store, transfer_id: &str) -> Result<Transfer, Failure> {
    find_any(store, transfer_id).await?.ok_or_else(|| missing(transfer_id))
}

/// The same; none if there is none.
async fn find_any(store: &Store, transfer_id: &str) -> Result<Option<Transfer>, Failure> {
    if let Some(transfer) = store.transfer(transfer_id).await? {
        return Ok(Some(transfer));
    }
    if !names::may_begin(transfer_id) {
        return Ok(None);
    }
    let mut found = store.transfers_beginning(transfer_id, names::CANDIDATES).await?;
    match (found.pop(), found.is_empty()) {
        (Some(transfer), true) => Ok(Some(transfer)),
        (None, _) => Ok(None),
        (Some(last), false) => {
            found.push(last);
            let ids: Vec<String> = found.into_iter().map(|row| row.transfer_id).collect();
            Err(names::ambiguous("transfers", transfer_id, &ids))
        }
    }
}

/// Everything that is on record of the transfer with this id, or whose id alone begins so.
async fn story(store: &Store, transfer_id: &str) -> Result<TransferStory, Failure> {
    let id = find(store, transfer_id).await?.transfer_id;
    store.transfer_story(&id).await?.ok_or_else(|| missing(&id))
}

fn missing(transfer_id: &str) -> Failure {
    Failure::Refused(format!(
        "there is no transfer {transfer_id}{}; `railpoll transfers list` shows what there is",
        names::too_short(transfer_id)
    ))
}
