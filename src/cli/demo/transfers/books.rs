//! What the bank and the ledger say of the transfers, in one form: whole units of 0.0000001.

use std::collections::HashMap;

use super::customers::payer;
use super::plan::{Coin, Planned, Way};
use super::sides::{Sides, customer, us};
use railpoll_sandbox::horizon::{Paid, PaidBy, stroops};

/// Money that has left us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) units: i64,
    /// It went to whom it was for, in the right money.
    pub(super) is_right: bool,
}

/// What left us for one transfer.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// On the side where it was to go out.
    pub(super) out: Vec<Left>,
    /// On the side where it had come in.
    pub(super) back: Vec<Left>,
}

/// Both sides' books.
pub(super) struct Books {
    moved: HashMap<String, Moved>,
    /// What came to us on the ledger, oldest first.
    pub(super) came: Vec<Paid>,
    /// What left us for nobody who was to have it: a sentence each.
    pub(super) strange: Vec<String>,
    /// Accounts that we made on the ledger.
    pub(super) accounts_made: usize,
}

/// The units in what somebody wrote as a decimal number. What cannot be read is worth nothing, and is missed.
pub(super) fn units(decimal: &str) -> i64 {
    stroops(decimal).unwrap_or(0)
}

impl Books {
    pub(super) fn read(sides: &Sides, plan: &[Planned]) -> Self {
        let by_id: HashMap<&str, &Planned> =
            plan.iter().map(|one| (one.id.as_str(), one)).collect();
        let by_account: HashMap<String, &Planned> =
            plan.iter().map(|one| (customer(&one.id).account(), one)).collect();
        let us = us();
        let mut books = Self {
            moved: HashMap::new(),
            came: sides.horizon.payments_to(&us),
            strange: Vec::new(),
            accounts_made: 0,
        };
        for payout in sides.bank.payouts().iter().filter(|payout| payout.status.is_paid()) {
            let amount = payout.amount.to_plain_string();
            let Some(one) = by_id.get(payout.about()) else {
                let (id, currency) = (payout.about(), &payout.currency);
                books.strange.push(format!("the bank paid {amount} {currency} for {id}"));
                continue;
            };
            let to = serde_json::json!({ "account": payer(one) });
            let is_right = payout.currency == one.coin.currency
                && serde_json::from_str(&payout.beneficiary)
                    .is_ok_and(|told: serde_json::Value| told == to);
            books.left(one, Way::Withdrawal, Left { units: units(&amount), is_right });
        }
        for paid in sides.horizon.payments_from(&us) {
            match by_account.get(&paid.to) {
                Some(_) if paid.kind == PaidBy::CreateAccount => books.accounts_made += 1,
                Some(one) => {
                    let is_right = paid.asset == one.coin.asset();
                    books.left(one, Way::Deposit, Left { units: paid.amount, is_right });
                }
                None => {
                    let Paid { to, asset, amount, .. } = &paid;
                    books.strange.push(format!("{amount} units of {asset} were paid to {to}"));
                }
            }
        }
        books
    }

    /// Notes what left for `one` on the side where transfers of the way `side` go out.
    fn left(&mut self, one: &Planned, side: Way, left: Left) {
        let moved = self.moved.entry(one.id.clone()).or_default();
        if one.way == side { moved.out.push(left) } else { moved.back.push(left) }
    }

    /// What left for one transfer.
    pub(super) fn moved(&self, one: &Planned) -> Option<&Moved> {
        self.moved.get(&one.id)
    }

    /// What came in on the side where this way begins, in units.
    pub(super) fn came_in(&self, sides: &Sides, way: Way, coin: &Coin) -> i64 {
        match way {
            Way::Deposit => units(&sides.bank.received_in(coin.currency).to_plain_string()),
            Way::Withdrawal => self.came_as(&coin.asset()),
        }
    }

    /// What came to us on the ledger in an asset, in units.
    pub(super) fn came_as(&self, asset: &str) -> i64 {
        self.came.iter().filter(|paid| paid.asset == asset).map(|paid| paid.amount).sum()
    }
}
