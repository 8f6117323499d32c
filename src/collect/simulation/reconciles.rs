//! Databases that have lost something.

use std::collections::BTreeSet;

use super::database::Database;
use super::network::{Habits, Network};
use super::scenarios::{DISTANT, busy};
use super::{BEGINNING, MILLI, Random, SECOND, Traffic, collector, run, time};
use crate::collect::{
    Bounds, Collector, Count, Depth, Drift, Mode, Outcome, Position, Reconciled, drift, probe,
};
use crate::engine::{PaymentState, Row, Trail};

const KEYSET: Mode = Mode::Keyset(Bounds::Exclusive);
const PAGE: u32 = 100;

/// A list of so many payments, all of which the database has.
fn in_step(habits: Habits, payments: i64, gap: i64) -> (Network, Database) {
    let network = Network::still(habits, (0..payments).rev().map(|n| BEGINNING - n * gap));
    let database = Database::default();
    let collector = collector(&network, &database, PAGE);
    let walk = collector.walk(database.position(), time(BEGINNING));
    let (collected, position) = run(walk).unwrap();
    assert_eq!(collected.outcome, Outcome::Complete);
    database.save(position);
    (network, database)
}

fn reconcile(network: &Network, database: &Database, mode: Mode, depth: Depth) -> Reconciled {
    let collector = collector(network, database, PAGE);
    let requests = network.requests();
    let watermark = database.position().watermark;
    let reconciled = run(collector.reconcile(mode, watermark, depth)).unwrap();
    assert_eq!(reconciled.requests, network.requests() - requests);
    reconciled
}

fn count(collector: &Collector<'_, Network, Database>, mode: Mode) -> Count {
    run(collector.check(mode, collector.sink.position().watermark)).unwrap()
}

/// Whether the database has of each payment what the network says of it.
fn assert_agreement(network: &Network, database: &Database) {
    assert_eq!(
        database.listed().into_iter().collect::<BTreeSet<_>>(),
        network.present().into_iter().collect::<BTreeSet<_>>()
    );
    for id in database.listed() {
        let Row::Payment(payment) = network.row(id) else { panic!("no row here is bad") };
        assert_eq!(database.version(id), Some((payment.state, payment.modified_at)));
    }
}

fn some(database: &Database, number: u64, random: &mut Random) -> BTreeSet<u32> {
    (0..number).map(|_| database.any(random)).collect()
}

/// Requests that it takes to find `differences` in a list of so many payments, at most.
fn allowed(differences: u64, payments: u64) -> u64 {
    let pages = payments.div_ceil(u64::from(PAGE));
    let all_halved = 32;
    let to_find_one = 2 * u64::from(pages.max(1).ilog2()) + 12;
    std::cmp::min(all_halved + differences * to_find_one, 2 * pages + all_halved)
}

#[test]
fn what_is_the_same_costs_few_requests() {
    for (payments, requests) in [(0, 1), (10, 1), (1_000, 12), (100_000, 32)] {
        let (network, database) = in_step(DISTANT, payments, SECOND);
        let reconciled = reconcile(&network, &database, KEYSET, Depth::Counts);
        assert_eq!((reconciled.found, reconciled.exits), (0, 0));
        assert!(reconciled.requests <= requests, "{payments}: {}", reconciled.requests);
    }
}

#[test]
fn lost_payments_are_found() {
    let mut random = Random(3);
    let lists = [(10, SECOND), (10, 300), (1_000, MILLI), (1_000, 300), (100_000, 300)];
    for (payments, gap) in lists {
        let (network, database) = in_step(DISTANT, payments, gap);
        for lost in [1, 3, 30] {
            let lost = some(&database, lost, &mut random);
            lost.iter().for_each(|id| database.lose(*id));
            let reconciled = reconcile(&network, &database, KEYSET, Depth::Counts);
            let found = lost.len() as u64;
            assert_eq!((reconciled.found, reconciled.exits), (found, 0));
            let allowed = allowed(found, payments.cast_unsigned());
            let requests = reconciled.requests;
            assert!(requests <= allowed, "{payments}, {found} lost: {requests} > {allowed}");
            assert_agreement(&network, &database);
        }
    }
}

