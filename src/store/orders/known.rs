//! What is known of orders while facts are judged: all that may be for or against them was loaded, and each fact finds what
//! the ones before it have changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::engine::books::{Balance, BookAccount, Entry};
use crate::engine::order::{
    Awaiting, Counter, Customer, Effect, IncomingMoney, IncomingStep, LinkOrigin, NewOrder, Order,
    OrderKey, OrderStep, Purse, Reference, TermsOfShops, Till, linked,
};
use crate::engine::{Amount, IncomingKey, IncomingStatus};

/// A wallet, and one of the assets that it has credit in.
pub(super) type PurseKey = (String, String);

/// What a wallet has in one asset, as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Credit {
    /// How much.
    pub(super) credit: Balance,
    /// The newest entry of the books by which its money became final. What becomes final now comes after all of them.
    pub(super) paid_entry: Option<i64>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) orders: HashMap<OrderKey, Order>,
    /// Orders by their other names.
    pub(super) alt_ids: HashMap<(String, String), OrderKey>,
    /// Orders by an address of their own.
    pub(super) addresses: HashMap<String, OrderKey>,
    pub(super) money: HashMap<IncomingKey, IncomingMoney>,
    /// What has gone back of money, or is to.
    pub(super) back: HashMap<IncomingKey, Amount>,
    /// Money that names what no order is called yet: by shop and text, in the order in which it came.
    pub(super) awaited: BTreeMap<(String, String), Vec<IncomingKey>>,
    pub(super) links: BTreeMap<Customer, BTreeMap<String, LinkOrigin>>,
    pub(super) credits: HashMap<PurseKey, Credit>,
    /// Final money that names orders and is of their assets, by order and wallet, without what went back.
    pub(super) named: HashMap<OrderKey, BTreeMap<String, Amount>>,
    /// What is reserved of a wallet's money for open orders that are not among these.
    pub(super) elsewhere: HashMap<PurseKey, Amount>,
    /// Orders whose money was named by something here, by wallet: those whose rows of `named` are all here.
    named_by: HashMap<String, BTreeSet<OrderKey>>,
    /// When the oldest money was seen that an order may wait for, and that is not final.
    pub(super) unconfirmed: HashMap<OrderKey, DateTime<Utc>>,
    /// How much money became final now.
    now_final: i64,
}

impl Known {
    /// What becomes final now is numbered from here, until its entry has a number.
    pub(super) const NOW_FINAL: i64 = i64::MAX / 2;

    /// How much money became final now.
    pub(super) fn finals(&self) -> usize {
        usize::try_from(self.now_final).unwrap_or_default()
    }

    pub(super) fn add_order(&mut self, order: Order) {
        let key = order.key.clone();
        if let Some(alt_id) = &order.alt_id {
            self.alt_ids.insert((key.shop.clone(), alt_id.clone()), key.clone());
        }
        if let (crate::engine::order::PayTo::Address, Some(address)) =
            (order.pay_to, &order.address)
        {
            self.addresses.insert(address.clone(), key.clone());
        }
        self.orders.insert(key, order);
    }

    pub(super) fn add_named(&mut self, order: &OrderKey, wallet: &str, amount: Amount) {
        self.named.entry(order.clone()).or_default().insert(wallet.to_owned(), amount);
        self.named_by.entry(wallet.to_owned()).or_default().insert(order.clone());
    }

    /// The final money that names an order, of all wallets.
    pub(super) fn named_all(&self, order: &OrderKey) -> Amount {
        let named = self.named.get(order).into_iter().flat_map(BTreeMap::values);
        named.fold(Amount::zero(), |sum, one| sum.plus(one))
    }

    /// The order that a reference means at a shop.
    pub(super) fn meant(
        &self,
        shop: &str,
        reference: &Reference,
        terms: &TermsOfShops,
    ) -> Option<&Order> {
        let rules = &terms.of(shop).reference;
        let of = |text: &String| (shop.to_owned(), text.clone());
        let by_id = reference.texts.iter().map(|text| OrderKey::new(shop, text.as_str()));
        let by_alt_id =
            reference.texts.iter().filter_map(|text| self.alt_ids.get(&of(text)).cloned());
        let by_address =
            reference.address.iter().filter_map(|one| self.addresses.get(one).cloned());
        let keys = by_id.chain(by_alt_id).chain(by_address).filter(|key| key.shop == shop);
        let all: Vec<Order> = keys.filter_map(|key| self.orders.get(&key).cloned()).collect();
        let key = reference.order_among(rules, &all)?.key.clone();
        self.orders.get(&key)
    }

