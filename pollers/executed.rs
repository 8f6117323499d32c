//! railpoll-executed: Picks up payments that the network has executed: reviews them, then completes or fails them.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Executed)
}
