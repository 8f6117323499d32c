//! Walking a moving, paged, state-filtered list without losing anything.
//!
//! Pure logic: a [`Source`] tells pages, a [`Sink`] stores them. No network, no database, no clock is known here.
//!
//! A list that is filtered by state moves while it is read: a payment that leaves the state shifts everything behind
//! it to the left, across the border between two pages, and one that was never read is passed. So nothing here counts
//! on an offset:
//!
//! | way | when | how |
//! |---|---|---|
//! | [walk](Collector::walk) | the network honours range and sort | by value: always page 0 of what is modified after a cursor |
//! | [sweep](Collector::sweep) | it does not | the whole list, from the end, until a pass brings nothing new |
//! | [check](Collector::check) | after each | the network's count beside ours |
//! | [reconcile](Collector::reconcile) | counts that stay different, and once in a while | ranges whose counts differ, row by row |
//!
//! A walk is complete for every payment that is in the list from its first request to its last. Rows are in the order
//! of `modified_at`, so a row not yet returned is at the cursor or behind it. Exits elsewhere cannot move it, for the
//! cursor is a value. A change to it moves it forward, to a part that is still to be read. Rows that become visible
//! late are read by the next walk, which begins an overlap before this one's beginning.

mod bounds;
mod check;
mod drain;
mod exits;
mod position;
mod probe;
mod reader;
mod reconcile;
#[cfg(test)]
mod simulation;
mod split;
mod stride;
mod sweep;
mod walk;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::engine::{Listing, Row, Tally, Trail, Window};

pub use bounds::{Bounds, Mode};
pub use check::{Count, Drift, drift};
pub use position::Position;
pub use probe::probe;
pub use reconcile::{Depth, Reconciled};

/// A network's list of the payments in some states.
pub trait Source {
    /// Why the network cannot be read.
    type Error;

    /// Whether the page would come if it were smaller. One of a single row never is: what is too large alone is a row
    /// that cannot be read.
    fn is_too_large(_error: &Self::Error) -> bool {
        false
    }

    /// One page of the list.
    fn page(&self, window: &Window) -> impl Future<Output = Result<Listing, Self::Error>>;

    /// One payment, in whatever state it is.
    fn get(&self, payment_id: &str) -> impl Future<Output = Result<Found, Self::Error>>;
}

/// What asking for one payment came to.
#[derive(Debug)]
pub enum Found {
    /// It is as the row tells.
    Row(Box<Row>),
    /// The network does not know it.
    Gone,
    /// The network does not tell of it now, though it tells of others.
    NotNow,
}

/// Our database, as far as one list is concerned.
pub trait Sink {
    /// Why the database cannot be used.
    type Error;

    /// Stores the rows of one page, with their history and events, and `cursor`, in one transaction. `cursor` is where
    /// the next walk begins if this one is broken off now. A sink that has nothing to store may leave it out.
    fn record(
        &self,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
    ) -> impl Future<Output = Result<Tally, Self::Error>>;

    /// How many payments we believe to be in the list, those set aside included, with `modified_at` after `after` and
    /// before `before`: both are out themselves, and `None` is no bound.
    fn count(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<u64, Self::Error>>;

    /// Those payments' ids and `modified_at`, in the order of (`modified_at`, id), at most `limit`. With `past`, only
    /// those that come after it in this order.
    fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(String, DateTime<Utc>)>, Self::Error>>;
}

/// Why collecting ended without an outcome. What was recorded before stays, and a next run goes on from there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CollectError<S, D> {
    /// The network could not be read.
    #[error(transparent)]
    Source(S),
    /// The database could not be used.
    #[error(transparent)]
    Sink(D),
}

/// How to collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkSettings {
    /// Rows in a page, at least 1. What is found does not depend on it.
    pub page_size: u32,
    /// How long before a walk's beginning the next one begins: at least the difference of clocks, and the time that a
    /// row needs to become visible, together.
    pub overlap: TimeDelta,
    /// Nothing that was modified before this time is asked for.
    pub collect_from: Option<DateTime<Utc>>,
    /// A walk that has read so many pages ends as [`Outcome::TooFast`], and so does a sweep after four times as many.
    pub max_pages: u64,
}

impl WalkSettings {
    /// Rows to ask for. A page of none would have no end.
    fn rows(&self) -> u32 {
        std::cmp::max(self.page_size, 1)
    }
}

/// What collecting needs: whom to ask, where to store, how, and whether to go on.
pub struct Collector<'a, S, D> {
    /// The network's list.
    pub source: &'a S,
    /// Our database.
    pub sink: &'a D,
    /// How.
    pub settings: WalkSettings,
    /// Asked before each request: whether to end here.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outcome {
    /// All was read.
    #[default]
    Complete,
    /// It was asked to stop. The next run goes on from there.
    Stopped,
    /// `max_pages` were read, and the end was not reached: the list grows faster than it is read, or is very long. The
    /// next walk goes on from there.
    TooFast,
    /// The network's answers are not what its mode promises: probe again.
    Unreliable,
}

impl Outcome {
    /// The word in logs and in the record of sweeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::TooFast => "too_fast",
            Self::Unreliable => "unreliable",
        }
    }
}

/// What a walk or a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How it ended.
    pub outcome: Outcome,
    /// What storing the rows came to.
    pub tally: Tally,
    /// Pages that were asked for; each is one request.
    pub pages: u64,
    /// The newest `modified_at` that was read.
    pub newest: Option<DateTime<Utc>>,
}

impl Collected {
    /// Adds what was done after it.
    fn add(&mut self, more: &Self) {
        self.outcome = more.outcome;
        self.tally += more.tally;
        self.pages += more.pages;
        self.newest = std::cmp::max(self.newest, more.newest);
    }
}

/// Why a run does not go on: it ends early, or it failed.
enum Halt<S, D> {
    Early(Outcome),
    /// A page is too large, and a smaller one may not be.
    TooLarge(CollectError<S, D>),
    Failed(CollectError<S, D>),
}

impl<S, D> From<CollectError<S, D>> for Halt<S, D> {
    fn from(error: CollectError<S, D>) -> Self {
        Self::Failed(error)
    }
}
