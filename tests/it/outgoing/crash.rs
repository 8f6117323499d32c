//! A worker that is killed anywhere: whoever comes next finishes its work, and nothing is paid twice.

use railpoll::sandbox::Reply;
use railpoll::sandbox::bank::{BankEndpoint, Course};

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::{finish, until_true};

const SIGKILL: i32 = 9;

/// One of each kind that is treated in a way of its own.
fn offer(transfers: &Transfers) -> Vec<String> {
    let ids = transfers.sends(4);
    transfers.bank.set_course_for(&ids[1], Course::later(1, Course::Deliver));
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[2], 1, Reply::CutAfter);
    transfers.bank.script_for(BankEndpoint::Payouts, &ids[3], 1, Reply::CutBefore);
    ids
}

/// A sweep that dies at its `n`-th place. False: it lived to its end.
fn dies_at(transfers: &Transfers, n: u32) -> bool {
    let ended = finish(transfers.outgoing(&[]).env("RAILPOLL_DIE_AT", n.to_string()));
    transfers.world.let_leases_run_out();
    let died = ended.signal == Some(SIGKILL);
    assert!(died || ended.code == Some(0), "{}", ended.stderr);
    died
}

/// It dies there, and so does whoever is started to finish its work. The third lives.
fn killed_at_each_place(kind: Kind) {
    let mut transfers = Transfers::new(kind);
    transfers.world.database.trust_the_machine();
    let mut n = 0;
    loop {
        n += 1;
        transfers.start_afresh();
        let ids = offer(&transfers);
        let died = dies_at(&transfers, n);
        dies_at(&transfers, n);
        until_true("the rest", || {
            transfers.pay(&[]).expect(0);
            transfers.count_in("completed") == 4
        });
        let at = format!("killed at place {n}");
        transfers.check_paid_once(&ids, &at);
        transfers.check_trail(&at);
        assert_eq!(transfers.world.count("payouts"), 4, "{at}");
        assert_eq!(transfers.world.count("payouts WHERE status = 'done'"), 4, "{at}");
        if !died {
            break;
        }
    }
    // A claim, four calls, what came of them, and the lease. A release build has no such places.
    assert!(n > 16 || !cfg!(debug_assertions), "only {n} places to die at");
}

#[test]
fn killed_at_each_place_on_sqlite() {
    killed_at_each_place(Kind::Sqlite);
}

#[test]
fn killed_at_each_place_on_postgres() {
    killed_at_each_place(Kind::Postgres);
}
