//! Text that databases do not like: it is stored or set aside, and never stops a page.

use chrono::{DateTime, Utc};
use railpoll::engine::{
    Alert, AlertName, ConnectorRole, Decision, Money, Payment, PaymentState, Poller, Tally,
};
use railpoll::store::{Acquired, Finished, Review, Store};
use std::time::Duration;

use crate::support::by;
use crate::support::on_both;
use crate::support::payments::{
    NETWORK, bad, documented, intend_lock, lease, now, payment, record, row, scope, state,
};

const FINE: [&str; 9] = [
    "' OR 1=1; DROP TABLE payments --",
    "\u{1F9FE}\u{FFFF}\u{10FFFF}\u{FEFF}",
    "e\u{301}\u{202E}abc",
    "{\"a\": [1, null]}",
    "\\u0000 \\ud800 \\",
    "line\nfeed\ttab\r\u{1}\u{7f}",
    "NULL",
    "$1 ? :a @b",
    " ",
];

type SetText = fn(&mut Payment, String);

/// Puts a text into each text field of a payment in turn.
const FIELDS: [(&str, SetText); 10] = [
    ("payment_id", |p, text| p.payment_id = text),
    ("state", |p, text| p.state = PaymentState::Other(text)),
    ("connector_role", |p, text| p.connector_role = ConnectorRole::Other(text)),
    ("sub_states", |p, text| p.sub_states = vec!["X".to_owned(), text]),
    ("currency", |p, text| p.money.currency = text),
    ("payout", |p, text| p.payout = Some(Money { amount: p.money.amount.clone(), currency: text })),
    ("returns", |p, text| p.returns = Some(text)),
    ("returned_by", |p, text| p.returned_by = Some(text)),
    ("end_to_end_id", |p, text| p.end_to_end_id = Some(text)),
    ("reached", |p, text| p.reached = vec![(PaymentState::Other(text), p.modified_at)]),
];

/// Records `seen` between two good payments, twice; whether it was stored. If not, it is set aside, once. In a state that
/// nobody knows it is both.
async fn is_stored(store: &Store, seen: Payment) -> bool {
    let id = uuid::Uuid::new_v4();
    let neighbour = |which| row(payment(&format!("{id}-{which}"), "ACCEPTED", 1));
    let is_unknown = matches!(seen.state, PaymentState::Other(_));
    let page = [neighbour("before"), row(seen), neighbour("after")];
    let before = store.quarantined(true, 10_000).await.unwrap().len();
    let tally = record(store, &page).await;
    assert_eq!(tally.new + tally.quarantined, 3, "{tally:?}");
    let again = record(store, &page).await;
    assert_eq!((again.unchanged, again.quarantined), (tally.new, tally.quarantined));
    let set_aside = store.quarantined(true, 10_000).await.unwrap().len() - before;
    let is_stored = tally.quarantined == 0;
    assert_eq!(set_aside, usize::from(!is_stored || is_unknown));
    is_stored
}

/// A payment that no other test has, with `text` in one field.
fn with(field: SetText, text: &str) -> Payment {
    let id = uuid::Uuid::new_v4().to_string();
    let mut seen = payment(&id, "ACCEPTED", 1);
    documented(&mut seen, &format!("{{\"id\": \"{id}\"}}"));
    field(&mut seen, text.to_owned());
    seen
}

#[test]
fn any_text_but_nul_is_kept_as_it_came() {
    on_both(async |database| {
        let store = database.store().await;
        for (name, field) in FIELDS {
            for text in FINE {
                let seen = with(field, text);
                assert!(is_stored(&store, seen.clone()).await, "{name}: {text:?}");
                let found = store.payments_with_id(&seen.payment_id, None).await.unwrap().remove(0);
                assert_eq!(found.state, seen.state);
                assert_eq!(found.sub_states, seen.sub_states);
                assert_eq!(found.currency, seen.money.currency);
                assert_eq!(found.connector_role, seen.connector_role.as_str());
                assert_eq!(
                    (&found.returns, &found.returned_by),
                    (&seen.returns, &seen.returned_by)
                );
                let story = store.story(found).await.unwrap();
                assert_eq!(story.document, seen.document);
            }
        }
    });
}

#[test]
fn a_payment_with_a_nul_is_set_aside() {
    on_both(async |database| {
        let store = database.store().await;
        for (name, field) in FIELDS {
            assert!(!is_stored(&store, with(field, "a\0b")).await, "{name}");
        }
        let kept = store.quarantined(false, 100).await.unwrap();
        assert!(kept.iter().all(|row| !row.reason.contains('\0') && row.raw.starts_with('{')));
        assert!(kept.iter().any(|row| row.reason.contains("currency")));
        // To ask for one is no error either.
        assert!(store.payments_with_id("a\0b", None).await.unwrap().is_empty());
    });
}

