//! A reviewer that takes its time for one payment delays no other, and its answer counts for all that.

use std::sync::Arc;

use axum::response::IntoResponse as _;
use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::Clock;
use railpoll_sandbox::{Operation, PaymentSpec};
use tokio::sync::Notify;
use uuid::Uuid;

use super::offer;
use super::service::{Reply, Service, ok};
use crate::support::stellar::on_both_kinds;
use crate::support::world::{Daemon, World, finish, until_true};

const APPROVE: &str = r#"{"decision":"approve"}"#;

/// A service that approves everything, but for one payment's sake waits until it is let go.
fn slow_about(world: &World, slow: Uuid) -> (Service, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let (slow, held) = (slow.to_string(), Arc::clone(&gate));
    let service = Service::start(world, move |_, asked| {
        if asked.body["payment_id"] == slow {
            Reply::Later(Arc::clone(&held), APPROVE.into_response())
        } else {
            ok(APPROVE)
        }
    });
    (service, gate)
}

fn start(world: &World, service: &Service, how: &str) -> Daemon {
    let url = format!("pollers.accepted.review.url={}/review", service.base);
    let sets =
        ["pollers.accepted.review.mode=http", "pollers.accepted.review.timeout=30s", url.as_str()];
    Daemon::start(world.poller("accepted", &sets).arg(how))
}

fn sweeps(world: &World) -> usize {
    world.count("sweeps WHERE poller = 'accepted'")
}

fn is_locked(world: &World, id: Uuid) -> bool {
    world.sandbox.accepted_calls(id, Operation::Lock) == 1
}

#[test]
fn what_comes_while_a_review_hangs_is_decided() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let slow = offer(&world);
        let (service, gate) = slow_about(&world, slow);
        let daemon = start(&world, &service, "--loop");
        until_true("the question", || service.asked_about(slow) == 1);
        for _ in 0..3 {
            let before = sweeps(&world);
            let others = world.sandbox.add_payments(9, &PaymentSpec::default());
            until_true("the others", || others.iter().all(|id| is_locked(&world, *id)));
            until_true("another sweep", || sweeps(&world) > before);
        }
        assert!(!is_locked(&world, slow), "nobody has decided on it");
        gate.notify_one();
        until_true("the slow one", || is_locked(&world, slow));
        assert_eq!(service.asked_about(slow), 1, "what is under way is not begun twice");
        daemon.signal("TERM");
        daemon.ended().expect(0);
        assert_eq!(world.sandbox.calls_more_than_once(), []);
        assert_eq!(world.count("reviews"), 28);
    });
}

#[test]
fn what_a_sweep_has_left_is_carried_out_before_a_stop() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        let slow = offer(&world);
        let (service, gate) = slow_about(&world, slow);
        let daemon = start(&world, &service, "--loop");
        until_true("the question", || service.asked_about(slow) == 1);
        until_true("the sweep to leave it", || sweeps(&world) > 0);
        daemon.signal("TERM");
        gate.notify_one();
        daemon.ended().expect(0);
        assert!(is_locked(&world, slow), "its answer was carried out");
        assert_eq!(service.asked_about(slow), 1);
    });
}

#[test]
fn a_single_sweep_waits() {
    let world = World::new(crate::support::databases::Kind::Sqlite);
    let slow = offer(&world);
    let (service, gate) = slow_about(&world, slow);
    let others = world.sandbox.add_payments(9, &PaymentSpec::default());
    let daemon = start(&world, &service, "--once");
    until_true("the question", || service.asked_about(slow) == 1);
    until_true("the others", || others.iter().all(|id| is_locked(&world, *id)));
    assert_eq!(sweeps(&world), 0);
    gate.notify_one();
    daemon.ended().expect(0);
    assert!(is_locked(&world, slow));
}

/// It was asked in time; when its answer comes, the network may fail the payment at any moment.
#[test]
fn an_answer_that_comes_near_the_deadline_is_not_carried_out() {
    on_both_kinds(|kind| {
        let world = World::new(kind);
        // Three seconds before the margin begins, which is twenty.
        let spec = PaymentSpec { expires_in: TimeDelta::seconds(23), ..PaymentSpec::default() };
        let slow = world.sandbox.add_payments(1, &spec)[0];
        let (service, gate) = slow_about(&world, slow);
        let daemon = start(&world, &service, "--loop");
        until_true("the question", || service.asked_about(slow) == 1);
        let slow_id = slow.to_string();
        let show = ["payments", "show", &slow_id, "--json"];
        let told = finish(world.command("railpoll", &[]).args(show)).expect(0);
        let expires_at = told.json()[0]["expires_at"].as_str().unwrap().to_owned();
        // The network tells its clock in whole seconds.
        let near = expires_at.parse::<DateTime<Utc>>().unwrap() - TimeDelta::seconds(20 - 2);
        until_true("the deadline to be near", || Clock::system().now() > near);
        gate.notify_one();
        until_true("the hold", || world.count("reviews") > 0);
        let told = "SELECT decision || ' ' || decided_by || ' ' || reason FROM reviews";
        let told = world.texts(told);
        assert!(told[0].starts_with("hold rule expires in "), "{told:?}");
        daemon.signal("TERM");
        daemon.ended().expect(0);
        assert!(!is_locked(&world, slow));
    });
}

/// Many that hang leave places for those that do not.
#[test]
fn as_many_as_are_reviewed_at_once_hang() {
    let world = World::new(crate::support::databases::Kind::Sqlite);
    let service =
        Service::start(&world, |number, _| if number < 8 { Reply::Silence } else { ok(APPROVE) });
    world.sandbox.add_payments(8, &PaymentSpec::default());
    let daemon = start(&world, &service, "--loop");
    until_true("eight questions", || service.asked().len() == 8);
    let others = world.sandbox.add_payments(9, &PaymentSpec::default());
    until_true("the others", || others.iter().all(|id| is_locked(&world, *id)));
    assert_eq!(world.count("reviews"), 9);
    drop(daemon);
}
