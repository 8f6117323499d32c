//! railpoll-failed: Records payments that failed, and closes what was under way.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Failed)
}
