//! Money that came for orders.

use chrono::{DateTime, Utc};

use super::{Order, OrderKey, OrderStatus, Reference};
use crate::engine::books::{Balance, Occasion};
use crate::engine::{IncomingKey, IncomingKind, IncomingStatus, words};

words! {
    /// What money is for an order that it names.
    pub enum MoneyVerdict: "verdict" {
        /// What the order waits for, or a part of it.
        Matched = "matched",
        /// The order is paid already.
        Second = "second",
        /// The order has ended.
        TooLate = "too_late",
        /// The order takes another asset.
        WrongAsset = "wrong_asset",
        /// It names an order that nobody knows yet.
        UnknownOrder = "unknown_memo",
        /// It names none, and is its sender's credit.
        Credit = "credit",
    }
}

/// The source of money that no network told of.
pub const MANUAL: &str = "manual";

/// What names a credit note.
#[must_use]
pub fn manual(incoming_id: &str) -> IncomingKey {
    IncomingKey { source: MANUAL.to_owned(), incoming_id: incoming_id.to_owned() }
}

/// Money that came for orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingMoney {
    /// What names it: its source is a network, or [`MANUAL`].
    pub key: IncomingKey,
    /// Where it is from.
    pub kind: IncomingKind,
    /// How far it is ours.
    pub status: IncomingStatus,
    /// Whose credit it is: the address that paid.
    pub wallet: String,
    /// Of what: the configured asset's name.
    pub asset: String,
    /// How much. Only a credit note may be a debt.
    pub amount: Balance,
    /// The order that it names, as it came.
    pub reference: Reference,
    /// The order that this was resolved to. One that is not known yet is waited for.
    pub order: Option<OrderKey>,
    /// What it is for that order.
    pub verdict: MoneyVerdict,
    /// When it was first seen.
    pub received_at: DateTime<Utc>,
}

impl IncomingMoney {
    /// What it is for `order`, as that stands.
    #[must_use]
    pub fn verdict_for(&self, order: Option<&Order>) -> MoneyVerdict {
        let Some(order) = order else {
            let names_none = self.reference.is_none();
            return if names_none { MoneyVerdict::Credit } else { MoneyVerdict::UnknownOrder };
        };
        if order.asset != self.asset {
            return MoneyVerdict::WrongAsset;
        }
        match order.status {
            OrderStatus::Unclaimed | OrderStatus::New => MoneyVerdict::Matched,
            OrderStatus::Paid => MoneyVerdict::Second,
            OrderStatus::Expired | OrderStatus::Cancelled => MoneyVerdict::TooLate,
        }
    }

    /// What happens to it now, for the books.
    #[must_use]
    pub fn occasion(&self, now: DateTime<Utc>) -> Occasion {
        Occasion { about: self.key.subject(), place: self.key.source.clone(), at: now }
    }
}

/// Whether money that is told of is what is known under its name. Then it is told once more, which changes nothing; else it
/// is something else, and a person must look at it.
#[must_use]
pub fn is_same(known: &IncomingMoney, told: &IncomingMoney) -> bool {
    let content = |one: &IncomingMoney| {
        let IncomingMoney { kind, wallet, asset, amount, reference, .. } = one;
        (*kind, wallet.clone(), asset.clone(), amount.clone(), reference.clone())
    };
    content(known) == content(told)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{money, order};
    use super::*;

    #[test]
    fn what_is_told_twice_is_the_same_and_something_else_is_refused() {
        let known = money("p1", "alice", "10", "1");
        assert!(is_same(&known, &money("p1", "alice", "10.00", "1")));
        let confirmed = IncomingMoney { status: IncomingStatus::Confirmed, ..known.clone() };
        assert!(is_same(&confirmed, &known), "how far it is ours is no part of it");
        for other in [
            money("p1", "bob", "10", "1"),
            money("p1", "alice", "11", "1"),
            money("p1", "alice", "10", "2"),
        ] {
            assert!(!is_same(&known, &other), "{other:?}");
        }
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let named = money("p1", "alice", "10", "1");
        let verdict = |status| named.verdict_for(Some(&order("1", "alice", "10", status)));
        assert_eq!(verdict(OrderStatus::Unclaimed), MoneyVerdict::Matched);
        assert_eq!(verdict(OrderStatus::New), MoneyVerdict::Matched);
        assert_eq!(verdict(OrderStatus::Paid), MoneyVerdict::Second);
        assert_eq!(verdict(OrderStatus::Expired), MoneyVerdict::TooLate);
        assert_eq!(verdict(OrderStatus::Cancelled), MoneyVerdict::TooLate);
        let other = IncomingMoney { asset: "eur".to_owned(), ..named.clone() };
        let open = order("1", "alice", "10", OrderStatus::New);
        assert_eq!(other.verdict_for(Some(&open)), MoneyVerdict::WrongAsset);
        assert_eq!(named.verdict_for(None), MoneyVerdict::UnknownOrder);
        assert_eq!(money("p1", "alice", "10", "").verdict_for(None), MoneyVerdict::Credit);
    }
}
