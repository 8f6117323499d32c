//! What people read and programs parse, word for word: every help text, every object of `--json`, every explanation.
//!
//! A change that is meant is written down with `INSTA_UPDATE=always ./scripts/test --quick snapshots`; the files beside
//! this one then show in the commit what changed for whoever uses it.

mod failures;
mod orders;
mod payments;
mod stable;
pub(crate) mod story;
mod sweeps;
mod transfers;

use std::process::Command;

use crate::store::upgrade::released;
use crate::support::helps::{Help, helps};
use crate::support::world::{binary, finish};
use crate::support::{Kind, TestDatabase, run};

/// Compares a text with the one on file.
pub(crate) fn same(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("files");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn railpoll() -> Command {
    let mut command = Command::new(binary("railpoll"));
    command.env_clear();
    command
}

#[test]
fn every_help_text() {
    for Help { words, text } in helps(None) {
        let name = [&["railpoll".to_owned()], &words[..]].concat().join("-");
        same(&format!("help-{name}"), &text);
    }
    for poller in railpoll::engine::Poller::ALL {
        let ended = finish(Command::new(binary(poller.name())).env_clear().arg("--help")).expect(0);
        // A daemon may be called as a command is.
        same(&format!("help-daemon-{}", poller.name()), &ended.stdout);
    }
}

/// What a command prints about a database that is the same for ever: that of the first release, brought up to date.
fn told(database: &TestDatabase, words: &str) -> String {
    let url = format!("database.url={}", database.url);
    let ended = finish(railpoll().args(words.split(' ')).args(["--set", &url])).expect(0);
    // Where the database is differs from run to run.
    ended.stdout.replace(&database.url, "DATABASE")
}

/// Whatever a test runs with `--json` is compared with docs/commands.md; here are those that no other test prints.
#[test]
fn every_object_has_the_keys_of_its_page() {
    let database = TestDatabase::new(Kind::Sqlite);
    run(async {
        released(&database, "0.1.0").await;
        let columns = "poller, network, payment_id, raw, raw_hash, reason, first_seen_at";
        let row = "'accepted', 'acme', 'p', 'x', 1, 'odd', '2026-01-01T00:00:00.000000Z'";
        let sql = format!("INSERT INTO quarantine ({columns}) VALUES ({row})");
        database.person().await.execute(&sql).await.unwrap();
    });
    told(&database, "migrate --json");
    for words in [
        "events verify",
        "quarantine list --all",
        "quarantine show 1",
        "quarantine resolve 1 --reason looked",
        "audit list",
    ] {
        assert!(!told(&database, &format!("{words} --json")).is_empty(), "{words} says nothing");
    }
}

/// Settings are told as values, and those that somebody has changed can be told alone.
#[test]
fn settings_are_json_and_those_that_were_changed_can_be_told_alone() {
    let shown = |words: &[&str]| -> Vec<serde_json::Value> {
        let mut command = railpoll();
        command.args(["config", "show", "--json", "--set", "pollers.accepted.batch_size=7"]);
        let ended = finish(command.args(["--set", "pollers.accepted.enabled=false"]).args(words));
        ended.expect(0).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = shown(&[]);
    let value = |key: &str| all.iter().find(|one| one["key"] == key).unwrap()["value"].clone();
    assert_eq!(value("pollers.accepted.batch_size"), 7);
    assert_eq!(value("pollers.accepted.networks"), serde_json::json!([]));
    assert_eq!(value("database.migrate"), "auto");
    let changed = shown(&["--changed"]);
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0]["key"], "pollers.accepted.batch_size");
}

#[test]
fn every_object_of_json() {
    let database = TestDatabase::new(Kind::Sqlite);
    run(released(&database, "0.1.0"));
    told(&database, "migrate");
    let first = |words: &str, key: &str| {
        let text = told(&database, &format!("{words} --limit 1 --json"));
        let object: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        object[key].as_str().unwrap().to_owned()
    };
    let payment = first("payments list", "payment_id");
    for (name, words) in [
        ("payments-list", "payments list --limit 3".to_owned()),
        ("payments-show", format!("payments show {payment}")),
        ("transfers-list", "transfers list --limit 10".to_owned()),
        ("transfers-show-deposit", "transfers show deposit-0001".to_owned()),
        ("transfers-show-withdrawal", "transfers show withdrawal-0001".to_owned()),
        ("transfers-explain", "transfers explain deposit-0001 withdrawal-0001".to_owned()),
        ("transfers-incoming-list", "transfers incoming list --all".to_owned()),
        ("events-list", "events list --limit 40".to_owned()),
        ("quarantine-list", "quarantine list --all".to_owned()),
        ("config-show", "config show".to_owned()),
        ("migrate", "migrate --check".to_owned()),
    ] {
        let text = told(&database, &format!("{words} --json"));
        assert!(name == "quarantine-list" || !text.is_empty(), "{words} says nothing");
        same(&format!("json-{name}"), &text);
    }
}
