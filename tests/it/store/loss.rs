//! A database that goes away.

use railpoll::engine::{Poller, Tally, Trail};
use railpoll::store::StoreError;

use crate::support::payments::{now, payment, record, row, scope};
use crate::support::{Kind, TestDatabase, run};

const OTHERS: &str =
    "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn a_connection_cut_between_calls_is_replaced() {
    let database = TestDatabase::new(Kind::Postgres);
    run(async {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut person = database.person().await;
        person.execute(&format!("SELECT pg_terminate_backend(pid) FROM {OTHERS}")).await.unwrap();
        while person.count(OTHERS).await > 0 {}
        for _ in 0..6 {
            store.ping().await.unwrap();
        }
        assert_eq!(record(&store, &[row(payment("a", "LOCKED", 2))]).await.changed, 1);
    });
}

#[test]
fn a_connection_cut_in_a_transaction_leaves_nothing_and_the_next_call_works() {
    let database = TestDatabase::new(Kind::Postgres);
    run(async {
        let store = database.store().await;
        let mut person = database.person().await;
        person.execute("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let page = [row(payment("a", "ACCEPTED", 1))];
        let accepted = scope(Poller::Accepted);
        let recording = store.record(&accepted, None, &page, None, Trail::List, now());
        let cutting = async {
            let waiting = format!("{OTHERS} AND wait_event_type = 'Lock'");
            // In a transaction, who does what is remembered from the first look on.
            while person.count(&waiting).await == 0 {
                person.execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
            }
            person
                .execute(&format!("SELECT pg_terminate_backend(pid) FROM {waiting}"))
                .await
                .unwrap();
        };
        let (recorded, ()) = tokio::join!(recording, cutting);
        assert!(matches!(recorded, Err(StoreError::Database(_))), "{recorded:?}");
        person.execute("COMMIT").await.unwrap();
        assert_eq!(person.count("payments").await, 0);
        assert_eq!(record(&store, &page).await, Tally { new: 1, ..Tally::default() });
    });
}

#[test]
fn a_cut_of_all_connections_fails_no_call_that_comes_after_it() {
    let database = TestDatabase::new(Kind::Postgres);
    run(async {
        let store = database.store().await;
        let mut person = database.person().await;
        for version in 0..4 {
            let at_once = || store.ping();
            let (one, two, three) = tokio::join!(at_once(), at_once(), at_once());
            one.and(two).and(three).unwrap();
            let cut = format!("SELECT pg_terminate_backend(pid) FROM {OTHERS}");
            person.execute(&cut).await.unwrap();
            while person.count(OTHERS).await > 0 {}
            match version % 2 {
                0 => drop(store.transfer_story("a").await.unwrap()),
                _ => assert!(store.lease_holder(&scope(Poller::Accepted)).await.unwrap().is_none()),
            }
            let state = if version % 2 == 0 { "ACCEPTED" } else { "LOCKED" };
            record(&store, &[row(payment("a", state, version + 1))]).await;
        }
    });
}
