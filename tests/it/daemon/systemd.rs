//! What systemd hears of a daemon, without systemd.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Reply};

use crate::support::databases::Kind;
use crate::support::supervisor::{Supervisor, how_many};
use crate::support::web::{free_address, get};
use crate::support::world::{Daemon, World, finish, until_true};

const READY: &str = "READY=1";
const STATUS: &str = "STATUS=";
const WATCHDOG: &str = "WATCHDOG=1";

fn start(supervisor: &Supervisor, command: &mut Command) -> Daemon {
    Daemon::start(supervisor.supervise(command.arg("--loop")))
}

#[test]
fn ready_comes_after_the_configuration_and_the_database() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    let mut command = world.poller("accepted", &["pollers.accepted.fixed_delay=no"]);
    finish(supervisor.supervise(command.arg("--loop"))).expect(78);
    let mut command = world.poller("accepted", &["database.url=sqlite:/nowhere/at/all.db"]);
    finish(supervisor.supervise(command.arg("--loop"))).expect(69);
    assert_eq!(supervisor.rest(), Vec::<String>::new());

    // Even with a network that is away: an outage there is no reason to stay down.
    world.sandbox.refuse_tokens(Some(503));
    for schema in ["made first", "there already"] {
        let started = Instant::now();
        let daemon = start(&supervisor, &mut world.poller("accepted", &[]));
        supervisor.hear_until(READY);
        eprintln!("from exec to READY, schema {schema}: {:?}", started.elapsed());
        let all = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap();
        assert_eq!(world.count("_sqlx_migrations WHERE success"), all.count());
        daemon.signal("TERM");
        daemon.ended().expect(0);
        supervisor.rest();
    }
}

#[test]
fn one_that_is_switched_off_has_started_well() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    finish(supervisor.supervise(world.command("accepted", &[]).arg("--loop"))).expect(0);
    assert_eq!(how_many(&supervisor.rest(), READY), 1);
}

#[test]
fn the_status_tells_the_last_sweep_and_the_next() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(2, &PaymentSpec::default());
    let supervisor = Supervisor::new();
    let delay = ["pollers.accepted.fixed_delay=1h"];
    let daemon = start(&supervisor, &mut world.poller("accepted", &delay));
    let status = supervisor.hear_until(STATUS).pop().unwrap();
    assert!(status.starts_with("STATUS=accepted on acme: complete "), "{status}");
    assert!(status.contains("2 new, 0 changed, next "), "{status}");
    let next = world.texts("SELECT substr(next_sweep_at, 12, 8) FROM cursors").remove(0);
    assert!(status.contains(&format!("next {next}")), "{status}");

    let other = Supervisor::new();
    let standby = start(&other, &mut world.poller("accepted", &delay));
    let status = other.hear_until(STATUS).pop().unwrap();
    assert!(status.starts_with("STATUS=accepted on acme: standing by for "), "{status}");
    drop(standby);

    world.sandbox.refuse_tokens(Some(401));
    world.sandbox.revoke_tokens();
    daemon.signal("USR1");
    let status = supervisor.hear_until(STATUS).pop().unwrap();
    assert!(status.contains("credentials_refused at "), "{status}");
}

/// The command as systemd starts it with `WatchdogSec=`: only the process itself knows its id.
fn watched(command: &Command, watchdog: Duration) -> Command {
    let mut watched = Command::new("/bin/sh");
    watched
        .args(["-c", "export WATCHDOG_PID=$$; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env_clear()
        .env("WATCHDOG_USEC", watchdog.as_micros().to_string())
        .stdin(Stdio::null());
    watched
}

#[test]
fn signs_of_life_come_while_it_sweeps_and_while_it_waits() {
    let world = World::new(Kind::Sqlite);
    let spec = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
    world.sandbox.add_payments(8, &spec);
    world.sandbox.script(Endpoint::List, 10, Reply::Slow(Duration::from_millis(300)));
    let supervisor = Supervisor::new();
    let command = world.poller(
        "completed",
        &["pollers.completed.page_size=1", "pollers.completed.fixed_delay=1h"],
    );
    let daemon = start(&supervisor, &mut watched(&command, Duration::from_millis(400)));
    supervisor.hear_until(READY);
    let sweeping = supervisor.hear_until(STATUS);
    assert!(how_many(&sweeping, WATCHDOG) >= 5, "{sweeping:?}");
    for _ in 0..5 {
        supervisor.hear_until(WATCHDOG);
    }
    daemon.signal("TERM");
    daemon.ended().expect(0);
    assert!(supervisor.rest().iter().any(|message| message.contains("STOPPING=1")));
}

#[test]
fn a_watchdog_of_another_process_is_not_ours() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    let mut command = world.poller("accepted", &[]);
    let daemon =
        start(&supervisor, command.env("WATCHDOG_USEC", "400000").env("WATCHDOG_PID", "1"));
    until_true("sweeps", || supervisor.hear_until(STATUS).len() == 1 && world.sweeps().len() > 10);
    daemon.signal("TERM");
    daemon.ended().expect(0);
    assert_eq!(how_many(&supervisor.rest(), WATCHDOG), 0);
}

/// The database is locked by somebody, so that the worker does not get on, though the process lives.
#[test]
fn a_worker_that_stands_still_gives_no_sign_and_is_not_well() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    let address = free_address();
    let command = world.poller("accepted", &[&format!("pollers.accepted.listen={address}")]);
    let watchdog = Duration::from_secs(2);
    let _daemon = start(&supervisor, &mut watched(&command, watchdog));
    supervisor.hear_until(WATCHDOG);
    let health = || get(address, "/healthz").unwrap().0;
    assert_eq!(health(), 200);

    let mut person = world.wait(world.database.person());
    world.wait(person.execute("BEGIN IMMEDIATE")).unwrap();
    // By then systemd would have taken it for dead.
    supervisor.wait_for_silence(WATCHDOG, watchdog);
    assert_eq!(health(), 503);

    world.wait(person.execute("ROLLBACK")).unwrap();
    supervisor.hear_until(WATCHDOG);
    until_true("health", || health() == 200);
}

#[test]
fn stopping_is_said_before_what_is_in_hand_is_finished() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    world.sandbox.script(Endpoint::List, 1, Reply::Hang);
    let daemon = start(&supervisor, &mut world.poller("accepted", &["networks.acme.timeout=1m"]));
    until_true("a request", || world.sandbox.requests_to(Endpoint::List) == 1);
    daemon.signal("TERM");
    let begun = Instant::now();
    supervisor.hear_until("STOPPING=1");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    daemon.ended().expect(0);
    assert_eq!(how_many(&supervisor.rest(), WATCHDOG), 0);
}

#[test]
fn a_reload_is_told_with_its_time_and_followed_by_ready() {
    let world = World::new(Kind::Sqlite);
    let supervisor = Supervisor::new();
    let daemon = start(&supervisor, &mut world.poller("accepted", &[]));
    supervisor.hear_until(READY);
    for more in ["[pollers.accepted]\npage_size = 50\n", "[pollers.accepted]\npage_size = 0\n"] {
        world.configure("receiving", more);
        daemon.signal("HUP");
        let reloading = supervisor.hear_until("RELOADING=1").pop().unwrap();
        let time = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(time.is_some_and(|time| time.parse::<u64>().is_ok()), "{reloading}");
        supervisor.hear_until(READY);
    }
    daemon.wait_for_log("the new configuration is refused");
}
