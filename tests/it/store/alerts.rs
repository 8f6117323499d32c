//! Alerts begin once and end once.

use railpoll::engine::{Alert, AlertName, Poller};
use railpoll::store::{Store, StoreError};

use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, lease, money, now, payment, record, row, scope};

fn drift(subject: &str) -> Alert {
    Alert { name: AlertName::Drift, subject: subject.to_owned(), detail: "7 missing".to_owned() }
}

async fn event_types(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 1000).await.unwrap();
    events.into_iter().map(|event| event.event_type).collect()
}

#[test]
fn an_alert_is_raised_and_cleared_once() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let scope = scope(Poller::Accepted);
        let alert = drift("");
        assert!(!store.clear_alert(&scope, None, AlertName::Drift, "", at(0)).await.unwrap());
        assert!(store.raise_alert(&scope, Some(&lease), &alert, at(1)).await.unwrap());
        assert!(!store.raise_alert(&scope, Some(&lease), &alert, at(2)).await.unwrap());
        assert!(store.raise_alert(&scope, None, &drift("p1"), at(3)).await.unwrap());
        let open = store.alerts(false, 10).await.unwrap();
        assert_eq!(open.len(), 2);
        assert_eq!((open[0].name.as_str(), open[0].detail.as_str()), ("drift", "7 missing"));
        assert_eq!(
            (open[0].poller.as_str(), open[0].began_at, open[0].ended_at),
            ("accepted", at(1), None)
        );
        assert!(
            store.clear_alert(&scope, Some(&lease), AlertName::Drift, "", at(4)).await.unwrap()
        );
        assert!(
            !store.clear_alert(&scope, Some(&lease), AlertName::Drift, "", at(5)).await.unwrap()
        );
        assert!(store.raise_alert(&scope, Some(&lease), &alert, at(6)).await.unwrap());
        let all = store.alerts(true, 10).await.unwrap();
        let times: Vec<_> = all.iter().map(|alert| (alert.began_at, alert.ended_at)).collect();
        assert_eq!(times, [(at(1), Some(at(4))), (at(3), None), (at(6), None)]);
        assert_eq!(store.alerts(true, 1).await.unwrap()[0].began_at, at(6));
        let types = event_types(&store).await;
        assert_eq!(types, ["alert.raised", "alert.raised", "alert.cleared", "alert.raised"]);
    });
}

#[test]
fn a_person_clears_an_alert_by_its_number() {
    on_both(async |database| {
        let store = database.store().await;
        store.raise_alert(&scope(Poller::Accepted), None, &drift("p1"), at(1)).await.unwrap();
        let id = store.alerts(false, 1).await.unwrap()[0].alert_id;
        store.clear_alert_by_id(id, ann(), at(2)).await.unwrap();
        let again = store.clear_alert_by_id(id, ann(), at(3)).await;
        assert!(matches!(again, Err(StoreError::Refused(_))));
        assert_eq!(event_types(&store).await, ["alert.raised", "alert.cleared"]);
    });
}

#[test]
fn another_amount_is_an_alert_of_its_payment() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut dearer = payment("a", "COMPLETED", 2);
        dearer.money = money("10.01");
        record(&store, &[row(dearer)]).await;
        let open = store.alerts(false, 10).await.unwrap();
        assert_eq!((open[0].name.as_str(), open[0].subject.as_str()), ("amount_changed", "a"));
        assert_eq!(open[0].began_at, now());
        assert!(open[0].detail.contains("10.00") && open[0].detail.contains("10.01"));
    });
}
