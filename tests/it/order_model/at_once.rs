//! Several processes hand in the same facts and different ones, at once: each fact counts once, and nobody waits in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::Action;
use railpoll::engine::books::Balance;
use railpoll::engine::order::{
    ClaimTold, CreditNote, Customer, NewOrder, OrderFact, OrderKey, OrderStatus, PayTo, Reference,
    ReferenceTold, SeenMoney, TermsOfShops, credit_wallet,
};
use railpoll::engine::{Incoming, IncomingKey, Memo};
use railpoll::store::{
    EventFilter, OrderAnswer, OrderFilter, OrderTeller, OrderWorld, Store, Together,
};

use crate::support::{TestDatabase, ann, on_each, run};

const PROCESSES: usize = 8;
const CUSTOMERS: usize = 6;
const ORDERS: usize = 8;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn order(customer: usize, order: usize) -> OrderKey {
    OrderKey::new("shop", format!("{customer}-{order}"))
}

fn money(customer: usize, number: usize) -> IncomingKey {
    IncomingKey { source: "tari".to_owned(), incoming_id: format!("m{customer}-{number}") }
}

/// All that happens: each order costs 10, half of it comes from each of two wallets; and a note of 5 for each customer.
fn facts() -> Vec<OrderFact> {
    let mut facts = Vec::new();
    for customer in 0..CUSTOMERS {
        let whose = Customer::new("shop", format!("c{customer}"));
        for number in 0..ORDERS {
            let key = order(customer, number);
            facts.push(OrderFact::Came {
                told: Box::new(NewOrder {
                    key: key.clone(),
                    alt_id: None,
                    customer_id: Some(whose.customer_id.clone()),
                    price: "10".parse().unwrap(),
                    asset: "xtr".to_owned(),
                    original_price: None,
                    currency: None,
                    rate_id: None,
                    pay_to: PayTo::Wallet,
                    address: None,
                    memo: None,
                    created_at: at(0),
                }),
                claim: Some(format!("a{customer}")),
            });
            for (half, wallet) in [(2 * number, "a"), (2 * number + 1, "b")] {
                let key_of_money = money(customer, half);
                let told = ReferenceTold {
                    sender: wallet,
                    paid_to: None,
                    order_id: None,
                    memo: Some(&key.order_id),
                    claim: ClaimTold::Absent,
                };
                let names =
                    Reference::read(&railpoll::engine::order::ReferenceRules::default(), &told);
                facts.push(OrderFact::Received(Box::new(SeenMoney {
                    incoming: Incoming {
                        incoming_id: key_of_money.incoming_id.clone(),
                        source: key_of_money.source.clone(),
                        account: "us".to_owned(),
                        from: Some(format!("{wallet}{customer}")),
                        amount: "5".parse().unwrap(),
                        fee: None,
                        asset: "xtr".to_owned(),
                        memo: Some(Memo::Text(key.order_id.clone())),
                        subject: None,
                        muxed_id: None,
                        reference: key_of_money.incoming_id.clone(),
                        at: at(1),
                        raw: "{}".to_owned(),
                    },
                    asset: "xtr".to_owned(),
                    names: vec![("shop".to_owned(), names)],
                })));
                facts.push(OrderFact::Confirmed(key_of_money));
            }
        }
        facts.push(OrderFact::Noted(CreditNote {
            wallet: credit_wallet(&whose),
            customer: whose,
            incoming_id: format!("n{customer}"),
            asset: "xtr".to_owned(),
            amount: "5".parse().unwrap(),
        }));
    }
    facts
}

/// In another order for each process, but that money is seen before it is final.
fn shuffled(process: usize) -> Vec<OrderFact> {
    let facts = facts();
    let (step, len) = ([1, 7, 11, 13, 17, 19, 23, 29][process % 8], facts.len());
    let mut order: Vec<usize> = (0..len).map(|n| (n * step + process) % len).collect();
    if order.iter().collect::<BTreeSet<_>>().len() < len {
        order = (0..len).rev().collect();
    }
    order.into_iter().map(|index| facts[index].clone()).collect()
}

fn world() -> OrderWorld {
    let shops =
        BTreeMap::from([("shop".to_owned(), railpoll::engine::order::OrderTerms::default())]);
    OrderWorld { terms: TermsOfShops::new(shops), rails: BTreeSet::new() }
}

async fn hand_in(store: &Store, process: usize) {
    let teller = OrderTeller::Operator { action: Action::OrderSettle, deed: ann(), once: None };
    let mut left = shuffled(process);
    // What is not known yet is told again.
    while !left.is_empty() {
        let mut unknown = Vec::new();
        for some in left.chunks(1 + process % 3) {
            let answers =
                store.orders_happen(teller, some, Together::Apart, &world(), at(2)).await.unwrap();
            for (fact, answer) in some.iter().zip(answers) {
                match answer {
                    OrderAnswer::Done(_) | OrderAnswer::Already => {}
                    OrderAnswer::Unknown => unknown.push(fact.clone()),
                    OrderAnswer::Refused(why) => panic!("{fact:?}: {why}"),
                }
            }
        }
        left = unknown;
    }
}

#[test]
fn eight_hand_in_the_same_facts_and_each_counts_once() {
    on_each(|database| {
        run(async {
            drop(database.store().await);
        });
        thread::scope(|scope| {
            for process in 0..PROCESSES {
                scope.spawn(move || {
                    run(async {
                        let store = Store::open(&database.url).await.unwrap();
                        hand_in(&store, process).await;
                        store.close().await;
                    });
                });
            }
        });
        run(check(database));
    });
}

async fn check(database: &TestDatabase) {
    let store = Store::open(&database.url).await.unwrap();
    let filter = OrderFilter { limit: 1_000, ..OrderFilter::default() };
    let orders = store.orders_step(&filter).await.unwrap().rows;
    assert_eq!(orders.len(), CUSTOMERS * ORDERS);
    for row in &orders {
        assert_eq!(row.order.status, OrderStatus::Paid, "{}", row.order.key);
        let filter = EventFilter {
            subject: Some(row.order.key.subject()),
            event_type: Some("order.paid".to_owned()),
            limit: 10,
            ..EventFilter::default()
        };
        assert_eq!(store.events(&filter).await.unwrap().len(), 1, "{}", row.order.key);
    }
    let checked = store.books_checked(|_| {}).await.unwrap();
    assert_eq!(checked.differences, []);
    for customer in 0..CUSTOMERS {
        let payers = store.payers_of(&Customer::new("shop", format!("c{customer}"))).await.unwrap();
        let credits = payers.iter().flat_map(|payer| &payer.credits);
        let left = credits.fold(Balance::zero(), |sum, (_, credit)| sum.plus(credit));
        assert_eq!(left, "5".parse().unwrap(), "what is left of customer {customer}: the note");
    }
}
