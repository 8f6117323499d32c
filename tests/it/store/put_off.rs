//! Things of a place that are put off, each alone.

use railpoll::engine::Poller;
use railpoll::store::{PutOff, Scope, Store, StoreError};

use crate::support::on_both;
use crate::support::payments::{at, intend_lock, lease, payment, record, row, scope};

fn failed(things: &[&str]) -> Vec<(String, String)> {
    things.iter().map(|thing| ((*thing).to_owned(), format!("{thing} is ill"))).collect()
}

async fn known(store: &Store, scope: &Scope) -> Vec<(String, u32)> {
    let all = store.put_off_things(scope).await.unwrap();
    all.into_iter().map(|one| (one.subject, one.failures)).collect()
}

#[test]
fn a_thing_is_put_off_for_the_longer_the_more_often_it_has_failed() {
    on_both(async |database| {
        let store = database.store().await;
        let (mine, lease) = (scope(Poller::Accepted), lease(&store, Poller::Accepted).await);
        let first = store.put_off(&lease, &mine, &failed(&["a/1", "b\0"]), at(0)).await.unwrap();
        let is = |subject: &str, failures, since, not_before| PutOff {
            subject: subject.to_owned(),
            failures,
            reason: "a/1 is ill".to_owned(),
            since: at(since),
            not_before: at(not_before),
        };
        assert_eq!(first[0], is("a/1", 1, 0, 1));
        let again = store.put_off(&lease, &mine, &failed(&["a/1"]), at(10)).await.unwrap();
        assert_eq!(again, [is("a/1", 2, 0, 12)]);
        store.put_off(&lease, &mine, &failed(&["a/1"]), at(20)).await.unwrap();
        let all = store.put_off_things(&mine).await.unwrap();
        assert_eq!(all[0], is("a/1", 3, 0, 24));
        assert_eq!(all.len(), 2);
        assert_eq!(store.put_off_things(&scope(Poller::Locked)).await.unwrap(), []);
    });
}

#[test]
fn what_is_well_again_begins_anew() {
    on_both(async |database| {
        let store = database.store().await;
        let (mine, lease) = (scope(Poller::Accepted), lease(&store, Poller::Accepted).await);
        store.put_off(&lease, &mine, &failed(&["a/1", "a/2"]), at(0)).await.unwrap();
        store.put_off(&lease, &mine, &failed(&["a/1", "a/2"]), at(5)).await.unwrap();
        store.take_up(&lease, &mine, &["a/1".to_owned(), "no/such".to_owned()]).await.unwrap();
        assert_eq!(known(&store, &mine).await, [("a/2".to_owned(), 2)]);
        store.put_off(&lease, &mine, &failed(&["a/1"]), at(9)).await.unwrap();
        assert_eq!(known(&store, &mine).await, [("a/2".to_owned(), 2), ("a/1".to_owned(), 1)]);
        store.release_lease(&lease).await.unwrap();
        let late = store.put_off(&lease, &mine, &failed(&["a/1"]), at(10)).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })), "{late:?}");
        let late = store.take_up(&lease, &mine, &["a/1".to_owned()]).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })), "{late:?}");
    });
}

#[test]
fn an_operation_whose_payment_is_put_off_comes_last_and_not_before_its_time() {
    on_both(async |database| {
        let store = database.store().await;
        let (mine, lease) = (scope(Poller::Accepted), lease(&store, Poller::Accepted).await);
        let rows: Vec<_> = ["a", "b", "c"].map(|id| row(payment(id, "ACCEPTED", 1))).into();
        record(&store, &rows).await;
        for id in ["a", "b", "c"] {
            intend_lock(&store, &lease, id).await.unwrap();
        }
        let ids = async |seconds| {
            let open = store.open_intents(&mine, at(seconds), 2).await.unwrap();
            let states = [railpoll::engine::PaymentState::Accepted];
            let all = store.open_intents_in(&mine, &states, at(seconds), 2).await.unwrap();
            assert_eq!(open, all);
            open.into_iter().map(|intent| intent.payment_id).collect::<Vec<_>>()
        };
        assert_eq!(ids(100).await, ["a", "b"]);
        store.put_off(&lease, &mine, &failed(&["payment/a"]), at(100)).await.unwrap();
        assert_eq!(ids(100).await, ["b", "c"]);
        assert_eq!(ids(101).await, ["b", "c"], "it comes after those that are well");
        store.put_off(&lease, &mine, &failed(&["payment/b", "payment/c"]), at(100)).await.unwrap();
        assert_eq!(ids(101).await, ["a", "b"]);
        assert!(ids(100).await.is_empty());
    });
}
