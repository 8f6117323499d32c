//! Who decides on a payment, and what becomes of the decision.

mod command;
mod http;
mod person;
mod rules;
pub(crate) mod service;
mod slow;
mod void;

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::{Decision, PaymentState};
use railpoll::store::Review;
use railpoll_sandbox::{Operation, PaymentSpec};
use uuid::Uuid;

use crate::support::by;
use crate::support::world::{World, until};

/// One payment that is offered to us.
fn offer(world: &World) -> Uuid {
    world.sandbox.add_payments(1, &PaymentSpec::default())[0]
}

/// How the payment's review stands, as the operator sees it.
fn review_of(world: &World, id: Uuid) -> String {
    let sql = format!("SELECT COALESCE(review, 'none') FROM payments WHERE payment_id = '{id}'");
    world.texts(&sql).remove(0)
}

/// A person's decision.
fn decide(world: &World, id: Uuid, state: &PaymentState, decision: Decision) {
    world.wait(async {
        let store = world.database.store().await;
        let review = Review { decision, decided_by: "ann".to_owned(), shown: None };
        let now = "2026-01-31T09:00:00Z".parse().unwrap();
        store.decide("acme", by(None), &id.to_string(), state, &review, now).await.unwrap();
        store.close().await;
    });
}

/// How long each hold of the payment was to last, oldest first, and why it was made.
fn holds(world: &World, id: Uuid) -> Vec<(TimeDelta, String)> {
    let sql = format!(
        "SELECT decided_at || ' ' || until || ' ' || decided_by || ': ' || reason FROM reviews \
         WHERE payment_id = '{id}' AND decision = 'hold' ORDER BY review_id"
    );
    let hold = |row: &String| {
        let mut parts = row.splitn(3, ' ');
        let mut time = || parts.next().unwrap().parse::<DateTime<Utc>>().unwrap();
        let (from, until) = (time(), time());
        (until - from, parts.next().unwrap().to_owned())
    };
    world.texts(&sql).iter().map(hold).collect()
}

/// Fails unless each hold was to last as long as it should, in seconds, but for the moment that it took to record it.
#[track_caller]
fn expect_times(name: &str, holds: &[(TimeDelta, String)], seconds: &[i64]) {
    let times: Vec<TimeDelta> = holds.iter().map(|(time, _)| *time).collect();
    let is_right = |(time, seconds): (&TimeDelta, &i64)| {
        let right = TimeDelta::seconds(*seconds);
        *time <= right && *time > right - TimeDelta::seconds(8)
    };
    assert_eq!(times.len(), seconds.len(), "{name}: {times:?}");
    assert!(times.iter().zip(seconds).all(is_right), "{name}: {times:?}");
}

/// Lets the time of a hold pass.
fn let_the_hold_pass(world: &World) {
    world.wait(async {
        let sql =
            "UPDATE known_payments SET not_before = '2020-01-01T00:00:00.000000Z' WHERE review = 'held'";
        let held = world.database.person().await.execute(sql).await.unwrap();
        assert_eq!(held, 1);
    });
}

/// Fails unless the payment was locked, once.
#[track_caller]
fn expect_locked(world: &World, id: Uuid) {
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Lock), 1);
    assert_eq!(world.sandbox.calls().len(), 1);
    assert_eq!(world.sandbox.violations(), Vec::<String>::new());
}

/// Fails unless nothing was done to the payment, and it is held.
#[track_caller]
fn expect_held(world: &World, id: Uuid) {
    assert_eq!(world.sandbox.calls(), []);
    assert_eq!(review_of(world, id), "held");
}

/// Waits until the payment is in `state` at the network.
#[track_caller]
fn until_in(world: &World, id: Uuid, state: railpoll_sandbox::PaymentState) {
    until("the payment to move", || world.sandbox.state_of(id).filter(|now| *now == state));
}
