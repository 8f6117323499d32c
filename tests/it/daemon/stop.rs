//! The ends of a daemon: what is in hand is finished, the lease is given back, and nothing can keep it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use railpoll_sandbox::{Endpoint, Operation, PaymentSpec, Reply};

use crate::support::databases::Kind;
use crate::support::world::{Daemon, Ended, World, until_true};

/// What whoever stops a daemon is promised.
const PROMISED: Duration = Duration::from_secs(5);

/// A daemon whose sweep waits for an answer that does not come, with a lease that would bar others for long.
fn in_a_hanging_sweep(world: &World) -> Daemon {
    let before = world.sandbox.requests_to(Endpoint::List);
    world.sandbox.script(Endpoint::List, 1, Reply::Hang);
    let daemon =
        world.start("accepted", &["networks.acme.timeout=5m", "pollers.accepted.lease=10m"]);
    until_true("a request", || world.sandbox.requests_to(Endpoint::List) > before);
    daemon
}

fn end_in_time(daemon: Daemon, signal: &str) -> Ended {
    let begun = Instant::now();
    daemon.signal(signal);
    let ended = daemon.ended();
    assert!(begun.elapsed() < PROMISED, "{signal}: {:?}\n{}", begun.elapsed(), ended.stderr);
    ended
}

fn a_hanging_sweep_is_left_and_the_lease_given_back(kind: Kind) {
    let world = World::new(kind);
    for (signal, sweeps) in [("TERM", 1), ("INT", 2)] {
        let daemon = in_a_hanging_sweep(&world);
        end_in_time(daemon, signal).expect(0);
        let next = world.once("accepted", &["pollers.accepted.lease=10m"]).expect(0);
        assert!(!next.stderr.contains("another process holds the lease"), "{}", next.stderr);
        assert_eq!(world.count("sweeps WHERE outcome = 'complete'"), sweeps);
        world.sandbox.clear_scripts();
    }
}

#[test]
fn a_hanging_sweep_is_left_and_the_lease_given_back_on_sqlite() {
    a_hanging_sweep_is_left_and_the_lease_given_back(Kind::Sqlite);
}

#[test]
fn a_hanging_sweep_is_left_and_the_lease_given_back_on_postgres() {
    a_hanging_sweep_is_left_and_the_lease_given_back(Kind::Postgres);
}

#[test]
fn a_daemon_that_waits_ends_at_once() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &["pollers.accepted.fixed_delay=1h"]);
    daemon.wait_for_log("lease taken");
    until_true("a sweep", || world.count("sweeps") == 1);
    let begun = Instant::now();
    daemon.signal("TERM");
    daemon.ended().expect(0);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn the_operations_in_hand_are_finished_and_no_new_ones_begun() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(50, &PaymentSpec::default());
    let lock = Endpoint::Operation(Operation::Lock);
    world.sandbox.script(lock, 50, Reply::Slow(Duration::from_millis(800)));
    let daemon = world.start("accepted", &[]);
    until_true("an operation", || world.sandbox.requests_to(lock) > 0);
    end_in_time(daemon, "TERM").expect(0);
    let begun = usize::try_from(world.sandbox.requests_to(lock)).unwrap();
    assert!(begun < 50, "{begun}");
    assert_eq!(world.count("operations WHERE status = 'done'"), begun);
    assert_eq!(world.count("operations"), begun);
}

#[test]
fn a_second_signal_ends_at_once() {
    let world = World::new(Kind::Sqlite);
    let daemon = in_a_hanging_sweep(&world);
    // Two of the same kind could become one on their way.
    daemon.signal("TERM");
    let begun = Instant::now();
    daemon.signal("INT");
    let ended = daemon.ended();
    assert_eq!((ended.code, ended.signal), (Some(1), None), "{}", ended.stderr);
    // Sooner than what is in hand is given up.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

/// Somebody holds a lock that bars all that the daemon writes, in the middle of a sweep that has something to write.
fn a_locked_database_keeps_nobody(kind: Kind, lock: &str) {
    let world = World::new(kind);
    world.sandbox.add_payments(1, &PaymentSpec::default());
    world.sandbox.script(Endpoint::List, 1, Reply::Slow(Duration::from_secs(1)));
    let daemon = world.start("accepted", &[]);
    until_true("a request", || world.sandbox.requests_to(Endpoint::List) == 1);
    let mut person = world.wait(world.database.person());
    world.wait(person.execute(lock)).unwrap();
    until_true("the answer", || world.sandbox.answers(Endpoint::List, 200) > 0);
    end_in_time(daemon, "TERM").expect(0);
    world.wait(person.execute("ROLLBACK")).unwrap();
    assert_eq!(world.count("payments"), 0);
}

#[test]
fn a_locked_database_keeps_nobody_on_sqlite() {
    a_locked_database_keeps_nobody(Kind::Sqlite, "BEGIN IMMEDIATE");
}

#[test]
fn a_locked_database_keeps_nobody_on_postgres() {
    let lock = "BEGIN; LOCK TABLE payments, leases, cursors, sweeps";
    a_locked_database_keeps_nobody(Kind::Postgres, lock);
}

#[test]
fn a_database_that_does_not_answer_keeps_nobody() {
    let world = World::new(Kind::Sqlite);
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("database.url=postgres://us@{}/db", mute.local_addr().unwrap());
    let daemon = world.start("accepted", &[&url]);
    let connection = mute.accept().unwrap();
    end_in_time(daemon, "TERM").expect(0);
    drop(connection);
}
