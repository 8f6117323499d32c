//! Every order of arrival ends paid, with the same credit left.

use super::shared::{Keeper, terms};
use super::{Answer, claimed, confirmed, ordered, received};

/// The statuses of order 1 after each of these: O it comes, K wallet `a` claims it, P 100 of `a` are seen, C they are final.
fn statuses(arrival: &str, memo: &str) -> Vec<&'static str> {
    let mut keeper = Keeper::new(terms());
    let mut statuses = Vec::new();
    for letter in arrival.chars() {
        let fact = match letter {
            'O' => ordered("1", "alice", "60", None),
            'K' => claimed("1", "a"),
            'P' => received("p", "a", "100", memo),
            _ => confirmed("p"),
        };
        let answer = keeper.takes(&fact);
        // A claim of an order that is paid already is refused, and nothing happens.
        let is_late = letter == 'K' && statuses.last() == Some(&"paid");
        assert!(answer == Answer::Done || is_late, "{arrival} {memo}: {answer:?}");
        if arrival.find('O') <= arrival.find(letter) {
            statuses.push(keeper.status("1").as_str());
        }
    }
    assert_eq!(keeper.status("1").as_str(), "paid", "{arrival} {memo}");
    assert_eq!((keeper.credit("a").as_str(), keeper.heard("order.paid")), ("40", 1), "{arrival}");
    statuses
}

#[test]
fn the_table_of_arrivals_holds_in_all_its_rows() {
    for (arrival, expected) in [
        ("OKPC", &["unclaimed", "new", "new", "paid"][..]),
        ("OPKC", &["unclaimed", "unclaimed", "new", "paid"]),
        ("OPCK", &["unclaimed", "unclaimed", "unclaimed", "paid"]),
        ("POKC", &["unclaimed", "new", "paid"]),
        ("POCK", &["unclaimed", "unclaimed", "paid"]),
        ("PCOK", &["unclaimed", "paid"]),
    ] {
        assert_eq!(statuses(arrival, ""), expected, "{arrival}");
    }
    for (arrival, expected) in
        [("OPC", &["unclaimed", "new", "paid"][..]), ("POC", &["new", "paid"]), ("PCO", &["paid"])]
    {
        assert_eq!(statuses(arrival, "1"), expected, "{arrival}, named");
    }
}

#[test]
fn a_claim_beside_money_that_names_it_changes_nothing() {
    for (arrival, expected) in [
        ("OKPC", &["unclaimed", "new", "new", "paid"][..]),
        ("OPKC", &["unclaimed", "new", "new", "paid"]),
        ("OPCK", &["unclaimed", "new", "paid", "paid"]),
        ("POKC", &["new", "new", "paid"]),
        ("POCK", &["new", "paid", "paid"]),
        ("PCOK", &["paid", "paid"]),
    ] {
        assert_eq!(statuses(arrival, "1"), expected, "{arrival}");
    }
}

#[test]
fn payment_then_order_then_confirmation_is_paid_without_anybody_settling() {
    // The named reference waits for its order.
    assert_eq!(statuses("POC", "1"), ["new", "paid"]);
    let mut keeper = Keeper::new(terms());
    keeper.all(&[received("p", "a", "100", "1"), received("q", "b", "5", "1")]);
    keeper.all(&[ordered("1", "alice", "60", None)]);
    assert_eq!(keeper.order("1").claimant.as_deref(), Some("b"), "the newest payer");
    keeper.all(&[confirmed("p")]);
    assert_eq!(keeper.status("1").as_str(), "paid");
}
