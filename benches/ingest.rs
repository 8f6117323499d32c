//! Collecting new payments, beside the plainest code that reads the same bytes and inserts the same rows.
//!
//! ```text
//! cargo bench --bench ingest                          SQLite, 20,000 payments
//! scripts/postgres run cargo bench --bench ingest     and PostgreSQL
//! cargo bench --bench ingest -- --quick               4,000 payments
//! ```
//!
//! Ours is a whole sweep of the poller `completed` as the daemon does it, from the first request to the last commit,
//! over HTTP from a sandbox in this process. Two floors: *in memory* parses pages that are there already and inserts
//! their rows, *over HTTP* fetches each page from the same sandbox first. See docs/performance.md.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod floor;
mod support;

use floor::before::as_before;
use railpoll::engine::Clock;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use support::cost::Cost;
use support::database::{Database, Kind};
use support::plain::{Fetcher, Source};
use support::report::{Table, load};
use support::world::World;
use support::{Outcome, block_on};

/// Each figure is the middle one of so many.
const ROUNDS: usize = 3;
const TABLES: [&str; 4] = ["payments", "payment_documents", "status_changes", "events"];

fn main() -> Outcome<()> {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let payments = if quick { 4_000 } else { 20_000 };
    println!("collecting {payments} new payments; {}", load());
    let world = World::new(payments, None)?;
    let mut table = Table::new(["new payments/s", "ours", "floor", "ratio"]);
    for kind in Kind::all() {
        block_on(measure(&world, &kind, payments, &mut table))?;
    }
    table.print();
    println!("afterwards: {}", load());
    Ok(())
}

async fn measure(world: &World, kind: &Kind, payments: usize, table: &mut Table) -> Outcome<()> {
    let fetcher = Fetcher::new(&world.sandbox).await?;
    let pages = fetcher.pages(payments).await?;
    let (mut ours, mut in_memory, mut over_http) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        in_memory.push(plain(kind, &Source::Memory(&pages), payments).await?);
        over_http.push(plain(kind, &Source::Http(&fetcher, payments), payments).await?);
        ours.push(Box::pin(railpoll(world, kind, payments)).await?);
    }
    table.compare(&format!("{kind}, floor in memory"), payments, &ours, &in_memory);
    table.compare(&format!("{kind}, floor over HTTP"), payments, &ours, &over_http);
    Ok(())
}

async fn railpoll(world: &World, kind: &Kind, payments: usize) -> Outcome<Cost> {
    let database = Database::new(kind).await?;
    let poller = world.poller(&database.url, "2m").await?;
    let (report, cost) = poller.sweep().await?;
    poller.close().await?;
    if usize::try_from(report.tally.new) != Ok(payments) {
        return Err(format!("{} of {payments} payments are new", report.tally.new).into());
    }
    check(kind, database, payments).await?;
    Ok(cost)
}

async fn plain(kind: &Kind, source: &Source<'_>, payments: usize) -> Outcome<Cost> {
    let now = Clock::system().now().format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let database = Database::new(kind).await?;
    as_before(kind, &database.url).await?;
    let cost = floor::collect(kind, &database, source, &now).await?;
    check(kind, database, payments).await?;
    Ok(cost)
}

/// Sees that all rows are there, and takes the database away.
async fn check(kind: &Kind, database: Database, payments: usize) -> Outcome<()> {
    // Five states were reached by each.
    for (table, expected) in TABLES.into_iter().zip([payments, payments, 5 * payments, payments]) {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = match kind {
            Kind::Sqlite => {
                let mut conn = SqliteConnection::connect(&database.url).await?;
                sqlx::query(sql).fetch_one(&mut conn).await?.try_get(0)?
            }
            Kind::Postgres(_) => {
                let mut conn = PgConnection::connect(&database.url).await?;
                sqlx::query(sql).fetch_one(&mut conn).await?.try_get(0)?
            }
        };
        if usize::try_from(count) != Ok(expected) {
            return Err(format!("{table} has {count} rows, not {expected}").into());
        }
    }
    database.remove().await
}
