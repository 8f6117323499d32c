//! Several workers on one rail.

use std::time::Duration;

use crate::support::databases::Kind;
use crate::support::transfers::{Transfers, send};
use crate::support::world::{Daemon, until_true};

/// Lets so many processes share a rail, then so many, …, each time with as many more transfers, and compares with the
/// bank's books.
fn workers_share_a_rail(kind: Kind, numbers: &[usize]) {
    let transfers = Transfers::new(kind);
    transfers.bank.set_latency(Duration::from_millis(10));
    let sets = ["rails.bank.parallel=2", "pollers.outgoing.batch_size=4"];
    let mut workers: Vec<Daemon> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for number in numbers {
        while workers.len() < *number {
            workers.push(transfers.start(&sets));
        }
        for worker in &workers {
            worker.wait_for_log("lease taken");
        }
        let before = acted(&transfers);
        // For each so many that it takes half a second: nobody comes too late for a share.
        let more = (ids.len()..ids.len() + number * 100).map(|n| send(&format!("send-{n:05}")));
        ids.extend(transfers.create(&more.collect::<Vec<_>>()));
        until_true("all of them", || transfers.count_in("completed") == ids.len());
        if kind == Kind::Sqlite {
            // One writes at a time, and who comes next is a matter of chance.
            continue;
        }
        until_true("all on record", || acted(&transfers).iter().sum::<usize>() == ids.len());
        let shares = acted(&transfers);
        assert_eq!(shares.len(), *number, "{shares:?}");
        let before = before.iter().chain(std::iter::repeat(&0));
        assert!(shares.iter().zip(before).all(|(now, then)| now > then), "{shares:?}");
    }
    for worker in workers {
        worker.signal("TERM");
        assert_eq!(worker.ended().code, Some(0));
    }
    transfers.check_paid_once(&ids, "at the end");
    transfers.check_trail("at the end");
}

/// What each worker has done so far: the rail's own, `bank#2`, …, in this order.
fn acted(transfers: &Transfers) -> Vec<usize> {
    let sql = "SELECT CAST(sum(acted) AS text) FROM sweeps WHERE acted > 0 GROUP BY network ORDER BY network";
    transfers.world.texts(sql).iter().map(|sum| sum.parse().unwrap()).collect()
}

#[test]
fn two_workers_share_a_rail_on_sqlite() {
    workers_share_a_rail(Kind::Sqlite, &[2]);
}

#[test]
fn two_four_and_eight_workers_share_a_rail_on_postgres() {
    workers_share_a_rail(Kind::Postgres, &[2, 4, 8]);
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
