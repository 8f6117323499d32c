//! Lists: each filter, from both ends, and the beginnings of ids.

use chrono::{DateTime, Utc};
use railpoll::engine::{ConnectorRole, Money};
use railpoll::store::{EventFilter, PaymentFilter, QuarantineFilter, Store};

use crate::support::on_both;
use crate::support::payments::{NETWORK, at, documented, payment, record, row};

async fn ids(store: &Store, filter: PaymentFilter) -> Vec<String> {
    let filter = PaymentFilter { limit: 100, ..filter };
    let found = store.payments(&filter).await.unwrap();
    let ids: Vec<String> = found.into_iter().map(|row| row.payment_id).collect();
    let counted = store.payments_count(&filter).await.unwrap();
    assert_eq!(counted, u64::try_from(ids.len()).unwrap(), "{filter:?}");
    ids
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn money(amount: &str, currency: &str) -> Money {
    Money { amount: amount.parse().unwrap(), currency: currency.to_owned() }
}

#[test]
fn payments_are_found_by_each_of_their_facts() {
    on_both(async |database| {
        let store = database.store().await;
        let mut one = payment("one-1234", "ACCEPTED", 1);
        one.money = money("100.00", "USD");
        one.end_to_end_id = text("E2E-1");
        let mut two = payment("two-5678", "EXECUTED", 2);
        two.money = money("100", "EUR");
        two.sub_states = vec!["CASH".to_owned(), "PICK_UP".to_owned()];
        let mut three = payment("two-9999", "COMPLETED", 3);
        three.money = money("100.5", "USD");
        three.connector_role = ConnectorRole::Sending;
        record(&store, &[row(one), row(two), row(three)]).await;

        let none = PaymentFilter::default;
        for (filter, wanted) in [
            (none(), &["one-1234", "two-5678", "two-9999"][..]),
            (PaymentFilter { newest: true, ..none() }, &["two-9999", "two-5678", "one-1234"]),
            (PaymentFilter { reference: text("E2E-1"), ..none() }, &["one-1234"]),
            (PaymentFilter { reference: text("E2E"), ..none() }, &[]),
            (PaymentFilter { amount: "100".parse().ok(), ..none() }, &["one-1234", "two-5678"]),
            (PaymentFilter { amount: "100.50".parse().ok(), ..none() }, &["two-9999"]),
            (PaymentFilter { amount: "10".parse().ok(), ..none() }, &[]),
            (PaymentFilter { currency: text("EUR"), ..none() }, &["two-5678"]),
            (PaymentFilter { sub_state: text("PICK_UP"), ..none() }, &["two-5678"]),
            (PaymentFilter { sub_state: text("PICK"), ..none() }, &[]),
            (PaymentFilter { role: text("SENDING"), ..none() }, &["two-9999"]),
            (PaymentFilter { state: text("EXECUTED"), ..none() }, &["two-5678"]),
            (PaymentFilter { review: text("pending"), ..none() }, &[]),
            (PaymentFilter { network: text(NETWORK), until: Some(at(2)), ..none() }, &["one-1234"]),
            (
                PaymentFilter { since: Some(at(2)), newest: true, ..none() },
                &["two-9999", "two-5678"],
            ),
            (PaymentFilter { network: text("nowhere"), ..none() }, &[]),
        ] {
            assert_eq!(ids(&store, filter.clone()).await, wanted, "{filter:?}");
        }

        let beginning = async |text: &str| {
            let found = store.payments_beginning(text, None, 5).await.unwrap();
            found.into_iter().map(|row| row.payment_id).collect::<Vec<_>>()
        };
        assert_eq!(beginning("two-").await, ["two-5678", "two-9999"]);
        assert_eq!(beginning("one-1").await, ["one-1234"]);
        assert_eq!(beginning("two-5678x").await, [""; 0]);
        assert!(store.payments_beginning("two-", Some("other"), 5).await.unwrap().is_empty());
        assert!(store.places().await.unwrap().contains(&NETWORK.to_owned()));
    });
}

#[test]
fn a_list_is_walked_in_bounded_steps_from_both_ends() {
    on_both(async |database| {
        let store = database.store().await;
        let rows: Vec<_> = (0..25)
            .map(|n| row(payment(&format!("p{n:02}"), "LOCKED", i64::from(n / 5))))
            .collect();
        record(&store, &rows).await;
        for newest in [false, true] {
            let mut filter = PaymentFilter { newest, limit: 4, ..PaymentFilter::default() };
            let mut seen = Vec::new();
            loop {
                let step = store.payments_step(&filter).await.unwrap();
                assert!(step.rows.len() <= 4 && step.looked_at <= 20_000);
                seen.extend(step.rows.into_iter().map(|row| row.payment_id));
                let Some(next) = step.next else { break };
                filter.go_on(next);
            }
            let mut all: Vec<_> = (0..25).map(|n| format!("p{n:02}")).collect();
            if newest {
                all.reverse();
            }
            assert_eq!(seen, all, "newest: {newest}");
        }
    });
}

#[test]
fn documents_are_read_by_the_page() {
    on_both(async |database| {
        let store = database.store().await;
        for id in ["a", "b"] {
            let mut seen = payment(id, "ACCEPTED", 1);
            documented(&mut seen, &format!("{{\"id\": \"{id}\"}}"));
            record(&store, &[row(seen)]).await;
        }
        let wanted = ["a", "b", "c"].map(str::to_owned).to_vec();
        let documents = store.documents(NETWORK, wanted).await.unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents["b"], "{\"id\": \"b\"}");
    });
}

