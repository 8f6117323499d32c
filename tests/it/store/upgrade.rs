//! Databases of released versions, as their demos left them: this version brings each up to date, and loses nothing.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::databases::Person;
use crate::support::world::{binary, finish};
use crate::support::{Kind, TestDatabase, on_both_bare};

/// Every version that was released, with how many payments, transfers and events its database holds.
const RELEASED: &[(&str, usize, usize, usize)] = &[("0.1.0", 10, 10, 145)];

fn dump(version: &str, kind: Kind) -> String {
    let kind = match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    let file = format!("tests/it/store/released/{version}-{kind}.sql");
    fs::read_to_string(file).unwrap()
}

/// What the operator's command prints, object by object.
fn printed(database: &TestDatabase, words: &str) -> Vec<Value> {
    let url = format!("database.url={}", database.url);
    let mut command = Command::new(binary("railpoll"));
    command.args(words.split(' ')).args(["--json", "--set", &url]).env_clear();
    let ended = finish(&mut command);
    let ended = ended.expect(0);
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Makes `database` the one that the demo of a released version left behind.
pub(crate) async fn released(database: &TestDatabase, version: &str) {
    if let Some(file) = database.url.strip_prefix("sqlite:") {
        fs::write(file, b"").unwrap();
    }
    database.person().await.execute(&dump(version, database.kind)).await.unwrap();
}

#[test]
fn the_database_of_each_release_is_brought_up_to_date() {
    for (version, payments, transfers, events) in RELEASED {
        on_both_bare(async |database| {
            released(database, version).await;
            let mut person = database.person().await;
            for n in 1..=3 {
                let row = format!(
                    "'accepted', 'acme', 'p', 'version {n}', {n}, 'odd', '2026-01-0{n}T00:00:00.000000Z'"
                );
                let columns = "poller, network, payment_id, raw, raw_hash, reason, first_seen_at";
                let sql = format!("INSERT INTO quarantine ({columns}) VALUES ({row})");
                person.execute(&sql).await.unwrap();
            }
            let before = history(&mut person).await;
            assert_eq!(printed(database, "migrate").len(), 1);
            assert_eq!(history(&mut person).await, before, "history is as it was");
            // A payment has one row: the newest, with the time of the first.
            let mut set_aside = printed(database, "quarantine list");
            set_aside.retain(|row| row["payment_id"] == "p");
            assert_eq!(set_aside.len(), 1);
            assert_eq!(set_aside[0]["seen"], 3);
            let first = set_aside[0]["first_seen_at"].as_str().unwrap();
            assert!(first.starts_with("2026-01-01"), "{first}");
            assert_eq!(printed(database, "payments list --limit 100").len(), *payments);
            assert_eq!(printed(database, "transfers list --limit 100").len(), *transfers);
            assert_eq!(printed(database, "events list --limit 1000").len(), *events);
            for payment in printed(database, "payments list --limit 100") {
                let id = payment["payment_id"].as_str().unwrap();
                assert_eq!(printed(database, &format!("payments show {id}")).len(), 1);
            }
            for transfer in printed(database, "transfers list --limit 100") {
                let id = transfer["transfer_id"].as_str().unwrap();
                assert_eq!(printed(database, &format!("transfers show {id}")).len(), 1);
                assert_eq!(printed(database, &format!("transfers explain {id}")).len(), 1);
            }
            // And it can be written: the same checks as in a new database hold.
            let store = database.store().await;
            store.ping().await.unwrap();
            store.close().await;
        });
    }
}

/// Every status that anything ever had, and every event, as they stand.
async fn history(person: &mut Person) -> Vec<String> {
    let reached = person.time("reached_at");
    let mut lines = person
        .texts(&format!(
            "SELECT kind || ' ' || id || ' ' || status || ' ' || {reached} FROM status_changes ORDER BY row_id"
        ))
        .await;
    lines.extend(
        person.texts("SELECT type || ' ' || subject || ' ' || CAST(payload AS text) FROM events ORDER BY id").await,
    );
    lines
}
