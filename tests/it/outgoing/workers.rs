//! Several workers on one rail.

use std::time::Duration;

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::{Daemon, until_true};

fn two_workers_share_a_rail(kind: Kind) {
    let transfers = Transfers::new(kind);
    transfers.bank.set_latency(Duration::from_millis(10));
    let sets = ["rails.bank.parallel=2", "pollers.outgoing.batch_size=4"];
    let workers = [transfers.start(&sets), transfers.start(&sets)];
    for worker in &workers {
        worker.wait_for_log("lease taken");
    }
    let ids = transfers.sends(300);
    until_true("all of them", || transfers.count_in("completed") == 300);
    for worker in workers {
        worker.signal("TERM");
        assert_eq!(worker.ended().code, Some(0));
    }
    transfers.check_paid_once(&ids, "at the end");
    transfers.check_trail("at the end");
    let acted =
        "SELECT network FROM sweeps GROUP BY network HAVING sum(acted) > 20 ORDER BY network";
    assert_eq!(transfers.world.texts(acted), ["bank", "bank#2"]);
}

#[test]
fn two_workers_share_a_rail_on_sqlite() {
    two_workers_share_a_rail(Kind::Sqlite);
}

#[test]
fn two_workers_share_a_rail_on_postgres() {
    two_workers_share_a_rail(Kind::Postgres);
}

/// Whoever has no slot stands by.
#[test]
fn there_are_no_more_workers_than_slots() {
    let transfers = Transfers::new(Kind::Sqlite);
    let sets = ["pollers.outgoing.workers=1"];
    let worker = transfers.start(&sets);
    worker.wait_for_log("lease taken");
    let ended = transfers.pay(&sets).expect(0);
    assert!(ended.stderr.contains("another process holds the lease"), "{}", ended.stderr);
}

/// A worker that is killed in the middle of its work loses nothing: when its lease is over, the other looks up what it
/// had in hand.
fn a_killed_workers_claims_are_free_again(kind: Kind) {
    let transfers = Transfers::new(kind);
    transfers.bank.set_latency(Duration::from_millis(20));
    let ids = transfers.sends(60);
    let sets = ["rails.bank.parallel=4", "pollers.outgoing.batch_size=20"];
    let victim = transfers.start(&sets);
    until_true("some payouts", || transfers.bank.payout_count() >= 8);
    kill(victim);
    let heir = transfers.start(&sets);
    until_true("all of them", || transfers.count_in("completed") == 60);
    drop(heir);
    transfers.check_paid_once(&ids, "at the end");
    transfers.check_trail("at the end");
}

fn kill(daemon: Daemon) {
    daemon.signal("KILL");
    assert_eq!(daemon.ended().signal, Some(9));
}

#[test]
fn a_killed_workers_claims_are_free_again_on_sqlite() {
    a_killed_workers_claims_are_free_again(Kind::Sqlite);
}

#[test]
fn a_killed_workers_claims_are_free_again_on_postgres() {
    a_killed_workers_claims_are_free_again(Kind::Postgres);
}
