//! What comes in on a network: the poller `watch` on one Stellar network.
//!
//! Each account of ours is read from the place where the last record was stored: by page until nothing more is there
//! (`pages`), then, in loop mode, by a stream until the sweep's time is over (`streaming`). A stream that breaks is
//! followed by pages, so that nothing falls into the gap. Each page is one transaction with the place behind it.

mod again;
mod horizon;
mod pages;
mod streaming;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::assets::Assets;
use super::desk::Desk;
use super::job::Making;
use super::note::Observer;
use super::patience::{Requests, answer_max};
use super::round::Round;
use super::stellar;
use super::sweep::{SweepError, SweepReport, Swept};
use crate::config::PollerSettings;
use crate::engine::{Actor, Cause, RetryPolicy, Step, Tally, TransferStatus};
use crate::networks::stellar::{Horizon, Root};
use crate::store::{Lease, Scope, Waiting};

/// A sweep in loop mode ends after this, so that it is on record, and the next one begins.
const SWEEP_MAX: Duration = Duration::from_secs(30);

/// What watches one network, again and again.
pub struct Watcher {
    desk: Desk,
    horizon: Horizon,
    assets: Assets,
    /// Our accounts on the network, each once.
    accounts: Vec<String>,
    /// All rails, for whatever rail a transfer names.
    rails: Vec<String>,
    batch_size: u32,
    retry: RetryPolicy,
    /// In loop mode there is time for streams.
    lasts: bool,
}

impl Watcher {
    /// What watches the network `name`.
    ///
    /// # Errors
    /// There is no such network, or its client cannot be set up.
    pub fn new(
        making: &Making<'_>,
        scope: Scope,
        own: &PollerSettings,
        name: &str,
    ) -> Result<Self, String> {
        let (network, settings) = stellar::settings_of(making.settings, name)?;
        let requests = Arc::new(Requests::default());
        let horizon = stellar::horizon(making, network, settings, own.retry, &requests)?;
        let assets = Assets::of(making.settings)?;
        Ok(Self {
            desk: Desk {
                store: making.store.clone(),
                scope,
                clock: making.clock.clone(),
                requests,
                answer_max: answer_max(network.timeout, own.retry),
            },
            horizon,
            accounts: assets.accounts_on(name).into_iter().collect(),
            assets,
            rails: making.settings.rails.keys().cloned().collect(),
            batch_size: own.batch_size,
            retry: own.retry,
            lasts: making.lasts,
        })
    }

    /// The poller's memory that this works for.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.desk.scope
    }

    /// Asks Horizon whether it is of the configured network.
    pub(super) async fn check(&self) -> Result<(), SweepError> {
        self.horizon.check().await?;
        Ok(())
    }

    /// One sweep.
    pub async fn run(
        &self,
        lease: &Lease,
        stop: &(dyn Fn() -> bool + Sync),
        observer: Observer<'_>,
    ) -> Swept {
        let work =
            async |round: &Round<'_>, report: &mut SweepReport| self.sweep(round, report).await;
        self.desk.sweep(lease, stop, observer, work).await
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        let until = Instant::now() + SWEEP_MAX;
        // All that this ledger has, and those before it, is read once the pages are at their end.
        let root = round.answer(self.horizon.check()).await?;
        self.compare_cursors(round, &root).await?;
        let caught_up = join_all(self.accounts.iter().map(|own| self.catch_up(round, own))).await;
        gathered(report, caught_up)?;
        if round.is_stopping() {
            return Ok(());
        }
        report.newest = root.latest_ledger_closed_at;
        report.acted += self.expire(round, &root).await?;
        report.open = self.count_open().await?;
        if self.lasts {
            let streams = self.accounts.iter().map(|own| self.follow(round, own, until));
            gathered(report, join_all(streams).await)?;
            report.newest = report.newest.map(|_| round.now());
        }
        Ok(())
    }

    /// Ends transfers for which nothing came in time, by the ledger's time.
    async fn expire(&self, round: &Round<'_>, root: &Root) -> Result<u64, SweepError> {
        let Some(ledger_time) = root.latest_ledger_closed_at else { return Ok(0) };
        let mut ended = 0;
        loop {
            let network = &self.desk.scope.network;
            let overdue = self
                .desk
                .store
                .overdue_transfers(Actor::Watch, network, ledger_time, self.batch_size)
                .await?;
            let steps: Vec<Step<'_>> = overdue
                .iter()
                .map(|transfer| {
                    Step::new(transfer, TransferStatus::Expired, Cause::DeadlinePassed)
                        .because("nothing came before its deadline")
                })
                .collect();
            let lease = round.lease;
            let moved = self.desk.store.move_transfers(lease, &steps, &[], round.now()).await?;
            ended += u64::try_from(moved.len()).unwrap_or(u64::MAX);
            round.beat();
            if moved.is_empty() || round.is_stopping() {
                return Ok(ended);
            }
        }
    }

    async fn count_open(&self) -> Result<u64, SweepError> {
        let waiting = Waiting {
            rails: &self.rails,
            network: Some(&self.desk.scope.network),
            are_deposits: false,
            statuses: &[TransferStatus::PendingUserTransferStart, TransferStatus::PendingSender],
        };
        Ok(self.desk.store.count_waiting(&waiting).await?)
    }
}

/// What reading an account has brought.
#[derive(Debug, Default)]
struct Read {
    pages: u64,
    tally: Tally,
}

/// Adds up what each account has brought; and tells the first error, once all have come to their end.
fn gathered(
    report: &mut SweepReport,
    reads: Vec<(Read, Result<(), SweepError>)>,
) -> Result<(), SweepError> {
    let mut failed = None;
    for (read, result) in reads {
        report.pages += read.pages;
        report.tally += read.tally;
        failed = failed.or(result.err());
    }
    failed.map_or(Ok(()), Err)
}
