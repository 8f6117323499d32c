//! Asking a rail about deposits that are waited for.
//!
//! The rail answers at once, in this process. *arrived*: all of them have come, and go from "waiting for the customer"
//! to "to be sent on", with amounts, history and event. *nothing came*: the poller's steady state, where it notes of
//! each when to ask again. The floor changes the same rows with the plainest statements, without looking at any.

use std::sync::Arc;

use railpoll::config::PollerSettings;
use railpoll::engine::Poller;
use railpoll::jobs::{AnyJob, Asker, Make, Making};
use railpoll::store::Scope;
use railpoll_sandbox::bank::BankOptions;
use railpoll_sandbox::horizon::HorizonOptions;

use crate::legs::anchor::{Anchor, RAIL};
use crate::legs::floor::{EVENTS, Floor, HISTORY, Statement};
use crate::legs::rail::Instant;
use crate::legs::seed::{What, seed};
use crate::support::cost::Cost;
use crate::support::database::{Database, Kind};
use crate::support::report::Table;
use crate::support::worker::Worker;
use crate::support::{Outcome, ROUNDS, block_on};

/// So many are in one question.
const BATCH: usize = 500;

const ARRIVED: Statement = Statement::same(
    "UPDATE transfers SET status = 'pending_anchor', version = 2, amount_in = amount_expected, \
     amount_out = amount_expected, amount_fee = '0', from_address = 'DE02120300000000202051', \
     rail_reference = 'ref-' || transfer_id, updated_at = created_at WHERE ",
);
const AGAIN: Statement =
    Statement::same("UPDATE transfers SET not_before = created_at, attempts = attempts + 1 WHERE ");

/// Measures both, on each database.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
    let deposits = 20_000 / tenth;
    let anchor = Anchor::new(BankOptions::default(), HorizonOptions::default())?;
    let mut table = Table::new(["deposits asked about/s", "ours", "floor", "ratio"]);
    for kind in Kind::all() {
        for answer in [Instant::Arrived, Instant::NotYet] {
            block_on(asking(&anchor, &kind, deposits, answer, &mut table))?;
        }
    }
    table.print();
    Ok(())
}

async fn asking(
    anchor: &Anchor,
    kind: &Kind,
    deposits: usize,
    answer: Instant,
    table: &mut Table,
) -> Outcome<()> {
    let (figure, statements): (_, &[Statement]) = match answer {
        Instant::Arrived => ("arrived", &[ARRIVED, HISTORY, EVENTS]),
        Instant::NotYet => ("nothing came", &[AGAIN]),
    };
    let (mut ours, mut floor) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        ours.push(railpoll(anchor, kind, deposits, answer).await?);
        let plain = Floor::seeded(kind, &What::Deposit, deposits).await?;
        floor.push(plain.run(BATCH, statements).await?);
    }
    table.compare(&format!("{kind}, {figure}"), deposits, &ours, &floor);
    Ok(())
}

/// The poller's job, with a rail that answers at once.
fn with(
    making: &Making<'_>,
    scope: Scope,
    own: &PollerSettings,
    answer: Instant,
) -> Result<AnyJob, String> {
    let asker = Asker::new(making, scope, own, RAIL)?;
    Ok(Box::new(asker.with_rail(Arc::new(answer))))
}

/// One sweep of the poller.
async fn railpoll(anchor: &Anchor, kind: &Kind, deposits: usize, answer: Instant) -> Outcome<Cost> {
    let database = Database::new(kind).await?;
    seed(&database.url, &What::Deposit, deposits).await?;
    let config = anchor.config(&database.url, 0, "", "")?;
    let make: Make = match answer {
        Instant::Arrived => |making, scope, own| with(making, scope, own, Instant::Arrived),
        Instant::NotYet => |making, scope, own| with(making, scope, own, Instant::NotYet),
    };
    let poller = Poller::PendingDeposits;
    let worker = Worker::made(&config, &database.url, poller, RAIL, make).await?;
    let (report, cost) = worker.sweep().await?;
    worker.close().await?;
    database.remove().await?;
    let done = match answer {
        Instant::Arrived => report.acted,
        Instant::NotYet => report.tally.unchanged,
    };
    if usize::try_from(done)? != deposits {
        return Err(format!("{report:?} in place of {deposits}").into());
    }
    Ok(cost)
}
