//! Money goes out on a rail: what is due is paid out, and what is on its way is followed to its end.
//!
//! A payout is written down before the rail hears of it, with the key that it keeps. One whose fate is not known is asked
//! about before anything else, and where the rail cannot tell, a person must. See
//! `engine::decide::payouts` for what follows from each answer, and `pump` for how many are in hand at once.

mod calls;
mod dry_run;
mod pump;
mod queue;
mod records;
mod settling;
mod untaken;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::pump::{Left, Pump, Pumped};
use super::clients::rail::rail_of;
use super::frame::checked::Checked;
use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::patience::{Requests, answer_max};
use super::frame::round::Round;
use super::{Stage, SweepError, SweepReport};
use crate::config::PollerSettings;
use crate::engine::decide::payouts::PayoutFacts;
use crate::engine::{Assets, Clock, Transfer, TransferStatus, decimals_of};
use crate::jobs::frame::looking::look_at_rail;
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::{RequestSeen, Wish};
use crate::rails::AnyRail;
use crate::store::{Lease, PayoutRow, Scope, Store, StoreError, TransferCount};

/// What pays out on one rail, again and again: everything that outlives a sweep.
pub struct Paying {
    desk: Desk,
    rail: AnyRail,
    options: PayingOptions,
    /// Whether the rail was found to be what the settings say.
    checked: Checked,
    /// Whether the last sweep may have left payouts in hand.
    is_untidy: AtomicBool,
    /// Whether the rail may have a payout that it does not take, or an alert of one stands.
    may_be_untaken: AtomicBool,
    /// Whether payouts may have been forgotten that the rail cannot be asked about.
    has_forgotten: AtomicBool,
    /// In loop mode another sweep comes, and takes up what this one leaves.
    lasts: bool,
    /// What the last sweep has left.
    left: Mutex<Option<Left>>,
}

/// How much is done at once, and by whom.
#[derive(Debug, Clone)]
pub struct PayingOptions {
    /// The one stage that is wanted; none is both.
    pub stage: Option<Stage>,
    /// The most payouts that are claimed at once.
    pub batch_size: u32,
    /// The most calls of the rail under way at once.
    pub parallel: usize,
    /// One call of the rail, with all its tries, takes no longer.
    pub answer_max: Duration,
    /// The assets by name.
    pub assets: Assets,
}

/// The job at the rail that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = scope.network.clone();
    let made = Paying::of(making, scope, own);
    Ok(Box::new(made.map_err(|error| format!("rail {name}: {error}"))?))
}

#[async_trait(?Send)]
impl Job for Paying {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        // A rail that is down, or another than it should be, is not tried with anybody's money.
        let check = round.answer(self.rail.check());
        self.checked.make_sure(check).await.map_err(SweepError::Rail)?;
        if self.desk.store.is_held().await? {
            look_at_rail(round, &*self.rail, self.rail_name()).await?;
        }
        if self.desk.store.is_held().await? {
            report.standing = self.standing().await?;
            report.open = open(&report.standing);
            return Ok(());
        }
        if !self.rail.knows_keys() {
            let was_restored = self.desk.store.was_restored(round.now()).await?;
            self.has_forgotten.store(was_restored, Ordering::Relaxed);
        }
        // What a panic cuts short is untidy too.
        if self.is_untidy.swap(true, Ordering::Relaxed) {
            let found = self.desk.store.let_go_of_payouts(round.lease, self.rail_name()).await?;
            tracing::debug!(found, "payouts whose end could not be written down are looked up");
        }
        if self.options.stage != Some(Stage::Poll) {
            self.settle(round).await?;
        }
        // Boxed: it is large, and everything that waits for it would be as large.
        let left = self.left().take().filter(|left| left.is_of(round.lease));
        let pumped = Box::pin(Pump::new(self, round, left).run()).await;
        let Pumped { batches, acted, error, is_untidy, left } = pumped;
        *self.left() = left;
        self.is_untidy.store(is_untidy, Ordering::Relaxed);
        (report.pages, report.acted) = (batches, acted);
        if let Some(error) = error {
            return Err(error);
        }
        if !round.is_stopping() {
            let is_well = async || round.answer(self.rail.check()).await;
            round.sick.end(round.lease, is_well).await?;
        }
        self.tell_of_untaken(round).await?;
        report.standing = self.standing().await?;
        report.open = open(&report.standing);
        Ok(())
    }

    fn failed(&self, error: &SweepError) {
        // A rail that is down may be another when it comes up.
        if matches!(error, SweepError::Rail(_)) {
            self.checked.forget();
        }
    }

    async fn finish(&self, lease: &Lease, observer: Observer<'_>) {
        let left = self.left().take().filter(|left| left.is_of(lease));
        if left.is_none() {
            return;
        }
        let error = match self.desk.round(lease, &|| true, observer).await {
            Ok(round) => Box::pin(Pump::new(self, &round, left).run()).await.error,
            Err(error) => Some(error.into()),
        };
        if let Some(error) = error {
            tracing::warn!(%error, "what came of the last payouts could not be written down: they are looked up");
        }
    }

    async fn check(&self) -> Result<(), SweepError> {
        self.rail.check().await.map_err(SweepError::Rail)
    }

    async fn preview(
        &self,
        _stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.check().await?;
        Ok(self.tell_due(observer, report).await?)
    }

    fn wishes(&self) -> Vec<Wish> {
        self.rail.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.rail.remember(wishes);
    }
}

