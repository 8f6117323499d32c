//! railpoll-watch: Watches what comes to our accounts, and finds the transfer that each payment is for.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Watch, jobs::inbound::make)
}
