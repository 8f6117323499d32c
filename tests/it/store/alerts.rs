//! Alerts are conditions of a place: they begin once, are kept current, and end once.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{
    Alert, AlertName, Decision, PaymentState, Poller, SweepOutcome, Tally, Trail,
};
use railpoll::store::{
    Acquired, Lease, OpenAlert, Review, Scope, Silence, Store, StoreError, SweepRow,
};

use crate::support::payments::{NETWORK, at, bad, lease, money, now, payment, record, row, scope};
use crate::support::{ann, by, on_both};

fn drift(detail: &str) -> Alert {
    Alert::of(AlertName::Drift, detail)
}

async fn event_types(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 1000).await.unwrap();
    let types = events.into_iter().map(|event| event.event_type);
    types.filter(|name| name.starts_with("alert.")).collect()
}

async fn open(store: &Store) -> Vec<OpenAlert> {
    store.alerts(false, 100).await.unwrap()
}

/// The name, place, count and detail of the one alert that stands.
async fn only(store: &Store) -> (String, String, u64, String) {
    let mut open = open(store).await;
    assert_eq!(open.len(), 1, "{open:?}");
    let OpenAlert { name, place, count, detail, .. } = open.remove(0);
    (name, place, count, detail)
}

fn silence(at_second: i64) -> Silence {
    let why = ann().reason.clone().unwrap();
    Silence { by: ann().operator.name.clone(), why, at: at(at_second) }
}

#[test]
fn an_alert_begins_is_kept_current_and_ends() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let set = async |standing: &[Alert], second| {
            store.set_alerts(&lease, AlertName::Drift, standing, at(second)).await.unwrap();
        };
        set(&[], 0).await;
        set(&[drift("7 missing")], 1).await;
        set(&[drift("7 missing")], 2).await;
        assert_eq!(open(&store).await[0].began_at, at(1));
        set(&[drift("8 missing"), drift("p1 too").about("p1")], 3).await;
        let alerts = open(&store).await;
        assert_eq!((alerts[0].detail.as_str(), alerts[0].began_at), ("8 missing", at(1)));
        assert_eq!((alerts[1].subject.as_str(), alerts[1].began_at), ("p1", at(3)));
        assert_eq!((alerts[0].poller.as_str(), alerts[0].place.as_str()), ("accepted", NETWORK));
        set(&[drift("p1 too").about("p1")], 4).await;
        set(&[drift("again"), drift("p1 too").about("p1")], 6).await;
        let all = store.alerts(true, 10).await.unwrap();
        let times: Vec<_> = all.iter().map(|alert| (alert.began_at, alert.ended_at)).collect();
        assert_eq!(times, [(at(1), Some(at(4))), (at(3), None), (at(6), None)]);
        assert_eq!(store.alerts(true, 1).await.unwrap()[0].began_at, at(6));
        let types = event_types(&store).await;
        assert_eq!(types, ["alert.raised", "alert.raised", "alert.cleared", "alert.raised"]);
    });
}

#[test]
fn more_of_it_is_told_and_less_is_not() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        for count in [1, 3, 2, 2] {
            let standing = [drift("so many").counting(count)];
            store.set_alerts(&lease, AlertName::Drift, &standing, now()).await.unwrap();
            assert_eq!(open(&store).await[0].count, count);
        }
        assert_eq!(event_types(&store).await, ["alert.raised", "alert.changed"]);
        let events = store.events_after(0, 10).await.unwrap();
        let told: serde_json::Value = serde_json::from_str(&events[1].data).unwrap();
        assert_eq!((&told["count"], &told["place"]), (&3.into(), &NETWORK.into()));
        assert!(told["advice"].as_str().unwrap().contains("reconcile"));
    });
}

#[test]
fn a_person_silences_an_alert_until_it_changes() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let set = async |detail: &str, count| {
            let standing = [drift(detail).counting(count)];
            store.set_alerts(&lease, AlertName::Drift, &standing, now()).await.unwrap();
        };
        set("so", 2).await;
        let id = open(&store).await[0].alert_id;
        store.silence_alert(id, ann(), at(2)).await.unwrap();
        assert_eq!(open(&store).await[0].silence, Some(silence(2)));
        set("so", 2).await;
        assert_eq!(open(&store).await[0].silence, Some(silence(2)), "it lasts as it was");
        set("so", 1).await;
        assert_eq!(open(&store).await[0].silence, None);
        store.silence_alert(id, ann(), at(3)).await.unwrap();
        set("otherwise", 1).await;
        assert_eq!(open(&store).await[0].silence, None);
        store.silence_alert(id, ann(), at(4)).await.unwrap();
        store.set_alerts(&lease, AlertName::Drift, &[], now()).await.unwrap();
        let again = store.silence_alert(id, ann(), at(5)).await;
        assert!(matches!(again, Err(StoreError::Refused(_))), "it is over");
        set("so", 1).await;
        assert_eq!(open(&store).await[0].silence, None, "it began anew");
        let expected = [
            "alert.raised",
            "alert.silenced",
            "alert.changed",
            "alert.silenced",
            "alert.changed",
            "alert.silenced",
            "alert.cleared",
            "alert.raised",
        ];
        assert_eq!(event_types(&store).await, expected);
    });
}