impl Paying {
    /// What pays out on the rail that `scope` names.
    #[must_use]
    pub fn new(
        store: Store,
        rail: AnyRail,
        scope: Scope,
        options: PayingOptions,
        clock: Clock,
    ) -> Self {
        let (requests, answer_max) = (Arc::default(), options.answer_max);
        Self {
            desk: Desk { store, scope, clock, requests, answer_max, of_place: SweepError::Rail },
            rail,
            options,
            checked: Checked::default(),
            is_untidy: AtomicBool::new(false),
            may_be_untaken: AtomicBool::new(true),
            has_forgotten: AtomicBool::new(false),
            lasts: false,
            left: Mutex::default(),
        }
    }

    /// What pays out on the configured rail that `scope` names.
    pub(super) fn of(
        making: &Making<'_>,
        scope: Scope,
        own: &PollerSettings,
    ) -> Result<Self, String> {
        let name = &scope.network;
        let settings = making.settings.rails.get(name).ok_or("it is not configured")?;
        let (seen, of) = (Arc::clone(&making.seen), name.clone());
        let requests: Arc<Requests> = Arc::default();
        let counted = Arc::clone(&requests);
        let observe = move |request: &RequestSeen| {
            counted.saw(request);
            seen(&of, request);
        };
        let rail = rail_of(making, settings, own.retry, observe)?;
        let options = PayingOptions {
            stage: making.stage,
            batch_size: own.batch_size,
            parallel: usize::try_from(settings.parallel).unwrap_or(usize::MAX),
            answer_max: answer_max(settings.timeout, own.retry),
            assets: making.settings.assets.clone(),
        };
        let (store, clock) = (making.store.clone(), making.clock.clone());
        let mut paying = Self::new(store, rail, scope, options, clock);
        paying.desk.requests = requests;
        paying.lasts = making.lasts;
        Ok(paying)
    }

    /// How many decimals an order for `transfer` has: its asset's on the rail, or else its currency's. None if nobody knows.
    fn decimals_of(&self, transfer: Option<&Transfer>, currency: &str) -> Option<u32> {
        let asset = transfer.and_then(|transfer| self.options.assets.get(&transfer.asset));
        let side = asset.and_then(|asset| asset.rail.as_ref());
        let own = side.filter(|side| side.currency == currency);
        own.map(|side| side.decimals).or_else(|| decimals_of(currency))
    }

    /// A panic while it is held leaves it as it was.
    fn left(&self) -> MutexGuard<'_, Option<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the transfers of this rail stand.
    async fn standing(&self) -> Result<Vec<TransferCount>, StoreError> {
        let mut counts = self.desk.store.transfer_counts().await?;
        counts.retain(|count| count.rail == self.rail_name());
        Ok(counts)
    }

    /// A payout as far as a verdict depends on it.
    fn asked<'p>(&self, payout: &'p PayoutRow) -> PayoutFacts<'p> {
        PayoutFacts {
            purpose: payout.purpose,
            status: payout.status,
            amount: &payout.amount,
            attempts: u32::try_from(payout.attempts).unwrap_or(u32::MAX),
            looks: u32::try_from(payout.looks).unwrap_or(u32::MAX),
            has_forgotten: self.has_forgotten.load(Ordering::Relaxed),
        }
    }

    /// The rail's name. Of several processes that share the rail, each has a lease of another name.
    fn rail_name(&self) -> &str {
        &self.desk.scope.network
    }

    fn batch(&self) -> usize {
        usize::try_from(self.options.batch_size).unwrap_or(usize::MAX)
    }
}

/// Whether a person is to find out what became of a transfer's payout: its rail is not asked again.
fn is_left_to_a_person(transfer: &Transfer) -> bool {
    transfer.status == TransferStatus::OnHold
}

/// How many transfers wait for their rail.
fn open(standing: &[TransferCount]) -> u64 {
    let waits = |status| match status {
        TransferStatus::PendingAnchor
        | TransferStatus::PendingReceiver
        | TransferStatus::PendingExternal => true,
        TransferStatus::Incomplete
        | TransferStatus::PendingUserTransferStart
        | TransferStatus::PendingUserTransferComplete
        | TransferStatus::PendingStellar
        | TransferStatus::PendingTrust
        | TransferStatus::PendingUser
        | TransferStatus::PendingSender
        | TransferStatus::PendingTransactionInfoUpdate
        | TransferStatus::PendingCustomerInfoUpdate
        | TransferStatus::OnHold
        | TransferStatus::Completed
        | TransferStatus::Refunded
        | TransferStatus::Expired
        | TransferStatus::NoMarket
        | TransferStatus::TooSmall
        | TransferStatus::TooLarge
        | TransferStatus::Error => false,
    };
    standing.iter().filter(|count| waits(count.status)).map(|count| count.transfers).sum()
}
