//! Several workers on one rail.

use std::time::Duration;

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::until_true;

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
