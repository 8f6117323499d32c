//! The purses of those who may pay, as they change while orders are paid from them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Customer, Order, OrderKey, Paid, Payer, Tolerance, pay};
use crate::engine::Amount;
use crate::engine::books::Balance;

/// What a wallet has in one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// Its address.
    pub wallet: String,
    /// The asset.
    pub asset: String,
    /// Its credit.
    pub credit: Balance,
    /// How much of its final money names orders that are open and take this asset, whosoever they are. What has been taken
    /// back or sent back is not in it, nor in what follows.
    pub reserved: Amount,
    /// How much of its final money names each of the orders that are looked at, be they open or not. None where it is none.
    pub named: BTreeMap<OrderKey, Amount>,
}

impl Purse {
    /// An empty one.
    #[must_use]
    pub fn empty(wallet: &str, asset: &str) -> Self {
        Self {
            wallet: wallet.to_owned(),
            asset: asset.to_owned(),
            credit: Balance::zero(),
            reserved: Amount::zero(),
            named: BTreeMap::new(),
        }
    }

    fn named(&self, order: &OrderKey) -> Amount {
        self.named.get(order).cloned().unwrap_or_else(Amount::zero)
    }

    /// What of its credit is free for `order`: not what names other open orders.
    fn free(&self, order: &Order) -> Amount {
        let own = if order.status.is_open() { self.named(&order.key) } else { Amount::zero() };
        let for_others = self.reserved.minus(&own).unwrap_or_else(Amount::zero);
        self.credit.spendable().minus(&for_others).unwrap_or_else(Amount::zero)
    }
}

/// The purses of all wallets that may pay the orders that are looked at, and for whom they pay.
///
/// Those wallets are the ones that are linked to the orders' customers, and the senders of final money that names one of the
/// orders. A wallet that has no purse here has nothing.
#[derive(Debug, Clone, Default)]
pub struct Till {
    purses: BTreeMap<(String, String), Purse>,
    links: BTreeMap<Customer, BTreeSet<String>>,
}

impl Till {
    /// These purses, and which wallet pays for which customer.
    #[must_use]
    pub fn new(purses: Vec<Purse>, links: impl IntoIterator<Item = (Customer, String)>) -> Self {
        let purses =
            purses.into_iter().map(|one| ((one.wallet.clone(), one.asset.clone()), one)).collect();
        let mut till = Self { purses, links: BTreeMap::new() };
        for (customer, wallet) in links {
            till.link(customer, &wallet);
        }
        till
    }

    /// What a wallet has in an asset.
    #[must_use]
    pub fn credit_of(&self, wallet: &str, asset: &str) -> Balance {
        let purse = self.purses.get(&(wallet.to_owned(), asset.to_owned()));
        purse.map_or_else(Balance::zero, |purse| purse.credit.clone())
    }

    /// Whether final money names this order.
    #[must_use]
    pub fn has_money_for(&self, order: &Order) -> bool {
        self.purses.values().any(|purse| purse.named.contains_key(&order.key))
    }

    /// Those who may pay an order: a set, however often each of them is linked to it.
    #[must_use]
    pub fn payers(&self, order: &Order) -> Vec<Payer> {
        let linked = self.links.get(&Customer::of(order));
        let may_pay = |purse: &&Purse| {
            purse.asset == order.asset
                && (purse.named.contains_key(&order.key)
                    || linked.is_some_and(|linked| linked.contains(&purse.wallet)))
        };
        let payer = |purse: &Purse| Payer {
            wallet: purse.wallet.clone(),
            free: purse.free(order),
            named: purse.named(&order.key),
        };
        self.purses.values().filter(may_pay).map(payer).collect()
    }

    pub(super) fn link(&mut self, customer: Customer, wallet: &str) {
        self.links.entry(customer).or_default().insert(wallet.to_owned());
    }

    fn purse(&mut self, wallet: &str, asset: &str) -> &mut Purse {
        let key = (wallet.to_owned(), asset.to_owned());
        self.purses.entry(key).or_insert_with(|| Purse::empty(wallet, asset))
    }

    /// A wallet gets credit, or loses it.
    pub(super) fn give(&mut self, wallet: &str, asset: &str, amount: &Balance) {
        let purse = self.purse(wallet, asset);
        purse.credit = purse.credit.plus(amount);
    }

    /// Final money names an order that takes its asset.
    pub(super) fn name(&mut self, wallet: &str, order: &Order, amount: &Amount) {
        let purse = self.purse(wallet, &order.asset);
        let named = purse.named(&order.key).plus(amount);
        purse.named.insert(order.key.clone(), named);
        if order.status.is_open() {
            purse.reserved = purse.reserved.plus(amount);
        }
    }

