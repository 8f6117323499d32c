//! The hash chain over events: history that is rewritten is noticed.

use std::sync::Mutex;

use railpoll::engine::Chain;
use railpoll::store::{Head, SealDifference, Store};

use crate::support::payments::{now, payment, record, row};
use crate::support::{Kind, Person, TestDatabase, on_both};

/// Lets whoever owns the database do what its triggers forbid.
async fn overrule(database: &TestDatabase, person: &mut Person, sql: &str) {
    let (before, after) = match database.kind {
        Kind::Sqlite => (
            "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER events_no_replace",
            "SELECT 1",
        ),
        Kind::Postgres => (
            "ALTER TABLE events DISABLE TRIGGER events_append_only",
            "ALTER TABLE events ENABLE TRIGGER events_append_only",
        ),
    };
    for one in [before, sql, after] {
        person.execute(one).await.unwrap();
    }
}

async fn written(store: &Store, from: usize, to: usize) {
    for n in from..to {
        record(store, &[row(payment(&format!("p{n}"), "ACCEPTED", 1))]).await;
    }
}

async fn sealed(store: &Store) -> Head {
    while store.seal_events(3, now()).await.unwrap() {}
    store.sealed_head().await.unwrap()
}

#[test]
fn a_history_that_nobody_touched_is_what_it_was() {
    on_both(async |database| {
        let store = database.store().await;
        assert_eq!(sealed(&store).await, Head::default(), "nothing to seal");
        written(&store, 0, 3).await;
        let first = sealed(&store).await;
        assert_eq!(first.last_id, store.newest_event().await.unwrap());
        assert_eq!(sealed(&store).await, first, "nothing new to seal");
        written(&store, 3, 5).await;
        let head = sealed(&store).await;
        assert!(head.last_id > first.last_id);
        let verified = store.verify_events().await.unwrap();
        assert_eq!((verified.head, verified.seals), (head, 2));
        assert!(verified.differences.is_empty() && verified.detail().is_none());
        assert_eq!(store.chain_at(first.last_id).await.unwrap(), Some(first.hash));
        assert_eq!(store.chain_at(0).await.unwrap(), Some(Chain::default()));
        assert_eq!(store.chain_at(head.last_id + 1).await.unwrap(), None);
    });
}

#[test]
fn both_databases_and_all_sealers_make_the_same_chain() {
    let heads = Mutex::new(Vec::new());
    on_both(async |database| {
        let store = database.store().await;
        written(&store, 0, 4).await;
        let other = Store::open(&database.url).await.unwrap();
        let (one, two) = tokio::join!(store.seal_events(9, now()), other.seal_events(9, now()));
        assert!(!one.unwrap() && !two.unwrap());
        let head = store.sealed_head().await.unwrap();
        let verified = store.verify_events().await.unwrap();
        assert!(verified.differences.is_empty());
        heads.lock().unwrap().push(head);
    });
    let heads = heads.into_inner().unwrap();
    assert_eq!(heads[0], heads[1]);
}

#[test]
fn what_was_changed_taken_away_or_put_in_is_found() {
    for change in [
        "UPDATE events SET subject = 'payment/acme/other' WHERE id = 2",
        "DELETE FROM events WHERE id = 2",
        "INSERT",
    ] {
        on_both(async |database| {
            let store = database.store().await;
            let mut person = database.person().await;
            written(&store, 0, 3).await;
            let free = store.newest_event().await.unwrap() + 1;
            if change == "INSERT" {
                // An id that was never used, as after a transaction that was given up.
                let skip = match database.kind {
                    Kind::Sqlite => format!(
                        "INSERT INTO events (id, type, subject, version, payload, occurred_at) \
                         SELECT {free} + 5, type, subject, version, payload, occurred_at FROM events WHERE id = 1"
                    ),
                    Kind::Postgres => {
                        "SELECT setval(pg_get_serial_sequence('events', 'id'), 10)".to_owned()
                    }
                };
                person.execute(&skip).await.unwrap();
                written(&store, 3, 4).await;
            }
            let head = sealed(&store).await;
            written(&store, 4, 5).await;
            sealed(&store).await;
            let into = match database.kind {
                Kind::Sqlite => {
                    format!(
                        "INSERT INTO events (id, type, subject, version, payload, occurred_at) \
                                 SELECT {free}, type, subject, version, payload, occurred_at FROM events WHERE id = 1"
                    )
                }
                Kind::Postgres => {
                    format!(
                        "INSERT INTO events (id, type, subject, version, payload, occurred_at) OVERRIDING SYSTEM VALUE \
                                   SELECT {free}, type, subject, version, payload, occurred_at FROM events WHERE id = 1"
                    )
                }
            };
            let change = if change == "INSERT" { into.as_str() } else { change };
            overrule(database, &mut person, change).await;
            let verified = store.verify_events().await.unwrap();
            let [SealDifference { after_id: 0, last_id, .. }] = verified.differences[..] else {
                panic!("{change}: {verified:?}");
            };
            assert_eq!(last_id, head.last_id, "and what came after it is as it was");
            let detail = verified.detail().unwrap();
            assert!(detail.starts_with("history was rewritten: behind event 0"), "{detail}");
        });
    }
}

#[test]
fn seals_can_not_be_changed_either() {
    on_both(async |database| {
        let store = database.store().await;
        written(&store, 0, 2).await;
        let head = sealed(&store).await;
        let mut person = database.person().await;
        for attempt in ["UPDATE event_seals SET hash = hash", "DELETE FROM event_seals"] {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains("is append-only"), "{attempt}: {refused}");
        }
        assert_eq!(store.sealed_head().await.unwrap(), head);
    });
}
