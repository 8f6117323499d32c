//! A daemon as a user starts it, seen from outside.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Outcome;

/// Nothing that a bench waits for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// How often a process is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// A running daemon. Dropping it kills it.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) begun: Instant,
}

impl Daemon {
    /// Starts `program` with this configuration, in the environment of its systemd unit. With `notify`, it tells this
    /// socket what it would tell systemd.
    pub(crate) fn start(
        program: &str,
        config: &Path,
        mode: &str,
        notify: Option<&Path>,
    ) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.env_clear().env("MALLOC_ARENA_MAX", "1");
        command.arg("--config").arg(config).args([mode, "--log-format", "json"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(socket) = notify {
            command.env("NOTIFY_SOCKET", socket);
        }
        let begun = Instant::now();
        Ok(Self { child: command.spawn()?, begun })
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

/// So many kB in MB.
pub(crate) fn megabytes(kilobytes: u64) -> String {
    tenths(kilobytes * 10 / 1024)
}

/// With one decimal.
pub(crate) fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
