//! What comes in on a network: the poller `watch` on one Stellar network.
//!
//! Each account of ours is read from the place where the last record was stored: by page until nothing more is there
//! (`pages`), then, in loop mode, by a stream until the sweep's time is over (`streaming`). A stream that breaks is
//! followed by pages, so that nothing falls into the gap; and where nothing comes by it, pages are looked at every few
//! seconds beside it, as is what is due. Each page is one transaction with the place behind it.

mod again;
mod dry_run;
mod horizon;
mod pages;
mod streaming;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::time::Instant;

use self::horizon::told_until;
use super::clients::stellar;
use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::patience::{Requests, answer_max};
use super::frame::round::Round;
use crate::config::PollerSettings;
use crate::engine::{
    Cause, PlaceKind, RetryPolicy, Step, Tally, Transfer, TransferStatus, accounts_on,
};
use crate::jobs::expected::Expected;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::stellar::{Horizon, Root};
use crate::networks::{NetworkError, Wish};
use crate::store::{Scope, Waiting};

/// Why a transfer expires.
const LAPSED: &str = "nothing came before its deadline";
/// A sweep in loop mode ends after this, so that it is on record, and the next one begins.
const SWEEP_MAX: Duration = Duration::from_secs(30);

/// What watches one network, again and again.
pub struct Watcher {
    desk: Desk,
    horizon: Horizon,
    expected: Expected,
    /// Our accounts on the network, each once.
    accounts: Vec<String>,
    /// All rails, for whatever rail a transfer names.
    rails: Vec<String>,
    batch_size: u32,
    retry: RetryPolicy,
    /// In loop mode there is time for streams.
    lasts: bool,
    /// Whether the last sweep failed.
    has_failed: AtomicBool,
}

/// The job at the network that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = scope.network.clone();
    let made = Watcher::new(making, scope, own, &name);
    Ok(Box::new(made.map_err(|error| format!("network {name}: {error}"))?))
}

