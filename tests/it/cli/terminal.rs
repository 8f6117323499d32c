//! What somebody sees on a terminal, and without colours.

use std::process::{Command, Stdio};

use chrono::TimeDelta;
use railpoll::engine::SweepOutcome;
use railpoll_sandbox::PaymentSpec;

use super::status::{PROMISE, all_well, swept};
use super::{Desk, now};
use crate::support::databases::Kind;
use crate::support::world::World;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";

/// What a command says, on standard output and standard error, to a terminal.
fn on_a_terminal(command: &Command, is_plain: bool) -> String {
    on_one_of(200, command, is_plain)
}

/// The same on one that is so many characters wide.
fn on_one_of(columns: u16, command: &Command, is_plain: bool) -> String {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(quoted).collect::<Vec<_>>().join(" ");
    let mut terminal = Command::new("script");
    let line = format!("stty rows 24 cols {columns}; {line}");
    terminal.args(["-qec", &line, "/dev/null"]).env_clear().env("TERM", "xterm");
    if is_plain {
        terminal.env("NO_COLOR", "1");
    }
    let folder = command.get_current_dir().unwrap();
    let said = terminal.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(said.status.success(), "{line}: {said:?}");
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn a_good_sweep_is_green_and_a_bad_one_red() {
    let desk = Desk::migrated();
    let outcomes = [SweepOutcome::Complete, SweepOutcome::NetworkUnavailable];
    for outcome in outcomes {
        desk.seed(async |store| {
            let [acme, bank] = all_well(store).await;
            let next = now() + TimeDelta::seconds(30);
            for lease in [&acme, &bank] {
                let row = railpoll::store::SweepRow { outcome, ..swept(0) };
                store.record_sweep(lease, &row, Some(next), Some(&PROMISE)).await.unwrap();
                store.release_lease(lease).await.unwrap();
            }
        });
        let told = on_a_terminal(&desk.command("status"), false);
        let (is, is_not) = if outcome.is_good() { (GREEN, RED) } else { (RED, GREEN) };
        assert!(told.contains(&format!("{is}{outcome}")), "{told:?}");
        assert!(!told.contains(&format!("{is_not}{outcome}")), "{told:?}");
        let plain = on_a_terminal(&desk.command("status"), true);
        assert!(plain.contains(outcome.as_str()) && !plain.contains('\x1b'), "{plain:?}");
    }
}

#[test]
fn a_narrow_terminal_still_tells_who_runs_what() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        for lease in all_well(store).await {
            store.release_lease(&lease).await.unwrap();
        }
    });
    for columns in [60, 80] {
        let told = on_one_of(columns, &desk.command("status"), true);
        let table: Vec<&str> = told.lines().take_while(|line| !line.trim().is_empty()).collect();
        for column in ["POLLER", "PLACE", "HELD BY", "LAST SWEEP", "OUTCOME", "ALERTS"] {
            assert!(table[0].contains(column), "{columns}: {column}: {told}");
        }
        let is_whole = |line: &&str| line.trim_end().chars().count() <= usize::from(columns);
        assert!(table.len() > 2 && table.iter().all(is_whole), "{columns}: {told}");
    }
}

#[test]
fn logs_for_people_have_no_colours_for_whoever_wants_none() {
    let world = World::new(Kind::Sqlite);
    for is_plain in [false, true] {
        world.sandbox.add_payments(1, &PaymentSpec::default());
        let in_json = world.poller("accepted", &[]);
        let mut command = Command::new(in_json.get_program());
        command.args(
            in_json.get_args().map(|arg| if arg == "json" { "pretty".as_ref() } else { arg }),
        );
        command.current_dir(world.folder.path());
        let told = on_a_terminal(&command, is_plain);
        assert!(told.contains("swept"), "{told:?}");
        assert_eq!(told.contains('\x1b'), !is_plain, "{told:?}");
    }
}
