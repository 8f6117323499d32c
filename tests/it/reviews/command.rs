//! A program decides.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use railpoll_sandbox::Operation;
use serde_json::Value;

use super::{expect_held, expect_locked, expect_times, holds, let_the_hold_pass, offer};
use crate::support::databases::Kind;
use crate::support::world::{World, until_true};

const APPROVE: &str = r#"echo '{"decision":"approve"}'"#;

fn program(world: &World) -> PathBuf {
    world.folder.path().join("review")
}

/// Writes the program: a shell script that has read its question into the file `question`.
fn write(world: &World, script: &str) {
    let text = format!("#!/bin/sh\ncat > question\necho $$ > pid\n{script}\n");
    fs::write(program(world), text).unwrap();
    fs::set_permissions(program(world), fs::Permissions::from_mode(0o755)).unwrap();
}

/// One sweep of the poller that asks it.
fn sweep(world: &World) {
    let command = format!(
        "pollers.accepted.review.command=[\"{}\", \"--strict\", \"a b; exit 1\"]",
        program(world).display()
    );
    let mode = "pollers.accepted.review.mode=command";
    world.once("accepted", &[mode, "pollers.accepted.review.timeout=1s", &command]).expect(0);
}

#[test]
fn an_approval_is_carried_out() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    write(&world, &format!("printf '%s\\n' \"$@\" > arguments\n{APPROVE}"));
    sweep(&world);
    expect_locked(&world, id);
    let read = |name: &str| fs::read_to_string(world.folder.path().join(name)).unwrap();
    let question: Value = serde_json::from_str(&read("question")).unwrap();
    assert_eq!(question["payment_id"], id.to_string());
    assert_eq!(question["network"], "acme");
    assert_eq!(question["document"]["payment_id"], id.to_string());
    assert_eq!(read("arguments"), "--strict\na b; exit 1\n", "no shell reads them");
    assert_eq!(world.texts("SELECT decided_by FROM reviews"), ["command"]);
}

#[test]
fn a_program_need_not_read_its_question() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    fs::write(program(&world), format!("#!/bin/sh\n{APPROVE}\n")).unwrap();
    fs::set_permissions(program(&world), fs::Permissions::from_mode(0o755)).unwrap();
    sweep(&world);
    expect_locked(&world, id);
}

#[test]
fn a_decline_carries_its_code_and_reason() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    write(&world, r#"echo '{"decision":"decline","code":"AM09","reason":"the wrong amount"}'"#);
    sweep(&world);
    assert_eq!(world.sandbox.accepted_calls(id, Operation::Reject), 1);
    let document = world.sandbox.document(id).unwrap();
    assert!(document.contains("\"AM09\"") && document.contains("the wrong amount"), "{document}");
}

#[test]
fn a_hold_is_kept_until_its_time() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    write(&world, r#"echo '{"decision":"hold","until":"2126-01-31T09:00:00Z","reason":"later"}'"#);
    sweep(&world);
    expect_held(&world, id);
    write(&world, APPROVE);
    sweep(&world);
    expect_held(&world, id);
    let_the_hold_pass(&world);
    sweep(&world);
    expect_locked(&world, id);
}

#[test]
fn a_failed_review_is_a_hold_that_grows_and_never_an_approval() {
    let failures = [
        ("a bad end", format!("{APPROVE}; exit 1"), "exit status: 1"),
        ("a signal", format!("{APPROVE}; kill -KILL $$"), "signal: 9"),
        ("silence", "exec sleep 1000".to_owned(), "did not answer within 1s"),
        ("an answer and no end", format!("{APPROVE}; exec sleep 1000"), "did not answer"),
        ("garbage", "echo approve".to_owned(), "not a decision"),
        ("two answers", format!("{APPROVE}; {APPROVE}"), "not a decision"),
        ("nothing", String::new(), "not a decision"),
        ("too much", format!("{APPROVE}; head -c 70000 /dev/zero | tr '\\0' ' '"), ""),
    ];
    for (name, script, why) in failures {
        let world = World::new(Kind::Sqlite);
        let id = offer(&world);
        write(&world, &script);
        for _ in 0..2 {
            sweep(&world);
            expect_held(&world, id);
            let pid = fs::read_to_string(world.folder.path().join("pid")).unwrap();
            let process = PathBuf::from(format!("/proc/{}", pid.trim()));
            until_true("the program's end", || !process.exists());
            let_the_hold_pass(&world);
        }
        let held = holds(&world, id);
        expect_times(name, &held, &[10, 20]);
        for (_, reason) in held {
            assert!(reason.starts_with("command: no decision: "), "{name}: {reason}");
            assert!(reason.contains(why), "{name}: {reason}");
        }
        write(&world, APPROVE);
        sweep(&world);
        expect_locked(&world, id);
    }
}

#[test]
fn a_program_that_is_not_there_holds() {
    let world = World::new(Kind::Sqlite);
    let id = offer(&world);
    sweep(&world);
    expect_held(&world, id);
    let held = holds(&world, id);
    assert!(held[0].1.contains("cannot be started"), "{held:?}");
}
