//! Answers that never come, or say what is not so: each payment is acted on once all the same, and nobody has to help.

use std::collections::BTreeSet;
use std::sync::Mutex;

use railpoll_sandbox::{
    Endpoint, FaultRates, HookAnswer, Operation, PaymentSpec, PaymentState, Phase, Reply,
};
use uuid::Uuid;

use crate::support::agreement::{Expected, check};
use crate::support::databases::Kind;
use crate::support::world::{World, until_true};

/// An answer that takes longer is lost. Slow machines have more time than this for a page.
const QUICK: &str = "networks.acme.timeout=1s";
const LOCK: Endpoint = Endpoint::Operation(Operation::Lock);

fn until_done(world: &World, count: usize, state: PaymentState) {
    let wanted = u64::try_from(count).unwrap();
    until_true("the network to have done all", || world.sandbox.count_in(state) == wanted);
    until_true("all to be known as done", || {
        world.count("operations WHERE status = 'done'") == count
    });
}

fn expect_all(ids: Vec<Uuid>, operation: Operation) -> Expected {
    ids.into_iter().map(|id| (id, vec![operation])).collect()
}

/// Three of ten connections are cut, half of these after the request was carried out.
fn with_cut_connections(kind: Kind) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(200, &PaymentSpec::default());
    let rates = FaultRates { cut_before: 150, cut_after: 150, ..FaultRates::default() };
    world.sandbox.set_faults(rates);
    let daemon = world.start("accepted", &[QUICK]);
    until_done(&world, 200, PaymentState::Locked);
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
    let faults = world.sandbox.summary().faults;
    assert!(faults["cut before"] > 30 && faults["cut after"] > 30, "{faults:?}");
    check(&world, &expect_all(ids, Operation::Lock), "after cut connections");
}

/// One payment for each way in which an answer can be lost.
fn with_every_kind_of_loss(kind: Kind) {
    let replies = [
        Reply::CutBefore,
        Reply::CutAfter,
        Reply::Hang,
        Reply::HangAfter,
        Reply::Truncated,
        Reply::Html,
        Reply::Huge,
        Reply::Body("{\"payment_id\": 7".to_owned()),
        Reply::Body("[]".to_owned()),
        Reply::Body(String::new()),
        Reply::status(500),
        Reply::status(502),
        Reply::status(504),
    ];
    let world = World::new(kind);
    let count = replies.len();
    let ids = world.sandbox.add_payments(count, &PaymentSpec::default());
    for reply in replies {
        world.sandbox.script(LOCK, 1, reply);
    }
    let daemon = world.start("accepted", &[QUICK]);
    until_done(&world, count, PaymentState::Locked);
    drop(daemon);
    check(&world, &expect_all(ids, Operation::Lock), "after lost answers");
}

/// The network locks each payment, and says that it could not.
fn with_false_failures(kind: Kind) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(4, &PaymentSpec::default());
    for status in [500, 502, 504, 409] {
        world.sandbox.script(LOCK, 1, Reply::status(status));
    }
    let (sandbox, locked) = (world.sandbox.clone(), Mutex::new(BTreeSet::new()));
    world.sandbox.set_hook(move |request| {
        let is_lock = (request.endpoint, request.phase) == (LOCK, Phase::BeforeApply);
        if let Some(id) = request.about.first().filter(|_| is_lock)
            && locked.lock().unwrap().insert(id.clone())
        {
            sandbox.move_to(id.parse().unwrap(), PaymentState::Locked);
        }
        HookAnswer::Go
    });
    let daemon = world.start("accepted", &[QUICK]);
    until_done(&world, 4, PaymentState::Locked);
    drop(daemon);
    world.sandbox.clear_hook();
    assert_eq!(world.sandbox.requests_to(LOCK), 4, "none is asked for again");
    assert_eq!(world.sandbox.calls(), [], "the network did all of it by itself");
    assert_eq!(world.count("operations"), ids.len());
    assert_eq!(world.count("operations WHERE answer = 'found LOCKED'"), ids.len());
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), ids.len());
}

#[test]
fn cut_connections_on_sqlite() {
    with_cut_connections(Kind::Sqlite);
}

#[test]
fn cut_connections_on_postgres() {
    with_cut_connections(Kind::Postgres);
}

#[test]
fn every_kind_of_loss_on_sqlite() {
    with_every_kind_of_loss(Kind::Sqlite);
}

#[test]
fn every_kind_of_loss_on_postgres() {
    with_every_kind_of_loss(Kind::Postgres);
}

#[test]
fn false_failures_on_sqlite() {
    with_false_failures(Kind::Sqlite);
}

#[test]
fn false_failures_on_postgres() {
    with_false_failures(Kind::Postgres);
}
