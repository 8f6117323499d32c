//! `railpoll sandbox --everything` and `railpoll sandbox pay`: a trial of transfers in which nothing is written by hand.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::world::{Daemon, Ended, binary, finish, signal, until_true};

/// A folder with a config for a sandbox that serves everything, on free ports.
struct Trial {
    folder: TempDir,
    sandbox: Child,
}

impl Trial {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sandbox = serve(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines =
            BufReader::new(sandbox.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.starts_with("a simulated RippleNet is at ")));
        Self { folder, sandbox }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary("railpoll"));
        command.arg("-c").arg(self.folder.path().join("railpoll.toml")).args(words);
        command.current_dir(self.folder.path()).env_clear();
        command
    }

    fn run(&self, words: &[&str]) -> Ended {
        finish(&mut self.command(words))
    }

    fn status_of(&self, transfer: &str) -> Value {
        let shown = self.run(&["transfers", "show", transfer, "--json"]).expect(0);
        shown.json()[0]["status"].clone()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        drop(self.sandbox.kill());
        drop(self.sandbox.wait());
    }
}

fn serve(folder: &Path) -> Command {
    let mut command = Command::new(binary("railpoll"));
    command.args(["sandbox", "--everything", "--port", "0", "--payments", "0", "--arrivals", "0"]);
    command.arg("--write-config").arg(folder).stderr(Stdio::null());
    command
}

#[test]
fn a_newcomer_moves_money_both_ways_without_writing_a_line_of_config() {
    let mut trial = Trial::start();
    trial.run(&["config", "check"]).expect(0);
    trial.run(&["migrate"]).expect(0);
    let withdrawal = "transfers create --id w --kind withdrawal --amount-expected 20 \
                      --memo 77 --memo-type id --beneficiary {\"account\":\"DE02\"}";
    let receiver = trial_customer(&trial);
    let deposit = format!(
        "transfers create --id d --kind deposit --amount-expected 10 --subject RF18 --to {receiver}"
    );
    for words in [withdrawal, &deposit] {
        trial.run(&words.split_whitespace().collect::<Vec<_>>()).expect(0);
    }
    let pollers = Daemon::start(&mut trial.command(&["run"]));
    let paid = trial.run(&["sandbox", "pay", "w", "--json"]).expect(0);
    assert_eq!(paid.json()[0]["hash"].as_str().map(str::len), Some(64), "{}", paid.stdout);
    trial.run(&["sandbox", "pay", "d"]).expect(0);
    until_true("both to be completed", || {
        ["w", "d"].iter().all(|id| trial.status_of(id) == "completed")
    });
    // Nobody pays nothing, and the beginning of an id is no other transfer's.
    trial.run(&["sandbox", "pay", "--memo", "99", "--amount", "0"]).expect(64);
    assert!(trial.run(&["sandbox", "pay", "x"]).expect(1).stderr.contains("from 4 characters on"));
    // Money without a transfer is seen too.
    trial.run(&["sandbox", "pay", "--memo", "99", "--amount", "5"]).expect(0);
    until_true("the stray payment", || {
        !trial.run(&["transfers", "incoming", "list", "--json"]).expect(0).json().is_empty()
    });
    pollers.signal("TERM");
    pollers.ended().expect(0);
    signal(trial.sandbox.id(), "TERM");
    assert!(trial.sandbox.wait().unwrap().success(), "every request was as it should be");
}

/// The customer's account, who trusts the asset.
fn trial_customer(_: &Trial) -> String {
    railpoll_sandbox::horizon::Keys::of("customer").account()
}

#[test]
fn a_folder_of_an_earlier_sandbox_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("railpoll.db"), b"").unwrap();
    let refused = finish(&mut serve(folder.path())).expect(1);
    assert_eq!(refused.stdout, "");
    assert!(!folder.path().join("railpoll.toml").exists(), "nothing is written");
}

#[test]
fn nobody_plays_a_customer_at_a_real_place() {
    let trial = Trial::start();
    let real = ["--set", "networks.stellar.horizon_url=https://horizon.example.com"];
    let words = ["sandbox", "pay", "--memo", "1", "--amount", "1"];
    let refused = trial.run(&[&real[..], &words[..]].concat()).expect(1);
    assert!(
        refused.stderr.contains("horizon.example.com is not on loopback"),
        "{}",
        refused.stderr
    );
    let unsaid = trial.run(&["sandbox", "pay", "--memo", "1"]).expect(64);
    assert!(unsaid.stderr.contains("--amount"), "{}", unsaid.stderr);
}

