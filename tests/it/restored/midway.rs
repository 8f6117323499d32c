//! A database that fails over in the middle of a sweep, and soon has more events than it had: only their hash is another.

use railpoll_sandbox::horizon::{Closing, HorizonOptions};

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting};
use crate::support::world::{Daemon, until_true};

/// (Of `SQLite` a daemon has one file, and ends when it is another.)
#[test]
fn a_failover_in_the_middle_of_a_sweep_is_noticed() {
    let anchor = Anchor::with(Kind::Postgres, &Setting::default(), HorizonOptions::default());
    let (world, transfers) = (&anchor.transfers.world, &anchor.transfers);
    world.database.trust_the_machine();
    let empty = world.backup();
    anchor.deposits(1);
    anchor.send_until_paid(1);
    let full = world.backup();
    world.restore(&empty);
    transfers.sends(40);
    let other = world.backup();
    let newest = |events: &str| world.texts(events).remove(0).parse::<i64>().unwrap();
    let in_other = newest("SELECT CAST(max(id) AS text) FROM events");
    world.restore(&full);
    assert!(newest("SELECT CAST(max(id) AS text) FROM events") < in_other);
    anchor.horizon.change(|network, _| network.closing = Closing::ByHand);
    anchor.create(&anchor.deposit("late", &anchor.customer("late").account()));
    anchor.horizon.close();
    let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
    until_true("it to be in the middle of a sweep", || anchor.horizon.waiting() == 1);
    // The lease is older than what is lost.
    let leases = world.texts(
        "SELECT format('(%L, %L, %L, %s, clock_timestamp() + interval ''30 s'')', poller, network, holder, term) FROM leases",
    );
    world.restore(&other);
    world.sql(&format!(
        "INSERT INTO leases (poller, network, holder, term, expires_at) VALUES {}",
        leases.join(", ")
    ));
    anchor.horizon.close();
    until_true("it to be noticed", || world.count("restorations WHERE told_by LIKE 'host %'") == 1);
    daemon.signal("TERM");
    let ended = daemon.ended();
    assert!(ended.stderr.contains("are not those that this host has seen"), "{}", ended.stderr);
}
