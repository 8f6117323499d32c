//! Paying transfers out and following them, beside the plainest statements that change the same rows; and what the
//! daemon costs that does it.
//!
//! ```text
//! cargo bench --bench transfers                          SQLite, 20,000 transfers, a daemon with 100,000
//! scripts/postgres run cargo bench --bench transfers     and PostgreSQL, with 100,000 to follow
//! cargo bench --bench transfers -- --quick               a tenth of it, and no daemon
//! ```
//!
//! The rail answers at once, in this process: what is measured is ours and the database's. Two floors: *bare* is one
//! UPDATE of the transfers for each batch, without a guard, a history or an event; *rows* writes all the rows that ours
//! writes, in one transaction for each batch, without looking at any. See docs/performance.md.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod payouts;
/// What is shared with the other benches.
mod support {
    pub(crate) mod cost;
    pub(crate) mod database;
    pub(crate) mod report;

    pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

    /// Runs `work` on a runtime of one thread, as a daemon does.
    pub(crate) fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
    }
}

use payouts::daemon;
use payouts::floor::{Floor, Rows};
use payouts::ours::{Answer, Payer};
use support::database::{Database, Kind};
use support::report::{Table, load};
use support::{Outcome, block_on};

/// Each figure is the middle one of so many.
const ROUNDS: usize = 3;
/// As many as the poller claims and writes down at once.
const BATCH: usize = 1_000;

fn main() -> Outcome<()> {
    let is_asked = |flag: &str| std::env::args().any(|arg| arg == flag);
    let is_quick = is_asked("--quick");
    let tenth = if is_quick { 10 } else { 1 };
    println!("transfers that are paid out and followed; {}", load());
    let mut table = Table::new(["transfers/s", "ours", "floor", "ratio"]);
    for kind in Kind::all() {
        let to_follow = match kind {
            Kind::Sqlite => 20_000 / tenth,
            Kind::Postgres(_) => 100_000 / tenth,
        };
        block_on(executing(&kind, 20_000 / tenth, &mut table))?;
        block_on(following(&kind, to_follow, &mut table))?;
    }
    table.print();
    if !is_quick {
        println!("\na daemon on SQLite, and a bank over HTTP; {}", load());
        let mut costs = Table::new(["figure", "measured", "limit", "unit"]);
        daemon::measure(100_000, &mut costs)?;
        costs.print();
    }
    println!("afterwards: {}", load());
    Ok(())
}

/// From "the money is in" to "completed", with a payout each, by a rail that delivers at once.
async fn executing(kind: &Kind, transfers: usize, table: &mut Table) -> Outcome<()> {
    let (mut ours, mut bare, mut rows) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let database = Database::new(kind).await?;
        let payer = Payer::new(&database.url, Answer::Delivered).await?;
        payer.seed(transfers).await?;
        ours.push(payer.sweep(transfers).await?);
        payer.close().await?;
        database.remove().await?;
        bare.push(Floor::seeded(kind, transfers).await?.bare(BATCH).await?);
        rows.push(Floor::seeded(kind, transfers).await?.rows(Rows::Executed, BATCH).await?);
    }
    table.compare(&format!("{kind}, executing, bare floor"), transfers, &ours, &bare);
    table.compare(&format!("{kind}, executing, floor of rows"), transfers, &ours, &rows);
    Ok(())
}

/// From "the rail has it" to "completed", by a rail that has delivered all of them.
async fn following(kind: &Kind, transfers: usize, table: &mut Table) -> Outcome<()> {
    let (mut ours, mut bare, mut rows) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let database = Database::new(kind).await?;
        let payer = Payer::new(&database.url, Answer::Initiated).await?;
        payer.seed(transfers).await?;
        payer.sweep(transfers).await?;
        payer.close().await?;
        let payer = Payer::later(&database.url, Answer::Delivered).await?;
        ours.push(payer.sweep(transfers).await?);
        payer.close().await?;
        database.remove().await?;
        bare.push(Floor::seeded(kind, transfers).await?.bare(BATCH).await?);
        rows.push(Floor::seeded(kind, transfers).await?.rows(Rows::Followed, BATCH).await?);
    }
    table.compare(&format!("{kind}, following, bare floor"), transfers, &ours, &bare);
    table.compare(&format!("{kind}, following, floor of rows"), transfers, &ours, &rows);
    Ok(())
}
