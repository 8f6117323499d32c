//! What a piece of work costs: time by the clock, and time on a core.

use std::fs;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

/// The name of the thread that the sandbox lives on. What it does is nobody's cost.
const SANDBOX_THREAD: &str = "sandbox";

/// The thread that simulated networks and rails live on, as long as this is kept.
pub(crate) fn sandbox_thread() -> std::io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).thread_name(SANDBOX_THREAD).enable_all().build()
}

/// The cost of a piece of work. By the clock it depends on what else the machine does; on a core hardly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// Of all threads of this process but the sandbox's. What a database server does is not in it.
    pub(crate) cpu: Duration,
}

/// A piece of work under way.
pub(crate) struct Work {
    begun: Instant,
    spent: Duration,
}

impl Work {
    pub(crate) fn begin() -> Self {
        Self { spent: on_core(), begun: Instant::now() }
    }

    /// To be called before threads end that took part.
    pub(crate) fn end(&self) -> Cost {
        let wall = self.begun.elapsed();
        Cost { wall, cpu: on_core().saturating_sub(self.spent) }
    }
}

/// What all threads but the sandbox's have spent on a core.
fn on_core() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanos = threads.filter_map(Result::ok).filter_map(|thread| {
        let name = fs::read_to_string(thread.path().join("comm")).ok()?;
        if name.trim_end() == SANDBOX_THREAD {
            return None;
        }
        let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
