//! What is due.

use chrono::TimeDelta;
use railpoll::engine::{ConnectorRole, Decision, PaymentState, Poller, Reason, ReasonType};
use railpoll::store::{Finished, Review, Store};

use crate::support::by;
use crate::support::on_both;
use crate::support::payments::{
    NETWORK, at, intend_lock, lease, money, now, payment, record, row, state,
};

async fn due(store: &Store) -> Vec<String> {
    let states = [PaymentState::Accepted, PaymentState::Executed];
    let due = store.due(NETWORK, &states, &ConnectorRole::Receiving, now(), 100).await.unwrap();
    due.into_iter().map(|due| due.payment_id).collect()
}

async fn decide(store: &Store, id: &str, decision: Decision) {
    let review = Review { decision, decided_by: "ann".to_owned(), shown: None };
    store.decide(NETWORK, by(None), id, &PaymentState::Accepted, &review, now()).await.unwrap();
}

fn hold(until: Option<chrono::DateTime<chrono::Utc>>) -> Decision {
    Decision::Hold { until, why: "let me see".to_owned() }
}

#[test]
fn the_nearest_deadline_comes_first() {
    on_both(async |database| {
        let store = database.store().await;
        let mut rows = Vec::new();
        for (id, modified, expires) in [
            ("none-b", 2, None),
            ("late", 3, Some(90)),
            ("none-a", 1, None),
            ("soon", 4, Some(50)),
            ("past", 5, Some(6)),
        ] {
            let mut seen = payment(id, "ACCEPTED", modified);
            seen.expires_at = expires.map(at);
            rows.push(row(seen));
        }
        record(&store, &rows).await;
        assert_eq!(due(&store).await, ["past", "soon", "late", "none-a", "none-b"]);
        let role = ConnectorRole::Receiving;
        let first = store.due(NETWORK, &[PaymentState::Accepted], &role, now(), 1).await.unwrap();
        assert_eq!(first[0].payment_id, "past");
        assert_eq!((first[0].expires_at, first[0].version), (Some(at(6)), 1));
        assert_eq!((&first[0].money, first[0].review), (&money("10.00"), None));
    });
}

#[test]
fn only_what_can_be_acted_on_is_due() {
    on_both(async |database| {
        let store = database.store().await;
        let ids = [
            "fresh",
            "approved",
            "declined",
            "pending",
            "held",
            "held-until",
            "held-past",
            "open",
            "acted",
        ];
        let mut rows: Vec<_> =
            ids.iter().zip(1..).map(|(id, n)| row(payment(id, "ACCEPTED", n))).collect();
        let mut sending = payment("sending", "ACCEPTED", 1);
        sending.connector_role = ConnectorRole::Sending;
        rows.extend([row(sending), row(payment("locked", "LOCKED", 1))]);
        record(&store, &rows).await;
        let lease = lease(&store, Poller::Accepted).await;
        let role = ConnectorRole::Receiving;
        let all = store.due(NETWORK, &[PaymentState::Accepted], &role, now(), 100).await.unwrap();
        assert_eq!(all.len(), ids.len());
        let pending = all.iter().find(|due| due.payment_id == "pending").unwrap();
        store.await_person(&lease, pending).await.unwrap();
        let reason = Reason::new(ReasonType::ReceiverLockFailure, "AC03", "no account").unwrap();
        decide(&store, "approved", Decision::Approve).await;
        decide(&store, "declined", Decision::Decline(reason.clone())).await;
        decide(&store, "held", hold(None)).await;
        decide(&store, "held-until", hold(Some(now() + TimeDelta::seconds(1)))).await;
        decide(&store, "held-past", hold(Some(now()))).await;
        intend_lock(&store, &lease, "open").await.unwrap();
        let intent = intend_lock(&store, &lease, "acted").await.unwrap();
        let done = Finished::Done { answer: "ok".to_owned() };
        store.finish(&lease, &intent, &done, None, now()).await.unwrap();
        assert_eq!(due(&store).await, ["fresh", "approved", "declined", "held-past"]);
        let found =
            store.decline_reason(NETWORK, "declined", &PaymentState::Accepted).await.unwrap();
        assert_eq!(found, Some(reason));
        let none =
            store.decline_reason(NETWORK, "approved", &PaymentState::Accepted).await.unwrap();
        assert_eq!(none, None);
    });
}

#[test]
fn a_new_state_begins_a_new_review_and_a_touch_does_not() {
    on_both(async |database| {
        let store = database.store().await;
        for id in ["held", "acted", "approved"] {
            record(&store, &[row(payment(id, "ACCEPTED", 1))]).await;
        }
        let lease = lease(&store, Poller::Accepted).await;
        decide(&store, "held", hold(Some(now() + TimeDelta::days(1)))).await;
        decide(&store, "approved", Decision::Approve).await;
        let intent = intend_lock(&store, &lease, "acted").await.unwrap();
        let done = Finished::Done { answer: "ok".to_owned() };
        store.finish(&lease, &intent, &done, None, now()).await.unwrap();
        for id in ["held", "acted", "approved"] {
            record(&store, &[row(payment(id, "ACCEPTED", 2))]).await;
        }
        assert_eq!(due(&store).await, ["approved"]);
        for id in ["held", "acted", "approved"] {
            record(&store, &[row(payment(id, "EXECUTED", 3))]).await;
            let found = &store.payments_with_id(id, None).await.unwrap()[0];
            assert_eq!(
                (found.review.clone(), found.not_before, found.acted_at),
                (None, None, None)
            );
            assert_eq!(found.state, state("EXECUTED"));
        }
        assert_eq!(due(&store).await.len(), 3);
    });
}

#[test]
fn a_decision_is_on_an_amount() {
    on_both(async |database| {
        let store = database.store().await;
        let ids = ["approved", "fresh", "declined", "held", "touched", "over"];
        record(&store, &ids.map(|id| row(payment(id, "ACCEPTED", 1)))).await;
        let reason = Reason::new(ReasonType::ReceiverLockFailure, "AC03", "no account").unwrap();
        decide(&store, "approved", Decision::Approve).await;
        decide(&store, "touched", Decision::Approve).await;
        decide(&store, "declined", Decision::Decline(reason)).await;
        decide(&store, "held", hold(None)).await;
        let changed = ids.map(|id| {
            let mut seen = payment(id, if id == "over" { "FAILED" } else { "ACCEPTED" }, 2);
            // The same value in other words is the same amount.
            seen.money = money(if id == "touched" { "10.000" } else { "1000000.00" });
            row(seen)
        });
        record(&store, &changed).await;
        for (id, review) in [
            ("approved", Some("pending")),
            ("fresh", Some("pending")),
            ("declined", Some("declined")),
            ("held", Some("held")),
            ("touched", Some("approved")),
            ("over", None),
        ] {
            let found = &store.payments_with_id(id, None).await.unwrap()[0];
            assert_eq!(found.review.as_deref(), review, "{id}");
        }
        let lease = lease(&store, Poller::Accepted).await;
        assert_eq!(intend_lock(&store, &lease, "approved").await, None);
        assert!(intend_lock(&store, &lease, "touched").await.is_some());
    });
}
