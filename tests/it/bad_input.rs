//! What no client should be sent: set aside or tried again, all else stored, and no panic.

use std::fs;

use railpoll_sandbox::{
    Endpoint, FaultRates, Garbage, Operation, PaymentSpec, PaymentState, Reply, Role,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::databases::{Kind, run};
use crate::support::world::{World, until_true};

/// A row that is a payment as it should be, but for what `edit` does to it.
fn row(world: &World, model: Uuid, edit: impl FnOnce(&mut Value)) -> String {
    let mut document: Value =
        serde_json::from_str(&world.sandbox.document(model).unwrap()).unwrap();
    document["payment_id"] = json!("$payment_id");
    document["modified_at"] = json!("$modified_at");
    edit(&mut document);
    document.to_string()
}

fn add_row(world: &World, json: &str) -> Uuid {
    let now = railpoll::engine::Clock::system().now();
    world.sandbox.add_raw_row(PaymentState::Accepted, Role::Receiving, now, json)
}

/// Rows that are no payments.
fn rubbish(world: &World, model: Uuid) -> Vec<String> {
    let set = |path: &str, value: Value| {
        row(world, model, |document| *document.pointer_mut(path).unwrap() = value)
    };
    let without = |path: &str, field: &str| {
        row(world, model, |document| {
            document.pointer_mut(path).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        })
    };
    let amount = |value| set("/contract/quote/amount", value);
    let mut rows: Vec<String> =
        ["null", "7", "true", r#""text""#, "[]", "{}", "[[1],{}]"].map(str::to_owned).into();
    rows.extend([
        without("", "payment_id"),
        without("", "payment_state"),
        without("", "modified_at"),
        without("", "contract"),
        without("/contract", "quote"),
        without("/contract/quote", "amount"),
        without("/contract/quote", "currency_code"),
        set("/payment_id", json!(null)),
        set("/payment_id", json!("a\0b")),
        set("/payment_id", json!("..")),
        set("/payment_id", json!("x".repeat(10_000))),
        set("/payment_state", json!([])),
        set("/payment_state", json!("ACCEPTED\u{7}")),
        set("/modified_at", json!("yesterday")),
        set("/modified_at", json!("99999-01-01T00:00:00.000Z")),
        set("/modified_at", json!(-1)),
        set("/contract", json!("none")),
        set("/contract/quote", json!([1, 2])),
        set("/contract/expires_at", json!("2026-02-30T00:00:00.000Z")),
        set("/user_info", json!({"a": 1})),
        amount(json!("12,50")),
        amount(json!("NaN")),
        amount(json!("")),
        amount(json!(true)),
        amount(json!("1e999999999")),
        amount(json!("9".repeat(100_000))),
        amount(json!({"value": "1"})),
        set("/contract/quote/currency_code", json!("U\0D")),
        // The same name twice: which of them is meant?
        set("/payment_state", json!("ACCEPTED")).replacen('{', r#"{"payment_state":"FAILED","#, 1),
    ]);
    rows
}

/// Rows that are odd, and may be kept or set aside, but not lost.
fn oddities(world: &World, model: Uuid) -> Vec<String> {
    let with = |json: &str| {
        row(world, model, |_| ()).replacen('{', &format!(r#"{{"something_new":{json},"#), 1)
    };
    vec![
        with(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        with(&format!("{}1{}", r#"{"a":"#.repeat(1_000), "}".repeat(1_000))),
        with("1e400"),
        with(&"9".repeat(5_000)),
        with(r#""\u0000""#),
        with(r#""\ud800""#),
        with(r#"{"a":1,"a":2}"#),
        row(world, model, |document| document["something_new"] = json!("y".repeat(1_000_000))),
    ]
}

fn difference(world: &World) -> String {
    world.texts("SELECT CAST(difference AS text) FROM cursors").remove(0)
}

fn rows_of_rubbish(kind: Kind) {
    let world = World::new(kind);
    let mut good = world.sandbox.add_payments(100, &PaymentSpec::default());
    let rubbish = rubbish(&world, good[0]);
    let oddities = oddities(&world, good[0]);
    for json in rubbish.iter().chain(&oddities) {
        add_row(&world, json);
    }
    for garbage in Garbage::ALL {
        world.sandbox.add_garbage(garbage, PaymentState::Accepted, Role::Receiving);
    }
    good.extend(world.sandbox.add_payments(100, &PaymentSpec::default()));
    // Small pages: some of them hold nothing but rubbish.
    let sets = ["pollers.accepted.page_size=7"];
    world.once("accepted", &sets).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 200);
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), 200);
    // A payment in a state that nobody knows is kept and set aside.
    assert_eq!(world.count("payments WHERE state = 'VAPORISED'"), 1);
    let set_aside = world.count("quarantine WHERE resolved_at IS NULL");
    let kept = world.count("payments") - 200;
    let rows = rubbish.len() + oddities.len() + Garbage::ALL.len();
    assert_eq!(set_aside + kept - 1, rows, "{set_aside} set aside, {kept} kept");
    assert!(kept <= oddities.len() + 1, "{kept} kept");
    assert_eq!(world.events("payment.quarantined"), set_aside);
    for _ in 0..3 {
        world.once("accepted", &sets).expect(0);
        assert_eq!(difference(&world), "0");
    }
    assert_eq!(world.alerts(), ["quarantined stands"]);
    assert_eq!(world.events("alert.raised"), 1);
    assert_eq!(world.count("quarantine"), set_aside);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 200);
}

#[test]
fn rows_of_rubbish_on_sqlite() {
    rows_of_rubbish(Kind::Sqlite);
}

#[test]
fn rows_of_rubbish_on_postgres() {
    rows_of_rubbish(Kind::Postgres);
}

#[test]
fn what_was_rubbish_and_can_be_read_later_is_stored() {
    let world = World::new(Kind::Sqlite);
    let add = |kind| world.sandbox.add_garbage(kind, PaymentState::Accepted, Role::Receiving);
    let ids = Garbage::ALL.map(add);
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.count("quarantine"), ids.len());
    // Rubbish that is touched is new rubbish of the same payment: the newest is kept.
    assert!(world.sandbox.touch(ids[0]));
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.count("quarantine"), ids.len());
    assert_eq!(world.count("quarantine WHERE seen > 1"), 1);
    assert_eq!(world.alerts(), ["quarantined stands"]);
    assert_eq!(difference(&world), "0");
    ids[1..].iter().for_each(|id| assert!(world.sandbox.mend_row(*id)));
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 3);
    assert_eq!(world.count("payments WHERE state = 'LOCKED'"), 3);
    assert_eq!(world.alerts(), ["quarantined stands"], "one is left");
    assert!(world.sandbox.mend_row(ids[0]));
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 4);
    assert_eq!(world.alerts(), ["quarantined ended"]);
    assert_eq!(world.count("quarantine WHERE resolved_at IS NULL"), 0);
    assert_eq!((world.events("alert.raised"), world.events("alert.cleared")), (1, 1));
}

#[test]
fn what_was_rubbish_and_has_left_the_list_is_asked_for() {
    let world = World::new(Kind::Sqlite);
    let add = |kind| world.sandbox.add_garbage(kind, PaymentState::Accepted, Role::Receiving);
    let ids = Garbage::ALL.map(add);
    // The list is compared up to the newest payment.
    world.sandbox.add_payments(1, &PaymentSpec::default());
    world.once("accepted", &[]).expect(0);
    for id in ids {
        world.sandbox.move_to(id, PaymentState::Failed);
        world.sandbox.mend_row(id);
    }
    for _ in 0..3 {
        world.once("accepted", &[]).expect(0);
    }
    assert_eq!(world.count("payments WHERE state = 'FAILED'"), 4);
    assert_eq!(difference(&world), "0");
    assert_eq!(world.alerts(), ["quarantined ended"]);
}

#[test]
fn a_person_may_see_to_a_row_without_an_id() {
    let world = World::new(Kind::Sqlite);
    add_row(&world, "{}");
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.alerts(), ["quarantined stands"]);
    run(async {
        let store = world.database.store().await;
        let rows = store.quarantined(false, 10).await.unwrap();
        let now = railpoll::engine::Clock::system().now();
        store.resolve_quarantined(&rows[0], "an empty row", None, now).await.unwrap();
    });
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.alerts(), ["quarantined ended"]);
}

#[test]
fn a_state_that_nobody_knows_costs_no_reconcile_at_each_sweep() {
    let world = World::new(Kind::Sqlite);
    let id =
        world.sandbox.add_garbage(Garbage::UnknownState, PaymentState::Accepted, Role::Receiving);
    world.once("accepted", &[]).expect(0);
    for _ in 0..4 {
        let before = world.sandbox.requests();
        world.once("accepted", &[]).expect(0);
        assert_eq!(world.sandbox.requests() - before, 3, "a token, what is new, the count");
    }
    assert_eq!(world.texts("SELECT state FROM payments"), ["VAPORISED"]);
    assert_eq!(world.alerts(), ["quarantined stands"]);
    world.sandbox.mend_row(id);
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.texts("SELECT state FROM payments"), ["LOCKED"]);
    assert_eq!(world.alerts(), ["quarantined ended"]);
}

