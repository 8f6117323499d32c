//! What the benches of payments need: a sandbox with payments, databases, the plainest code beside ours, and a table.

pub(crate) mod client;
pub(crate) mod cost;
pub(crate) mod database;
pub(crate) mod plain;
pub(crate) mod report;
pub(crate) mod worker;
pub(crate) mod world;

/// Whatever goes wrong ends a bench.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs `work` on a runtime of one thread, as a daemon does.
pub(crate) fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