    /// How much of a wallet's final money names an order.
    pub(super) fn named_by(&self, wallet: &str, order: &Order) -> Amount {
        let purse = self.purses.get(&(wallet.to_owned(), order.asset.clone()));
        purse.map_or_else(Amount::zero, |purse| purse.named(&order.key))
    }

    /// An order waits for money no more: what names it is free.
    pub(super) fn closed(&mut self, order: &Order) {
        for purse in self.purses.values_mut().filter(|purse| purse.asset == order.asset) {
            let named = purse.named(&order.key);
            purse.reserved = purse.reserved.minus(&named).unwrap_or_else(Amount::zero);
        }
    }

    /// An order waits for money again: what names it is kept for it.
    pub(super) fn opened(&mut self, order: &Order) {
        for purse in self.purses.values_mut().filter(|purse| purse.asset == order.asset) {
            purse.reserved = purse.reserved.plus(&purse.named(&order.key));
        }
    }

    /// Pays an order if its payers can, and takes it from their purses.
    pub(super) fn pay(&mut self, order: &Order, tolerance: &Tolerance) -> Option<Paid> {
        let paid = pay(order, &self.payers(order), tolerance)?;
        for share in &paid.settlements {
            self.give(&share.wallet, &share.asset, &Balance::debt(share.amount.clone()));
        }
        if order.status.is_open() {
            self.closed(order);
        }
        Some(paid)
    }
}

#[cfg(test)]
mod tests {
    use super::super::OrderStatus;
    use super::super::fixtures::order;
    use super::*;

    fn purse(wallet: &str, credit: &str) -> Purse {
        Purse { credit: credit.parse().unwrap(), ..Purse::empty(wallet, "xtr") }
    }

    fn till(purses: Vec<Purse>, links: &[(&str, &str)]) -> Till {
        let links = links.iter();
        let links = links.map(|(who, wallet)| (Customer::new("shop", *who), (*wallet).to_owned()));
        Till::new(purses, links)
    }

    fn none() -> Tolerance {
        Tolerance::Amount(Amount::zero())
    }

    fn free(till: &Till, order: &Order) -> Vec<String> {
        let payers = till.payers(order);
        payers.iter().map(|payer| format!("{} {}", payer.wallet, payer.free)).collect()
    }

    #[test]
    fn sixty_sent_for_an_order_of_a_hundred_do_not_pay_one_of_fifty() {
        let (big, small) = (
            order("1", "alice", "100", OrderStatus::New),
            order("2", "alice", "50", OrderStatus::New),
        );
        let mut till = till(vec![purse("a", "60")], &[("alice", "a")]);
        till.name("a", &big, &"60".parse().unwrap());
        assert_eq!(free(&till, &small), ["a 0"]);
        assert_eq!(free(&till, &big), ["a 60"]);
        assert_eq!(till.pay(&small, &none()), None);
        till.closed(&big);
        assert_eq!(free(&till, &small), ["a 60"], "it is free when its order has ended");
        assert!(till.pay(&small, &none()).is_some());
        assert_eq!(till.credit_of("a", "xtr").to_string(), "10");
        till.opened(&big);
        assert_eq!(free(&till, &big), ["a 10"], "what is spent is spent");
    }

    #[test]
    fn a_wallet_is_one_payer_however_often_it_is_linked() {
        let one = order("1", "alice", "100", OrderStatus::New);
        let mut till =
            till(vec![purse("a", "60")], &[("alice", "a"), ("alice", "a"), ("bob", "a")]);
        till.name("a", &one, &"60".parse().unwrap());
        assert_eq!(free(&till, &one), ["a 60"]);
        assert_eq!(till.pay(&one, &none()), None, "60 are not 120");
    }

    #[test]
    fn who_names_an_order_pays_it_though_linked_to_nobody() {
        let one = order("1", "alice", "60", OrderStatus::New);
        let mut till = till(vec![purse("a", "60"), purse("b", "60")], &[]);
        assert!(till.payers(&one).is_empty());
        till.name("a", &one, &"1".parse().unwrap());
        assert_eq!(free(&till, &one), ["a 60"]);
    }

    #[test]
    fn another_asset_and_a_debt_pay_nothing() {
        let one = order("1", "alice", "10", OrderStatus::New);
        let other = Purse { asset: "eur".to_owned(), ..purse("a", "60") };
        let till = till(vec![other, purse("b", "-5")], &[("alice", "a"), ("alice", "b")]);
        assert_eq!(free(&till, &one), ["b 0"]);
    }
}
