//! What a transfer's step is in the books: where its money was before it, and where it is after it.

use super::{
    Entry, EntryKind, Occasion, assigned, came_in, fee_kept, gap_closed, held, rail_fee, released,
    transfer_refunded, transfer_reversed, went_out,
};
use crate::engine::{Amount, Cause, End, Phase, Transfer};

/// Where a transfer's money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whereabouts {
    /// It has not come, or was taken back.
    Elsewhere,
    /// It is under way.
    UnderWay,
    /// It waits for a person.
    Held,
    /// It was paid out.
    Out,
    /// It went back.
    Back,
}

impl Whereabouts {
    fn of(transfer: &Transfer) -> Self {
        if transfer.amount_in.as_ref().is_none_or(Amount::is_zero) {
            return Self::Elsewhere;
        }
        match transfer.status.phase() {
            Phase::Agreeing | Phase::UnderWay => Self::UnderWay,
            Phase::Over(End::Paid) => Self::Out,
            Phase::Over(End::Returned) => Self::Back,
            // What ended otherwise, and has its money, waits for somebody who gives it back.
            Phase::Held | Phase::Over(_) => Self::Held,
        }
    }
}

/// The entries of a step from `before`, which is none if the transfer is new, to `after`.
#[must_use]
pub fn entries_of_step(
    before: Option<&Transfer>,
    after: &Transfer,
    cause: Option<Cause>,
) -> Vec<Entry> {
    let (was, is) =
        (before.map_or(Whereabouts::Elsewhere, Whereabouts::of), Whereabouts::of(after));
    let book = Book::of(before, after);
    let mut entries = Vec::new();
    if was != is {
        entries.extend(book.leaves(was, is, cause));
        entries.extend(book.arrives(is));
    }
    let told = |one: &Transfer| one.rail_fee.clone().filter(|fee| !fee.is_zero());
    if before.and_then(told).is_none()
        && let Some(fee) = told(after)
    {
        entries.push(rail_fee(&book.on(&after.rail), &after.asset, &fee));
    }
    entries.into_iter().flatten().collect()
}

/// The transfer, and how much of it is with us.
struct Book<'a> {
    transfer: &'a Transfer,
    amount: Amount,
}

impl<'a> Book<'a> {
    fn of(before: Option<&Transfer>, after: &'a Transfer) -> Self {
        let amount = after.amount_in.as_ref().or(before.and_then(|one| one.amount_in.as_ref()));
        Self { transfer: after, amount: amount.cloned().unwrap_or_else(Amount::zero) }
    }

    fn on(&self, place: &str) -> Occasion {
        Occasion {
            about: format!("transfer/{}", self.transfer.transfer_id),
            place: place.to_owned(),
            at: self.transfer.updated_at,
        }
    }

    /// Where the money comes in, and where it goes out.
    fn places(&self) -> (&'a str, &'a str) {
        let (rail, network) = (self.transfer.rail.as_str(), self.transfer.network.as_str());
        if self.transfer.kind.is_deposit() { (rail, network) } else { (network, rail) }
    }

    /// The money is on the transfer's account, if it is to be anywhere.
    fn leaves(
        &self,
        was: Whereabouts,
        is: Whereabouts,
        cause: Option<Cause>,
    ) -> Vec<Option<Entry>> {
        let (id, asset) = (&self.transfer.transfer_id, &self.transfer.asset);
        let on = self.on(self.places().0);
        match was {
            Whereabouts::Elsewhere if is == Whereabouts::Elsewhere => Vec::new(),
            Whereabouts::Elsewhere if cause == Some(Cause::Assigned) => {
                vec![assigned(&on, asset, &self.amount, id)]
            }
            Whereabouts::Elsewhere => vec![came_in(&on, asset, &self.amount, id)],
            Whereabouts::Held => vec![released(&on, asset, &self.amount, id)],
            // What has gone stays gone: a person who says otherwise says what became of it.
            Whereabouts::UnderWay | Whereabouts::Out | Whereabouts::Back => Vec::new(),
        }
    }

    /// From the transfer's account to where the money is now.
    fn arrives(&self, is: Whereabouts) -> Vec<Option<Entry>> {
        let (id, asset) = (&self.transfer.transfer_id, &self.transfer.asset);
        let (comes_in, goes_out) = self.places();
        let (here, there) = (self.on(comes_in), self.on(goes_out));
        match is {
            Whereabouts::UnderWay => Vec::new(),
            Whereabouts::Elsewhere => vec![transfer_reversed(&here, asset, &self.amount, id)],
            Whereabouts::Held => vec![held(&here, asset, &self.amount, id)],
            Whereabouts::Back => vec![transfer_refunded(&here, asset, &self.amount, id)],
            Whereabouts::Out => {
                let nothing = Amount::zero();
                let fee = self.transfer.amount_fee.as_ref().unwrap_or(&nothing);
                let rest = self.amount.minus(fee).unwrap_or_else(Amount::zero);
                let out = self.transfer.amount_out.clone().unwrap_or(rest);
                vec![
                    fee_kept(&here, asset, fee, id),
                    gap_closed(&here, asset, (&self.amount, &out.plus(fee)), id),
                    went_out(&there, asset, &out, id),
                ]
            }
        }
    }
}

