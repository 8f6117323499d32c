//! Random histories, judged in memory and written to real databases: after each step of them all is the same.

use std::collections::{BTreeMap, BTreeSet};

use railpoll::engine::Action;
use railpoll::engine::order::{OrderFact, TermsOfShops};
use railpoll::store::{OrderAnswer, OrderTeller, OrderWorld, Store, Together};

use super::rules::{Answer, Fact, Happening, Keeper, history, terms};
use super::twin::Names;
use crate::support::{Kind, ann, on_both};

/// So many go through a database beside each other: what happens to all of them at once is one transaction.
const BESIDE: usize = 100;
/// Facts of a history.
const FACTS: usize = 16;
/// The seeds of a test run. `RAILPOLL_ORDER_SEEDS=1..100000` plays the long run.
const SEEDS: (u64, u64) = (1, 2_000);

#[expect(clippy::disallowed_methods, reason = "a wish of whoever runs the tests")]
fn seeds() -> (u64, u64) {
    let told = std::env::var("RAILPOLL_ORDER_SEEDS").ok();
    let range = told.as_deref().and_then(|text| text.split_once(".."));
    let number = |text: &str| text.parse().unwrap();
    range.map_or(SEEDS, |(from, to)| (number(from), number(to)))
}

#[test]
fn in_two_thousand_histories_the_database_has_what_the_rules_say() {
    on_both(async |database| {
        database.trust_the_machine();
        let store = database.store().await;
        // Each history goes through one of the two; the rules are the same for both.
        let (from, to) = seeds();
        let is_own = |seed: &u64| seed.is_multiple_of(2) == (database.kind == Kind::Sqlite);
        let own: Vec<u64> = (from..=to).filter(is_own).collect();
        for some in own.chunks(BESIDE) {
            play(&store, some).await;
        }
        let checked = store.books_checked(|_| {}).await.unwrap();
        assert_eq!(checked.differences, [], "the books agree with what is stored of them");
        assert!(checked.entries > 0);
    });
}

/// One history among others.
struct Playing {
    seed: u64,
    names: Names,
    keeper: Keeper,
    history: Vec<Happening>,
}

async fn play(store: &Store, seeds: &[u64]) {
    let mut all: Vec<Playing> = seeds
        .iter()
        .map(|&seed| Playing {
            seed,
            names: Names(u32::try_from(seed).unwrap()),
            keeper: Keeper::new(terms()),
            history: history(seed, FACTS),
        })
        .collect();
    let told = terms();
    let shops: BTreeMap<_, _> = all.iter().flat_map(|one| one.names.terms(&told)).collect();
    let world = OrderWorld { terms: TermsOfShops::new(shops), rails: BTreeSet::new() };
    for step in 0..FACTS {
        // Each has a time of its own in the engine's tests; here all have the first one's.
        let at = all[0].history[step].at;
        let mut facts: Vec<OrderFact> = Vec::new();
        let mut expected: Vec<(usize, Fact, Answer)> = Vec::new();
        for (index, one) in all.iter_mut().enumerate() {
            one.keeper.clock(at);
            let fact = one.history[step].fact.clone();
            let own = one.names.facts(&one.keeper, &fact);
            let answer = one.keeper.happens(&Happening { at, fact: fact.clone() });
            expected.extend(own.iter().map(|_| (index, fact.clone(), answer.clone())));
            facts.extend(own);
        }
        let now = all[0].keeper.now;
        let teller = OrderTeller::Operator { action: Action::OrderSettle, deed: ann(), once: None };
        let answers: Vec<OrderAnswer> =
            store.orders_happen(teller, &facts, Together::Apart, &world, now).await.unwrap();
        for ((index, fact, answer), told) in expected.iter().zip(&answers) {
            let at = format!("seed {}, step {step}", all[*index].seed);
            all[*index].names.expect(fact, answer, told, &at);
        }
        let one = &all[(step * 37) % all.len()];
        let at = format!("seed {}, step {step}", one.seed);
        one.names.compare(&one.keeper, store, &(4..=i64::MAX), &at).await;
    }
    for one in &all {
        let at = format!("seed {}, the end", one.seed);
        one.names.compare(&one.keeper, store, &(4..=i64::MAX), &at).await;
    }
}
