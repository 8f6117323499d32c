//! What a bank can be told.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Clock;
use crate::faults::FaultRates;

/// How a bank begins. All but the port, the clock, the seed and the currencies can be changed while it runs.
#[derive(Debug, Clone)]
pub struct BankOptions {
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// The bank's clock.
    pub clock: Clock,
    /// The secret, the faults, the customers' mistakes and the courses by chance follow from it.
    pub seed: u64,
    /// The currencies that it knows, and how many decimals each has.
    pub currencies: Vec<(String, u32)>,
    /// How long every request takes.
    pub latency: Duration,
    /// Faults by chance; none at first.
    pub faults: FaultRates,
    /// What becomes of payouts.
    pub course: Course,
    /// Other courses, each for so many payouts of 1000.
    pub courses: Vec<(u32, Course)>,
    /// Customers who pay in what is asked about by themselves; none at first.
    pub customers: Option<Customers>,
    /// Peculiarities; none at first.
    pub quirks: BankQuirks,
}

impl Default for BankOptions {
    fn default() -> Self {
        let currencies = [("USD", 2), ("EUR", 2), ("PHP", 2), ("JPY", 0), ("KWD", 3)];
        Self {
            port: 0,
            clock: Clock::system(),
            seed: 1,
            currencies: currencies.map(|(code, decimals)| (code.to_owned(), decimals)).into(),
            latency: Duration::ZERO,
            faults: FaultRates::default(),
            course: Course::Deliver,
            courses: Vec::new(),
            customers: None,
            quirks: BankQuirks::default(),
        }
    }
}

/// What becomes of a payout.
#[derive(Debug, Clone, PartialEq)]
pub enum Course {
    /// The money is with the beneficiary at once.
    Deliver,
    /// The money has left, and arrives later, or does not.
    Initiate {
        /// How many lookups still hear that it is on its way.
        lookups: u32,
        /// How long it is on its way at least.
        after: Duration,
        /// What comes of it.
        then: Box<Course>,
    },
    /// It cannot be paid, and no money moves.
    Fail {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
    /// Something has to be known first, and no money moves.
    NeedInformation {
        /// What it is about.
        about: About,
        /// What is needed, for people.
        message: String,
        /// What is needed, for programs.
        fields: Value,
    },
}

impl Course {
    /// The usual failure.
    #[must_use]
    pub fn fail(code: &str, reason: &str) -> Self {
        Self::Fail { code: code.to_owned(), reason: reason.to_owned() }
    }

    /// On its way for so many lookups, then this.
    #[must_use]
    pub fn later(lookups: u32, then: Self) -> Self {
        Self::Initiate { lookups, after: Duration::ZERO, then: Box::new(then) }
    }
}

/// What a bank wants to know more about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The payout.
    Transaction,
    /// The beneficiary.
    Customer,
}

/// Customers who pay in whatever the bank is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customers {
    /// How many lookups hear nothing of a deposit.
    pub silent: u32,
    /// How many lookups then hear that it is on its way.
    pub announced: u32,
    /// Deposits per 1000 that are one smallest unit short.
    pub short: u32,
    /// Deposits per 1000 that are one smallest unit over.
    pub over: u32,
    /// Deposits per 1000 that the bank sends back: they have failed.
    pub failed: u32,
    /// Deposits per 1000 that never come.
    pub forgotten: u32,
}

impl Default for Customers {
    fn default() -> Self {
        Self { silent: 1, announced: 1, short: 0, over: 0, failed: 0, forgotten: 0 }
    }
}

/// How the bank makes use of what the contract leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankQuirks {
    /// Lookups leave out what the bank does not know, in place of `not_yet` and `not_received`.
    pub leave_out_unknown: bool,
    /// Lookups of payouts answer `cannot_tell`, with this reason.
    pub cannot_tell: Option<String>,
    /// Every answer has a field that the contract does not name.
    pub extra_fields: bool,
}
