//! A daemon that dies is missed, by whoever is left.

use std::time::Duration;

use railpoll_sandbox::{Endpoint, Reply};

use crate::support::databases::Kind;
use crate::support::transfers::Transfers;
use crate::support::world::{Daemon, World, until_true};

const QUICK: &str = "defaults.poller.lease=2s";

/// A world in which the dead are missed soon.
fn start(world: &World, poller: &str) -> Daemon {
    world.start(poller, &[QUICK])
}

fn silent(world: &World) -> Vec<String> {
    world.texts(
        "SELECT poller || ' ' || network || CASE WHEN ended_at IS NULL THEN ' stands' ELSE ' ended' END \
         FROM alerts WHERE name = 'poller_silent' ORDER BY alert_id",
    )
}

fn promised(world: &World) -> Vec<String> {
    world.texts("SELECT poller FROM leases WHERE late_at IS NOT NULL ORDER BY poller")
}

fn is_missed_until_it_is_back(kind: Kind) {
    let world = World::new(kind);
    let [dead, living] = ["accepted", "completed"].map(|poller| start(&world, poller));
    living.wait_for_log("lease taken");
    until_true("two promises", || promised(&world) == ["accepted", "completed"]);
    dead.signal("KILL");
    until_true("the alert", || silent(&world) == ["accepted acme stands"]);
    // A single sweep by hand does not hide that nobody runs it.
    world.once("accepted", &[]).expect(0);
    assert_eq!(silent(&world), ["accepted acme stands"]);
    let back = start(&world, "accepted");
    until_true("its end", || silent(&world) == ["accepted acme ended"]);
    assert_eq!(world.events("alert.raised"), 1);
    // Whoever is told to stop is missed by nobody.
    back.signal("TERM");
    back.ended().expect(0);
    assert_eq!(promised(&world), ["completed"]);
    living.signal("TERM");
    living.ended().expect(0);
    assert_eq!(promised(&world), [""; 0]);
}

#[test]
fn one_that_dies_is_missed_until_it_is_back_on_sqlite() {
    is_missed_until_it_is_back(Kind::Sqlite);
}

#[test]
fn one_that_dies_is_missed_until_it_is_back_on_postgres() {
    is_missed_until_it_is_back(Kind::Postgres);
}

#[test]
fn a_standby_is_back_before_anybody_is_missed() {
    let world = World::new(Kind::Sqlite);
    let slow = [QUICK, "pollers.accepted.fixed_delay=10s"];
    let holder = world.start("accepted", &slow);
    holder.wait_for_log("lease taken");
    let standby = world.start("accepted", &slow);
    standby.wait_for_log("standing by");
    let _living = start(&world, "completed");
    until_true("two promises", || promised(&world) == ["accepted", "completed"]);
    holder.signal("KILL");
    standby.wait_for_log("lease taken");
    let sweeps = world.count("sweeps");
    until_true("more sweeps", || world.count("sweeps") > sweeps + 20);
    assert_eq!(silent(&world), [""; 0]);
}

#[test]
fn a_poller_that_is_switched_off_is_missed_by_nobody() {
    let world = World::new(Kind::Sqlite);
    world.configure(
        "receiving",
        "[pollers.accepted]\nenabled = true\n[pollers.completed]\nenabled = true",
    );
    let daemon = Daemon::start(world.command("railpoll", &[QUICK]).arg("run"));
    daemon.wait_for_log("lease taken");
    until_true("two promises", || promised(&world) == ["accepted", "completed"]);
    world.configure("receiving", "[pollers.completed]\nenabled = true");
    daemon.signal("HUP");
    until_true("one promise", || promised(&world) == ["completed"]);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

#[test]
fn a_long_sweep_is_not_silence() {
    let world = World::new(Kind::Sqlite);
    // Longer than the patience with one who is not at it.
    world.sandbox.script(Endpoint::List, 1, Reply::Slow(Duration::from_secs(5)));
    let _slow = start(&world, "accepted");
    until_true("a request", || world.sandbox.requests_to(Endpoint::List) > 0);
    let _living = start(&world, "completed");
    until_true("its end", || world.count("sweeps WHERE poller = 'accepted'") > 0);
    assert!(world.count("sweeps WHERE poller = 'completed'") > 0);
    assert_eq!(silent(&world), [""; 0]);
}

/// Where several processes may share a place, one that is started again at once finds its own part held by the dead, and takes
/// the next. Once the dead one's lease is over it takes that: else nobody would ever keep its promise.
#[test]
fn one_that_is_back_before_its_lease_is_over_is_missed_by_nobody_for_long() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let transfers = Transfers::new(kind);
        let quick = ["pollers.outgoing.lease=3s", "pollers.outgoing.fixed_delay=50ms"];
        let dead = transfers.start(&quick);
        dead.wait_for_log("lease taken");
        let promised = || {
            let parts = "SELECT network FROM leases WHERE late_at IS NOT NULL ORDER BY network";
            transfers.world.texts(parts)
        };
        until_true("a promise", || promised() == ["bank"]);
        dead.signal("KILL");
        dead.ended();
        let back = transfers.start(&quick);
        let term = "leases WHERE network = 'bank' AND term > 1";
        until_true("the first part to be its own", || transfers.world.count(term) == 1);
        until_true("one promise", || promised() == ["bank"]);
        until_true("no alarm", || {
            silent(&transfers.world).iter().all(|one| one.ends_with("ended"))
        });
        back.signal("TERM");
        back.ended().expect(0);
        assert_eq!(promised(), [""; 0]);
    }
}

#[test]
fn a_lease_from_a_clock_that_was_ahead_is_taken_over_and_told() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind);
        world.once("accepted", &[]).expect(0);
        world.sql(match kind {
            Kind::Sqlite => {
                "UPDATE leases SET holder = 'ahead', expires_at = '2090-01-01T00:00:00.000000Z'"
            }
            Kind::Postgres => {
                "UPDATE leases SET holder = 'ahead', expires_at = timestamptz '2090-01-01'"
            }
        });
        let daemon = start(&world, "accepted");
        until_true("the alert to be over", || world.alerts() == ["sweep_failed ended"]);
        let told = world.texts("SELECT detail FROM alerts");
        assert!(told[0].starts_with("ahead held the lease until 2090-01-01"), "{told:?}");
        drop(daemon);
    }
}
