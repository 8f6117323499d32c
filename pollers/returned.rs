//! railpoll-returned: Records payments whose money went back, with the payment that took it back.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Returned, jobs::payments::make)
}
