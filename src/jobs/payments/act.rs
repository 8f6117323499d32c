//! Acting on what is due: first the operations whose end is not known, then reviews and new operations.
//!
//! A few are in hand at once, and each fails alone. A reviewer may take its time: its answer delays its own payment, and nobody
//! else's. Whoever sweeps again and again leaves questions that are still without an answer to the next sweep, which takes them
//! up (`reviewing`); a single sweep waits for them.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::closing::payment;
use super::deciding::Case;
use super::reviewing::{Question, Questions};
use crate::engine::decide::rules::Acts;
use crate::engine::{Payment, later, time_left};
use crate::jobs::frame::note::{Note, Observer};
use crate::jobs::frame::patience::BEAT;
use crate::jobs::frame::round::Round;
use crate::jobs::{Sweep, SweepError, Sweeper};
use crate::store::{Due, Intent, Lease};

/// So many payments are reviewed and acted on at once: a slow answer delays few others.
const AT_ONCE: usize = 8;
/// So many are in hand at once, with those whose reviews other sweeps have left.
const IN_HAND_MAX: usize = 4 * AT_ONCE;

/// What came of one thing that is acted on.
pub(super) enum Done {
    /// Nothing more is to be done with it now. Whether an operation came to its end.
    For(bool),
    /// A reviewer is to be asked.
    Asks(Box<Question>),
}

/// One thing to act on.
pub(super) type Act<'w> = LocalBoxFuture<'w, Result<Done, SweepError>>;

/// What a sweep is at.
struct Hand<'w> {
    waiting: VecDeque<Act<'w>>,
    running: FuturesUnordered<Act<'w>>,
    questions: Questions,
    /// So many of the questions are another sweep's.
    left: usize,
    acted: u64,
    failed: Option<SweepError>,
    begun: Instant,
    moved_at: Instant,
}

impl<'w> Hand<'w> {
    fn new(waiting: Vec<Act<'w>>, questions: Questions) -> Self {
        let now = Instant::now();
        Self {
            waiting: waiting.into(),
            running: FuturesUnordered::new(),
            left: questions.len(),
            questions,
            acted: 0,
            failed: None,
            begun: now,
            moved_at: now,
        }
    }

    /// Whether another one may be begun.
    fn has_place(&self) -> bool {
        let in_hand = self.running.len() + self.questions.len();
        in_hand.saturating_sub(self.left) < AT_ONCE && in_hand < IN_HAND_MAX
    }

    fn ended(&mut self, ended: Result<Done, SweepError>) {
        match ended {
            Ok(Done::For(acted)) => self.acted += u64::from(acted),
            Ok(Done::Asks(question)) => self.questions.ask(*question),
            // Those under way go on to their end: their answers are not to be lost.
            Err(error) if self.failed.is_none() => self.failed = Some(error),
            Err(error) => tracing::debug!(%error, "failed with the others"),
        }
    }
}

impl Sweeper {
    /// Waits for the answers that the last sweep has left, and carries them out: there will be no other sweep.
    pub(super) async fn finish_left(&self, lease: &Lease, observer: Observer<'_>) {
        let stop = || true;
        let carried_out = async {
            let round = self.desk.round(lease, &stop, observer).await?;
            self.begin(&stop, observer).each(&round, Vec::new(), &mut 0).await
        };
        if let Err(error) = carried_out.await {
            tracing::warn!(%error, "the last reviews are not carried out: they are made again");
        }
    }
}

