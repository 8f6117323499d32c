//! Walks over lists of every shape.

use super::database::Database;
use super::network::{Habits, Network};
use super::scenarios::{DISTANT, busy};
use super::{
    BEGINNING, MILLI, NONE, Random, SECOND, Traffic, collector, missed, run, settings, time,
};
use crate::collect::{Bounds, Collected, Collector, Mode, Outcome, Position};

/// A network of each kind that can be walked.
fn kinds() -> impl Iterator<Item = Habits> {
    (0..16).map(|kind| Habits {
        inclusive_below: kind & 1 != 0,
        inclusive_above: kind & 2 != 0,
        cuts_down: kind & 4 != 0,
        shows_millis: kind & 8 != 0,
        half_trip: MILLI,
        ..Habits::default()
    })
}

/// Walks once, stores the position, and marks what was there.
fn walk(network: &Network, database: &Database, page_size: u32) -> Collected {
    let begun = network.now();
    let collector = collector(network, database, page_size);
    let (collected, position) = run(collector.walk(database.position(), time(begun))).unwrap();
    database.save(position);
    network.mark_due(begun);
    collected
}

/// Lists that are hard to page: times in microseconds.
fn shapes() -> Vec<(&'static str, Vec<i64>)> {
    let mut random = Random(7);
    let mut at = BEGINNING - 100 * SECOND;
    let mixed = (0..500).map(|_| {
        // A third share the time of the one before, a third its millisecond.
        at += match random.below(3) {
            0 => 0,
            1 => random.below(300),
            _ => random.below(30 * MILLI),
        };
        at
    });
    vec![
        ("none", Vec::new()),
        ("one", vec![BEGINNING - SECOND]),
        ("each its own time", (0..500).map(|n| BEGINNING - n * SECOND).collect()),
        ("all at one time", vec![BEGINNING - SECOND; 500]),
        ("all in one millisecond", (0..500).map(|n| BEGINNING - SECOND + n).collect()),
        ("a tie of just a page", [vec![BEGINNING - SECOND; 100], vec![BEGINNING; 3]].concat()),
        ("every microsecond", (0..500).map(|n| BEGINNING - SECOND + 13 * n).collect()),
        ("mixed", mixed.collect()),
    ]
}

#[test]
fn any_page_size_fetches_everything() {
    for habits in kinds() {
        for (shape, times) in shapes() {
            for page_size in [1, 2, 7, 100] {
                let network = Network::still(habits, times.iter().copied());
                let database = Database::default();
                let collected = walk(&network, &database, page_size);
                assert_eq!(collected.outcome, Outcome::Complete, "{shape} by {page_size}");
                assert_eq!(collected.tally.new, times.len() as u64, "{shape} by {page_size}");
                let newest = times.iter().max().map(|at| network.shown(*at));
                assert_eq!(collected.newest, newest);
            }
        }
    }
}

#[test]
fn a_page_of_any_size_suits_a_busy_list() {
    let traffic = Traffic {
        entries_per_second: 20,
        exits_per_second: 20,
        touches_per_second: 5,
        late_percent: 5,
        tie_percent: 30,
        oldest_first: false,
    };
    for habits in kinds() {
        for page_size in [1, 2, 7, 100] {
            let network = busy(u64::from(page_size), habits, traffic, 300);
            let database = Database::default();
            for _ in 0..10 {
                let collected = walk(&network, &database, page_size);
                assert_eq!(collected.outcome, Outcome::Complete);
                network.advance(10 * SECOND);
            }
            assert!(network.due().len() > 300);
            assert_eq!(missed(&network, &database), NONE, "{habits:?} by {page_size}");
        }
    }
}

#[test]
fn a_list_in_which_nothing_happens_costs_one_request() {
    for times in [1000, 10].map(|gap| (0..5000).map(move |n| BEGINNING - n * gap)) {
        let network = Network::still(DISTANT, times);
        let database = Database::default();
        walk(&network, &database, 100);
        network.advance(60 * SECOND);
        walk(&network, &database, 100);
        let idle = walk(&network, &database, 100);
        assert_eq!((idle.pages, idle.tally.unchanged), (1, 0));
        assert_eq!(database.position().watermark, Some(time(BEGINNING)));
    }
}

