//! railpoll-completed: Records payments that were completed, and compares the final amounts.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Completed)
}
