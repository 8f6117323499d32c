//! Where all the money is: what came in is what went out, with what was kept, went back, or waits for a person.

use super::audit::Ours;
use super::books::{Books, Left, Moved, units};
use super::plan::{COINS, Coin, Planned, Way};
use super::sides::Sides;
use crate::engine::{End, Phase};

/// The money of one way and one currency, in units of 0.0000001.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::cli::demo) struct Line {
    /// From what to what.
    pub(in crate::cli::demo) name: String,
    /// By the books of the side where it came in.
    pub(in crate::cli::demo) came_in: i64,
    /// By the books of the side where it went out.
    pub(in crate::cli::demo) went_out: i64,
    /// By our own record.
    pub(in crate::cli::demo) kept: i64,
    /// By the books of the side where it had come in.
    pub(in crate::cli::demo) went_back: i64,
    /// By our own record: of payments that are for no transfer.
    pub(in crate::cli::demo) unmatched: i64,
    /// By our own record: of transfers that could not be paid.
    pub(in crate::cli::demo) held: i64,
}

impl Line {
    /// What is not accounted for.
    pub(in crate::cli::demo) const fn rest(&self) -> i64 {
        self.came_in - self.went_out - self.kept - self.went_back - self.unmatched - self.held
    }
}

/// A line for each way and currency, and one for lumens, which nobody was to send.
pub(super) fn lines(sides: &Sides, plan: &[Planned], books: &Books, ours: &Ours) -> Vec<Line> {
    let mut lines = Vec::new();
    for way in [Way::Deposit, Way::Withdrawal] {
        lines.extend(COINS.iter().map(|coin| line(sides, plan, books, ours, (way, coin))));
    }
    lines.push(Line {
        name: "XLM".to_owned(),
        came_in: books.came_as("native"),
        unmatched: unmatched(ours, "native"),
        ..Line::default()
    });
    lines
}

fn line(
    sides: &Sides,
    plan: &[Planned],
    books: &Books,
    ours: &Ours,
    (way, coin): (Way, &'static Coin),
) -> Line {
    let mut line = Line { came_in: books.came_in(sides, way, coin), ..Line::default() };
    match way {
        Way::Deposit => line.name = format!("{} to {}", coin.currency, coin.code),
        Way::Withdrawal => {
            line.name = format!("{} to {}", coin.code, coin.currency);
            line.unmatched = unmatched(ours, &coin.asset());
        }
    }
    for one in plan.iter().filter(|one| one.way == way && one.coin == coin) {
        if let Some(Moved { out, back }) = books.moved(one) {
            line.went_out += sum(out);
            line.went_back += sum(back);
        }
        let Some(transfer) = ours.transfers.get(&one.id) else { continue };
        let told = |amount: &Option<crate::engine::Amount>| {
            amount.as_ref().map_or(0, |amount| units(&amount.to_string()))
        };
        match transfer.status.phase() {
            Phase::Over(End::Paid) => line.kept += told(&transfer.amount_fee),
            Phase::Held | Phase::Over(End::Failed) => line.held += told(&transfer.amount_in),
            Phase::Agreeing | Phase::UnderWay | Phase::Over(End::Returned | End::Nothing) => {}
        }
    }
    line
}

fn sum(left: &[Left]) -> i64 {
    left.iter().map(|left| left.units).sum()
}

/// What came in an asset and is for no transfer.
fn unmatched(ours: &Ours, asset: &str) -> i64 {
    let rows = ours.incoming.iter().filter(|row| row.verdict != "matched");
    let rows = rows.filter(|row| row.incoming.asset == asset);
    rows.map(|row| units(&row.incoming.amount.to_string())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_missing_is_seen() {
        let line = Line {
            came_in: 100,
            went_out: 80,
            kept: 5,
            went_back: 10,
            unmatched: 4,
            ..Line::default()
        };
        assert_eq!(line.rest(), 1);
        assert_eq!(Line { held: 1, ..line }.rest(), 0);
    }
}