    /// The open orders of these customers.
    pub(super) fn open_of(&self, customers: &BTreeSet<Customer>) -> Vec<Order> {
        let is_it =
            |order: &&Order| order.status.is_open() && customers.contains(&Customer::of(order));
        self.orders.values().filter(is_it).cloned().collect()
    }

    /// Those for whom a wallet pays.
    pub(super) fn customers_of(&self, wallet: &str) -> BTreeSet<Customer> {
        let pays = self.links.iter().filter(|(_, wallets)| wallets.contains_key(wallet));
        pays.map(|(customer, _)| customer.clone()).collect()
    }

    /// What each fact is judged by: the purses of whoever may pay these orders, and of these wallets in these assets.
    pub(super) fn counter<'t>(
        &self,
        orders: &[&Order],
        wallets: &[(&str, &str)],
        terms: &'t TermsOfShops,
        now: DateTime<Utc>,
    ) -> Counter<'t> {
        let customers: BTreeSet<Customer> =
            orders.iter().map(|order| Customer::of(order)).collect();
        let mut purses: BTreeSet<PurseKey> = wallets
            .iter()
            .map(|(wallet, asset)| ((*wallet).to_owned(), (*asset).to_owned()))
            .collect();
        for order in orders {
            let linked = self.links.get(&Customer::of(order)).into_iter().flat_map(BTreeMap::keys);
            let naming = self.named.get(&order.key).into_iter().flat_map(BTreeMap::keys);
            purses.extend(linked.chain(naming).map(|wallet| (wallet.clone(), order.asset.clone())));
        }
        let purses = purses.into_iter().map(|key| self.purse(key, orders)).collect();
        Counter { till: Till::new(purses, self.links_of(&customers)), terms, now }
    }

    /// The same for an order that is not known yet, and its customer.
    pub(super) fn counter_for_new<'t>(
        &self,
        told: &NewOrder,
        customer: &Customer,
        wallets: &[&str],
        terms: &'t TermsOfShops,
        now: DateTime<Utc>,
    ) -> Counter<'t> {
        let linked = self.links.get(customer).into_iter().flat_map(BTreeMap::keys);
        let all: BTreeSet<&str> =
            linked.map(String::as_str).chain(wallets.iter().copied()).collect();
        let purse = |wallet: &str| self.purse((wallet.to_owned(), told.asset.clone()), &[]);
        let purses = all.into_iter().map(purse).collect();
        let customers = BTreeSet::from([customer.clone()]);
        Counter { till: Till::new(purses, self.links_of(&customers)), terms, now }
    }

    fn links_of(&self, customers: &BTreeSet<Customer>) -> Vec<(Customer, String)> {
        let wallets = customers.iter().filter_map(|one| self.links.get_key_value(one));
        wallets
            .flat_map(|(customer, wallets)| {
                wallets.keys().map(|wallet| (customer.clone(), wallet.clone()))
            })
            .collect()
    }

    fn purse(&self, (wallet, asset): PurseKey, orders: &[&Order]) -> Purse {
        let key = (wallet.clone(), asset.clone());
        let credit = self.credits.get(&key).map_or_else(Balance::zero, |one| one.credit.clone());
        let named_in = |order: &OrderKey| self.named.get(order)?.get(&wallet);
        let mut reserved = self.elsewhere.get(&key).cloned().unwrap_or_else(Amount::zero);
        for order in self.named_by.get(&wallet).into_iter().flatten() {
            let is_open = self
                .orders
                .get(order)
                .is_some_and(|order| order.status.is_open() && order.asset == asset);
            if let Some(named) = named_in(order).filter(|_| is_open) {
                reserved = reserved.plus(named);
            }
        }
        let named = orders.iter().filter(|order| order.asset == asset).filter_map(|order| {
            let named = named_in(&order.key).filter(|named| !named.is_zero())?;
            Some((order.key.clone(), named.clone()))
        });
        Purse { credit, reserved, named: named.collect(), wallet: wallet.clone(), asset }
    }

    /// What is known of who may pay an order that comes.
    pub(super) fn awaiting(
        &self,
        told: &NewOrder,
        customer: &Customer,
        claim: Option<&str>,
        terms: &TermsOfShops,
    ) -> Awaiting {
        let shop = &told.key.shop;
        let rules = &terms.of(shop).reference;
        let alt_id = told.alt_id.iter().filter(|_| rules.by_alt_id);
        let texts = [&told.key.order_id].into_iter().chain(alt_id).chain(&told.address);
        let mut keys: BTreeSet<&IncomingKey> = BTreeSet::new();
        for text in texts {
            keys.extend(self.awaited.get(&(shop.clone(), text.clone())).into_iter().flatten());
        }
        let mut money: Vec<IncomingMoney> = keys
            .into_iter()
            .filter_map(|key| self.money.get(key))
            .filter(|money| {
                money.order.is_none()
                    && matches!(money.status, IncomingStatus::Received | IncomingStatus::Confirmed)
            })
            .cloned()
            .collect();
        money.sort_by(|a, b| (a.received_at, &a.key).cmp(&(b.received_at, &b.key)));
        let paid = |wallet: &String| {
            let newest = self.credits.iter().filter(|((one, _), _)| one == wallet);
            newest.filter_map(|(_, credit)| credit.paid_entry).max()
        };
        let linked = self.links.get(customer).into_iter().flat_map(BTreeMap::keys);
        let newest_payer = linked
            .filter_map(|wallet| Some((paid(wallet)?, wallet)))
            .max_by_key(|(entry, _)| *entry)
            .map(|(_, wallet)| wallet.clone());
        Awaiting { claim: claim.map(ToOwned::to_owned), money, newest_payer }
    }

    /// Takes what has followed from a fact.
    pub(super) fn take(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Customer(customer) => _ = self.links.entry(customer.clone()).or_default(),
                Effect::Order(step) => self.take_step(step),
                Effect::Link(link) => {
                    let known = self.links.entry(link.customer.clone()).or_default();
                    if let Some(origin) = linked(known.get(&link.wallet).copied(), link.origin) {
                        known.insert(link.wallet.clone(), origin);
                    }
                }
                Effect::Incoming(step) => self.take_money(step),
                Effect::Post(entry) => self.take_entry(entry),
                Effect::Refund(refund) => {
                    let back = self.back.entry(refund.money.clone()).or_insert_with(Amount::zero);
                    *back = back.plus(&refund.amount);
                    // What is not final yet is not counted yet, and will be without it.
                    let counted = self.money.get(&refund.money).and_then(|one| self.counted(one));
                    if let Some(order) = counted {
                        self.name(&order, &refund.wallet, &Balance::debt(refund.amount.clone()));
                    }
                }
                Effect::Settle(_) | Effect::Review(_) => {}
            }
        }
    }

    fn take_step(&mut self, step: &OrderStep) {
        let mut after = step.after.clone();
        // The number of its coming is the database's to give; until then it came after all that have one.
        after.arrival = match self.orders.get(&after.key) {
            Some(known) => known.arrival,
            None => Self::NOW_FINAL + i64::try_from(self.orders.len()).unwrap_or_default(),
        };
        self.add_order(after);
    }

    fn take_money(&mut self, step: &IncomingStep) {
        let after = &step.after;
        let before = self.money.insert(after.key.clone(), after.clone());
        if after.status == IncomingStatus::Confirmed && step.from != Some(after.status) {
            self.now_final += 1;
            let key = (after.wallet.clone(), after.asset.clone());
            self.credit(key).paid_entry = Some(Self::NOW_FINAL + self.now_final);
        }
        let (was, is) = (before.as_ref().and_then(|one| self.counted(one)), self.counted(after));
        let back = self.back.get(&after.key).cloned().unwrap_or_else(Amount::zero);
        let left = after.amount.size().minus(&back).unwrap_or_else(Amount::zero);
        if was != is {
            if let Some(order) = was {
                self.name(&order, &after.wallet, &Balance::debt(left.clone()));
            }
            if let Some(order) = is {
                self.name(&order, &after.wallet, &Balance::of(left));
            }
        }
    }

    /// The order that money counts for: it names it, is final, and is of its asset.
    fn counted(&self, money: &IncomingMoney) -> Option<OrderKey> {
        let order = money.order.as_ref().filter(|_| money.status == IncomingStatus::Confirmed)?;
        let takes_it = self.orders.get(order).is_some_and(|one| one.asset == money.asset);
        takes_it.then(|| order.clone())
    }

    /// Money names an order, or no more.
    fn name(&mut self, order: &OrderKey, wallet: &str, more: &Balance) {
        let named = self.named.get(order).and_then(|named| named.get(wallet));
        let named = named.cloned().unwrap_or_else(Amount::zero);
        let sum = Balance::of(named).plus(more).spendable();
        self.add_named(order, wallet, sum);
    }

    fn take_entry(&mut self, entry: &Entry) {
        for line in entry.lines() {
            if let BookAccount::Wallet(wallet) = &line.account {
                let credit = self.credit((wallet.clone(), line.asset.clone()));
                credit.credit = credit.credit.plus(&line.amount);
            }
        }
    }

    fn credit(&mut self, key: PurseKey) -> &mut Credit {
        let none = || Credit { credit: Balance::zero(), paid_entry: None };
        self.credits.entry(key).or_insert_with(none)
    }
}