#[test]
fn rows_that_cannot_be_read_do_not_stop_a_walk() {
    // True is a bad row; a second apart, but for the last.
    let lists = [
        vec![true; 30],
        [vec![false; 5], vec![true; 30]].concat(),
        [vec![true; 30], vec![false; 5]].concat(),
        [vec![false], vec![true; 30], vec![false; 30]].concat(),
        (0..60).map(|n| n % 3 > 0).collect(),
    ];
    for habits in kinds() {
        for page_size in [1, 2, 7, 100] {
            for (which, list) in lists.iter().enumerate() {
                for gap in [SECOND, 200] {
                    let network = Network::still(habits, []);
                    for (n, is_bad) in (0..).zip(list) {
                        network.put(BEGINNING - 100 * SECOND + n * gap, *is_bad);
                    }
                    let database = Database::default();
                    let collected = walk(&network, &database, page_size);
                    assert_eq!(collected.outcome, Outcome::Complete);
                    let requests = network.requests();
                    assert!(requests < 2000, "list {which} by {page_size}: {requests} requests");
                    assert_eq!(missed(&network, &database), NONE, "list {which} by {page_size}");
                }
            }
        }
    }
}

#[test]
fn rows_that_cannot_be_read_cost_little() {
    let network = Network::still(DISTANT, []);
    for n in 0..1000 {
        network.put(BEGINNING - (1000 - n) * SECOND, (300..330).contains(&n));
    }
    let database = Database::default();
    let collected = walk(&network, &database, 10);
    assert_eq!((collected.tally.new, missed(&network, &database)), (970, Vec::new()));
    let without = 1000 / 9 + 1;
    assert!(collected.pages <= without + 20, "{} pages", collected.pages);
}

#[test]
fn the_overlap_is_counted_from_the_first_answer_or_from_our_time_before_it() {
    let slow = Habits { half_trip: SECOND, ..Habits::default() };
    for (timeless, behind) in [(false, 7), (false, 0), (true, 0)] {
        let habits = Habits { timeless, ..slow };
        let network = Network::still(habits, (0..100).rev().map(|n| BEGINNING - n * SECOND));
        network.set_clock(-behind * SECOND);
        let database = Database::default();
        let collected = walk(&network, &database, 10);
        assert!(collected.pages > 10);
        // Ours is the time before the request; the network's that of its answer, a second later.
        let first = if behind > 0 { BEGINNING + SECOND - behind * SECOND } else { BEGINNING };
        assert_eq!(database.position().cursor, Some(time(first - 5 * SECOND)));
    }
}

#[test]
fn a_walk_that_is_too_long_goes_on_next_time() {
    let network = Network::still(DISTANT, (0..1000).map(|n| BEGINNING - n * SECOND));
    let database = Database::default();
    let mut collector = collector(&network, &database, 10);
    collector.settings.max_pages = 30;
    let mut outcomes = Vec::new();
    while outcomes.last() != Some(&Outcome::Complete) {
        let (now, begun_at) = (time(network.now()), database.position());
        let (collected, position) = run(collector.walk(begun_at, now)).unwrap();
        assert!(position.cursor > begun_at.cursor);
        let is_over = collected.outcome == Outcome::Complete;
        assert_eq!(position.watermark.is_some(), is_over, "a watermark tells of whole walks");
        database.save(position);
        network.mark_due(network.now());
        outcomes.push(collected.outcome);
        assert!(outcomes.len() < 10);
    }
    assert!(outcomes.len() >= 4);
    assert_eq!(missed(&network, &database), NONE);
}

#[test]
fn nothing_before_the_beginning_is_asked_for() {
    let network = Network::still(DISTANT, (0..1000).map(|n| BEGINNING - n * SECOND));
    let database = Database::default();
    let from = BEGINNING - 99 * SECOND;
    let settings = crate::collect::WalkSettings { collect_from: Some(time(from)), ..settings(10) };
    let collector = Collector { source: &network, sink: &database, settings, stop: &|| false };
    for _ in 0..2 {
        let walk = collector.walk(database.position(), time(BEGINNING));
        let (_, position) = run(walk).unwrap();
        database.save(position);
        assert_eq!(database.listed().len(), 100);
    }
    let mode = Mode::Keyset(Bounds::Exclusive);
    let count = run(collector.check(mode, database.position().watermark)).unwrap();
    assert_eq!((count.network, count.ours), (100, 100));
}

#[test]
fn a_time_in_the_future_does_no_harm() {
    for timeless in [false, true] {
        let habits = Habits { timeless, ..DISTANT };
        let year = 365 * 24 * 3600 * SECOND;
        let network = Network::still(habits, [BEGINNING - SECOND, BEGINNING + 80 * year]);
        let database = Database::default();
        walk(&network, &database, 1);
        let Position { watermark, cursor } = database.position();
        assert!(watermark <= Some(time(BEGINNING + SECOND)));
        assert!(cursor <= Some(time(BEGINNING)));
        network.put(network.now(), false);
        walk(&network, &database, 1);
        assert_eq!(missed(&network, &database), NONE);
        assert!(database.position().watermark >= watermark);
    }
}
