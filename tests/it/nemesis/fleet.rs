//! All the daemons, and whoever starts those again that have ended, as systemd would.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::web::{free_address, get_within};
use crate::support::world::{PATIENCE, signal};

/// The nine.
pub(super) const DAEMONS: [&str; 9] = [
    "accepted",
    "locked",
    "executed",
    "completed",
    "returned",
    "failed",
    "pending-deposits",
    "outgoing",
    "watch",
];
/// `RestartSec=`, in a test's time.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// `RestartPreventExitStatus=`.
const FINAL: [i32; 3] = [0, 64, 78];
/// Whoever does not answer by then does not answer.
const PAGE_WITHIN: Duration = Duration::from_secs(3);

/// All the daemons. Dropping them kills them.
pub(super) struct Fleet {
    pub(super) members: Vec<Arc<Member>>,
    is_over: Arc<AtomicBool>,
    keeper: Option<thread::JoinHandle<()>>,
}

/// A daemon, however often it was started.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    command: Mutex<Command>,
    state: Mutex<State>,
    log: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    ends: Vec<End>,
    hearing: Vec<thread::JoinHandle<()>>,
}

/// How and when one of its processes ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    at: Instant,
}

impl Fleet {
    /// Starts all, each with the command that `command` tells for its name and its address.
    pub(super) fn start(command: impl Fn(&'static str, SocketAddr) -> Command) -> Self {
        let members: Vec<_> = DAEMONS
            .into_iter()
            .map(|name| {
                let address = free_address();
                let command = Mutex::new(command(name, address));
                let (state, log) = (Mutex::default(), Arc::default());
                Arc::new(Member { name, address, command, state, log })
            })
            .collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let (kept, over) = (members.clone(), Arc::clone(&is_over));
        let keeper = Some(thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                kept.iter().for_each(|member| member.keep());
                thread::park_timeout(Duration::from_millis(20));
            }
        }));
        Self { members, is_over, keeper }
    }

    pub(super) fn member(&self, name: &str) -> &Member {
        self.members.iter().find(|member| member.name == name).unwrap()
    }

    /// Whether every one of them says that it is alive and ready.
    pub(super) fn is_well(&self) -> bool {
        self.members.iter().all(|member| {
            member.page("/readyz") == Some(200) && member.page("/healthz") == Some(200)
        })
    }

    /// Nobody is started again, and all are told to stop. How each ended.
    pub(super) fn stop(&mut self) -> Vec<(&'static str, End)> {
        self.leave();
        for member in &self.members {
            if let Some(process) = member.process() {
                signal(process, "TERM");
            }
        }
        let begun = Instant::now();
        self.members.iter().map(|member| (member.name, member.ended(begun))).collect()
    }

    /// From now on nobody is started again.
    fn leave(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(keeper) = self.keeper.take() {
            keeper.join().unwrap();
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.leave();
        for member in &self.members {
            if let Some(mut child) = member.state.lock().unwrap().child.take() {
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}

impl Member {
    /// Notices its end, and starts it when it is time.
    fn keep(&self) {
        let mut state = self.state.lock().unwrap();
        self.notice(&mut state);
        if state.child.is_some() {
            return;
        }
        let is_due = state.ends.last().is_none_or(|end| {
            end.at.elapsed() >= AGAIN_AFTER && !end.code.is_some_and(|code| FINAL.contains(&code))
        });
        if is_due {
            let mut child = self.command.lock().unwrap().spawn().unwrap();
            let (log, stderr) = (Arc::clone(&self.log), child.stderr.take().unwrap());
            state.hearing.push(thread::spawn(move || hear(stderr, &log)));
            state.child = Some(child);
        }
    }

    fn notice(&self, state: &mut State) {
        let Some(child) = &mut state.child else { return };
        if let Some(status) = child.try_wait().unwrap() {
            state.ends.push(End {
                code: status.code(),
                signal: status.signal(),
                at: Instant::now(),
            });
            state.child = None;
        }
    }

    /// Waits for its end.
    fn ended(&self, begun: Instant) -> End {
        loop {
            let mut state = self.state.lock().unwrap();
            self.notice(&mut state);
            if state.child.is_none() {
                for hearing in std::mem::take(&mut state.hearing) {
                    hearing.join().unwrap();
                }
                return *state.ends.last().unwrap();
            }
            drop(state);
            assert!(begun.elapsed() < PATIENCE, "{} does not stop", self.name);
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Its process, if it has one.
    pub(super) fn process(&self) -> Option<u32> {
        self.state.lock().unwrap().child.as_ref().map(Child::id)
    }

    /// How all its processes ended that did.
    pub(super) fn ends(&self) -> Vec<End> {
        self.state.lock().unwrap().ends.clone()
    }

    /// What it has said, from the line of this number on.
    pub(super) fn log_from(&self, line: usize) -> Vec<String> {
        self.log.lock().unwrap()[line..].to_vec()
    }

    /// How many lines it has said.
    pub(super) fn log_length(&self) -> usize {
        self.log.lock().unwrap().len()
    }

    /// The status of one of its pages; none if it does not answer.
    pub(super) fn page(&self, path: &str) -> Option<u16> {
        get_within(self.address, path, PAGE_WITHIN).ok().map(|(status, _)| status)
    }

    /// Its metrics, if it answers.
    pub(super) fn metrics(&self) -> String {
        get_within(self.address, "/metrics", PAGE_WITHIN).map(|(_, page)| page).unwrap_or_default()
    }
}

fn hear(stderr: impl Read, log: &Mutex<Vec<String>>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        log.lock().unwrap().push(line);
    }
}

/// The command with its streams as a supervisor wants them.
pub(super) fn supervised(mut command: Command) -> Command {
    command.arg("--loop").stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
