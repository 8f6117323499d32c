//! The operator's command on a database that a poller has written.
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::{
    Alert, AlertName, BadRow, Clock, ConnectorRole, Money, Operation, Payment, PaymentState,
    Poller, Row, Tally, Trail,
};
use railpoll::store::{Acquired, Finished, Scope, Store, SweepRow};
use serde_json::{Value, json};
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
            let store = Store::open(&url).await.unwrap();
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

#[test]
fn payments_are_listed_page_by_page() {
    let desk = Desk::migrated();
    let time = now();
    let at = |minutes| time - TimeDelta::minutes(minutes);
    desk.record("acme", &[payment("p1", "ACCEPTED", at(30)), payment("p2", "EXECUTED", at(20))]);
    // One payment that both of our networks report, with one time.
    desk.record("bank", &[payment("p2", "EXECUTED", at(20)), payment("p3", "FAILED", at(10))]);

    let all: Vec<(String, String)> = desk
        .json("payments list")
        .iter()
        .map(|row| (row["network"].to_string(), row["payment_id"].to_string()))
        .collect();
    assert_eq!(all.len(), 4);
    let mut walked = Vec::new();
    let mut command = "payments list --limit 1".to_owned();
    loop {
        walked.extend(
            desk.json(&command)
                .iter()
                .map(|row| (row["network"].to_string(), row["payment_id"].to_string())),
        );
        let table = desk.run(&command).out;
        let Some(more) = table.lines().find_map(|line| line.strip_prefix("more: ")) else { break };
        let (_, token) = more.split_once("--after ").unwrap();
        command = format!("payments list --limit 1 --after {token}");
    }
    assert_eq!(walked, all);

    let ids = |line: &str| -> Vec<Value> {
        desk.json(line).iter().map(|row| row["payment_id"].clone()).collect()
    };
    assert_eq!(ids("payments list --state executed --network bank"), ["p2"]);
    assert_eq!(ids("payments list --since 15m"), ["p3"]);
    assert_eq!(ids("payments list --since 2000-01-01 --state ACCEPTED"), ["p1"]);
    assert!(ids("payments list --review held").is_empty());
}

#[test]
fn a_listed_payment_has_the_promised_keys() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let rows = desk.json("payments list");
    let keys: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    let promised = [
        "amount",
        "connector_role",
        "created_at",
        "currency",
        "expires_at",
        "first_seen_at",
        "modified_at",
        "network",
        "payment_id",
        "review",
        "state",
        "sub_states",
    ];
    assert_eq!(keys, promised);
    assert_eq!(rows[0]["amount"], AMOUNT);
    let table = desk.run("payments list").out;
    assert!(table.starts_with("PAYMENT  NETWORK  STATE     ROLE"), "{table}");
    assert!(table.contains(&format!("p1       acme     ACCEPTED  receiving  {AMOUNT} USD")));
    assert!(table.contains("in 59 min"), "{table}");
    assert!(!table.contains('\x1b'));
}

