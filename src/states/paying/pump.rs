//! Payouts in hand: claims, calls and records, all under way at the same time.
//!
//! What is claimed waits here until the rail has a free place; what the rail has answered waits here until it is written
//! down, many at once. A slow answer delays its own payout, and nobody else's.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep, sleep_until};

use super::call::{Called, look_up, pay_out};
use super::verdict::{Asked, Verdict, after_look, after_payout};
use super::{Shift, Tasks};
use crate::rails::{PayoutOutcome, PayoutState, RailError};
use crate::states::{Note, SweepError, Stage};
use crate::store::{Claim, PayoutEnd, StoreError};

/// So many payouts are asked about in one call.
const LOOKED_UP_AT_ONCE: usize = 200;
/// Answers are written down when there are so many, …
const WRITTEN_AT_ONCE: usize = 200;
/// … or when the first of them has waited for so long.
const WRITTEN_WITHIN: Duration = Duration::from_millis(20);
/// A rail that fails so many calls in a row is taken to be down.
const DOWN_AFTER: u32 = 5;
/// While nothing happens, the sweep says so often that it is alive.
const BEAT: Duration = Duration::from_secs(5);

/// A stage of a sweep.
pub(super) struct Pump<'a> {
    shift: &'a Shift<'a>,
    stage: Stage,
    /// Claimed, and to be handed to the rail.
    to_pay: VecDeque<Claim>,
    /// Claimed, and to be asked about.
    to_look: VecDeque<Claim>,
    calls: FuturesUnordered<LocalBoxFuture<'a, Called>>,
    claiming: Option<LocalBoxFuture<'a, Result<Vec<Claim>, StoreError>>>,
    writing: Option<LocalBoxFuture<'a, Result<u64, StoreError>>>,
    /// Answered, and to be written down; since when.
    answered: Vec<PayoutEnd>,
    since: Instant,
    /// Whether nothing more is due.
    is_drained: bool,
    failures: u32,
    done: Pumped,
}

/// What a stage did.
#[derive(Debug, Default)]
pub(super) struct Pumped {
    /// Batches that were claimed.
    pub(super) batches: u64,
    /// Calls of the rail.
    pub(super) calls: u64,
    /// Payouts that came a step further.
    pub(super) acted: u64,
    /// Why it ended early.
    pub(super) error: Option<SweepError>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(shift: &'a Shift<'a>, stage: Stage) -> Self {
        Self {
            shift,
            stage,
            to_pay: VecDeque::new(),
            to_look: VecDeque::new(),
            calls: FuturesUnordered::new(),
            claiming: None,
            writing: None,
            answered: Vec::new(),
            since: Instant::now(),
            is_drained: false,
            failures: 0,
            done: Pumped::default(),
        }
    }

    /// Works until nothing more is due, or there is a reason to end. What is in hand then is brought to its end.
    pub(super) async fn run(mut self) -> Pumped {
        loop {
            self.begin();
            if self.is_idle() {
                break;
            }
            let is_waiting = self.writing.is_none() && !self.answered.is_empty();
            tokio::select! {
                Some(called) = self.calls.next() => self.called(called),
                claimed = end_of(&mut self.claiming) => self.claimed(claimed),
                written = end_of(&mut self.writing) => self.written(written),
                () = sleep_until(self.since + WRITTEN_WITHIN), if is_waiting => {}
                () = sleep(BEAT) => {}
            }
            (self.shift.observer)(Note::Progress);
        }
        self.give_back().await;
        self.done
    }

    fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.claiming.is_none()
            && self.writing.is_none()
            && self.answered.is_empty()
    }
}