#[test]
fn another_amount_is_an_alert_of_its_payment() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut dearer = payment("a", "COMPLETED", 2);
        dearer.money = money("10.01");
        record(&store, &[row(dearer)]).await;
        let open = open(&store).await;
        assert_eq!((open[0].name.as_str(), open[0].subject.as_str()), ("amount_changed", "a"));
        assert_eq!(open[0].began_at, now());
        assert!(open[0].detail.contains("10.00") && open[0].detail.contains("10.01"));
    });
}

#[test]
fn rows_that_are_set_aside_are_counted() {
    on_both(async |database| {
        let store = database.store().await;
        for n in 1..=3 {
            record(&store, &[bad(None, &format!("row {n}"), "no amount")]).await;
            assert_eq!((only(&store).await.0.as_str(), only(&store).await.2), ("quarantined", n));
        }
        let mut rows = store.quarantined(false, 9).await.unwrap();
        let last = rows.pop().unwrap();
        store.resolve_quarantined(&last, "known", Some(ann()), now()).await.unwrap();
        assert_eq!(only(&store).await.2, 2);
        for row in rows {
            store.resolve_quarantined(&row, "known", Some(ann()), now()).await.unwrap();
        }
        assert_eq!(open(&store).await, []);
    });
}

/// Records that a sweep ended so, and lets its worker tell.
async fn sweep(store: &Store, lease: &Lease, outcome: SweepOutcome, why: Option<&str>) {
    let row = SweepRow {
        started_at: now(),
        finished_at: now(),
        outcome,
        pages: 1,
        requests: 1,
        tally: Tally::default(),
        acted: 0,
        error: why.map(str::to_owned),
    };
    store.record_sweep(lease, &row, None, None).await.unwrap();
    store.tell_conditions(lease, &[], now()).await.unwrap();
}

async fn slot(store: &Store, n: u32) -> Lease {
    let scope = Scope { poller: Poller::Outgoing, network: "bank".to_owned() }.slot(n);
    match store.acquire_lease(&scope, "one", Duration::from_secs(60)).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

#[test]
fn workers_at_one_place_share_its_alert() {
    on_both(async |database| {
        let store = database.store().await;
        let (one, other) = (slot(&store, 1).await, slot(&store, 2).await);
        let down = SweepOutcome::RailUnavailable;
        for _ in 0..3 {
            sweep(&store, &one, SweepOutcome::Complete, None).await;
            sweep(&store, &other, down, Some("503")).await;
            let (name, place, count, detail) = only(&store).await;
            assert_eq!((name.as_str(), place.as_str()), ("rail_unavailable", "bank"));
            assert_eq!((count, detail.as_str()), (1, "503"));
        }
        assert_eq!(event_types(&store).await, ["alert.raised"]);
        sweep(&store, &other, SweepOutcome::Stopped, None).await;
        assert_eq!(open(&store).await.len(), 1, "who was stopped has not seen that it is well");
        sweep(&store, &other, SweepOutcome::Complete, None).await;
        assert_eq!(open(&store).await, []);
        // Who has gone does not speak for the place any more.
        sweep(&store, &other, down, Some("503")).await;
        store.release_lease(&other).await.unwrap();
        sweep(&store, &one, SweepOutcome::Complete, None).await;
        assert_eq!(open(&store).await, []);
    });
}

#[test]
fn the_detail_is_that_of_the_newest_sweep() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let refused = SweepOutcome::CredentialsRefused;
        sweep(&store, &lease, refused, Some("no bearer token")).await;
        sweep(&store, &lease, refused, Some("service not enabled")).await;
        assert_eq!(only(&store).await.3, "service not enabled");
        // A database of ours that fails says nothing of the network.
        sweep(&store, &lease, SweepOutcome::Database, Some("disk full")).await;
        let names: Vec<String> = open(&store).await.into_iter().map(|alert| alert.name).collect();
        assert_eq!(names, ["credentials_refused", "sweep_failed"]);
        sweep(&store, &lease, SweepOutcome::NetworkUnavailable, Some("503")).await;
        assert_eq!(only(&store).await.0, "network_unavailable");
        sweep(&store, &lease, SweepOutcome::Complete, None).await;
        assert_eq!(open(&store).await, []);
    });
}

