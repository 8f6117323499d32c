//! railpoll-accepted: Picks up payments that are offered to us: reviews them, then locks or declines them.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Accepted)
}
