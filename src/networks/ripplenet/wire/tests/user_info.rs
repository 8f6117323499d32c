//! What the sender tells, in the shapes in which it comes.

use serde_json::{Value, json};

use super::super::sender_user_info;
use super::{sample, sample_with};
use crate::engine::UserInfo;

fn told(row: &Value) -> Option<Value> {
    match sender_user_info(&row.to_string()) {
        UserInfo::Told(raw) => Some(serde_json::from_str(raw.get()).unwrap()),
        UserInfo::Absent => None,
        UserInfo::Unreadable(why) => panic!("{why}"),
    }
}

fn why_unreadable(document: &str) -> String {
    match sender_user_info(document) {
        UserInfo::Unreadable(why) => why,
        other @ (UserInfo::Told(_) | UserInfo::Absent) => panic!("{other:?}"),
    }
}

fn entry(n: u8, at: Value) -> Value {
    json!({ "json": { "n": n }, "created_at": at, "subState": "" })
}

#[test]
fn the_senders_word_is_its_latest_repair_or_its_first() {
    assert_eq!(told(&sample()).unwrap()["Cdtr"]["Nm"], "Peppa Potts");
    let repairs = json!([
        entry(1, json!("2021-03-03T05:00:00Z")),
        entry(2, json!("2021-03-03T06:00:00Z")),
        entry(3, json!("2021-03-03T05:30:00Z")),
        { "json": null, "created_at": "2021-03-03T07:00:00Z" },
        null,
    ]);
    assert_eq!(told(&sample_with("/user_info/0/retry_accept", repairs)), Some(json!({ "n": 2 })));
    let undated = json!([entry(1, Value::Null), entry(2, Value::Null)]);
    assert_eq!(told(&sample_with("/user_info/0/retry_accept", undated)), Some(json!({ "n": 2 })));
    let other = sample_with("/user_info/0/node_address", json!("test.cloud.blueprint2"));
    assert_eq!(told(&other), None, "another node's word is not the sender's");
    assert_eq!(told(&sample_with("/user_info", Value::Null)), None);
    let empty = json!([{ "json": [], "created_at": "2021-03-03T05:00:00Z" }]);
    assert_eq!(told(&sample_with("/user_info/0/accepted", empty)), Some(json!({})));
}

#[test]
fn what_another_node_writes_decides_nothing() {
    for odd in [json!("none"), json!(["none"]), json!(7), json!([[[]]]), json!({ "json": 1 })] {
        let mut row = sample();
        let node = json!({ "node_address": "other.node", "accepted": odd, "retry_accept": odd });
        row["user_info"].as_array_mut().unwrap().push(node);
        assert_eq!(told(&row).unwrap()["Cdtr"]["Nm"], "Peppa Potts", "{odd}");
    }
}

#[test]
fn a_list_of_one_may_come_as_its_element() {
    let mut row = sample();
    let only = row["user_info"][0]["accepted"][0].clone();
    row["user_info"][0]["accepted"] = only;
    assert_eq!(told(&row).unwrap()["Cdtr"]["Nm"], "Peppa Potts");
    let node = row["user_info"][0].clone();
    row["user_info"] = node;
    assert_eq!(told(&row).unwrap()["Cdtr"]["Nm"], "Peppa Potts");
}

#[test]
fn numbers_keep_their_digits() {
    let digits = "12345678901234567890123456789012.000000000000000000001";
    let account = format!(r#"{{"CdtrAcct":{{"Id":{digits},"big":1e999}}}}"#);
    let document = sample_with("/user_info/0/accepted", json!([{ "json": "HERE" }]));
    let document = document.to_string().replace(r#""HERE""#, &account);
    let UserInfo::Told(raw) = sender_user_info(&document) else { panic!("{document}") };
    assert_eq!(raw.get(), account);
}

#[test]
fn what_cannot_be_read_is_never_called_missing() {
    let accepted = "/user_info/0/accepted";
    for (pointer, value, reason) in [
        (accepted, json!("none"), "neither a list nor an object"),
        (accepted, json!(["none"]), "where `json` should be"),
        (accepted, json!([{ "json": "{}" }]), "not an object"),
        (
            accepted,
            json!([entry(1, json!("yesterday")), entry(2, json!(null))]),
            "created_at is not a time",
        ),
        ("/user_info/0/retry_accept", json!(1), "neither a list nor an object"),
        ("/user_info/0/node_address", Value::Null, "names no node"),
        ("/user_info", json!("x"), "neither a list nor an object"),
        ("/contract/quote/sender_address", json!("no-node"), "names no node"),
        ("/contract/quote/sender_address", Value::Null, "sender_address is missing"),
        ("/contract", json!([]), "invalid type"),
    ] {
        let why = why_unreadable(&sample_with(pointer, value).to_string());
        assert!(why.contains(reason), "{pointer}: {why}");
    }
    assert!(why_unreadable("rubbish").contains("the document"));
    let twice = sample().to_string().replace(r#""user_info":"#, r#""user_info":[],"user_info":"#);
    assert!(why_unreadable(&twice).contains("twice"));
}

#[test]
fn the_only_entry_needs_no_time() {
    let one = json!([entry(1, json!("0001-01-01T00:00:00Z"))]);
    assert_eq!(told(&sample_with("/user_info/0/retry_accept", one)), Some(json!({ "n": 1 })));
}
