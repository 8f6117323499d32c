//! railpoll-locked: As the sender, settles payments that the partners have locked.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Locked)
}
