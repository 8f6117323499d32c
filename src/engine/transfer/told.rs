//! What a rail tells of deposits and payouts, and what is written down of it.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::engine::Amount;

/// Whether a deposit is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing is seen of it.
    NotYet {
        /// The rail's words.
        message: Option<String>,
    },
    /// The rail tells of it what cannot be understood: it may be here.
    Untold {
        /// What is wrong with its answer.
        why: String,
    },
    /// It is seen, and not yet ours.
    Pending {
        /// The rail's words.
        message: Option<String>,
    },
    /// It is ours.
    Received {
        /// What really came.
        amount: Amount,
        /// Of what.
        currency: String,
        /// What the rail kept of it for itself, if it tells.
        fee: Option<Amount>,
        /// Who paid.
        from: Option<String>,
        /// The rail's own id of it.
        reference: Option<String>,
    },
    /// It will never come.
    Failed {
        /// For programs.
        code: String,
        /// For people.
        reason: String,
    },
}

/// Where a payout stands.
#[derive(Debug, Clone)]
pub enum PayoutState {
    /// The beneficiary has it.
    Delivered {
        /// The rail's own id of it.
        reference: Option<String>,
        /// What the rail took on top, if it tells.
        fee: Option<Amount>,
        /// What the beneficiary got, if it tells.
        amount: Option<Amount>,
    },
    /// The rail has taken it and is at work.
    Initiated {
        /// The rail's own id of it, to follow it by.
        reference: Option<String>,
    },
    /// It is over, and no money has left.
    Failed {
        /// For programs.
        code: String,
        /// For people.
        reason: String,
    },
    /// The rail waits until it is told more. No money has left.
    NeedsInformation {
        /// What it has to be told about.
        about: InformationAbout,
        /// The rail's words.
        message: Option<String>,
        /// What is missing, as JSON.
        fields: Option<Box<RawValue>>,
    },
    /// The rail does not have it, or takes it again for the same: paying out with the same key is safe.
    NotReceived,
    /// Nobody but a person can find out.
    CannotTell {
        /// Why.
        reason: String,
    },
}

/// What a rail has to be told more about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InformationAbout {
    /// This payment.
    Transaction,
    /// Who pays or is paid.
    Customer,
}

/// What came of a payout that was in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutEnd {
    /// The rail has delivered.
    Done {
        /// The rail's name for it.
        reference: Option<String>,
        /// What the rail said.
        answer: Option<String>,
        /// What the rail took on top, if it told.
        rail_fee: Option<Amount>,
    },
    /// The rail has it, and has not delivered.
    Initiated {
        /// The rail's name for it.
        reference: Option<String>,
        /// When to ask again.
        not_before: DateTime<Utc>,
    },
    /// It was not done, and never will be.
    Refused {
        /// Why, for programs, if the rail gave a code.
        code: Option<String>,
        /// Why.
        reason: String,
    },
    /// Nobody knows whether it was done: the rail is asked before anything else.
    Unknown {
        /// Why there was no clear answer.
        why: String,
        /// When to ask.
        not_before: DateTime<Utc>,
    },
    /// The rail could not be asked, or has nothing new: it stays what it was.
    Same {
        /// What was said, if anything was.
        answer: Option<String>,
        /// When to ask again.
        not_before: DateTime<Utc>,
    },
    /// It surely was not done: it is tried again, with the same key.
    NotDone {
        /// Why.
        why: String,
        /// When to try.
        not_before: DateTime<Utc>,
    },
}