#[test]
fn a_payment_tells_its_whole_story() {
    let desk = Desk::migrated();
    let seen = payment("p1", "EXECUTED", now());
    desk.record("acme", std::slice::from_ref(&seen));
    desk.seed(async |store| {
        let held = store.acquire_lease(&scope("acme"), "host", Duration::from_secs(60)).await;
        let Acquired::Held(lease) = held.unwrap() else { panic!("somebody has the lease") };
        let state = PaymentState::Executed;
        let intent = store.intend(&lease, "p1", &state, &Operation::Complete, now()).await.unwrap();
        let refused = Finished::Refused { reason: "409 \x1b[2Jnot now".to_owned() };
        store.finish(&lease, &intent.unwrap(), &refused, None, now()).await.unwrap();
    });
    assert_eq!(desk.run("payments approve p1 --by lee").code, Some(0));

    let story = &desk.json("payments show p1")[0];
    assert_eq!(story["history"][0]["status"], "ACCEPTED");
    assert_eq!(story["history"][0]["source"], "inferred");
    assert_eq!(story["history"][1]["status"], "EXECUTED");
    assert_eq!(story["operations"][0]["operation"], "complete");
    assert_eq!(story["operations"][0]["status"], "refused");
    assert_eq!(story["reviews"][1]["decision"], "approve");
    assert_eq!(story["reviews"][1]["decided_by"], "lee");
    assert_eq!(story["document"]["payment_id"], "p1");
    // The document comes out digit for digit, in one line.
    let line = desk.run("payments show p1 --json").out;
    assert_eq!(line.lines().count(), 1);
    assert!(line.contains(&format!("\"amount\": {AMOUNT}")), "{line}");

    let told = desk.run("payments show p1").out;
    for part in
        ["Payment p1 on acme", "EXECUTED", "(expires in 59 min)", "lee", "409 \u{fffd}[2Jnot now"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let document = desk.run("payments show p1 --document").out;
    assert!(document.contains(&format!("\n  \"amount\": {AMOUNT}\n}}")), "{document}");
}

#[test]
fn a_payment_that_is_not_there_or_there_twice_is_refused() {
    let desk = Desk::migrated();
    let twin = payment("p1", "ACCEPTED", now());
    desk.record("acme", std::slice::from_ref(&twin));
    desk.record("bank", std::slice::from_ref(&twin));
    let missing = desk.run("payments show p9");
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(missing.err.contains("there is no payment p9 on any network"), "{}", missing.err);
    let twice = desk.run("payments approve p1");
    assert_eq!(twice.code, Some(1));
    assert!(twice.err.contains("acme, bank") && twice.err.contains("--network"), "{}", twice.err);
    assert_eq!(desk.run("payments approve p1 --network bank").code, Some(0));
    assert_eq!(desk.json("payments list --review approved")[0]["network"], "bank");
}

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

#[test]
fn status_tells_of_each_poller_and_network() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now()), payment("p2", "FAILED", now())]);
    desk.seed(async |store| {
        let scope = scope("acme");
        let held = store.acquire_lease(&scope, "host/77", Duration::from_secs(60)).await.unwrap();
        let Acquired::Held(lease) = held else { panic!("the lease is taken") };
        let sweep = SweepRow {
            started_at: now() - TimeDelta::seconds(13),
            finished_at: now() - TimeDelta::seconds(12),
            outcome: "network_unavailable".to_owned(),
            pages: 1,
            requests: 4,
            tally: Tally { new: 2, ..Tally::default() },
            acted: 1,
            error: Some("connection refused".to_owned()),
        };
        let next = now() + TimeDelta::seconds(100);
        store.record_sweep(&lease, &sweep, Some(next)).await.unwrap();
        let alert = Alert {
            name: AlertName::NetworkUnavailable,
            subject: String::new(),
            detail: "connection refused".to_owned(),
        };
        store.raise_alert(&scope, None, &alert, now()).await.unwrap();
    });

    let standings = desk.json("status");
    assert_eq!(standings.len(), 2);
    let acme = &standings[0];
    let keys: Vec<&String> = acme.as_object().unwrap().keys().collect();
    let promised = [
        "alerts",
        "drift",
        "enabled",
        "holder",
        "in_state",
        "last_sweep",
        "network",
        "next_sweep_at",
        "poller",
        "schedule",
        "transfers",
    ];
    assert_eq!(keys, promised);
    assert_eq!(acme["in_state"], 1);
    assert_eq!(acme["holder"], "host/77");
    assert_eq!(acme["alerts"], json!(["network_unavailable"]));
    assert_eq!(acme["last_sweep"]["new"], 2);
    assert_eq!(acme["last_sweep"]["error"], "connection refused");
    assert_eq!(standings[1]["last_sweep"], Value::Null);
    assert_eq!(desk.json("status --all").len(), 10);

    let table = desk.run("status").out;
    assert!(table.contains("s ago") && table.contains("in 1 min"), "{table}");
    assert!(table.contains("accepted on acme: connection refused"), "{table}");
    assert!(table.contains("alerts: 1; see `railpoll alerts`"), "{table}");

    assert_eq!(desk.json("alerts")[0]["id"], 1);
    assert_eq!(desk.run("alerts clear 1 99").code, Some(1));
    assert_eq!(desk.run("alerts").out, "no alerts\n");
    assert!(desk.run("alerts --all").out.contains("network_unavailable"));
}

#[test]
fn what_is_set_aside_can_be_seen_and_resolved() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let row = Row::Bad(BadRow {
            payment_id: Some("p1".to_owned()),
            modified_at: None,
            raw: "{\"payment_id\":\"p1\",\n\"amount\":\"a lot\"}".to_owned(),
            reason: "amount: `a lot` is not an amount".to_owned(),
        });
        store.record(&scope("acme"), None, &[row], None, Trail::List, now()).await.unwrap();
    });
    assert!(desk.run("quarantine list").out.contains("is not an amount"));
    assert!(desk.run("quarantine show 1").out.ends_with("\"amount\":\"a lot\"}\n"));
    assert_eq!(desk.run("quarantine show 2").code, Some(1));
    assert_eq!(desk.run("alerts").out.lines().count(), 2);
    assert_eq!(desk.run("quarantine resolve 1 --reason told-them").code, Some(0));
    assert_eq!(desk.run("quarantine resolve 1 --reason again").code, Some(1));
    assert_eq!(desk.run("quarantine list").out, "nothing is set aside\n");
    assert_eq!(desk.json("quarantine list --all")[0]["resolution"], "told-them");
    assert_eq!(desk.run("alerts").out, "no alerts\n");
}

