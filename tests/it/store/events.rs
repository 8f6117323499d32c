//! The outbox.

use railpoll::engine::ConnectorRole;
use serde_json::Value;

use crate::support::on_both;
use crate::support::payments::{now, payment, record, row};

#[test]
fn an_event_tells_the_facts_of_its_version() {
    on_both(async |database| {
        let store = database.store().await;
        assert_eq!(store.newest_event().await.unwrap(), 0);
        let mut seen = payment("a", "ACCEPTED", 1);
        seen.connector_role = ConnectorRole::Sending;
        record(&store, &[row(seen)]).await;
        let mut seen = payment("a", "LOCKED", 2);
        seen.sub_states = vec!["READY".to_owned()];
        record(&store, &[row(seen)]).await;
        let events = store.events_after(0, 10).await.unwrap();
        let told: Vec<_> = events.iter().map(|e| (e.event_type.as_str(), e.version)).collect();
        let expected = [("payment.new", 1), ("payment.state_changed", 2), ("payment.sub_state", 2)];
        assert_eq!(told, expected);
        assert!(events.iter().all(|e| e.subject == "payment/acme/a" && e.occurred_at == now()));
        let data: Value = serde_json::from_str(&events[1].data).unwrap();
        assert_eq!(
            (&data["previous_state"], &data["state"]),
            (&"ACCEPTED".into(), &"LOCKED".into())
        );
        assert_eq!((&data["amount"], &data["currency"]), (&"10.00".into(), &"USD".into()));
        assert_eq!(data["modified_at"], "2023-11-14T22:13:22.000000Z");
    });
}

#[test]
fn events_are_read_in_pages() {
    on_both(async |database| {
        let store = database.store().await;
        for n in 0..7 {
            record(&store, &[row(payment(&format!("p{n}"), "ACCEPTED", n))]).await;
        }
        let (mut after, mut subjects) = (0, Vec::new());
        loop {
            let page = store.events_after(after, 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.id;
            subjects.extend(page.into_iter().map(|event| event.subject));
        }
        let all: Vec<_> = (0..7).map(|n| format!("payment/acme/p{n}")).collect();
        assert_eq!(subjects, all);
        assert_eq!(store.newest_event().await.unwrap(), after);
    });
}
