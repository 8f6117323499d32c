//! Who decided what, and who may overrule whom.

use chrono::TimeDelta;
use railpoll::engine::{
    ConnectorRole, Decision, Operation, PaymentState, Poller, Reason, ReasonType,
};
use railpoll::store::{Due, Lease, Review, Store, StoreError};

use crate::support::on_both;
use crate::support::payments::{NETWORK, intend_lock, lease, now, payment, record, row};
use crate::support::{ann, by};

const ACCEPTED: PaymentState = PaymentState::Accepted;

fn decline() -> Decision {
    Decision::Decline(Reason::new(ReasonType::ReceiverLockFailure, "AC03", "no account").unwrap())
}

fn hold() -> Decision {
    Decision::Hold { until: None, why: "let me see".to_owned() }
}

async fn decide(
    store: &Store,
    lease: Option<&Lease>,
    decision: Decision,
) -> Result<(), StoreError> {
    let decided_by = if lease.is_some() { "http" } else { "ann" }.to_owned();
    let review = Review { decision, decided_by, shown: None };
    store.decide(NETWORK, by(lease), "a", &ACCEPTED, &review, now()).await
}

async fn due(store: &Store) -> Due {
    let later = now() + TimeDelta::days(2);
    let role = ConnectorRole::Receiving;
    store.due(NETWORK, &[ACCEPTED], &role, later, 1).await.unwrap().remove(0)
}

async fn review(store: &Store) -> Option<String> {
    store.payments_with_id("a", None).await.unwrap().remove(0).review
}

#[test]
fn decisions_are_on_record_and_told() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        decide(&store, None, hold()).await.unwrap();
        decide(&store, None, decline()).await.unwrap();
        decide(&store, None, Decision::Approve).await.unwrap();
        let payment = store.payments_with_id("a", None).await.unwrap().remove(0);
        let story = store.story(payment).await.unwrap();
        let told: Vec<_> =
            story.reviews.iter().map(|r| (r.decision.as_str(), r.code.as_deref())).collect();
        assert_eq!(told, [("hold", None), ("decline", Some("AC03")), ("approve", None)]);
        assert_eq!(story.reviews[0].reason.as_deref(), Some("let me see"));
        assert_eq!(
            (story.reviews[0].decided_by.as_str(), story.reviews[0].decided_at),
            ("ann", now())
        );
        let events = store.events_after(1, 10).await.unwrap();
        assert!(events.iter().all(|event| event.event_type == "payment.reviewed"));
        assert_eq!(events.len(), 3);
    });
}

#[test]
fn a_payment_that_moved_on_or_is_acted_on_is_not_decided_on() {
    on_both(async |database| {
        let store = database.store().await;
        let nobody = decide(&store, None, Decision::Approve).await;
        assert!(matches!(nobody, Err(StoreError::Refused(_))));
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let lease = lease(&store, Poller::Accepted).await;
        intend_lock(&store, &lease, "a").await.unwrap();
        let acted_on = decide(&store, None, decline()).await;
        assert!(matches!(acted_on, Err(StoreError::Refused(_))));
        record(&store, &[row(payment("a", "LOCKED", 2))]).await;
        let moved_on = decide(&store, None, decline()).await;
        assert!(matches!(moved_on, Err(StoreError::Refused(_))));
        let mut person = database.person().await;
        assert_eq!(person.count("reviews").await, 0);
    });
}

#[test]
fn a_poller_does_not_overrule_a_person() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        // The poller has asked somebody and waits for the answer; meanwhile a person decides.
        for (decision, stands, against) in [
            (hold(), "held", vec![Decision::Approve, decline(), hold()]),
            (decline(), "declined", vec![Decision::Approve]),
            (Decision::Approve, "approved", vec![decline()]),
        ] {
            decide(&store, None, decision).await.unwrap();
            for answer in against {
                let refused = decide(&store, Some(&lease), answer).await;
                assert!(matches!(refused, Err(StoreError::Refused(_))), "{stands}");
            }
            assert_eq!(review(&store).await.as_deref(), Some(stands));
        }
        store.release(NETWORK, "a", ann(), now()).await.unwrap_err();
        decide(&store, None, hold()).await.unwrap();
        store.release(NETWORK, "a", ann(), now()).await.unwrap();
        decide(&store, Some(&lease), Decision::Approve).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("approved"));
        // To hold what was approved is on the safe side: its deadline may be too near.
        decide(&store, Some(&lease), hold()).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("held"));
    });
}

#[test]
fn a_poller_ends_a_hold_whose_time_is_over() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let until = |until| Decision::Hold { until: Some(until), why: "busy".to_owned() };
        decide(&store, Some(&lease), until(now())).await.unwrap();
        decide(&store, Some(&lease), until(now() + TimeDelta::days(1))).await.unwrap();
        let early = decide(&store, Some(&lease), Decision::Approve).await;
        assert!(matches!(early, Err(StoreError::Refused(_))));
    });
}

#[test]
fn what_a_person_decided_meanwhile_does_not_become_pending() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let seen = due(&store).await;
        decide(&store, None, Decision::Approve).await.unwrap();
        store.await_person(&lease, &seen).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("approved"));
        let held = Decision::Hold { until: Some(now()), why: "busy".to_owned() };
        decide(&store, None, held).await.unwrap();
        let seen = due(&store).await;
        store.await_person(&lease, &seen).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("pending"));
    });
}

#[test]
fn an_operation_against_the_newest_decision_is_not_intended() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let reason = Reason::new(ReasonType::ReceiverLockFailure, "AC03", "no account").unwrap();
        let reject = Operation::Reject { reason };
        for (decision, against) in [
            (hold(), vec![&Operation::Lock, &reject]),
            (decline(), vec![&Operation::Lock]),
            (Decision::Approve, vec![&reject]),
        ] {
            decide(&store, None, decision).await.unwrap();
            for operation in against {
                let intent = store.intend(&lease, "a", &ACCEPTED, operation, now()).await.unwrap();
                assert_eq!(intent, None, "{}", operation.name());
            }
        }
        assert!(intend_lock(&store, &lease, "a").await.is_some());
    });
}
