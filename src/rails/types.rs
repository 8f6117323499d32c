//! What is asked of a rail, and what it tells.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::RailError;
use crate::engine::{Amount, Arrival, Incoming, PayoutState, Purpose};

/// A deposit that should arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDeposit {
    /// The transfer that it is for.
    pub transfer_id: String,
    /// What the payer was told to write.
    pub subject: Option<String>,
    /// How much, if that was agreed.
    pub amount: Option<Amount>,
    /// The rail's currency.
    pub currency: String,
    /// Nothing that came before belongs to it.
    pub since: DateTime<Utc>,
}

/// What a rail tells of deposits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arrivals {
    /// By transfer id: one answer for each deposit that was asked about, in that order. Of a rail with a feed: none.
    pub answers: Vec<(String, Arrival)>,
    /// What came, of a rail with a feed, in the feed's order.
    pub incoming: Vec<Incoming>,
    /// What came too, and cannot be booked. To be set aside for a person, together with the page.
    pub unreadable: Vec<UnreadableIncoming>,
    /// Where to go on. To be stored together with what it brought. None: where it was.
    pub cursor: Option<String>,
    /// Whether there is more at once.
    pub more: bool,
}

/// A row of a feed that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableIncoming {
    /// The rail's id of it, if that at least can be read.
    pub incoming_id: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// As it came.
    pub raw: String,
}

/// Money to be sent.
#[derive(Debug, Clone)]
pub struct Payout {
    /// The idempotency key: the same on every try of this payout, and of no other.
    pub key: String,
    /// Whether the money goes on or back.
    pub purpose: Purpose,
    /// The transfer whose money it is; none for a refund of money that belongs to no transfer.
    pub transfer_id: Option<String>,
    /// The refund that it carries out.
    pub refund_id: Option<String>,
    /// A refund of money that belongs to no transfer: the id of what came.
    pub incoming_id: Option<String>,
    /// How much the beneficiary gets.
    pub amount: Amount,
    /// The rail's currency.
    pub currency: String,
    /// Who is paid, in the rail's own terms.
    pub beneficiary: Option<Box<RawValue>>,
    /// What the beneficiary reads.
    pub subject: Option<String>,
    /// Which try this is, from 1.
    pub attempt: u32,
}

/// What came of a payout that was tried.
#[derive(Debug, Clone)]
pub enum PayoutOutcome {
    /// The rail's answer.
    Told(PayoutState),
    /// It may have been done or not. To be looked up before anything else happens.
    Unknown {
        /// What went wrong.
        reason: String,
    },
    /// Surely not done by this try: the same payout may be tried again.
    NotSent(RailError),
}

/// A payout that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRef {
    /// Its idempotency key.
    pub key: String,
    /// The rail's own id of it, if it has told one.
    pub reference: Option<String>,
}

/// What a rail tells of a payout.
#[derive(Debug, Clone)]
pub struct PayoutReport {
    /// Its idempotency key.
    pub key: String,
    /// Where it stands.
    pub state: PayoutState,
}
