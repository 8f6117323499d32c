//! railpoll-returned: Records payments whose money went back, with the payment that took it back.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Returned)
}