/// Lets everything that is due wait for a person.
async fn ask_a_person(store: &Store, lease: &Lease, states: &[PaymentState]) {
    let role = railpoll::engine::ConnectorRole::Receiving;
    for due in store.due(NETWORK, states, &role, now(), 9).await.unwrap() {
        store.await_person(lease, &due).await.unwrap();
    }
}

#[test]
fn payments_without_a_deadline_are_told_as_long_as_they_wait() {
    on_both(async |database| {
        let store = database.store().await;
        for (poller, state, expires) in [
            (Poller::Executed, PaymentState::Executed, true),
            (Poller::Accepted, PaymentState::Accepted, false),
        ] {
            let lease = lease(&store, poller).await;
            let start = now();
            let after = |seconds| start + TimeDelta::seconds(seconds);
            let id = state.as_str();
            let mut waiting = payment(id, id, 1);
            waiting.expires_at = expires.then(|| after(300));
            store
                .record(&scope(poller), None, &[row(waiting)], None, Trail::List, start)
                .await
                .unwrap();
            let states = [state.clone()];
            ask_a_person(&store, &lease, &states).await;
            let tell = async |seconds| {
                store.tell_conditions(&lease, &states, after(seconds)).await.unwrap();
            };
            for seconds in [1, 299, 301, 90_000] {
                tell(seconds).await;
                let (name, _, count, detail) = only(&store).await;
                assert_eq!((name.as_str(), count), ("decision_due", 1), "{id} after {seconds} s");
                assert!(detail.starts_with(&format!("{id} is the oldest, since ")), "{detail}");
            }
            assert_eq!(event_types(&store).await.last().unwrap(), "alert.raised", "and once");
            let decide = async |decision| {
                let review = Review { decision, decided_by: "anna".to_owned(), shown: None };
                store.decide(NETWORK, by(None), id, &state, &review, after(1)).await.unwrap();
            };
            let hold = |until| Decision::Hold { until, why: "asked".to_owned() };
            decide(hold(Some(after(90_000)))).await;
            tell(2).await;
            assert_eq!(open(&store).await, [], "a hold that ends is nobody's to end");
            decide(hold(None)).await;
            tell(3).await;
            assert!(only(&store).await.3.contains("(held) is the oldest"));
            decide(Decision::Approve).await;
            tell(4).await;
            assert_eq!(open(&store).await, []);
        }
    });
}

#[test]
fn payments_that_wait_for_a_person_are_told_before_their_deadline() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        let (accepted, start) = (PaymentState::Accepted, now());
        let after = |seconds| start + TimeDelta::seconds(seconds);
        let until = |id: &str, seconds| {
            let mut payment = payment(id, "ACCEPTED", 1);
            payment.expires_at = Some(after(seconds));
            row(payment)
        };
        let rows = [until("a", 300), until("b", 400), until("c", 3000)];
        store
            .record(&scope(Poller::Accepted), None, &rows, None, Trail::List, start)
            .await
            .unwrap();
        let states = [accepted.clone()];
        let tell =
            async |seconds| store.tell_conditions(&lease, &states, after(seconds)).await.unwrap();
        tell(299).await;
        assert_eq!(open(&store).await, [], "nobody was asked yet");
        ask_a_person(&store, &lease, &states).await;
        tell(149).await;
        assert_eq!(open(&store).await, []);
        tell(150).await;
        let (name, _, count, detail) = only(&store).await;
        assert_eq!((name.as_str(), count), ("decision_due", 1));
        assert!(detail.starts_with("a is the first, until 2023-"), "{detail}");
        tell(200).await;
        assert_eq!(only(&store).await.2, 2);
        // A hold that ends in time is nobody's to end; one that does not is.
        let hold = |seconds| Review {
            decision: Decision::Hold { until: Some(after(seconds)), why: "asked".to_owned() },
            decided_by: "anna".to_owned(),
            shown: None,
        };
        store.decide(NETWORK, by(None), "a", &accepted, &hold(250), after(201)).await.unwrap();
        store.decide(NETWORK, by(None), "b", &accepted, &hold(500), after(201)).await.unwrap();
        tell(202).await;
        let (_, _, count, detail) = only(&store).await;
        assert_eq!(count, 1);
        assert!(detail.starts_with("b (held) is the first, until "), "{detail}");
        let approved =
            Review { decision: Decision::Approve, decided_by: "anna".to_owned(), shown: None };
        store.decide(NETWORK, by(None), "b", &accepted, &approved, after(203)).await.unwrap();
        tell(204).await;
        assert_eq!(open(&store).await, []);
    });
}
