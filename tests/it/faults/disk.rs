//! The disk of an SQLite database, and its file.

use std::fs;

use railpoll_sandbox::PaymentSpec;

use super::{metric, more_are_locked, until_page};
use crate::support::databases::Kind;
use crate::support::faults::SmallDisk;
use crate::support::web::free_address;
use crate::support::world::{World, finish, until_true};

#[test]
fn a_disk_that_was_full_is_written_to_again_and_meanwhile_everybody_is_told() {
    let world = World::new(Kind::Sqlite);
    let disk = SmallDisk::new(4);
    let url = format!("database.url=sqlite:{}", disk.path().join("railpoll.db").display());
    let address = free_address();
    let listen = format!("pollers.accepted.listen={address}");
    let lease = "pollers.accepted.lease=6s";
    let daemon = world.start("accepted", &[&url, &listen, lease]);
    more_are_locked(&world, 3);
    until_page(address, "/readyz", 200);
    disk.fill(daemon.pid());
    until_page(address, "/readyz", 503);
    until_page(address, "/healthz", 503);
    let errors = "railpoll_database_errors_total{poller=\"accepted\"";
    assert!(metric(address, errors).is_some_and(|count| count != "0"));
    let alert = "railpoll_alert{poller=\"accepted\",place=\"acme\",name=\"sweep_failed\"}";
    assert_eq!(metric(address, alert).as_deref(), Some("1"));
    disk.empty(daemon.pid());
    more_are_locked(&world, 3);
    until_page(address, "/healthz", 200);
    until_page(address, "/readyz", 200);
    until_true("the alert to end", || metric(address, alert).as_deref() == Some("0"));
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}

#[test]
fn a_command_on_a_full_disk_says_so_and_what_to_do() {
    let world = World::new(Kind::Sqlite);
    let disk = SmallDisk::new(4);
    if !disk.is_real() {
        // A limit would be each command's own.
        return;
    }
    let url = format!("database.url=sqlite:{}", disk.path().join("railpoll.db").display());
    let person = "pollers.accepted.review.mode=manual";
    let id = world.sandbox.add_payments(1, &PaymentSpec::default())[0].to_string();
    world.once("accepted", &[&url, person]).expect(0);
    let railpoll = |words: &[&str]| finish(world.command("railpoll", &[&url]).args(words));
    disk.fill(std::process::id());
    let approve = ["payments", "approve", &id, "--reason", "why not"];
    let told = railpoll(&approve).expect(69).stderr;
    assert!(told.contains("no room left") && told.contains("this was not done"), "{told}");
    let told = railpoll(&[&approve[..], &["--json"]].concat()).expect(69).stderr;
    let told: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!(told["code"], "database");
    assert!(told["hint"].as_str().unwrap().contains("no room left"), "{told}");
    disk.empty(std::process::id());
    railpoll(&approve).expect(0);
}

/// The poller waits for its next sweep, which is far off, and finds out all the same.
fn ends(spoil: impl FnOnce(&std::path::Path)) {
    let world = World::new(Kind::Sqlite);
    let sets = ["pollers.accepted.fixed_delay=1h", "pollers.accepted.lease=2s"];
    world.once("accepted", &[]).expect(0);
    let daemon = world.start("accepted", &sets);
    until_true("a sweep", || world.count("sweeps") == 2);
    spoil(&world.database_file());
    let ended = daemon.ended().expect(69);
    assert!(ended.stderr.contains("moved, deleted or replaced"), "{}", ended.stderr);
}

#[test]
fn nothing_is_written_into_a_file_that_was_deleted() {
    ends(|file| fs::remove_file(file).unwrap());
}

#[test]
fn nothing_is_written_into_a_file_that_was_replaced() {
    ends(|file| {
        let copy = file.with_extension("copy");
        fs::copy(file, &copy).unwrap();
        fs::rename(copy, file).unwrap();
    });
}
