//! Several processes on one database.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use railpoll::engine::{Alert, AlertName, Match, Operation, PaymentState, Poller, Row, Trail};
use railpoll::store::{
    Acquired, Advanced, Confirming, Finished, IncomingPage, NewIncoming, Scope, Store, StoreError,
};

use super::transfers::{self, incoming};

use crate::support::payments::{NETWORK, intend_lock, lease, now, payment, record, row, scope};
use crate::support::{TestDatabase, on_each, run};

/// A page of payments: the n-th of `pages` pages, in a version that is newer with each `round`.
fn page(n: i64, round: i64) -> Vec<Row> {
    let state = ["ACCEPTED", "LOCKED", "PREPARED", "EXECUTED"][usize::try_from(round).unwrap()];
    (0..10).map(|i| row(payment(&format!("p{n}-{i}"), state, round * 100 + i))).collect()
}

/// Runs `work` with the numbers from 0 to `workers`, each as a process of its own would: with its own handles.
fn at_once<T: Send>(
    database: &TestDatabase,
    workers: i64,
    work: impl AsyncFn(Store, i64) -> T + Sync,
) -> Vec<T> {
    thread::scope(|scope| {
        let run_one = |worker| {
            let work = &work;
            move || run(async { work(Store::open(&database.url).await.unwrap(), worker).await })
        };
        let handles: Vec<_> = (0..workers).map(|worker| scope.spawn(run_one(worker))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

#[test]
fn writers_of_the_same_pages_do_not_meet() {
    on_each(|database| {
        run(database.store());
        let tallies = at_once(database, 4, async |store, worker| {
            let scope = scope(Poller::ALL[usize::try_from(worker).unwrap()]);
            let mut new_and_changed = 0;
            for round in 0..4 {
                for n in 0..5 {
                    // Each begins elsewhere, and half of them read backwards.
                    let mut page = page((n + worker) % 5, round);
                    if worker % 2 == 1 {
                        page.reverse();
                    }
                    let tally = store.record(&scope, None, &page, None, Trail::List, now()).await;
                    let tally = tally.unwrap();
                    new_and_changed += tally.new + tally.changed;
                }
            }
            new_and_changed
        });
        run(async {
            let store = database.store().await;
            let mut told = HashSet::new();
            for event in store.events_after(0, 10_000).await.unwrap() {
                assert!(told.insert((event.subject.clone(), event.version)), "twice: {event:?}");
            }
            // A version that one of them stored, the others did not.
            assert_eq!(tallies.iter().sum::<u64>(), u64::try_from(told.len()).unwrap());
            let executed = store.count_in(NETWORK, &[PaymentState::Executed], None).await.unwrap();
            assert_eq!(executed, 50);
        });
    });
}

#[test]
fn a_reader_that_goes_by_ids_misses_nothing() {
    on_each(|database| {
        run(database.store());
        let writing = AtomicUsize::new(8);
        let read = at_once(database, 9, async |store, worker| {
            if worker == 8 {
                return read_along(database, &store, &writing).await;
            }
            for n in 0..20 {
                let rows = page(worker * 100 + n, 0);
                let scope = scope(Poller::Accepted);
                store.record(&scope, None, &rows, None, Trail::List, now()).await.unwrap();
            }
            writing.fetch_sub(1, Ordering::SeqCst);
            (0, 0)
        });
        assert_eq!(read[8], (8 * 20 * 10, 8 * 20 * 10));
    });
}

/// Reads events and statuses while there are writers, and counts them.
async fn read_along(
    database: &TestDatabase,
    store: &Store,
    writing: &AtomicUsize,
) -> (usize, usize) {
    let mut person = database.person().await;
    let (mut last_event, mut events, mut last_row, mut rows) = (0, 0, 0, 0);
    loop {
        // Looked at first: what was written before the last writer ended is read below.
        let is_last = writing.load(Ordering::SeqCst) == 0;
        let page = store.events_after(last_event, 1_000_000).await.unwrap();
        last_event = page.last().map_or(last_event, |event| event.id);
        events += page.len();
        let sql = format!(
            "SELECT CAST(row_id AS text) FROM status_changes s WHERE row_id > {last_row} ORDER BY s.row_id"
        );
        let page = person.texts(&sql).await;
        last_row = page.last().map_or(last_row, |id| id.parse().unwrap());
        rows += page.len();
        if is_last {
            return (events, rows);
        }
    }
}

#[test]
fn everything_at_once_locks_nobody_out() {
    on_each(|database| {
        run(database.store());
        at_once(database, 4, async |store, worker| {
            let scope = Scope { network: format!("net{worker}"), ..scope(Poller::Accepted) };
            for n in 0..15 {
                one_sweep(&store, &scope, n).await.unwrap();
            }
        });
    });
}

/// A bit of everything that a poller writes.
async fn one_sweep(store: &Store, scope: &Scope, n: i64) -> Result<(), StoreError> {
    let ttl = Duration::from_secs(60);
    let Acquired::Held(lease) = store.acquire_lease(scope, &format!("h{n}"), ttl).await? else {
        panic!("nobody else asks for this lease");
    };
    store.record(scope, Some(&lease), &page(n, 0), None, Trail::List, now()).await?;
    store.renew_lease(&lease, ttl).await?;
    let alert = Alert::of(AlertName::Drift, "");
    store.set_alerts(&lease, alert.name, std::slice::from_ref(&alert), now()).await?;
    let (id, accepted) = (format!("p{n}-0"), PaymentState::Accepted);
    let intent = store.intend(&lease, &id, &accepted, &Operation::Lock, now()).await?.unwrap();
    let done = Finished::Done { answer: String::new() };
    store.finish(&lease, &intent, &done, None, now()).await?;
    store.set_alerts(&lease, AlertName::Drift, &[], now()).await?;
    store.tell_conditions(&lease, &[accepted], now()).await?;
    store.release_lease(&lease).await
}

#[test]
fn of_many_who_ask_one_gets_the_lease() {
    on_each(|database| {
        run(database.store());
        let terms = at_once(database, 6, async |store, worker| {
            let (scope, ttl) = (scope(Poller::Accepted), Duration::from_secs(60));
            match store.acquire_lease(&scope, &format!("h{worker}"), ttl).await.unwrap() {
                Acquired::Held(lease) => Some(lease.term),
                Acquired::By(_) => None,
            }
        });
        assert_eq!(terms.into_iter().flatten().collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn of_many_who_intend_one_may_try() {
    on_each(|database| {
        run(async {
            let store = database.store().await;
            record(&store, &page(0, 0)).await;
        });
        let pollers = Poller::ALL;
        let intents = at_once(database, 5, async |store, worker| {
            let poller = pollers[usize::try_from(worker).unwrap()];
            let lease = lease(&store, poller).await;
            intend_lock(&store, &lease, "p0-0").await
        });
        assert_eq!(intents.into_iter().flatten().count(), 1);
    });
}

#[test]
fn money_that_several_confirm_at_once_counts_once() {
    on_each(|database| {
        let lease = run(async {
            let store = database.store().await;
            let lease = transfers::lease(&store, Poller::Watch, incoming::NETWORK).await;
            transfers::create(&store, &[transfers::withdrawal("w")]).await;
            let new = [NewIncoming::received(incoming::paid("1", "w"), Match::UnknownMemo)];
            let page = IncomingPage::of(incoming::NETWORK, "", &new, None);
            let recorded = store.record_incoming(&lease, &page, now());
            assert_eq!(recorded.await.unwrap(), incoming::stored(1));
            lease
        });
        let told = at_once(database, 4, async |store, _| {
            let paid = incoming::paid("1", "w");
            let found = incoming::candidates(&store, std::slice::from_ref(&paid)).await;
            let NewIncoming { verdict, step, refund, .. } = incoming::matched(paid.clone(), &found);
            let confirming = Confirming { key: paid.key(), verdict, step, refund };
            store.confirm_incoming(&lease, &confirming, now()).await.unwrap()
        });
        let done = told.iter().filter(|told| **told == Advanced::Done).count();
        let already = told.iter().filter(|told| **told == Advanced::Already).count();
        assert_eq!((done, already), (1, 3), "{told:?}");
        run(async {
            let store = database.store().await;
            assert_eq!(transfers::read(&store, "w").await.version, 2);
        });
    });
}
