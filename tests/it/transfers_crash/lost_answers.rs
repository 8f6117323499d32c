//! Answers that are lost on all sides at once, after they took effect: and then the daemons are killed too.

use railpoll_sandbox::Reply;
use railpoll_sandbox::horizon::{HorizonEndpoint, HorizonSandbox, SubmitFault};

use crate::support::databases::Kind;
use crate::support::scene::Scene;
use crate::support::world::until_true;

/// What it is called, and what makes it happen.
type Loss = (&'static str, fn(&HorizonSandbox));

/// How the answers to two submissions are lost.
fn losses() -> [Loss; 4] {
    [
        ("504, and applied", |horizon| horizon.script_submit(2, SubmitFault::TimeoutApplied)),
        ("504, and never heard of", |horizon| horizon.script_submit(2, SubmitFault::TimeoutLost)),
        ("504, and forgotten", |horizon| horizon.script_submit(2, SubmitFault::Forgotten)),
        ("cut, and applied", |horizon| horizon.script(HorizonEndpoint::Submit, 2, Reply::CutAfter)),
    ]
}

/// Everything runs, and is killed when two transactions were submitted. Whoever comes next looks them up first.
fn lost_and_killed(kind: Kind) {
    let mut scene = Scene::new(kind);
    for (at, lose) in losses() {
        scene.start_afresh();
        scene.offer();
        scene.lose_answers();
        lose(&scene.anchor.horizon);
        let daemon = scene.start(&[]);
        until_true(at, || scene.anchor.horizon.submissions() >= 2);
        drop(daemon);
        scene.anchor.transfers.world.let_leases_run_out();
        scene.finish(at);
    }
}

/// The same without a kill; and an envelope that was applied is not found where it is looked up first.
fn lost_and_not_found(kind: Kind) {
    let scene = Scene::new(kind);
    scene.offer();
    scene.lose_answers();
    scene.anchor.horizon.script_submit(2, SubmitFault::TimeoutApplied);
    scene.anchor.horizon.script(HorizonEndpoint::Transaction, 1, Reply::status(404));
    scene.finish("404 after submit");
}

#[test]
fn lost_and_killed_on_sqlite() {
    lost_and_killed(Kind::Sqlite);
}

#[test]
fn lost_and_killed_on_postgres() {
    lost_and_killed(Kind::Postgres);
}

#[test]
fn lost_and_not_found_on_sqlite() {
    lost_and_not_found(Kind::Sqlite);
}

#[test]
fn lost_and_not_found_on_postgres() {
    lost_and_not_found(Kind::Postgres);
}
