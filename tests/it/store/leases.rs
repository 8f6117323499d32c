//! The right of one process to run a poller.

use std::time::Duration;

use railpoll::engine::{
    Alert, AlertName, ConnectorRole, Decision, Operation, PaymentState, Poller, Trail,
};
use railpoll::store::{Acquired, Finished, Lease, Review, Store, StoreError, WalkEnd};

use crate::support::payments::{NETWORK, at, intend_lock, lease, now, payment, record, row, scope};
use crate::support::{Kind, Person, TestDatabase, on_both};

const LONG: Duration = Duration::from_secs(60);

fn held(acquired: Acquired) -> Lease {
    match acquired {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

fn holder(acquired: Acquired) -> String {
    match acquired {
        Acquired::Held(_) => panic!("the lease was given twice"),
        Acquired::By(other) => other,
    }
}

/// Lets every lease run out, by turning back what the database's clock is compared with.
async fn run_out(database: &TestDatabase, person: &mut Person) {
    person
        .execute(match database.kind {
            Kind::Sqlite => "UPDATE leases SET expires_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-1 second')",
            Kind::Postgres => "UPDATE leases SET expires_at = now() - interval '1 second'",
        })
        .await
        .unwrap();
}

#[test]
fn one_holder_at_a_time() {
    on_both(async |database| {
        let (store, other) = (database.store().await, database.store().await);
        let scope = scope(Poller::Accepted);
        assert_eq!(store.lease_holder(&scope).await.unwrap(), None);
        let lease = held(store.acquire_lease(&scope, "one", LONG).await.unwrap());
        assert_eq!(lease.term, 1);
        assert!(lease.is_trusted());
        assert_eq!(holder(other.acquire_lease(&scope, "two", LONG).await.unwrap()), "one");
        assert_eq!(other.lease_holder(&scope).await.unwrap().as_deref(), Some("one"));
        store.renew_lease(&lease, LONG).await.unwrap();
        store.release_lease(&lease).await.unwrap();
        assert_eq!(store.lease_holder(&scope).await.unwrap(), None);
        let taken = held(other.acquire_lease(&scope, "two", LONG).await.unwrap());
        assert_eq!(taken.term, 2);
        // The first holder's farewell does not end the second's lease.
        store.release_lease(&lease).await.unwrap();
        assert_eq!(store.lease_holder(&scope).await.unwrap().as_deref(), Some("two"));
        let lost = store.renew_lease(&lease, LONG).await;
        assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
    });
}

#[test]
fn leases_of_other_pollers_and_networks_are_apart() {
    on_both(async |database| {
        let store = database.store().await;
        lease(&store, Poller::Accepted).await;
        lease(&store, Poller::Executed).await;
        let mut elsewhere = scope(Poller::Accepted);
        elsewhere.network = "other".to_owned();
        held(store.acquire_lease(&elsewhere, "two", LONG).await.unwrap());
    });
}

#[test]
fn several_processes_share_a_scope_in_slots() {
    on_both(async |database| {
        let store = database.store().await;
        let scope = scope(Poller::Outgoing);
        let ask = async |who: &str| store.acquire_slot(&scope, 3, who, LONG).await.unwrap();
        let mut leases = Vec::new();
        for who in ["one", "two", "three"] {
            leases.push(held(ask(who).await));
        }
        let names: Vec<&str> = leases.iter().map(|lease| lease.scope.network.as_str()).collect();
        assert_eq!(names, ["acme", "acme#2", "acme#3"]);
        assert_eq!(holder(ask("four").await), "one");
        assert_eq!(holder(store.acquire_slot(&scope, 1, "four", LONG).await.unwrap()), "one");

        store.release_lease(&leases[1]).await.unwrap();
        let taken = held(ask("four").await);
        assert_eq!((taken.scope, taken.term), (scope.slot(2), 2));
        // Whose part it was can write no more.
        let lost = store.renew_lease(&leases[1], LONG).await;
        assert!(matches!(lost, Err(StoreError::LeaseLost { .. })));
        store.renew_lease(&leases[2], LONG).await.unwrap();
    });
}

#[test]
fn of_many_who_share_each_gets_a_slot() {
    on_both(async |database| {
        let scope = scope(Poller::Outgoing);
        let stores = [(); 5].map(|()| database.store());
        let asked = futures_util::future::join_all(stores.into_iter().enumerate().map(
            async |(n, store)| {
                let store = store.await;
                store.acquire_slot(&scope, 4, &format!("h{n}"), LONG).await.unwrap()
            },
        ));
        let mut slots: Vec<String> = Vec::new();
        let mut without = 0;
        for acquired in asked.await {
            match acquired {
                Acquired::Held(lease) => slots.push(lease.scope.network),
                Acquired::By(_) => without += 1,
            }
        }
        slots.sort();
        assert_eq!(slots, ["acme", "acme#2", "acme#3", "acme#4"]);
        assert_eq!(without, 1);
    });
}

#[test]
fn a_lease_that_ran_out_is_taken_over_with_a_higher_term() {
    on_both(async |database| {
        let store = database.store().await;
        let mut person = database.person().await;
        let scope = scope(Poller::Accepted);
        let old = lease(&store, Poller::Accepted).await;
        run_out(database, &mut person).await;
        assert_eq!(store.lease_holder(&scope).await.unwrap(), None);
        // Nobody else has it yet, and still it cannot be renewed: work may have been lost sight of.
        let renewed = store.renew_lease(&old, LONG).await;
        assert!(matches!(renewed, Err(StoreError::LeaseLost { .. })));
        let new = held(store.acquire_lease(&scope, "two", LONG).await.unwrap());
        assert_eq!((new.term, new.holder.as_str()), (2, "two"));
        // The same name again is another holder: its term tells.
        run_out(database, &mut person).await;
        let again = held(store.acquire_lease(&scope, "one", LONG).await.unwrap());
        assert_eq!(again.term, 3);
        let page = [row(payment("a", "ACCEPTED", 1))];
        let refused = store.record(&scope, Some(&old), &page, None, Trail::List, now()).await;
        assert!(matches!(refused, Err(StoreError::LeaseLost { .. })));
    });
}

#[test]
fn a_short_lease_runs_out_by_itself() {
    on_both(async |database| {
        let store = database.store().await;
        let scope = scope(Poller::Accepted);
        let short = Duration::from_millis(20);
        let lease = held(store.acquire_lease(&scope, "one", short).await.unwrap());
        let taken = loop {
            match store.acquire_lease(&scope, "two", LONG).await.unwrap() {
                Acquired::Held(lease) => break lease,
                Acquired::By(holder) => assert_eq!(holder, "one"),
            }
        };
        assert_eq!(taken.term, 2);
        assert!(!lease.is_trusted());
    });
}

#[test]
fn whoever_lost_the_lease_writes_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1)), row(payment("b", "ACCEPTED", 1))]).await;
        let lease = lease(&store, Poller::Accepted).await;
        let intent = intend_lock(&store, &lease, "a").await.unwrap();
        let mut person = database.person().await;
        run_out(database, &mut person).await;
        let before = picture(&mut person).await;
        let calls = every_write(&store, &lease, intent).await;
        for (call, answer) in calls {
            assert!(matches!(answer, Err(StoreError::LeaseLost { .. })), "{call}: {answer:?}");
        }
        assert_eq!(picture(&mut person).await, before);
    });
}

