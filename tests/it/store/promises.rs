//! Whoever runs a poller for ever promises to be back, and others notice if it is not.

use std::time::Duration;

use railpoll::engine::{Poller, SweepOutcome, Tally};
use railpoll::store::{Acquired, Lease, OpenAlert, Promise, Promised, Scope, Store, SweepRow};

use crate::support::payments::{NETWORK, now, scope};
use crate::support::{Kind, Person, TestDatabase, on_both};

const LONG: Duration = Duration::from_secs(60);
const SOON: Promise =
    Promise { back_in: Duration::from_secs(5), patience: Duration::from_secs(20) };

async fn take(store: &Store, scope: &Scope, holder: &str) -> Lease {
    match store.acquire_slot(scope, 2, holder, LONG).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

/// What the promises are: of whom, by whom, whether late, whether held.
async fn promises(store: &Store) -> Vec<(String, String, bool, bool)> {
    let told = |one: Promised| (one.scope.network, one.by, one.is_late, one.is_held);
    store.promises().await.unwrap().into_iter().map(told).collect()
}

fn one(place: &str, by: &str, is_late: bool, is_held: bool) -> (String, String, bool, bool) {
    (place.to_owned(), by.to_owned(), is_late, is_held)
}

/// Turns a column of every lease of `holder` back, or on.
async fn shift(database: &TestDatabase, person: &mut Person, what: &str, holder: &str, by: &str) {
    let sql = match database.kind {
        Kind::Sqlite => format!(
            "UPDATE leases SET {what} = strftime('%Y-%m-%dT%H:%M:%f000Z', {what}, '{by}') WHERE holder = '{holder}'"
        ),
        Kind::Postgres => {
            format!("UPDATE leases SET {what} = {what} + interval '{by}' WHERE holder = '{holder}'")
        }
    };
    assert_eq!(person.execute(&sql).await.unwrap(), 1);
}

async fn silent(store: &Store) -> Vec<OpenAlert> {
    let mut open = store.alerts(false, 9).await.unwrap();
    open.retain(|alert| alert.name == "poller_silent");
    open
}

fn swept() -> SweepRow {
    SweepRow {
        started_at: now(),
        finished_at: now(),
        outcome: SweepOutcome::Complete,
        pages: 1,
        requests: 1,
        tally: Tally::default(),
        acted: 0,
        error: None,
    }
}

#[test]
fn a_promise_is_kept_and_a_clean_end_takes_it_back() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let lease = take(&store, &scope(Poller::Accepted), "one").await;
        assert_eq!(promises(&store).await, [], "a single sweep promises nothing");
        store.record_sweep(&lease, &swept(), None, None).await.unwrap();
        assert_eq!(promises(&store).await, []);
        store.promise(&lease, &SOON).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", false, true)]);
        shift(database, &mut person, "late_at", "one", "-30 seconds").await;
        assert_eq!(promises(&store).await, [one(NETWORK, "one", true, true)]);
        let before = store.promises().await.unwrap().remove(0).expected_by;
        store.record_sweep(&lease, &swept(), None, Some(&SOON)).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", false, true)]);
        assert!(store.promises().await.unwrap().remove(0).expected_by >= before);
        // Whoever asks for its lease again has not ended.
        store.drop_lease(&lease).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", false, false)]);
        let lease = take(&store, &scope(Poller::Accepted), "one").await;
        store.release_lease(&lease).await.unwrap();
        assert_eq!(promises(&store).await, []);
    });
}

#[test]
fn who_is_at_work_is_not_late_and_who_only_waits_is() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let lease = take(&store, &scope(Poller::Accepted), "one").await;
        store.renew_at_work(&lease, LONG, LONG).await.unwrap();
        assert_eq!(promises(&store).await, [], "nothing was promised");
        store.promise(&lease, &SOON).await.unwrap();
        shift(database, &mut person, "late_at", "one", "-30 seconds").await;
        store.renew_lease(&lease, LONG).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", true, true)]);
        store.renew_at_work(&lease, LONG, LONG).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", false, true)]);
        // It makes no promise sooner than it was.
        store.renew_at_work(&lease, LONG, Duration::from_millis(1)).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "one", false, true)]);
    });
}

