//! Whatever the order in which versions come, what is stored is the same.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use railpoll::engine::{Payment, PaymentState, Poller, Row, Trail};
use railpoll::store::{PaymentFilter, Scope, Store};

use crate::support::payments::{now, payment, row};
use crate::support::{TestDatabase, on_each};

/// Lives that payments have. No state comes back in them: a touch and a return to a state look alike out of order.
const LIVES: [&[&str]; 6] = [
    &["ACCEPTED", "LOCKED", "PREPARED", "EXECUTED", "COMPLETED", "RETURNED"],
    &["ACCEPTED", "LOCK_DECLINED", "FAILED"],
    &["LOCKED", "SETTLEMENT_DECLINED", "PREPARED", "EXECUTED", "FAILED"],
    &["EXECUTED", "FORWARDED", "COMPLETED"],
    &["ACCEPTED", "FAILED", "RETURNED"],
    &["COMPLETED"],
];

/// All versions of some payments in order, and how they come.
#[derive(Clone)]
struct Case {
    versions: Vec<Payment>,
    arrivals: Vec<usize>,
    page_size: usize,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for page in self.arrivals.chunks(self.page_size) {
            writeln!(f, "page:")?;
            for version in page.iter().map(|n| &self.versions[*n]) {
                writeln!(
                    f,
                    "    {} {} {}",
                    version.payment_id, version.state, version.modified_at
                )?;
            }
        }
        Ok(())
    }
}

/// The versions of one payment: for each state how often it is touched, and whether it comes in the same moment as the
/// one before.
fn life(id: usize) -> impl Strategy<Value = Vec<Payment>> {
    let steps = prop::collection::vec((1..4_i64, any::<bool>()), 6);
    (0..LIVES.len(), 1..=6_usize, steps, any::<bool>()).prop_map(
        move |(life, length, steps, precise)| {
            let (mut versions, mut time): (Vec<Payment>, i64) = (Vec::new(), 0);
            for (state, (touches, same_moment)) in LIVES[life].iter().take(length).zip(steps) {
                // In one moment nobody can tell which of two is the newer, but by the legal moves.
                let is_ordered =
                    |last: &Payment| !PaymentState::from_word(state).may_become(&last.state);
                if !same_moment || !versions.last().is_some_and(is_ordered) {
                    time += 1;
                }
                for touch in 0..touches {
                    time += i64::from(touch > 0);
                    let mut version = payment(&format!("p{id}"), state, time);
                    if precise {
                        version.modified_at += TimeDelta::microseconds(7);
                    }
                    versions.push(version);
                }
            }
            versions
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    (life(0), life(1), life(2), 1..12_usize)
        .prop_map(|(a, b, c, page_size)| ([a, b, c].concat(), page_size))
        .prop_flat_map(|(versions, page_size)| {
            // Each version comes at least once, and some come again.
            let all: Vec<usize> = (0..versions.len()).collect();
            let again = prop::collection::vec(0..versions.len(), 0..8);
            let arrivals =
                again.prop_map(move |again| [all.clone(), again].concat()).prop_shuffle();
            arrivals.prop_map(move |arrivals| Case {
                versions: versions.clone(),
                arrivals,
                page_size,
            })
        })
}

/// Everything that is stored of a network's payments, but for our own times.
#[derive(Debug, PartialEq)]
struct Picture {
    payments: Vec<String>,
    histories: Vec<Vec<String>>,
}

async fn picture(store: &Store, network: &str) -> Picture {
    let filter =
        PaymentFilter { network: Some(network.to_owned()), limit: 100, ..PaymentFilter::default() };
    let mut picture = Picture { payments: Vec::new(), histories: Vec::new() };
    for payment in store.payments(&filter).await.unwrap() {
        let story = store.story(payment).await.unwrap();
        let payment = &story.payment;
        picture.payments.push(format!(
            "{} {} {} {}",
            payment.payment_id, payment.state, payment.modified_at, story.document
        ));
        picture.histories.push(
            story
                .history
                .iter()
                .map(|s| format!("{} {} {}", payment.payment_id, s.status, s.reached_at))
                .collect(),
        );
    }
    picture
}

async fn record(store: &Store, scope: &Scope, rows: &[Row]) {
    store.record(scope, None, rows, None, Trail::List, now()).await.unwrap();
}

async fn check(store: &Store, number: usize, case: &Case) -> Result<(), TestCaseError> {
    let scope = |how: &str| Scope { poller: Poller::Accepted, network: format!("{how}{number}") };
    let (in_order, as_it_comes) = (scope("in-order-"), scope("as-it-comes-"));
    for version in &case.versions {
        record(store, &in_order, &[row(version.clone())]).await;
    }
    for page in case.arrivals.chunks(case.page_size) {
        let page: Vec<Row> = page.iter().map(|n| row(case.versions[*n].clone())).collect();
        record(store, &as_it_comes, &page).await;
    }
    let expected = picture(store, &in_order.network).await;
    let stored = picture(store, &as_it_comes.network).await;
    prop_assert_eq!(stored, expected);
    check_counts(store, &as_it_comes).await?;
    prop_assert!(store.quarantined(false, 1).await.unwrap().is_empty());
    Ok(())
}

async fn check_counts(store: &Store, scope: &Scope) -> Result<(), TestCaseError> {
    let network = Some(scope.network.clone());
    let filter = PaymentFilter { network, limit: 100, ..PaymentFilter::default() };
    let mut counted = BTreeMap::new();
    for payment in store.payments(&filter).await.unwrap() {
        *counted.entry(payment.state.as_str().to_owned()).or_insert(0_u64) += 1;
    }
    let kept = store.counts(&scope.network).await.unwrap();
    let kept: BTreeMap<_, _> = kept.into_iter().filter(|(_, n)| *n > 0).collect();
    prop_assert_eq!(kept, counted);
    Ok(())
}

/// Each version of a payment is told of once.
async fn check_events(database: &TestDatabase, store: &Store) {
    let mut told = HashSet::new();
    for event in store.events_after(0, 1_000_000).await.unwrap() {
        assert!(told.insert((event.subject.clone(), event.version)), "twice: {event:?}");
    }
    let mut person = database.person().await;
    let versions =
        person.texts("SELECT CAST(coalesce(sum(version), 0) AS text) FROM payments").await;
    assert_eq!(versions[0], told.len().to_string());
}

#[test]
fn any_order_stores_the_newest_and_the_whole_history() {
    on_each(|database| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime.block_on(database.store());
        let numbers = std::cell::Cell::new(0);
        let config = Config { cases: 30, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&case(), |case| {
                numbers.set(numbers.get() + 1);
                runtime.block_on(check(&store, numbers.get(), &case))
            })
            .unwrap();
        runtime.block_on(check_events(database, &store));
    });
}
