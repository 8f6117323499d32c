//! A daemon that runs beside a test: what it logs, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use super::world::{Ended, PATIENCE, signal, until};

/// A process that runs. Dropping it kills it.
pub(crate) struct Daemon {
    child: Child,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
    /// What reads its log, until there is no more.
    hearing: Option<thread::JoinHandle<()>>,
}

impl Daemon {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (shared, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        let hearing = thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                shared.0.lock().unwrap().push(line);
                shared.1.notify_all();
            }
        });
        Self { child, log, hearing: Some(hearing) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for a log line that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        let found = |lines: &Vec<String>| lines.iter().find(|line| line.contains(text)).cloned();
        let lines = self.log.0.lock().unwrap();
        let (lines, _) =
            self.log.1.wait_timeout_while(lines, PATIENCE, |lines| found(lines).is_none()).unwrap();
        found(&lines).unwrap_or_else(|| panic!("no `{text}` in the log:\n{}", lines.join("\n")))
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let started = Instant::now();
        let status = until("the daemon to end", || {
            assert!(started.elapsed() < PATIENCE, "{}", self.log().join("\n"));
            self.child.try_wait().unwrap()
        });
        // It wrote its last line before it ended, and somebody else has to read it.
        self.hearing.take().unwrap().join().unwrap();
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let stderr = self.log().join("\n");
        Ended { code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}
