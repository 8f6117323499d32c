//! `railpoll status`: what is wrong, in words, for programs, for monitors.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{
    Alert, AlertName, BadRow, ConnectorRole, PaymentState, Row, SweepOutcome, Tally, Trail,
};
use railpoll::store::{Acquired, Lease, Promise, Store, SweepRow};

use super::{Desk, now, payment, scope};

async fn lease(store: &Store, place: &str) -> Lease {
    let ttl = Duration::from_secs(60);
    match store.acquire_lease(&scope(place), "host:77:ab", ttl).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

pub(super) fn swept(ago: i64) -> SweepRow {
    let at = now() - TimeDelta::seconds(ago);
    SweepRow {
        started_at: at,
        finished_at: at,
        outcome: SweepOutcome::Complete,
        pages: 1,
        requests: 4,
        tally: Tally::default(),
        acted: 0,
        error: None,
    }
}

pub(super) const PROMISE: Promise =
    Promise { back_in: Duration::from_secs(30), patience: Duration::from_secs(90) };

/// Both places are swept by a daemon that is there.
pub(super) async fn all_well(store: &Store) -> [Lease; 2] {
    let leases = [lease(store, "acme").await, lease(store, "bank").await];
    for lease in &leases {
        let next = now() + TimeDelta::seconds(30);
        store.record_sweep(lease, &swept(0), Some(next), Some(&PROMISE)).await.unwrap();
    }
    leases
}

#[test]
fn a_check_is_quiet_where_nothing_is_wrong() {
    let desk = Desk::migrated();
    desk.seed(async |store| drop(all_well(store).await));
    let checked = desk.run("status --check");
    assert_eq!((checked.code, checked.out.as_str(), checked.err.as_str()), (Some(0), "", ""));
    let table = desk.run("status").out;
    assert!(table.contains("host:77:ab") && table.contains("every 30s"), "{table}");
    assert_eq!(table.lines().count(), 3, "{table}");
    assert_eq!(desk.json("status")[0]["wrong"], serde_json::json!([]));
}

#[test]
fn nobody_who_runs_it_is_one_line_for_each_place() {
    let desk = Desk::migrated();
    let never = desk.run("status --check");
    assert_eq!(never.code, Some(1));
    assert_eq!(
        never.out,
        "nobody has ever run accepted on acme: `systemctl start railpoll@accepted` or `railpoll-accepted --loop`\n\
         nobody has ever run accepted on bank: `systemctl start railpoll@accepted` or `railpoll-accepted --loop`\n"
    );
    desk.seed(async |store| {
        let [acme, bank] = all_well(store).await;
        // One has ended as it should, and long ago; of the other nothing is known but that it was to be back.
        let old = swept(7_300);
        store.record_sweep(&acme, &old, None, None).await.unwrap();
        store.release_lease(&acme).await.unwrap();
        let gone = Promise { back_in: Duration::ZERO, patience: Duration::ZERO };
        store.record_sweep(&bank, &swept(200), None, Some(&gone)).await.unwrap();
        store.drop_lease(&bank).await.unwrap();
    });
    let gone = desk.run("status --check");
    let lines: Vec<&str> = gone.out.lines().collect();
    assert!(
        lines[0].starts_with("nobody runs accepted on acme; last sweep 2 h ago: `systemctl"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("nobody runs accepted on bank; last sweep 3 min ago: "),
        "{lines:?}"
    );
    assert!(desk.run("status").out.contains("nobody"));
    let told = desk.json("status");
    assert_eq!(told[0]["wrong"][0]["name"], "poller_silent");
    assert_eq!(told[0]["wrong"][0]["count"], 1);
    // Together with others it is one line still.
    let more =
        "status --check --set pollers.completed.enabled=true --set pollers.failed.enabled=true";
    let lines = desk.run(more).out;
    let all = "nobody has ever run completed, failed on acme: \
               `systemctl start railpoll@completed railpoll@failed` or `railpoll run`";
    assert!(lines.contains(all), "{lines}");
}

#[test]
fn one_cause_at_several_pollers_is_one_line_with_what_to_do() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let [acme, _] = all_well(store).await;
        let mut down = swept(0);
        down.outcome = SweepOutcome::NetworkUnavailable;
        down.error = Some("503 of list".to_owned());
        store
            .record_sweep(&acme, &down, Some(now() + TimeDelta::seconds(30)), Some(&PROMISE))
            .await
            .unwrap();
        store.tell_conditions(&acme, &[], now()).await.unwrap();
        let other = railpoll::store::Scope {
            poller: railpoll::engine::Poller::Completed,
            network: "acme".to_owned(),
        };
        let Acquired::Held(other) =
            store.acquire_lease(&other, "b", Duration::from_secs(60)).await.unwrap()
        else {
            panic!("it is free")
        };
        let alert = [Alert::of(AlertName::NetworkUnavailable, "503 of another list")];
        store.set_alerts(&other, AlertName::NetworkUnavailable, &alert, now()).await.unwrap();
    });
    let checked = desk.run("status --check");
    assert_eq!(checked.code, Some(1));
    assert_eq!(checked.out.lines().count(), 1, "{}", checked.out);
    let line =
        "network_unavailable at acme (accepted, completed): 503 of list: Nothing, if it passes";
    assert!(checked.out.starts_with(line), "{}", checked.out);
    // Whoever has seen to it is not told again.
    assert_eq!(desk.run("alerts clear 1 2 --reason known").code, Some(0));
    assert_eq!(desk.run("status --check").code, Some(0));
    assert!(desk.run("status").out.contains("silenced: 2; see `railpoll alerts --all`"));
}