#[test]
fn a_check_reads_what_is_in_the_secrets_files() {
    let trial = Trial::start();
    let file = |name: &str| trial.folder.path().join(name);
    let seeds = std::fs::read_to_string(file("stellar-seeds")).unwrap();
    for (name, content, expected) in
        [("bank-secret", "whsec_", " at bank: "), ("stellar-seeds", "SABC", "line 1 is no seed")]
    {
        let right = std::fs::read_to_string(file(name)).unwrap();
        std::fs::write(file(name), content).unwrap();
        let checked = trial.run(&["config", "check"]).expect(78);
        assert!(checked.stdout.contains(expected), "{}", checked.stdout);
        assert!(!checked.stdout.contains("SABC"), "what stands there is not told");
        let told = trial.run(&["config", "check", "--json"]).expect(78).json();
        assert!(told.iter().any(|one| one["key"] == "pollers.pending_deposits"), "{told:?}");
        std::fs::write(file(name), right).unwrap();
    }
    // Without the distribution's seed others would have to sign.
    let others: String = seeds.lines().skip(1).map(|line| format!("{line}\n")).collect();
    std::fs::write(file("stellar-seeds"), others).unwrap();
    let checked = trial.run(&["config", "check"]).expect(0);
    assert!(checked.stdout.contains("note: pollers.pending_deposits at stellar: no seed for G"));
    std::fs::write(file("stellar-seeds"), seeds).unwrap();
    assert!(!trial.run(&["config", "check"]).expect(0).stdout.contains("note:"));
}

#[test]
fn a_check_online_asks_every_place() {
    let trial = Trial::start();
    trial.run(&["config", "check", "--online"]).expect(0);
    let config = std::fs::read_to_string(trial.folder.path().join("railpoll.toml")).unwrap();
    let value = |key: &str| {
        let mut lines = config.lines().filter_map(|line| line.strip_prefix(key));
        lines.next().unwrap().trim_start_matches([' ', '=']).trim_matches('"').to_owned()
    };
    let nobody = railpoll_sandbox::horizon::Keys::of("nobody").account();
    let token = value("token_url");
    let token = token.rsplit_once('/').unwrap().0;
    for (set, code, place, told) in [
        ("networks.sandbox.client_id=somebody", 77, "sandbox", ""),
        ("networks.sandbox.base_url=http://127.0.0.1:1", 69, "sandbox", "`base_url`"),
        (&format!("networks.sandbox.token_url={token}/nowhere"), 77, "sandbox", "`token_url`"),
        ("rails.bank.url=http://127.0.0.1:1/railpoll/", 69, "bank", ""),
        ("rails.gateway.username=somebody", 77, "gateway", ""),
        ("networks.stellar.passphrase=Another", 78, "stellar", ""),
        ("networks.stellar.horizon_url=http://127.0.0.1:1", 69, "stellar", ""),
        ("assets.usd.code=NOPE", 78, "stellar", "has no trustline for NOPE:"),
        (&format!("assets.usd.issuer={nobody}"), 78, "stellar", "does not exist"),
        ("database.url=postgres://127.0.0.1:1/nothing", 69, "postgres://", "cannot be opened"),
        ("database.url=sqlite:no/such/folder/x.db", 69, "sqlite:", "there is no database"),
    ] {
        trial.run(&["config", "check", "--set", set]).expect(0);
        let checked = trial.run(&["config", "check", "--online", "--set", set]);
        let lines: Vec<&str> =
            checked.stdout.lines().filter(|line| line.contains(&format!(" at {place}"))).collect();
        let lines: Vec<&&str> = lines.iter().filter(|line| !line.starts_with("note: ")).collect();
        assert_eq!(lines.len(), 1, "one cause is told once: {set}: {}", checked.stdout);
        assert!(lines[0].contains(told), "{set}: {}", checked.stdout);
        checked.expect(code);
    }
}

#[test]
fn a_dry_run_asks_the_rail_too() {
    let trial = Trial::start();
    let mut command = Command::new(binary("outgoing"));
    command.arg("-c").arg(trial.folder.path().join("railpoll.toml")).env_clear();
    finish(command.arg("--dry-run")).expect(0);
    let gone = ["--set", "rails.bank.url=http://127.0.0.1:1/railpoll/"];
    finish(command.args(gone)).expect(69);
}

#[test]
fn the_pages_calls_by_hand_are_answered() {
    let trial = Trial::start();
    let config = std::fs::read_to_string(trial.folder.path().join("railpoll.toml")).unwrap();
    let address = |path: &str| {
        let line = config.lines().find(|line| line.contains("http://") && line.contains(path));
        let (_, rest) = line.unwrap().split_once("http://").unwrap();
        rest.split('/').next().unwrap().to_owned()
    };
    let page = std::fs::read_to_string("docs/sandbox.md").unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let calls: Vec<&str> = blocks.filter(|block| block.starts_with("curl ")).collect();
    assert_eq!(calls.len(), 2);
    for call in calls {
        let call = call
            .replace("127.0.0.1:8652", &address("/railpoll/"))
            .replace("127.0.0.1:8653", &address("/taler-wire-gateway/"));
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(call.replacen(
            "curl ",
            "curl --silent --show-error --fail-with-body ",
            1,
        ));
        let answered = finish(&mut shell);
        assert_eq!(answered.code, Some(0), "{call}: {}{}", answered.stdout, answered.stderr);
    }
}
