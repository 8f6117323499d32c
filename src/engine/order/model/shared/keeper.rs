//! A book-keeper in memory: it carries out what the rules decide, as a store does in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::engine::books::{Balance, BookAccount, Entry};
use super::engine::order::{
    Counter, CreditNote, CreditRefund, Customer, Effect, IncomingMoney, LinkOrigin, MANUAL,
    MoneyVerdict, NewOrder, Order, OrderKey, OrderRefusal, OrderReview, OrderSettlement,
    OrderStatus, OrderStep, OrderWish, PayTo, TermsOfShops, cancelled_by_shop, credit_noted,
    credit_wallet, linked, money_cancelled, money_confirmed, money_received, money_reversed,
    order_came, order_claimed, order_expired, order_wished, orders_settled,
};
use super::engine::{Amount, IncomingKey, IncomingKind, IncomingStatus};
use super::{Fact, Happening, Wished};

/// What came of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done, or was before.
    Done,
    /// It is refused, and nothing happened.
    Refused(OrderRefusal),
    /// It speaks of something that nobody knows.
    Unknown,
}

/// Everything that is on record.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    pub(crate) terms: TermsOfShops,
    pub(crate) now: DateTime<Utc>,
    pub(crate) orders: BTreeMap<OrderKey, Order>,
    pub(crate) money: BTreeMap<IncomingKey, IncomingMoney>,
    pub(crate) links: BTreeMap<(Customer, String), LinkOrigin>,
    pub(crate) customers: BTreeSet<Customer>,
    pub(crate) settlements: Vec<OrderSettlement>,
    pub(crate) entries: Vec<Entry>,
    /// The stored credit of each wallet in each asset.
    pub(crate) credits: BTreeMap<(String, String), Balance>,
    pub(crate) refunds: Vec<CreditRefund>,
    pub(crate) reviews: Vec<OrderReview>,
    /// (subject, type), in order.
    pub(crate) events: Vec<(String, &'static str)>,
    pub(crate) steps: Vec<OrderStep>,
    /// By which shop's rules money's memo is read.
    pub(super) shops: BTreeMap<IncomingKey, &'static str>,
    /// Whose money was final, in that order.
    pub(super) payers: Vec<String>,
}

/// The beginning of all histories.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn key(shop: &str, order: &str) -> OrderKey {
    OrderKey::new(shop, order)
}

const NETWORK: &str = "tari";

/// Money of this id, as a source tells it.
fn told(source: &str, id: &str) -> IncomingKey {
    IncomingKey { source: source.to_owned(), incoming_id: id.to_owned() }
}

impl Keeper {
    pub(crate) fn new(terms: TermsOfShops) -> Self {
        Self {
            terms,
            now: at(0),
            orders: BTreeMap::new(),
            money: BTreeMap::new(),
            links: BTreeMap::new(),
            customers: BTreeSet::new(),
            settlements: Vec::new(),
            entries: Vec::new(),
            credits: BTreeMap::new(),
            refunds: Vec::new(),
            reviews: Vec::new(),
            events: Vec::new(),
            steps: Vec::new(),
            shops: BTreeMap::new(),
            payers: Vec::new(),
        }
    }

    /// It is so many seconds after the beginning.
    pub(crate) fn clock(&mut self, seconds: i64) {
        self.now = at(seconds);
    }

    /// Something happens.
    pub(crate) fn happens(&mut self, happening: &Happening) -> Answer {
        self.clock(happening.at);
        self.takes(&happening.fact)
    }

    /// Something happens now.
    pub(crate) fn takes(&mut self, fact: &Fact) -> Answer {
        let effects = match fact {
            Fact::Swept => {
                for key in self.orders.keys().cloned().collect::<Vec<_>>() {
                    let order = self.orders[&key].clone();
                    let counter = self.counter(&[&order], &[]);
                    let effects = order_expired(counter, &order, self.unconfirmed(&order)).unwrap();
                    self.write(effects);
                }
                return Answer::Done;
            }
            Fact::Ordered { .. } => self.ordered(fact),
            Fact::Received { .. } => self.received(fact),
            Fact::Confirmed { id } => self.confirmed(id),
            Fact::Cancelled { id } => {
                self.money_of(id).map(|money| money_cancelled(self.counter(&[], &[]), &money))
            }
            Fact::Reversed { id } => self.money_of(id).map(|money| {
                let order = money.order.as_ref().map(|order| &self.orders[order]);
                money_reversed(self.counter(&[], &[]), &money, order)
            }),
            Fact::Claimed { shop, order, wallet } => {
                self.orders.get(&key(shop, order)).map(|order| {
                    order_claimed(
                        self.counter(&[order], std::slice::from_ref(wallet)),
                        order,
                        wallet,
                    )
                })
            }
            // Its id answers a repetition.
            Fact::Noted { id, .. } if self.money.contains_key(&told(MANUAL, id)) => {
                Some(Ok(Vec::new()))
            }
            Fact::Noted { shop, id, customer, amount } => {
                let customer = Customer::new(*shop, customer);
                Some(self.noted(customer, id, amount))
            }
            Fact::Wished { shop, order, wish } => self.wished(&key(shop, order), wish),
            Fact::ShopCancelled { shop, order } => self
                .orders
                .get(&key(shop, order))
                .map(|order| cancelled_by_shop(self.counter(&[order], &[]), order)),
            Fact::SettledCustomer { shop, customer } => {
                let open = self.open_of(&[Customer::new(*shop, customer)]);
                Some(orders_settled(self.counter(&Vec::from_iter(&open), &[]), &open))
            }
            Fact::SettledWallet { wallet } => {
                let open = self.open_of(&self.customers_of(wallet));
                Some(orders_settled(self.counter(&Vec::from_iter(&open), &[]), &open))
            }
        };
        match effects {
            None => Answer::Unknown,
            Some(Err(refusal)) => Answer::Refused(refusal),
            Some(Ok(effects)) => {
                self.write(effects);
                Answer::Done
            }
        }
    }

