//! Payouts in hand: claims, calls and records, all under way at the same time.
//!
//! What is claimed waits here until the rail has a free place; what the rail has answered waits here until it is written
//! down, many at once. A slow answer delays its own payout, and nobody else's: what becomes due meanwhile is claimed, and
//! a sweep that waits for nothing but slow answers leaves them to the next one. What failed before comes after what did not, and
//! has only some of the places (`calling`); what fails is put off alone (`failing`).

mod calling;
mod failing;
mod pace;

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::TryFutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until};

use self::calling::{Suspects, thing_of};
pub(super) use self::pace::Left;
use self::pace::{InHand, LOOK_AGAIN, SWEEP_MAX};
use super::Paying;
use super::calls::Called;
use super::queue::{Claimed, Queue, end_of};
use super::records::{Answered, write};
use crate::engine::PayoutState;
use crate::engine::decide::payouts::{Verdict, after_look, after_payout, not_ordered};
use crate::jobs::frame::patience::BEAT;
use crate::jobs::frame::round::Round;
use crate::jobs::{Stage, SweepError};
use crate::rails::{PayoutOutcome, PayoutReport, RailError};
use crate::store::{Claim, Following, StoreError};

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
    /// What the rail has not answered yet.
    hand: InHand,
    /// What failed when it was last tried.
    suspects: Suspects,
    /// What could not be asked about together, and is asked about in smaller parts.
    to_split: VecDeque<Vec<Claim>>,
    /// It is being asked whether the rail is well.
    is_asking: bool,
    /// Every place at the rail was taken by what the last sweep has left, and still is.
    is_full: bool,
    /// Answered, and to be written down, and since when.
    answered: Vec<Answered>,
    since: Instant,
    /// Each tells how many it was to write, and what came of it.
    writes: FuturesUnordered<LocalBoxFuture<'a, (usize, Result<u64, StoreError>)>>,
    /// How many answers are being written down.
    writing: usize,
    /// When something last happened.
    moved_at: Instant,
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
        let hand = left.map(|left| left.hand).unwrap_or_default();
        Self {
            is_full: hand.calls.len() >= paying.options.parallel,
            paying,
            round,
            to_pay: Queue::new(paying.options.stage != Some(Stage::Poll)),
            to_look: Queue::new(paying.options.stage != Some(Stage::Execute)),
            hand,
            suspects: Suspects::default(),
            to_split: VecDeque::new(),
            is_asking: false,
            answered: Vec::new(),
            since: now,
            writes: FuturesUnordered::new(),
            writing: 0,
            moved_at: now,
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
                Some(called) = self.hand.calls.next() => self.called(called),
                claimed = end_of(&mut self.to_pay.claiming) => {
                    let (claims, next) = self.claimed(claimed);
                    self.to_pay.next = next;
                    self.sort_to_pay(claims);
                }
                claimed = end_of(&mut self.to_look.claiming) => {
                    let (claims, next) = self.claimed(claimed);
                    self.to_look.next = next;
                    self.sort_to_look(claims);
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
        if !self.hand.calls.is_empty() {
            self.done.left = Some(Left { hand: self.hand, lease: self.round.lease.clone() });
        }
        self.done
    }

    fn is_idle(&self) -> bool {
        self.hand.calls.is_empty()
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
        let is_last = self.hand.calls.is_empty()
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

    fn called(&mut self, called: Called) {
        self.is_full = false;
        match called {
            Called::Paid(claim, outcome) => self.paid(*claim, outcome),
            Called::Unwritable(claim, code, why) => {
                self.hand.suspects.remove(&claim.payout.payout_id);
                let ruling = not_ordered(self.paying.asked(&claim.payout), code, why);
                self.answer(Answered { claim: *claim, ruling });
            }
            Called::LookedUp(claims, answer) => {
                self.hand.looks -= 1;
                self.hand.no_longer_asked(&claims);
                match answer {
                    Ok(reports) => self.looked_up(claims, reports),
                    Err(error) => self.kept_silent(claims, error),
                }
            }
            Called::Checked(answer) => {
                self.is_asking = false;
                self.judged(answer);
            }
        }
    }

    fn paid(&mut self, claim: Claim, outcome: PayoutOutcome) {
        self.hand.suspects.remove(&claim.payout.payout_id);
        let thing = thing_of(&claim);
        let asked = self.paying.asked(&claim.payout);
        let now = self.round.now();
        let ruling = match outcome {
            PayoutOutcome::Told(state) => {
                // The rail is well, and a payout that it does not take is not, for all that.
                let is_taken = !matches!(state, PayoutState::NotReceived);
                self.well(Vec::from_iter(is_taken.then_some(thing)));
                after_payout(asked, state, now)
            }
            PayoutOutcome::Unknown { reason } => {
                self.failed(&thing, RailError::Unavailable(reason.clone()));
                asked.unclear(reason, now)
            }
            PayoutOutcome::NotSent(RailError::Refused { status, problem }) => {
                self.well(vec![thing]);
                asked.failed(None, format!("refused with {status}: {problem}"))
            }
            PayoutOutcome::NotSent(
                error @ (RailError::Options(_)
                | RailError::Credentials(_)
                | RailError::Forbidden(_)
                | RailError::Unavailable(_)
                | RailError::Unreadable(_)
                | RailError::TooLarge { .. }),
            ) => {
                let why = error.to_string();
                self.failed(&thing, error);
                asked.not_taken(why, now)
            }
        };
        self.answer(Answered { claim, ruling });
    }

    fn looked_up(&mut self, claims: Vec<Claim>, reports: Vec<PayoutReport>) {
        // One that was not received is no better than before: it is handed over again, and that tells.
        let is_told = |report: &PayoutReport| !matches!(report.state, PayoutState::NotReceived);
        let told = claims.iter().zip(&reports).filter(|(_, report)| is_told(report));
        self.well(told.map(|(claim, _)| thing_of(claim)).collect());
        let now = self.round.now();
        for (mut claim, report) in claims.into_iter().zip(reports) {
            let asked = self.paying.asked(&claim.payout);
            let ruling = match after_look(asked, report.state, now) {
                Verdict::Record(ruling) => ruling,
                Verdict::PayOut if self.paying.options.stage.is_none() => {
                    claim.payout.attempts += 1;
                    self.sort_to_pay(vec![claim]);
                    continue;
                }
                Verdict::PayOut => after_payout(asked, PayoutState::NotReceived, now),
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
}