#[test]
fn forwarded_is_executed_by_another_name() {
    let world = World::new(Kind::Sqlite);
    let executed = PaymentSpec { state: PaymentState::Executed, ..PaymentSpec::default() };
    let model = world.sandbox.add_payments(1, &executed)[0];
    let json = row(&world, model, |document| document["payment_state"] = json!("FORWARDED"));
    let now = railpoll::engine::Clock::system().now();
    world.sandbox.add_raw_row(PaymentState::Executed, Role::Receiving, now, &json);
    let manual = ["pollers.executed.review.mode=manual"];
    for _ in 0..4 {
        world.once("executed", &manual).expect(0);
        assert_eq!(difference(&world), "0");
    }
    let states = world.texts("SELECT state || ' ' || review FROM payments ORDER BY state");
    assert_eq!(states, ["EXECUTED pending", "FORWARDED pending"]);
    assert_eq!(
        world.alerts(),
        ["decision_due stands"],
        "they have no deadline, and wait for a person"
    );
}

/// Answers of the list that are no pages.
fn no_pages(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let page = |edit: &dyn Fn(&mut Value)| {
        let mut page: Value = serde_json::from_str(good).unwrap();
        edit(&mut page);
        page.to_string().into_bytes()
    };
    vec![
        ("nothing", Vec::new()),
        ("blanks", b" \r\n ".to_vec()),
        ("a NUL", vec![0]),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("a list", b"[]".to_vec()),
        ("deep", "[".repeat(1_000_000).into_bytes()),
        ("deep inside", format!(r#"{{"content":{}"#, "[".repeat(1_000_000)).into_bytes()),
        ("an object too many", [good.as_bytes(), b"{}"].concat()),
        ("no content", page(&|page| drop(page.as_object_mut().unwrap().remove("content")))),
        ("null content", page(&|page| page["content"] = json!(null))),
        ("content of a wrong type", page(&|page| page["content"] = json!({}))),
        ("another page", page(&|page| page["number"] = json!(3))),
        ("too many told", page(&|page| page["numberOfElements"] = json!(7))),
        (
            "a payment twice",
            page(&|page| {
                let rows = page["content"].as_array_mut().unwrap();
                rows[1] = rows[0].clone();
            }),
        ),
    ]
}

#[test]
fn answers_that_are_no_pages_are_tried_again() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(2, &PaymentSpec::default());
    let rows: Vec<String> =
        world.sandbox.ids().into_iter().map(|id| world.sandbox.document(id).unwrap()).collect();
    let good = format!(
        r#"{{"content":[{}],"number":0,"numberOfElements":2,"totalElements":2,"totalPages":1,"last":true}}"#,
        rows.join(",")
    );
    let answers = no_pages(&good);
    for (name, body) in &answers {
        let before = world.sandbox.requests_to(Endpoint::List);
        world.sandbox.script(Endpoint::List, 3, Reply::Bytes(body.clone()));
        let ended = world.once("accepted", &[]).expect(69);
        assert_eq!(world.sandbox.requests_to(Endpoint::List) - before, 3, "{name}");
        assert!(ended.stderr.contains("unreadable answer"), "{name}: {}", ended.stderr);
        assert_eq!(world.count("payments"), 0, "{name}");
    }
    assert_eq!(world.alerts(), ["network_unavailable stands"]);
    for (_, body) in answers {
        world.sandbox.script(Endpoint::List, 1, Reply::Bytes(body));
        world.once("accepted", &[]).expect(0);
    }
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 2);
    assert_eq!(world.alerts(), ["network_unavailable ended"]);
}