    fn money_of(&self, id: &str) -> Option<IncomingMoney> {
        self.money.get(&told(NETWORK, id)).cloned()
    }

    fn ordered(&self, fact: &Fact) -> Option<Result<Vec<Effect>, OrderRefusal>> {
        let Fact::Ordered { shop, order, alt_id, customer, price, claim } = fact else {
            return None;
        };
        let told = NewOrder {
            key: key(shop, order),
            alt_id: alt_id.clone(),
            customer_id: customer.clone(),
            price: price.parse().unwrap(),
            asset: "xtr".to_owned(),
            original_price: None,
            currency: None,
            rate_id: None,
            pay_to: PayTo::Wallet,
            address: None,
            memo: None,
            created_at: self.now,
        };
        let known = self.orders.get(&told.key);
        let awaiting = self.awaiting(&told, claim.clone());
        let wallets: Vec<String> =
            awaiting.money.iter().map(|money| money.wallet.clone()).chain(claim.clone()).collect();
        let mut counter = self.counter(&Vec::from_iter(known), &wallets);
        if known.is_none() {
            let customer = told.customer_id.clone().unwrap_or_default();
            self.load_customer(&mut counter, &Customer::new(*shop, customer), &wallets);
        }
        Some(order_came(counter, &told, known, awaiting))
    }

    fn received(&mut self, fact: &Fact) -> Option<Result<Vec<Effect>, OrderRefusal>> {
        let Fact::Received { shop, id, wallet, asset, amount, memo } = fact else { return None };
        let key = told(NETWORK, id);
        let shop = *self.shops.entry(key.clone()).or_insert(shop);
        let money = IncomingMoney {
            key: key.clone(),
            kind: IncomingKind::OnChain,
            status: IncomingStatus::Received,
            wallet: wallet.clone(),
            asset: (*asset).to_owned(),
            amount: amount.parse().unwrap(),
            reference: self.reference(shop, wallet, memo),
            order: None,
            verdict: MoneyVerdict::Credit,
            received_at: self.now,
        };
        let order = self.meant(shop, &money.reference).cloned();
        let known = self.money.get(&key);
        Some(money_received(self.counter(&[], &[]), money, known, order.as_ref()))
    }

    fn confirmed(&self, id: &str) -> Option<Result<Vec<Effect>, OrderRefusal>> {
        let money = self.money_of(id)?;
        let order = money.order.as_ref().map(|order| &self.orders[order]);
        let open = self.open_of(&self.customers_of(&money.wallet));
        let looked_at: Vec<&Order> = open.iter().chain(order).collect();
        let counter = self.counter(&looked_at, std::slice::from_ref(&money.wallet));
        Some(money_confirmed(counter, &money, order, &open))
    }

    fn noted(
        &self,
        customer: Customer,
        id: &str,
        amount: &str,
    ) -> Result<Vec<Effect>, OrderRefusal> {
        let wallet = credit_wallet(&customer);
        let open = self.open_of(std::slice::from_ref(&customer));
        let note = CreditNote {
            customer,
            incoming_id: id.to_owned(),
            wallet: wallet.clone(),
            asset: "xtr".to_owned(),
            amount: amount.parse().unwrap(),
        };
        credit_noted(self.counter(&Vec::from_iter(&open), &[wallet]), &note, &open)
    }

    fn wished(&self, key: &OrderKey, wish: &Wished) -> Option<Result<Vec<Effect>, OrderRefusal>> {
        let order = self.orders.get(key)?;
        let wallet = credit_wallet(&Customer::of(order));
        let mut counter = self.counter(&[order], std::slice::from_ref(&wallet));
        let wish = match wish {
            Wished::Fulfil { id } => OrderWish::Fulfil { incoming_id: id.clone(), wallet },
            Wished::Cancel => OrderWish::Cancel,
            Wished::Memo(memo) => OrderWish::Memo(Some(memo.clone())),
            Wished::Price(price) => OrderWish::Price(price.parse().unwrap()),
            Wished::Reassign(customer) => {
                let others = Order { customer_id: customer.clone(), ..order.clone() };
                counter = self.counter(&[&others], &[]);
                OrderWish::Reassign(customer.clone())
            }
            Wished::Reset => OrderWish::Reset,
        };
        Some(order_wished(counter, order, &wish, "a test"))
    }

