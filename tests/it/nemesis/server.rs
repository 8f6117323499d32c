//! A PostgreSQL of a stage's own, and whoever starts it again when it has ended.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::support::web::free_address;
use crate::support::world::{signal, until_true};

/// Between its end and its next start.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A server that is kept.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    keeper: Option<thread::JoinHandle<()>>,
}

struct State {
    postgres: Postgres,
    process: Mutex<Option<u32>>,
    /// Whether it is left as it is when it has ended.
    is_left: AtomicBool,
    is_over: AtomicBool,
}

/// The programs, and as whom they run.
struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    is_root: bool,
}

impl Postgres {
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if self.is_root {
            let mut other = Command::new("setpriv");
            other.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
            other
        } else {
            Command::new(path)
        };
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.arg("-D").arg(&self.data);
        command
    }

    fn start(&self) -> Child {
        let mut command = self.command("postgres");
        command.arg("-p").arg(self.port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=120",
            // What dies here is processes, never the machine.
            "fsync=off",
            "full_page_writes=off",
            "min_wal_size=2MB",
            "max_wal_size=8MB",
            "shared_buffers=16MB",
        ] {
            command.args(["-c", setting]);
        }
        command.spawn().unwrap()
    }

    /// Whether it takes connections.
    fn is_ready(&self) -> bool {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        file.lines().nth(7).is_some_and(|state| state.trim() == "ready")
    }
}

/// The folder of the newest server programs: Debian keeps them out of PATH.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<PathBuf> = versions
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop().unwrap_or_else(|| {
        let found = Command::new("sh").args(["-c", "command -v initdb"]).output().unwrap();
        let initdb = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
        initdb.parent().unwrap_or_else(|| panic!("no PostgreSQL server found")).to_owned()
    })
}

impl Server {
    /// One whose data is in `folder`.
    pub(super) fn start(folder: &Path) -> Self {
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let data = folder.join("data");
        fs::create_dir(&data).unwrap();
        if is_root {
            let given = Command::new("chown").arg("postgres").arg(folder).arg(&data).status();
            assert!(given.unwrap().success());
        }
        let address = free_address();
        let postgres = Postgres { programs: programs(), data, port: address.port(), is_root };
        let mut initdb = postgres.command("initdb");
        initdb.args(["-U", "railpoll", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.args(["--no-sync", "--no-instructions", "--wal-segsize=1"]);
        assert!(initdb.status().unwrap().success(), "{initdb:?}");
        let state = Arc::new(State {
            postgres,
            process: Mutex::new(None),
            is_left: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let kept = Arc::clone(&state);
        let keeper = Some(thread::spawn(move || kept.keep()));
        let server = Self { address, state, keeper };
        until_true("PostgreSQL to start", || server.state.postgres.is_ready());
        server
    }

    /// Where a database is.
    pub(super) fn url(&self, at: SocketAddr, database: &str) -> String {
        format!("postgres://railpoll@{at}/{database}")
    }

    /// Kills the process that all others of the server come from; it stays so until [`Self::come_back`].
    pub(super) fn kill(&self) {
        self.state.is_left.store(true, Ordering::SeqCst);
        if let Some(process) = *self.state.process.lock().unwrap() {
            signal(process, "KILL");
        }
    }

    /// The process that all others of it come from.
    pub(super) fn process(&self) -> Option<u32> {
        *self.state.process.lock().unwrap()
    }

    /// It is started again.
    pub(super) fn come_back(&self) {
        self.state.is_left.store(false, Ordering::SeqCst);
    }
}

impl State {
    /// Starts it whenever it is not there.
    fn keep(&self) {
        while !self.is_over.load(Ordering::SeqCst) {
            if !self.is_left.load(Ordering::SeqCst) {
                let mut child = self.postgres.start();
                *self.process.lock().unwrap() = Some(child.id());
                child.wait().unwrap();
                *self.process.lock().unwrap() = None;
            }
            thread::park_timeout(AGAIN_AFTER);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        let process = *self.state.process.lock().unwrap();
        if let Some(process) = process {
            signal(process, "QUIT");
        }
        if let Some(keeper) = self.keeper.take() {
            keeper.thread().unpark();
            keeper.join().unwrap();
        }
        match fs::remove_dir_all(&self.state.postgres.data) {
            Err(error) if error.kind() != ErrorKind::NotFound => eprintln!("{error}"),
            Ok(()) | Err(_) => {}
        }
    }
}
