//! railpoll-executed: Picks up payments that the network has executed: reviews them, then completes or fails them.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Executed, jobs::payments::make)
}
