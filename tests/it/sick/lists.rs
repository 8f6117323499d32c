//! Lists of payments with a row that nobody can read, and rows that keep coming.

use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Reply, Role};
use serde_json::Value;
use uuid::Uuid;

use super::{ALWAYS, THINGS};
use crate::support::databases::Kind;
use crate::support::world::World;

fn document(world: &World, id: Uuid) -> String {
    world.sandbox.document(id).unwrap()
}

/// A page of these rows, whatever they are.
fn page(rows: &[Vec<u8>]) -> Reply {
    let mut body = b"{\"content\":[".to_vec();
    body.extend(rows.join(&b","[..]));
    body.extend(format!("],\"last\":true,\"totalElements\":{}}}", rows.len()).into_bytes());
    Reply::Bytes(body)
}

fn a_row_that_is_no_text(kind: Kind) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(THINGS, &PaymentSpec::default());
    let mut rows: Vec<Vec<u8>> = ids.iter().map(|id| document(&world, *id).into_bytes()).collect();
    let bad = String::from_utf8(rows[3].clone()).unwrap().replacen('{', "{\"name\":\"M?ller\",", 1);
    rows[3] = bad.into_bytes().into_iter().map(|b| if b == b'?' { 0xfc } else { b }).collect();
    world.sandbox.script(Endpoint::List, ALWAYS, page(&rows));
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 9);
    assert_eq!(world.texts("SELECT payment_id FROM quarantine"), [ids[3].to_string()]);
    let raw = world.texts("SELECT raw FROM quarantine").remove(0);
    assert!(raw.contains("M\u{fffd}ller"), "{raw}");
    world.sandbox.clear_scripts();
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sandbox.count_in(PaymentState::Locked), 10, "once it can be read");
    assert_eq!(world.count("quarantine WHERE resolved_at IS NULL"), 0);
}

#[test]
fn a_row_that_is_no_text_on_sqlite() {
    a_row_that_is_no_text(Kind::Sqlite);
}

#[test]
fn a_row_that_is_no_text_on_postgres() {
    a_row_that_is_no_text(Kind::Postgres);
}

/// The same payment, unreadable, and with a field that is another one each time.
fn a_row_that_changes_without_end(kind: Kind) {
    let world = World::new(kind);
    let ids = world.sandbox.add_payments(1, &PaymentSpec::default());
    let mut row: Value = serde_json::from_str(&document(&world, ids[0])).unwrap();
    row["contract"] = Value::Null;
    for n in 0..5 {
        row["asked_at"] = n.into();
        let mut nameless = row.clone();
        nameless["payment_id"] = Value::Null;
        let rows = [row.to_string().into_bytes(), nameless.to_string().into_bytes()];
        world.sandbox.clear_scripts();
        world.sandbox.script(Endpoint::List, ALWAYS, page(&rows));
        world.sandbox.script(Endpoint::Get, ALWAYS, Reply::Body(row.to_string()));
        world.once("accepted", &[]).expect(0);
    }
    assert_eq!(
        world.texts("SELECT CAST(seen AS text) FROM quarantine WHERE payment_id IS NOT NULL"),
        ["5"]
    );
    let newest = world.texts("SELECT raw FROM quarantine WHERE payment_id IS NOT NULL").remove(0);
    assert!(newest.contains("\"asked_at\":4"), "{newest}");
    assert_eq!(world.events("payment.quarantined"), 1 + 5, "the nameless rows are each another");
}

#[test]
fn a_row_that_changes_without_end_on_sqlite() {
    a_row_that_changes_without_end(Kind::Sqlite);
}

#[test]
fn a_row_that_changes_without_end_on_postgres() {
    a_row_that_changes_without_end(Kind::Postgres);
}

/// A row of so many megabytes.
fn large(world: &World, model: Uuid, megabytes: usize) -> Uuid {
    let mut row: Value = serde_json::from_str(&document(world, model)).unwrap();
    row["payment_id"] = "$payment_id".into();
    row["modified_at"] = "$modified_at".into();
    let mut row = row.to_string();
    row.pop();
    row.push_str(&format!(",\"zzz\":\"{}\"}}", "x".repeat(megabytes << 20)));
    let now = railpoll::engine::Clock::system().now();
    world.sandbox.add_raw_row(PaymentState::Accepted, Role::Receiving, now, &row)
}

/// Eleven payments on a page that is too large, and one that is too large alone.
fn a_page_that_is_too_large(kind: Kind) {
    let world = World::new(kind);
    let model = world.sandbox.add_payments(1, &PaymentSpec::default())[0];
    for _ in 0..5 {
        large(&world, model, 4);
    }
    let giant = large(&world, model, 33);
    for _ in 0..5 {
        large(&world, model, 4);
    }
    let sets = ["pollers.accepted.review.mode=manual", "networks.acme.timeout=20s"];
    for _ in 0..2 {
        world.once("accepted", &sets).expect(0);
        assert_eq!(world.count("payments"), 11);
        assert_eq!(world.texts("SELECT payment_id FROM quarantine"), [giant.to_string()]);
    }
    let reason = world.texts("SELECT reason FROM quarantine").remove(0);
    assert!(reason.contains("33554432"), "{reason}");
    assert_eq!(world.alerts(), ["quarantined stands"]);
    world.sandbox.add_payments(1, &PaymentSpec::default());
    world.once("accepted", &sets).expect(0);
    assert_eq!(world.count("payments"), 12, "what comes behind it is read");
}

#[test]
fn a_page_that_is_too_large_on_sqlite() {
    a_page_that_is_too_large(Kind::Sqlite);
}

#[test]
fn a_page_that_is_too_large_on_postgres() {
    a_page_that_is_too_large(Kind::Postgres);
}