#[test]
fn what_waits_is_told_also_where_nobody_sweeps() {
    let desk = Desk::migrated();
    let until = now() + TimeDelta::hours(3);
    let payments = ["p1", "p2"].map(|id| {
        let mut payment = payment(id, "ACCEPTED", now());
        payment.expires_at = Some(until);
        payment
    });
    desk.record("acme", &payments);
    desk.seed(async |store| {
        let [acme, _] = all_well(store).await;
        let states = [PaymentState::Accepted];
        for due in store.due("acme", &states, &ConnectorRole::Receiving, now(), 9).await.unwrap() {
            store.await_person(&acme, &due).await.unwrap();
        }
    });
    let told = desk.run("status").out;
    let line = format!(
        "2 payments are waiting for a decision on acme, the first until {}",
        until.format("%H:%M UTC")
    );
    assert!(told.contains(&line), "{told}");
    assert!(told.contains("`railpoll payments list --review pending --network acme`"), "{told}");
    assert_eq!(desk.run("status --check").code, Some(0), "that is a day's work");
    let waiting = &desk.json("status")[0]["wrong"][0];
    assert_eq!((&waiting["name"], &waiting["urgent"]), (&"review_waiting".into(), &false.into()));
    // What is set aside of a poller that is switched off has no sweep that would tell of it.
    desk.seed(async |store| {
        let row = Row::Bad(BadRow {
            payment_id: Some("p9".to_owned()),
            modified_at: None,
            raw: "{}".to_owned(),
            reason: "no amount".to_owned(),
        });
        let failed = railpoll::store::Scope {
            poller: railpoll::engine::Poller::Failed,
            network: "acme".to_owned(),
        };
        store.record(&failed, None, &[row], None, Trail::List, now()).await.unwrap();
    });
    let checked = desk.run("status --check");
    assert!(
        checked.out.starts_with("quarantined at acme (failed): the newest is p9"),
        "{}",
        checked.out
    );
    let listed = desk.json("status");
    assert_eq!((&listed[2]["poller"], &listed[2]["enabled"]), (&"failed".into(), &false.into()));
    // What is to be typed is said once.
    for line in desk.run("status").out.lines() {
        let mut commands: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let all = commands.len();
        commands.sort_unstable();
        commands.dedup();
        assert_eq!(commands.len(), all, "{line}");
    }
}

