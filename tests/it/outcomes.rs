//! How payments end: returned, with another amount, failed while they were held, and as the sender sees them.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{Clock, Decision, PaymentState as State};
use railpoll::store::Review;
use railpoll_sandbox::{
    Amount, Endpoint, Operation, Partner, PaymentSpec, PaymentState, Quirks, Reply, Role,
};
use uuid::Uuid;

use crate::support::by;
use crate::support::databases::{Kind, run};
use crate::support::world::{World, until_true};

const LOCK: Endpoint = Endpoint::Operation(Operation::Lock);
const SETTLE: Endpoint = Endpoint::Operation(Operation::Settle);

fn spec(state: PaymentState, role: Role) -> PaymentSpec {
    PaymentSpec { state, role, ..PaymentSpec::default() }
}

/// One column of a payment; `-` if it is empty.
fn column(world: &World, name: &str, id: Uuid) -> String {
    let sql = format!(
        "SELECT coalesce(CAST({name} AS text), '-') FROM payments WHERE payment_id = '{id}'"
    );
    world.texts(&sql).remove(0)
}

#[test]
fn a_return_is_linked_both_ways() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind);
        let paid = world.sandbox.add_payments(1, &spec(PaymentState::Completed, Role::Receiving));
        let sent = world.sandbox.add_payments(1, &spec(PaymentState::Completed, Role::Sending));
        world.once("completed", &[]).expect(0);
        assert_eq!(column(&world, "state", paid[0]), "COMPLETED");
        let gone = world.sandbox.return_payment(paid[0]).unwrap();
        let back = world.sandbox.return_payment(sent[0]).unwrap();
        world.once("completed", &[]).expect(0);
        world.once("returned", &[]).expect(0);
        assert_eq!(column(&world, "state", paid[0]), "RETURNED");
        assert_eq!(column(&world, "returned_by_payment", paid[0]), gone.to_string());
        assert_eq!(column(&world, "state", back), "COMPLETED");
        assert_eq!(column(&world, "returns_payment", back), sent[0].to_string());
        let history = "SELECT status FROM status_changes WHERE id = ";
        let history = format!("{history}'{}' ORDER BY reached_at, row_id", paid[0]);
        assert!(world.texts(&history).ends_with(&["COMPLETED".to_owned(), "RETURNED".to_owned()]));
        // The other ends are the sender's: the same node may be one, under a network's name of its own.
        world.configure("sending", "");
        world.once("completed", &["pollers.completed.collect_from=1h"]).expect(0);
        run(async {
            let store = world.database.store().await;
            assert_eq!(store.payments_with_id(&paid[0].to_string(), None).await.unwrap().len(), 1);
        });
        assert_eq!(world.alerts(), Vec::<String>::new());
    }
}

#[test]
fn the_senders_ends_of_a_return_are_linked_too() {
    let world = World::new(Kind::Sqlite);
    world.configure("sending", "");
    let paid = world.sandbox.add_payments(1, &spec(PaymentState::Completed, Role::Receiving));
    let sent = world.sandbox.add_payments(1, &spec(PaymentState::Completed, Role::Sending));
    let gone = world.sandbox.return_payment(paid[0]).unwrap();
    let back = world.sandbox.return_payment(sent[0]).unwrap();
    world.once("completed", &[]).expect(0);
    world.once("returned", &[]).expect(0);
    assert_eq!(column(&world, "returned_by_payment", sent[0]), back.to_string());
    assert_eq!(column(&world, "returns_payment", gone), paid[0].to_string());
}

