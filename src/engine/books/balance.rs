//! What an account holds: an amount, or a debt.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::engine::{Amount, AmountError};

/// An amount with a sign. Nothing is no debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    is_debt: bool,
    amount: Amount,
}

impl Balance {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self::of(Amount::zero())
    }

    /// So much.
    #[must_use]
    pub const fn of(amount: Amount) -> Self {
        Self { is_debt: false, amount }
    }

    /// So much that is owed.
    #[must_use]
    pub fn debt(amount: Amount) -> Self {
        Self { is_debt: !amount.is_zero(), amount }
    }

    /// The same with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self { is_debt: !self.is_debt && !self.is_zero(), amount: self.amount.clone() }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if self.is_debt == other.is_debt {
            return Self { is_debt: self.is_debt, amount: self.amount.plus(&other.amount) };
        }
        let (held, owed) = if self.is_debt { (other, self) } else { (self, other) };
        match held.amount.minus(&owed.amount) {
            Some(rest) => Self::of(rest),
            None => Self::debt(owed.amount.minus(&held.amount).unwrap_or_else(Amount::zero)),
        }
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }

    /// Whether it is owed.
    #[must_use]
    pub const fn is_debt(&self) -> bool {
        self.is_debt
    }

    /// How much it is, held or owed.
    #[must_use]
    pub const fn size(&self) -> &Amount {
        &self.amount
    }

    /// What can be spent of it: nothing of a debt.
    #[must_use]
    pub fn spendable(&self) -> Amount {
        if self.is_debt { Amount::zero() } else { self.amount.clone() }
    }
}

impl PartialOrd for Balance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Balance {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_debt, other.is_debt) {
            (false, false) => self.amount.cmp(&other.amount),
            (true, true) => other.amount.cmp(&self.amount),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_debt { "-" } else { "" };
        write!(f, "{sign}{}", self.amount)
    }
}

impl FromStr for Balance {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        match text.strip_prefix('-') {
            Some(owed) => owed.parse().map(Self::debt),
            None => text.parse().map(Self::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn balance(text: &str) -> Balance {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_no_debt() {
        assert_eq!(balance("-0.00"), Balance::zero());
        assert_eq!(balance("0").negated().to_string(), "0");
        assert!(!balance("5").minus(&balance("5")).is_debt());
        assert!("--5".parse::<Balance>().is_err() && "-".parse::<Balance>().is_err());
    }

    #[test]
    fn what_is_owed_cannot_be_spent() {
        assert!(balance("-5").spendable().is_zero());
        assert_eq!(balance("5.5").spendable().to_string(), "5.5");
        assert_eq!(balance("5").minus(&balance("7.5")).to_string(), "-2.5");
    }

    proptest! {
        #[test]
        fn it_adds_as_whole_numbers_do(a in -1000_i64..1000, b in -1000_i64..1000) {
            let of = |number: i64| balance(&number.to_string());
            prop_assert_eq!(of(a).plus(&of(b)), of(a + b));
            prop_assert_eq!(of(a).minus(&of(b)), of(a - b));
            prop_assert_eq!(of(a).cmp(&of(b)), a.cmp(&b));
            prop_assert_eq!(of(a).to_string(), a.to_string());
        }
    }
}
