//! What the system says of this process, under the names that every program has for it.

use std::fs::{self, File};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// No file of `/proc/self` that is read here is as long.
const FILE_MAX: u64 = 64 * 1024;
/// More open files than this are not counted.
const FILES_MAX: usize = 65_536;
/// The ticks of a second in `/proc`: Linux has fixed them for programs.
const TICKS: f64 = 100.0;

/// The figures, read anew for each reader.
#[derive(Clone)]
pub(super) struct ProcessFigures {
    registry: Arc<Registry>,
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    files: Gauge,
}

impl ProcessFigures {
    /// Of a process that starts now.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        let mut registry = Registry::with_prefix("process");
        let (cpu, memory, files) = (Counter::default(), Gauge::default(), Gauge::default());
        let start = Gauge::<i64>::default();
        start.set(now.timestamp());
        registry.register_with_unit("start_time", "When it started", Unit::Seconds, start);
        let help = "Time that it has used of processors";
        registry.register_with_unit("cpu", help, Unit::Seconds, cpu.clone());
        let help = "Memory that it has in use";
        registry.register_with_unit("resident_memory", help, Unit::Bytes, memory.clone());
        registry.register("open_fds", "Files and connections that it has open", files.clone());
        Self { registry: Arc::new(registry), cpu, memory, files }
    }

    /// The figures as they are now. What the system does not tell stays as it was.
    #[expect(clippy::float_arithmetic, reason = "a time for a graph is no money")]
    pub(super) fn read(&self) -> &Registry {
        if let Some(seconds) = text("/proc/self/stat").as_deref().and_then(cpu_seconds) {
            let more = seconds - self.cpu.get();
            if more > 0.0 {
                self.cpu.inc_by(more);
            }
        }
        if let Some(bytes) = text("/proc/self/status").as_deref().and_then(resident_bytes) {
            self.memory.set(bytes);
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder itself.
            let count = open.take(FILES_MAX).count().saturating_sub(1);
            self.files.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        &self.registry
    }
}

fn text(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(FILE_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The time in its own code and in the system's. The program's name, in brackets, may hold anything.
#[expect(clippy::float_arithmetic, reason = "a time for a graph is no money")]
fn cpu_seconds(stat: &str) -> Option<f64> {
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let (own, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((f64::from(own) + f64::from(system)) / TICKS)
}

fn resident_bytes(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_understood() {
        let stat = "77 (a ) (b) S 1 77 77 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 9 1 2";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("77 (a"), None);
        assert_eq!(resident_bytes("Name:\ta\nVmRSS:\t    12 kB\n"), Some(12_288));
        assert_eq!(resident_bytes("Name:\ta\n"), None);
        let figures = ProcessFigures::new(DateTime::UNIX_EPOCH);
        figures.read();
        assert!(figures.memory.get() > 0 && figures.files.get() > 0);
    }
}