#[test]
fn events_are_listed_by_type_and_subject() {
    let desk = Desk::migrated();
    let time = now();
    desk.record("acme", &[payment("p1", "ACCEPTED", time), payment("p2", "ACCEPTED", time)]);
    desk.run("payments approve p2");
    let events = desk.json("events list");
    let keys: Vec<&String> = events[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "id", "occurred_at", "subject", "type", "version"]);
    assert_eq!(events.len(), 3);
    assert_eq!(desk.json("events list --type payment.reviewed")[0]["data"]["decision"], "approve");
    assert_eq!(desk.json("events list --subject payment/acme/p1").len(), 1);
    assert_eq!(desk.json("events list --after 2").len(), 1);
    assert_eq!(desk.json("events list --since 1h").len(), 3);
    let page = desk.run("events list --limit 2").out;
    assert!(page.contains("--limit 2") && page.ends_with("--after 2\n"), "{page}");
}

/// A process that is ended if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn events_are_followed_until_a_signal() {
    let desk = Desk::migrated();
    desk.record("acme", &[payment("p1", "ACCEPTED", now())]);
    let mut command = desk.command("events tail --from 0 --json");
    let mut tail = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(tail.0.stdout.take().unwrap()).lines();
    let mut subject = || {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        event["subject"].clone()
    };
    assert_eq!(subject(), "payment/acme/p1");
    desk.record("acme", &[payment("p2", "ACCEPTED", now())]);
    assert_eq!(subject(), "payment/acme/p2");
    let pid = tail.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(tail.0.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::migrated();
    let time = now();
    let payments: Vec<Payment> =
        (0..2000).map(|n| payment(&format!("p{n}"), "ACCEPTED", time)).collect();
    desk.record("acme", &payments);
    for line in ["payments list --limit 5000", "config defaults", "completions zsh", "man"] {
        let mut command = desk.command(line);
        let mut child =
            Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        drop(child.0.stdout.take());
        let mut err = String::new();
        child.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.0.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn the_configuration_is_checked_and_shown() {
    let desk = Desk::new();
    let check = desk.run("config check");
    // The secret is missing, which only the pollers need.
    assert_eq!(check.code, Some(78));
    assert!(check.err.contains("networks.acme.client_secret_file"), "{}", check.err);
    assert_eq!(desk.run("migrate").code, Some(0));

    let off = "--set pollers.accepted.enabled=false";
    let check = desk.run(&format!("config check {off}"));
    assert_eq!((check.code, check.out.lines().next()), (Some(0), Some("OK")));
    assert!(check.out.contains("acme (receiving), bank (receiving)"), "{}", check.out);

    let wrong =
        desk.run("config check --set pollers.acepted.enabled=true --set database.migrate=x --json");
    assert_eq!((wrong.code, wrong.out.lines().count() >= 2), (Some(78), true), "{}", wrong.out);
    assert!(wrong.out.contains("did you mean"), "{}", wrong.out);
    assert_eq!(desk.run("status --set no.such=key").code, Some(78));

    let url = "--set database.url=postgres://u:hush@localhost/db";
    let shown = desk.run(&format!("config show {url}"));
    assert_eq!(shown.code, Some(0));
    assert!(shown.out.contains("postgres://u:***@localhost/db"), "{}", shown.out);
    assert!(!shown.out.contains("hush"));
    let keys = desk.json(&format!("config show {url}"));
    let set = keys.iter().find(|key| key["key"] == "database.url").unwrap();
    assert_eq!(set["origin"], "--set");
    assert_eq!(desk.run("config defaults").out, railpoll::config::DEFAULTS);
}

#[test]
fn a_bad_command_line_is_64_and_help_is_0() {
    let desk = Desk::new();
    for line in ["payments lst", "payments list --since yesterday", "payments list --limit 0"] {
        let answer = desk.run(line);
        assert_eq!((answer.code, answer.out.as_str()), (Some(64), ""), "{line}");
        assert!(answer.err.contains("error:"), "{line}: {}", answer.err);
    }
    for line in ["--help", "--version", "payments list --help", "payments hold --help"] {
        let answer = desk.run(line);
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_database_that_cannot_be_had_is_69() {
    let desk = Desk::new();
    std::fs::write(desk.database(), "this is no database, but a text of some length").unwrap();
    let broken = desk.run("status");
    assert_eq!(broken.code, Some(69), "{}", broken.err);
    assert!(broken.err.contains("railpoll.db"), "{}", broken.err);
    let folder = desk.run("status --set database.url=sqlite:no/such/folder.db");
    assert_eq!(folder.code, Some(69));
    let nowhere = desk.run("migrate --set database.url=sqlite:no/such/folder.db");
    assert_eq!(nowhere.code, Some(69));
    assert!(nowhere.err.contains("sqlite:no/such/folder.db cannot be opened"), "{}", nowhere.err);
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let desk = Desk::new();
    let dir = desk.path("man");
    assert_eq!(desk.run(&format!("man --dir {}", dir.display())).code, Some(0));
    for page in ["railpoll.1", "railpoll-status.1", "railpoll-payments-decline.1"] {
        assert!(read(&dir, page).contains(".TH"), "{page}");
    }
    assert!(desk.run("completions bash").out.contains("decline"));
    assert!(desk.run("man").out.contains("quarantine"));
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}
