//! railpoll-pending-deposits: Asks rails whether deposits have arrived, and sends those that have on.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::PendingDeposits, jobs::pending_deposits)
}
