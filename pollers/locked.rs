//! railpoll-locked: As the sender, settles payments that the partners have locked.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Locked, jobs::payments::make)
}
