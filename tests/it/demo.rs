//! `railpoll demo` as a user starts it: it ends, it judges itself, and what it says adds up.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::world::{binary, finish};

/// A small demo. What it says as JSON.
fn demo(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary("railpoll"));
    command.args(["demo", "--json", "--payments", "10", "--folder"]).arg(folder.path()).args(args);
    let ended = finish(command.env_clear());
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let log = std::fs::metadata(folder.path().join("railpoll.log")).unwrap();
    assert_eq!(log.permissions().mode() & 0o777, 0o600, "customers' money is in it");
    let last = ended.stdout.lines().last().unwrap();
    serde_json::from_str(last).unwrap()
}

/// A decimal number with seven decimals, in units of the last.
fn units(decimal: &Value) -> i64 {
    decimal.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn every_unit_of_its_transfers_is_accounted_for() {
    let told = demo(&["--transfers", "20", "--seed", "3"]);
    let transfers = &told["transfers"];
    assert_eq!(transfers["transfers"], 40);
    for figure in ["missed", "twice", "wrong", "missing_statuses", "open", "violations"] {
        assert_eq!(transfers[figure], 0, "{figure}: {transfers}");
    }
    // Of 20 customers, 18 pay as they should or nearly, one pays twice, one in lumens; and one stranger pays.
    assert_eq!(transfers["incoming"], 21);
    let lines = transfers["money"].as_array().unwrap();
    assert_eq!(lines.len(), 5);
    for line in lines {
        let gone = ["out", "fees", "refunded", "unmatched", "held"].map(|part| units(&line[part]));
        assert_eq!(units(&line["in"]), gone.iter().sum::<i64>(), "{line}");
        assert!(units(&line["in"]) > 0, "{line}");
    }
    let all = |part: &str| lines.iter().map(|line| units(&line[part])).sum::<i64>();
    for part in ["out", "fees", "refunded", "unmatched", "held"] {
        assert!(all(part) > 0, "nobody was {part}: {transfers}");
    }
}

#[test]
fn it_can_do_without_transfers() {
    let told = demo(&["--transfers", "0"]);
    assert_eq!(told["payments"], 10);
    assert_eq!(told["missed"], 0);
    assert_eq!(told["transfers"], Value::Null);
}
