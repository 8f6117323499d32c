//! Paying out, and following what is on its way.
//!
//! The rail answers at once, in this process: what is measured is ours and the database's. Two floors: *bare* is one
//! UPDATE of the transfers for each batch, without a guard, a history or an event; *rows* writes all the rows that ours
//! writes, in one transaction for each batch, without looking at any.

mod ours;

use self::ours::Payer;
use crate::legs::floor::{EVENTS, Floor, HISTORY, Statement};
use crate::legs::rail::Instant;
use crate::legs::seed::{What, seed};
use crate::support::database::{Database, Kind};
use crate::support::report::Table;
use crate::support::{Outcome, ROUNDS, block_on};

/// As many as the poller claims and writes down at once.
const BATCH: usize = 1_000;

const UPDATE: Statement = Statement::same(
    "UPDATE transfers SET status = 'completed', version = 2, completed_at = updated_at WHERE ",
);
const PAYOUTS: Statement = Statement::same(
    "INSERT INTO payouts (payout_id, transfer_id, purpose, rail, amount, currency, status, attempts, \
     reference, intended_at, not_before) \
     SELECT transfer_id, transfer_id, 'payout', rail, amount_out, currency, 'initiated', 1, 'ref-' || transfer_id, \
     created_at, created_at FROM transfers WHERE ",
);
const ENDS: Statement =
    Statement::same("UPDATE payouts SET status = 'done', finished_at = intended_at WHERE ");

/// Measures both, on each database.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
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
    Ok(())
}

/// From "the money is in" to "completed", with a payout each, by a rail that delivers at once.
async fn executing(kind: &Kind, transfers: usize, table: &mut Table) -> Outcome<()> {
    let (mut ours, mut bare, mut rows) = (vec![], vec![], vec![]);
    let all = [PAYOUTS, ENDS, UPDATE, HISTORY, EVENTS];
    for _ in 0..ROUNDS {
        let database = Database::new(kind).await?;
        seed(&database.url, &What::Send, transfers).await?;
        let payer = Payer::new(&database.url, Instant::Arrived).await?;
        ours.push(payer.sweep(transfers).await?);
        payer.close().await?;
        database.remove().await?;
        let floor = Floor::seeded(kind, &What::Send, transfers).await?;
        bare.push(floor.run(BATCH, &[UPDATE]).await?);
        let floor = Floor::seeded(kind, &What::Send, transfers).await?;
        rows.push(floor.run(BATCH, &all).await?);
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
        seed(&database.url, &What::Send, transfers).await?;
        let payer = Payer::new(&database.url, Instant::NotYet).await?;
        payer.sweep(transfers).await?;
        payer.close().await?;
        let payer = Payer::later(&database.url, Instant::Arrived).await?;
        ours.push(payer.sweep(transfers).await?);
        payer.close().await?;
        database.remove().await?;
        let floor = Floor::seeded(kind, &What::Send, transfers).await?;
        bare.push(floor.run(BATCH, &[UPDATE]).await?);
        let mut floor = Floor::seeded(kind, &What::Send, transfers).await?;
        floor.before(&[PAYOUTS]).await?;
        rows.push(floor.run(BATCH, &[ENDS, UPDATE, HISTORY, EVENTS]).await?);
    }
    table.compare(&format!("{kind}, following, bare floor"), transfers, &ours, &bare);
    table.compare(&format!("{kind}, following, floor of rows"), transfers, &ours, &rows);
    Ok(())
}