impl Sweep<'_> {
    /// Acts on what is due. `acted` counts the operations that came to their end, also where it fails.
    ///
    /// First come the operations without a clear answer, in this run or in one that died; but none waits for them: one
    /// whose payment cannot be looked at has only its own place. Those that could not be looked at before come last.
    pub(super) async fn act(&self, round: &Round<'_>, acted: &mut u64) -> Result<(), SweepError> {
        let (failed, open): (Vec<_>, Vec<_>) = self
            .open(round)
            .await?
            .into_iter()
            .partition(|intent| round.sick.has_failed(&payment(&intent.payment_id)));
        let close = |intent: Intent| -> Act<'_> {
            Box::pin(async move { self.close(round, intent).await.map(Done::For) })
        };
        let again = |intent: Intent| -> Act<'_> {
            Box::pin(async move { self.close_in_time(round, intent).await.map(Done::For) })
        };
        let mut all: Vec<Act<'_>> = open.into_iter().map(close).collect();
        if let Some(acts) = self.job.rules.acts_as(&self.job.role) {
            let due = self.due(acts, round).await?;
            let handle = |case: Case| -> Act<'_> {
                Box::pin(async move { self.handle(round, acts, case).await })
            };
            all.extend(due.into_iter().map(handle));
        }
        all.extend(failed.into_iter().map(again));
        self.each(round, all, acted).await?;
        if !(self.stop)() {
            round.sick.end(round.lease, || self.is_well()).await?;
        }
        Ok(())
    }

    /// The payments that are due, nearest deadline first, but for those that a reviewer is being asked about.
    async fn due(&self, acts: &Acts, round: &Round<'_>) -> Result<Vec<Case>, SweepError> {
        let asked = |left: &Option<Questions>, due: &Due| {
            let left = left.as_ref().filter(|left| left.are_of(round.lease));
            left.is_some_and(|left| left.are_about(&due.payment_id))
        };
        let more = self.left().as_ref().map_or(0, Questions::len);
        let limit = self.job.batch_size.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        let mut due = self.all_due(acts, limit).await?;
        let left = self.left();
        due.retain(|case| !asked(&left, case.due()));
        Ok(due)
    }

    /// So many payments that are due, nearest deadline first.
    pub(super) async fn all_due(&self, acts: &Acts, limit: u32) -> Result<Vec<Case>, SweepError> {
        let (network, states) = (&self.desk.scope.network, self.job.rules.states);
        let (role, now) = (&acts.role, self.desk.clock.now());
        Ok(if self.job.settings.payout.is_some() {
            let due = self.desk.store.due_to_pay_out(network, states, role, now, limit).await?;
            due.into_iter().map(|to_pay| Case::OnRail(Box::new(to_pay))).collect()
        } else {
            let due = self.desk.store.due(network, states, role, now, limit).await?;
            due.into_iter().map(|due| Case::AtNetwork(Box::new(due))).collect()
        })
    }

    /// Does one thing after the other, a few at once, until the sweep is told to stop. Each fails alone, unless the
    /// network or the database fails all of them.
    async fn each(
        &self,
        round: &Round<'_>,
        all: Vec<Act<'_>>,
        acted: &mut u64,
    ) -> Result<(), SweepError> {
        let left = self.left().take().filter(|left| left.are_of(round.lease));
        let mut hand = Hand::new(all, left.unwrap_or_else(|| Questions::of(round.lease)));
        loop {
            while !(self.stop)()
                && hand.has_place()
                && let Some(act) = hand.waiting.pop_front()
            {
                hand.running.push(act);
            }
            if hand.running.is_empty() && (hand.questions.len() == 0 || self.leaves(&hand)) {
                break;
            }
            let pause = self.look_up_in(&hand);
            tokio::select! {
                Some(ended) = hand.running.next() => hand.ended(ended),
                Some(reviewed) = hand.questions.next() => {
                    hand.running.push(Box::pin(self.reviewed(round, reviewed)));
                }
                () = sleep(pause) => {
                    if hand.moved_at.elapsed() < self.job.reviewer.patience() {
                        (self.observer)(Note::Progress);
                    }
                    continue;
                }
            }
            if hand.failed.is_some() {
                self.give_up();
            }
            hand.moved_at = Instant::now();
            (self.observer)(Note::Progress);
        }
        if hand.questions.len() > 0 {
            *self.left() = Some(hand.questions);
        }
        *acted += hand.acted;
        hand.failed.map_or(Ok(()), Err)
    }

    /// Whether what waits for nothing but reviewers is left to the next sweep.
    fn leaves(&self, hand: &Hand<'_>) -> bool {
        let is_time = self.job.leaves_after.is_some_and(|after| hand.begun.elapsed() >= after);
        let is_over = hand.failed.is_some() && self.job.leaves_after.is_some();
        let is_begun = hand.waiting.is_empty() || !hand.has_place();
        (is_time || is_over) && is_begun && !(self.stop)()
    }

    /// When to look again whether to leave, or to say that this is no standstill.
    fn look_up_in(&self, hand: &Hand<'_>) -> Duration {
        let left = self.job.leaves_after.map(|after| after.saturating_sub(hand.begun.elapsed()));
        left.filter(|left| !left.is_zero()).map_or(BEAT, |left| std::cmp::min(left, BEAT))
    }

    /// A panic while it is held leaves it as it was.
    fn left(&self) -> std::sync::MutexGuard<'_, Option<Questions>> {
        self.job.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn too_near(&self, payment: &Payment) -> Option<TimeDelta> {
        let expires_at = payment.expires_at.filter(|_| payment.state.can_expire());
        time_left(expires_at, self.network_now(), self.margin())
    }

    pub(super) fn after(&self, pause: Duration) -> DateTime<Utc> {
        later(self.desk.clock.now(), pause)
    }

    /// The time by the network's clock: deadlines are the network's.
    pub(super) fn network_now(&self) -> DateTime<Utc> {
        self.desk.clock.now() + self.job.client.server_offset()
    }

    pub(super) fn margin(&self) -> TimeDelta {
        TimeDelta::from_std(self.job.settings.review.expiry_margin).unwrap_or(TimeDelta::MAX)
    }
}
