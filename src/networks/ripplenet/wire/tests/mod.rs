//! The reading of payments. Pages and odd rows have files of their own.

mod odd;
mod page;
mod user_info;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::listing;
use crate::engine::{BadRow, ConnectorRole, Listing, Money, Payment, PaymentState, Row, Window};

const PAGE: &str = include_str!("../../fixtures/payments-page.json");
const WINDOW: Window = Window { after: None, before: None, page: 0, size: 100 };

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn read(body: &[u8]) -> Result<Listing, String> {
    listing(body, &WINDOW, &ConnectorRole::Receiving, None)
}

fn sample() -> Value {
    let page: Value = serde_json::from_str(PAGE).unwrap();
    page["content"][0].clone()
}

/// The sample with `value` at `pointer`.
fn sample_with(pointer: &str, value: Value) -> Value {
    let mut row = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    row.pointer_mut(parent).unwrap()[key] = value;
    row
}

fn page_of(rows: &[String]) -> String {
    let total = rows.len();
    format!(
        r#"{{"last":true,"number":"0","numberOfElements":"{total}","totalElements":{total},"content":[{}]}}"#,
        rows.join(",")
    )
}

fn row_of(row: &str) -> Row {
    read(page_of(&[row.to_owned()]).as_bytes()).unwrap().rows.remove(0)
}

fn payment_of(row: &Value) -> Payment {
    match row_of(&row.to_string()) {
        Row::Payment(payment) => *payment,
        Row::Bad(bad) => panic!("{}", bad.reason),
    }
}

fn bad_of(row: &str) -> BadRow {
    match row_of(row) {
        Row::Bad(bad) => bad,
        Row::Payment(payment) => panic!("{payment:?}"),
    }
}

fn money(amount: &str, currency: &str) -> Money {
    Money { amount: amount.parse().unwrap(), currency: currency.to_owned() }
}

#[test]
fn the_networks_own_sample_is_read_exactly() {
    let page = read(PAGE.as_bytes()).unwrap();
    assert!(page.last);
    assert_eq!(page.total, 1);
    let payment = page.payments().next().unwrap();
    let raw = PAGE.split_once("\"content\":[").unwrap().1.trim_end().strip_suffix("]}").unwrap();
    assert_eq!(payment.document, raw, "kept byte for byte");
    let expected = Payment {
        payment_id: "f293947c-9067-47d7-a69e-6658070ed482".to_owned(),
        state: PaymentState::Accepted,
        sub_states: Vec::new(),
        connector_role: ConnectorRole::Receiving,
        money: money("10.000000000", "USD"),
        payout: Some(money("12.000000000", "GBP")),
        created_at: Some(time("2021-03-03T04:40:57.812Z")),
        modified_at: time("2021-03-03T04:40:58.629Z"),
        expires_at: Some(time("2021-03-26T08:14:14.839Z")),
        locked_here: false,
        returns: None,
        returned_by: None,
        end_to_end_id: Some("test".to_owned()),
        reached: Vec::new(),
        document: raw.to_owned(),
        parties: payment.parties,
        hash: payment.hash,
    };
    assert_eq!(*payment, expected);
    assert_eq!(payment.money.to_string(), "10.000000000 USD");
    assert_eq!(payment.payout.as_ref().unwrap().to_string(), "12.000000000 GBP");
}

#[test]
fn the_hash_is_of_the_document() {
    let one = payment_of(&sample());
    let same = payment_of(&sample());
    let other = payment_of(&sample_with("/internal_info/internal_id", json!("x")));
    assert_eq!(one.hash, same.hash);
    assert_ne!(one.hash, other.hash);
    assert_eq!(one.hash, xxhash_rust::xxh3::xxh3_64(one.document.as_bytes()).cast_signed());
}

#[test]
fn amounts_never_pass_a_float() {
    for amount in ["1234567890123456789012345678.123456789", "0.1000000000000000000000000001", "7"]
    {
        for written in [amount.to_owned(), format!("\"{amount}\"")] {
            let row = sample().to_string().replacen(
                "\"amount\":\"10.000000000\"",
                &format!("\"amount\":{written}"),
                1,
            );
            let Row::Payment(payment) = row_of(&row) else { panic!("{written}") };
            assert_eq!(payment.money.amount.to_string(), amount);
        }
    }
}

#[test]
fn times_have_any_number_of_decimals() {
    for (text, micros) in [
        ("2021-03-03T04:40:58Z", 0),
        ("2021-03-03T04:40:58.6Z", 600_000),
        ("2021-03-03T04:40:58.629Z", 629_000),
        ("2021-03-03T04:40:58.629123Z", 629_123),
        ("2021-03-03T04:40:58.629123999Z", 629_123),
        ("2021-03-03T05:40:58.5+01:00", 500_000),
    ] {
        let at = payment_of(&sample_with("/modified_at", json!(text))).modified_at;
        assert_eq!(at, time("2021-03-03T04:40:58Z") + chrono::TimeDelta::microseconds(micros));
    }
}

