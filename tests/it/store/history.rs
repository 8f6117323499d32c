//! Every status that a payment ever had.

use railpoll::store::{Store, Story};

use crate::support::on_both;
use crate::support::payments::{at, payment, record, row, state};

async fn story(store: &Store, id: &str) -> Story {
    let payment = store.payments_with_id(id, None).await.unwrap().remove(0);
    store.story(payment).await.unwrap()
}

async fn statuses(store: &Store, id: &str) -> Vec<(String, i64)> {
    let story = story(store, id).await;
    story.history.into_iter().map(|s| (s.status, (s.reached_at - at(0)).num_seconds())).collect()
}

fn expected(statuses: &[(&str, i64)]) -> Vec<(String, i64)> {
    statuses.iter().map(|(word, at)| ((*word).to_owned(), *at)).collect()
}

#[test]
fn touches_add_nothing_and_moves_do() {
    on_both(async |database| {
        let store = database.store().await;
        for (word, at) in [("ACCEPTED", 1), ("ACCEPTED", 2), ("LOCKED", 3), ("LOCKED", 4)] {
            record(&store, &[row(payment("a", word, at))]).await;
        }
        assert_eq!(statuses(&store, "a").await, expected(&[("ACCEPTED", 1), ("LOCKED", 3)]));
        let story = story(&store, "a").await;
        assert!(story.history.iter().all(|status| status.source == "list"));
        assert_eq!(story.document, payment("a", "LOCKED", 4).document);
    });
}

#[test]
fn statuses_between_are_inferred_from_what_the_network_tells() {
    on_both(async |database| {
        let store = database.store().await;
        let mut seen = payment("a", "EXECUTED", 40);
        seen.reached = vec![
            (state("LOCKED"), at(20)),
            (state("ACCEPTED"), at(10)),
            (state("EXECUTED"), at(35)),
        ];
        record(&store, &[row(seen)]).await;
        let in_order = expected(&[("ACCEPTED", 10), ("LOCKED", 20), ("EXECUTED", 35)]);
        assert_eq!(statuses(&store, "a").await, in_order);
        let sources: Vec<_> =
            story(&store, "a").await.history.into_iter().map(|s| s.source).collect();
        assert_eq!(sources, ["inferred", "inferred", "list"]);
    });
}

#[test]
fn a_state_that_came_back_is_on_record_twice_in_whatever_order_it_was_seen() {
    on_both(async |database| {
        let store = database.store().await;
        let life = [("ACCEPTED", 1), ("LOCK_DECLINED", 2), ("ACCEPTED", 3), ("LOCKED", 4)];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [3, 0, 2, 1], [1, 3, 0, 2], [3, 1, 2, 0]];
        for (number, order) in orders.iter().enumerate() {
            let id = format!("p{number}");
            for at in order {
                let (word, time) = life[*at];
                record(&store, &[row(payment(&id, word, time))]).await;
            }
            assert_eq!(statuses(&store, &id).await, expected(&life), "{order:?}");
        }
    });
}

#[test]
fn states_of_one_moment_are_in_the_order_of_a_payments_life() {
    on_both(async |database| {
        let store = database.store().await;
        let life = ["ACCEPTED", "LOCKED", "PREPARED", "EXECUTED", "COMPLETED"];
        for (id, order) in [("a", [0, 1, 2, 3, 4]), ("b", [4, 3, 2, 1, 0]), ("c", [2, 4, 0, 3, 1])]
        {
            for at in order {
                record(&store, &[row(payment(id, life[at], 7))]).await;
            }
            let moment: Vec<_> = life.iter().map(|word| (*word, 7)).collect();
            assert_eq!(statuses(&store, id).await, expected(&moment), "{order:?}");
        }
    });
}

#[test]
fn the_same_stale_copy_again_adds_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "EXECUTED", 9))]).await;
        for _ in 0..3 {
            record(&store, &[row(payment("a", "LOCKED", 5))]).await;
        }
        let mut person = database.person().await;
        assert_eq!(person.count("status_changes").await, 2);
    });
}
