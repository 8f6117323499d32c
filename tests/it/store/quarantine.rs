//! Rows that could not be understood or believed.

use railpoll::engine::{Poller, Tally, Trail};
use railpoll::store::{Store, StoreError};

use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, bad, lease, now, payment, record, row, scope, state};

async fn told(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 1000).await.unwrap();
    let about = |word: &str| word.starts_with("alert.") || word == "payment.quarantined";
    events.into_iter().map(|event| event.event_type).filter(|word| about(word)).collect()
}

#[test]
fn an_illegal_move_is_set_aside_once_and_the_page_goes_on() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "COMPLETED", 5))]).await;
        let page = [row(payment("a", "ACCEPTED", 6)), row(payment("b", "ACCEPTED", 6))];
        let tally = record(&store, &page).await;
        assert_eq!(tally, Tally { new: 1, quarantined: 1, ..Tally::default() });
        let tally = record(&store, &page).await;
        assert_eq!(tally, Tally { unchanged: 1, quarantined: 1, ..Tally::default() });
        let set_aside = store.quarantined(false, 10).await.unwrap();
        assert_eq!(set_aside.len(), 1);
        assert_eq!(set_aside[0].payment_id.as_deref(), Some("a"));
        assert_eq!(set_aside[0].raw, payment("a", "ACCEPTED", 6).document);
        assert_eq!(set_aside[0].reason, "it was COMPLETED and can never become ACCEPTED");
        assert_eq!((set_aside[0].first_seen_at, set_aside[0].resolved_at), (now(), None));
        assert_eq!(store.payments_with_id("a", None).await.unwrap()[0].state, state("COMPLETED"));
        assert_eq!(told(&store).await, ["payment.quarantined", "alert.raised"]);
        assert_eq!(store.quarantined_count(&scope(Poller::Accepted)).await.unwrap(), 1);
        assert_eq!(store.quarantined_count(&scope(Poller::Failed)).await.unwrap(), 0);
    });
}

#[test]
fn a_good_version_ends_the_quarantine_and_the_alert() {
    on_both(async |database| {
        let store = database.store().await;
        let page =
            [bad(Some("a"), "{\"id\": \"a\"}", "no amount"), bad(Some("b"), "{}", "no state")];
        record(&store, &page).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        assert_eq!(store.alerts(false, 10).await.unwrap().len(), 1);
        record(&store, &[row(payment("b", "ACCEPTED", 1))]).await;
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
        assert!(store.quarantined(false, 10).await.unwrap().is_empty());
        let all = store.quarantined(true, 10).await.unwrap();
        assert!(all.iter().all(|row| row.resolved_at == Some(now())));
        let expected =
            ["payment.quarantined", "payment.quarantined", "alert.raised", "alert.cleared"];
        assert_eq!(told(&store).await, expected);
    });
}

#[test]
fn an_illegal_version_that_comes_again_is_set_aside_again() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "COMPLETED", 5))]).await;
        let illegal = row(payment("a", "ACCEPTED", 9));
        record(&store, std::slice::from_ref(&illegal)).await;
        // Older than the illegal one: what that says is still to be explained.
        record(&store, &[row(payment("a", "COMPLETED", 7))]).await;
        record(&store, std::slice::from_ref(&illegal)).await;
        assert_eq!(store.quarantined(false, 10).await.unwrap().len(), 1);
        assert_eq!(store.alerts(false, 10).await.unwrap().len(), 1);
        record(&store, &[row(payment("a", "RETURNED", 10))]).await;
        assert!(store.quarantined(false, 10).await.unwrap().is_empty());
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
    });
}

#[test]
fn a_person_resolves_a_row_and_it_stays_resolved() {
    on_both(async |database| {
        let store = database.store().await;
        let page = [bad(None, "<html>", "not JSON")];
        record(&store, &page).await;
        let set_aside = store.quarantined(false, 10).await.unwrap().remove(0);
        assert_eq!(set_aside.payment_id, None);
        store.resolve_quarantined(&set_aside, "seen to", Some(ann()), at(5)).await.unwrap();
        let again = store.resolve_quarantined(&set_aside, "seen to", Some(ann()), at(6)).await;
        assert!(matches!(again, Err(StoreError::Refused(_))));
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
        record(&store, &page).await;
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
        assert_eq!(store.quarantined(true, 10).await.unwrap()[0].resolved_at, Some(at(5)));
    });
}