/// The kinds of entries that such steps make, for whoever shows them.
pub const TRANSFER_ENTRIES: [EntryKind; 9] = [
    EntryKind::CameIn,
    EntryKind::Assigned,
    EntryKind::Held,
    EntryKind::Released,
    EntryKind::Fee,
    EntryKind::Exchange,
    EntryKind::WentOut,
    EntryKind::Refund,
    EntryKind::Reversal,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::books::{Balance, BookAccount};
    use crate::engine::transfer::fixtures::transfer;
    use crate::engine::{TransferKind, TransferStatus};

    fn deposit(status: TransferStatus, amount_in: Option<&str>) -> Transfer {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        Transfer {
            amount_in: amount_in.map(amount),
            amount_out: amount_in.map(|_| amount("9.5")),
            amount_fee: amount_in.map(|_| amount("0.5")),
            ..transfer(TransferKind::Deposit, status)
        }
    }

    /// The sums of all accounts after steps through these, each with its cause.
    fn sums(way: &[(&Transfer, Option<Cause>)]) -> BTreeMap<String, String> {
        let mut sums: BTreeMap<String, Balance> = BTreeMap::new();
        let mut before = None;
        for (after, cause) in way {
            for entry in entries_of_step(before, after, *cause) {
                assert!(TRANSFER_ENTRIES.contains(&entry.kind), "{}", entry.kind);
                for line in entry.lines() {
                    let sum = sums.entry(line.account.to_string()).or_insert_with(Balance::zero);
                    *sum = sum.plus(&line.amount);
                }
            }
            before = Some(after);
        }
        sums.retain(|_, sum| !sum.is_zero());
        sums.into_iter().map(|(account, sum)| (account, sum.to_string())).collect()
    }

    fn expected(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(account, sum)| ((*account).to_owned(), (*sum).to_owned())).collect()
    }

    #[test]
    fn wherever_a_transfer_goes_its_money_is_on_one_account() {
        use TransferStatus::{
            Completed, OnHold, PendingAnchor, PendingUserTransferStart, Refunded,
        };
        let waiting = deposit(PendingUserTransferStart, None);
        let rail = waiting.rail.clone();
        let received = BookAccount::Received(rail).to_string();
        let id = format!("transfer/{}", waiting.transfer_id);
        let here = deposit(PendingAnchor, Some("10"));
        let on_hold = deposit(OnHold, Some("10"));
        let paid = deposit(Completed, Some("10"));
        let back = deposit(Refunded, Some("10"));
        assert_eq!(sums(&[(&waiting, None)]), expected(&[]));
        let came = [(&waiting, None), (&here, Some(Cause::Arrived))];
        assert_eq!(sums(&came), expected(&[(&received, "-10"), (&id, "10")]));
        let mut way = came.to_vec();
        way.push((&on_hold, Some(Cause::Held)));
        assert_eq!(sums(&way), expected(&[(&received, "-10"), ("held", "10")]));
        way.push((&here, Some(Cause::Released)));
        way.push((&paid, Some(Cause::Applied)));
        assert_eq!(sums(&way), expected(&[(&received, "-10"), ("fees", "0.5"), ("out", "9.5")]));
        let way = [(&waiting, None), (&on_hold, Some(Cause::ArrivalHeld)), (&back, None)];
        assert_eq!(sums(&way), expected(&[(&received, "-10"), ("out", "10")]));
        let way = [
            (&waiting, None),
            (&here, Some(Cause::Arrived)),
            (&waiting, Some(Cause::ArrivalReversed)),
        ];
        assert_eq!(sums(&way), expected(&[]));
        let way = [(&waiting, None), (&here, Some(Cause::Assigned))];
        assert_eq!(sums(&way), expected(&[("unmatched", "-10"), (&id, "10")]));
    }

    #[test]
    fn what_an_exchange_gains_or_loses_is_ours() {
        let waiting = deposit(TransferStatus::PendingUserTransferStart, None);
        for (comes, ours) in [("12", "2"), ("8", "-2")] {
            let here = deposit(TransferStatus::PendingAnchor, Some(comes));
            let paid = deposit(TransferStatus::Completed, Some(comes));
            let sums = sums(&[(&waiting, None), (&here, None), (&paid, None)]);
            let sum = |account: &str| sums[account].parse::<Balance>().unwrap();
            assert_eq!(
                (sum("operator"), sum("out")),
                (ours.parse().unwrap(), "9.5".parse().unwrap())
            );
        }
    }
}