#[test]
fn who_sweeps_once_takes_back_no_promise_of_another() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let gone = take(&store, &scope(Poller::Accepted), "gone").await;
        store.promise(&gone, &SOON).await.unwrap();
        shift(database, &mut person, "expires_at", "gone", "-120 seconds").await;
        let once = take(&store, &scope(Poller::Accepted), "once").await;
        store.renew_at_work(&once, LONG, LONG).await.unwrap();
        store.record_sweep(&once, &swept(), None, None).await.unwrap();
        shift(database, &mut person, "late_at", "once", "-30 seconds").await;
        assert_eq!(promises(&store).await, [one(NETWORK, "gone", true, false)]);
        store.release_lease(&once).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "gone", true, false)]);
        // Who runs it for ever from now on is in its place.
        let next = take(&store, &scope(Poller::Accepted), "next").await;
        store.promise(&next, &SOON).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "next", false, true)]);
    });
}

#[test]
fn any_worker_tells_of_who_is_late_at_the_place_of_that_one() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let here = take(&store, &scope(Poller::Completed), "here").await;
        let gone = take(&store, &scope(Poller::Accepted), "gone").await;
        store.promise(&here, &SOON).await.unwrap();
        store.promise(&gone, &SOON).await.unwrap();
        assert_eq!(store.tell_silent(&here, now()).await.unwrap().len(), 2);
        assert_eq!(silent(&store).await, []);
        shift(database, &mut person, "late_at", "gone", "-30 seconds").await;
        shift(database, &mut person, "expires_at", "gone", "-120 seconds").await;
        for _ in 0..2 {
            store.tell_silent(&here, now()).await.unwrap();
            let [alert] = &silent(&store).await[..] else { panic!("not one") };
            assert_eq!((alert.poller.as_str(), alert.place.as_str()), ("accepted", NETWORK));
            assert!(
                alert.detail.starts_with("nobody runs accepted on acme: gone was to be back by 20"),
                "{}",
                alert.detail
            );
        }
        // It is back.
        let back = take(&store, &scope(Poller::Accepted), "back").await;
        store.promise(&back, &SOON).await.unwrap();
        store.tell_silent(&here, now()).await.unwrap();
        assert_eq!(silent(&store).await, []);
        // It stands still, with its lease; and then it ends as it should.
        shift(database, &mut person, "late_at", "back", "-30 seconds").await;
        store.tell_silent(&here, now()).await.unwrap();
        assert!(
            silent(&store).await[0].detail.contains("back runs accepted on acme and stands still")
        );
        store.release_lease(&back).await.unwrap();
        store.tell_silent(&here, now()).await.unwrap();
        assert_eq!(silent(&store).await, []);
    });
}

#[test]
fn of_several_at_one_place_each_is_missed_alone() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let shared = scope(Poller::Outgoing);
        let (first, second) = (take(&store, &shared, "a").await, take(&store, &shared, "b").await);
        for lease in [&first, &second] {
            store.promise(lease, &SOON).await.unwrap();
        }
        for holder in ["a", "b"] {
            shift(database, &mut person, "late_at", holder, "-30 seconds").await;
        }
        let here = take(&store, &scope(Poller::Completed), "here").await;
        store.tell_silent(&here, now()).await.unwrap();
        let subjects: Vec<String> =
            silent(&store).await.into_iter().map(|alert| alert.subject).collect();
        assert_eq!(subjects, ["", "acme#2"]);
        store.release_lease(&second).await.unwrap();
        store.tell_silent(&here, now()).await.unwrap();
        assert_eq!(silent(&store).await.len(), 1);
        assert_eq!(silent(&store).await[0].place, NETWORK);
    });
}

#[test]
fn who_promised_by_a_clock_that_was_ahead_is_missed_at_once() {
    on_both(async |database| {
        let (store, mut person) = (database.store().await, database.person().await);
        let lease = take(&store, &scope(Poller::Accepted), "ahead").await;
        store.promise(&lease, &SOON).await.unwrap();
        for column in ["expires_at", "expected_by", "late_at"] {
            shift(database, &mut person, column, "ahead", "+3600 seconds").await;
        }
        assert_eq!(promises(&store).await, [one(NETWORK, "ahead", true, false)]);
        // One that lives loses such a lease, asks anew, and is back.
        let again = take(&store, &scope(Poller::Accepted), "ahead").await;
        store.promise(&again, &SOON).await.unwrap();
        assert_eq!(promises(&store).await, [one(NETWORK, "ahead", false, true)]);
    });
}