#[test]
fn events_are_found_by_type_and_subject_and_by_their_beginnings() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("ab-1", "ACCEPTED", 1)), row(payment("ab-2", "ACCEPTED", 2))])
            .await;
        record(&store, &[row(payment("ab-1", "LOCKED", 3))]).await;
        let found = async |filter: EventFilter| {
            let filter = EventFilter { limit: 100, ..filter };
            let events = store.events(&filter).await.unwrap();
            let counted = store.events_count(&filter).await.unwrap();
            assert_eq!(counted, u64::try_from(events.len()).unwrap());
            events.into_iter().map(|event| event.subject).collect::<Vec<_>>()
        };
        let none = EventFilter::default;
        let (first, second) = ("payment/acme/ab-1", "payment/acme/ab-2");
        assert_eq!(found(none()).await, [first, second, first]);
        assert_eq!(found(EventFilter { newest: true, ..none() }).await, [first, second, first]);
        assert_eq!(found(EventFilter { event_type: text("payment.*"), ..none() }).await.len(), 3);
        assert_eq!(
            found(EventFilter { event_type: text("payment.new"), ..none() }).await,
            [first, second]
        );
        assert_eq!(found(EventFilter { subject: text(first), ..none() }).await.len(), 2);
        assert_eq!(
            found(EventFilter { subject: text("payment/acme/ab-*"), ..none() }).await.len(),
            3
        );
        assert_eq!(
            found(EventFilter { subject: text("payment/acme/ab-"), ..none() }).await.len(),
            0
        );
        let future = DateTime::<Utc>::MAX_UTC;
        assert!(found(EventFilter { since: Some(future), ..none() }).await.is_empty());
        assert!(found(EventFilter { until: Some(at(-1)), ..none() }).await.is_empty());
        let mut filter = EventFilter { newest: true, limit: 1, ..none() };
        let mut seen = Vec::new();
        loop {
            let step = store.events_step(&filter).await.unwrap();
            seen.extend(step.rows.into_iter().map(|event| event.id));
            let Some(next) = step.next else { break };
            filter.after = Some(next);
        }
        assert!(seen.is_sorted_by(|one, other| one > other) && seen.len() == 3, "{seen:?}");
        let quarantine = QuarantineFilter { place: text("acme"), limit: 5, ..Default::default() };
        assert!(store.quarantine(&quarantine).await.unwrap().is_empty());
        assert_eq!(store.quarantine_count(&quarantine).await.unwrap(), 0);
    });
}
