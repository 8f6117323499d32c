//! railpoll-orders: Ends orders whose time is over, and pays what credit covers.

use std::process::ExitCode;

use railpoll::engine::Poller;
use railpoll::{daemon, jobs};

fn main() -> ExitCode {
    daemon::main(Poller::Orders, jobs::orders::make)
}
