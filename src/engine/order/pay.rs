//! Who pays an order, and how much of it.

use std::cmp::Reverse;

use super::{Order, OrderKey, Tolerance};
use crate::engine::{Amount, words};

words! {
    /// Who pays an order.
    pub enum SettlementKind: "kind of settlement" {
        /// One wallet alone.
        Single = "single",
        /// Several wallets.
        Multiple = "multiple",
    }
}

/// What one wallet has paid of an order. There is one of an order and a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSettlement {
    /// Which order.
    pub order: OrderKey,
    /// Which wallet.
    pub wallet: String,
    /// Of what.
    pub asset: String,
    /// How much.
    pub amount: Amount,
    /// Whether it paid alone.
    pub kind: SettlementKind,
}

/// A wallet that may pay an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// Its address.
    pub wallet: String,
    /// What of its credit is free for this order.
    pub free: Amount,
    /// How much of its final money names this order.
    pub named: Amount,
}

/// How an order is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// What each wallet gives. None of an order of nothing.
    pub settlements: Vec<OrderSettlement>,
    /// What is forgiven.
    pub short_by: Option<Amount>,
}

/// Pays an order from the free credit of its payers, if that covers it. Nothing is taken if it does not.
///
/// It is taken in this order: money that names it, more of it first; the claimant; who has most. One wallet pays alone if
/// the first of them can, or if any can and none of their money names it. What is missing of money that names it is forgiven
/// as far as the shop's tolerance goes.
#[must_use]
pub fn pay(order: &Order, payers: &[Payer], tolerance: &Tolerance) -> Option<Paid> {
    let mut payers: Vec<&Payer> = payers.iter().filter(|payer| !payer.free.is_zero()).collect();
    let is_claimant = |payer: &Payer| order.claimant.as_ref() == Some(&payer.wallet);
    payers.sort_by(|a, b| {
        let key = |payer: &Payer| {
            (Reverse(payer.named.clone()), Reverse(is_claimant(payer)), Reverse(payer.free.clone()))
        };
        key(a).cmp(&key(b)).then_with(|| a.wallet.cmp(&b.wallet))
    });
    let all = payers.iter().fold(Amount::zero(), |sum, payer| sum.plus(&payer.free));
    if all >= order.price {
        let names_it = payers.iter().any(|payer| !payer.named.is_zero());
        let alone = payers
            .iter()
            .take(if names_it { 1 } else { payers.len() })
            .find(|payer| payer.free >= order.price);
        let shares = match alone {
            Some(payer) => vec![(*payer, order.price.clone())],
            None => from_each(&payers, &order.price),
        };
        return Some(Paid { settlements: settlements(order, shares), short_by: None });
    }
    let named: Vec<(&Payer, Amount)> = payers
        .iter()
        .map(|payer| (*payer, payer.named.clone().min(payer.free.clone())))
        .filter(|(_, named)| !named.is_zero())
        .collect();
    let came = named.iter().fold(Amount::zero(), |sum, (_, named)| sum.plus(named));
    let missing = order.price.minus(&came)?;
    let is_forgiven = !came.is_zero() && missing <= tolerance.of(&order.price);
    is_forgiven.then(|| Paid { settlements: settlements(order, named), short_by: Some(missing) })
}

/// What each gives until it is enough.
fn from_each<'a>(payers: &[&'a Payer], price: &Amount) -> Vec<(&'a Payer, Amount)> {
    let mut rest = price.clone();
    let mut shares = Vec::new();
    for payer in payers {
        let share = payer.free.clone().min(rest.clone());
        rest = rest.minus(&share).unwrap_or_else(Amount::zero);
        if !share.is_zero() {
            shares.push((*payer, share));
        }
    }
    shares
}