#[test]
fn another_amount_at_the_end_is_told_of_once() {
    let world = World::new(Kind::Sqlite);
    let amount = Amount::Exact("12345678901234567890.123456789".to_owned());
    let spec = PaymentSpec { amount, ..spec(PaymentState::Executed, Role::Receiving) };
    let ids = world.sandbox.add_payments(2, &spec);
    world.once("executed", &["pollers.executed.review.mode=manual"]).expect(0);
    assert_eq!(column(&world, "amount", ids[0]), "12345678901234567890.123456789");
    world.sandbox.change_amount(ids[0], "12345678901234567890.123456788");
    for id in &ids {
        world.sandbox.move_to(*id, PaymentState::Completed);
    }
    for _ in 0..3 {
        world.once("completed", &[]).expect(0);
    }
    assert_eq!(column(&world, "amount", ids[0]), "12345678901234567890.123456788");
    assert_eq!(world.events("payment.amount_changed"), 1);
    assert_eq!(world.alerts(), ["decision_due stands", "amount_changed stands"]);
    let about = world.texts("SELECT subject FROM alerts WHERE name = 'amount_changed'");
    assert_eq!(about, [ids[0].to_string()]);
    let told = world.texts("SELECT payload FROM events WHERE type = 'payment.amount_changed'");
    assert!(told[0].contains("123456789\"") && told[0].contains("123456788\""), "{}", told[0]);
}

#[test]
fn sub_states_are_recorded() {
    let world = World::new(Kind::Sqlite);
    let id = world.sandbox.add_payments(1, &spec(PaymentState::Executed, Role::Receiving))[0];
    let manual = ["pollers.executed.review.mode=manual"];
    world.once("executed", &manual).expect(0);
    assert_eq!(column(&world, "sub_states", id), "[]");
    let millisecond = Duration::from_millis(1);
    let partner =
        Partner { sub_states: 1000, delay: (millisecond, millisecond), ..Partner::default() };
    world.sandbox.change(|network, now| network.set_partner(Some(partner), now));
    world.sandbox.partner_tick(Clock::system().now() + TimeDelta::seconds(1));
    world.once("executed", &manual).expect(0);
    assert_eq!(column(&world, "sub_states", id), r#"["DUE_DILIGENCE"]"#);
    assert_eq!(column(&world, "state", id), "EXECUTED");
    assert_eq!(world.events("payment.sub_state"), 1);
}

#[test]
fn a_held_payment_that_fails_is_let_go() {
    let world = World::new(Kind::Sqlite);
    let id = world.sandbox.add_payments(1, &PaymentSpec::default())[0];
    world.sandbox.script(LOCK, 1, Reply::status(400));
    world.once("accepted", &[]).expect(0);
    assert_eq!(column(&world, "review", id), "held");
    world.sandbox.move_to(id, PaymentState::Failed);
    world.once("failed", &[]).expect(0);
    assert_eq!(
        (column(&world, "state", id), column(&world, "review", id)),
        ("FAILED".into(), "-".into())
    );
    for _ in 0..3 {
        world.once("accepted", &[]).expect(0);
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn an_operation_under_way_on_a_payment_that_is_over_is_closed() {
    for (poller, state) in
        [("failed", PaymentState::Failed), ("completed", PaymentState::Completed)]
    {
        let world = World::new(Kind::Sqlite);
        let id = world.sandbox.add_payments(1, &PaymentSpec::default())[0];
        world.sandbox.script(LOCK, 1, Reply::CutBefore);
        world.once("accepted", &[]).expect(0);
        assert_eq!(world.texts("SELECT status FROM operations"), ["unknown"]);
        world.sandbox.move_to(id, state);
        world.once(poller, &[]).expect(0);
        let closed = if state == PaymentState::Failed { "refused" } else { "done" };
        assert_eq!(world.texts("SELECT status FROM operations"), [closed]);
        assert_eq!(world.sandbox.requests_to(LOCK), 1);
    }
}

#[test]
fn a_payment_near_its_deadline_is_left_to_the_network() {
    let world = World::new(Kind::Sqlite);
    let short =
        |seconds| PaymentSpec { expires_in: TimeDelta::seconds(seconds), ..PaymentSpec::default() };
    let near = world.sandbox.add_payments(1, &short(10))[0];
    let past = world.sandbox.add_payments(1, &short(-5))[0];
    let far = world.sandbox.add_payments(1, &short(600))[0];
    for _ in 0..2 {
        world.once("accepted", &[]).expect(0);
    }
    assert_eq!(world.sandbox.requests_to(LOCK), 1);
    assert_eq!(world.sandbox.accepted_calls(far, Operation::Lock), 1);
    for id in [near, past] {
        let sql =
            format!("SELECT decided_by || ': ' || reason FROM reviews WHERE payment_id = '{id}'");
        let reasons = world.texts(&sql);
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].starts_with("rule: expires in "), "{reasons:?}");
        assert_eq!(column(&world, "review", id), "held");
        world.sandbox.move_to(id, PaymentState::Failed);
    }
    world.once("failed", &[]).expect(0);
    for id in [near, past] {
        assert_eq!(
            (column(&world, "state", id), column(&world, "review", id)),
            ("FAILED".into(), "-".into())
        );
    }
    assert_eq!(world.alerts(), Vec::<String>::new());
}

#[test]
fn a_sender_only_records_what_others_act_on() {
    let world = World::new(Kind::Sqlite);
    world.configure("sending", "");
    let states = [PaymentState::Accepted, PaymentState::Executed, PaymentState::Completed];
    for state in states {
        world.sandbox.add_payments(5, &spec(state, Role::Sending));
        world.sandbox.add_payments(5, &spec(state, Role::Receiving));
    }
    for poller in ["accepted", "executed", "completed", "returned", "failed"] {
        world.once(poller, &[]).expect(0);
    }
    assert_eq!(world.count("payments WHERE connector_role = 'SENDING'"), 15);
    assert_eq!(world.count("payments"), 15);
    assert_eq!(world.count("operations"), 0);
    assert_eq!(world.sandbox.calls(), []);
    world.configure("receiving", "");
    world.sandbox.add_payments(5, &spec(PaymentState::Locked, Role::Receiving));
    world.once("locked", &[]).expect(0);
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), 5);
    assert_eq!(world.sandbox.calls(), []);
}