#[test]
fn a_huge_row_is_kept_in_part() {
    on_both(async |database| {
        let store = database.store().await;
        let raw = "ä".repeat(1_000_000);
        record(&store, &[bad(None, &raw, "too long")]).await;
        let kept = &store.quarantined(false, 1).await.unwrap()[0].raw;
        assert_eq!(kept.len(), 64 * 1024);
        assert!(raw.starts_with(kept.as_str()));
    });
}

#[test]
fn a_payment_has_one_row_the_newest_and_it_is_counted() {
    on_both(async |database| {
        let store = database.store().await;
        let mine = scope(Poller::Accepted);
        let lease = lease(&store, Poller::Accepted).await;
        let come = async |raw: &str, minute: i64| {
            let rows = [bad(Some("a"), raw, raw)];
            store
                .record(&mine, Some(&lease), &rows, None, Trail::List, at(60 * minute))
                .await
                .unwrap();
        };
        for minute in 0..3 {
            come(&format!("version {minute}"), minute).await;
        }
        // The same within a minute is not counted.
        come("version 2", 2).await;
        let all = store.quarantined(true, 10).await.unwrap();
        assert_eq!(all.len(), 1);
        let row = &all[0];
        assert_eq!(
            (row.raw.as_str(), row.reason.as_str(), row.seen),
            ("version 2", "version 2", 3)
        );
        assert_eq!((row.first_seen_at, row.last_seen_at), (at(0), at(120)));
        assert_eq!(told(&store).await, ["payment.quarantined", "alert.raised"]);
        // A person has seen to it: it needs attention again only if something else comes.
        store.resolve_quarantined(row, "seen to", None, at(130)).await.unwrap();
        come("version 2", 10).await;
        assert!(store.quarantined(false, 10).await.unwrap().is_empty());
        come("version 3", 11).await;
        assert_eq!(store.quarantined(false, 10).await.unwrap()[0].seen, 4);
        assert_eq!(store.quarantined(true, 10).await.unwrap().len(), 1);
    });
}

#[test]
fn rows_that_do_not_tell_whose_they_are_have_a_bound() {
    on_both(async |database| {
        let store = database.store().await;
        let rows: Vec<_> = (0..150).map(|n| bad(None, &format!("row {n}"), "no id")).collect();
        record(&store, &rows).await;
        let kept = store.quarantined(false, 1000).await.unwrap();
        assert_eq!(kept.len(), 100);
        assert!(kept.iter().any(|row| row.raw == "row 149"), "the newest are kept");
        let (watch, watching) = (scope(Poller::Watch), lease(&store, Poller::Watch).await);
        let rows: Vec<_> = (0..1_010).map(|n| bad(None, &format!("money {n}"), "no id")).collect();
        store.record(&watch, Some(&watching), &rows, None, Trail::List, now()).await.unwrap();
        assert_eq!(store.quarantined_count(&watch).await.unwrap(), 1_000, "lists of money too");
    });
}

#[test]
fn a_poller_is_told_of_its_own_rows_however_many_others_have() {
    on_both(async |database| {
        let store = database.store().await;
        let rows: Vec<_> = (0..30).map(|n| bad(Some(&format!("a{n}")), "{}", "no state")).collect();
        record(&store, &rows).await;
        let (theirs, failed) = (scope(Poller::Failed), lease(&store, Poller::Failed).await);
        let own = [bad(Some("x"), "{}", "no state"), bad(Some("y"), "{}", "no state")];
        store.record(&theirs, Some(&failed), &own, None, Trail::List, now()).await.unwrap();
        let first = store.quarantined_of(&theirs, 0, 1).await.unwrap();
        assert_eq!(first[0].payment_id.as_deref(), Some("x"));
        let behind = store.quarantined_of(&theirs, first[0].quarantine_id, 10).await.unwrap();
        assert_eq!(behind.len(), 1);
        assert_eq!(behind[0].payment_id.as_deref(), Some("y"));
    });
}
