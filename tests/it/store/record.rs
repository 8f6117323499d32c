//! Storing pages.

use chrono::TimeDelta;
use railpoll::engine::{Poller, Tally, Trail};
use railpoll::store::PaymentFilter;

use crate::support::on_both;
use crate::support::payments::{NETWORK, at, documented, now, payment, record, row, scope, state};

#[test]
fn a_page_is_counted_by_what_it_brings() {
    on_both(async |database| {
        let store = database.store().await;
        let tally =
            record(&store, &[row(payment("a", "ACCEPTED", 1)), row(payment("b", "ACCEPTED", 2))])
                .await;
        assert_eq!(tally, Tally { new: 2, ..Tally::default() });
        let page = [
            row(payment("a", "ACCEPTED", 1)),
            row(payment("b", "ACCEPTED", 1)),
            row(payment("c", "ACCEPTED", 3)),
            row(payment("a", "LOCKED", 4)),
        ];
        let tally = record(&store, &page).await;
        let expected = Tally { new: 1, changed: 1, unchanged: 1, stale: 1, ..Tally::default() };
        assert_eq!(tally, expected);
        let tally = record(&store, &[row(payment("a", "LOCKED", 4))]).await;
        assert_eq!(tally, Tally { unchanged: 1, ..Tally::default() });
    });
}

#[test]
fn a_payment_twice_in_one_page_is_stored_in_turn() {
    on_both(async |database| {
        let store = database.store().await;
        let page = [
            row(payment("a", "LOCKED", 2)),
            row(payment("b", "ACCEPTED", 1)),
            row(payment("a", "ACCEPTED", 1)),
            row(payment("a", "LOCKED", 2)),
            row(payment("a", "EXECUTED", 3)),
        ];
        let tally = record(&store, &page).await;
        let expected = Tally { new: 2, changed: 1, unchanged: 1, stale: 1, ..Tally::default() };
        assert_eq!(tally, expected);
        let found = store.payments_with_id("a", None).await.unwrap();
        assert_eq!(found[0].state, state("EXECUTED"));
        let counts = store.counts(NETWORK).await.unwrap();
        let there: Vec<_> = counts.iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(there, [&("ACCEPTED".to_owned(), 1), &("EXECUTED".to_owned(), 1)]);
    });
}

#[test]
fn another_content_at_the_same_time_is_taken() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut touched = payment("a", "ACCEPTED", 1);
        documented(&mut touched, r#"{"id": "a", "touched": true}"#);
        let tally = record(&store, &[row(touched.clone())]).await;
        assert_eq!(tally, Tally { changed: 1, silent: 1, ..Tally::default() });
        assert_eq!(store.document(NETWORK, "a").await.unwrap(), touched.document);
    });
}

#[test]
fn a_time_finer_than_the_database_keeps_is_no_change_each_time() {
    on_both(async |database| {
        let store = database.store().await;
        let mut fine = payment("a", "ACCEPTED", 1);
        fine.modified_at += TimeDelta::nanoseconds(123_456_789);
        // A leap second, as some servers write it.
        let mut leap = payment("b", "ACCEPTED", 1);
        leap.modified_at = "2016-12-31T23:59:60.5Z".parse().unwrap();
        let page = [row(fine), row(leap)];
        assert_eq!(record(&store, &page).await.new, 2);
        assert_eq!(record(&store, &page).await, Tally { unchanged: 2, ..Tally::default() });
        let changed = store.payments_with_id("a", None).await.unwrap()[0].modified_at;
        assert_eq!(changed, at(1) + TimeDelta::microseconds(123_456));
    });
}

#[test]
fn the_cursor_is_stored_with_the_page_that_brings_something() {
    on_both(async |database| {
        let store = database.store().await;
        let scope = scope(Poller::Accepted);
        let page = [row(payment("a", "ACCEPTED", 1))];
        store.record(&scope, None, &page, Some(at(1)), Trail::List, now()).await.unwrap();
        assert_eq!(store.cursor(&scope).await.unwrap().cursor, Some(at(1)));
        store.record(&scope, None, &page, Some(at(2)), Trail::List, now()).await.unwrap();
        assert_eq!(store.cursor(&scope).await.unwrap().cursor, Some(at(1)));
    });
}

#[test]
fn a_page_that_fails_in_the_middle_leaves_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut person = database.person().await;
        // The cursor is written last.
        person.execute("ALTER TABLE cursors RENAME TO elsewhere").await.unwrap();
        let page = [row(payment("a", "LOCKED", 2)), row(payment("b", "ACCEPTED", 2))];
        let recorded = store
            .record(&scope(Poller::Accepted), None, &page, Some(at(2)), Trail::List, now())
            .await;
        assert!(recorded.is_err());
        for (table, rows) in
            [("payments", 1), ("payment_documents", 1), ("status_changes", 1), ("events", 1)]
        {
            assert_eq!(person.count(table).await, rows, "{table}");
        }
        assert_eq!(store.count_in(NETWORK, &[state("ACCEPTED")], None).await.unwrap(), 1);
        person.execute("ALTER TABLE elsewhere RENAME TO cursors").await.unwrap();
        assert_eq!(record(&store, &page).await, Tally { new: 1, changed: 1, ..Tally::default() });
    });
}

#[test]
fn a_large_page_is_stored_whole() {
    on_both(async |database| {
        let store = database.store().await;
        let page: Vec<_> =
            (0..1201).map(|n| row(payment(&format!("p{n:04}"), "ACCEPTED", n))).collect();
        assert_eq!(record(&store, &page).await.new, 1201);
        let filter = PaymentFilter { limit: 5000, ..PaymentFilter::default() };
        assert_eq!(store.payments(&filter).await.unwrap().len(), 1201);
    });
}

#[test]
fn an_empty_page_is_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        assert_eq!(record(&store, &[]).await, Tally::default());
    });
}
