//! When a shop is told, and which of its orders are ours.

/// Whether an order is to be paid here, by the ways to pay that its shop names. One that is paid by card is none of ours: it
/// would expire here, and be cancelled there.
#[must_use]
pub fn is_ours(told: &[String], ours: &[String]) -> bool {
    told.iter().any(|way| ours.contains(way))
}

/// How a shop sees an order, just before it is told something of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopSees {
    /// It waits for money.
    Unpaid,
    /// It is paid, by what we have told.
    PaidByUs,
    /// It is paid in another way.
    PaidOtherwise,
    /// It is cancelled.
    Cancelled,
}

/// What a shop is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopNews {
    /// That an order is paid.
    Paid,
    /// That it has ended unpaid.
    Cancelled,
}

/// What becomes of a call to a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopCall {
    /// It is made.
    Make,
    /// It is done already.
    Done,
    /// It is not made: the shop is left alone. An order that is open here is cancelled, for the shop's sake.
    Leave,
    /// It is not made: our money is for an order that the shop has ended. A person must look.
    Review,
}

/// Looks before a shop is told something, so that nothing is captured twice and nothing cancelled that is paid.
#[must_use]
pub const fn shop_call(news: ShopNews, sees: ShopSees) -> ShopCall {
    match (news, sees) {
        (ShopNews::Paid | ShopNews::Cancelled, ShopSees::Unpaid) => ShopCall::Make,
        (ShopNews::Paid, ShopSees::PaidByUs) | (ShopNews::Cancelled, ShopSees::Cancelled) => {
            ShopCall::Done
        }
        (ShopNews::Cancelled, ShopSees::PaidByUs | ShopSees::PaidOtherwise) => ShopCall::Leave,
        (ShopNews::Paid, ShopSees::PaidOtherwise | ShopSees::Cancelled) => ShopCall::Review,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_paid_by_card_is_not_taken_in_nor_cancelled_in_the_shop() {
        let ways = |ways: &[&str]| ways.iter().map(|way| (*way).to_owned()).collect::<Vec<_>>();
        let ours = ways(&["tari", "manual tari"]);
        assert!(is_ours(&ways(&["tari"]), &ours));
        assert!(!is_ours(&ways(&["card"]), &ours) && !is_ours(&[], &ours));
        assert_eq!(shop_call(ShopNews::Cancelled, ShopSees::PaidOtherwise), ShopCall::Leave);
    }

    #[test]
    fn already_paid_is_done_and_nothing_is_captured_twice() {
        assert_eq!(shop_call(ShopNews::Paid, ShopSees::Unpaid), ShopCall::Make);
        assert_eq!(shop_call(ShopNews::Paid, ShopSees::PaidByUs), ShopCall::Done);
        assert_eq!(shop_call(ShopNews::Paid, ShopSees::PaidOtherwise), ShopCall::Review);
    }
}
