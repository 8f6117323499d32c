//! One at a time: of several processes of one poller, one sweeps and the others stand by.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use railpoll_sandbox::{
    Endpoint, HookAnswer, Operation, Partner, PaymentSpec, PaymentState, Phase, SandboxOptions,
    UserInfo,
};
use serde_json::Value;

use crate::support::agreement::{Expected, check};
use crate::support::databases::{Kind, run};
use crate::support::world::{Daemon, PATIENCE, World, signal, until_true};

/// The term and the end of the only lease.
fn lease(world: &World) -> (i64, String) {
    let rows = run(async {
        let mut person = world.database.person().await;
        let sql = format!(
            "SELECT CAST(term AS text) || ' ' || {} FROM leases",
            person.time("expires_at")
        );
        person.texts(&sql).await
    });
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let (term, expires_at) = row.split_once(' ').unwrap();
    (term.parse().unwrap(), expires_at.to_owned())
}

/// When a log line was written.
fn time_of(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    line["timestamp"].as_str().unwrap().to_owned()
}

/// A holder, and a process that stands by; both with this lease.
fn two(world: &World, lease: &str) -> [Daemon; 2] {
    let sets = [format!("pollers.accepted.lease={lease}")];
    let sets = sets.each_ref().map(String::as_str);
    let holder = world.start("accepted", &sets);
    holder.wait_for_log("lease taken");
    let standby = world.start("accepted", &sets);
    standby.wait_for_log("standing by");
    [holder, standby]
}

fn until_locked(world: &World, count: usize) {
    until_true("the payments to be locked", || {
        world.sandbox.count_in(PaymentState::Locked) == u64::try_from(count).unwrap()
    });
    until_true("the locks to be recorded", || {
        world.count("operations WHERE status = 'done'") == count
    });
}

fn all_locked_once(world: &World) {
    let expected: Expected =
        world.sandbox.ids().into_iter().map(|id| (id, vec![Operation::Lock])).collect();
    check(world, &expected, "in the end");
}

fn takes_over_after_a_kill(kind: Kind) {
    let world = World::new(kind);
    let [holder, standby] = two(&world, "4s");
    let (_, first_end) = lease(&world);
    world.sandbox.add_payments(20, &PaymentSpec::default());
    until_locked(&world, 20);
    until_true("the lease to be renewed", || lease(&world).1 > first_end);
    assert_eq!(world.sandbox.tokens_issued(), 1, "whoever stands by asks the network for nothing");

    holder.signal("KILL");
    let killed = Instant::now();
    let (term, end) = lease(&world);
    assert_eq!(term, 1);
    let taken = standby.wait_for_log("lease taken");
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(4), "taken over after {took:?}");
    assert!(time_of(&taken) >= end, "taken over before {end}: {taken}");
    world.sandbox.add_payments(20, &PaymentSpec::default());
    until_locked(&world, 40);
    assert_eq!(lease(&world).0, 2);
    drop(standby);
    all_locked_once(&world);
}

fn takes_over_at_once_after_a_stop(kind: Kind) {
    let world = World::new(kind);
    let [holder, standby] = two(&world, "12s");
    holder.signal("TERM");
    let told = Instant::now();
    assert_eq!(holder.ended().code, Some(0));
    standby.wait_for_log("lease taken");
    let took = told.elapsed();
    // A lease that is not given back runs for six seconds more at least.
    assert!(took < Duration::from_secs(6), "taken over after {took:?}");
    world.sandbox.add_payments(5, &PaymentSpec::default());
    until_locked(&world, 5);
    drop(standby);
    all_locked_once(&world);
}

fn a_single_sweep_leaves_it_to_the_holder(kind: Kind) {
    let world = World::new(kind);
    let holder = world.start("accepted", &[]);
    holder.wait_for_log("lease taken");
    let ended = world.once("accepted", &[]).expect(0);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("another process holds the lease: nothing to do"), "{lines:?}");
    assert_eq!(lease(&world).0, 1);
}

/// Every row that a poller may write, but for the leases.
fn rows(world: &World) -> Vec<String> {
    const TEXTS: [&str; 3] = [
        "payment_id || ' ' || state || ' ' || CAST(version AS text) FROM payments",
        "payment_id || ' ' || status || ' ' || CAST(attempt AS text) FROM operations",
        "poller || ' ' || mode || ' ' || CAST(watermark AS text) || ' ' || CAST(next_sweep_at AS text) FROM cursors",
    ];
    const COUNTS: [&str; 8] = [
        "alerts",
        "events",
        "operations",
        "payment_documents",
        "quarantine",
        "reviews",
        "status_changes",
        "sweeps",
    ];
    run(async {
        let mut person = world.database.person().await;
        let mut rows = Vec::new();
        for from in TEXTS {
            rows.extend(person.texts(&format!("SELECT {from} ORDER BY 1")).await);
        }
        for table in COUNTS {
            rows.push(format!("{table} {}", person.count(table).await));
        }
        rows
    })
}

