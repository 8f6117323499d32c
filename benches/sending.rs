//! Deposits that go out on a network whose ledgers close at a steady pace.
//!
//! An account has one transaction in a ledger, and a transaction so many payments: that is the limit, for any software.
//! The network is simulated, and keeps books of its own: the payments in each ledger are counted there.

use std::collections::BTreeMap;
use std::time::Duration;

use railpoll::engine::Poller;
use railpoll_sandbox::bank::BankOptions;
use railpoll_sandbox::horizon::{Closing, HorizonOptions};

use crate::legs::anchor::{Anchor, NETWORK, us};
use crate::legs::seed::{What, seed};
use crate::support::database::{Database, Kind};
use crate::support::report::Table;
use crate::support::worker::Worker;
use crate::support::{Outcome, block_on};

/// The real network's ledgers close every five seconds.
const LEDGER: Duration = Duration::from_secs(1);
/// So many ledgers could take all.
const LEDGERS: usize = 6;
/// Accounts whose sequence numbers are used, and payments in one transaction.
const SETTINGS: [(usize, usize); 7] =
    [(1, 1), (4, 1), (16, 1), (1, 20), (4, 20), (16, 20), (16, 100)];

/// Measures it on each database.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
    let mut table = Table::new(["payments in a ledger", "ours", "limit", "ratio"]);
    for kind in Kind::all() {
        for (channels, payments) in SETTINGS.into_iter().step_by(if tenth > 1 { 3 } else { 1 }) {
            sending(&kind, channels, payments, &mut table)?;
        }
    }
    table.print();
    Ok(())
}

fn sending(kind: &Kind, channels: usize, payments: usize, table: &mut Table) -> Outcome<()> {
    let horizon = HorizonOptions {
        closing: Closing::Every(LEDGER),
        capacity: 10_000,
        ..HorizonOptions::default()
    };
    let anchor = Anchor::new(BankOptions::default(), horizon)?;
    let to = anchor.receivers()?;
    let limit = channels * payments;
    let deposits = limit * LEDGERS;
    block_on(async {
        let database = Database::new(kind).await?;
        seed(&database.url, &What::PaidDeposit(to), deposits).await?;
        let network = format!("payments_per_envelope = {payments}");
        let config = anchor.config(&database.url, channels, &network, "")?;
        let worker = Worker::new(&config, &database.url, Poller::PendingDeposits, NETWORK).await?;
        worker.sweep().await?;
        worker.close().await?;
        database.remove().await
    })?;
    let mut ledgers: BTreeMap<u32, usize> = BTreeMap::new();
    for paid in anchor.horizon.payments_from(&us()) {
        *ledgers.entry(paid.ledger).or_default() += 1;
    }
    let (Some((first, _)), Some((last, _))) = (ledgers.first_key_value(), ledgers.last_key_value())
    else {
        return Err("nothing was paid".into());
    };
    let paid: usize = ledgers.values().sum();
    if paid != deposits || !anchor.horizon.violations().is_empty() {
        return Err(format!("{paid} of {deposits}, {:?}", anchor.horizon.violations()).into());
    }
    let tenths = paid * 10 / usize::try_from(last - first + 1)?;
    let hundredths = tenths * 10 / limit;
    table.row([
        format!("{kind}, {channels} channels, {payments} payments each"),
        format!("{}.{}", tenths / 10, tenths % 10),
        limit.to_string(),
        format!("{}.{:02}", hundredths / 100, hundredths % 100),
    ]);
    Ok(())
}
