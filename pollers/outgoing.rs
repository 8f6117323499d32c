//! railpoll-outgoing: Pays out withdrawals, sends and refunds on rails, and follows each payout to its end.

use std::process::ExitCode;

fn main() -> ExitCode {
    railpoll::daemon::main(railpoll::engine::Poller::Outgoing)
}
