//! A simulated network, a real database, a config file, and the daemons as a user starts them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use railpoll_sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use super::daemon::Daemon;
use super::databases::{Backup, Kind, Person, TestDatabase};

/// Whatever a test waits for comes within this, on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// However long something takes, it is looked for so often.
const LOOKED_EVERY: Duration = Duration::from_millis(25);

/// All that a poller needs.
pub(crate) struct World {
    /// Who looks into the database, once somebody has asked: a connection takes long to make, and many ask often.
    person: Mutex<Option<Person>>,
    pub(crate) sandbox: Sandbox,
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
    // Last: the sandbox lives on it.
    runtime: tokio::runtime::Runtime,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None: killed by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new(kind: Kind) -> Self {
        Self::with(kind, SandboxOptions::default())
    }

    /// One whose database has no tables yet.
    pub(crate) fn bare(kind: Kind) -> Self {
        Self::on(TestDatabase::bare(kind), SandboxOptions::default())
    }

    pub(crate) fn with(kind: Kind, options: SandboxOptions) -> Self {
        Self::on(TestDatabase::new(kind), options)
    }

    /// One with this database.
    pub(crate) fn on(database: TestDatabase, options: SandboxOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let world = Self {
            person: Mutex::default(),
            sandbox,
            database,
            folder: tempfile::tempdir().unwrap(),
            runtime,
        };
        world.configure("receiving", "");
        world
    }

    /// Begins anew, with another network and an empty database.
    pub(crate) fn start_afresh(&mut self) {
        let options = SandboxOptions::default();
        self.sandbox = self.runtime.block_on(Sandbox::start(options)).unwrap();
        self.close_shell();
        self.database.clear();
        // It is another database now, which nobody has seen.
        for file in fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "mark") {
                fs::remove_file(file).unwrap();
            }
        }
        self.configure("receiving", "");
    }

    /// Closes the shell that asks the database: its files are as whoever closed last has left them.
    fn close_shell(&self) {
        let open = self.person.lock().unwrap().take();
        if let Some(person) = open {
            self.wait(person.close());
        }
    }

    /// A copy of the database as it is. Nobody may have it open.
    pub(crate) fn backup(&self) -> Backup {
        self.close_shell();
        self.database.backup()
    }

    /// Puts the copy in the place of the database.
    pub(crate) fn restore(&self, backup: &Backup) {
        self.close_shell();
        self.database.restore(backup);
    }

    /// Writes the config file: the network `acme` with our node's role, quick retries, and `more`.
    pub(crate) fn configure(&self, role: &str, more: &str) {
        let secret = self.folder.path().join("secret");
        fs::write(&secret, self.sandbox.client_secret()).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let text = format!(
            r#"
            [database]
            url = "{url}"
            state_dir = "{state}"
            [networks.acme]
            kind = "ripplenet"
            base_url = "{base}"
            token_url = "{token}"
            audience = "{audience}"
            client_id = "{client}"
            client_secret_file = "{secret}"
            connector_role = "{role}"
            timeout = "5s"
            requests_per_second = 5000
            [defaults.poller]
            initial_delay = "0s"
            fixed_delay = "50ms"
            overlap = "1s"
            [defaults.poller.retry]
            max_interval = "20ms"
            {more}
            "#,
            url = self.database.url,
            state = self.folder.path().display(),
            base = self.sandbox.base_url(),
            token = self.sandbox.token_url(),
            audience = self.sandbox.audience(),
            client = self.sandbox.client_id(),
            secret = secret.display(),
        );
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("railpoll.toml")
    }

    /// The command of a poller with the config file as it is; `sets` override it.
    pub(crate) fn command(&self, poller: &str, sets: &[&str]) -> Command {
        let mut command = Command::new(binary(poller));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .args(["--log-format", "json", "--config"])
            .arg(self.config())
            .stdin(Stdio::null());
        for set in sets {
            command.args(["--set", set]);
        }
        command
    }

    /// The command of a poller that is switched on, and decides by itself; `sets` override the config.
    pub(crate) fn poller(&self, poller: &str, sets: &[&str]) -> Command {
        let enabled = format!("pollers.{poller}.enabled=true");
        let automatic = format!("pollers.{poller}.review.mode=automatic");
        let mut all = vec![enabled.as_str(), automatic.as_str()];
        all.extend(sets);
        self.command(poller, &all)
    }

    /// One sweep of a poller.
    pub(crate) fn once(&self, poller: &str, sets: &[&str]) -> Ended {
        finish(&mut self.poller(poller, sets))
    }

    /// A poller in loop mode.
    pub(crate) fn start(&self, poller: &str, sets: &[&str]) -> Daemon {
        Daemon::start(self.poller(poller, sets).arg("--loop"))
    }

    /// The first column, as text, of each row of `sql`.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        self.ask(async |person| person.texts(sql).await)
    }

    /// Every alert that was ever raised, oldest first: its name, and whether it `stands` or has `ended`.
    pub(crate) fn alerts(&self) -> Vec<String> {
        self.texts(
            "SELECT name || ' ' || CASE WHEN ended_at IS NULL THEN 'stands' ELSE 'ended' END \
             FROM alerts ORDER BY alert_id",
        )
    }

    /// How many events of a type there are.
    pub(crate) fn events(&self, event_type: &str) -> usize {
        self.count(&format!("events WHERE type = '{event_type}'"))
    }

    /// What a person with a database shell does. How many rows it changed.
    pub(crate) fn sql(&self, sql: &str) -> u64 {
        self.ask(async |person| person.execute(sql).await.unwrap())
    }

    /// Puts another sandbox in the place of this one, on another port, and writes the config anew.
    pub(crate) fn replace_sandbox(&mut self, options: SandboxOptions) {
        self.sandbox = self.wait(Sandbox::start(options)).unwrap();
        self.configure("receiving", "");
    }

    /// The sweeps on record (in SQLite), oldest first: when each began and ended.
    pub(crate) fn sweeps(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let rows =
            self.texts("SELECT started_at || ' ' || finished_at FROM sweeps ORDER BY sweep_id");
        let time = |text: &str| text.parse().unwrap();
        rows.iter()
            .map(|row| row.split_once(' ').unwrap())
            .map(|(a, b)| (time(a), time(b)))
            .collect()
    }

    /// Where an SQLite database lives.
    pub(crate) fn database_file(&self) -> PathBuf {
        PathBuf::from(self.database.url.strip_prefix("sqlite:").unwrap())
    }

    /// Runs a future on the runtime of this world: what it opens stays open.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Whether somebody is in the middle of a write to the database.
    pub(crate) fn is_anybody_writing(&self) -> bool {
        // By another: this one has no patience.
        self.wait(async { self.database.person().await.is_anybody_writing().await })
    }

    /// Lets so much time pass that every lease has run out. For a test that need not see it happen.
    pub(crate) fn let_leases_run_out(&self) {
        let sql = match self.database.kind {
            Kind::Sqlite => "UPDATE leases SET expires_at = '2000-01-01T00:00:00.000000Z'",
            Kind::Postgres => "UPDATE leases SET expires_at = timestamptz '2000-01-01'",
        };
        if let Err(error) = self.ask(async |person| person.execute(sql).await) {
            // Whoever died before it had made the tables has no lease.
            assert!(error.to_string().contains("no such table"), "{error}");
        }
    }

    /// How many rows `table` has, with or without a condition.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.ask(async |person| person.count(table).await)
    }

    /// Asks the database something, as a person with a shell that stays open.
    fn ask<T>(&self, ask: impl AsyncFnOnce(&mut Person) -> T) -> T {
        let mut kept = self.person.lock().unwrap();
        self.wait(async {
            let known = match kept.take() {
                Some(mut person) => person.is_connected().await.then_some(person),
                None => None,
            };
            let mut person = match known {
                Some(person) => person,
                None => self.database.person().await,
            };
            let answer = ask(&mut person).await;
            *kept = Some(person);
            answer
        })
    }
}

