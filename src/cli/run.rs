//! `railpoll run`: every enabled poller in one process, for a small installation.

use clap::Args;

use super::failure::Failure;
use super::known;
use super::session::Session;
use crate::daemon::{Exit, Host, Output, RunMode, Signals};
use crate::engine::{Clock, Poller};
use crate::jobs::make_of;

/// Which pollers, and for how long.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # every poller that is switched on, for ever
  railpoll run
  # these two, if they are switched on
  railpoll run accepted executed
  # one sweep of each, then exit
  railpoll run --once

TERM or Ctrl-C finishes what is in hand; HUP reads the config again; USR1 sweeps now.")]
pub(super) struct RunArgs {
    /// The pollers to run, if they are switched on [default: all]
    #[arg(value_parser = known::poller())]
    pollers: Vec<Poller>,
    /// One sweep of each, then exit
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(session: &Session, args: RunArgs, json: bool) -> Result<(), Failure> {
    let signals = Signals::of_process()
        .map_err(|error| Failure::Defect(format!("signals cannot be caught: {error}")))?;
    let pollers = if args.pollers.is_empty() { Poller::ALL.to_vec() } else { args.pollers };
    let host = Host {
        pollers: pollers.into_iter().map(|poller| (poller, make_of(poller))).collect(),
        stage: None,
        sources: session.sources().clone(),
        mode: if args.once { RunMode::Once } else { RunMode::Loop },
        output: if json { Output::Json } else { Output::Silent },
        clock: Clock::system(),
    };
    let exit = host.run(signals).await;
    // The log has said why.
    if exit == Exit::Done { Ok(()) } else { Err(Failure::Told(exit)) }
}
