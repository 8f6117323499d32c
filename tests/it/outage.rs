//! A database that is gone for a while.

use std::net::TcpListener;

use railpoll_sandbox::{PaymentSpec, PaymentState};

use crate::support::databases::Kind;
use crate::support::world::{World, until_true};

fn until_locked(world: &World, count: usize) {
    let wanted = u64::try_from(count).unwrap();
    until_true("the payments to be locked", || {
        world.sandbox.count_in(PaymentState::Locked) == wanted
    });
    until_true("the locks to be recorded", || {
        world.count("operations WHERE status = 'done'") == count
    });
}

/// The daemon finds out by the log line `sign`, and goes on by itself when the database is back.
fn survives(lease: &str, sign: &str) {
    let world = World::new(Kind::Postgres);
    let daemon = world.start("accepted", &[lease]);
    world.sandbox.add_payments(5, &PaymentSpec::default());
    until_locked(&world, 5);
    world.database.go_away();
    daemon.wait_for_log(sign);
    world.sandbox.add_payments(5, &PaymentSpec::default());
    world.database.come_back();
    until_locked(&world, 10);
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
    assert_eq!(world.sandbox.calls_more_than_once(), []);
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), 10);
}

#[test]
fn one_that_is_shorter_than_the_lease() {
    survives("pollers.accepted.lease=30s", "the sweep ended early");
}

#[test]
fn one_that_is_longer_than_the_lease() {
    survives("pollers.accepted.lease=2s", "no lease; trying again");
}

#[test]
fn a_single_sweep_does_not_wait_for_it() {
    let world = World::new(Kind::Postgres);
    world.database.go_away();
    let ended = world.once("accepted", &[]).expect(69);
    assert!(ended.stderr.contains("the database cannot be used"), "{}", ended.stderr);
    world.database.come_back();
    world.once("accepted", &[]).expect(0);
}

#[test]
fn a_server_that_is_not_there_is_told_of() {
    let world = World::new(Kind::Sqlite);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = format!("database.url=postgres://railpoll@127.0.0.1:{port}/railpoll");
    let ended = world.once("accepted", &[&nowhere]).expect(69);
    let tries = ended.stderr.matches("the database does not answer; trying again").count();
    assert_eq!(tries, 4, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("Connection refused").count(), 5, "{}", ended.stderr);
}