    pub(super) fn counter(&self, orders: &[&Order], wallets: &[String]) -> Counter<'_> {
        Counter { till: self.till(orders, wallets), terms: &self.terms, now: self.now }
    }

    /// Writes what has followed from a fact.
    fn write(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Customer(customer) => _ = self.customers.insert(customer),
                Effect::Order(step) => self.write_order(*step),
                Effect::Link(link) => {
                    let key = (link.customer, link.wallet);
                    if let Some(origin) = linked(self.links.get(&key).copied(), link.origin) {
                        self.links.insert(key, origin);
                    }
                }
                Effect::Incoming(step) => {
                    let key = step.after.key.clone();
                    assert_eq!(self.money.get(&key).map(|money| money.status), step.from);
                    if let Some(event_type) = step.event_type() {
                        self.events.push((key.subject(), event_type.as_str()));
                    }
                    if step.after.status == IncomingStatus::Confirmed && step.event_type().is_some()
                    {
                        self.payers.push(step.after.wallet.clone());
                    }
                    self.money.insert(key, step.after);
                }
                Effect::Settle(one) => {
                    let is_it = |other: &&OrderSettlement| {
                        (&other.order, &other.wallet) == (&one.order, &one.wallet)
                    };
                    assert!(!self.settlements.iter().any(|other| is_it(&other)), "{one:?} twice");
                    self.settlements.push(one);
                }
                Effect::Post(entry) => self.post(entry),
                Effect::Refund(refund) => self.refunds.push(refund),
                Effect::Review(review) => {
                    self.events.push((review.order.subject(), "order.review"));
                    self.reviews.push(review);
                }
            }
        }
    }

    fn write_order(&mut self, mut step: OrderStep) {
        let count = i64::try_from(self.orders.len()).unwrap();
        let known = self.orders.get(&step.after.key);
        assert_eq!(
            known.map(|order| (order.status, order.version + 1)),
            step.from.map(|from| (from, step.after.version))
        );
        // The number of its coming is the store's to give, once.
        step.after.arrival = known.map_or(count, |known| known.arrival);
        let subject = step.after.key.subject();
        let told = step.news.iter().map(|news| (subject.clone(), news.event_type().as_str()));
        self.events.extend(told);
        self.orders.insert(step.after.key.clone(), step.after.clone());
        self.steps.push(step);
    }

    fn post(&mut self, entry: Entry) {
        for line in entry.lines() {
            if let BookAccount::Wallet(wallet) = &line.account {
                let key = (wallet.clone(), line.asset.clone());
                let credit = self.credits.entry(key).or_insert_with(Balance::zero);
                *credit = credit.plus(&line.amount);
            }
        }
        self.entries.push(entry);
    }

    /// All of these happen now, and none is refused.
    pub(crate) fn all(&mut self, facts: &[Fact]) {
        for fact in facts {
            assert_eq!(self.takes(fact), Answer::Done, "{fact:?}");
        }
    }

    /// Time passes.
    pub(crate) fn passes(&mut self, milliseconds: i64) {
        self.now += chrono::TimeDelta::milliseconds(milliseconds);
    }

    /// The order of this id of `shop`.
    pub(crate) fn order(&self, order: &str) -> &Order {
        &self.orders[&key("shop", order)]
    }

    pub(crate) fn status(&self, order: &str) -> OrderStatus {
        self.order(order).status
    }

    /// A wallet's credit in `xtr`.
    pub(crate) fn credit(&self, wallet: &str) -> String {
        let credit = self.credits.get(&(wallet.to_owned(), "xtr".to_owned()));
        credit
            .filter(|credit| !credit.is_zero())
            .map_or_else(|| "0".to_owned(), ToString::to_string)
    }

    /// What an account of the books holds.
    pub(crate) fn sum(&self, account: &BookAccount, asset: &str) -> Balance {
        let lines = self.entries.iter().flat_map(Entry::lines);
        let lines = lines.filter(|line| line.account == *account && line.asset == asset);
        lines.fold(Balance::zero(), |sum, line| sum.plus(&line.amount))
    }

    /// How often others have heard of this.
    pub(crate) fn heard(&self, event_type: &str) -> usize {
        self.events.iter().filter(|(_, told)| *told == event_type).count()
    }

    /// What a wallet's money that is seen and not final is, in `xtr`.
    pub(crate) fn pending(&self, wallet: &str) -> String {
        let is_it = |money: &&IncomingMoney| {
            money.wallet == wallet && money.status == IncomingStatus::Received
        };
        let pending = self.money.values().filter(is_it);
        let sum = pending.fold(Amount::zero(), |sum, money| sum.plus(money.amount.size()));
        sum.to_string()
    }
}
