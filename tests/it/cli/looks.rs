//! Pollers, rows that were set aside, and events.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{BadRow, Payment, Row, SweepOutcome, Tally, Trail};
use railpoll::store::{Acquired, SweepRow};
use serde_json::{Value, json};

use super::{Desk, now, payment, scope};

#[test]
fn status_tells_of_each_poller_and_network() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now()), payment("p2", "FAILED", now())]);
    desk.seed(async |store| {
        let scope = scope("acme");
        let held = store.acquire_lease(&scope, "host/77", Duration::from_secs(60)).await.unwrap();
        let Acquired::Held(lease) = held else { panic!("the lease is taken") };
        let sweep = SweepRow {
            started_at: now() - TimeDelta::seconds(13),
            finished_at: now() - TimeDelta::seconds(12),
            outcome: SweepOutcome::NetworkUnavailable,
            pages: 1,
            requests: 4,
            tally: Tally { new: 2, ..Tally::default() },
            acted: 1,
            error: Some("connection refused".to_owned()),
        };
        let next = now() + TimeDelta::seconds(119);
        store.record_sweep(&lease, &sweep, Some(next), None).await.unwrap();
        store.tell_conditions(&lease, &[], now()).await.unwrap();
    });

    let standings = desk.json("status");
    assert_eq!(standings.len(), 2);
    let acme = &standings[0];
    let keys: Vec<&String> = acme.as_object().unwrap().keys().collect();
    let promised = [
        "alerts",
        "drift",
        "enabled",
        "expected_by",
        "held",
        "holder",
        "in_state",
        "last_sweep",
        "next_sweep_at",
        "place",
        "poller",
        "schedule",
        "transfers",
        "wrong",
    ];
    assert_eq!(keys, promised);
    assert_eq!(acme["in_state"], 1);
    assert_eq!(acme["holder"], "host/77");
    assert_eq!(acme["alerts"], json!(["network_unavailable"]));
    assert_eq!(acme["last_sweep"]["new"], 2);
    assert_eq!(acme["last_sweep"]["reason"], "connection refused");
    assert_eq!(standings[1]["last_sweep"], Value::Null);
    assert_eq!(desk.json("status --all").len(), 12);

    let table = desk.run("status").out;
    assert!(table.contains("s ago") && table.contains("in 2 min"), "{table}");
    let line = "network_unavailable at acme (accepted): connection refused: Nothing, if it passes";
    assert!(table.contains(line), "{table}");

    assert_eq!(desk.json("alerts")[0]["id"], 1);
    let told = desk.run("alerts").out;
    assert!(
        told.contains("connection refused") && told.contains("network_unavailable: Nothing, if it"),
        "{told}"
    );
    assert_eq!(desk.run("alerts clear 1").code, Some(64), "it needs a reason");
    assert_eq!(desk.run("alerts clear 1 99 --by anna --reason known").code, Some(1));
    let told = desk.run("alerts").out;
    assert_eq!(told, "no alerts\n\nsilenced: 1; see `railpoll alerts --all`\n");
    assert_eq!(desk.json("alerts"), Vec::<Value>::new());
    assert_eq!(desk.json("alerts --all")[0]["silenced_by"], "anna");
    assert!(desk.run("alerts --all").out.contains("silenced by anna"));
}

#[test]
fn what_is_set_aside_can_be_seen_and_resolved() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let row = Row::Bad(BadRow {
            payment_id: Some("p1".to_owned()),
            modified_at: None,
            raw: "{\"payment_id\":\"p1\",\n\"amount\":\"a lot\"}".to_owned(),
            reason: "amount: `a lot` is not an amount".to_owned(),
        });
        store.record(&scope("acme"), None, &[row], None, Trail::List, now()).await.unwrap();
    });
    assert!(desk.run("quarantine list").out.contains("is not an amount"));
    assert!(desk.run("quarantine show 1").out.ends_with("\"amount\":\"a lot\"}\n"));
    assert_eq!(desk.run("quarantine show 2").code, Some(1));
    assert_eq!(desk.json("alerts").len(), 1);
    assert_eq!(desk.run("quarantine resolve 1 --reason told-them").code, Some(0));
    assert_eq!(desk.run("quarantine resolve 1 --reason again").code, Some(1));
    assert_eq!(desk.run("quarantine list").out, "nothing is set aside\n");
    assert_eq!(desk.json("quarantine list --all")[0]["resolution"], "told-them");
    assert_eq!(desk.run("alerts").out, "no alerts\n");
}

#[test]
fn events_are_listed_by_type_and_subject() {
    let desk = Desk::migrated();
    let time = now();
    desk.record("acme", &[payment("p1", "ACCEPTED", time), payment("p2", "ACCEPTED", time)]);
    desk.run("payments approve p2");
    let events = desk.json("events list");
    let keys: Vec<&String> = events[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["at", "data", "id", "subject", "type", "version"]);
    assert_eq!(events.len(), 3);
    assert_eq!(desk.json("events list --type payment.reviewed")[0]["data"]["decision"], "approve");
    assert_eq!(desk.json("events list --subject payment/acme/p1").len(), 1);
    assert_eq!(desk.json("events list --after 2").len(), 1);
    assert_eq!(desk.json("events list --since 1h").len(), 3);
    let page = desk.run("events list --limit 2").out;
    assert!(page.contains("--limit 2") && page.ends_with("--after 2\n"), "{page}");
}

/// A process that is ended if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn events_are_followed_until_a_signal() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let mut command = desk.command("events tail --from 0 --json");
    let mut tail = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    let mut subject = || {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        event["subject"].clone()
    };
    assert_eq!(subject(), "payment/acme/p1");
    desk.record("acme", &[payment("p2", "ACCEPTED", now())]);
    assert_eq!(subject(), "payment/acme/p2");
    let pid = tail.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(tail.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::migrated();
    let time = now();
    let payments: Vec<Payment> =
        (0..2000).map(|n| payment(&format!("p{n}"), "ACCEPTED", time)).collect();
    desk.record("acme", &payments);
    for line in ["payments list --limit 5000", "config defaults", "completions zsh", "man"] {
        let mut command = desk.command(line);
        let mut child =
            Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        drop(child.0.stdout.take());
        let mut err = String::new();
        child.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.0.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{line}");
    }
}
