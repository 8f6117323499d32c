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
mod process;
mod support;

use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use process::Daemon;
use railpoll::engine::Clock;
use support::database::{Database, Kind};
use support::plain::{Fetcher, Source};
use support::report::{Table, load, median, rate};
use support::world::World;
use support::{Outcome, block_on};

/// Each rate is the middle one of so many.
const ROUNDS: usize = 5;
/// And each start-up of so many.
const STARTS: usize = 11;
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
    waiting(extent.idle, &mut costs)?;
    starting(&mut costs)?;
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
    let (peak, took) = Daemon::start(&config, "--once", None)?.peak()?;
    let of = format!("{payments} payments");
    let limit = if payments > 1_000 { "64.0" } else { "" };
    table.row([
        "peak memory, ".to_owned() + &of,
        tenths(peak * 10 / 1024),
        limit.into(),
        "MB".into(),
    ]);
    let collected = rate(payments, took).to_string();
    table.row(["collected, ".to_owned() + &of, collected, String::new(), "payments/s".into()]);
    let before = world.sandbox.requests();
    let (_, took) = Daemon::start(&config, "--once", None)?.peak()?;
    let requests = (world.sandbox.requests() - before).to_string();
    table.row(["nothing new in ".to_owned() + &of, requests, "3".into(), "requests".into()]);
    let took = took.as_millis().to_string();
    table.row(["the same, whole process".to_owned(), took, String::new(), "ms".into()]);
    block_on(database.remove())
}

/// A daemon that has nothing to do but to look every 30 s.
fn waiting(time: Duration, table: &mut Table) -> Outcome<()> {
    let world = World::new(1_000, Some(Clock::system().now() - TimeDelta::days(1)))?;
    let database = block_on(Database::new(&Kind::Sqlite))?;
    let config = world.config(&database.url, "2m")?;
    let daemon = Daemon::start(&config, "--loop", None)?;
    // The first sweep reads everything, and the second follows in half a minute.
    let begun = Instant::now();
    while world.sandbox.requests() < 12 && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(2));
    let (before, begun) = (daemon.on_core()?, Instant::now());
    thread::sleep(time);
    let spent = daemon.on_core()? - before;
    let share = spent.as_nanos() * 100_000 / begun.elapsed().as_nanos();
    let memory = daemon.memory("VmRSS:").ok_or("no memory is told")?;
    let row = |figure: &str, value, limit: &str, unit: &str| {
        [figure.to_owned(), value, limit.to_owned(), unit.to_owned()]
    };
    table.row(row("idle memory", tenths(memory * 10 / 1024), "20.0", "MB"));
    let share = format!("{}.{:03}", share / 1_000, share % 1_000);
    table.row(row("idle, share of a core", share, "0.200", "%"));
    block_on(database.remove())
}

/// From the start of the process to its word that it is ready.
fn starting(table: &mut Table) -> Outcome<()> {
    let world = World::new(1_000, None)?;
    let database = block_on(Database::new(&Kind::Sqlite))?;
    let config = world.config(&database.url, "2m")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(&config, "--loop", Some(&path))?;
        starts.push(daemon.ready(&socket)?);
        drop(daemon);
        // What a killed daemon had still to say is not the next one's.
        socket.set_nonblocking(true)?;
        while socket.recv(&mut [0; 64]).is_ok() {}
        socket.set_nonblocking(false)?;
    }
    let slowest = starts.iter().max().copied().unwrap_or_default();
    let usual = median(starts.into_iter());
    for (figure, took) in [("ready after, usual", usual), ("ready after, slowest", slowest)] {
        let tenths_of_millis = u64::try_from(took.as_micros() / 100)?;
        table.row([figure.to_owned(), tenths(tenths_of_millis), "150.0".into(), "ms".into()]);
    }
    block_on(database.remove())
}

fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