fn settlements(order: &Order, shares: Vec<(&Payer, Amount)>) -> Vec<OrderSettlement> {
    let shares: Vec<_> = shares.into_iter().filter(|(_, amount)| !amount.is_zero()).collect();
    let kind = if shares.len() > 1 { SettlementKind::Multiple } else { SettlementKind::Single };
    shares
        .into_iter()
        .map(|(payer, amount)| OrderSettlement {
            order: order.key.clone(),
            wallet: payer.wallet.clone(),
            asset: order.asset.clone(),
            amount,
            kind,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::OrderStatus;
    use super::super::fixtures::order;
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn payer(wallet: &str, free: &str, named: &str) -> Payer {
        Payer { wallet: wallet.to_owned(), free: amount(free), named: amount(named) }
    }

    fn with(price: &str, payers: &[Payer], tolerance: &str) -> Option<(String, Option<String>)> {
        let one = Order {
            claimant: Some("claimant".to_owned()),
            ..order("1", "c", price, OrderStatus::New)
        };
        let paid = pay(&one, payers, &Tolerance::Amount(amount(tolerance)))?;
        let shares = paid.settlements.iter();
        let shares = shares.map(|one| format!("{} {} {}", one.wallet, one.amount, one.kind));
        let short_by = paid.short_by.map(|short_by| short_by.to_string());
        Some((shares.collect::<Vec<_>>().join(", "), short_by))
    }

    fn paid(price: &str, payers: &[Payer]) -> Option<String> {
        with(price, payers, "0").map(|(shares, _)| shares)
    }

    #[test]
    fn sixty_and_forty_from_two_wallets_pay_a_hundred() {
        let two = [payer("a", "40", "0"), payer("b", "60", "0")];
        assert_eq!(paid("100", &two).as_deref(), Some("b 60 multiple, a 40 multiple"));
        assert_eq!(paid("100.01", &two), None, "nothing is taken");
    }

    #[test]
    fn money_that_names_it_goes_first_then_the_claimant_then_who_has_most() {
        let all = [payer("rich", "500", "0"), payer("claimant", "30", "0"), payer("b", "50", "20")];
        assert_eq!(
            paid("100", &all).as_deref(),
            Some("b 50 multiple, claimant 30 multiple, rich 20 multiple")
        );
        let none =
            [payer("rich", "500", "0"), payer("claimant", "130", "0"), payer("x", "500", "0")];
        assert_eq!(paid("100", &none).as_deref(), Some("claimant 100 single"));
        assert_eq!(paid("200", &none).as_deref(), Some("rich 200 single"), "one can, alone");
        let named = [payer("rich", "500", "0"), payer("b", "100", "100")];
        assert_eq!(paid("100", &named).as_deref(), Some("b 100 single"));
        let two = [payer("a", "70", "60"), payer("b", "90", "80")];
        assert_eq!(paid("100", &two).as_deref(), Some("b 90 multiple, a 10 multiple"));
    }

    #[test]
    fn an_order_of_nothing_is_paid_by_nobody() {
        assert_eq!(with("0", &[], "0"), Some((String::new(), None)));
        assert_eq!(with("0.00", &[payer("a", "5", "5")], "0"), Some((String::new(), None)));
    }

    #[test]
    fn ninety_nine_of_a_hundred_are_taken_whole_with_a_tolerance_of_one() {
        let told = |shares: &str, short: &str| Some((shares.to_owned(), Some(short.to_owned())));
        assert_eq!(with("100", &[payer("a", "99", "99")], "1"), told("a 99 single", "1"));
        assert_eq!(with("100", &[payer("a", "98.9", "98.9")], "1"), None);
        assert_eq!(with("100", &[payer("a", "99", "0")], "1"), None, "it does not name it");
        let two = [payer("a", "59", "59"), payer("b", "40.5", "40.5")];
        assert_eq!(with("100", &two, "1"), told("a 59 multiple, b 40.5 multiple", "0.5"));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_the_price_and_no_more_than_there_is(
            price in 0_u32..200,
            purses in proptest::collection::vec((0_u32..100, 0_u32..100), 0..6),
            tolerance in 0_u32..10,
        ) {
            let payers: Vec<Payer> = purses
                .iter()
                .enumerate()
                .map(|(n, (free, named))| payer(&format!("w{n}"), &free.to_string(), &named.to_string()))
                .collect();
            let one = order("1", "c", &price.to_string(), OrderStatus::New);
            let tolerance = Tolerance::Amount(amount(&tolerance.to_string()));
            let paid = pay(&one, &payers, &tolerance);
            let free = payers.iter().fold(Amount::zero(), |sum, one| sum.plus(&one.free));
            prop_assert!(paid.is_some() || free < one.price);
            let Some(paid) = paid else { return Ok(()) };
            let short_by = paid.short_by.clone().unwrap_or_else(Amount::zero);
            prop_assert!(short_by <= tolerance.of(&one.price));
            prop_assert!(free < one.price || short_by.is_zero());
            let taken = paid.settlements.iter().fold(Amount::zero(), |sum, one| sum.plus(&one.amount));
            prop_assert_eq!(taken.plus(&short_by), one.price);
            let alone = paid.settlements.len() == 1;
            for share in &paid.settlements {
                let payer = payers.iter().find(|payer| payer.wallet == share.wallet).unwrap();
                prop_assert!(share.amount <= payer.free && !share.amount.is_zero());
                prop_assert_eq!(share.kind == SettlementKind::Single, alone);
            }
        }
    }
}