#[test]
fn the_beginning_of_an_answer_that_cannot_be_read_is_in_the_log_at_debug() {
    let world = World::new(Kind::Sqlite);
    let body = format!("rubbish {} the end", "x".repeat(5_000));
    world.sandbox.script(Endpoint::List, 1, Reply::Body(body));
    let mut command = world.poller("accepted", &[]);
    let ended = crate::support::world::finish(command.env("RAILPOLL_LOG", "debug")).expect(0);
    assert!(ended.stderr.contains("rubbish xxx"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("the end"));
    assert!(!ended.stderr.contains(world.sandbox.client_secret()));
}

#[test]
fn an_operation_that_is_answered_with_rubbish_was_done() {
    for body in ["{}", r#"{"payment_id":7}"#, "null", "[]", ""] {
        let world = World::new(Kind::Sqlite);
        let ids = world.sandbox.add_payments(1, &PaymentSpec::default());
        let lock = Endpoint::Operation(Operation::Lock);
        world.sandbox.script(lock, 1, Reply::Body(body.to_owned()));
        world.once("accepted", &[]).expect(0);
        let daemon = world.start("accepted", &[]);
        until_true("the end", || world.count("operations WHERE status = 'done'") == 1);
        let sweeps = world.count("sweeps");
        until_true("some more sweeps", || world.count("sweeps") > sweeps + 4);
        drop(daemon);
        assert_eq!(world.sandbox.accepted_calls(ids[0], Operation::Lock), 1, "{body}");
        assert_eq!(world.sandbox.requests_to(lock), 1, "{body}");
        assert_eq!(difference(&world), "0", "{body}");
        let drift = world.alerts().into_iter().filter(|alert| alert.starts_with("drift"));
        assert_eq!(drift.count(), 0, "{body}");
    }
}

#[test]
fn memory_is_bounded_whatever_is_sent() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &["pollers.accepted.retry.max_attempts=2"]);
    daemon.wait_for_log("lease taken");
    until_true("a good sweep", || world.count("sweeps") > 0);
    world.sandbox.set_faults(FaultRates { huge: 1000, ..FaultRates::default() });
    let bad = "sweeps WHERE outcome = 'network_unavailable'";
    until_true("answers of 50 MB", || world.count(bad) > 2);
    world.sandbox.set_faults(FaultRates::default());
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(kib < 100_000, "{peak}");
    world.sandbox.add_payments(10, &PaymentSpec::default());
    until_true("10 locks", || world.sandbox.count_in(PaymentState::Locked) == 10);
    until_true("the end of it", || world.alerts() == ["network_unavailable ended"]);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
