//! What stands in a log: numbers are numbers, and nothing is written as Rust writes it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use railpoll_sandbox::{Endpoint, PaymentSpec, Reply};

use crate::support::databases::Kind;
use crate::support::scene::Scene;
use crate::support::world::Daemon;

/// What is wrong with a value of a log line.
fn fault(key: &str, value: &Value) -> Option<&'static str> {
    let Value::String(text) = value else { return None };
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let first = text.chars().next()?;
    // What others have named so may have digits alone.
    if text.parse::<f64>().is_ok() && !["memo", "id"].iter().any(|end| key.ends_with(end)) {
        return Some("a number is a text");
    }
    let is_variant = first.is_ascii_uppercase() && is_name(text) && text.len() < 30;
    if is_variant && text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Some("the name of a variant");
    }
    let opens = |open: &str| {
        let parts: Vec<&str> = text.split(open).collect();
        parts[..parts.len() - 1].iter().any(|before| {
            let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
            word.starts_with(|c: char| c.is_ascii_uppercase())
        })
    };
    (opens(" { ") || opens("(\"") || text.contains("Some(")).then_some("a value as Rust writes it")
}

#[test]
fn values_in_a_log_are_numbers_and_words() {
    let scene = Scene::new(Kind::Sqlite);
    scene.offer();
    scene.lose_answers();
    let sandbox = &scene.anchor.transfers.world.sandbox;
    sandbox.add_payments(3, &PaymentSpec::default());
    sandbox.script(Endpoint::List, 1, Reply::status(503));
    sandbox.script(Endpoint::List, 1, Reply::CutAfter);
    let sets = ["pollers.accepted.enabled=true", "pollers.accepted.review.mode=automatic"];
    let mut command = scene.command(&sets);
    let daemon = Daemon::start(command.arg("run").env("RAILPOLL_LOG", "info,railpoll=debug"));
    scene.wait_for_the_end("while its log is read");
    daemon.signal("TERM");
    let log = daemon.ended().expect(0).stderr;
    let mut seen = 0;
    let mut told = BTreeSet::new();
    for line in log.lines() {
        let Value::Object(fields) = serde_json::from_str(line).unwrap() else { panic!("{line}") };
        told.extend(key_of_its_own(&fields));
        for (key, value) in &fields {
            let is_ours = !["level", "target", "timestamp", "message"].contains(&key.as_str());
            seen += usize::from(is_ours);
            let fault = fault(key, value).filter(|_| is_ours);
            assert_eq!(fault, None, "{key} in {line}");
        }
    }
    assert!(seen > 100, "only {seen} values were looked at");
    let keys = [
        ("operation", "reason"),
        ("payout", "reason"),
        ("review", "reason"),
        ("swept", "quarantined"),
    ];
    assert_eq!(told, BTreeSet::from(keys.map(|(message, key)| (message, key.to_owned()))));
}

/// What a line that has an object in JSON too calls what both tell of, which is to be one word.
fn key_of_its_own(fields: &Map<String, Value>) -> Option<(&'static str, String)> {
    let lines = [
        ("review", ["reason", "detail"]),
        ("operation", ["reason", "detail"]),
        ("payout", ["reason", "detail"]),
        ("swept", ["quarantined", "set_aside"]),
    ];
    let (message, keys) = lines.into_iter().find(|(message, _)| fields["message"] == *message)?;
    let key = keys.into_iter().find(|key| fields.contains_key(*key))?;
    Some((message, key.to_owned()))
}

#[test]
fn what_is_no_value_is_found() {
    let text = |text: &str| Value::from(text);
    assert_eq!(fault("millis", &text("8")), Some("a number is a text"));
    assert_eq!(fault("millis", &Value::from(8)), None);
    let applied = text(r#"Applied { hash: "ab", ledger: 1018 }"#);
    assert_eq!(fault("answer", &applied), Some("a value as Rust writes it"));
    assert_eq!(fault("next", &text("Resubmit")), Some("the name of a variant"));
    assert_eq!(fault("answer", &text("status 503")), None);
    assert_eq!(fault("envelope_id", &text("77")), None);
}
