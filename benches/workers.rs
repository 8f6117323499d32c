//! Several processes that share a rail, on PostgreSQL.
//!
//! The bank takes a while for every answer, so that the limit is the rail: each process has so many calls under way at
//! once, and none is answered sooner. The bank's books say whether anybody was paid twice, or not at all, and when.

use std::process::Command;
use std::time::Duration;

use railpoll::engine::TransferStatus;
use railpoll::store::Store;
use railpoll_sandbox::bank::{Bank, BankOptions};
use railpoll_sandbox::horizon::HorizonOptions;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::legs::anchor::Anchor;
use crate::legs::seed::{What, count, seed};
use crate::legs::wait;
use crate::process::{Daemon, megabytes};
use crate::support::database::{Database, Kind};
use crate::support::report::{Table, rate};
use crate::support::{Outcome, block_on};

const OUTGOING: &str = env!("CARGO_BIN_EXE_railpoll-outgoing");
/// How long the bank takes for every answer.
const ANSWER: Duration = Duration::from_millis(50);
/// Calls that one process has under way at once: the default of `rails.*.parallel`.
const PARALLEL: usize = 16;

/// Processes, and transfers that each takes up at once: fewer are shared more evenly.
const SETTINGS: [(usize, usize); 7] =
    [(1, 500), (2, 500), (4, 500), (8, 500), (2, 50), (4, 50), (8, 50)];

/// Measures one, two, four and eight processes.
pub(crate) fn run(tenth: usize) -> Outcome<()> {
    let mut table = Table::new(["transfers paid/s", "ours", "limit", "ratio"]);
    for kind in Kind::all().iter().filter(|kind| **kind != Kind::Sqlite) {
        for (workers, batch) in SETTINGS {
            share(kind, workers, batch, 10_000 / tenth, &mut table)?;
        }
    }
    table.print();
    Ok(())
}

fn share(
    kind: &Kind,
    workers: usize,
    batch: usize,
    transfers: usize,
    table: &mut Table,
) -> Outcome<()> {
    let bank = BankOptions { latency: ANSWER, ..BankOptions::default() };
    let anchor = Anchor::new(bank, HorizonOptions::default())?;
    let database = block_on(Database::new(kind))?;
    block_on(seed(&database.url, &What::Send, transfers))?;
    let poller = format!("batch_size = {batch}");
    let config = anchor.config(&database.url, 0, "", &poller)?;
    let start = |_| Daemon::start(OUTGOING, &config, "--loop", None);
    let daemons: Vec<Daemon> = (0..workers).map(start).collect::<Outcome<_>>()?;
    wait("all to be completed", || block_on(completed(&database.url, transfers)))?;
    let mut peak = 0;
    for daemon in daemons {
        let pid = daemon.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        peak = std::cmp::max(peak, daemon.peak()?.0);
    }
    let took = paid_once(&anchor.bank, transfers)?;
    let shares = block_on(shares(&database.url))?;
    block_on(database.remove())?;
    let limit = workers * PARALLEL * 1_000 / usize::try_from(ANSWER.as_millis())?;
    let ours = rate(transfers, took);
    let hundredths = ours * 100 / u64::try_from(limit)?;
    let ratio = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let figure = format!(
        "{workers} workers, batches of {batch}, {} MB each, paid {shares}",
        megabytes(peak)
    );
    table.row([figure, ours.to_string(), limit.to_string(), ratio]);
    Ok(())
}

async fn completed(url: &str, transfers: usize) -> Outcome<bool> {
    let store = Store::create(url).await?;
    let completed = count(&store, TransferStatus::Completed).await?;
    store.close().await;
    Ok(completed == transfers)
}

/// How long it took from the first payout to the last. Fails unless each transfer was paid, and none twice.
fn paid_once(bank: &Bank, transfers: usize) -> Outcome<Duration> {
    let (payouts, twice) = (bank.payouts(), bank.paid_more_than_once());
    let paid = payouts.iter().filter(|payout| payout.status.is_paid()).count();
    let violations = bank.violations();
    if paid != transfers || !twice.is_empty() || !violations.is_empty() {
        return Err(format!("{paid} of {transfers}, twice {twice:?}, {violations:?}").into());
    }
    let times = || payouts.iter().map(|payout| payout.at);
    let (first, last) = times().min().zip(times().max()).ok_or("nothing was paid")?;
    Ok((last - first).to_std()? + ANSWER)
}

/// How many each has paid.
async fn shares(url: &str) -> Outcome<String> {
    let sql = "SELECT string_agg(paid, ' + ') FROM (SELECT CAST(sum(acted) AS text) AS paid FROM sweeps \
               WHERE poller = 'outgoing' GROUP BY network ORDER BY network) each";
    let mut conn = PgConnection::connect(url).await?;
    let shares = sqlx::query(sql).fetch_one(&mut conn).await?.try_get(0)?;
    conn.close().await?;
    Ok(shares)
}
