//! What each fact about a transfer's money is in the books. None where nothing moves.
//!
//! `asset` is the configured asset's name for both legs, but for an exchange, whose legs are two. Summed by day, asset and
//! place, the accounts tell where all the money is: `received` came in, `out` went out or back, `fees` is kept, `held` and
//! `unmatched` wait, and what is on `transfer/ID` is under way.

use super::{BookAccount, Entry, EntryKind, Occasion};
use crate::engine::Amount;

fn transfer(id: &str) -> BookAccount {
    BookAccount::Transfer(id.to_owned())
}

fn place(occasion: &Occasion) -> BookAccount {
    BookAccount::Received(occasion.place.clone())
}

/// Money came in for a transfer.
#[must_use]
pub fn came_in(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::CameIn, on, asset, amount, (place(on), transfer(id)))
}

/// Money came in that is nobody's yet.
#[must_use]
pub fn unmatched(on: &Occasion, asset: &str, amount: &Amount) -> Option<Entry> {
    Entry::moved(EntryKind::Unmatched, on, asset, amount, (place(on), BookAccount::Unmatched))
}

/// A person has given such money to a transfer.
#[must_use]
pub fn assigned(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Assigned, on, asset, amount, (BookAccount::Unmatched, transfer(id)))
}

/// Such money is of an asset that goes by two names, and has the other one from now on.
#[must_use]
pub fn renamed(on: &Occasion, (from, to): (&str, &str), amount: &Amount) -> Option<Entry> {
    let kind = EntryKind::Exchange;
    let taken =
        Entry::moved(kind, on, from, amount, (BookAccount::Unmatched, BookAccount::Operator));
    let given = Entry::moved(kind, on, to, amount, (BookAccount::Operator, BookAccount::Unmatched));
    Some(taken?.with(given?))
}

/// Such money goes back.
#[must_use]
pub fn unmatched_refunded(on: &Occasion, asset: &str, amount: &Amount) -> Option<Entry> {
    Entry::moved(EntryKind::Refund, on, asset, amount, (BookAccount::Unmatched, BookAccount::Out))
}

/// What we take of one asset, and give of another for it.
#[must_use]
pub fn exchanged(
    on: &Occasion,
    id: &str,
    (asset_in, taken): (&str, &Amount),
    (asset_out, given): (&str, &Amount),
) -> Option<Entry> {
    let kind = EntryKind::Exchange;
    let bought = Entry::moved(kind, on, asset_in, taken, (transfer(id), BookAccount::Operator));
    let sold = Entry::moved(kind, on, asset_out, given, (BookAccount::Operator, transfer(id)));
    match (bought, sold) {
        (Some(bought), Some(sold)) => Some(bought.with(sold)),
        (one, other) => one.or(other),
    }
}

/// What came in is more, or less, than what goes out and is kept: by an exchange, whose price is ours to bear.
#[must_use]
pub fn gap_closed(
    on: &Occasion,
    asset: &str,
    (comes_in, goes_out): (&Amount, &Amount),
    id: &str,
) -> Option<Entry> {
    let kind = EntryKind::Exchange;
    match comes_in.minus(goes_out) {
        Some(gained) => {
            Entry::moved(kind, on, asset, &gained, (transfer(id), BookAccount::Operator))
        }
        None => {
            let lost = goes_out.minus(comes_in)?;
            Entry::moved(kind, on, asset, &lost, (BookAccount::Operator, transfer(id)))
        }
    }
}

/// A transfer's money was taken back by where it came from.
#[must_use]
pub fn transfer_reversed(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Reversal, on, asset, amount, (transfer(id), place(on)))
}

/// Money that was nobody's was taken back.
#[must_use]
pub fn unmatched_reversed(on: &Occasion, asset: &str, amount: &Amount) -> Option<Entry> {
    Entry::moved(EntryKind::Reversal, on, asset, amount, (BookAccount::Unmatched, place(on)))
}

/// Such money could not go back, and is nobody's again.
#[must_use]
pub fn unmatched_came_back(on: &Occasion, asset: &str, amount: &Amount) -> Option<Entry> {
    let kind = EntryKind::RefundFailed;
    Entry::moved(kind, on, asset, amount, (BookAccount::Out, BookAccount::Unmatched))
}

/// What we keep of a transfer.
#[must_use]
pub fn fee_kept(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Fee, on, asset, amount, (transfer(id), BookAccount::Fees))
}

/// What a rail took on top of a payout: it is ours to bear.
#[must_use]
pub fn rail_fee(on: &Occasion, asset: &str, amount: &Amount) -> Option<Entry> {
    Entry::moved(EntryKind::RailFee, on, asset, amount, (BookAccount::Operator, BookAccount::Out))
}

/// A transfer's money went out.
#[must_use]
pub fn went_out(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::WentOut, on, asset, amount, (transfer(id), BookAccount::Out))
}

