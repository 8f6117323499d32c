//! railpoll-completed: Records payments that were completed, and compares the final amounts.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Completed, jobs::payments::make)
}
