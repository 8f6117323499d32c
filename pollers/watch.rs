//! railpoll-watch: Watches what comes to our accounts, and finds the transfer that each payment is for.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Watch)
}