/// A transfer's money went back.
#[must_use]
pub fn transfer_refunded(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Refund, on, asset, amount, (transfer(id), BookAccount::Out))
}

/// A transfer's money waits for a person.
#[must_use]
pub fn held(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Held, on, asset, amount, (transfer(id), BookAccount::Held))
}

/// It goes on, or back.
#[must_use]
pub fn released(on: &Occasion, asset: &str, amount: &Amount, id: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Released, on, asset, amount, (BookAccount::Held, transfer(id)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::books::{AccountKind, Balance};
    use crate::engine::fixtures::at;

    fn on(place: &str) -> Occasion {
        Occasion { about: "transfer/t".to_owned(), place: place.to_owned(), at: at(0) }
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn sums(entries: &[Option<Entry>]) -> BTreeMap<(AccountKind, String), String> {
        let mut sums: BTreeMap<(AccountKind, String), Balance> = BTreeMap::new();
        for line in entries.iter().flat_map(|entry| entry.as_ref().unwrap().lines()) {
            let key = (line.account.kind(), line.asset.clone());
            let sum = sums.entry(key).or_insert_with(Balance::zero);
            *sum = sum.plus(&line.amount);
        }
        sums.retain(|_, sum| !sum.is_zero());
        sums.into_iter().map(|(key, sum)| (key, sum.to_string())).collect()
    }

    fn expected(of: &[(AccountKind, &str, &str)]) -> BTreeMap<(AccountKind, String), String> {
        of.iter()
            .map(|(kind, asset, sum)| ((*kind, (*asset).to_owned()), (*sum).to_owned()))
            .collect()
    }

    #[test]
    fn what_came_is_what_went_and_what_is_kept() {
        let entries = [
            came_in(&on("bank"), "usd", &amount("10"), "t"),
            fee_kept(&on("bank"), "usd", &amount("0.5"), "t"),
            went_out(&on("stellar"), "usd", &amount("9.5"), "t"),
        ];
        let all = [
            (AccountKind::Received, "usd", "-10"),
            (AccountKind::Out, "usd", "9.5"),
            (AccountKind::Fees, "usd", "0.5"),
        ];
        assert_eq!(sums(&entries), expected(&all));
    }

    #[test]
    fn what_is_nobodys_is_given_or_goes_back() {
        let came = unmatched(&on("bank"), "usd", &amount("10"));
        let given = assigned(&on("bank"), "usd", &amount("10"), "t");
        let back = transfer_refunded(&on("bank"), "usd", &amount("10"), "t");
        let all = [(AccountKind::Received, "usd", "-10"), (AccountKind::Out, "usd", "10")];
        assert_eq!(sums(&[came.clone(), given, back]), expected(&all));
        let back = unmatched_refunded(&on("bank"), "usd", &amount("10"));
        assert_eq!(sums(&[came, back]), expected(&all));
    }

    #[test]
    fn an_exchange_is_balanced_in_both_assets() {
        let entries = [
            came_in(&on("bank"), "usd", &amount("10"), "t"),
            exchanged(&on("bank"), "t", ("usd", &amount("9")), ("eur", &amount("8"))),
            fee_kept(&on("bank"), "usd", &amount("1"), "t"),
            went_out(&on("stellar"), "eur", &amount("8"), "t"),
        ];
        let exchange = entries[1].clone().unwrap();
        let again = Entry::new(exchange.kind, exchange.occasion.clone(), exchange.lines().to_vec());
        assert_eq!(again, Ok(exchange));
        let all = [
            (AccountKind::Received, "usd", "-10"),
            (AccountKind::Operator, "usd", "9"),
            (AccountKind::Operator, "eur", "-8"),
            (AccountKind::Fees, "usd", "1"),
            (AccountKind::Out, "eur", "8"),
        ];
        assert_eq!(sums(&entries), expected(&all));
    }

    #[test]
    fn what_is_held_goes_on() {
        let came = came_in(&on("bank"), "usd", &amount("10"), "t");
        let stopped = held(&on("bank"), "usd", &amount("10"), "t");
        let waits = [(AccountKind::Received, "usd", "-10"), (AccountKind::Held, "usd", "10")];
        assert_eq!(sums(&[came.clone(), stopped.clone()]), expected(&waits));
        let goes = released(&on("bank"), "usd", &amount("10"), "t");
        let out = went_out(&on("stellar"), "usd", &amount("10"), "t");
        let took = rail_fee(&on("stellar"), "usd", &amount("0.2"));
        let all = [
            (AccountKind::Received, "usd", "-10"),
            (AccountKind::Operator, "usd", "-0.2"),
            (AccountKind::Out, "usd", "10.2"),
        ];
        assert_eq!(sums(&[came, stopped, goes, out, took]), expected(&all));
    }
}
