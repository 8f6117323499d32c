//! The daemon itself, with a bank over HTTP.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use railpoll::engine::Clock;
use railpoll::sandbox::bank::{Bank, BankOptions, Course};
use railpoll::store::Store;

use super::seed::seed;
use crate::support::Outcome;
use crate::support::cost::SANDBOX_THREAD;
use crate::support::database::{Database, Kind};
use crate::support::report::{Table, rate};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(900);

/// A daemon that pays so many transfers out, all of which are on their way for a while, and then follows them.
pub(crate) fn measure(transfers: usize, table: &mut Table) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(SANDBOX_THREAD)
        .enable_all()
        .build()?;
    let course = Course::later(2, Course::Deliver);
    let bank = runtime.block_on(Bank::start(BankOptions { course, ..BankOptions::default() }))?;
    let folder = tempfile::tempdir()?;
    let database = runtime.block_on(async {
        let database = Database::new(&Kind::Sqlite).await?;
        let store = Store::open(&database.url).await?;
        seed(&store, transfers, Clock::system().now()).await?;
        store.close().await;
        Outcome::Ok(database)
    })?;
    let config = configure(folder.path(), &database.url, &bank)?;
    let daemon = Daemon::start(&config)?;
    let begun = Instant::now();
    daemon.wait(|| bank.payout_count() >= transfers)?;
    let paid = begun.elapsed();
    let done = || bank.payouts().iter().all(|payout| payout.looked_up > 2);
    daemon.wait(done)?;
    let followed = begun.elapsed() - paid;
    let peak = daemon.peak().ok_or("no memory is told")?;
    drop(daemon);
    runtime.block_on(database.remove())?;
    let of = format!("{transfers} transfers");
    let limit = "40.0".to_owned();
    let megabytes = format!("{}.{}", peak / 1024, peak % 1024 * 10 / 1024);
    table.row([format!("peak memory, {of}"), megabytes, limit, "MB".into()]);
    let paid = rate(transfers, paid).to_string();
    table.row([format!("paid over HTTP, {of}"), paid, String::new(), "transfers/s".into()]);
    let followed = rate(transfers, followed).to_string();
    table.row([format!("followed over HTTP, {of}"), followed, String::new(), "transfers/s".into()]);
    Ok(())
}

fn configure(folder: &Path, database: &str, bank: &Bank) -> Outcome<std::path::PathBuf> {
    let secret = folder.join("secret");
    fs::write(&secret, bank.secret())?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    let config = folder.join("railpoll.toml");
    let mut file = fs::File::create(&config)?;
    write!(
        file,
        "[database]\nurl = \"{database}\"\n[rails.bank]\nkind = \"http\"\nurl = \"{}\"\nsecret_file = \"{}\"\n\
         [pollers.outgoing]\nenabled = true\ninitial_delay = \"0s\"\nfixed_delay = \"1s\"\n",
        bank.url(),
        secret.display()
    )?;
    Ok(config)
}

/// A running `railpoll-outgoing`. Dropping it kills it.
struct Daemon(Child);

impl Daemon {
    fn start(config: &Path) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_railpoll-outgoing"));
        command.env_clear().arg("--config").arg(config).args(["--loop", "--log-format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }

    fn wait(&self, holds: impl Fn() -> bool) -> Outcome<()> {
        let begun = Instant::now();
        while !holds() {
            if begun.elapsed() > PATIENCE {
                return Err("the daemon does not come to its end".into());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The most memory that it ever had resident, in kB.
    fn peak(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
