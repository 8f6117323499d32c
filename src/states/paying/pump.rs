//! Payouts in hand: claims, calls and records, all under way at the same time.
//!
//! What is claimed waits here until the rail has a free place; what the rail has answered waits here until it is written
//! down, many at once. A slow answer delays its own payout, and nobody else's: what becomes due meanwhile is claimed, and
//! a sweep that waits for nothing but slow answers leaves them to the next one.

mod failing;
mod pace;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until};

pub(super) use self::pace::Left;
use self::pace::{Calls, LOOK_AGAIN, SWEEP_MAX};
use super::Paying;
use super::calls::{Called, look_up, pay_out};
use super::queue::{Claimed, Queue, end_of};
use super::records::{Answered, write};
use super::verdict::{Verdict, after_look, after_payout, not_ordered};
use crate::engine::TransferStatus;
use crate::rails::{PayoutOutcome, PayoutReport, PayoutState, RailError};
use crate::states::patience::BEAT;
use crate::states::round::Round;
use crate::states::{Stage, SweepError};
use crate::store::{Claim, Following, StoreError};

/// So many payouts are asked about in one call.
const LOOKED_UP_AT_ONCE: usize = 200;
/// So many of these calls are under way at once: the other places are for those who wait to be paid.
const LOOKS_MAX: usize = 4;
/// Answers are written down when there are so many, …
const WRITTEN_AT_ONCE: usize = 1_000;
/// … or when the first of them has waited for so long.
const WRITTEN_WITHIN: Duration = Duration::from_millis(20);
/// So many writes are under way at once: while the database works on some, and one waits for the disk, the next is made
/// ready.
const WRITES_MAX: usize = 3;
/// While so many answers wait to be written down or are being written, nothing more is claimed: what is in hand has an end.
const UNWRITTEN_MAX: usize = (WRITES_MAX + 1) * WRITTEN_AT_ONCE;

/// A sweep's work.
pub(super) struct Pump<'a> {
    paying: &'a Paying,
    round: &'a Round<'a>,
    to_pay: Queue<'a, ()>,
    to_look: Queue<'a, Following>,
    calls: Calls,
    /// What could not be asked about together, and is asked about in smaller parts.
    to_split: VecDeque<Vec<Claim>>,
    /// It is being asked whether the rail is well.
    is_asking: bool,
    /// Every place at the rail was taken by what the last sweep has left, and still is.
    is_full: bool,
    /// How many of the calls are looks.
    looks: usize,
    /// Answered, and to be written down, and since when.
    answered: Vec<Answered>,
    since: Instant,
    /// Each tells how many it was to write, and what came of it.
    writes: FuturesUnordered<LocalBoxFuture<'a, (usize, Result<u64, StoreError>)>>,
    /// How many answers are being written down.
    writing: usize,
    /// When something last happened.
    moved_at: Instant,
    failures: u32,
    /// What is due then is done: what is put off meanwhile is left to the next look.
    begun: DateTime<Utc>,
    started_at: Instant,
    looked_at: Instant,
    done: Pumped,
}

/// What a sweep did.
#[derive(Default)]
pub(super) struct Pumped {
    /// Batches that were claimed.
    pub(super) batches: u64,
    /// Answers that were written down.
    pub(super) acted: u64,
    /// Why it ended early.
    pub(super) error: Option<SweepError>,
    /// Whether payouts are in hand still, because what came of them could not be written down.
    pub(super) is_untidy: bool,
    /// Calls that are still under way.
    pub(super) left: Option<Left>,
}

impl<'a> Pump<'a> {
    /// `left` is what the last sweep has left.
    pub(super) fn new(paying: &'a Paying, round: &'a Round<'a>, left: Option<Left>) -> Self {
        let now = Instant::now();
        let (calls, looks) = left.map_or_else(Default::default, |left| (left.calls, left.looks));
        Self {
            is_full: calls.len() >= paying.options.parallel,
            paying,
            round,
            to_pay: Queue::new(paying.options.stage != Some(Stage::Poll)),
            to_look: Queue::new(paying.options.stage != Some(Stage::Execute)),
            calls,
            looks,
            to_split: VecDeque::new(),
            is_asking: false,
            answered: Vec::new(),
            since: now,
            writes: FuturesUnordered::new(),
            writing: 0,
            moved_at: now,
            failures: 0,
            begun: round.now(),
            started_at: now,
            looked_at: now,
            done: Pumped::default(),
        }
    }

