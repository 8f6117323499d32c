//! A person decides.

use serde_json::{Value, json};

use super::{Desk, now, payment};

#[test]
fn each_payment_is_decided_on_alone() {
    let desk = Desk::migrated();
    let time = now();
    desk.record(
        "acme",
        &[
            payment("accepted", "ACCEPTED", time),
            payment("executed", "EXECUTED", time),
            payment("completed", "COMPLETED", time),
        ],
    );
    let answer = desk.run("payments approve accepted completed nobody executed");
    assert_eq!(answer.code, Some(1));
    assert_eq!(answer.out.lines().count(), 2);
    assert!(answer.out.contains("approved accepted on acme"), "{}", answer.out);
    assert!(answer.out.contains("will lock it in its next sweep"), "{}", answer.out);
    assert!(answer.out.contains("will complete it once it is switched on"), "{}", answer.out);
    assert!(answer.err.contains("payment completed is COMPLETED"), "{}", answer.err);
    assert!(answer.err.contains("there is no payment nobody"), "{}", answer.err);

    let complete = desk.run("payments complete accepted");
    assert_eq!(complete.code, Some(1));
    assert!(complete.err.contains("only an executed one"), "{}", complete.err);
    assert_eq!(desk.run("payments complete executed").code, Some(0));
}

#[test]
fn decisions_are_recorded_with_who_and_why() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let review = || desk.json("payments list")[0]["review"].clone();
    let reason = "--reason bank-closed";

    assert_eq!(desk.run(&format!("payments hold p1 --for 2h {reason}")).code, Some(0));
    assert_eq!(review(), "held");
    assert_eq!(desk.run("payments release p1").code, Some(0));
    assert_eq!(review(), Value::Null);
    assert_eq!(desk.run("payments release p1").code, Some(1));
    assert_eq!(desk.run(&format!("payments hold p1 {reason}")).code, Some(0));
    let declined = desk.run(&format!("payments decline p1 --code AC03 {reason}"));
    assert!(declined.out.contains("will reject it"), "{}", declined.out);
    assert_eq!(review(), "declined");

    let reviews = &desk.json("payments show p1")[0]["reviews"];
    let told: Vec<Value> = reviews
        .as_array()
        .unwrap()
        .iter()
        .map(|review| {
            json!([
                review["decision"],
                review["decided_by"],
                review["code"],
                review["until"].is_null()
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["hold", "kim", null, false]),
            json!(["release", "kim", null, true]),
            json!(["hold", "kim", null, true]),
            json!(["decline", "kim", "AC03", true]),
        ]
    );

    for line in [
        "payments decline p1 --code ac3 --reason x",
        "payments decline p1 --reason x",
        "payments hold p1 --until 2020-01-01 --reason x",
        "payments hold p1 --until 2999-01-01 --for 2h --reason x",
        "payments approve p1 --by rule",
        "payments approve",
        "payments approve p1 p2 --version 1",
    ] {
        assert_eq!(desk.run(line).code, Some(64), "{line}");
    }
}

#[test]
fn what_somebody_saw_is_what_they_decide_on() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    assert_eq!(desk.json("payments show p1")[0]["version"], 1);
    let mut changed = payment("p1", "ACCEPTED", now());
    changed.end_to_end_id = Some("other".to_owned());
    desk.record("acme", &[changed]);
    let stale = desk.run("payments approve p1 --version 1");
    assert_eq!(stale.code, Some(1));
    assert!(stale.err.contains("has version 2, and you decided on version 1"), "{}", stale.err);
    assert!(stale.err.contains("railpoll payments show p1"), "{}", stale.err);
    assert_eq!(desk.run("payments approve p1 --version 2").code, Some(0));
}

#[test]
fn what_operators_did_is_on_record() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    assert_eq!(desk.run("payments hold p1 --reason look").code, Some(0));
    assert_eq!(desk.run("payments release p1 --by lee --reason looked").code, Some(0));
    assert_eq!(desk.run("payments decline p1 --code ac03 --reason gone").code, Some(0));
    let rows = desk.json("audit list");
    let told: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["action"], row["by"], row["evidence"], row["reason"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["payment.hold", "kim", "claimed", "look"]),
            json!(["payment.release", "lee", "claimed", "looked"]),
            json!(["payment.decline", "kim", "claimed", "gone"]),
        ]
    );
    assert_eq!(rows[2]["details"]["code"], "AC03");
    assert!(rows.iter().all(|row| row["subject"] == "payment/acme/p1" && row["uid"].is_u64()));
    assert_eq!(desk.json("audit list --by lee").len(), 1);
    assert_eq!(desk.json("audit list --subject payment/acme/p2").len(), 0);
    let events = desk.json("events list --type payment.reviewed");
    assert_eq!(events[1]["data"]["decision"], "release");
    assert_eq!(events[1]["data"]["decided_by"], "lee");
}

#[test]
fn a_hold_that_outlives_the_payment_is_taken_with_a_warning() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let short = desk.run("payments hold p1 --for 30m --reason bank-closed");
    assert_eq!((short.code, short.err.as_str()), (Some(0), ""));
    let long = desk.run("payments hold p1 --for 2h --reason bank-closed");
    assert_eq!(long.code, Some(0));
    assert!(long.err.contains("the network fails it before this hold ends"), "{}", long.err);
    let endless = desk.run("payments hold p1 --reason bank-closed");
    assert!(endless.err.contains("before this hold ends"), "{}", endless.err);
    // Programs are told in the object.
    let told = desk.run("payments hold p1 --reason bank-closed --json");
    let object: Value = serde_json::from_str(&told.out).unwrap();
    assert!(object["warning"].as_str().unwrap().contains("before this hold ends"), "{object}");
    assert_eq!(told.err, "");
    let told = desk.json("payments hold p1 --for 30m --reason bank-closed");
    assert!(told[0]["warning"].is_null());
    assert!(desk.run("payments hold p1 --for 2h --reason x").out.contains("(in 2 h)"));
}
