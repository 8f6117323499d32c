//! Clocks that are wrong, or are set.

use super::database::Database;
use super::network::{Habits, Network};
use super::scenarios::{DISTANT, busy};
use super::{BEGINNING, NONE, SECOND, Traffic, collector, missed, run, time};
use crate::collect::{Bounds, Depth, Mode, Outcome};

const TRAFFIC: Traffic = Traffic {
    entries_per_second: 5,
    exits_per_second: 5,
    touches_per_second: 0,
    oldest_first: false,
    late_percent: 5,
    tie_percent: 0,
};
const YEARS: i64 = 3 * 365 * 24 * 3600 * SECOND;

/// Walks as often as this, every thirty seconds by a clock of ours that is so far ahead. Nothing is left beyond it.
fn walk_on(network: &Network, database: &Database, times: u32, ahead: i64) {
    for _ in 0..times {
        let begun = network.now();
        let collector = collector(network, database, 100);
        let walk = collector.walk(database.position(), time(begun + ahead));
        let (collected, position) = run(walk).unwrap();
        assert_eq!(collected.outcome, Outcome::Complete);
        database.save(position);
        let limit = Some(time(begun + ahead + SECOND));
        assert!(position.cursor <= limit && position.watermark <= limit);
        network.mark_due(begun);
        network.advance(begun + 30 * SECOND - network.now());
    }
}

#[test]
fn a_clock_that_is_set_loses_nothing() {
    for seed in 1..=5 {
        for by in [-600 * SECOND, -3600 * SECOND, 600 * SECOND, 2 * SECOND] {
            let network = busy(seed, DISTANT, TRAFFIC, 500);
            let database = Database::default();
            walk_on(&network, &database, 10, 0);
            network.set_clock(by);
            // What changes has the new clock's times from now on, before the next walk too.
            network.advance(10 * SECOND);
            walk_on(&network, &database, 20, 0);
            network.set_clock(-by);
            network.advance(10 * SECOND);
            walk_on(&network, &database, 20, 0);
            assert!(network.due().len() > 1_000);
            assert_eq!(missed(&network, &database), NONE, "seed {seed}, by {by}");
        }
    }
}

#[test]
fn what_left_while_the_clock_was_behind_is_recorded_too() {
    let network = Network::still(DISTANT, (0..3_000).rev().map(|n| BEGINNING - n * SECOND));
    let database = Database::default();
    walk_on(&network, &database, 2, 0);
    network.set_clock(-4_000 * SECOND);
    (100..110).for_each(|id| network.leave(id));
    let collector = collector(&network, &database, 100);
    let mode = Mode::Keyset(Bounds::Exclusive);
    let watermark = database.position().watermark;
    let reconciled = run(collector.reconcile(mode, watermark, Depth::Counts)).unwrap();
    assert_eq!(reconciled.exits, 10);
    assert_eq!(database.listed().len(), 2_990);
}

#[test]
fn one_row_from_the_future_moves_nothing() {
    for seed in 1..=5 {
        let network = busy(seed, DISTANT, TRAFFIC, 500);
        let database = Database::default();
        walk_on(&network, &database, 3, 0);
        network.put(BEGINNING + YEARS, false);
        walk_on(&network, &database, 20, 0);
        assert_eq!(missed(&network, &database), NONE, "seed {seed}");
        // The same beside answers of that time.
        network.set_clock(YEARS);
        walk_on(&network, &database, 1, 0);
        network.set_clock(-YEARS);
        walk_on(&network, &database, 20, 0);
        assert_eq!(missed(&network, &database), NONE, "seed {seed}");
    }
}

#[test]
fn our_own_clock_may_be_wrong() {
    let timeless = Habits { timeless: true, ..DISTANT };
    for habits in [DISTANT, timeless] {
        for seed in 1..=5 {
            let network = busy(seed, habits, TRAFFIC, 500);
            let database = Database::default();
            // Behind, it only reads more; where it was set back, it goes back too.
            for ahead in [0, -3_600 * SECOND, 0, -10 * YEARS, 0] {
                walk_on(&network, &database, 5, ahead);
            }
            assert_eq!(missed(&network, &database), NONE, "seed {seed}");
        }
    }
}
