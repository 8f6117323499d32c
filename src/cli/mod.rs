//! The commands of `railpoll`: what an operator looks at, and what a person decides.
//!
//! A command asks the `Session` for what it needs (settings, the database, the time), says what it has to say
//! through `Out`, and ends well or with a `Failure`, which knows its exit code. Nothing else writes or exits.
//!
//! | file | what it holds |
//! |---|---|
//! | `session` | settings and the database, opened as a reader should |
//! | `output`, `table`, `document` | lines, JSON, CSV, tables and documents on standard output |
//! | `lists`, `filters`, `names` | the flags of all lists, and how they are walked; names and ids that somebody typed |
//! | `times`, `failure` | times as people write and read them; ends that are not well |
//! | `payments` | `railpoll payments` |
//! | `transfers` | `railpoll transfers` |
//! | `orders` | `railpoll orders` |
//! | `lines`, `importing` | files of transfers and orders, line by line |
//! | `collect` | `railpoll backfill`, `railpoll reconcile`: reading a network again |
//! | `known` | words that a shell completes |
//! | `who` | whoever is at the keyboard, for the record |
//! | `customers`, `books`, `wallets`, `demo`, `run`, `sandbox`, `status`, `events`, `audit`, `alerts`, `quarantine`, `config`, `migrate`, `shell` | the commands of these names |

mod again;
mod alerts;
mod audit;
mod books;
mod collect;
mod config;
mod customers;
mod demo;
mod document;
mod events;
mod failure;
mod filters;
mod importing;
mod known;
mod lines;
mod lists;
mod migrate;
mod names;
mod orders;
mod output;
mod payments;
mod quarantine;
mod restored;
mod run;
mod sandbox;
mod session;
mod shell;
mod status;
mod table;
mod times;
mod transfers;
mod wallets;
mod who;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use failure::Failure;
use output::Out;
use session::Session;

/// What must hold for all files that are imported.
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing {
    pub use super::orders::fuzzing::import_orders;
    pub use super::transfers::fuzzing::import;
}

use crate::daemon::{COMMAND, CommonArgs, DAEMON, Exit, Signals, complain, start_logging};

/// What a command logs for programs, if nobody asks for more.
const QUIET: &str = "error";

/// Find out what the pollers do, and decide what waits for a person.
#[derive(Debug, Parser)]
#[command(name = "railpoll", version, subcommand_required = true, arg_required_else_help = true)]
#[command(max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  railpoll status
  railpoll payments list --review pending
  railpoll payments show 7d5c0d39
  railpoll payments approve 7d5c0d39
  railpoll events tail --json | my-program

Exit codes: 0 done; 1 refused, or no such thing; 64 bad command line; 69 database unavailable; 70 a defect of ours; 77 the network refused the credentials; 78 bad config.";

#[derive(Debug, Subcommand)]
enum Command {
    /// See it work: payments through their whole life, at a network that misbehaves
    Demo(demo::DemoArgs),
    /// Run every poller that is switched on, in this process
    Run(run::RunArgs),
    /// How each poller is: its last and next sweep, what it holds, what is wrong
    Status(status::StatusArgs),
    /// Payments: list, show, decide
    #[command(subcommand)]
    Payments(payments::PaymentsCommand),
    /// Transfers: list, show, explain, create, import, decide
    #[command(subcommand)]
    Transfers(Box<transfers::TransfersCommand>),
    /// Orders: list, show, explain, create, import, claim, credit, decide
    #[command(subcommand)]
    Orders(Box<orders::OrdersCommand>),
    /// Customers: list, show
    #[command(subcommand)]
    Customers(customers::CustomersCommand),
    /// The books: what moved on each day, whether they agree, all that is in them
    #[command(subcommand)]
    Books(books::BooksCommand),
    /// Wallets that report what they get
    #[command(subcommand)]
    Wallets(wallets::WalletsCommand),
    /// What happened: list it, or follow it
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// What operators did: who, when, from where, why
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Conditions that somebody should know of
    Alerts(alerts::AlertsArgs),
    /// Rows of a network that could not be understood or believed
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Read a part of a network's list again
    Backfill(collect::BackfillArgs),
    /// Compare a network's whole list with the database, and mend what differs
    Reconcile(collect::ReconcileArgs),
    /// Whether the database was restored, and what is looked up before anything goes out
    Restored(restored::RestoredArgs),
    /// Bring the database's schema up to date, or make the database
    Migrate(migrate::MigrateArgs),
    /// Serve a simulated network on loopback, to try a set-up against
    Sandbox(sandbox::SandboxArgs),
    /// Settings: check them, show them
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print a script that completes railpoll's commands in your shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write one for every command
    Man(shell::ManArgs),
}

/// Runs the command that this process was started for.
#[must_use]
pub fn main() -> ExitCode {
    // The panic's own words have been written by then.
    let end = catch_unwind(AssertUnwindSafe(|| run(&std::env::args_os().collect::<Vec<_>>())));
    end.unwrap_or(Exit::Defect).into()
}

