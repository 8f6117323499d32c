//! A poller that is killed anywhere: at each commit, at each call, at each request. Whoever comes next finishes its work,
//! and nothing is done twice.

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use railpoll_sandbox::{HookAnswer, Operation, PaymentSpec, PaymentState, Phase, UserInfo};

use crate::support::agreement::{Expected, check};
use crate::support::databases::Kind;
use crate::support::world::{Daemon, World, finish, signal};

const SIGKILL: i32 = 9;
/// An incomplete payment is declined, and one that expires within the hour is left alone.
const SETS: [&str; 2] = [
    r#"pollers.accepted.review.require_user_info=["/Cdtr/Nm"]"#,
    "pollers.accepted.review.expiry_margin=1h",
];

/// Payments for a poller, one of each kind that it treats in a way of its own.
fn offer(world: &World, poller: &str) -> Expected {
    let mut expected = Expected::new();
    let mut add = |operations, spec| {
        let ids = world.sandbox.add_payments(1, &spec);
        expected.insert(ids[0], operations);
    };
    let usual = PaymentSpec::default;
    match poller {
        "accepted" => {
            add(vec![Operation::Lock], usual());
            add(
                vec![Operation::Reject],
                PaymentSpec { user_info: UserInfo::WithoutCreditorName, ..usual() },
            );
            add(vec![], PaymentSpec { expires_in: TimeDelta::minutes(30), ..usual() });
            add(vec![Operation::Lock], usual());
        }
        "executed" => {
            for _ in 0..2 {
                add(
                    vec![Operation::Complete],
                    PaymentSpec { state: PaymentState::Executed, ..usual() },
                );
            }
        }
        other => panic!("nothing is known of {other}"),
    }
    expected
}

/// A sweep that dies at its `n`-th place. False: it lived to its end.
fn dies_at(world: &World, poller: &str, n: u32) -> bool {
    let ended = finish(world.poller(poller, &SETS).env("RAILPOLL_DIE_AT", n.to_string()));
    world.let_leases_run_out();
    let died = ended.signal == Some(SIGKILL);
    assert!(died || ended.code == Some(0), "{}", ended.stderr);
    died
}

/// It dies there, and so does whoever is started to finish its work, on `SQLite`: what is to be done next is decided in one
/// place for both databases. The last one lives.
fn killed_at_each_place(kind: Kind, poller: &str) {
    let mut world = World::new(kind);
    world.database.trust_the_machine();
    let mut n = 0;
    loop {
        n += 1;
        world.start_afresh();
        let expected = offer(&world, poller);
        if !dies_at(&world, poller, n) {
            check(&world, &expected, "undisturbed");
            break;
        }
        if kind == Kind::Sqlite {
            dies_at(&world, poller, n);
        }
        world.once(poller, &SETS).expect(0);
        check(&world, &expected, &format!("killed at place {n}"));
    }
    // Two commits and a call for each payment, and some more for the sweep. A release build has no such places.
    assert!(n > 12 || !cfg!(debug_assertions), "only {n} places to die at");
}

/// A sweep that is killed when its `n`-th request has taken effect, and before it hears of it. (Before it took effect is
/// as before it was made.) False: it made fewer requests.
fn killed_at_request(world: &World, poller: &str, n: u64) -> bool {
    let pid = Arc::new(OnceLock::new());
    let victim = Arc::clone(&pid);
    world.sandbox.set_hook(move |request| {
        if (request.n, request.phase) != (n, Phase::AfterApply) {
            return HookAnswer::Go;
        }
        signal(*victim.wait(), "KILL");
        HookAnswer::Cut
    });
    let daemon = Daemon::start(&mut world.poller(poller, &SETS));
    pid.set(daemon.pid()).unwrap();
    let ended = daemon.ended();
    world.sandbox.clear_hook();
    world.let_leases_run_out();
    let killed = ended.signal == Some(SIGKILL);
    assert!(killed || ended.code == Some(0), "{}", ended.stderr);
    killed
}

fn killed_at_each_request(kind: Kind, poller: &str) {
    let mut world = World::new(kind);
    world.database.trust_the_machine();
    let mut n = 0;
    loop {
        n += 1;
        world.start_afresh();
        let expected = offer(&world, poller);
        let killed = killed_at_request(&world, poller, n);
        world.once(poller, &SETS).expect(0);
        check(&world, &expected, &format!("killed at request {n}"));
        if !killed {
            break;
        }
    }
    // A token, a probe, a page, a count, and an operation for each payment.
    assert!(n > 7, "only {n} requests");
}

/// The first place of all: `SQLite`'s tables are made in one transaction. PostgreSQL's are made migration by migration.
#[test]
fn one_killed_before_its_tables_are_committed_has_made_none() {
    let world = World::bare(Kind::Sqlite);
    let expected = offer(&world, "accepted");
    let died = dies_at(&world, "accepted", 1);
    assert!(died || !cfg!(debug_assertions), "a release build has no such places");
    if died {
        assert_eq!(world.count("sqlite_master WHERE type = 'table'"), 0);
    }
    world.once("accepted", &SETS).expect(0);
    check(&world, &expected, "killed before there were tables");
}

#[test]
fn accepted_killed_at_each_place_on_sqlite() {
    killed_at_each_place(Kind::Sqlite, "accepted");
}

#[test]
fn accepted_killed_at_each_place_on_postgres() {
    killed_at_each_place(Kind::Postgres, "accepted");
}

#[test]
fn executed_killed_at_each_place_on_sqlite() {
    killed_at_each_place(Kind::Sqlite, "executed");
}

#[test]
fn executed_killed_at_each_place_on_postgres() {
    killed_at_each_place(Kind::Postgres, "executed");
}

#[test]
fn accepted_killed_at_each_request_on_sqlite() {
    killed_at_each_request(Kind::Sqlite, "accepted");
}

#[test]
fn accepted_killed_at_each_request_on_postgres() {
    killed_at_each_request(Kind::Postgres, "accepted");
}

#[test]
fn executed_killed_at_each_request_on_sqlite() {
    killed_at_each_request(Kind::Sqlite, "executed");
}

#[test]
fn executed_killed_at_each_request_on_postgres() {
    killed_at_each_request(Kind::Postgres, "executed");
}
