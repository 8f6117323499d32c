//! What the daemons of transfers take of the machine, with few pending transfers and with many.

use std::time::{Duration, Instant};

use railpoll::engine::TransferStatus;
use railpoll::store::Store;
use railpoll_sandbox::bank::{BankEndpoint, BankOptions, Course};
use railpoll_sandbox::horizon::{Closing, HorizonOptions};

use crate::incoming::pay;
use crate::legs::anchor::Anchor;
use crate::legs::seed::{What, count, seed};
use crate::legs::wait;
use crate::process::{Daemon, megabytes};
use crate::support::database::{Database, Kind};
use crate::support::report::{Table, rate};
use crate::support::{Outcome, block_on};

const PENDING_DEPOSITS: &str = env!("CARGO_BIN_EXE_railpoll-pending-deposits");
const OUTGOING: &str = env!("CARGO_BIN_EXE_railpoll-outgoing");
const WATCH: &str = env!("CARGO_BIN_EXE_railpoll-watch");
/// What the project holds itself to, in MB.
const LIMIT: &str = "40.0";
/// Deposits in one question.
const QUESTION: usize = 500;
/// Payments that come in, or go out on the network, are no more: there memory would be the simulated network's.
const ON_LEDGER: usize = 5_000;

/// A daemon at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Paying out, and following: each payout is on its way for a while.
    Paying,
    /// Asking the rail about deposits that do not come.
    Asking,
    /// Sending deposits on.
    Sending,
    /// Reading what comes in.
    Watching,
}

/// Measures each daemon on each database.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
    let mut table = Table::new(["figure", "measured", "limit", "unit"]);
    for kind in Kind::all() {
        for doing in [Doing::Asking, Doing::Sending, Doing::Watching, Doing::Paying] {
            let sizes = [1_000, 10_000, 100_000].into_iter();
            for transfers in sizes.take(if tenth > 1 { 2 } else { 3 }) {
                measure(&kind, doing, transfers, &mut table)?;
            }
        }
    }
    table.print();
    Ok(())
}

fn measure(kind: &Kind, doing: Doing, transfers: usize, table: &mut Table) -> Outcome<()> {
    let course = Course::later(2, Course::Deliver);
    let bank = BankOptions { course, ..BankOptions::default() };
    let closing = Closing::Every(Duration::from_secs(1));
    let anchor = Anchor::new(bank, HorizonOptions { closing, ..HorizonOptions::default() })?;
    let on_ledger = std::cmp::min(transfers, ON_LEDGER);
    let (program, what) = match doing {
        Doing::Paying => (OUTGOING, What::Send),
        Doing::Asking => (PENDING_DEPOSITS, What::Deposit),
        Doing::Sending => (PENDING_DEPOSITS, What::PaidDeposit(anchor.receivers()?)),
        Doing::Watching => {
            pay(&anchor, on_ledger)?;
            (WATCH, What::Withdrawal)
        }
    };
    let database = block_on(Database::new(kind))?;
    block_on(seed(&database.url, &what, transfers))?;
    let config = anchor.config(&database.url, 16, "", "")?;
    let daemon = Daemon::start(program, &config, "--loop", None)?;
    let begun = Instant::now();
    let here = |status| {
        block_on(async {
            let store = Store::create(&database.url).await?;
            let here = count(&store, status).await?;
            store.close().await;
            Ok(here)
        })
    };
    let (questions, bank) = (transfers.div_ceil(QUESTION), &anchor.bank);
    let asked = || usize::try_from(bank.requests_to(BankEndpoint::DepositsLookup));
    wait("the daemon to have done its work", || match doing {
        Doing::Paying => Ok(here(TransferStatus::Completed)? == transfers),
        Doing::Asking => Ok(asked()? > 2 * questions),
        Doing::Sending => Ok(here(TransferStatus::Completed)? >= on_ledger),
        Doing::Watching => Ok(here(TransferStatus::PendingAnchor)? >= on_ledger),
    })?;
    let took = begun.elapsed();
    let peak = daemon.memory("VmHWM:").ok_or("no memory is told")?;
    drop(daemon);
    block_on(database.remove())?;
    let name = format!("{kind}, {doing:?}, {transfers} transfers").to_lowercase();
    table.row([format!("peak memory, {name}"), megabytes(peak), LIMIT.to_owned(), "MB".into()]);
    if doing == Doing::Paying {
        let paid = rate(transfers, took).to_string();
        let figure = format!("paid and followed over HTTP, {name}");
        table.row([figure, paid, String::new(), "transfers/s".into()]);
    }
    Ok(())
}