fn approve(world: &World, id: Uuid) {
    run(async {
        let store = world.database.store().await;
        let review =
            Review { decision: Decision::Approve, decided_by: "ann".to_owned(), shown: None };
        let (id, now) = (id.to_string(), Clock::system().now());
        store.decide("acme", by(None), &id, &State::Locked, &review, now).await.unwrap();
    });
}

#[test]
fn a_sender_settles_what_was_approved() {
    let world = World::new(Kind::Sqlite);
    world.configure("sending", "");
    let ids = world.sandbox.add_payments(2, &spec(PaymentState::Locked, Role::Sending));
    let manual = ["pollers.locked.review.mode=manual"];
    world.once("locked", &manual).expect(0);
    assert_eq!(world.count("payments WHERE review = 'pending'"), 2);
    approve(&world, ids[0]);
    world.once("locked", &manual).expect(0);
    assert_eq!(world.sandbox.state_of(ids[0]), Some(PaymentState::Prepared));
    assert_eq!(world.sandbox.state_of(ids[1]), Some(PaymentState::Locked));
    assert_eq!(column(&world, "state", ids[0]), "PREPARED");
    assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Settle), 1);
    assert_eq!(world.sandbox.violations(), Vec::<String>::new());
}

#[test]
fn a_settlement_that_takes_its_time_is_asked_for_once() {
    let world = World::new(Kind::Sqlite);
    world.configure("sending", "");
    // Longer than until the first look after a lost answer.
    world.sandbox.change(|network, _| {
        network.quirks = Quirks { settle_takes: Duration::from_secs(4), ..Quirks::default() }
    });
    let ids = world.sandbox.add_payments(2, &spec(PaymentState::Locked, Role::Sending));
    world.sandbox.script(SETTLE, 1, Reply::CutAfter);
    let daemon = world.start("locked", &[]);
    daemon.wait_for_log("lease taken");
    until_true("a call while the first one is in progress", || {
        world.sandbox.answers(SETTLE, 409) > 0
    });
    until_true("the end of both", || world.count("operations WHERE status = 'done'") == 2);
    until_true("both settled", || world.sandbox.count_in(PaymentState::Prepared) == 2);
    let sweeps = world.count("sweeps");
    until_true("some more sweeps", || world.count("sweeps") > sweeps + 3);
    daemon.signal("TERM");
    daemon.ended().expect(0);
    for id in ids {
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Settle), 1);
    }
    let busy = world.sandbox.answers(SETTLE, 409);
    assert!((1..=4).contains(&busy), "each look waits longer: {busy}");
    assert_eq!(world.sandbox.violations(), Vec::<String>::new());
    assert_eq!(world.alerts(), Vec::<String>::new());
}
