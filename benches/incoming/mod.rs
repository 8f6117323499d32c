//! Money that comes in on a network: read by page from Horizon, and matched with withdrawals by their memos.
//!
//! Horizon is simulated, in this process, on a thread of its own. The floor fetches the same pages from it, splits them
//! into records, and inserts and updates the same rows with the plainest statements: it matches nothing.

mod floor;

use railpoll::engine::{Poller, TransferStatus};
use railpoll::store::Store;
use railpoll_sandbox::bank::BankOptions;
use railpoll_sandbox::horizon::{CustomerMemo, CustomerPayment, HorizonOptions};

use crate::legs::anchor::{Anchor, NETWORK, us, usdc};
use crate::legs::floor::Floor;
use crate::legs::seed::{What, count, seed};
use crate::support::cost::Cost;
use crate::support::database::{Database, Kind};
use crate::support::report::Table;
use crate::support::worker::Worker;
use crate::support::{Outcome, ROUNDS, block_on};

/// Measures it on each database.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
    let payments = 20_000 / tenth;
    let anchor = Anchor::new(BankOptions::default(), HorizonOptions::default())?;
    pay(&anchor, payments)?;
    let mut table = Table::new(["incoming payments matched/s", "ours", "floor", "ratio"]);
    for kind in Kind::all() {
        block_on(matching(&anchor, &kind, payments, &mut table))?;
    }
    table.print();
    Ok(())
}

/// A customer pays for so many withdrawals, one transaction each.
pub(crate) fn pay(anchor: &Anchor, payments: usize) -> Outcome<()> {
    let customer = anchor.customer("customer")?;
    let payment = |number: usize| {
        let memo = CustomerMemo::Id(u64::try_from(number)?);
        Outcome::Ok(CustomerPayment { to: us(), asset: usdc(), amount: "10".to_owned(), memo })
    };
    let payments: Vec<CustomerPayment> = (0..payments).map(payment).collect::<Outcome<_>>()?;
    anchor.horizon.pay_all(&customer, &payments)?;
    Ok(())
}

async fn matching(anchor: &Anchor, kind: &Kind, payments: usize, table: &mut Table) -> Outcome<()> {
    let (mut ours, mut plain) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        ours.push(railpoll(anchor, kind, payments).await?);
        let floor = Floor::seeded(kind, &What::Withdrawal, payments).await?;
        plain.push(floor::incoming(floor, &anchor.horizon.url()).await?);
    }
    table.compare(&format!("{kind}, floor over HTTP"), payments, &ours, &plain);
    Ok(())
}

/// One sweep of the poller.
async fn railpoll(anchor: &Anchor, kind: &Kind, payments: usize) -> Outcome<Cost> {
    let database = Database::new(kind).await?;
    seed(&database.url, &What::Withdrawal, payments).await?;
    let config = anchor.config(&database.url, 0, "", "")?;
    let worker = Worker::new(&config, &database.url, Poller::Watch, NETWORK).await?;
    let (report, cost) = worker.sweep().await?;
    worker.close().await?;
    let store = Store::create(&database.url).await?;
    let waiting = count(&store, TransferStatus::PendingUserTransferStart).await?;
    store.close().await;
    database.remove().await?;
    if usize::try_from(report.tally.new)? != payments || waiting > 0 {
        return Err(format!("{report:?} in place of {payments}, and {waiting} wait").into());
    }
    Ok(cost)
}
