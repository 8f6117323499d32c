//! A defect of ours, and somebody who reloads without end.

use std::thread;
use std::time::{Duration, Instant};

use super::{metric, more_are_locked, until_page};
use crate::support::databases::Kind;
use crate::support::web::free_address;
use crate::support::world::{Daemon, World, until_true};

#[test]
fn a_sweep_that_panics_is_on_record_and_the_next_one_comes_later_each_time() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind);
        let address = free_address();
        let listen = format!("pollers.accepted.listen={address}");
        let mut command = world.poller("accepted", &[&listen]);
        let daemon = Daemon::start(command.arg("--loop").env("RAILPOLL_PANIC_SWEEPS", "4"));
        until_page(address, "/healthz", 503);
        let panicked =
            "railpoll_sweeps_total{poller=\"accepted\",place=\"acme\",outcome=\"panicked\"}";
        assert!(metric(address, panicked).is_some());
        assert_eq!(world.alerts(), ["sweep_failed stands"]);
        more_are_locked(&world, 2);
        until_page(address, "/healthz", 200);
        until_true("the alert to end", || world.alerts() == ["sweep_failed ended"]);
        let outcomes = world.texts("SELECT outcome FROM sweeps ORDER BY sweep_id LIMIT 5");
        assert_eq!(outcomes[..4], ["panicked"; 4]);
        assert_eq!(outcomes[4], "complete");
        let errors = world.texts("SELECT error FROM sweeps WHERE outcome = 'panicked' LIMIT 1");
        assert!(errors[0].contains("RAILPOLL_PANIC_SWEEPS"), "{errors:?}");
        daemon.signal("TERM");
        assert_eq!(daemon.ended().code, Some(0));
    }
}

#[test]
fn a_storm_of_reloads_keeps_no_sweep_from_getting_on() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &[]);
    daemon.wait_for_log("\"ready\"");
    let begun = Instant::now();
    let payments = 3;
    thread::scope(|scope| {
        let storm = scope.spawn(|| {
            while begun.elapsed() < Duration::from_secs(3) {
                daemon.signal("HUP");
            }
        });
        more_are_locked(&world, payments);
        storm.join().unwrap();
    });
    let reloads = daemon
        .log()
        .iter()
        .filter(|line| line.contains("configuration and secrets read again"))
        .count();
    assert!((1..=2).contains(&reloads), "{reloads}");
}
