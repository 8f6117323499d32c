//! railpoll-pending-deposits: Asks rails whether deposits have arrived, and sends those that have on.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::PendingDeposits)
}
