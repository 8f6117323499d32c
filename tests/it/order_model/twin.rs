//! A book-keeper in memory, and the same in both databases.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Deref, DerefMut, RangeInclusive};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock};

use chrono::{DateTime, Utc};
use railpoll::engine::books::Balance;
use railpoll::engine::order::{
    ClaimTold, CreditNote, Customer, NewOrder, Order, OrderFact, OrderKey, OrderWish, PayTo,
    Reference, ReferenceTold, SeenMoney, TermsOfShops, credit_wallet,
};
use railpoll::engine::{Action, Amount, Incoming, IncomingKey, Memo};
use railpoll::store::{
    CustomerFilter, EventFilter, OrderAnswer, OrderFilter, OrderTeller, OrderWorld, Store, Together,
};
use tokio::runtime::Runtime;

use super::rules::{Answer, Fact, Keeper, Wished};
use crate::support::{Kind, TestDatabase, ann};

/// One database of each kind for all scenarios: each speaks of shops, wallets and money of its own.
static DATABASES: LazyLock<[TestDatabase; 2]> =
    LazyLock::new(|| [Kind::Sqlite, Kind::Postgres].map(TestDatabase::new));
static MADE: AtomicU32 = AtomicU32::new(0);

/// Scenarios that share a database bring its schema up to date once.
fn open(runtime: &Runtime) -> Vec<(Kind, Store)> {
    static READY: OnceLock<Mutex<()>> = OnceLock::new();
    let _turn = READY.get_or_init(Mutex::default).lock().unwrap();
    let store =
        |database: &'static TestDatabase| (database.kind, runtime.block_on(database.store()));
    DATABASES.iter().map(store).collect()
}

/// The book-keeper, and its twins.
pub(crate) struct Twin {
    keeper: Keeper,
    names: Names,
    stores: Vec<(Kind, Store)>,
    runtime: Runtime,
    /// All that happened, to tell it to another.
    past: Vec<(DateTime<Utc>, Fact)>,
}

/// How the scenario's names are told apart from those of others. They sort as before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names(pub(super) u32);

impl Names {
    fn of(self, name: &str) -> String {
        format!("{name}-{}", self.0)
    }

    fn wallet(self, wallet: &str) -> String {
        match wallet.strip_prefix("credit:").and_then(|rest| rest.split_once('/')) {
            Some((shop, customer)) => credit_wallet(&Customer::new(self.of(shop), customer)),
            None => self.of(wallet),
        }
    }

    fn order(self, key: &OrderKey) -> OrderKey {
        OrderKey::new(self.of(&key.shop), &key.order_id)
    }

    fn money(self, key: &IncomingKey) -> IncomingKey {
        IncomingKey { incoming_id: self.of(&key.incoming_id), ..key.clone() }
    }

    /// The terms of the two shops, under their names.
    pub(super) fn terms(
        self,
        terms: &TermsOfShops,
    ) -> BTreeMap<String, railpoll::engine::order::OrderTerms> {
        ["shop", "mall"].map(|shop| (self.of(shop), terms.of(shop).clone())).into()
    }

