//! Pollers of payments: one payment whose own URL fails for ever.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use railpoll_sandbox::{Endpoint, Operation, PaymentSpec, PaymentState, Reply, Role};
use uuid::Uuid;

use super::{ALWAYS, SHORT, THINGS, sicknesses};
use crate::support::databases::Kind;
use crate::support::world::{World, finish, until_true};

/// A poller, and what it does to its payments.
struct Job {
    poller: &'static str,
    /// What our node is to them.
    role: (&'static str, Role),
    state: PaymentState,
    does: Operation,
    /// The payments end in this state before the poller sees them: it only finds out what became of the operations.
    over: Option<PaymentState>,
}

const ACCEPTED: Job = Job {
    poller: "accepted",
    role: ("receiving", Role::Receiving),
    state: PaymentState::Accepted,
    does: Operation::Lock,
    over: None,
};
const LOCKED: Job = Job {
    poller: "locked",
    role: ("sending", Role::Sending),
    state: PaymentState::Locked,
    does: Operation::Settle,
    over: None,
};
const EXECUTED: Job = Job {
    poller: "executed",
    state: PaymentState::Executed,
    does: Operation::Complete,
    ..ACCEPTED
};
const COMPLETED: Job = Job { poller: "completed", over: Some(PaymentState::Completed), ..ACCEPTED };
const FAILED: Job = Job { poller: "failed", over: Some(PaymentState::Failed), ..ACCEPTED };

fn sweep(world: &World, job: &Job) {
    world.once(job.poller, &[SHORT]).expect(0);
}

fn done(world: &World) -> usize {
    world.count("operations WHERE finished_at IS NOT NULL")
}

/// Ten payments with an operation each whose answer is lost, so that each of them has to be looked at.
fn offer(world: &World, job: &Job) -> Vec<Uuid> {
    world.configure(job.role.0, "");
    let spec = PaymentSpec { state: job.state, role: job.role.1, ..PaymentSpec::default() };
    let ids = world.sandbox.add_payments(THINGS, &spec);
    let times = u32::try_from(THINGS).unwrap();
    world.sandbox.script(Endpoint::Operation(job.does), times, Reply::status(500));
    let first = if job.over.is_some() { ACCEPTED.poller } else { job.poller };
    world.once(first, &[SHORT]).expect(0);
    assert_eq!(world.count("operations WHERE status = 'unknown'"), THINGS);
    for id in &ids {
        if let Some(state) = job.over {
            assert!(world.sandbox.move_to(*id, state));
        }
    }
    // Nobody waits for their time here.
    world.sql("UPDATE operations SET not_before = NULL");
    ids
}

/// One payment that cannot be looked at.
fn one_that_cannot_be_looked_at(kind: Kind, job: &Job, name: &str, reply: &Reply) {
    let world = World::new(kind);
    let ids = offer(&world, job);
    world.sandbox.script_for(Endpoint::Get, ids[0], ALWAYS, reply.clone());
    sweep(&world, job);
    sweep(&world, job);
    assert_eq!(done(&world), THINGS - 1, "{}, {name}: the nine are done", job.poller);
    let put_off = format!("payment/{}", ids[0]);
    assert_eq!(world.texts("SELECT subject FROM put_off"), [put_off], "{}, {name}", job.poller);
    world.sandbox.clear_scripts();
    world.sql("UPDATE put_off SET not_before = since");
    sweep(&world, job);
    assert_eq!(done(&world), THINGS, "{}, {name}: the tenth too, once it is well", job.poller);
    assert_eq!(world.count("put_off"), 0, "{}, {name}", job.poller);
    assert_eq!(world.sandbox.calls_more_than_once(), [], "{}, {name}", job.poller);
}

fn each(job: &Job) {
    for (place, (name, reply)) in sicknesses().iter().enumerate() {
        // Both databases, in turns: what is sick makes no difference to them.
        let kind = if place % 4 == 3 { Kind::Postgres } else { Kind::Sqlite };
        one_that_cannot_be_looked_at(kind, job, name, reply);
    }
}

#[test]
fn accepted() {
    each(&ACCEPTED);
}

#[test]
fn locked() {
    each(&LOCKED);
}

#[test]
fn executed() {
    each(&EXECUTED);
}

#[test]
fn completed() {
    each(&COMPLETED);
}

#[test]
fn failed() {
    each(&FAILED);
}

#[test]
fn one_whose_operation_is_never_answered_well() {
    for (name, reply) in sicknesses() {
        let world = World::new(Kind::Sqlite);
        let ids = world.sandbox.add_payments(THINGS, &PaymentSpec::default());
        let lock = Endpoint::Operation(Operation::Lock);
        world.sandbox.script_for(lock, ids[0], ALWAYS, reply);
        sweep(&world, &ACCEPTED);
        sweep(&world, &ACCEPTED);
        // Some answers are given after the lock was carried out: a look finds it.
        let wanted = u64::try_from(THINGS).unwrap() - 1;
        assert!(world.sandbox.count_in(PaymentState::Locked) >= wanted, "{name}");
        assert!(world.count("operations WHERE status = 'done'") >= THINGS - 1, "{name}");
        assert_eq!(world.sandbox.calls_more_than_once(), [], "{name}");
    }
}

#[test]
fn a_person_is_told_of_one_that_fails_again_and_again_until_it_is_well() {
    let world = World::new(Kind::Sqlite);
    let ids = offer(&world, &ACCEPTED);
    world.sandbox.script_for(Endpoint::Get, ids[0], ALWAYS, Reply::status(500));
    for failures in 1..=3 {
        assert_eq!(world.alerts(), Vec::<String>::new(), "{failures}");
        sweep(&world, &ACCEPTED);
        assert_eq!(
            world.texts("SELECT CAST(failures AS text) FROM put_off"),
            [failures.to_string()]
        );
        world.sql("UPDATE put_off SET not_before = since");
    }
    assert_eq!(world.alerts(), ["put_off stands"]);
    let detail = world.texts("SELECT detail FROM alerts").remove(0);
    assert!(detail.contains(&format!("payment/{}", ids[0])), "{detail}");
    assert!(detail.contains("get at 127.0.0.1"), "{detail}");
    world.sandbox.clear_scripts();
    sweep(&world, &ACCEPTED);
    assert_eq!(world.alerts(), ["put_off ended"]);
}

#[test]
fn a_network_that_dies_in_mid_sweep_is_down_and_blames_nobody() {
    let world = World::new(Kind::Sqlite);
    let ids = offer(&world, &ACCEPTED);
    // The list and its count are read; then nothing is.
    let sandbox = world.sandbox.clone();
    world.sandbox.set_hook(move |request| {
        if request.endpoint == Endpoint::Get {
            sandbox.script(Endpoint::List, ALWAYS, Reply::status(503));
        }
        railpoll_sandbox::HookAnswer::Go
    });
    for id in &ids {
        world.sandbox.script_for(Endpoint::Get, *id, ALWAYS, Reply::status(503));
    }
    world.once("accepted", &[SHORT]).expect(69);
    assert_eq!(world.alerts(), ["network_unavailable stands"]);
    assert_eq!(world.count("put_off"), 0);
    world.sandbox.clear_hook();
    world.sandbox.clear_scripts();
    sweep(&world, &ACCEPTED);
    assert_eq!(done(&world), THINGS);
}

/// The words of the last sweep that is on record.
fn last_sweep(world: &World, columns: &str) -> String {
    world.texts(&format!("SELECT {columns} FROM sweeps ORDER BY started_at DESC LIMIT 1")).remove(0)
}

/// From the request on of which `is_last` says so, the network lets us in no more.
fn locked_out_after(world: &World, is_last: impl Fn(Endpoint) -> bool + Send + Sync + 'static) {
    let sandbox = world.sandbox.clone();
    world.sandbox.set_hook(move |request| {
        if is_last(request.endpoint) {
            for endpoint in [Endpoint::List, Endpoint::Get, Endpoint::Operation(Operation::Lock)] {
                sandbox.script(endpoint, ALWAYS, Reply::status(403));
            }
        }
        railpoll_sandbox::HookAnswer::Go
    });
}

#[test]
fn a_sweep_that_fails_tells_what_it_has_done_before() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(THINGS, &PaymentSpec::default());
    let calls = AtomicU32::new(0);
    locked_out_after(&world, move |endpoint| {
        matches!(endpoint, Endpoint::Operation(_)) && calls.fetch_add(1, Ordering::Relaxed) == 3
    });
    let told = finish(world.poller("accepted", &[SHORT]).arg("--json")).expect(77).json();
    let sweep = told.last().unwrap();
    let locked = done(&world);
    assert!((1..THINGS).contains(&locked), "{locked}");
    assert_eq!((&sweep["acted"], &sweep["new"]), (&locked.into(), &THINGS.into()), "{sweep}");
    assert_eq!(last_sweep(&world, "CAST(acted AS text)"), locked.to_string());
}

