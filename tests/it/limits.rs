//! What a daemon may take of the machine. The figures that count are those of a release build; here is a guard against
//! growth, which a debug build shows as well.

use std::fs;

use railpoll_sandbox::{PaymentSpec, PaymentState};

use crate::support::databases::Kind;
use crate::support::world::{Daemon, World, until_true};

/// A figure of /proc/PID/status, in kB.
fn kilobytes(daemon: &Daemon, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', '\t', ' ']).trim_end_matches(" kB").parse().unwrap()
}

/// A daemon that has swept over `payments` payments, and now waits.
fn after_a_sweep(world: &World, payments: usize) -> Daemon {
    let spec = PaymentSpec { state: PaymentState::Completed, ..PaymentSpec::default() };
    world.sandbox.add_payments(payments, &spec);
    let daemon = world.start("completed", &["pollers.completed.fixed_delay=30s"]);
    daemon.wait_for_log("lease taken");
    until_true("a sweep", || world.count("sweeps") == 1);
    assert_eq!(world.count("payments"), payments);
    daemon
}

#[test]
fn an_idle_daemon_is_small() {
    let world = World::new(Kind::Sqlite);
    let daemon = after_a_sweep(&world, 1);
    let (all, own) = (kilobytes(&daemon, "VmRSS"), kilobytes(&daemon, "RssAnon"));
    eprintln!("an idle daemon: {all} kB resident, {own} kB of them its own");
    assert!(own < 20_000, "{own} kB");
}

#[test]
fn memory_does_not_grow_with_the_number_of_payments() {
    // Ten times as many bring 24 MB of documents: kept, they would show.
    let peaks = [600, 6_000].map(|payments| {
        let world = World::new(Kind::Sqlite);
        let daemon = after_a_sweep(&world, payments);
        kilobytes(&daemon, "VmHWM")
    });
    eprintln!("after sweeps over 600 and 6,000 payments: {peaks:?} kB resident at most");
    assert!(peaks[1] < peaks[0] + 8_000 && peaks[1] < 64_000, "{peaks:?} kB");
}
