//! What is told of payments.

use std::time::Duration;

use chrono::TimeDelta;
use railpoll::engine::{Operation, PaymentState};
use railpoll::store::{Acquired, Finished};
use serde_json::Value;

use super::{AMOUNT, Desk, now, payment, scope};

#[test]
fn payments_are_listed_page_by_page() {
    let desk = Desk::migrated();
    let time = now();
    let at = |minutes| time - TimeDelta::minutes(minutes);
    desk.record("acme", &[payment("p1", "ACCEPTED", at(30)), payment("p2", "EXECUTED", at(20))]);
    // One payment that both of our networks report, with one time.
    desk.record("bank", &[payment("p2", "EXECUTED", at(20)), payment("p3", "FAILED", at(10))]);

    let all: Vec<(String, String)> = desk
        .json("payments list")
        .iter()
        .map(|row| (row["network"].to_string(), row["payment_id"].to_string()))
        .collect();
    assert_eq!(all.len(), 4);
    let mut walked = Vec::new();
    let mut command = "payments list --limit 1".to_owned();
    loop {
        walked.extend(
            desk.json(&command)
                .iter()
                .map(|row| (row["network"].to_string(), row["payment_id"].to_string())),
        );
        let table = desk.run(&command).out;
        let Some(more) = table.lines().find_map(|line| line.strip_prefix("more: ")) else { break };
        let (_, token) = more.split_once("--after ").unwrap();
        command = format!("payments list --limit 1 --after {token}");
    }
    assert_eq!(walked, all);

    let ids = |line: &str| -> Vec<Value> {
        desk.json(line).iter().map(|row| row["payment_id"].clone()).collect()
    };
    assert_eq!(ids("payments list --state executed --network bank"), ["p2"]);
    assert_eq!(ids("payments list --since 15m"), ["p3"]);
    assert_eq!(ids("payments list --since 2000-01-01 --state ACCEPTED"), ["p1"]);
    assert!(ids("payments list --review held").is_empty());
}

#[test]
fn a_listed_payment_has_the_promised_keys() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let rows = desk.json("payments list");
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let promised = [
        "acted_at",
        "amount",
        "connector_role",
        "created_at",
        "currency",
        "end_to_end_id",
        "expires_at",
        "first_seen_at",
        "modified_at",
        "network",
        "not_before",
        "payment_id",
        "payout_amount",
        "payout_currency",
        "returned_by",
        "returns",
        "review",
        "state",
        "sub_states",
        "version",
    ];
    assert_eq!(keys, promised);
    assert_eq!(rows[0]["amount"], AMOUNT);
    let table = desk.run("payments list").out;
    assert!(table.starts_with("PAYMENT  NETWORK  STATE     ROLE"), "{table}");
    assert!(table.contains(&format!("p1       acme     ACCEPTED  receiving  {AMOUNT} USD")));
    assert!(table.contains("in 1 h"), "{table}");
    assert!(!table.contains('\x1b'));
}

#[test]
fn a_payment_tells_its_whole_story() {
    let desk = Desk::migrated();
    let seen = payment("p1", "EXECUTED", now());
    desk.record("acme", std::slice::from_ref(&seen));
    desk.seed(async |store| {
        let held = store.acquire_lease(&scope("acme"), "host", Duration::from_secs(60)).await;
        let Acquired::Held(lease) = held.unwrap() else { panic!("somebody has the lease") };
        let state = PaymentState::Executed;
        let intent = store.intend(&lease, "p1", &state, &Operation::Complete, now()).await.unwrap();
        let refused = Finished::Refused { reason: "409 \x1b[2Jnot now".to_owned() };
        store.finish(&lease, &intent.unwrap(), &refused, None, now()).await.unwrap();
    });
    assert_eq!(desk.run("payments approve p1 --by lee").code, Some(0));

    let story = &desk.json("payments show p1")[0];
    assert_eq!(story["history"][0]["status"], "ACCEPTED");
    assert_eq!(story["history"][0]["source"], "inferred");
    assert_eq!(story["history"][1]["status"], "EXECUTED");
    assert_eq!(story["operations"][0]["operation"], "complete");
    assert_eq!(story["operations"][0]["status"], "refused");
    assert_eq!(story["reviews"][1]["decision"], "approve");
    assert_eq!(story["reviews"][1]["decided_by"], "lee");
    assert_eq!(story["document"]["payment_id"], "p1");
    // The document comes out digit for digit, in one line.
    let line = desk.run("payments show p1 --json").out;
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains(&format!("\"amount\": {AMOUNT}")), "{line}");

    let told = desk.run("payments show p1").out;
    for part in
        ["Payment p1 on acme", "EXECUTED", "(expires in 1 h)", "lee", "409 \u{fffd}[2Jnot now"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let document = desk.run("payments show p1 --document").out;
    assert!(document.contains(&format!("\n  \"amount\": {AMOUNT}\n}}")), "{document}");
}

#[test]
fn a_payment_that_is_not_there_or_there_twice_is_refused() {
    let desk = Desk::migrated();
    let twin = payment("p1", "ACCEPTED", now());
    desk.record("acme", std::slice::from_ref(&twin));
    desk.record("bank", std::slice::from_ref(&twin));
    let missing = desk.run("payments show p9");
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(missing.err.contains("there is no payment p9 on any network"), "{}", missing.err);
    let twice = desk.run("payments approve p1");
    assert_eq!(twice.code, Some(1));
    assert!(twice.err.contains("acme, bank") && twice.err.contains("--network"), "{}", twice.err);
    assert_eq!(desk.run("payments approve p1 --network bank").code, Some(0));
    assert_eq!(desk.json("payments list --review approved")[0]["network"], "bank");
}