fn run(arguments: &[OsString]) -> Exit {
    // A daemon's signals are caught before anything else: one that comes early is no reason to die.
    if arguments.iter().any(|word| word == "run") {
        drop(Signals::of_process());
    }
    let command = Cli::command();
    let read = command.clone().try_get_matches_from(arguments);
    let read = read.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match read {
        Ok(read) => read,
        Err(answer) => {
            if answer.use_stderr() && arguments.iter().any(|word| word == "--json") {
                Failure::Usage(answer.to_string()).tell(true);
                return Exit::Usage;
            }
            // A closed pipe is nobody's loss here: whoever closed it did not want the text.
            let text = answer.render().to_string();
            match crate::config::hidden(&text) {
                Cow::Borrowed(_) => drop(answer.print()),
                // A secret that was pasted is not printed back.
                Cow::Owned(text) => drop(write!(std::io::stderr(), "{text}")),
            }
            return if answer.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    // Programs read objects of ours on standard error, and no others.
    let usual = usual_logs(&cli.command);
    let usual = usual.map(|usual| if cli.common.json && usual == COMMAND { QUIET } else { usual });
    if let Some(usual) = usual
        && let Err(why) = start_logging(cli.common.log_format, usual)
    {
        return complain(&why);
    }
    let common = cli.common.gathered(arguments);
    let mut out = Out::stdout(common.json);
    let words = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let sources = common.sources();
    let filters = filters::given(&command, &matches);
    let session = Session::new(sources, words.collect(), filters);
    match dispatch(cli.command, &session, &mut out).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            // What was said before is to be read before.
            drop(out.flush());
            failure.tell(out.is_json());
            failure.exit()
        }
    }
}

/// What a command logs, if nobody asks for anything else. None: it sees to that itself.
const fn usual_logs(command: &Command) -> Option<&'static str> {
    match command {
        // It has its pollers in this process, and their logs go to a file.
        Command::Demo(_) => None,
        // Its pollers are daemons, and log as such.
        Command::Run(_) => Some(DAEMON),
        Command::Sandbox(_)
        | Command::Status(_)
        | Command::Payments(_)
        | Command::Transfers(_)
        | Command::Orders(_)
        | Command::Customers(_)
        | Command::Books(_)
        | Command::Wallets(_)
        | Command::Events(_)
        | Command::Audit(_)
        | Command::Alerts(_)
        | Command::Quarantine(_)
        | Command::Backfill(_)
        | Command::Reconcile(_)
        | Command::Migrate(_)
        | Command::Restored(_)
        | Command::Config(_)
        | Command::Completions(_)
        | Command::Man(_) => Some(COMMAND),
    }
}

fn dispatch(command: Command, session: &Session, out: &mut Out) -> Result<(), Failure> {
    let json = out.is_json();
    match command {
        Command::Demo(args) => session.block_on(demo::run(args, out)),
        Command::Run(args) => session.block_on(run::run(session, args, json)),
        Command::Sandbox(args) => session.block_on(sandbox::run(session, args, out)),
        Command::Status(args) => session.block_on(status::run(session, &args, out)),
        Command::Payments(command) => session.block_on(payments::run(session, command, out)),
        Command::Transfers(command) => session.block_on(transfers::run(session, *command, out)),
        Command::Orders(command) => session.block_on(orders::run(session, *command, out)),
        Command::Customers(command) => session.block_on(customers::run(session, command, out)),
        Command::Books(command) => session.block_on(books::run(session, command, out)),
        Command::Wallets(command) => session.block_on(wallets::run(session, command, out)),
        Command::Events(command) => session.block_on(events::run(session, command, out)),
        Command::Audit(command) => session.block_on(audit::run(session, command, out)),
        Command::Alerts(args) => session.block_on(alerts::run(session, args, out)),
        Command::Quarantine(command) => session.block_on(quarantine::run(session, command, out)),
        Command::Backfill(args) => session.block_on(collect::backfill(session, args, out)),
        Command::Reconcile(args) => session.block_on(collect::reconcile(session, args, out)),
        Command::Restored(args) => session.block_on(restored::run(session, args, out)),
        Command::Migrate(args) => session.block_on(migrate::run(session, &args, out)),
        Command::Config(command) => session.block_on(config::run(session, &command, out)),
        Command::Completions(args) => shell::completions(&args, out),
        Command::Man(args) => shell::man(&args, out),
    }
}

/// Does something to each of `things`. Each is refused alone, and each refusal is told.
async fn each<T>(
    things: &[T],
    out: &mut Out,
    mut act: impl AsyncFnMut(&T, &mut Out) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut refused = false;
    for thing in things {
        match act(thing, out).await {
            Ok(()) => {}
            Err(failure) if failure.exit() == Exit::Refused => {
                out.flush()?;
                failure.tell(out.is_json());
                refused = true;
            }
            // The database is gone: the others would fail alike.
            Err(failure) => return Err(failure),
        }
    }
    if refused { Err(Failure::Told(Exit::Refused)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    /// A line that is broken by hand is broken again where the terminal ends.
    #[test]
    fn help_is_wrapped_by_nobody_but_the_terminal() {
        fn check(command: &clap::Command) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2) {
                let goes_on = !pair[1].is_empty() && !pair[1].starts_with(' ');
                let is_prose =
                    !pair[0].ends_with(':') && !pair[0].is_empty() && !pair[0].starts_with(' ');
                assert!(!(is_prose && goes_on), "{}: {pair:?}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    /// An example is copied: where the terminal broke it, the shell would run two commands.
    #[test]
    fn examples_stand_whole_on_their_lines_on_every_terminal() {
        fn check(command: &clap::Command, width: usize) {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let help = command.clone().term_width(width).render_help().to_string();
            let shown: Vec<&str> = help.lines().collect();
            for line in text.lines().filter(|line| line.starts_with(' ')) {
                assert!(shown.contains(&line), "{} at {width}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(|below| check(below, width));
        }
        let mut command = Cli::command();
        command.build();
        for width in [60, 80, 100] {
            check(&command, width);
        }
    }
}
