//! The operator's command on a database that a poller has written.
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod decisions;
mod finding;
mod looks;
mod memory;
mod payments;
mod shell;
mod status;
mod terminal;

use std::path::PathBuf;
use std::process::{Command, Output};

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::{Clock, ConnectorRole, Money, Payment, PaymentState, Poller, Row, Trail};
use railpoll::store::{Scope, Store};
use serde_json::Value;
use tempfile::TempDir;

const AMOUNT: &str = "1234567890123456789012345678.100000000";

/// A folder with settings and a database.
struct Desk {
    folder: TempDir,
}

/// What a command said, and how it ended.
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: TempDir::new().unwrap() };
        let network = |name: &str| {
            format!(
                "[networks.{name}]\nkind = \"ripplenet\"\nbase_url = \"https://{name}.example.com\"\n\
                 token_url = \"https://auth.example.com/token\"\naudience = \"{name}\"\nclient_id = \"us\"\n\
                 connector_role = \"receiving\"\n"
            )
        };
        let text = format!(
            "[database]\nurl = \"sqlite:{}\"\n[pollers.accepted]\nenabled = true\n{}{}",
            desk.database().display(),
            network("acme"),
            network("bank"),
        );
        std::fs::write(desk.path("railpoll.toml"), text).unwrap();
        desk
    }

    /// With a database in it, as `railpoll migrate` makes it.
    fn migrated() -> Self {
        let desk = Self::new();
        assert_eq!(desk.run("migrate").code, Some(0));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("railpoll.db")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_railpoll"));
        command
            .args(line.split(' '))
            .arg("--config")
            .arg(self.path("railpoll.toml"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("USER", "kim");
        command
    }

    fn run(&self, line: &str) -> Answer {
        answer(self.command(line).output().unwrap())
    }

    /// The objects that a command prints with `--json`.
    fn json(&self, line: &str) -> Vec<Value> {
        let answer = self.run(&format!("{line} --json"));
        assert_eq!(answer.code, Some(0), "{line}: {}", answer.err);
        answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Does what a poller does to the database.
    fn seed(&self, work: impl AsyncFnOnce(&Store)) {
        let url = format!("sqlite:{}", self.database().display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::create(&url).await.unwrap();
            work(&store).await;
            store.close().await;
        });
    }

    /// Stores payments as the poller `accepted` found them on a network.
    fn record(&self, network: &str, payments: &[Payment]) {
        let rows: Vec<Row> = payments.iter().cloned().map(Box::new).map(Row::Payment).collect();
        self.seed(async |store| {
            store.record(&scope(network), None, &rows, None, Trail::List, now()).await.unwrap();
        });
    }
}

fn answer(output: Output) -> Answer {
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

fn scope(network: &str) -> Scope {
    Scope { poller: Poller::Accepted, network: network.to_owned() }
}

fn payment(payment_id: &str, state: &str, modified_at: DateTime<Utc>) -> Payment {
    Payment {
        payment_id: payment_id.to_owned(),
        state: PaymentState::from_word(state),
        sub_states: Vec::new(),
        connector_role: ConnectorRole::Receiving,
        money: Money { amount: AMOUNT.parse().unwrap(), currency: "USD".to_owned() },
        payout: None,
        created_at: Some(modified_at - TimeDelta::minutes(1)),
        modified_at,
        expires_at: Some(modified_at + TimeDelta::hours(1)),
        locked_here: false,
        returns: None,
        returned_by: None,
        end_to_end_id: None,
        reached: vec![(PaymentState::Accepted, modified_at - TimeDelta::minutes(1))],
        document: format!("{{\n  \"payment_id\": \"{payment_id}\", \"amount\": {AMOUNT}\n}}"),
        parties: railpoll::engine::Parties::NONE,
        hash: modified_at.timestamp_micros(),
    }
}

#[test]
fn a_reading_command_makes_no_database() {
    let desk = Desk::new();
    for line in ["status", "payments list", "events list", "alerts", "quarantine list"] {
        let answer = desk.run(line);
        assert_eq!(answer.code, Some(69), "{line}");
        assert!(answer.err.contains("there is no database"), "{line}: {}", answer.err);
        assert!(answer.err.contains("railpoll migrate"), "{line}: {}", answer.err);
    }
    assert_eq!(desk.run("migrate --check").code, Some(1));
    assert!(!desk.database().exists());
    assert_eq!(desk.run("migrate").code, Some(0));
    assert!(desk.database().exists());
    assert_eq!(desk.run("migrate --check").code, Some(0));
    assert_eq!(desk.run("payments list").out, "no payments\n");
}