#[test]
fn old_versions_are_found() {
    let mut random = Random(5);
    for payments in [10, 1_000, 100_000] {
        for depth in [Depth::Counts, Depth::Rows] {
            let (network, database) = in_step(DISTANT, payments, SECOND);
            // Counts tell only of what is far from its place.
            let by = if depth == Depth::Counts { payments * SECOND } else { 3 * SECOND + MILLI };
            let aged = some(&database, 5, &mut random);
            aged.iter().for_each(|id| database.age(*id, by));
            let reconciled = reconcile(&network, &database, KEYSET, depth);
            assert_eq!((reconciled.found, reconciled.exits), (aged.len() as u64, 0));
            assert_eq!(network.gets(), 0, "they are in the list");
            if depth == Depth::Counts {
                let allowed = allowed(2 * aged.len() as u64, payments.cast_unsigned());
                assert!(reconciled.requests <= allowed, "{} > {allowed}", reconciled.requests);
            }
            assert_agreement(&network, &database);
        }
    }
}

#[test]
fn exits_are_asked_for() {
    let mut random = Random(9);
    for payments in [10, 1_000, 100_000] {
        for mode in [KEYSET, Mode::Sweep] {
            if mode == Mode::Sweep && payments == 100_000 {
                continue;
            }
            let (network, database) = in_step(DISTANT, payments, SECOND);
            let left = some(&database, 7, &mut random);
            left.iter().for_each(|id| network.leave(*id));
            let exits = left.len() as u64;
            let reconciled = reconcile(&network, &database, mode, Depth::Counts);
            assert_eq!((reconciled.found, reconciled.exits), (0, exits));
            assert_eq!(network.gets(), exits);
            for id in left {
                let state = database.version(id).map(|(state, _)| state);
                assert_eq!(state, Some(PaymentState::Locked));
            }
            assert_agreement(&network, &database);
            let trails = database.trails();
            assert_eq!(trails.iter().filter(|trail| **trail == Trail::Get).count(), 1);
        }
    }
}

#[test]
fn many_exits_are_asked_for_in_several_runs() {
    for mode in [KEYSET, Mode::Sweep] {
        let (network, database) = in_step(DISTANT, 3_000, SECOND);
        (0..1_200).for_each(|id| network.leave(id));
        let runs = [500, 500, 200].map(|asked| {
            let reconciled = reconcile(&network, &database, mode, Depth::Counts);
            assert_eq!(reconciled.exits, asked);
            reconciled.left_over
        });
        assert_eq!(runs, [700, 200, 0]);
        assert_agreement(&network, &database);
    }
}

#[test]
fn a_payment_that_the_network_does_not_know_is_told_of() {
    let (_, database) = in_step(DISTANT, 100, SECOND);
    let other = Network::still(DISTANT, (2..100).rev().map(|n| BEGINNING - n * SECOND));
    let reconciled = reconcile(&other, &database, KEYSET, Depth::Counts);
    assert_eq!(reconciled.unknown, ["98", "99"]);
}

#[test]
fn ties_of_many_pages_are_compared_too() {
    let mut random = Random(11);
    for depth in [Depth::Counts, Depth::Rows] {
        let (network, database) = in_step(DISTANT, 5_000, 0);
        let left = some(&database, 4, &mut random);
        left.iter().for_each(|id| network.leave(*id));
        let lost = some(&database, 4, &mut random);
        let lost: BTreeSet<_> = lost.difference(&left).copied().collect();
        lost.iter().for_each(|id| database.lose(*id));
        let reconciled = reconcile(&network, &database, KEYSET, depth);
        assert_eq!(reconciled.found, lost.len() as u64);
        assert_eq!(reconciled.exits, left.len() as u64);
        assert_agreement(&network, &database);
    }
}

