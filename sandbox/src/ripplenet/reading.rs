//! The books as they can be read from outside: the truth that others are compared with.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Sandbox;
use super::moves::{Operation, PaymentState};
use super::network::{Network, time_of};
use super::payment::Payment;

/// A call that changed a payment or was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: DateTime<Utc>,
    /// About which payment.
    pub payment_id: Uuid,
    /// What it asked.
    pub operation: Operation,
    /// Why not; nothing when it was carried out.
    pub refused: Option<String>,
}

/// The sandbox's own account of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Payments by the state that they are in.
    pub payments: BTreeMap<PaymentState, u64>,
    /// Calls that were carried out.
    pub accepted_calls: BTreeMap<Operation, u64>,
    /// Calls that were refused.
    pub refused_calls: u64,
    /// Payments for which a call was carried out more than once, counted per operation.
    pub repeated_calls: u64,
    /// Faults injected, by name.
    pub faults: BTreeMap<String, u64>,
    /// The median time that payments spent in a state that they have left.
    pub median_time: BTreeMap<PaymentState, Duration>,
    /// Requests, of every kind.
    pub requests: u64,
    /// Tokens given out.
    pub tokens: u64,
    /// Requests that no correct client sends.
    pub violations: u64,
}

impl Sandbox {
    /// Every state that the payment ever had, with the time it was reached; nothing if there is no such payment.
    #[must_use]
    pub fn history(&self, id: Uuid) -> Option<Vec<(PaymentState, DateTime<Utc>)>> {
        self.told(id, |_, payment| {
            payment.history.iter().map(|step| (step.state, time_of(step.at))).collect()
        })
    }

    /// The state that the payment is in.
    #[must_use]
    pub fn state_of(&self, id: Uuid) -> Option<PaymentState> {
        self.told(id, |_, payment| payment.state)
    }

    /// When the payment was last changed.
    #[must_use]
    pub fn modified_at(&self, id: Uuid) -> Option<DateTime<Utc>> {
        self.told(id, |_, payment| time_of(payment.modified_at))
    }

    /// The payment's JSON as it is served now.
    #[must_use]
    pub fn document(&self, id: Uuid) -> Option<String> {
        self.told(id, |network, payment| network.document(payment.serial))
    }

    fn told<T>(&self, id: Uuid, tell: impl FnOnce(&Network, &Payment) -> T) -> Option<T> {
        self.read(|network| {
            let serial = network.serial(id)?;
            network.books.get(serial).map(|payment| tell(network, payment))
        })
    }

    /// The ids of the payments that truly are in the state, in the order of their making.
    #[must_use]
    pub fn ids_in(&self, state: PaymentState) -> Vec<Uuid> {
        self.ids_where(|payment| payment.state == state)
    }

    /// The ids of all payments, in the order of their making.
    #[must_use]
    pub fn ids(&self) -> Vec<Uuid> {
        self.ids_where(|_| true)
    }

    fn ids_where(&self, wanted: impl Fn(&Payment) -> bool) -> Vec<Uuid> {
        self.read(|network| {
            let payments = network.books.payments().iter();
            payments
                .filter(|payment| payment.raw().is_none() && wanted(payment))
                .map(|payment| network.books.ids.id(payment.serial))
                .collect()
        })
    }

    /// How many payments truly are in the state. Raw rows are not payments.
    #[must_use]
    pub fn count_in(&self, state: PaymentState) -> u64 {
        self.read(|network| network.books.count(state))
    }

    /// Every call that named a payment, carried out or refused, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.read(|network| {
            let told = network.calls.all.iter().map(|entry| Call {
                at: time_of(entry.at),
                payment_id: network.books.ids.id(entry.serial),
                operation: entry.operation,
                refused: entry.refused.as_deref().map(str::to_owned),
            });
            told.collect()
        })
    }

    /// How often the operation was carried out on the payment.
    #[must_use]
    pub fn accepted_calls(&self, id: Uuid, operation: Operation) -> u64 {
        let accepted = |network: &Network, payment: &Payment| {
            network.calls.accepted(payment.serial, operation)
        };
        self.told(id, accepted).unwrap_or(0)
    }

    /// Every operation that was carried out more than once on a payment, and how often.
    #[must_use]
    pub fn calls_more_than_once(&self) -> Vec<(Uuid, Operation, u64)> {
        self.read(|network| {
            let repeated = network.calls.more_than_once().into_iter();
            repeated
                .map(|(serial, operation, times)| (network.books.ids.id(serial), operation, times))
                .collect()
        })
    }

    /// How many tokens were given out.
    #[must_use]
    pub fn tokens_issued(&self) -> u64 {
        self.read(|network| network.tokens.issued())
    }

    /// The tokens that were given out and not revoked, for whoever looks for them where they must not be.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.read(|network| network.tokens.given())
    }

    /// The account of everything so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.read(|network| {
            let mut accepted_calls = BTreeMap::new();
            let mut refused_calls = 0;
            for call in &network.calls.all {
                match &call.refused {
                    None => *accepted_calls.entry(call.operation).or_default() += 1,
                    Some(_) => refused_calls += 1,
                }
            }
            let repeated = network.calls.more_than_once().len();
            Summary {
                payments: PaymentState::ALL
                    .into_iter()
                    .map(|state| (state, network.books.count(state)))
                    .filter(|(_, count)| *count > 0)
                    .collect(),
                accepted_calls,
                refused_calls,
                repeated_calls: u64::try_from(repeated).unwrap_or(u64::MAX),
                faults: network.log.faults.clone(),
                median_time: median_times(network.books.payments()),
                requests: network.log.requests.values().sum(),
                tokens: network.tokens.issued(),
                violations: network.log.violation_count,
            }
        })
    }
}

/// How long payments stayed in each state that they left.
fn median_times(payments: &[Payment]) -> BTreeMap<PaymentState, Duration> {
    let mut times: BTreeMap<PaymentState, Vec<i64>> = BTreeMap::new();
    for payment in payments.iter().filter(|payment| payment.raw().is_none()) {
        for pair in payment.history.windows(2) {
            times.entry(pair[0].state).or_default().push(pair[1].at - pair[0].at);
        }
    }
    let median = |mut times: Vec<i64>| {
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        Duration::from_millis(u64::try_from(*median).unwrap_or(0))
    };
    times.into_iter().map(|(state, times)| (state, median(times))).collect()
}