#[async_trait(?Send)]
impl Job for Watcher {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        // All that this ledger has, and those before it, is read once the pages are at their end.
        let root = round.answer(self.horizon.check()).await?;
        self.compare_places(round, &root).await?;
        report.newest = root.latest_ledger_closed_at;
        let session =
            Session { until: Cell::new(Instant::now() + SWEEP_MAX), root: RefCell::new(root) };
        let reads = self.accounts.iter().map(|own| self.catch_up(round, own, &session));
        gathered(report, join_all(reads).await)?;
        if round.is_stopping() {
            return round.sick.end(round.lease, || self.is_well(round)).await;
        }
        self.expire_elsewhere(round, &session, &mut report.acted).await?;
        report.open = self.count_open().await?;
        // After one that failed, a sweep ends here: that it is well again is told when a sweep is over.
        if self.lasts && !self.has_failed.swap(false, Ordering::Relaxed) {
            let streams = self.accounts.iter().map(|own| self.follow(round, own, &session));
            gathered(report, join_all(streams).await)?;
            report.newest = report.newest.map(|_| round.now());
        }
        round.sick.end(round.lease, || self.is_well(round)).await
    }

    fn failed(&self, _error: &SweepError) {
        self.has_failed.store(true, Ordering::Relaxed);
    }

    async fn read_again(&self, round: &Round<'_>, place: &str) -> Result<bool, SweepError> {
        self.ask_again(round, place).await
    }

    async fn check(&self) -> Result<(), SweepError> {
        self.horizon.check().await?;
        Ok(())
    }

    async fn preview(
        &self,
        stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.tell_due(stop, observer, report).await
    }

    fn wishes(&self) -> Vec<Wish> {
        self.horizon.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.horizon.remember(wishes);
    }
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
        let (network, settings) = making.settings.stellar(name)?;
        let requests = Arc::new(Requests::default());
        let horizon = stellar::horizon(making, network, settings, own.retry, &requests)?;
        let assets = making.settings.assets.clone();
        Ok(Self {
            desk: Desk {
                store: making.store.clone(),
                scope,
                clock: making.clock.clone(),
                requests,
                answer_max: answer_max(settings.asking.timeout, own.retry),
                of_place: SweepError::Network,
            },
            horizon,
            accounts: accounts_on(&assets, name).into_iter().collect(),
            expected: Expected::of(making.settings),
            rails: making.settings.rails.keys().cloned().collect(),
            batch_size: own.batch_size,
            retry: own.retry,
            lasts: making.lasts,
            has_failed: AtomicBool::new(false),
        })
    }

    /// Whether Horizon answers what is nobody's own.
    async fn is_well(&self, round: &Round<'_>) -> Result<(), NetworkError> {
        round.answer(self.horizon.root()).await.map(drop)
    }

    /// What came of reading an account. What fails for it alone puts it off, and is no failure of the sweep: whether it is so
    /// is asked at once, for much may wait for an account.
    async fn judged(
        &self,
        round: &Round<'_>,
        account: &str,
        result: Result<(), SweepError>,
    ) -> Result<(), SweepError> {
        let thing = thing_of(account);
        match result {
            Ok(()) => Ok(round.sick.well(round.lease, &thing).await?),
            Err(SweepError::Network(error)) => {
                let ask = || self.is_well(round);
                round.sick.failed(round.lease, &thing, error, ask).await?;
                self.is_well(round).await?;
                Ok(round.sick.place_is_well(round.lease).await?)
            }
            Err(error) => Err(error),
        }
    }

    /// Ends transfers for which nothing came to `account` in time, by the ledger's time, now that its list was read to its
    /// end after the session's newest ledger was told; and counts them.
    async fn expire(
        &self,
        round: &Round<'_>,
        account: &str,
        session: &Session,
        ended: &mut u64,
    ) -> Result<(), SweepError> {
        let Some(until) = told_until(&session.root.borrow()) else { return Ok(()) };
        self.expire_until(round, Some(account), until, ended).await
    }

    /// The same where nothing is read: an account that is ours no longer, or none at all.
    async fn expire_elsewhere(
        &self,
        round: &Round<'_>,
        session: &Session,
        ended: &mut u64,
    ) -> Result<(), SweepError> {
        let Some(until) = told_until(&session.root.borrow()) else { return Ok(()) };
        self.expire_until(round, None, until, ended).await
    }

    async fn expire_until(
        &self,
        round: &Round<'_>,
        account: Option<&str>,
        until: DateTime<Utc>,
        ended: &mut u64,
    ) -> Result<(), SweepError> {
        loop {
            let network = &self.desk.scope.network;
            let overdue = self
                .desk
                .store
                .overdue_transfers(PlaceKind::Network, network, account, until, self.batch_size)
                .await?;
            let steps: Vec<Step<'_>> = overdue
                .iter()
                .filter(|transfer| self.lapses(account, transfer))
                .map(|transfer| {
                    Step::new(transfer, TransferStatus::Expired, Cause::DeadlinePassed)
                        .because(LAPSED)
                })
                .collect();
            let lease = round.lease;
            let moved = self.desk.store.move_transfers(lease, &steps, &[], round.now()).await?;
            *ended += u64::try_from(moved.len()).unwrap_or(u64::MAX);
            round.beat();
            if moved.is_empty() || round.is_stopping() {
                return Ok(());
            }
        }
    }

    /// Whether `transfer`, which is overdue, ends now that the list of `account` was read; or with none, though no list was.
    fn lapses(&self, account: Option<&str>, transfer: &Transfer) -> bool {
        let is_read = |own: &String| self.accounts.contains(own);
        account.is_some() || !transfer.account.as_ref().is_some_and(is_read)
    }

    /// Whether a transfer to `account` waits whose deadline is over by our clock.
    async fn is_due(&self, round: &Round<'_>, account: &str) -> Result<bool, SweepError> {
        let (network, now) = (&self.desk.scope.network, round.now());
        let due = self
            .desk
            .store
            .overdue_transfers(PlaceKind::Network, network, Some(account), now, 1)
            .await?;
        Ok(!due.is_empty())
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

/// The name by which an account is put off.
fn thing_of(account: &str) -> String {
    format!("account/{account}")
}

/// What the accounts of one sweep share.
#[derive(Debug)]
struct Session {
    /// The streams end then.
    until: Cell<Instant>,
    /// What Horizon last said of itself.
    root: RefCell<Root>,
}

/// What reading an account has brought.
#[derive(Debug, Default)]
struct Read {
    pages: u64,
    tally: Tally,
    /// Transfers that came to their end.
    ended: u64,
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
        report.acted += read.ended;
        failed = failed.or(result.err());
    }
    failed.map_or(Ok(()), Err)
}
