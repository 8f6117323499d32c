//! A log that cannot be written, and how much is logged.

use std::fs::OpenOptions;
use std::process::Stdio;

use super::more_are_locked;
use crate::support::databases::Kind;
use crate::support::world::{World, finish, signal};

/// A daemon goes on whose standard error is this.
fn goes_on_with(stderr: Stdio) {
    let world = World::new(Kind::Sqlite);
    let mut command = world.poller("accepted", &[]);
    command.arg("--loop").env("RAILPOLL_LOG", "trace,sqlx=trace,hyper=trace").stderr(stderr);
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    for _ in 0..3 {
        more_are_locked(&world, 20);
    }
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_disk_for_the_log_that_is_full_stops_nobody() {
    goes_on_with(OpenOptions::new().write(true).open("/dev/full").unwrap().into());
}

#[test]
fn a_reader_of_the_log_that_is_gone_stops_nobody() {
    goes_on_with(Stdio::piped());
}

#[test]
fn a_reader_of_the_log_that_reads_nothing_stops_nobody() {
    let (reader, writer) = std::io::pipe().unwrap();
    goes_on_with(writer.into());
    drop(reader);
}

#[test]
fn a_word_that_is_no_level_is_a_mistake_and_no_word_is_none() {
    let world = World::new(Kind::Sqlite);
    for (word, code) in [("", 0), ("info", 0), ("warning", 78), ("verbose", 78), ("debgu", 78)] {
        let mut command = world.poller("accepted", &[]);
        let ended = finish(command.env("RAILPOLL_LOG", word)).expect(code);
        assert_eq!(ended.stderr.contains("is no level"), code == 78, "{word}: {}", ended.stderr);
    }
    // What is wrong is heard, however little is wanted.
    let ended =
        finish(world.poller("accepted", &["no.such=key"]).env("RAILPOLL_LOG", "")).expect(78);
    assert!(ended.stderr.contains("no.such"), "{}", ended.stderr);
}

#[test]
fn a_daemon_tells_when_it_starts_and_when_it_ends() {
    let world = World::new(Kind::Sqlite);
    let daemon = world.start("accepted", &[]);
    let starting = daemon.wait_for_log("\"starting\"");
    assert!(
        starting.contains("railpoll.toml") && starting.contains(env!("CARGO_PKG_VERSION")),
        "{starting}"
    );
    let ready = daemon.wait_for_log("\"ready\"");
    assert!(ready.contains("sqlite:") && ready.contains("\"workers\":1"), "{ready}");
    daemon.signal("TERM");
    let ended = daemon.ended().expect(0);
    assert!(ended.stderr.lines().last().unwrap().contains("\"stopped\""), "{}", ended.stderr);
}
