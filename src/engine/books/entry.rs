//! Entries: money moves from account to account, and none is made or lost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{Balance, BookAccount};
use crate::engine::{Amount, words};

words! {
    /// What kind of fact an entry is of.
    pub enum EntryKind: "kind of entry" {
        /// Money that came is final: it is its sender's credit.
        Confirmed = "confirmed",
        /// Confirmed money was taken back.
        Reversal = "reversal",
        /// A person gives credit, or takes it.
        CreditNote = "credit_note",
        /// An order is paid from credit.
        Settlement = "settlement",
        /// What an order is short of, and is forgiven.
        Tolerance = "tolerance",
        /// Money goes back.
        Refund = "refund",
        /// It could not go back.
        RefundFailed = "refund_failed",
        /// Money came in for a transfer.
        CameIn = "came_in",
        /// Money came in for nobody.
        Unmatched = "unmatched",
        /// Such money was given to a transfer.
        Assigned = "assigned",
        /// One asset became another.
        Exchange = "exchange",
        /// What we keep of a transfer.
        Fee = "fee",
        /// What a rail took for its leg.
        RailFee = "rail_fee",
        /// A transfer's money waits for a person.
        Held = "held",
        /// It goes on.
        Released = "released",
        /// A transfer's money went out.
        WentOut = "went_out",
    }
}

/// What an entry is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What it happened to, as events name it: `incoming/PLACE/ID`, `order/SHOP/ID`, `transfer/ID`.
    pub about: String,
    /// Where: a network, a rail or a shop.
    pub place: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// One account's part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookLine {
    /// Whose.
    pub account: BookAccount,
    /// Of what: the configured asset's name, or the source's own where none is configured.
    pub asset: String,
    /// How much it gets; what it gives has a minus.
    pub amount: Balance,
}

/// So much went from one account to another: what a balanced entry comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Who gives.
    pub from: BookAccount,
    /// Who gets.
    pub to: BookAccount,
    /// Of what.
    pub asset: String,
    /// How much: more than nothing.
    pub amount: Amount,
}

/// Money that moved. It can only be made balanced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What kind of fact it is of.
    pub kind: EntryKind,
    /// To what, where, and when.
    pub occasion: Occasion,
    lines: Vec<BookLine>,
}

/// Why lines are no entry.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum EntryError {
    /// There are none.
    #[error("an entry needs lines")]
    Empty,
    /// One of them moves nothing.
    #[error("a line of {0} moves nothing")]
    Nothing(BookAccount),
    /// Money would be made or lost.
    #[error("the lines in {asset} sum to {sum}, and not to 0")]
    Unbalanced {
        /// In which asset.
        asset: String,
        /// What they sum to.
        sum: Balance,
    },
}