#[test]
fn a_list_that_breaks_off_tells_what_was_read_of_it() {
    let world = World::new(Kind::Sqlite);
    let spec = PaymentSpec { spacing: Duration::from_millis(1), ..PaymentSpec::default() };
    world.sandbox.add_payments(THINGS, &spec);
    // How the list can be read is known before.
    let sets = [SHORT, "pollers.accepted.page_size=2", "pollers.accepted.review.mode=manual"];
    world.once("accepted", &sets).expect(0);
    // The walk begins with what it has read already, as far as that is not long ago.
    world.sandbox.add_payments(4 * THINGS, &spec);
    let asked = AtomicU32::new(0);
    locked_out_after(&world, move |endpoint| {
        endpoint == Endpoint::List && asked.fetch_add(1, Ordering::Relaxed) == 30
    });
    world.once("accepted", &sets).expect(77);
    let stored = world.count("payments") - THINGS;
    assert!((1..4 * THINGS).contains(&stored), "{stored}");
    assert_eq!(last_sweep(&world, "CAST(new AS text)"), stored.to_string());
    assert_ne!(last_sweep(&world, "CAST(pages AS text)"), "0");
}

#[test]
fn one_that_hangs_keeps_nobody_waiting_once_it_is_known() {
    let world = World::new(Kind::Sqlite);
    let ids = offer(&world, &ACCEPTED);
    world.sandbox.script_for(Endpoint::Get, ids[0], ALWAYS, Reply::Hang);
    let daemon = world.start("accepted", &[SHORT]);
    until_true("it to be put off", || world.count("put_off") == 1);
    for round in 1..=3_u64 {
        world.sandbox.add_payments(THINGS, &PaymentSpec::default());
        let wanted = (round + 1) * u64::try_from(THINGS).unwrap() - 1;
        until_true("the others", || world.sandbox.count_in(PaymentState::Locked) == wanted);
    }
    world.sandbox.clear_scripts();
    until_true("all", || done(&world) == 4 * THINGS);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

#[test]
fn a_reconcile_asks_for_the_others() {
    let world = World::new(Kind::Sqlite);
    let ids = world.sandbox.add_payments(THINGS, &PaymentSpec::default());
    world.once("completed", &[]).expect(0);
    let person = "pollers.accepted.review.mode=manual";
    world.once("accepted", &[person]).expect(0);
    // They leave the list, and one of them cannot be asked for.
    for id in &ids {
        world.sandbox.move_to(*id, PaymentState::Failed);
    }
    world.sandbox.script_for(Endpoint::Get, ids[0], ALWAYS, Reply::status(500));
    for _ in 0..3 {
        world.once("accepted", &[person]).expect(0);
    }
    assert_eq!(world.count("payments WHERE state = 'FAILED'"), THINGS - 1);
    world.sandbox.clear_scripts();
    let mut command = Command::new(crate::support::world::binary("railpoll"));
    command.current_dir(world.folder.path()).env_clear().arg("--config").arg(world.config());
    finish(command.args(["reconcile", "accepted", "--by", "Ada", "--reason", "why not"])).expect(0);
    let on_record = "audit WHERE action = 'list.reconcile' AND name = 'Ada' AND reason = 'why not'";
    assert_eq!(world.count(on_record), 1);
    assert_eq!(world.count("payments WHERE state = 'FAILED'"), THINGS);
}
