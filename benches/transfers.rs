//! Transfers on their ways, each figure beside its floor or its limit from the same run.
//!
//! ```text
//! scripts/postgres run cargo bench --bench transfers                       all parts
//! scripts/postgres run cargo bench --bench transfers -- payouts deposits   some of them
//! cargo bench --bench transfers -- --quick                                 a tenth of it, on SQLite
//! ```
//!
//! | part | what it measures |
//! |---|---|
//! | payouts | paying out, and following payouts, on a rail that answers at once |
//! | deposits | asking such a rail about deposits |
//! | incoming | money that comes in on a network: read by page, and matched |
//! | sending | deposits that go out on a network: payments in each of its ledgers |
//! | workers | several processes that share a rail, on PostgreSQL |
//! | memory | what the daemons take, with few transfers and with many |
//!
//! See docs/performance.md.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[path = "floor/before.rs"]
mod before;
mod deposits;
mod incoming;
mod legs;
mod memory;
mod payouts;
mod process;
mod sending;
mod workers;
/// What is shared with the other benches.
mod support {
    pub(crate) mod client;
    pub(crate) mod cost;
    pub(crate) mod database;
    pub(crate) mod report;
    pub(crate) mod worker;

    /// Each figure is the middle one of so many.
    pub(crate) const ROUNDS: usize = 3;

    pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

    /// Runs `work` on a runtime of one thread, as a daemon does.
    pub(crate) fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
    }
}

use support::Outcome;
use support::report::load;

/// A part: its name, and how to run so small a fraction of it.
type Part = (&'static str, fn(usize) -> Outcome<()>);

const PARTS: [Part; 6] = [
    ("payouts", payouts::run),
    ("deposits", deposits::run),
    ("incoming", incoming::run),
    ("sending", sending::run),
    ("workers", workers::run),
    ("memory", memory::run),
];

fn main() -> Outcome<()> {
    let (flags, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let part = if flags.iter().any(|flag| flag == "--quick") { 10 } else { 1 };
    if let Some(name) = names.iter().find(|name| PARTS.iter().all(|(known, _)| known != name)) {
        return Err(format!("there is no part {name}").into());
    }
    for (name, run) in PARTS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            println!("{name}; {}", load());
            run(part)?;
            println!();
        }
    }
    println!("afterwards: {}", load());
    Ok(())
}