/// Stops the holder as it makes its `n`-th request to `endpoint`, lets another take over and finish, and wakes it up.
fn a_paused_holder_writes_nothing(kind: Kind, payments: usize, endpoint: Endpoint, n: u64) {
    let (paused, is_paused) = mpsc::channel();
    let world = World::new(kind);
    let (release, released) = mpsc::channel::<()>();
    world.sandbox.add_payments(payments, &PaymentSpec::default());
    let pid: Arc<OnceLock<u32>> = Arc::default();
    let (victim, released) = (Arc::clone(&pid), Mutex::new(released));
    let seen = AtomicU64::new(0);
    world.sandbox.set_hook(move |request| {
        let is_meant = (request.endpoint, request.phase) == (endpoint, Phase::BeforeApply);
        if is_meant && seen.fetch_add(1, Ordering::Relaxed) + 1 == n {
            tokio::task::block_in_place(|| {
                signal(*victim.wait(), "STOP");
                paused.send(()).unwrap();
                // An error: the test has failed, and nobody is to wait for it.
                released.lock().unwrap().recv().ok();
            });
        }
        HookAnswer::Go
    });
    let sets = ["pollers.accepted.lease=2s", "pollers.accepted.page_size=20"];
    let holder = world.start("accepted", &sets);
    pid.set(holder.pid()).unwrap();
    is_paused.recv_timeout(PATIENCE).unwrap();
    // In the middle of a write it would hold the database's locks, and nobody could take over.
    while world.is_anybody_writing() {
        holder.signal("CONT");
        holder.signal("STOP");
    }

    // It sweeps once, and then leaves the database as it is.
    let [lease_time, pages] = sets;
    let other = world.start("accepted", &[lease_time, pages, "pollers.accepted.fixed_delay=1h"]);
    other.wait_for_log("lease taken");
    until_locked(&world, payments);
    other.wait_for_log("\"swept\"");
    until_true("its sweep to be recorded", || world.count("sweeps") == 1);
    let before = rows(&world);

    holder.signal("CONT");
    release.send(()).unwrap();
    holder.wait_for_log("the lease was lost");
    holder.wait_for_log("standing by");
    assert_eq!(rows(&world), before);
    assert_eq!(lease(&world).0, 2);
    drop((holder, other));
    world.sandbox.clear_hook();
    all_locked_once(&world);
}

/// Four pollers on one database, and payments that go from one to the next.
fn all_at_once(kind: Kind) {
    let (good, bad) = (180, 20);
    let partner = Partner {
        delay: (Duration::from_millis(1), Duration::from_millis(30)),
        ..Partner::default()
    };
    let world = World::with(
        kind,
        SandboxOptions {
            partner: Some(partner),
            partner_every: Some(Duration::from_millis(10)),
            ..SandboxOptions::default()
        },
    );
    let required = r#"pollers.accepted.review.require_user_info=["/Cdtr/Nm"]"#;
    let daemons = ["accepted", "executed", "completed", "failed"]
        .map(|poller| world.start(poller, &[required]));
    let ids = world.sandbox.add_payments(good, &PaymentSpec::default());
    let mut expected: Expected =
        ids.into_iter().map(|id| (id, vec![Operation::Complete, Operation::Lock])).collect();
    let incomplete =
        PaymentSpec { user_info: UserInfo::WithoutCreditorName, ..PaymentSpec::default() };
    let ids = world.sandbox.add_payments(bad, &incomplete);
    expected.extend(ids.into_iter().map(|id| (id, vec![Operation::Reject])));
    until_true("all payments to be over", || {
        let over = [PaymentState::Completed, PaymentState::Failed];
        over.map(|state| world.sandbox.count_in(state)) == [good as u64, bad as u64]
    });
    until_true("all to be recorded", || {
        world.count("payments WHERE state IN ('COMPLETED', 'FAILED')") == good + bad
    });
    let logs = daemons.map(|daemon| {
        daemon.signal("TERM");
        let ended = daemon.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    });
    for line in logs.iter().flat_map(|log| log.lines()) {
        // On a busy machine the driver warns that it had to wait.
        let is_slow = line.contains("\"target\":\"sqlx::") && line.contains("slow");
        assert!(line.contains("\"level\":\"INFO\"") || is_slow, "{line}");
    }
    check(&world, &expected, "in the end");
}

#[test]
fn takes_over_after_a_kill_on_sqlite() {
    takes_over_after_a_kill(Kind::Sqlite);
}

#[test]
fn takes_over_after_a_kill_on_postgres() {
    takes_over_after_a_kill(Kind::Postgres);
}

#[test]
fn takes_over_at_once_after_a_stop_on_sqlite() {
    takes_over_at_once_after_a_stop(Kind::Sqlite);
}

#[test]
fn takes_over_at_once_after_a_stop_on_postgres() {
    takes_over_at_once_after_a_stop(Kind::Postgres);
}

#[test]
fn a_single_sweep_leaves_it_to_the_holder_on_sqlite() {
    a_single_sweep_leaves_it_to_the_holder(Kind::Sqlite);
}

#[test]
fn a_single_sweep_leaves_it_to_the_holder_on_postgres() {
    a_single_sweep_leaves_it_to_the_holder(Kind::Postgres);
}

#[test]
fn paused_while_it_collects_on_sqlite() {
    a_paused_holder_writes_nothing(Kind::Sqlite, 100, Endpoint::List, 4);
}

#[test]
fn paused_while_it_collects_on_postgres() {
    a_paused_holder_writes_nothing(Kind::Postgres, 100, Endpoint::List, 4);
}

#[test]
fn paused_while_it_acts_on_sqlite() {
    a_paused_holder_writes_nothing(Kind::Sqlite, 5, Endpoint::Operation(Operation::Lock), 3);
}

#[test]
fn paused_while_it_acts_on_postgres() {
    a_paused_holder_writes_nothing(Kind::Postgres, 5, Endpoint::Operation(Operation::Lock), 3);
}

#[test]
fn all_pollers_at_once_on_sqlite() {
    all_at_once(Kind::Sqlite);
}

#[test]
fn all_pollers_at_once_on_postgres() {
    all_at_once(Kind::Postgres);
}