#[test]
fn what_is_too_long_for_an_index_is_set_aside() {
    on_both(async |database| {
        let store = database.store().await;
        // Nothing that repeats: it could be packed.
        let long: String =
            (0..3000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7 % 20_000)).collect();
        for (name, field) in FIELDS {
            let fits = !matches!(name, "payment_id" | "state" | "connector_role" | "reached");
            assert_eq!(is_stored(&store, with(field, &long)).await, fits, "{name}");
        }
        record(&store, &[bad(Some(&long), &long, &long), bad(Some("a\0"), "\0", "\0")]).await;
        let rows = store.quarantined(false, 100).await.unwrap();
        assert!(rows.iter().any(|row| row.raw == long));
    });
}

#[test]
fn a_document_that_databases_can_not_read_is_set_aside() {
    on_both(async |database| {
        let store = database.store().await;
        let deep = |n| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let cases = [
            (r#"{"a": "\ud83d\ude00 \\u0000 \\ud800"}"#.to_owned(), true),
            (r#"{"a": 123456789012345678901234567890.123456789e-5}"#.to_owned(), true),
            (deep(100), true),
            (r#"{"a": "\u0000"}"#.to_owned(), false),
            (r#"{"\u0000": 1}"#.to_owned(), false),
            (r#"{"a": "\ud800"}"#.to_owned(), false),
            (r#"{"a": "\ude00\ud83d"}"#.to_owned(), false),
            ("{\"a\": \"\0\"}".to_owned(), false),
            ("{\"a\": \"x".to_owned(), false),
            ("<html>".to_owned(), false),
            (String::new(), false),
            (deep(100_000), false),
        ];
        for (document, fits) in cases {
            let mut seen = with(|_, _| (), "");
            documented(&mut seen, &document);
            let short: String = document.chars().take(40).collect();
            assert_eq!(is_stored(&store, seen).await, fits, "{short}");
        }
        let mut person = database.person().await;
        let texts = person.texts("SELECT payment_id FROM payment_documents").await;
        assert!(texts.len() > 3);
    });
}

#[test]
fn times_beyond_every_calendar_are_set_aside() {
    on_both(async |database| {
        let store = database.store().await;
        let fields: [fn(&mut Payment, DateTime<Utc>); 4] = [
            |p, time| p.modified_at = time,
            |p, time| p.created_at = Some(time),
            |p, time| p.expires_at = Some(time),
            |p, time| p.reached = vec![(PaymentState::Locked, time)],
        ];
        for field in fields {
            for (time, fits) in [
                (DateTime::<Utc>::MIN_UTC, false),
                (DateTime::<Utc>::MAX_UTC, false),
                ("0001-01-01T00:00:00Z".parse().unwrap(), true),
                ("9999-12-31T23:59:59.999999Z".parse().unwrap(), true),
                ("+10000-01-01T00:00:00Z".parse().unwrap(), false),
            ] {
                let mut seen = with(|_, _| (), "");
                field(&mut seen, time);
                assert_eq!(is_stored(&store, seen).await, fits, "{time}");
            }
        }
        let found =
            store.due(NETWORK, &[state("ACCEPTED")], &ConnectorRole::Receiving, now(), 100).await;
        assert!(!found.unwrap().is_empty());
    });
}

#[test]
fn texts_of_networks_people_and_hooks_lose_their_nul() {
    on_both(async |database| {
        let store = database.store().await;
        let nul = || "a\0b".to_owned();
        let tally =
            record(&store, &[row(payment("a", "ACCEPTED", 1)), row(payment("b", "ACCEPTED", 1))])
                .await;
        assert_eq!(tally, Tally { new: 2, ..Tally::default() });
        let hold = Decision::Hold { until: Some(DateTime::<Utc>::MAX_UTC), why: nul() };
        let review = Review { decision: hold, decided_by: nul(), shown: None };
        store
            .decide(NETWORK, by(None), "a", &PaymentState::Accepted, &review, now())
            .await
            .unwrap();
        let role = ConnectorRole::Receiving;
        let due = store.due(NETWORK, &[PaymentState::Accepted], &role, now(), 10).await.unwrap();
        assert_eq!(due.len(), 1, "a hold without end is not over");
        let lease = lease(&store, Poller::Accepted).await;
        let alert = Alert::of(AlertName::Drift, nul()).about(&nul());
        for standing in [std::slice::from_ref(&alert), &[]] {
            store.set_alerts(&lease, AlertName::Drift, standing, now()).await.unwrap();
            assert_eq!(store.alerts(false, 9).await.unwrap().len(), standing.len());
        }
        let intent = intend_lock(&store, &lease, "b").await.unwrap();
        let refused = Finished::Refused { reason: nul() };
        store.finish(&lease, &intent, &refused, None, now()).await.unwrap();
        let found = store.payments_with_id("b", None).await.unwrap().remove(0);
        let story = store.story(found).await.unwrap();
        assert_eq!(story.operations[0].reason.as_deref(), Some("a\u{fffd}b"));
        let executed = scope(Poller::Executed);
        let ttl = Duration::from_secs(60);
        let Acquired::Held(held) = store.acquire_lease(&executed, &nul(), ttl).await.unwrap()
        else {
            panic!("nobody else asked");
        };
        store.renew_lease(&held, ttl).await.unwrap();
        let events = store.events_after(0, 100).await.unwrap();
        assert!(events.iter().all(|event| !event.data.contains("\\u0000")));
    });
}