    /// What the store is told.
    pub(super) fn facts(self, keeper: &Keeper, fact: &Fact) -> Vec<OrderFact> {
        let order = |shop: &str, order: &str| OrderKey::new(self.of(shop), order);
        let money = |id: &str| {
            self.money(&IncomingKey { source: "tari".to_owned(), incoming_id: id.to_owned() })
        };
        vec![match fact {
            Fact::Ordered { .. } => self.ordered(keeper, fact),
            Fact::Received { .. } => self.received(keeper, fact),
            Fact::Confirmed { id } => OrderFact::Confirmed(money(id)),
            Fact::Cancelled { id } => {
                OrderFact::Vanished { money: money(id), why: "gone".to_owned() }
            }
            Fact::Reversed { id } => {
                OrderFact::TakenBack { money: money(id), why: "taken".to_owned() }
            }
            Fact::Claimed { shop, order: id, wallet } => {
                OrderFact::Claimed { order: order(shop, id), wallet: self.wallet(wallet) }
            }
            Fact::Noted { shop, id, customer, amount } => {
                let customer = Customer::new(self.of(shop), customer);
                OrderFact::Noted(CreditNote {
                    wallet: credit_wallet(&customer),
                    customer,
                    incoming_id: self.of(id),
                    asset: "xtr".to_owned(),
                    amount: amount.parse().unwrap(),
                })
            }
            Fact::Wished { shop, order: id, wish } => {
                let key = order(shop, id);
                let customer =
                    keeper.orders.get(&OrderKey::new(*shop, id)).map(|one| &one.customer_id);
                let wallet = customer.map(|id| credit_wallet(&Customer::new(&key.shop, id)));
                let wish = match wish {
                    Wished::Fulfil { id } => OrderWish::Fulfil {
                        incoming_id: self.of(id),
                        wallet: wallet.unwrap_or_default(),
                    },
                    Wished::Cancel => OrderWish::Cancel,
                    Wished::Memo(memo) => OrderWish::Memo(Some(memo.clone())),
                    Wished::Price(price) => OrderWish::Price(price.parse().unwrap()),
                    Wished::Reassign(customer) => OrderWish::Reassign(customer.clone()),
                    Wished::Reset => OrderWish::Reset,
                };
                OrderFact::Wished { order: key, wish, reason: "a test".to_owned() }
            }
            Fact::ShopCancelled { shop, order: id } => OrderFact::ShopCancelled(order(shop, id)),
            Fact::SettledCustomer { shop, customer } => {
                OrderFact::SettledCustomer(Customer::new(self.of(shop), customer))
            }
            Fact::SettledWallet { wallet } => OrderFact::SettledWallet(self.wallet(wallet)),
            Fact::Swept => {
                return keeper.orders.keys().map(|key| OrderFact::Due(self.order(key))).collect();
            }
        }]
    }

    fn ordered(self, keeper: &Keeper, fact: &Fact) -> OrderFact {
        let Fact::Ordered { shop, order: id, alt_id, customer, price, claim } = fact else {
            panic!("{fact:?} is no order");
        };
        let order = |shop: &str, order: &str| OrderKey::new(self.of(shop), order);
        OrderFact::Came {
            told: Box::new(NewOrder {
                key: order(shop, id),
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
                created_at: keeper.now,
            }),
            claim: claim.as_ref().map(|wallet| self.wallet(wallet)),
        }
    }

    fn received(self, keeper: &Keeper, fact: &Fact) -> OrderFact {
        let Fact::Received { shop, id, wallet, asset, amount, memo } = fact else {
            panic!("{fact:?} is no money");
        };
        let told = ReferenceTold {
            sender: wallet,
            paid_to: None,
            order_id: None,
            memo: Some(memo),
            claim: ClaimTold::Absent,
        };
        let names = Reference::read(&keeper.terms.of(shop).reference, &told);
        OrderFact::Received(Box::new(SeenMoney {
            incoming: Incoming {
                incoming_id: self.of(id),
                source: "tari".to_owned(),
                account: "us".to_owned(),
                from: Some(self.wallet(wallet)),
                amount: amount.parse().unwrap(),
                fee: None,
                asset: (*asset).to_owned(),
                memo: Some(Memo::Text(memo.clone())),
                subject: None,
                muxed_id: None,
                reference: id.clone(),
                at: keeper.now,
                raw: "{}".to_owned(),
            },
            asset: (*asset).to_owned(),
            names: vec![(self.of(shop), names)],
        }))
    }

    /// What the store should have answered.
    pub(super) fn expect(self, fact: &Fact, answer: &Answer, told: &OrderAnswer, at: &str) {
        let agree = match (answer, told) {
            (Answer::Done, OrderAnswer::Done(_) | OrderAnswer::Already)
            | (Answer::Unknown, OrderAnswer::Unknown) => true,
            // They name other names.
            (Answer::Refused(a), OrderAnswer::Refused(b)) => {
                std::mem::discriminant(a) == std::mem::discriminant(b)
            }
            _ => false,
        };
        assert!(agree, "{at}: {fact:?}: {answer:?} and {told:?}");
    }