impl Entry {
    /// An entry of these lines.
    ///
    /// # Errors
    /// [`EntryError`], if they do not sum to zero in each asset.
    pub fn new(
        kind: EntryKind,
        occasion: Occasion,
        lines: Vec<BookLine>,
    ) -> Result<Self, EntryError> {
        if lines.is_empty() {
            return Err(EntryError::Empty);
        }
        let mut sums: BTreeMap<&str, Balance> = BTreeMap::new();
        for line in &lines {
            if line.amount.is_zero() {
                return Err(EntryError::Nothing(line.account.clone()));
            }
            let sum = sums.entry(&line.asset).or_insert_with(Balance::zero);
            *sum = sum.plus(&line.amount);
        }
        if let Some((asset, sum)) = sums.into_iter().find(|(_, sum)| !sum.is_zero()) {
            return Err(EntryError::Unbalanced { asset: asset.to_owned(), sum });
        }
        Ok(Self { kind, occasion, lines })
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[BookLine] {
        &self.lines
    }

    /// The same as movements, of which none can be unbalanced. Whoever gives first gives to whoever gets first.
    #[must_use]
    pub fn movements(&self) -> Vec<Movement> {
        let mut movements = Vec::new();
        let assets: BTreeSet<&String> = self.lines.iter().map(|line| &line.asset).collect();
        for asset in assets {
            let of = |is_debt: bool| {
                let lines = self
                    .lines
                    .iter()
                    .filter(move |line| line.asset == *asset && line.amount.is_debt() == is_debt);
                lines.map(|line| (&line.account, line.amount.size().clone()))
            };
            let mut getting = of(false).peekable();
            for (from, mut left) in of(true) {
                while let Some((to, wanted)) = getting.peek_mut() {
                    let amount = left.clone().min(wanted.clone());
                    if amount.is_zero() {
                        break;
                    }
                    let less = |one: &Amount| one.minus(&amount).unwrap_or_else(Amount::zero);
                    (left, *wanted) = (less(&left), less(wanted));
                    let (from, to) = (from.clone(), (*to).clone());
                    if from != to {
                        movements.push(Movement { from, to, asset: asset.clone(), amount });
                    }
                    if wanted.is_zero() {
                        getting.next();
                    }
                }
            }
        }
        movements
    }

    /// What these give goes to one: balanced as it is made. None if nothing moves.
    pub(super) fn gathered(
        kind: EntryKind,
        occasion: &Occasion,
        asset: &str,
        from: impl IntoIterator<Item = (BookAccount, Amount)>,
        to: BookAccount,
    ) -> Option<Self> {
        let line = |account, amount| BookLine { account, asset: asset.to_owned(), amount };
        let mut sum = Amount::zero();
        let mut lines = Vec::new();
        for (account, amount) in from {
            if !amount.is_zero() {
                sum = sum.plus(&amount);
                lines.push(line(account, Balance::debt(amount)));
            }
        }
        if lines.is_empty() {
            return None;
        }
        lines.push(line(to, Balance::of(sum)));
        Some(Self { kind, occasion: occasion.clone(), lines })
    }

    /// So much goes from one to another. None if it is nothing.
    pub(super) fn moved(
        kind: EntryKind,
        occasion: &Occasion,
        asset: &str,
        amount: &Amount,
        (from, to): (BookAccount, BookAccount),
    ) -> Option<Self> {
        Self::gathered(kind, occasion, asset, [(from, amount.clone())], to)
    }

    /// The same with the lines of another, for what happens at once. Both are balanced, and so are they together.
    pub(super) fn with(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::at;

    fn occasion() -> Occasion {
        Occasion { about: "order/shop/1".to_owned(), place: "shop".to_owned(), at: at(0) }
    }

    fn line(account: &str, asset: &str, amount: &str) -> BookLine {
        BookLine {
            account: account.parse().unwrap(),
            asset: asset.to_owned(),
            amount: amount.parse().unwrap(),
        }
    }

    fn made(lines: &[BookLine]) -> Result<Entry, EntryError> {
        Entry::new(EntryKind::Settlement, occasion(), lines.to_vec())
    }

    #[test]
    fn what_does_not_sum_to_zero_cannot_be_made() {
        let (wallet, order) = (line("wallet/a", "xtr", "-5.0"), line("order/s/1", "xtr", "5"));
        assert!(made(&[wallet.clone(), order.clone()]).is_ok());
        let other = line("order/s/1", "usd", "5");
        assert!(matches!(made(&[wallet.clone(), other]), Err(EntryError::Unbalanced { .. })));
        let more = line("operator", "xtr", "0.000001");
        let sum = "0.000001".parse().unwrap();
        assert_eq!(
            made(&[wallet, order.clone(), more]),
            Err(EntryError::Unbalanced { asset: "xtr".to_owned(), sum })
        );
        assert_eq!(made(&[]), Err(EntryError::Empty));
        let nothing = line("out", "xtr", "0");
        assert_eq!(made(&[nothing]), Err(EntryError::Nothing(BookAccount::Out)));
    }

    #[test]
    fn movements_are_the_lines_again() {
        let lines = [
            line("wallet/a", "xtr", "-60"),
            line("wallet/b", "xtr", "-40.5"),
            line("order/s/1", "xtr", "70"),
            line("order/s/2", "xtr", "30.5"),
            line("operator", "usd", "-1"),
            line("out", "usd", "1"),
        ];
        let movements = made(&lines).unwrap().movements();
        let told = movements
            .iter()
            .map(|one| format!("{} {} {} {}", one.from, one.to, one.amount, one.asset));
        assert_eq!(
            Vec::from_iter(told),
            [
                "operator out 1 usd",
                "wallet/a order/s/1 60 xtr",
                "wallet/b order/s/1 10 xtr",
                "wallet/b order/s/2 30.5 xtr",
            ]
        );
    }

    #[test]
    fn what_is_gathered_is_balanced() {
        let wallet = |name: &str| BookAccount::Wallet(name.to_owned());
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let from = [
            (wallet("a"), amount("60")),
            (wallet("b"), amount("0")),
            (wallet("c"), amount("40.5")),
        ];
        let to = BookAccount::Out;
        let entry = Entry::gathered(EntryKind::Refund, &occasion(), "xtr", from, to).unwrap();
        assert_eq!(entry.lines().len(), 3, "who gives nothing has no line");
        assert_eq!(made(entry.lines()).map(|_| ()), Ok(()));
        let nothing = Entry::moved(
            EntryKind::Refund,
            &occasion(),
            "xtr",
            &Amount::zero(),
            (wallet("a"), BookAccount::Out),
        );
        assert_eq!(nothing, None);
    }
}