/// Each call that carries a lease, and its answer.
async fn every_write(
    store: &Store,
    lease: &Lease,
    mut intent: railpoll::store::Intent,
) -> Vec<(&'static str, Result<(), StoreError>)> {
    let scope = &lease.scope;
    let accepted = PaymentState::Accepted;
    let page = [row(payment("c", "ACCEPTED", 2))];
    let recorded = store.record(scope, Some(lease), &page, Some(at(2)), Trail::List, now()).await;
    let intended = store.intend(lease, "b", &accepted, &Operation::Lock, now()).await;
    let again = store.intend_again(lease, &mut intent, now()).await;
    let done = Finished::Done { answer: String::new() };
    let seen = row(payment("a", "LOCKED", 3));
    let seen = Some((&seen, Trail::Operation));
    let finished = store.finish(lease, &intent, &done, seen, now()).await;
    let review =
        Review { decision: Decision::Approve, decided_by: "automatic".to_owned(), shown: None };
    let decided = store.decide(NETWORK, lease.into(), "b", &accepted, &review, now()).await;
    let role = ConnectorRole::Receiving;
    let due = store.due(NETWORK, &[accepted], &role, now(), 10).await.unwrap();
    let awaited = store.await_person(lease, &due[0]).await;
    let alert = Alert::of(AlertName::Drift, "");
    let alerted = store.set_alerts(lease, alert.name, std::slice::from_ref(&alert), now()).await;
    let end = WalkEnd {
        mode: "keyset".to_owned(),
        watermark: Some(at(2)),
        cursor: None,
        difference: 1,
        unexplained: 0,
        reconciled_at: None,
    };
    let walked = store.save_walk(scope, lease, &store.cursor(scope).await.unwrap(), &end).await;
    vec![
        ("record", recorded.map(drop)),
        ("intend", intended.map(drop)),
        ("intend_again", again),
        ("finish", finished),
        ("decide", decided),
        ("await_person", awaited),
        ("set_alerts", alerted),
        ("save_walk", walked),
    ]
}