#[test]
fn networks_of_other_bounds_are_compared_too() {
    let mut random = Random(13);
    for kind in 1..16 {
        for gap in [SECOND, MILLI, 300] {
            let habits = Habits {
                inclusive_below: kind & 1 != 0,
                inclusive_above: kind & 2 != 0,
                cuts_down: kind & 4 != 0,
                shows_millis: kind & 8 != 0,
                ..DISTANT
            };
            // A time that is not on a whole millisecond: only so it can be finer than it is shown.
            let times = (0..5_000).rev().map(|n| BEGINNING - n * gap + 7 * (kind & 8));
            let network = Network::still(habits, times);
            let database = Database::default();
            let collector = collector(&network, &database, PAGE);
            let mode = run(probe(&network)).unwrap();
            database.save(run(collector.walk(database.position(), time(BEGINNING))).unwrap().1);
            let lost = some(&database, 3, &mut random);
            lost.iter().for_each(|id| database.lose(*id));
            let reconciled = reconcile(&network, &database, mode, Depth::Counts);
            assert_eq!((reconciled.found, reconciled.exits), (lost.len() as u64, 0), "{habits:?}");
            // Where times are cut down, counts differ at the edges of ranges, and more is read.
            if gap >= MILLI {
                let allowed = allowed(lost.len() as u64, 5_000);
                assert!(reconciled.requests <= allowed, "{habits:?} {gap}");
            }
            assert_agreement(&network, &database);
        }
    }
}

#[test]
fn a_difference_that_stays_is_drift() {
    for mode in [KEYSET, Mode::Sweep] {
        let (network, database) = in_step(DISTANT, 1_000, SECOND);
        let collector = collector(&network, &database, PAGE);
        assert_eq!(count(&collector, mode), Count { network: 1_000, ours: 1_000 });
        database.lose(17);
        let first = count(&collector, mode).difference();
        assert_eq!((first, drift(0, first)), (1, Drift::Suspected));
        assert_eq!(drift(first, count(&collector, mode).difference()), Drift::Reconcile);
        // What came after the watermark is nobody's difference.
        network.put(BEGINNING + SECOND, false);
        let moving = i64::from(mode == Mode::Sweep);
        assert_eq!(count(&collector, mode).difference(), 1 + moving);
    }
}

#[test]
fn a_list_that_moves_is_healed_too() {
    let traffic = Traffic {
        entries_per_second: 5,
        exits_per_second: 5,
        touches_per_second: 2,
        ..Traffic::default()
    };
    let mut random = Random(17);
    let (mut hurt, mut hidden) = (0, 0);
    for (seed, depth) in (1..=5).flat_map(|seed| [(seed, Depth::Counts), (seed, Depth::Rows)]) {
        let network = busy(seed, DISTANT, traffic, 4_000);
        let database = Database::default();
        let collector = collector(&network, &database, PAGE);
        let walk = collector.walk(Position::default(), time(BEGINNING));
        database.save(run(walk).unwrap().1);
        let lost = some(&database, 10, &mut random);
        lost.iter().for_each(|id| database.lose(*id));
        let aged = some(&database, 5, &mut random);
        aged.iter().for_each(|id| database.age(*id, 2_000 * SECOND));
        let watermark = database.position().watermark.unwrap().timestamp_micros();
        let reconciled = reconcile(&network, &database, KEYSET, depth);
        assert_eq!(reconciled.outcome, Outcome::Complete);
        assert_eq!((reconciled.unknown.len(), reconciled.left_over), (0, 0));
        // What has changed since is for the next walk.
        for id in lost.union(&aged).filter(|id| network.is_settled_since(**id, watermark)) {
            let Row::Payment(payment) = network.row(*id) else { panic!("no row here is bad") };
            let is_hidden = database.version(*id) != Some((payment.state, payment.modified_at));
            // An exit that nobody has seen yet hides a loss beside it from counts, but not from a look at the rows.
            assert!(!is_hidden || depth == Depth::Counts, "seed {seed}");
            hidden += u32::from(is_hidden);
            hurt += 1;
        }
    }
    assert!(hurt > 100 && hidden * 20 < hurt, "{hidden} of {hurt} are hidden");
}

#[test]
fn a_reconcile_stops_when_it_is_asked_to() {
    let (network, database) = in_step(DISTANT, 10_000, SECOND);
    database.lose(1);
    let stopped = Collector { stop: &|| true, ..collector(&network, &database, PAGE) };
    for depth in [Depth::Counts, Depth::Rows] {
        let watermark = database.position().watermark;
        let reconciled = run(stopped.reconcile(KEYSET, watermark, depth)).unwrap();
        assert_eq!((reconciled.outcome, reconciled.requests), (Outcome::Stopped, 0));
    }
}
