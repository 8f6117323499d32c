//! A person decides.

use railpoll::engine::{Clock, Decision, PaymentState, Reason, ReasonType};
use railpoll_sandbox::{self, Operation, PaymentSpec};

use super::{decide, expect_held, expect_locked, offer, review_of};
use crate::support::ann;
use crate::support::databases::Kind;
use crate::support::world::World;

const MANUAL: &str = "pollers.accepted.review.mode=manual";

fn no_account() -> Decision {
    let kind = ReasonType::ReceiverDataValidation;
    Decision::Decline(Reason::new(kind, "AC03", "no such account").unwrap())
}

fn a_payment_waits_for_a_person(kind: Kind) {
    let world = World::new(kind);
    let id = offer(&world);
    for _ in 0..2 {
        let ended = world.once("accepted", &[MANUAL]).expect(0);
        assert_eq!(review_of(&world, id), "pending");
        assert_eq!(world.sandbox.calls(), []);
        assert!(!ended.stderr.contains("error"), "{}", ended.stderr);
    }
    decide(&world, id, &PaymentState::Accepted, Decision::Approve);
    assert_eq!(world.sandbox.calls(), []);
    for _ in 0..2 {
        world.once("accepted", &[MANUAL]).expect(0);
        expect_locked(&world, id);
    }
    assert_eq!(world.texts("SELECT decided_by FROM reviews"), ["ann"]);
}

#[test]
fn a_payment_waits_for_a_person_on_sqlite() {
    a_payment_waits_for_a_person(Kind::Sqlite);
}

#[test]
fn a_payment_waits_for_a_person_on_postgres() {
    a_payment_waits_for_a_person(Kind::Postgres);
}

#[test]
fn manual_is_what_it_is_without_a_word() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    let switched_on = ["pollers.accepted.enabled=true"];
    crate::support::world::finish(&mut world.command("accepted", &switched_on)).expect(0);
    assert_eq!(review_of(&world, id), "pending");
    assert_eq!(world.sandbox.calls(), []);
}

#[test]
fn a_decline_goes_to_the_network_with_its_reason() {
    let declines = [
        ("reject", Operation::Reject, railpoll_sandbox::PaymentState::LockDeclined),
        ("fail", Operation::Fail, railpoll_sandbox::PaymentState::Failed),
    ];
    for (on_decline, operation, state) in declines {
        let world = World::new(Kind::Sqlite);
        let id = offer(&world);
        world.once("accepted", &[MANUAL]).expect(0);
        decide(&world, id, &PaymentState::Accepted, no_account());
        let set = format!("pollers.accepted.review.on_decline={on_decline}");
        world.once("accepted", &[MANUAL, &set]).expect(0);
        assert_eq!(world.sandbox.accepted_calls(id, operation), 1, "{on_decline}");
        assert_eq!(world.sandbox.calls().len(), 1);
        assert_eq!(world.sandbox.state_of(id), Some(state));
        let document = world.sandbox.document(id).unwrap();
        for part in ["\"AC03\"", "\"no such account\"", "\"RECEIVER_DATA_VALIDATION\""] {
            assert!(document.contains(part), "no {part} in {document}");
        }
        assert_eq!(world.sandbox.violations(), Vec::<String>::new());
    }
}

#[test]
fn an_executed_payment_that_is_declined_fails() {
    let world = World::new(Kind::Sqlite);
    let spec =
        PaymentSpec { state: railpoll_sandbox::PaymentState::Executed, ..PaymentSpec::default() };
    let id = world.sandbox.add_payments(1, &spec)[0];
    let manual = "pollers.executed.review.mode=manual";
    world.once("executed", &[manual]).expect(0);
    assert_eq!(review_of(&world, id), "pending");
    decide(&world, id, &PaymentState::Executed, no_account());
    world.once("executed", &[manual]).expect(0);
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Fail), 1);
    assert_eq!(world.sandbox.state_of(id), Some(railpoll_sandbox::PaymentState::Failed));
}

#[test]
fn a_hold_lasts_until_it_is_released() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    world.once("accepted", &[MANUAL]).expect(0);
    let hold = Decision::Hold { until: None, why: "a question to the sender".to_owned() };
    decide(&world, id, &PaymentState::Accepted, hold);
    // Not even for a reviewer that approves everything.
    for mode in ["manual", "automatic"] {
        let set = format!("pollers.accepted.review.mode={mode}");
        world.once("accepted", &[&set]).expect(0);
        expect_held(&world, id);
    }
    world.wait(async {
        let store = world.database.store().await;
        store.release("acme", &id.to_string(), ann(), Clock::system().now()).await.unwrap();
        store.close().await;
    });
    world.once("accepted", &[MANUAL]).expect(0);
    assert_eq!(review_of(&world, id), "pending");
    decide(&world, id, &PaymentState::Accepted, Decision::Approve);
    world.once("accepted", &[MANUAL]).expect(0);
    expect_locked(&world, id);
}

#[test]
fn a_person_may_overrule_what_is_not_carried_out_yet() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    world.once("accepted", &[MANUAL]).expect(0);
    decide(&world, id, &PaymentState::Accepted, Decision::Approve);
    decide(&world, id, &PaymentState::Accepted, no_account());
    world.once("accepted", &[MANUAL]).expect(0);
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1);
    assert_eq!(world.sandbox.calls().len(), 1);
}
