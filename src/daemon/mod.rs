//! How any poller runs: schedule, lease, signals, readiness, watchdog, health and metrics.
//!
//! ```text
//! main ─> Host ─┬─> Worker (accepted on acme) ── lease ── sweep ── wait ── sweep ── …
//!               ├─> Worker (accepted on other)
//!               └─> Server (/metrics /healthz /readyz)
//! ```
//!
//! A worker runs a job, of which it knows only what every job has: see [`crate::jobs::Job`].
//!
//! A process has one thread for all of this, and one more for `SQLite`: a poller waits nearly all its life.

mod after;
mod args;
mod exit;
mod health;
mod heartbeat;
mod host;
mod keeper;
mod logging;
mod metrics;
mod output;
mod patient;
mod prepare;
mod record;
mod refused;
mod running;
mod schedule;
mod signals;
mod standby;
mod status;
mod steps;
mod told;
mod vigil;
mod visitors;
mod worker;

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::config::hidden;
use crate::engine::{Clock, Poller};
use crate::jobs::Make;

pub use args::{CommonArgs, LogFormat, RunMode};
pub use exit::Exit;
pub use host::Host;
pub use logging::{COMMAND, DAEMON, start as start_logging, start_to as start_logging_to};
pub use metrics::{Format, Metrics};
pub use output::Output;
pub use prepare::{Rehearsed, rehearse};
pub use signals::{Signals, Wishes};

/// The command line of a poller's binary, for its manual page and a shell's completions.
#[must_use]
pub fn command_of(poller: Poller) -> clap::Command {
    args::command(poller)
}

/// The whole main of a poller's binary. `make` makes its jobs.
#[must_use]
pub fn main(poller: Poller, make: Make) -> ExitCode {
    // Before anything else: a signal that comes early is no reason to die.
    let signals = Signals::of_process();
    let (args, stage) = match args::parse(poller, std::env::args_os()) {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    if let Err(why) = start_logging(args.common.log_format, DAEMON) {
        return complain(&why).into();
    }
    leave_no_core();
    let mode = args.mode();
    let output = match (args.common.json, mode) {
        (true, _) => Output::Json,
        (false, RunMode::DryRun) => Output::Text,
        (false, RunMode::Once | RunMode::Loop) => Output::Silent,
    };
    let host = Host {
        pollers: vec![(poller, make)],
        sources: args.common.sources(),
        stage,
        mode,
        output,
        clock: Clock::system(),
    };
    let signals = match signals {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "signals cannot be caught");
            return Exit::Defect.into();
        }
    };
    block_on(host.run(signals)).into()
}

/// Says what is wrong with the surroundings, where there is no log to say it.
pub fn complain(why: &str) -> Exit {
    // Nobody can be told if that fails.
    drop(writeln!(io::stderr(), "railpoll: {}", hidden(why)));
    Exit::Config
}

/// Whatever happens, no file with our memory is left behind: secrets are in it.
pub fn leave_no_core() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::debug!(%error, "the limit of core files cannot be set");
    }
}

/// Prints what clap has to say: help and versions are no mistakes.
pub fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let printed = match hidden(&text) {
        Cow::Borrowed(_) => error.print(),
        // A secret that was pasted is not printed back.
        Cow::Owned(text) => write!(io::stderr(), "{text}"),
    };
    if let Err(error) = printed {
        tracing::debug!(%error, "standard output is closed");
    }
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

/// Runs `work` on a runtime of one thread.
pub fn block_on(work: impl Future<Output = Exit>) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // Nothing of worth is left on the threads for blocking work: a name that is looked up, at most.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            tracing::error!(%error, "no runtime");
            Exit::Defect
        }
    }
}
