//! A daemon as a user starts it, seen from outside.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Outcome;

/// Nothing that a bench waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a process is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// A running `railpoll-completed`. Dropping it kills it.
pub(crate) struct Daemon {
    child: Child,
    begun: Instant,
}

impl Daemon {
    /// Starts it with this configuration. With `notify`, it tells this socket what it would tell systemd.
    pub(crate) fn start(config: &Path, mode: &str, notify: Option<&Path>) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_railpoll-completed"));
        command.env_clear().arg("--config").arg(config).args([mode, "--log-format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(socket) = notify {
            command.env("NOTIFY_SOCKET", socket);
        }
        let begun = Instant::now();
        Ok(Self { child: command.spawn()?, begun })
    }

    /// Waits for the message that it is ready; how long that took from its start.
    pub(crate) fn ready(&self, socket: &UnixDatagram) -> Outcome<Duration> {
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut message = [0; 4096];
        loop {
            let length = socket.recv(&mut message)?;
            let told = message.get(..length).unwrap_or_default();
            if told.split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return Ok(self.begun.elapsed());
            }
        }
    }

    /// Waits for its end: the most memory that it ever had resident, in kB, and how long it ran.
    pub(crate) fn peak(mut self) -> Outcome<(u64, Duration)> {
        let mut peak = 0;
        while self.begun.elapsed() < PATIENCE {
            // The file says less, or is gone, once the process has ended.
            peak = self.memory("VmHWM:").unwrap_or(peak);
            if let Some(status) = self.child.try_wait()? {
                return ended_well(status).map(|()| (peak, self.begun.elapsed()));
            }
            thread::sleep(GLANCE);
        }
        Err("the daemon does not come to its end".into())
    }

    /// A line of the kernel's record of its memory, in kB.
    pub(crate) fn memory(&self, key: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }

    /// The time that all its threads have spent on a core.
    pub(crate) fn on_core(&self) -> Outcome<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let own: u64 = stat.split(' ').next().unwrap_or_default().parse()?;
            nanos += own;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ended_well(status: ExitStatus) -> Outcome<()> {
    if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}").into()) }
}