    /// Works until nothing more is due, or there is a reason to end. What the rail has in hand then is waited for, or left
    /// to the next sweep.
    pub(super) async fn run(mut self) -> Pumped {
        loop {
            self.begin();
            if self.is_idle() || self.waits_only() {
                break;
            }
            let may_look = self.may_look_again();
            let is_waiting = self.writes.len() < WRITES_MAX && !self.answered.is_empty();
            tokio::select! {
                Some(called) = self.calls.next() => self.called(called),
                claimed = end_of(&mut self.to_pay.claiming) => {
                    let (claims, next) = self.claimed(claimed);
                    self.to_pay.next = next;
                    self.to_pay.claims.extend(claims);
                }
                claimed = end_of(&mut self.to_look.claiming) => {
                    let (claims, next) = self.claimed(claimed);
                    self.to_look.next = next;
                    self.sort_out(claims);
                }
                Some((answers, written)) = self.writes.next() => self.written(answers, written),
                () = sleep_until(self.since + WRITTEN_WITHIN), if is_waiting => {}
                () = sleep_until(self.looked_at + LOOK_AGAIN), if may_look => {
                    self.look_again();
                    continue;
                }
                () = sleep_until(self.started_at + SWEEP_MAX), if self.is_young() => continue,
                () = sleep(BEAT) => {
                    if self.moved_at.elapsed() < self.round.answer_max {
                        self.round.beat();
                    }
                    continue;
                }
            }
            self.moved_at = Instant::now();
            self.round.beat();
        }
        // Boxed: it is large, and every turn of the loop above would be as large.
        Box::pin(self.put_back()).await;
        if !self.calls.is_empty() {
            let (calls, looks, lease) = (self.calls, self.looks, self.round.lease.clone());
            self.done.left = Some(Left { calls, looks, lease });
        }
        self.done
    }

    fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.to_pay.claiming.is_none()
            && self.to_look.claiming.is_none()
            && self.writes.is_empty()
    }

    /// Begins all that can be begun.
    fn begin(&mut self) {
        if !self.round.lease.is_trusted() {
            self.fail(self.round.lease.lost().into());
        }
        if self.done.error.is_none() && !self.round.is_stopping() {
            self.begin_calls();
            if !self.is_full && self.answered.len() + self.writing < UNWRITTEN_MAX {
                self.begin_claims();
            }
        }
        while self.writes.len() < WRITES_MAX && self.is_time_to_write() {
            self.begin_write();
        }
    }

    fn begin_calls(&mut self) {
        while self.calls.len() < self.paying.options.parallel {
            if self.looks < LOOKS_MAX
                && let Some(claims) = self.to_split.pop_front()
            {
                self.calls.push(look_up(Arc::clone(&self.paying.rail), claims).boxed());
                self.looks += 1;
                continue;
            }
            let waiting = self.to_look.claims.len();
            let is_whole = waiting >= LOOKED_UP_AT_ONCE || self.to_look.claiming.is_none();
            if waiting > 0 && is_whole && self.looks < LOOKS_MAX {
                let most = std::cmp::min(waiting, LOOKED_UP_AT_ONCE);
                let claims = self.to_look.claims.drain(..most).collect();
                self.calls.push(look_up(Arc::clone(&self.paying.rail), claims).boxed());
                self.looks += 1;
            } else if let Some(claim) = self.to_pay.claims.pop_front() {
                let decimals = self.paying.decimals_of(&claim);
                let paid = pay_out(Arc::clone(&self.paying.rail), claim, decimals);
                self.calls.push(paid.boxed());
            } else {
                return;
            }
        }
    }

    fn begin_claims(&mut self) {
        let few = std::cmp::max(self.paying.batch() / 2, 1);
        let Round { store, lease, .. } = *self.round;
        let (rail, limit, now) =
            (self.paying.rail_name(), self.paying.options.batch_size, self.begun);
        if let Some(next) = self.to_look.wanted(few) {
            let claim =
                async move { store.payouts_to_follow(lease, rail, now, &next, limit).await };
            self.to_look.claiming = Some(claim.boxed_local());
        }
        if self.to_pay.wanted(few).is_some() {
            let batch = self.paying.batch();
            let claim = store.claim_payouts(lease, rail, now, limit);
            let claim = claim.map_ok(move |claims| {
                let next = (claims.len() >= batch).then_some(());
                (claims, next)
            });
            self.to_pay.claiming = Some(claim.boxed_local());
        }
    }

    fn begin_write(&mut self) {
        let answers = std::cmp::min(self.answered.len(), WRITTEN_AT_ONCE);
        let answered: Vec<Answered> = self.answered.drain(..answers).collect();
        self.writing += answers;
        let round = self.round;
        let written = async move { (answers, write(round, answered).await) };
        self.writes.push(written.boxed_local());
    }

    fn is_time_to_write(&self) -> bool {
        let is_last = self.calls.is_empty()
            && self.to_pay.claiming.is_none()
            && self.to_look.claiming.is_none();
        let is_late = self.since.elapsed() >= WRITTEN_WITHIN;
        !self.answered.is_empty() && (self.answered.len() >= WRITTEN_AT_ONCE || is_late || is_last)
    }

    fn claimed<N>(&mut self, claimed: Claimed<N>) -> (Vec<Claim>, Option<N>) {
        match claimed {
            Ok((claims, next)) => {
                self.done.batches += u64::from(!claims.is_empty());
                (claims, next)
            }
            Err(error) => {
                // The transaction may have been committed for all that.
                self.done.is_untidy = true;
                self.fail(error.into());
                (Vec::new(), None)
            }
        }
    }

    /// Of what a person is to find out, the rail is not asked again.
    fn sort_out(&mut self, claims: Vec<Claim>) {
        for claim in claims {
            let is_held = |status| status == TransferStatus::OnHold;
            if claim.transfer.as_ref().is_some_and(|transfer| is_held(transfer.status)) {
                self.answer(Answered::left_to_a_person(claim, self.round.now()));
            } else {
                self.to_look.claims.push_back(claim);
            }
        }
    }

    fn called(&mut self, called: Called) {
        self.is_full = false;
        match called {
            Called::Paid(claim, outcome) => self.paid(*claim, outcome),
            Called::Unwritable(claim, code, why) => {
                let ruling = not_ordered(self.paying.asked(&claim.payout), code, why);
                self.answer(Answered { claim: *claim, ruling });
            }
            Called::LookedUp(claims, answer) => {
                self.looks -= 1;
                match answer {
                    Ok(reports) => self.looked_up(claims, reports),
                    Err(error) => self.kept_silent(claims, error),
                }
            }
            Called::Checked(answer) => {
                self.is_asking = false;
                // What has failed has failed by itself.
                if let Err(error) = answer {
                    self.fail(SweepError::Rail(error));
                }
            }
        }
    }

    fn paid(&mut self, claim: Claim, outcome: PayoutOutcome) {
        match &outcome {
            PayoutOutcome::Told(_) | PayoutOutcome::NotSent(RailError::Refused { .. }) => {
                self.failures = 0;
            }
            PayoutOutcome::Unknown { reason } => {
                self.failed(RailError::Unavailable(reason.clone()));
            }
            PayoutOutcome::NotSent(error) => self.failed(error.clone()),
        }
        let ruling = after_payout(self.paying.asked(&claim.payout), outcome, self.round.now());
        self.answer(Answered { claim, ruling });
    }

    fn looked_up(&mut self, claims: Vec<Claim>, reports: Vec<PayoutReport>) {
        self.failures = 0;
        let now = self.round.now();
        for (mut claim, report) in claims.into_iter().zip(reports) {
            let asked = self.paying.asked(&claim.payout);
            let ruling = match after_look(asked, report.state, now) {
                Verdict::Record(ruling) => ruling,
                Verdict::PayOut if self.paying.options.stage.is_none() => {
                    claim.payout.attempts += 1;
                    self.to_pay.claims.push_back(claim);
                    continue;
                }
                Verdict::PayOut => {
                    let outcome = PayoutOutcome::Told(PayoutState::NotReceived);
                    after_payout(asked, outcome, now)
                }
            };
            self.answer(Answered { claim, ruling });
        }
    }

    /// Nothing more is begun. The first reason is told.
    fn fail(&mut self, error: SweepError) {
        if self.done.error.is_none() {
            self.done.error = Some(error);
        } else {
            tracing::debug!(%error, "failed with the others");
        }
    }

    fn answer(&mut self, answered: Answered) {
        if self.answered.is_empty() {
            self.since = Instant::now();
        }
        self.paying.note_untaken(&answered);
        self.answered.push(answered);
    }

    fn written(&mut self, answers: usize, written: Result<u64, StoreError>) {
        self.writing -= answers;
        match written {
            Ok(acted) => self.done.acted += acted,
            Err(error) => {
                self.done.is_untidy = true;
                self.fail(error.into());
            }
        }
    }

    /// Gives back what was claimed and not begun. Nothing is lost if that fails: then it is looked up. What was only to be
    /// looked at is due still.
    async fn put_back(&mut self) {
        let (to_pay, to_look) = (&mut self.to_pay.claims, &mut self.to_look.claims);
        let split = self.to_split.drain(..).flatten();
        let waiting = to_pay.drain(..).chain(to_look.drain(..)).chain(split);
        let claims: Vec<Claim> =
            waiting.filter(|claim| claim.payout.claimed_by.is_some()).collect();
        if claims.is_empty() {
            return;
        }
        let now = self.round.now();
        let back = claims.into_iter().map(|claim| Answered::not_begun(claim, now)).collect();
        if let Err(error) = write(self.round, back).await {
            tracing::debug!(%error, "what was not begun could not be given back");
            self.done.is_untidy = true;
        }
    }
}