#[test]
fn the_figures_of_the_database_are_those_of_the_daemons() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    desk.seed(async |store| drop(all_well(store).await));
    let text = desk.run("status --openmetrics").out;
    for line in [
        "railpoll_lease_held{poller=\"accepted\",place=\"acme\"} 1",
        "railpoll_payments_in_state{poller=\"accepted\",place=\"acme\"} 1",
        "railpoll_reviews_waiting{poller=\"accepted\",place=\"acme\",review=\"pending\"} 0",
        "railpoll_alert{poller=\"accepted\",place=\"bank\",name=\"poller_silent\"} 0",
        "railpoll_database_held 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|one| one == line), "no {line} in\n{text}");
    }
    let success = "railpoll_last_success_timestamp_seconds{poller=\"accepted\",place=\"acme\"} 1";
    assert!(text.contains(success), "{text}");
    assert!(!text.contains("process_") && !text.contains("railpoll_reloads"), "{text}");
    let silent = "railpoll_alert{poller=\"completed\",place=\"acme\",name=\"poller_silent\"} 1";
    let text = desk.run("status --openmetrics --set pollers.completed.enabled=true").out;
    assert!(text.contains(silent), "{text}");
    assert_eq!(desk.run("status --openmetrics --check").code, Some(64));
}

/// By this file they sweep every 30 s; who runs one of them does so by another file, and the other was run once.
#[test]
fn the_schedule_is_that_of_whoever_runs_it() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let [acme, bank] = all_well(store).await;
        let row = swept(0);
        let next = row.finished_at + TimeDelta::milliseconds(300);
        store.record_sweep(&acme, &row, Some(next), Some(&PROMISE)).await.unwrap();
        store.release_lease(&bank).await.unwrap();
        let bank = lease(store, "bank").await;
        store.record_sweep(&bank, &swept(0), None, None).await.unwrap();
        store.release_lease(&bank).await.unwrap();
    });
    let told = desk.json("status");
    assert_eq!(told[0]["schedule"], "every 300ms (every 30s by this file)");
    assert_eq!(told[1]["schedule"], "--once");
    let off = desk.json("status --all --set pollers.accepted.enabled=false");
    assert_eq!(off[0]["schedule"], "every 30s", "that is what it would do");
}

#[test]
fn who_sweeps_now_is_not_late() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let [acme, _] = all_well(store).await;
        let next = now() - TimeDelta::seconds(16);
        store.record_sweep(&acme, &swept(46), Some(next), Some(&PROMISE)).await.unwrap();
    });
    let table = desk.run("status").out;
    assert!(table.contains("sweeping for 1"), "{table}");
    assert_eq!(desk.run("status --check").code, Some(0));
}

#[test]
fn alerts_and_what_operators_did_are_lists_as_others() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let acme = lease(store, "acme").await;
        for name in [AlertName::Drift, AlertName::PutOff, AlertName::ListTooFast] {
            let alert = [Alert::of(name, "so it is").about("payment/p1")];
            store.set_alerts(&acme, name, &alert, now()).await.unwrap();
        }
    });
    let names = |line: &str| -> Vec<String> {
        let listed = desk.json(line);
        listed.iter().map(|alert| alert["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("alerts --newest --limit 1"), ["list_too_fast"]);
    assert_eq!(names("alerts --name drift"), ["drift"]);
    assert_eq!(names("alerts --subject payment/* --after 1"), ["put_off", "list_too_fast"]);
    assert!(names("alerts --poller failed").is_empty());
    assert_eq!(desk.run("alerts --name drfit").code, Some(64));
    assert_eq!(desk.run("alerts --place nowhere").code, Some(64));
    assert_eq!(desk.run("alerts --count").out, "3\n");
    let csv = desk.run("alerts --format csv --limit 1").out;
    assert!(csv.starts_with("id,name,poller,place,") && csv.lines().count() == 2, "{csv}");
    let page = desk.run("alerts --limit 2").out;
    assert!(page.contains("more: ") && page.contains("--after 2"), "{page}");

    assert_eq!(desk.run("alerts clear 1 2 --by anna --reason known").code, Some(0));
    assert_eq!(desk.run("alerts --count").out, "1\n");
    assert_eq!(desk.run("alerts --count --all").out, "3\n");
    assert_eq!(desk.run("audit list --count --action alert.*").out, "2\n");
    assert_eq!(desk.json("audit list --newest --limit 1")[0]["details"]["id"], 2);
    let csv = desk.run("audit list --format csv").out;
    assert!(csv.starts_with("id,at,by,evidence,") && csv.lines().count() == 3, "{csv}");
    let page = desk.run("audit list --limit 1").out;
    assert!(page.contains("more: ") && page.contains("--after 1"), "{page}");
}
