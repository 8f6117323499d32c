//! Walks that are killed, or stopped, at every point.

use std::sync::atomic::{AtomicU64, Ordering};

use super::database::{Crash, Crashed, Database};
use super::network::{Broken, Habits, Network};
use super::scenarios::busy;
use super::{MILLI, SECOND, Traffic, collector, run, time};
use crate::collect::{CollectError, Outcome};

const TRAFFIC: Traffic = Traffic {
    entries_per_second: 20,
    exits_per_second: 20,
    touches_per_second: 5,
    oldest_first: false,
    late_percent: 10,
    tie_percent: 30,
};

/// What ends a walk, at its n-th commit or request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    BeforeCommit(u64),
    AfterCommit(u64),
    AtRequest(u64),
    StopBefore(u64),
    /// After its end, before its position is stored.
    AfterWalk,
}

impl Blow {
    fn prepare(self, network: &Network, database: &Database) {
        match self {
            Self::BeforeCommit(n) => database.crash(Some(Crash::Before(n))),
            Self::AfterCommit(n) => database.crash(Some(Crash::After(n))),
            Self::AtRequest(n) => network.fail_at(Some(network.requests() + n)),
            Self::StopBefore(_) | Self::AfterWalk => {}
        }
    }

    /// Walks once. Returns whether the blow fell.
    fn strike(self, network: &Network, database: &Database) -> bool {
        self.prepare(network, database);
        let asked = AtomicU64::new(0);
        let stop = || {
            let asked = asked.fetch_add(1, Ordering::Relaxed) + 1;
            matches!(self, Self::StopBefore(n) if n == asked)
        };
        let begun = network.now();
        let mut collector = collector(network, database, 20);
        collector.stop = &stop;
        let walked = run(collector.walk(database.position(), time(begun)));
        database.crash(None);
        network.fail_at(None);
        match walked {
            Err(CollectError::Source(Broken)) | Err(CollectError::Sink(Crashed)) => true,
            Ok(_) if self == Self::AfterWalk => true,
            Ok((collected, position)) => {
                database.save(position);
                if collected.outcome == Outcome::Complete {
                    network.mark_due(begun);
                }
                collected.outcome == Outcome::Stopped
            }
        }
    }
}

/// A plain walk to the end.
fn walk(network: &Network, database: &Database) {
    let begun = network.now();
    let collector = collector(network, database, 20);
    let walk = collector.walk(database.position(), time(begun));
    let (collected, position) = run(walk).unwrap();
    assert_eq!(collected.outcome, Outcome::Complete);
    database.save(position);
    network.mark_due(begun);
}

/// Strikes the first walk, which reads the whole list, or a later one, and goes on after a time of nothing. Returns
/// whether the blow fell, and how many payments were due.
fn survive(blow: Blow, walks_before: u64, pause: i64, seed: u64) -> (bool, usize) {
    let habits = Habits { half_trip: 100 * MILLI, ..Habits::default() };
    let network = busy(seed, habits, TRAFFIC, 300);
    let database = Database::default();
    for _ in 0..walks_before {
        walk(&network, &database);
        network.advance(10 * SECOND);
    }
    let has_fallen = blow.strike(&network, &database);
    network.advance(pause);
    for _ in 0..2 {
        walk(&network, &database);
        network.advance(10 * SECOND);
    }
    let due = network.due();
    let missed: Vec<_> = due.iter().filter(|id| !database.has_seen(**id)).collect();
    assert!(missed.is_empty(), "{blow:?}, then {pause} µs of nothing: {missed:?}");
    (has_fallen, due.len())
}

/// Strikes at each point there is, with a short, a longer and a long time of nothing after.
fn survive_all(blow: impl Fn(u64) -> Blow) {
    for pause in [0, 3 * SECOND, 60 * SECOND] {
        for walks_before in [0, 2] {
            let mut n = 1;
            while survive(blow(n), walks_before, pause, n).0 {
                n += 1;
            }
            assert!(n > 5, "a walk has more points than {n}");
        }
    }
}

#[test]
fn a_walk_killed_before_any_commit_loses_nothing() {
    survive_all(Blow::BeforeCommit);
}

#[test]
fn a_walk_killed_after_any_commit_loses_nothing() {
    survive_all(Blow::AfterCommit);
}

#[test]
fn a_walk_cut_off_at_any_request_loses_nothing() {
    survive_all(Blow::AtRequest);
}

#[test]
fn a_walk_stopped_before_any_request_loses_nothing() {
    survive_all(Blow::StopBefore);
}

#[test]
fn a_walk_whose_end_is_forgotten_loses_nothing() {
    let mut due = 0;
    for seed in 1..=20 {
        for pause in [0, 3 * SECOND, 60 * SECOND] {
            due += survive(Blow::AfterWalk, seed % 3, pause, seed).1;
        }
    }
    assert!(due > 20_000);
}