/// What stands in the tables that those calls would write.
async fn picture(person: &mut Person) -> Vec<String> {
    let mut picture = Vec::new();
    for (columns, table) in [
        ("payment_id || state || coalesce(review, '-')", "payments"),
        ("operation || status || attempt", "operations"),
        ("decision", "reviews"),
        ("name", "alerts"),
        ("type", "events"),
        ("status", "status_changes"),
        ("network", "cursors"),
    ] {
        picture.extend(person.texts(&format!("SELECT {columns} FROM {table} ORDER BY 1")).await);
    }
    picture
}

#[test]
fn a_lease_that_ends_later_than_any_can_is_over() {
    on_both(async |database| {
        let store = database.store().await;
        let minute = Duration::from_secs(60);
        let Acquired::Held(old) =
            store.acquire_lease(&scope(Poller::Accepted), "ahead", minute).await.unwrap()
        else {
            panic!("nobody else is here");
        };
        let mut person = database.person().await;
        let far = match database.kind {
            Kind::Sqlite => "UPDATE leases SET expires_at = '2090-01-01T00:00:00.000000Z'",
            Kind::Postgres => "UPDATE leases SET expires_at = timestamptz '2090-01-01'",
        };
        person.execute(far).await.unwrap();
        assert_eq!(store.lease_holder(&scope(Poller::Accepted)).await.unwrap(), None);
        assert!(matches!(store.renew_lease(&old, minute).await, Err(StoreError::LeaseLost { .. })));
        let Acquired::Held(new) =
            store.acquire_lease(&scope(Poller::Accepted), "now", minute).await.unwrap()
        else {
            panic!("the clock of whoever held it was ahead");
        };
        assert_eq!(new.term, old.term + 1);
        assert!(
            new.ahead.as_deref().is_some_and(|why| why.contains("ahead held")),
            "{:?}",
            new.ahead
        );
        store.release_lease(&new).await.unwrap();
        let Acquired::Held(next) =
            store.acquire_lease(&scope(Poller::Accepted), "next", minute).await.unwrap()
        else {
            panic!("it was given back");
        };
        assert_eq!(next.ahead, None);
    });
}

#[test]
fn a_probe_writes_and_changes_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        store.probe(None).await.unwrap();
        store.acquire_lease(&scope(Poller::Accepted), "us", Duration::from_secs(60)).await.unwrap();
        store.probe(Some(&scope(Poller::Accepted))).await.unwrap();
        assert_eq!(
            store.lease_holder(&scope(Poller::Accepted)).await.unwrap().as_deref(),
            Some("us")
        );
    });
}
