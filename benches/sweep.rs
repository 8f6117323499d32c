//! Sweeping what is known already, beside the plainest code that reads and compares the same; and what a daemon costs
//! while it works, while it waits, and when it starts.
//!
//! ```text
//! cargo bench --bench sweep                          SQLite, 20,000 payments unchanged, a daemon with 200,000
//! scripts/postgres run cargo bench --bench sweep     and PostgreSQL
//! cargo bench --bench sweep -- --quick               a tenth of it
//! cargo bench --bench sweep -- --full                and a daemon with 1,000,000: minutes, and 7 GB of disk
//! ```
//!
//! The floor parses each page and compares its rows with one SELECT: *in memory* the pages are there already, *over HTTP*
//! each is fetched from the same sandbox first. See docs/performance.md.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod compare;
mod idle;
mod process;
mod support;

use std::time::Duration;

use chrono::TimeDelta;
use process::{Daemon, megabytes};
use railpoll::engine::Clock;
use support::database::{Database, Kind};
use support::plain::{Fetcher, Source};
use support::report::{Table, load, rate};
use support::world::World;
use support::{Outcome, block_on};

/// Each rate is the middle one of so many.
const ROUNDS: usize = 5;
/// The daemon that is measured.
const COMPLETED: &str = env!("CARGO_BIN_EXE_railpoll-completed");
/// Every payment is younger than this, so each sweep reads all of them again.
const OVERLAP: &str = "1h";

/// How much to measure.
struct Extent {
    unchanged: usize,
    histories: Vec<usize>,
    idle: Duration,
}

fn main() -> Outcome<()> {
    let is_asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    let extent = if is_asked("--quick") {
        Extent { unchanged: 4_000, histories: vec![1_000, 20_000], idle: Duration::from_secs(10) }
    } else {
        let mut histories = vec![1_000, 200_000];
        histories.extend(is_asked("--full").then_some(1_000_000));
        Extent { unchanged: 20_000, histories, idle: Duration::from_secs(65) }
    };
    println!("sweeping {} unchanged payments; {}", extent.unchanged, load());
    let world = World::new(extent.unchanged, None)?;
    let mut rates = Table::new(["unchanged payments/s", "ours", "floor", "ratio"]);
    for kind in Kind::all() {
        block_on(unchanged(&world, &kind, extent.unchanged, &mut rates))?;
    }
    rates.print();
    println!("\na daemon on SQLite; {}", load());
    let mut costs = Table::new(["figure", "measured", "limit", "unit"]);
    for payments in extent.histories {
        history(payments, &mut costs)?;
    }
    idle::waiting(extent.idle, &mut costs)?;
    idle::starting(&mut costs)?;
    costs.print();
    println!("afterwards: {}", load());
    Ok(())
}

/// Sweeps again and again what was collected once.
async fn unchanged(world: &World, kind: &Kind, payments: usize, table: &mut Table) -> Outcome<()> {
    let fetcher = Fetcher::new(&world.sandbox).await?;
    let pages = fetcher.pages(payments).await?;
    let database = Database::new(kind).await?;
    let poller = world.poller(&database.url, OVERLAP).await?;
    poller.sweep().await?;
    let (mut ours, mut in_memory, mut over_http) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let memory = Source::Memory(&pages);
        in_memory.push(compare::compare(kind, &database.url, &memory).await?);
        let http = Source::Http(&fetcher, payments);
        over_http.push(compare::compare(kind, &database.url, &http).await?);
        let (report, cost) = poller.sweep().await?;
        if usize::try_from(report.tally.unchanged)? < payments || report.tally.brought_news() {
            return Err(format!("not all payments are unchanged: {:?}", report.tally).into());
        }
        ours.push(cost);
    }
    table.compare(&format!("{kind}, floor in memory"), payments, &ours, &in_memory);
    table.compare(&format!("{kind}, floor over HTTP"), payments, &ours, &over_http);
    poller.close().await?;
    database.remove().await
}

/// A daemon that collects so many payments, and then one that finds nothing new.
fn history(payments: usize, table: &mut Table) -> Outcome<()> {
    // Old enough to be behind the overlap.
    let world = World::new(payments, Some(Clock::system().now() - TimeDelta::days(1)))?;
    let database = block_on(Database::new(&Kind::Sqlite))?;
    let config = world.config(&database.url, "2m")?;
    let (peak, took) = Daemon::start(COMPLETED, &config, "--once", None)?.peak()?;
    let of = format!("{payments} payments");
    let limit = if payments > 1_000 { "64.0" } else { "" };
    table.row(["peak memory, ".to_owned() + &of, megabytes(peak), limit.into(), "MB".into()]);
    let collected = rate(payments, took).to_string();
    table.row(["collected, ".to_owned() + &of, collected, String::new(), "payments/s".into()]);
    let before = world.sandbox.requests();
    let (_, took) = Daemon::start(COMPLETED, &config, "--once", None)?.peak()?;
    let requests = (world.sandbox.requests() - before).to_string();
    table.row(["nothing new in ".to_owned() + &of, requests, "3".into(), "requests".into()]);
    let took = took.as_millis().to_string();
    table.row(["the same, whole process".to_owned(), took, String::new(), "ms".into()]);
    block_on(database.remove())
}
