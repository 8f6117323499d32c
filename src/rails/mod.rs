//! The rails: off-chain ways to move money, each behind one adapter.
//!
//! An adapter speaks the rail's own words and tells what came of them in ours. It never pays twice: a payout is sent
//! once a call, and what is not known for sure is told as [`PayoutOutcome::Unknown`], for the caller to look up.
//!
//! `http` and `command` speak railpoll's own contract (docs/rails.md, docs/rails-openapi.yaml), over HTTP and over a
//! program's standard input and output; `contract` is what both share. `wire_gateway` is a client of the GNU Taler Wire
//! Gateway. Nothing outside this module knows a rail's JSON shapes.

mod command;
mod contract;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod http;
mod signing;
#[cfg(test)]
mod testing;
mod types;
mod wire_gateway;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::command::{CommandRail, CommandRailOptions};
pub use self::http::{HttpRail, HttpRailOptions};
pub use self::signing::{SignatureError, Signer};
pub use self::types::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, UnreadableIncoming,
};
pub use self::wire_gateway::{GatewayAuth, WireGateway, WireGatewayOptions};
pub use crate::http::{CallError as RailError, RequestSeen, Wish};

/// An off-chain way to move money.
///
/// Every call is bounded in time and size. A call may be dropped at any time; a payout that is dropped is unknown.
#[async_trait]
pub trait Rail: Send + Sync {
    /// Which of the deposits `asked` about have arrived.
    ///
    /// A rail that tells a feed in place of answers fills [`Arrivals::incoming`], whatever is asked about, with what
    /// came after `cursor`: the [`Arrivals::cursor`] that was stored with the last page, or none for the beginning.
    /// Asked several times, it answers the same, or later news.
    ///
    /// # Errors
    /// Why nothing is known. Nothing was changed.
    async fn deposits(
        &self,
        asked: &[ExpectedDeposit],
        cursor: Option<&str>,
    ) -> Result<Arrivals, RailError>;

    /// The newest row of its feed: none if it tells no feed, or nothing has ever come. What was read goes up to it, and not
    /// beyond.
    ///
    /// # Errors
    /// Why it is not known.
    async fn newest(&self) -> Result<Option<u64>, RailError> {
        Ok(None)
    }

    /// Whether [`Rail::payouts`] can tell of a payout by its key alone. Else only the order again tells, and nothing of other
    /// orders for the same.
    fn knows_keys(&self) -> bool {
        true
    }

    /// Who has asked to be left alone, for whoever comes after this client.
    fn wishes(&self) -> Vec<Wish> {
        Vec::new()
    }

    /// Heeds what a client before this one was asked.
    fn remember(&self, _wishes: &[Wish]) {}

    /// Pays somebody, with one try.
    ///
    /// The rail knows the payout by its key: the same key again is the same payout, and never a second one.
    async fn pay_out(&self, payout: &Payout) -> PayoutOutcome;

    /// What became of payouts: one report for each that is `asked` about, in that order.
    ///
    /// # Errors
    /// Why nothing is known. Nothing was changed.
    async fn payouts(&self, asked: &[PayoutRef]) -> Result<Vec<PayoutReport>, RailError>;

    /// Whether the rail is there, is what it should be, and serves our currencies. For the start of a daemon.
    ///
    /// # Errors
    /// [`RailError::Options`] if it is another thing than the settings say, else why it cannot be asked.
    async fn check(&self) -> Result<(), RailError>;
}

/// A rail of any kind, shared by all who use it.
pub type AnyRail = Arc<dyn Rail>;