#[test]
fn nulls_and_absent_fields_are_nothing() {
    let bare = json!({
        "payment_id": 17, "payment_state": "ON_THE_MOON", "modified_at": "2021-03-03T04:40:58Z",
        "contract": { "quote": { "amount": 1e3, "currency_code": "XRP" } },
    });
    let payment = payment_of(&bare);
    assert_eq!(payment.payment_id, "17");
    assert_eq!(payment.state, PaymentState::Other("ON_THE_MOON".to_owned()));
    assert_eq!(payment.connector_role, ConnectorRole::Receiving, "the configured one");
    assert_eq!((payment.payout, payment.created_at, payment.expires_at), (None, None, None));
    for pointer in [
        "/internal_info",
        "/internal_info/connector_role",
        "/user_info",
        "/user_info/0",
        "/user_info/0/executed",
        "/contract/expires_at",
        "/contract/created_at",
        "/contract/sender_end_to_end_id",
        "/contract/quote/quote_elements",
        "/contract/quote/quote_elements/0",
        "/contract/quote/receiver_address",
    ] {
        let mut row = sample();
        *row.pointer_mut(pointer).unwrap() = Value::Null;
        let payment = payment_of(&row);
        assert_eq!(payment.money, money("10", "USD"), "{pointer}");
    }
}

#[test]
fn the_payout_is_what_the_last_leg_gives_or_nothing() {
    let payout = |pointer: &str, value| payment_of(&sample_with(pointer, value)).payout;
    let last = "/contract/quote/quote_elements/3";
    let field = |name: &str| format!("{last}/{name}");
    assert_eq!(payout(&field("receiving_amount"), json!(5)), Some(money("5", "GBP")));
    assert_eq!(payout(&field("receiving_currency_code"), json!("EUR")), Some(money("12", "EUR")));
    assert_eq!(payout(&field("receiving_amount"), Value::Null), None);
    assert_eq!(payout(&field("transfer_currency_code"), Value::Null), None);
    let first = "/contract/quote/quote_elements/0/quote_element_order";
    assert_eq!(payout(first, json!(10)), Some(money("10", "USD")), "by number, not by text");
    let twice = bad_of(&sample_with(first, json!(4)).to_string());
    assert!(twice.reason.contains("the last quote element is there twice"), "{}", twice.reason);
}

#[test]
fn sub_states_are_in_order_and_once() {
    let notes = |labels: &[&str]| {
        Value::Array(labels.iter().map(|label| json!({ "subState": label, "json": {} })).collect())
    };
    let mut row = sample_with("/payment_state", json!("EXECUTED"));
    row["user_info"] = json!([
        { "node_address": "a", "executed": notes(&["B", "", "A"]) },
        null,
        { "node_address": "b", "executed": notes(&["A", "FORWARDED", "B"]) },
    ]);
    assert_eq!(payment_of(&row).sub_states, ["B", "A", "FORWARDED"]);
    row["payment_state"] = json!("AWAITING_COLLECTION");
    let waiting = payment_of(&row);
    assert_eq!(waiting.state, PaymentState::AwaitingCollection);
    assert_eq!(waiting.sub_states, ["B", "A", "FORWARDED", "AWAITING_COLLECTION"]);
    row["payment_state"] = json!("FORWARDED");
    assert_eq!(payment_of(&row).sub_states, ["B", "A", "FORWARDED"]);
}

#[test]
fn a_lock_is_ours_when_the_receivers_node_has_it() {
    let mut row = sample();
    let entry = json!([{ "json": {}, "created_at": "2021-03-03T04:41:00Z", "subState": "" }]);
    row["user_info"][0]["locked"] = entry.clone();
    assert!(!payment_of(&row).locked_here, "the sender's node");
    row["user_info"] = json!([{ "node_address": "test.cloud.blueprint2", "locked": entry }]);
    assert!(payment_of(&row).locked_here);
    row["internal_info"]["connector_role"] = json!("SENDING");
    assert!(!payment_of(&row).locked_here, "another's lock");
    row["internal_info"]["connector_role"] = Value::Null;
    row["user_info"][0]["locked"] = json!([]);
    assert!(!payment_of(&row).locked_here);
}

#[test]
fn times_of_states_are_taken_where_there_are_any() {
    let mut row = sample();
    row["accepted_at"] = json!("2021-03-03T04:40:59Z");
    row["locked_at"] = Value::Null;
    row["returned_at"] = json!("2021-03-04T00:00:00.5Z");
    row["returned_by_payment_with_id"] = json!("r1");
    let payment = payment_of(&row);
    assert_eq!(
        payment.reached,
        [
            (PaymentState::Accepted, time("2021-03-03T04:40:59Z")),
            (PaymentState::Returned, time("2021-03-04T00:00:00.5Z")),
        ]
    );
    assert_eq!(payment.returned_by.as_deref(), Some("r1"));
}

