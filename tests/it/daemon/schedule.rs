//! When sweeps begin.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use railpoll_sandbox::{Endpoint, HookAnswer, Phase, Reply};

use crate::support::databases::Kind;
use crate::support::world::{World, until, until_true};

/// What a busy machine may add to any time.
const SLACK: TimeDelta = TimeDelta::seconds(20);

/// The first `count` sweeps of a daemon in loop mode.
fn sweeps(world: &World, count: usize, sets: &[&str]) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let daemon = world.start("accepted", sets);
    daemon.wait_for_log("lease taken");
    let sweeps = until("sweeps", || Some(world.sweeps()).filter(|sweeps| sweeps.len() >= count));
    daemon.signal("TERM");
    daemon.ended().expect(0);
    sweeps
}

#[test]
fn a_fixed_delay_counts_from_the_end_of_a_sweep() {
    let world = World::new(Kind::Sqlite);
    // Longer than the delay: counted from the beginning, there would be none.
    world.sandbox.script(Endpoint::List, 1_000, Reply::Slow(Duration::from_millis(400)));
    let sweeps = sweeps(&world, 4, &["pollers.accepted.fixed_delay=300ms"]);
    for pair in sweeps.windows(2) {
        let pause = pair[1].0 - pair[0].1;
        assert!(pause >= TimeDelta::milliseconds(300), "{pause} between {pair:?}");
        assert!(pause < SLACK, "{pause} between {pair:?}");
        assert!(pair[0].1 - pair[0].0 >= TimeDelta::milliseconds(400), "{pair:?}");
    }
}

#[test]
fn a_cron_expression_wakes_and_wins_over_the_delay() {
    let world = World::new(Kind::Sqlite);
    let every_second = ["pollers.accepted.cron=* * * * * *", "pollers.accepted.fixed_delay=10ms"];
    let sweeps = sweeps(&world, 5, &every_second);
    // The first comes at once, each of the others with a second of its own.
    let lasted = sweeps[4].0 - sweeps[0].0;
    assert!(lasted >= TimeDelta::seconds(2), "{sweeps:?}");
    assert!(lasted < TimeDelta::seconds(4) + SLACK, "{sweeps:?}");
    let next = world.texts("SELECT next_sweep_at FROM cursors").remove(0);
    let next: DateTime<Utc> = next.parse().unwrap();
    let last = sweeps.last().unwrap();
    assert!(next >= last.1 && next - last.1 <= TimeDelta::seconds(1), "{next} after {last:?}");
}

#[test]
fn a_slow_sweep_is_not_overlapped() {
    let world = World::new(Kind::Sqlite);
    let (at_once, overlapped) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, seen) = (Arc::clone(&at_once), Arc::clone(&overlapped));
    world.sandbox.set_hook(move |request| {
        if request.endpoint == Endpoint::List && request.phase == Phase::BeforeApply {
            if count.fetch_add(1, Ordering::SeqCst) > 0 {
                seen.store(true, Ordering::SeqCst);
            }
        } else if request.endpoint == Endpoint::List {
            count.fetch_sub(1, Ordering::SeqCst);
        }
        HookAnswer::Go
    });
    world.sandbox.script(Endpoint::List, 4, Reply::Slow(Duration::from_millis(1_200)));
    let sweeps = sweeps(&world, 4, &["pollers.accepted.cron=* * * * * *"]);
    assert!(!overlapped.load(Ordering::SeqCst));
    for pair in sweeps.windows(2) {
        assert!(pair[1].0 >= pair[0].1, "{pair:?}");
    }
    let slow = sweeps.iter().filter(|(from, to)| *to - *from > TimeDelta::seconds(1)).count();
    assert!(slow >= 1, "{sweeps:?}");
    // However many ticks passed during a slow sweep, one sweep makes up for them.
    let made_up =
        sweeps.windows(2).filter(|pair| pair[1].0 - pair[0].1 < TimeDelta::milliseconds(50));
    assert!(made_up.count() <= slow, "{sweeps:?}");
}

#[test]
fn the_initial_delay_is_for_the_loop_alone() {
    let world = World::new(Kind::Sqlite);
    world.once("accepted", &["pollers.accepted.initial_delay=1h"]).expect(0);
    assert_eq!(world.sweeps().len(), 1);

    let first = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&first);
    world.sandbox.set_hook(move |_| {
        heard.lock().unwrap().get_or_insert_with(Instant::now);
        HookAnswer::Go
    });
    let started = Instant::now();
    let daemon = world.start("accepted", &["pollers.accepted.initial_delay=900ms"]);
    until_true("a request", || first.lock().unwrap().is_some());
    let waited = first.lock().unwrap().unwrap() - started;
    assert!(waited >= Duration::from_millis(900), "{waited:?}");
    drop(daemon);
    world.sandbox.clear_hook();
}

#[test]
fn a_wish_to_sweep_now_ends_the_initial_delay_and_the_pause() {
    let world = World::new(Kind::Sqlite);
    let long = ["pollers.accepted.initial_delay=1h", "pollers.accepted.fixed_delay=1h"];
    let daemon = world.start("accepted", &long);
    daemon.wait_for_log("lease taken");
    for count in 1..=3 {
        daemon.signal("USR1");
        until_true("a sweep", || world.sweeps().len() == count);
    }
    let cron = ["pollers.accepted.initial_delay=1h", "pollers.accepted.cron=0 0 0 1 1 *"];
    daemon.signal("TERM");
    daemon.ended().expect(0);
    let daemon = world.start("accepted", &cron);
    daemon.wait_for_log("lease taken");
    for count in 4..=5 {
        daemon.signal("USR1");
        until_true("a sweep", || world.sweeps().len() == count);
    }
}