    /// An order in memory as it should stand in the database, but for the number of its coming.
    fn renamed(self, order: &Order, arrival: i64) -> Order {
        Order {
            key: self.order(&order.key),
            claimant: order.claimant.as_ref().map(|wallet| self.wallet(wallet)),
            arrival,
            ..order.clone()
        }
    }

    /// Compares what the store has with what is in memory. The stories of orders with these versions are looked at too.
    pub(super) async fn compare(
        self,
        keeper: &Keeper,
        store: &Store,
        stories: &RangeInclusive<i64>,
        at: &str,
    ) {
        let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for shop in ["shop", "mall"] {
            let filter =
                OrderFilter { shop: Some(self.of(shop)), limit: 1_000, ..OrderFilter::default() };
            let rows = store.orders_step(&filter).await.unwrap().rows;
            let mut arrivals: Vec<(i64, i64)> = Vec::new();
            let known = keeper.orders.values().filter(|order| order.key.shop == shop);
            assert_eq!(rows.len(), known.clone().count(), "{at}: orders of {shop}");
            for order in known {
                let key = self.order(&order.key);
                let row = rows.iter().find(|row| row.order.key == key).unwrap();
                assert_eq!(row.order, self.renamed(order, row.order.arrival), "{at}");
                arrivals.push((order.arrival, row.order.arrival));
                let named = keeper.naming(&order.key).map(|money| keeper.left(money));
                let named = named.fold(Amount::zero(), |sum, one| sum.plus(&one));
                assert_eq!(row.named, named, "{at}: what names {key}");
                // Their stories are long: each is told now and then.
                if !stories.contains(&order.version) {
                    continue;
                }
                let story = store.order_story(&key).await.unwrap().unwrap();
                let mut paid: Vec<_> = story
                    .settlements
                    .iter()
                    .map(|one| (one.wallet.clone(), one.amount.clone(), one.kind))
                    .collect();
                paid.sort_by(|a, b| a.0.cmp(&b.0));
                let expected = keeper.settlements.iter().filter(|one| one.order == order.key);
                let mut expected: Vec<_> = expected
                    .map(|one| (self.wallet(&one.wallet), one.amount.clone(), one.kind))
                    .collect();
                expected.sort_by(|a, b| a.0.cmp(&b.0));
                assert_eq!(paid, expected, "{at}: settlements of {key}");
                let steps = keeper.steps.iter().filter(|step| {
                    step.after.key == order.key && step.from != Some(step.after.status)
                });
                let steps: Vec<String> = steps
                    .map(|step| format!("{} {}", step.after.status, step.cause.unwrap()))
                    .collect();
                let history =
                    story.history.iter().map(|one| format!("{} {}", one.status, one.source));
                assert_eq!(history.collect::<Vec<_>>(), steps, "{at}: history of {key}");
            }
            arrivals.sort_unstable();
            assert!(
                arrivals.is_sorted_by_key(|(_, arrival)| *arrival),
                "{at}: the order of coming"
            );
            let filter = CustomerFilter { shop: Some(self.of(shop)), after: None, limit: 1_000 };
            let customers = store.customers(&filter).await.unwrap();
            let customers: BTreeSet<&str> =
                customers.iter().map(|(one, _)| one.customer_id.as_str()).collect();
            let expected = keeper.customers.iter().filter(|one| one.shop == shop);
            let expected: BTreeSet<&str> = expected.map(|one| one.customer_id.as_str()).collect();
            assert_eq!(customers, expected, "{at}: customers");
            for customer in expected {
                let payers =
                    store.payers_of(&Customer::new(self.of(shop), customer)).await.unwrap();
                let links: BTreeMap<String, _> =
                    payers.into_iter().map(|one| (one.wallet, one.origin)).collect();
                let expected = keeper.links.iter().filter(|((one, _), _)| {
                    (one.shop.as_str(), one.customer_id.as_str()) == (shop, customer)
                });
                let expected: BTreeMap<String, _> =
                    expected.map(|((_, wallet), origin)| (self.wallet(wallet), *origin)).collect();
                assert_eq!(links, expected, "{at}: links of {customer}");
            }
            let subject = Some(format!("order/{}/*", self.of(shop)));
            let filter = EventFilter { subject, limit: 100_000, ..EventFilter::default() };
            for event in store.events(&filter).await.unwrap() {
                events.entry(event.subject).or_default().push(event.event_type);
            }
        }
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (subject, event_type) in
            keeper.events.iter().filter(|(subject, _)| subject.starts_with("order/"))
        {
            let (_, rest) = subject.split_once('/').unwrap();
            let (shop, id) = rest.split_once('/').unwrap();
            let subject = self.order(&OrderKey::new(shop, id)).subject();
            told.entry(subject).or_default().push((*event_type).to_owned());
        }
        assert_eq!(events, told, "{at}: events");
        for ((wallet, asset), credit) in &keeper.credits {
            let credits = store.credits_of(&self.wallet(wallet)).await.unwrap();
            let found = credits.into_iter().find(|(one, _)| one == asset).map(|(_, credit)| credit);
            assert_eq!(found.unwrap_or_else(Balance::zero), *credit, "{at}: credit of {wallet}");
        }
        for (key, money) in &keeper.money {
            let key = self.money(key);
            let row = store.incoming_with_id(&key.source, &key.incoming_id).await.unwrap().unwrap();
            assert_eq!(row.status, money.status, "{at}: {}", key.subject());
        }
    }
}

