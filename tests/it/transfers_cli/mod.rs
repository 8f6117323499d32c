//! `railpoll transfers`, as an operator uses it, beside the daemons.

mod advice;
mod correct;
mod decide;
mod envelope;
mod finding;
mod import;
mod incoming;
mod look;

use std::process::Command;

use serde_json::Value;

use crate::support::stellar::Anchor;
use crate::support::world::{Ended, finish};

/// The command `railpoll transfers` with these words.
fn command(anchor: &Anchor, words: &[&str]) -> Command {
    let mut command = anchor.transfers.world.command("railpoll", &[]);
    command.arg("transfers").args(words);
    command
}

/// Runs it.
fn run(anchor: &Anchor, words: &[&str]) -> Ended {
    finish(&mut command(anchor, words))
}

/// Runs it, and expects that it was done. What it said.
#[track_caller]
fn done(anchor: &Anchor, words: &[&str]) -> String {
    let ended = run(anchor, words);
    assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
    ended.stdout
}

/// Runs it, and expects that it was refused. What it said.
#[track_caller]
fn refused(anchor: &Anchor, words: &[&str]) -> String {
    let ended = run(anchor, words);
    assert_eq!(ended.code, Some(1), "{words:?}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout, "");
    ended.stderr
}

/// The objects that it prints with `--json`.
#[track_caller]
fn json(anchor: &Anchor, words: &[&str]) -> Vec<Value> {
    let told = done(anchor, &[words, &["--json"]].concat());
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The keys of an object, as the documentation lists them.
#[track_caller]
fn check_keys(object: &Value, promised: &str) {
    let mut promised: Vec<&str> = promised.split(", ").collect();
    promised.sort_unstable();
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(keys, promised);
}
