//! What each fact about an order's money is in the books. None where nothing moves.

use super::{Balance, BookAccount, Entry, EntryKind, Occasion};
use crate::engine::Amount;

fn wallet(address: &str) -> BookAccount {
    BookAccount::Wallet(address.to_owned())
}

fn place(occasion: &Occasion) -> BookAccount {
    BookAccount::Received(occasion.place.clone())
}

/// Money that came is final: it is its sender's credit.
#[must_use]
pub fn confirmed(on: &Occasion, asset: &str, amount: &Amount, payer: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Confirmed, on, asset, amount, (place(on), wallet(payer)))
}

/// Confirmed money was taken back. Its sender owes what is spent of it.
#[must_use]
pub fn reversed(on: &Occasion, asset: &str, amount: &Amount, payer: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Reversal, on, asset, amount, (wallet(payer), place(on)))
}

/// A person gives credit; what is negative is taken.
#[must_use]
pub fn credited(on: &Occasion, asset: &str, amount: &Balance, payer: &str) -> Option<Entry> {
    let given = (BookAccount::Operator, wallet(payer));
    let way = if amount.is_debt() { (given.1, given.0) } else { given };
    Entry::moved(EntryKind::CreditNote, on, asset, amount.size(), way)
}

/// An order is paid: so much from each wallet.
#[must_use]
pub fn settled<'a>(
    on: &Occasion,
    asset: &str,
    shares: impl IntoIterator<Item = (&'a str, &'a Amount)>,
    order: BookAccount,
) -> Option<Entry> {
    let from = shares.into_iter().map(|(payer, amount)| (wallet(payer), amount.clone()));
    Entry::gathered(EntryKind::Settlement, on, asset, from, order)
}

/// What an order is short of is forgiven: it is ours to bear.
#[must_use]
pub fn tolerated(on: &Occasion, asset: &str, amount: &Amount, order: BookAccount) -> Option<Entry> {
    Entry::moved(EntryKind::Tolerance, on, asset, amount, (BookAccount::Operator, order))
}

/// Credit goes back. It is out of reach from the decision on, so that it is not spent meanwhile.
#[must_use]
pub fn refunded(on: &Occasion, asset: &str, amount: &Amount, payer: &str) -> Option<Entry> {
    Entry::moved(EntryKind::Refund, on, asset, amount, (wallet(payer), BookAccount::Out))
}

/// Credit could not go back, and is credit again.
#[must_use]
pub fn refund_failed(on: &Occasion, asset: &str, amount: &Amount, payer: &str) -> Option<Entry> {
    Entry::moved(EntryKind::RefundFailed, on, asset, amount, (BookAccount::Out, wallet(payer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::at;

    fn told(entry: Option<Entry>) -> Vec<String> {
        let entry = entry.unwrap();
        let again = Entry::new(entry.kind, entry.occasion.clone(), entry.lines().to_vec());
        assert_eq!(again.as_ref(), Ok(&entry), "it is balanced");
        let line = |line: &super::super::BookLine| format!("{} {}", line.account, line.amount);
        entry.lines().iter().map(line).collect()
    }

    #[test]
    fn each_fact_moves_money_from_where_it_is_to_where_it_belongs() {
        let on = Occasion { about: String::new(), place: "tari".to_owned(), at: at(0) };
        let ten: Amount = "10".parse().unwrap();
        let order = || BookAccount::Order { shop: "s".to_owned(), order_id: "1".to_owned() };
        assert_eq!(told(confirmed(&on, "xtr", &ten, "a")), ["received/tari -10", "wallet/a 10"]);
        assert_eq!(told(reversed(&on, "xtr", &ten, "a")), ["wallet/a -10", "received/tari 10"]);
        let note = |text: &str| credited(&on, "xtr", &text.parse().unwrap(), "a");
        assert_eq!(told(note("3")), ["operator -3", "wallet/a 3"]);
        assert_eq!(told(note("-3")), ["wallet/a -3", "operator 3"]);
        assert_eq!(note("0"), None);
        assert_eq!(
            told(settled(&on, "xtr", [("a", &ten), ("b", &ten)], order())),
            ["wallet/a -10", "wallet/b -10", "order/s/1 20"]
        );
        assert_eq!(settled(&on, "xtr", [], order()), None, "an order of nothing moves nothing");
        assert_eq!(told(tolerated(&on, "xtr", &ten, order())), ["operator -10", "order/s/1 10"]);
        assert_eq!(told(refunded(&on, "xtr", &ten, "a")), ["wallet/a -10", "out 10"]);
        assert_eq!(told(refund_failed(&on, "xtr", &ten, "a")), ["out -10", "wallet/a 10"]);
    }
}
