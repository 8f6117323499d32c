//! railpoll-accepted: Picks up payments that are offered to us: reviews them, then locks or declines them.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Accepted, jobs::payments::make)
}