impl Twin {
    pub(crate) fn new(terms: TermsOfShops) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stores = open(&runtime);
        let names = Names(MADE.fetch_add(1, Ordering::Relaxed) + 1_000_000);
        Self { keeper: Keeper::new(terms), names, stores, runtime, past: Vec::new() }
    }

    /// Something happens now.
    pub(crate) fn takes(&mut self, fact: &Fact) -> Answer {
        let facts = self.names.facts(&self.keeper, fact);
        let world = OrderWorld {
            terms: TermsOfShops::new(self.names.terms(&self.keeper.terms)),
            rails: BTreeSet::new(),
        };
        self.past.push((self.keeper.now, fact.clone()));
        let now = self.keeper.now;
        let answer = self.keeper.takes(fact);
        for (kind, store) in &self.stores {
            let teller =
                OrderTeller::Operator { action: Action::OrderSettle, deed: ann(), once: None };
            let told = self.runtime.block_on(store.orders_happen(
                teller,
                &facts,
                Together::Apart,
                &world,
                now,
            ));
            let at = format!("{kind}, {}", self.past.len());
            for told in told.unwrap() {
                self.names.expect(fact, &answer, &told, &at);
            }
            self.runtime.block_on(self.names.compare(&self.keeper, store, &(1..=i64::MAX), &at));
        }
        answer
    }

    /// All of these happen now, and none is refused.
    pub(crate) fn all(&mut self, facts: &[Fact]) {
        for fact in facts {
            assert_eq!(self.takes(fact), Answer::Done, "{fact:?}");
        }
    }
}

impl Clone for Twin {
    /// Another one to whom the same has happened.
    fn clone(&self) -> Self {
        let mut twin = Self::new(self.keeper.terms.clone());
        for (at, fact) in &self.past {
            twin.keeper.now = *at;
            twin.takes(fact);
        }
        twin.keeper.now = self.keeper.now;
        twin
    }
}

impl fmt::Debug for Twin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keeper.fmt(f)
    }
}

impl Deref for Twin {
    type Target = Keeper;

    fn deref(&self) -> &Keeper {
        &self.keeper
    }
}

impl DerefMut for Twin {
    fn deref_mut(&mut self) -> &mut Keeper {
        &mut self.keeper
    }
}
