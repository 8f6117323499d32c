//! railpoll-failed: Records payments that failed, and closes what was under way.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Failed, jobs::payments::make)
}
