//! Networks that are not as documented.

use super::database::Database;
use super::network::{Habits, Network};
use super::scenarios::{DISTANT, busy};
use super::{BEGINNING, MILLI, SECOND, Traffic, collector, run, time};
use crate::collect::{Bounds, Mode, Outcome, Position, probe};

const INCLUSIVE: Habits = Habits { inclusive_below: true, inclusive_above: true, ..DISTANT };
const LOWER_IN: Habits = Habits { inclusive_below: true, ..DISTANT };
const UPPER_IN: Habits = Habits { inclusive_above: true, ..DISTANT };
const FINER: Habits = Habits { shows_millis: true, ..DISTANT };
const DEAF: Habits = Habits { ignores_range: true, ..DISTANT };
const BACKWARDS: Habits = Habits { newest_first: true, ..DISTANT };
const COARSE: Habits = Habits { coarse: true, ..DISTANT };

#[test]
fn a_probe_tells_networks_apart() {
    let apart: Vec<i64> = (0..50).map(|n| BEGINNING - n * SECOND).collect();
    let few = vec![BEGINNING - SECOND, BEGINNING];
    let finer: Vec<i64> = apart.iter().map(|at| at + 123).collect();
    let in_one: Vec<i64> = vec![BEGINNING; 50];
    let exclusive = Mode::Keyset(Bounds::Exclusive);
    let inclusive = Mode::Keyset(Bounds::Inclusive);
    let cases = [
        (DISTANT, &apart, exclusive),
        (DISTANT, &few, exclusive),
        (DISTANT, &finer, exclusive),
        (DISTANT, &in_one, exclusive),
        (INCLUSIVE, &apart, inclusive),
        (INCLUSIVE, &few, inclusive),
        (INCLUSIVE, &in_one, exclusive),
        (LOWER_IN, &apart, Mode::Keyset(Bounds::LowerIn)),
        (UPPER_IN, &apart, Mode::Keyset(Bounds::UpperIn)),
        (FINER, &finer, Mode::Keyset(Bounds::LowerIn)),
        (DEAF, &apart, Mode::Sweep),
        (DEAF, &few, Mode::Sweep),
        (DEAF, &finer, Mode::Sweep),
        (DEAF, &in_one, Mode::Sweep),
        (BACKWARDS, &apart, Mode::Sweep),
        (BACKWARDS, &few, Mode::Sweep),
        (COARSE, &finer, Mode::Sweep),
        (COARSE, &in_one, Mode::Sweep),
        (Habits { newest_first: true, ..DEAF }, &apart, Mode::Sweep),
    ];
    for (which, (habits, times, mode)) in cases.into_iter().enumerate() {
        let network = Network::still(habits, times.iter().copied());
        assert_eq!(run(probe(&network)), Ok(mode), "case {which}");
        assert!(network.requests() <= 4);
    }
}

#[test]
fn an_empty_list_is_taken_to_be_as_documented() {
    for habits in [DISTANT, INCLUSIVE, DEAF, BACKWARDS] {
        let network = Network::still(habits, []);
        assert_eq!(run(probe(&network)), Ok(Mode::Keyset(Bounds::Exclusive)));
        assert_eq!(network.requests(), 1);
    }
}

#[test]
fn a_walk_notices_what_a_probe_could_not_see() {
    for habits in [DEAF, BACKWARDS, COARSE] {
        let network = Network::still(habits, []);
        let database = Database::default();
        let collector = collector(&network, &database, 7);
        assert!(matches!(run(probe(&network)), Ok(Mode::Keyset(_))), "nothing to see");
        for n in 0..50 {
            network.put(BEGINNING + n * MILLI / 10, false);
        }
        let mut position = Position::default();
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            let walk = collector.walk(position, time(network.now()));
            let (collected, next) = run(walk).unwrap();
            position = next;
            outcomes.push(collected.outcome);
        }
        assert!(outcomes.contains(&Outcome::Unreliable), "{outcomes:?}");
        assert_eq!(run(probe(&network)), Ok(Mode::Sweep));
        assert_eq!(run(collector.sweep()).unwrap().outcome, Outcome::Complete);
        assert_eq!(database.listed().len(), 50);
    }
}

#[test]
fn small_pages_are_counted_by_what_came() {
    let habits = Habits { rows_max: Some(10), ..DISTANT };
    let network = Network::still(habits, vec![BEGINNING; 95]);
    let database = Database::default();
    let collector = collector(&network, &database, 100);
    let walk = collector.walk(Position::default(), time(BEGINNING));
    assert_eq!(run(walk).unwrap().0.tally.new, 95);
}

#[test]
fn sweeps_of_a_busy_list_miss_nothing() {
    let traffic = Traffic {
        entries_per_second: 20,
        exits_per_second: 20,
        late_percent: 5,
        ..Traffic::default()
    };
    let mut due = 0;
    for habits in [DEAF, BACKWARDS, Habits { newest_first: true, ..DEAF }] {
        for seed in 1..=3 {
            let network = busy(seed, habits, traffic, 1000);
            let database = Database::default();
            let collector = collector(&network, &database, 100);
            for _ in 0..10 {
                let begun = network.now();
                let swept = run(collector.sweep()).unwrap();
                assert_eq!(swept.outcome, Outcome::Complete);
                assert!(swept.pages <= 50, "{} pages", swept.pages);
                network.mark_due(begun);
                network.advance(begun + 30 * SECOND - network.now());
            }
            due += network.due().len();
            assert!(network.due().into_iter().all(|id| database.has_seen(id)));
            assert_eq!(database.position(), Position::default(), "a sweep leaves no cursor");
        }
    }
    assert!(due > 15_000);
}

#[test]
fn a_list_that_is_too_long_for_sweeps_is_told_of() {
    let network = Network::still(DEAF, (0..1000).map(|n| BEGINNING - n * SECOND));
    let database = Database::default();
    let mut collector = collector(&network, &database, 10);
    collector.settings.max_pages = 20;
    assert_eq!(run(collector.sweep()).unwrap().outcome, Outcome::TooFast);
}
