//! What is broken for a while, or for good: disks, databases, logs, and ourselves. Whatever it is, the daemon says so, and goes
//! on by itself as soon as it can.

mod clock;
mod database;
mod disk;
mod log;
mod network_clock;
mod ourselves;
mod pages;
mod process;

use std::net::SocketAddr;

use railpoll_sandbox::{PaymentSpec, PaymentState};

use crate::support::web::get;
use crate::support::world::{World, until_true};

/// More payments come, and are locked.
fn more_are_locked(world: &World, count: usize) {
    let wanted = world.sandbox.count_in(PaymentState::Locked) + u64::try_from(count).unwrap();
    world.sandbox.add_payments(count, &PaymentSpec::default());
    until_true("the payments to be locked", || {
        world.sandbox.count_in(PaymentState::Locked) == wanted
    });
}

/// Waits until a page has this status.
fn until_page(address: SocketAddr, path: &str, status: u16) {
    until_true(&format!("{path} to be {status}"), || {
        get(address, path).is_ok_and(|(answer, _)| answer == status)
    });
}

fn metrics(address: SocketAddr) -> String {
    get(address, "/metrics").unwrap().1
}

/// The value of the first series that begins so.
fn metric(address: SocketAddr, begin: &str) -> Option<String> {
    let page = metrics(address);
    let line = page.lines().find(|line| line.starts_with(begin))?;
    line.rsplit_once(' ').map(|(_, value)| value.to_owned())
}