#[test]
fn what_cannot_be_understood_is_set_aside_with_a_reason() {
    let quote = "/contract/quote";
    for (pointer, value, reason) in [
        ("/payment_state".to_owned(), Value::Null, "payment_state is missing"),
        ("/payment_state".to_owned(), json!(["ACCEPTED"]), "payment_state is neither"),
        ("/modified_at".to_owned(), Value::Null, "modified_at is missing"),
        ("/modified_at".to_owned(), json!("yesterday"), "modified_at is not a time: yesterday"),
        (
            "/modified_at".to_owned(),
            json!("9999-12-31T23:59:59.9999Z"),
            "modified_at is not a time",
        ),
        ("/contract".to_owned(), Value::Null, "contract is missing"),
        ("/contract".to_owned(), json!("x"), "invalid type"),
        ("/contract/expires_at".to_owned(), json!(true), "contract.expires_at is neither"),
        (quote.to_owned(), Value::Null, "contract.quote is missing"),
        (format!("{quote}/amount"), Value::Null, "contract.quote.amount is missing"),
        (format!("{quote}/amount"), json!("-1"), "contract.quote.amount: `-1` is not an amount"),
        (format!("{quote}/amount"), json!("1e300"), "contract.quote.amount: an amount of more"),
        (format!("{quote}/amount"), json!({}), "contract.quote.amount is neither"),
        (format!("{quote}/currency_code"), json!(""), "contract.quote.currency_code is missing"),
        (format!("{quote}/currency_code"), json!("U\0D"), "holds control characters"),
        (
            format!("{quote}/quote_elements/0/quote_element_order"),
            json!("x"),
            "quote_element_order",
        ),
        (
            format!("{quote}/quote_elements/1/quote_element_order"),
            Value::Null,
            "quote_element_order",
        ),
        (format!("{quote}/quote_elements"), json!("x"), "invalid type"),
        ("/user_info".to_owned(), json!("x"), "invalid type"),
        ("/user_info/0/locked".to_owned(), json!("yes"), "invalid type"),
        ("/user_info/0/executed".to_owned(), json!(1), "invalid type"),
        ("/returns_payment_with_id".to_owned(), json!({}), "returns_payment_with_id is neither"),
    ] {
        let bad = bad_of(&sample_with(&pointer, value).to_string());
        assert!(bad.reason.contains(reason), "{pointer}: {}", bad.reason);
        assert_eq!(bad.payment_id.as_deref(), Some("f293947c-9067-47d7-a69e-6658070ed482"));
    }
}

#[test]
fn a_bad_id_is_no_id() {
    for id in [json!(null), json!(""), json!({}), json!("a\0b"), json!("x".repeat(257))] {
        let bad = bad_of(&sample_with("/payment_id", id).to_string());
        assert_eq!(bad.payment_id, None, "{}", bad.reason);
    }
    for row in
        ["null", "17", "\"x\"", "[]", "[\"p1\",\"ACCEPTED\"]", "{}", r#"{"payment_id":"\ud800"}"#]
    {
        assert_eq!(bad_of(row).payment_id, None, "{row}");
    }
    assert!(bad_of(&sample_with("/payment_id", json!("..")).to_string()).reason.contains("path"));
}

#[test]
fn a_bad_row_is_kept_up_to_64_kb() {
    let row = format!(r#"{{"payment_id":"p1","x":"{}"}}"#, "ä".repeat(50_000));
    let bad = bad_of(&row);
    assert!(bad.raw.len() <= 64 * 1024 && bad.raw.len() > 64 * 1024 - 4);
    assert!(row.starts_with(&bad.raw));
    assert_eq!(bad.payment_id.as_deref(), Some("p1"));
}

#[test]
fn a_time_that_nobody_needs_decides_nothing() {
    let expires = "/contract/expires_at";
    for (pointer, value) in [
        ("/completed_at", json!("0001-01-01T00:00:00Z")),
        ("/completed_at", json!("9999-12-31T23:59:59.999Z")),
        ("/locked_at", json!({})),
        ("/contract/created_at", json!("yesterday")),
        ("/contract/created_at", json!("+12026-01-01T00:00:00Z")),
    ] {
        let payment = payment_of(&sample_with(pointer, value));
        assert!(payment.reached.is_empty());
    }
    let never = payment_of(&sample_with(expires, json!("9999-12-31T23:59:59.999Z")));
    assert_eq!(never.expires_at, None);
    let long_ago = payment_of(&sample_with(expires, json!("0001-01-01T00:00:00Z")));
    assert_eq!(long_ago.expires_at, Some(time("1970-01-01T00:00:00Z")));
}

#[test]
fn a_list_of_one_may_come_as_its_element() {
    let mut row = sample();
    let receiver = row["contract"]["quote"]["receiver_address"].as_str().unwrap();
    let node = receiver.rsplit_once('@').unwrap().1.to_owned();
    row["user_info"] = json!({ "node_address": node, "locked": { "json": {} },
        "executed": { "subState": "FORWARDED" } });
    let payment = payment_of(&row);
    assert!(payment.locked_here);
    assert_eq!(payment.sub_states, ["FORWARDED"]);
    let legs = &mut row["contract"]["quote"]["quote_elements"];
    let mut last = legs.as_array().unwrap().last().unwrap().clone();
    last["quote_element_order"] = Value::Null;
    *legs = last;
    assert_eq!(payment_of(&row).payout, Some(money("12.000000000", "GBP")), "it is the last");
}
