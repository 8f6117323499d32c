//! railpoll-outgoing: Pays out withdrawals, sends and refunds on rails, and follows each payout to its end.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Outgoing, jobs::payouts::make)
}
