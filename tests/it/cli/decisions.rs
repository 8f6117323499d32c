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
            json!(["hold", "kim", null, true]),
            json!(["decline", "kim", "AC03", true]),
        ]
    );

    for line in [
        "payments decline p1 --code ac03 --reason x",
        "payments decline p1 --reason x",
        "payments hold p1 --until 2020-01-01 --reason x",
        "payments hold p1 --until 2999-01-01 --for 2h --reason x",
        "payments approve p1 --by rule",
        "payments approve",
    ] {
        assert_eq!(desk.run(line).code, Some(64), "{line}");
    }
}
