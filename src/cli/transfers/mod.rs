//! `railpoll transfers`: what stands where and why, and what a person does about it.
//!
//! | file | what it holds |
//! |---|---|
//! | `list`, `show`, `explain` | looking |
//! | `create`, `import` | making transfers: one by its flags, many from a file |
//! | `decide`, `correct`, `resolve` | a person's moves |
//! | `incoming`, `incoming_list`, `incoming_show`, `incoming_notify` | money that reached us, and what belongs to no transfer |
//! | `envelope` | signed transactions that wait for more signatures |

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
mod incoming_notify;
mod incoming_show;
pub(super) mod list;
mod resolve;
mod show;

use clap::Subcommand;

pub(super) use incoming_show::table as incoming_table;

use super::failure::Failure;
use super::output::Out;
use super::session::Session;

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