impl Ended {
    /// The JSON objects on standard output.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails unless it ended with `code` and without a panic, and shows what it had to say.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Where a poller's binary, or with `railpoll` the operator's command, was built.
pub(crate) fn binary(name: &str) -> &'static str {
    match name {
        "railpoll" => env!("CARGO_BIN_EXE_railpoll"),
        "accepted" => env!("CARGO_BIN_EXE_railpoll-accepted"),
        "locked" => env!("CARGO_BIN_EXE_railpoll-locked"),
        "executed" => env!("CARGO_BIN_EXE_railpoll-executed"),
        "completed" => env!("CARGO_BIN_EXE_railpoll-completed"),
        "returned" => env!("CARGO_BIN_EXE_railpoll-returned"),
        "failed" => env!("CARGO_BIN_EXE_railpoll-failed"),
        "pending-deposits" => env!("CARGO_BIN_EXE_railpoll-pending-deposits"),
        "watch" => env!("CARGO_BIN_EXE_railpoll-watch"),
        "outgoing" => env!("CARGO_BIN_EXE_railpoll-outgoing"),
        "orders" => env!("CARGO_BIN_EXE_railpoll-orders"),
        other => panic!("there is no poller {other}"),
    }
}

/// Runs a command to its end. What it prints for programs has the keys that its page promises.
pub(crate) fn finish(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        signal: output.status.signal(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    super::keys::check(command, &ended.stdout);
    ended
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().unwrap();
    assert!(sent.success(), "kill -{name} {pid}");
}

/// Looks again and again until there is something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        let waited = started.elapsed();
        assert!(waited < PATIENCE, "waited in vain for {what}");
        // To look costs what others need to get on: who has waited for long finds it soon enough.
        thread::park_timeout((waited / 20).clamp(Duration::from_millis(2), LOOKED_EVERY));
    }
}

/// The same for a condition.
#[track_caller]
pub(crate) fn until_true(what: &str, mut holds: impl FnMut() -> bool) {
    until(what, || holds().then_some(()));
}
