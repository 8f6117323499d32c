//! Has the money arrived? The poller `pending-deposits` on one rail.
//!
//! A rail is asked about the deposits that are waited for, oldest first, a batch at a time (`questions`; `batches` writes
//! down what it answers), or it tells of itself what came (`feed`). What its answers mean is in `answers`. Nothing here sends money on: see [`super::outbound`].

mod batches;
mod dry_run;
mod feed;
mod questions;

use std::sync::Arc;

use async_trait::async_trait;

use super::clients::rail::rail_of;
use super::frame::checked::Checked;
use super::frame::desk::Desk;
use super::frame::note::Observer;
use super::frame::patience::{Requests, answer_max};
use super::frame::round::Round;
use crate::config::{PollerSettings, RailKind};
use crate::engine::{Cause, PlaceKind, Step, Transfer, TransferStatus};
use crate::jobs::expected::Expected;
use crate::jobs::frame::looking::look_at_rail;
use crate::jobs::frame::report::{SweepError, SweepReport};
use crate::jobs::job::{AnyJob, Job, Stopping};
use crate::jobs::making::Making;
use crate::networks::{RequestSeen, Wish};
use crate::rails::{AnyRail, RailError};
use crate::store::{Scope, Waiting};

/// Why a transfer expires.
const LAPSED: &str = "nothing came before its deadline";
/// A rail that takes many calls at once is asked no more questions at once than this.
const AT_ONCE_MAX: usize = 8;

/// What asks one rail, again and again.
pub struct Asker {
    desk: Desk,
    rail: AnyRail,
    /// Whether the rail was found to be what the settings say.
    checked: Checked,
    /// It tells of itself what came, and is not asked about one deposit or another.
    tells_feed: bool,
    expected: Expected,
    /// So many deposits are asked about, and so many transfers moved, at once.
    batch_size: u32,
    /// So many questions are under way at once.
    at_once: usize,
}

/// The job at the rail that `scope` names.
///
/// # Errors
/// See [`Make`](super::Make).
pub fn make(making: &Making<'_>, scope: Scope, own: &PollerSettings) -> Result<AnyJob, String> {
    let name = scope.network.clone();
    let made = Asker::new(making, scope, own, &name);
    Ok(Box::new(made.map_err(|error| format!("rail {name}: {error}"))?))
}

#[async_trait(?Send)]
impl Job for Asker {
    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn sweep(&self, round: &Round<'_>, report: &mut SweepReport) -> Result<(), SweepError> {
        let check = round.answer(self.rail.check());
        self.checked.make_sure(check).await.map_err(SweepError::Rail)?;
        if round.store.is_held().await? {
            look_at_rail(round, &*self.rail, &self.desk.scope.network).await?;
        }
        let is_read = if self.tells_feed {
            self.follow(round, report).await?
        } else {
            self.ask_all(round, report).await?;
            true
        };
        round.sick.end(round.lease, || self.is_well(round)).await?;
        if is_read && !round.is_stopping() {
            self.expire(round, &mut report.acted).await?;
        }
        report.open = self
            .desk
            .store
            .count_waiting(&Waiting {
                rails: std::slice::from_ref(&self.desk.scope.network),
                network: None,
                are_deposits: true,
                statuses: &[
                    TransferStatus::PendingUserTransferStart,
                    TransferStatus::PendingExternal,
                ],
            })
            .await?;
        Ok(())
    }

    fn failed(&self, error: &SweepError) {
        // A rail that is down may be another when it comes up.
        if matches!(error, SweepError::Rail(_)) {
            self.checked.forget();
        }
    }

    async fn read_again(&self, round: &Round<'_>, place: &str) -> Result<bool, SweepError> {
        self.ask_again(round, place).await
    }

    async fn check(&self) -> Result<(), SweepError> {
        self.rail.check().await.map_err(SweepError::Rail)
    }

    async fn preview(
        &self,
        stop: Stopping<'_>,
        observer: Observer<'_>,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        self.check().await?;
        self.tell_due(stop, observer, report).await
    }

    fn wishes(&self) -> Vec<Wish> {
        self.rail.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.rail.remember(wishes);
    }
}

impl Asker {
    /// What asks the rail `name`.
    ///
    /// # Errors
    /// There is no such rail, its secret cannot be read, or it cannot be set up.
    pub fn new(
        making: &Making<'_>,
        scope: Scope,
        own: &PollerSettings,
        name: &str,
    ) -> Result<Self, String> {
        let settings =
            making.settings.rails.get(name).ok_or_else(|| format!("there is no rail {name}"))?;
        let requests = Arc::new(Requests::default());
        let (counted, seen, of) =
            (Arc::clone(&requests), Arc::clone(&making.seen), name.to_owned());
        let observe = move |request: &RequestSeen| {
            counted.saw(request);
            seen(&of, request);
        };
        Ok(Self {
            rail: rail_of(making, settings, own.retry, observe)?,
            desk: Desk {
                store: making.store.clone(),
                scope,
                clock: making.clock.clone(),
                requests,
                answer_max: answer_max(settings.timeout, own.retry),
                of_place: SweepError::Rail,
            },
            checked: Checked::default(),
            tells_feed: matches!(settings.kind, RailKind::WireGateway { .. }),
            expected: Expected::of(making.settings),
            batch_size: own.batch_size,
            at_once: usize::try_from(settings.parallel).unwrap_or(usize::MAX).clamp(1, AT_ONCE_MAX),
        })
    }

    /// The same with another rail in the configured one's place, such as one in this process.
    #[must_use]
    pub fn with_rail(self, rail: AnyRail) -> Self {
        Self { rail, ..self }
    }

    /// Whether the rail answers what is nobody's own.
    async fn is_well(&self, round: &Round<'_>) -> Result<(), RailError> {
        round.answer(self.rail.check()).await
    }

    /// Whether `transfer`, which is overdue, ends by its time alone.
    fn lapses(&self, transfer: &Transfer) -> bool {
        self.tells_feed || transfer.status != TransferStatus::PendingUserTransferStart
    }

    /// Ends transfers for which nothing came in time, and counts them. Deposits that the rail is asked about end by its
    /// answer.
    async fn expire(&self, round: &Round<'_>, ended: &mut u64) -> Result<(), SweepError> {
        loop {
            let now = round.now();
            let rail = &self.desk.scope.network;
            let overdue = self
                .desk
                .store
                .overdue_transfers(PlaceKind::Rail, rail, None, now, self.batch_size)
                .await?;
            let steps: Vec<Step<'_>> = overdue
                .iter()
                .filter(|transfer| self.lapses(transfer))
                .map(|transfer| {
                    Step::new(transfer, TransferStatus::Expired, Cause::DeadlinePassed)
                        .because(LAPSED)
                })
                .collect();
            let moved = self.desk.store.move_transfers(round.lease, &steps, &[], now).await?;
            *ended += count(moved.len());
            round.beat();
            if moved.is_empty() || round.is_stopping() {
                return Ok(());
            }
        }
    }
}

/// A number of things in the memory of this process.
fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
