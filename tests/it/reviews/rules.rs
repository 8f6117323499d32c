//! What is decided before anybody is asked: the sender's data must be complete, and there must be time.

use chrono::TimeDelta;
use railpoll::engine::{Decision, PaymentState};
use railpoll_sandbox::{self, Operation, PaymentSpec, UserInfo};

use super::{decide, expect_held, expect_locked, offer, review_of};
use crate::support::databases::Kind;
use crate::support::world::World;

const NEEDS_NAME: &str = r#"pollers.accepted.review.require_user_info=["/Cdtr/Nm"]"#;

#[test]
fn whatever_is_complete_is_approved_automatically() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    world.once("accepted", &[NEEDS_NAME]).expect(0);
    expect_locked(&world, id);
    let decided = world.texts("SELECT decided_by || ': ' || decision FROM reviews");
    assert_eq!(decided, ["automatic: approve"]);
}

#[test]
fn incomplete_data_are_declined_with_the_code_that_says_so() {
    let gaps = [
        (UserInfo::WithoutCreditorName, "/Cdtr/Nm", "RR03"),
        (UserInfo::Empty, "/CdtrAcct/Id", "AC02"),
        (UserInfo::Empty, "/CdtrAgt/FinInstnId/BICFI", "RC01"),
        (UserInfo::Empty, "/Dbtr/Nm", "RR02"),
        (UserInfo::Empty, "/RmtInf", "NARR"),
    ];
    for (user_info, pointer, code) in gaps {
        let world = World::new(Kind::Sqlite);
        let spec = PaymentSpec { user_info, ..PaymentSpec::default() };
        let id = world.sandbox.add_payments(1, &spec)[0];
        let set = format!("pollers.accepted.review.require_user_info=[\"{pointer}\"]");
        world.once("accepted", &[&set]).expect(0);
        assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1, "{pointer}");
        assert_eq!(world.sandbox.state_of(id), Some(railpoll_sandbox::PaymentState::LockDeclined));
        let document = world.sandbox.document(id).unwrap();
        for part in [code, pointer, "RECEIVER_DATA_VALIDATION"] {
            assert!(document.contains(&format!("\"code\":\"{code}\"")), "{document}");
            assert!(document.contains(part), "no {part} in {document}");
        }
        let decided = world.texts("SELECT decided_by || ': ' || code FROM reviews");
        assert_eq!(decided, [format!("rule: {code}")]);
    }
}

#[test]
fn incomplete_data_are_held_for_a_person_where_a_person_decides() {
    let world = World::new(Kind::Sqlite);
    let spec = PaymentSpec { user_info: UserInfo::WithoutCreditorName, ..PaymentSpec::default() };
    let id = world.sandbox.add_payments(1, &spec)[0];
    let manual = ["pollers.accepted.review.mode=manual", NEEDS_NAME];
    for _ in 0..2 {
        world.once("accepted", &manual).expect(0);
        expect_held(&world, id);
    }
    let why = world.texts("SELECT reason FROM reviews");
    assert_eq!(why, ["the sender's user_info has no /Cdtr/Nm"]);
    decide(&world, id, &PaymentState::Accepted, Decision::Approve);
    world.once("accepted", &manual).expect(0);
    expect_locked(&world, id);
}

#[test]
fn a_payment_near_its_deadline_is_left_alone_and_the_reason_recorded() {
    let world = World::new(Kind::Sqlite);
    let spec = PaymentSpec { expires_in: TimeDelta::seconds(90), ..PaymentSpec::default() };
    let id = world.sandbox.add_payments(1, &spec)[0];
    let margin = |time: &str| format!("pollers.accepted.review.expiry_margin={time}");
    world.once("accepted", &[&margin("10m")]).expect(0);
    expect_held(&world, id);
    let why = world.texts("SELECT decided_by || ': ' || reason FROM reviews").remove(0);
    assert!(why.starts_with("rule: expires in "), "{why}");
    assert!(why.contains("the margin is 600 s"), "{why}");

    let other = world.sandbox.add_payments(1, &spec)[0];
    world.once("accepted", &[&margin("1s")]).expect(0);
    assert_eq!(world.sandbox.accepted_calls(other, Operation::Lock), 1);
    assert_eq!(review_of(&world, id), "held");
}
