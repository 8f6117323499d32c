//! The books: sums of days, movements, and what does not agree.

use serde::Serialize;

use super::{Viewed, view};
use crate::engine::books::{AccountKind, Balance};
use crate::engine::iso;
use crate::store::{BookDay, BookDifference, BooksChecked, MovementRow};

/// What moved on one day, of one asset and at one place: what came in is the sum of all else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DaySums {
    pub(crate) day: String,
    pub(crate) asset: String,
    pub(crate) place: String,
    /// What came there, less what was taken back.
    pub(crate) came_in: Balance,
    /// What left us, or is on its way.
    pub(crate) went_out: Balance,
    /// What we keep of transfers.
    pub(crate) fees: Balance,
    /// What operators took, less what they gave.
    pub(crate) operator: Balance,
    /// What waits for a person.
    pub(crate) held: Balance,
    /// What is nobody's yet.
    pub(crate) unmatched: Balance,
    /// What became credit, less what was spent of it.
    pub(crate) wallets: Balance,
    /// What was paid for orders.
    pub(crate) orders: Balance,
    /// What came for transfers, less what went out for them.
    pub(crate) transfers: Balance,
}

impl DaySums {
    /// The sums of all accounts of a day, an asset and a place, together. The rows stand in this order.
    pub(crate) fn of(rows: Vec<BookDay>) -> Vec<Self> {
        let mut days: Vec<Self> = Vec::new();
        for BookDay { day, asset, place, account, amount } in rows {
            let is_it =
                |one: &&mut Self| (&one.day, &one.asset, &one.place) == (&day, &asset, &place);
            match days.last_mut().filter(is_it) {
                Some(one) => one.set(account, amount),
                None => {
                    let mut one = Self::nothing(day, asset, place);
                    one.set(account, amount);
                    days.push(one);
                }
            }
        }
        days
    }

    fn nothing(day: String, asset: String, place: String) -> Self {
        let nothing = Balance::zero;
        Self {
            day,
            asset,
            place,
            came_in: nothing(),
            went_out: nothing(),
            fees: nothing(),
            operator: nothing(),
            held: nothing(),
            unmatched: nothing(),
            wallets: nothing(),
            orders: nothing(),
            transfers: nothing(),
        }
    }

    fn set(&mut self, account: AccountKind, amount: Balance) {
        match account {
            // A place gives what comes there.
            AccountKind::Received => self.came_in = amount.negated(),
            AccountKind::Out => self.went_out = amount,
            AccountKind::Fees => self.fees = amount,
            AccountKind::Operator => self.operator = amount,
            AccountKind::Held => self.held = amount,
            AccountKind::Unmatched => self.unmatched = amount,
            AccountKind::Wallet => self.wallets = amount,
            AccountKind::Order => self.orders = amount,
            AccountKind::Transfer => self.transfers = amount,
        }
    }
}

view! {
    /// What moved on a day.
    pub(crate) struct DayJson<'a> {
        day: &'a str,
        asset: &'a str,
        place: &'a str,
        came_in: String,
        went_out: String,
        fees: String,
        operator: String,
        held: String,
        unmatched: String,
        wallets: String,
        orders: String,
        transfers: String,
    }
}

impl Viewed for DaySums {
    type View<'a> = DayJson<'a>;
    const KEYS: &'static [&'static str] = DayJson::KEYS;

    fn view(&self) -> DayJson<'_> {
        DayJson {
            day: &self.day,
            asset: &self.asset,
            place: &self.place,
            came_in: self.came_in.to_string(),
            went_out: self.went_out.to_string(),
            fees: self.fees.to_string(),
            operator: self.operator.to_string(),
            held: self.held.to_string(),
            unmatched: self.unmatched.to_string(),
            wallets: self.wallets.to_string(),
            orders: self.orders.to_string(),
            transfers: self.transfers.to_string(),
        }
    }
}

view! {
    /// A movement.
    pub(crate) struct MovementJson<'a> {
        entry: i64,
        position: i64,
        kind: &'static str,
        about: &'a str,
        place: &'a str,
        at: String,
        from: String,
        to: String,
        asset: &'a str,
        amount: String,
    }
}

impl Viewed for MovementRow {
    type View<'a> = MovementJson<'a>;
    const KEYS: &'static [&'static str] = MovementJson::KEYS;

    fn view(&self) -> MovementJson<'_> {
        MovementJson {
            entry: self.entry,
            position: self.position,
            kind: self.kind.as_str(),
            about: &self.about,
            place: &self.place,
            at: iso(self.at),
            from: self.from.to_string(),
            to: self.to.to_string(),
            asset: &self.asset,
            amount: self.amount.to_string(),
        }
    }
}

/// What a check of the books has found.
#[derive(Debug, Serialize)]
pub(crate) struct BooksCheckedJson<'a> {
    entries: u64,
    movements: u64,
    differences: Vec<DifferenceJson<'a>>,
}

#[derive(Debug, Serialize)]
struct DifferenceJson<'a> {
    what: &'a str,
    asset: &'a str,
    stored: String,
    summed: String,
}

impl<'a> From<&'a BooksChecked> for BooksCheckedJson<'a> {
    fn from(checked: &'a BooksChecked) -> Self {
        let difference = |one: &'a BookDifference| DifferenceJson {
            what: &one.what,
            asset: &one.asset,
            stored: one.stored.to_string(),
            summed: one.summed.to_string(),
        };
        let differences = checked.differences.iter().map(difference).collect();
        Self { entries: checked.entries, movements: checked.movements, differences }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_is_the_sum_of_all_else() {
        let row = |day: &str, account, amount: &str| BookDay {
            day: day.to_owned(),
            asset: "xtr".to_owned(),
            place: "tari".to_owned(),
            account,
            amount: amount.parse().unwrap(),
        };
        let days = DaySums::of(vec![
            row("2026-01-01", AccountKind::Received, "-100"),
            row("2026-01-01", AccountKind::Wallet, "40"),
            row("2026-01-01", AccountKind::Order, "60"),
            row("2026-01-02", AccountKind::Received, "5"),
            row("2026-01-02", AccountKind::Wallet, "-5"),
        ]);
        let told: Vec<[String; 4]> = days
            .iter()
            .map(|day| {
                [
                    day.day.clone(),
                    day.came_in.to_string(),
                    day.wallets.to_string(),
                    day.orders.to_string(),
                ]
            })
            .collect();
        assert_eq!(told, [["2026-01-01", "100", "40", "60"], ["2026-01-02", "-5", "-5", "0"]]);
    }
}
