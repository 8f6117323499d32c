//! A list is printed as it is read: its length costs no memory.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use railpoll_sandbox::PaymentSpec;

use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::world::World;

/// Makes so many payments of the one that there is.
fn multiply(world: &World, count: usize) {
    let numbers = match world.database.kind {
        Kind::Sqlite => format!(
            "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) SELECT n FROM n) AS n"
        ),
        Kind::Postgres => format!("generate_series(1, {count}) AS n (n)"),
    };
    let made = world.sql(&format!(
        "INSERT INTO known_payments (number, network, payment_id, state, connector_role, amount, currency, modified_at, \
             first_seen_at, recorded_at, content_hash, version) \
         SELECT 1000 + n.n, network, 'p' || n.n, state, connector_role, amount, currency, modified_at, first_seen_at, \
             recorded_at, content_hash, version FROM payments, {numbers}"
    ));
    assert_eq!(made, u64::try_from(count).unwrap());
}

/// The most memory that the command has had by the time that almost all of the list is printed, in kB.
fn most(world: &World, count: usize) -> u64 {
    let mut command = world.command("railpoll", &[]);
    command.args(["payments", "list", "--json", "--limit", "1000000"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // It cannot end before the last lines are read: a pipe has room for fewer.
    let nearly = lines.by_ref().take(count - 500).filter(Result::is_ok).count();
    assert_eq!(nearly, count - 500);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert_eq!(lines.count(), 501);
    assert!(child.wait().unwrap().success());
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_long_list_takes_no_more_memory_than_a_short_one() {
    on_both_kinds(|kind| {
        let peaks = [1_000, 40_000].map(|count| {
            let world = World::new(kind);
            world.sandbox.add_payments(1, &PaymentSpec::default());
            world.once("completed", &[]).expect(0);
            world.once("accepted", &["pollers.accepted.review.mode=manual"]).expect(0);
            multiply(&world, count);
            most(&world, count)
        });
        // Kept, they would take some 40 MB.
        assert!(peaks[1] < peaks[0] + 10_000, "{kind}: {peaks:?} kB");
    });
}
