//! What a store loads for each fact: nothing else is known to the rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::engine::books::Balance;
use super::engine::order::{
    Awaiting, ClaimTold, Counter, Customer, IncomingMoney, NewOrder, Order, OrderKey, Purse,
    Reference, ReferenceTold, Till,
};
use super::engine::{Amount, IncomingKey, IncomingStatus};
use super::keeper::Keeper;

impl Keeper {
    /// The purses of whoever may pay these orders, and of these wallets.
    pub(super) fn till(&self, orders: &[&Order], wallets: &[String]) -> Till {
        let customers: BTreeSet<Customer> =
            orders.iter().map(|order| Customer::of(order)).collect();
        let links = self.links.keys().filter(|(customer, _)| customers.contains(customer));
        let links: Vec<(Customer, String)> = links.cloned().collect();
        let mut all: BTreeSet<String> = wallets.iter().cloned().collect();
        all.extend(links.iter().map(|(_, wallet)| wallet.clone()));
        for order in orders {
            all.extend(self.naming(&order.key).map(|money| money.wallet.clone()));
        }
        let purses = all
            .iter()
            .flat_map(|wallet| ["xtr", "eur"].map(|asset| self.purse(wallet, asset, orders)));
        Till::new(purses.collect(), links)
    }

    /// What is known of a customer's wallets before the customer has an order.
    pub(super) fn load_customer(
        &self,
        counter: &mut Counter<'_>,
        customer: &Customer,
        wallets: &[String],
    ) {
        let links = self.links.keys().filter(|(one, _)| one == customer);
        let links: Vec<(Customer, String)> = links.cloned().collect();
        let all: BTreeSet<&String> =
            links.iter().map(|(_, wallet)| wallet).chain(wallets).collect();
        let purses = all.into_iter().map(|wallet| self.purse(wallet, "xtr", &[])).collect();
        counter.till = Till::new(purses, links);
    }

    /// Final money that names an order and takes its asset.
    pub(crate) fn naming(&self, order: &OrderKey) -> impl Iterator<Item = &IncomingMoney> {
        let asset = self.orders.get(order).map(|order| order.asset.clone());
        self.money.values().filter(move |money| {
            money.status == IncomingStatus::Confirmed
                && money.order.as_ref() == Some(order)
                && Some(&money.asset) == asset.as_ref()
        })
    }

    /// What of money has not gone back.
    pub(crate) fn left(&self, money: &IncomingMoney) -> Amount {
        let back = self.refunds.iter().filter(|refund| refund.money == money.key);
        let back = back.fold(Amount::zero(), |sum, refund| sum.plus(&refund.amount));
        money.amount.size().minus(&back).unwrap()
    }

    fn purse(&self, wallet: &str, asset: &str, orders: &[&Order]) -> Purse {
        let credit = self.credits.get(&(wallet.to_owned(), asset.to_owned()));
        let sum = |order: &Order| {
            let named = self.naming(&order.key);
            let named = named.filter(|money| money.wallet == wallet && money.asset == asset);
            named.fold(Amount::zero(), |sum, money| sum.plus(&self.left(money)))
        };
        let open = self.orders.values().filter(|order| order.status.is_open());
        let named: BTreeMap<OrderKey, Amount> = orders
            .iter()
            .map(|order| (order.key.clone(), sum(order)))
            .filter(|(_, named)| !named.is_zero())
            .collect();
        Purse {
            wallet: wallet.to_owned(),
            asset: asset.to_owned(),
            credit: credit.cloned().unwrap_or_else(Balance::zero),
            reserved: open.fold(Amount::zero(), |all, order| all.plus(&sum(order))),
            named,
        }
    }

    /// Those for whom a wallet pays.
    pub(super) fn customers_of(&self, wallet: &str) -> Vec<Customer> {
        let links = self.links.keys().filter(|(_, one)| one == wallet);
        links.map(|(customer, _)| customer.clone()).collect()
    }

    /// The open orders of these customers.
    pub(super) fn open_of(&self, customers: &[Customer]) -> Vec<Order> {
        let is_it =
            |order: &&Order| order.status.is_open() && customers.contains(&Customer::of(order));
        self.orders.values().filter(is_it).cloned().collect()
    }

    /// What a memo names, by a shop's rules.
    pub(super) fn reference(&self, shop: &str, sender: &str, memo: &str) -> Reference {
        let told = ReferenceTold {
            sender,
            paid_to: None,
            order_id: None,
            memo: Some(memo),
            claim: ClaimTold::Absent,
        };
        Reference::read(&self.terms.of(shop).reference, &told)
    }

    /// The order that a reference means.
    pub(super) fn meant(&self, shop: &str, reference: &Reference) -> Option<&Order> {
        let orders: Vec<Order> =
            self.orders.values().filter(|order| order.key.shop == shop).cloned().collect();
        let key = reference.order_among(&self.terms.of(shop).reference, &orders)?.key.clone();
        self.orders.get(&key)
    }

    /// What is known of who may pay an order that comes.
    pub(super) fn awaiting(&self, order: &NewOrder, claim: Option<String>) -> Awaiting {
        let rules = &self.terms.of(&order.key.shop).reference;
        let waits = |(key, money): &(&IncomingKey, &IncomingMoney)| {
            money.order.is_none()
                && matches!(money.status, IncomingStatus::Received | IncomingStatus::Confirmed)
                && self.shops.get(*key).is_some_and(|shop| *shop == order.key.shop)
                && money.reference.means(rules, order)
        };
        let mut money: Vec<IncomingMoney> =
            self.money.iter().filter(waits).map(|(_, money)| money.clone()).collect();
        money.sort_by_key(|money| money.received_at);
        let customer = order.customer_id.as_ref();
        let newest_payer = customer.and_then(|customer| {
            let customer = Customer::new(&order.key.shop, customer);
            let is_linked =
                |wallet: &&String| self.links.contains_key(&(customer.clone(), (*wallet).clone()));
            self.payers.iter().rev().find(is_linked).cloned()
        });
        Awaiting { claim, money, newest_payer }
    }

    /// When the oldest money was seen that an order may wait for, and that is not final.
    pub(super) fn unconfirmed(&self, order: &Order) -> Option<DateTime<Utc>> {
        let customer = Customer::of(order);
        let may_pay = |money: &&IncomingMoney| {
            let is_linked = self.links.contains_key(&(customer.clone(), money.wallet.clone()));
            money.status == IncomingStatus::Received
                && money.asset == order.asset
                && match &money.order {
                    Some(named) => *named == order.key,
                    None => is_linked && money.reference.is_none(),
                }
        };
        self.money.values().filter(may_pay).map(|money| money.received_at).min()
    }
}
