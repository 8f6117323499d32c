//! What the database itself refuses.

use railpoll::engine::{Decision, PaymentState, Poller};
use railpoll::store::Review;

use crate::support::by;
use crate::support::payments::{NETWORK, intend_lock, lease, now, payment, record, row};
use crate::support::{Kind, on_both};

#[test]
fn history_and_events_can_not_be_changed() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut person = database.person().await;
        let mut attempts = vec![
            "UPDATE status_changes SET status = 'COMPLETED'",
            "DELETE FROM status_changes",
            "UPDATE statuses SET status = 'COMPLETED'",
            "DELETE FROM statuses",
            "UPDATE things SET id = 'b'",
            "DELETE FROM things",
            "UPDATE events SET payload = '{}'",
            "DELETE FROM events WHERE id = 1",
        ];
        attempts.extend(match database.kind {
            Kind::Sqlite => vec![
                "REPLACE INTO events SELECT id, type, 'other', version, payload, occurred_at FROM events",
                "REPLACE INTO status_changes SELECT row_id, kind, network, id, 'COMPLETED', reached_at, recorded_at, source, reason, decided_by FROM status_changes",
                "REPLACE INTO statuses SELECT row_id, thing, 'COMPLETED', reached_at, recorded_at, source, reason, decided_by FROM statuses",
                "UPDATE OR REPLACE events SET id = 1",
                "INSERT INTO events SELECT id, type, 'other', version, payload, occurred_at FROM events WHERE true \
                 ON CONFLICT (id) DO UPDATE SET subject = 'other'",
            ],
            Kind::Postgres => vec![
                "TRUNCATE statuses",
                "TRUNCATE things",
                "TRUNCATE events",
                "INSERT INTO events OVERRIDING SYSTEM VALUE SELECT * FROM events ON CONFLICT (id) DO UPDATE SET subject = 'x'",
            ],
        });
        for attempt in attempts {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains("is append-only"), "{attempt}: {refused}");
        }
        let texts = person.texts("SELECT status || source FROM status_changes").await;
        assert_eq!(texts, ["ACCEPTEDlist"]);
        assert_eq!(person.texts("SELECT subject FROM events").await, ["payment/acme/a"]);
    });
}

#[test]
fn values_that_can_not_be_are_refused() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let lease = lease(&store, Poller::Accepted).await;
        let review =
            Review { decision: Decision::Approve, decided_by: "ann".to_owned(), shown: None };
        store
            .decide(NETWORK, by(None), "a", &PaymentState::Accepted, &review, now())
            .await
            .unwrap();
        intend_lock(&store, &lease, "a").await.unwrap();
        let mut person = database.person().await;
        for attempt in [
            "UPDATE known_payments SET review = 'perhaps'",
            "UPDATE known_payments SET amount = 'ten'",
            "UPDATE known_payments SET sub_states = '['",
            "UPDATE operations SET status = 'done'",
            "UPDATE operations SET status = 'perhaps'",
            "UPDATE operations SET request = '{'",
            "UPDATE known_payments SET state = NULL",
            "DELETE FROM payments",
            "INSERT INTO operations (network, payment_id, poller, state, operation, status, request, intended_at) \
             SELECT network, payment_id, poller, state, 'fail', 'intended', request, intended_at FROM operations",
            "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source) \
             SELECT 'pigeon', network, id, status, reached_at, recorded_at, source FROM status_changes",
        ] {
            assert!(person.execute(attempt).await.is_err(), "{attempt}");
        }
    });
}
