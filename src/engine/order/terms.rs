//! The terms of a shop's orders.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::ReferenceRules;
use crate::engine::Amount;

/// How much may be missing, and is forgiven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tolerance {
    /// So much.
    Amount(Amount),
    /// So many percent of the price.
    Percent(Amount),
}

impl Tolerance {
    /// What may be missing of this price.
    #[must_use]
    pub fn of(&self, price: &Amount) -> Amount {
        match self {
            Self::Amount(amount) => amount.clone(),
            Self::Percent(percent) => price.times_percent(percent),
        }
    }
}

/// What becomes of more than was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overpayment {
    /// It is credit for later orders.
    Credit,
    /// It goes back.
    Refund,
}

/// What becomes of money for an order whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It is credit, and a person decides.
    Review,
    /// If it came so much late at most, and nothing is missing then, the order is paid.
    Accept(TimeDelta),
}

/// The terms of one shop's orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerms {
    /// How long an order waits for somebody who pays it.
    pub unclaimed_timeout: TimeDelta,
    /// How long it waits for the money of somebody who is known.
    pub unpaid_timeout: TimeDelta,
    /// How much longer it waits while money that came in time is not final.
    pub confirm_grace: TimeDelta,
    /// How much may be missing.
    pub tolerance: Tolerance,
    /// When more came.
    pub overpayment: Overpayment,
    /// When it came late.
    pub late: Late,
    /// How its orders may be named.
    pub reference: ReferenceRules,
}

impl Default for OrderTerms {
    fn default() -> Self {
        Self {
            unclaimed_timeout: TimeDelta::hours(2),
            unpaid_timeout: TimeDelta::hours(48),
            confirm_grace: TimeDelta::hours(24),
            tolerance: Tolerance::Amount(Amount::zero()),
            overpayment: Overpayment::Credit,
            late: Late::Review,
            reference: ReferenceRules::default(),
        }
    }
}

/// The terms of each shop, by its name. An order whose shop is no longer configured has the usual ones.
#[derive(Debug, Clone, Default)]
pub struct TermsOfShops {
    shops: BTreeMap<String, OrderTerms>,
    usual: OrderTerms,
}

impl TermsOfShops {
    /// The terms of these shops.
    #[must_use]
    pub fn new(shops: BTreeMap<String, OrderTerms>) -> Self {
        Self { shops, usual: OrderTerms::default() }
    }

    /// The terms of the shop of this name.
    #[must_use]
    pub fn of(&self, shop: &str) -> &OrderTerms {
        self.shops.get(shop).unwrap_or(&self.usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_of_the_price() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(Tolerance::Percent(amount("0.5")).of(&amount("250")), amount("1.25"));
        assert_eq!(Tolerance::Amount(amount("1")).of(&amount("250")), amount("1"));
        let terms = TermsOfShops::default();
        assert!(terms.of("gone").tolerance.of(&amount("250")).is_zero(), "nothing, unless told");
    }
}
