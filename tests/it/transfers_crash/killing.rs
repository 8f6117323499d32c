//! Killing a daemon at each place and at each call of the other side, one after the other.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use railpoll_sandbox::{HookAnswer, Phase};

use crate::support::databases::Kind;
use crate::support::world::{Daemon, Ended, World, signal};

const SIGKILL: i32 = 9;

/// A daemon that is to die, with all that it has to do and whoever it calls.
pub(crate) trait Stage {
    /// Begins anew, with the same to do.
    fn set(&mut self);

    fn world(&self) -> &World;

    /// Runs the daemon to its end. `start` starts a command.
    fn run(&self, start: impl FnOnce(&mut Command) -> Daemon) -> Ended;

    /// The one call that `killer` waits for is its victim's last.
    fn arm(&self, killer: Arc<Killer>);

    /// Calls are no danger any more.
    fn disarm(&self);

    /// Somebody finishes the work, and the books of all sides must agree.
    fn finish(&self, at: &str);
}

/// Kills a process when its `n`-th call has taken effect, and before it hears of it.
pub(crate) struct Killer {
    pub(crate) n: u64,
    calls: AtomicU64,
    victim: OnceLock<u32>,
}

impl Killer {
    fn of(n: u64) -> Arc<Self> {
        Arc::new(Self { n, calls: AtomicU64::new(0), victim: OnceLock::new() })
    }

    /// To be asked at each request.
    pub(crate) fn call(&self, phase: Phase) -> HookAnswer {
        let counts = phase == Phase::AfterApply;
        if !counts || self.calls.fetch_add(1, Ordering::SeqCst) + 1 != self.n {
            return HookAnswer::Go;
        }
        signal(*self.victim.wait(), "KILL");
        HookAnswer::Cut
    }
}

/// What it could not reach, it leaves for later.
#[track_caller]
pub(crate) fn ended_well(ended: &Ended) {
    assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
}

/// False: it lived to its end.
fn dies(stage: &impl Stage, start: impl FnOnce(&mut Command) -> Daemon) -> bool {
    let ended = stage.run(start);
    let died = ended.signal == Some(SIGKILL);
    if !died {
        ended_well(&ended);
    }
    stage.world().let_leases_run_out();
    died
}

/// Runs one who is to die at its `n`-th place. False: it has fewer.
fn dies_at_place(stage: &impl Stage, n: u64) -> bool {
    dies(stage, |command| Daemon::start(command.env("RAILPOLL_DIE_AT", n.to_string())))
}

/// Runs one who is killed when its `n`-th call has taken effect, and before it hears of it. False: it makes fewer.
fn dies_at_call(stage: &impl Stage, n: u64) -> bool {
    let killer = Killer::of(n);
    stage.arm(Arc::clone(&killer));
    let died = dies(stage, |command| {
        let daemon = Daemon::start(command);
        killer.victim.set(daemon.pid()).unwrap();
        daemon
    });
    stage.disarm();
    died
}

/// It dies there, and so does whoever is started to finish its work, on `SQLite`: what is to be done next is decided in one
/// place for both databases. The last one lives.
pub(crate) fn at_each_place(mut stage: impl Stage, at_least: u64) {
    until_it_lives(&mut stage, "place", at_least, |stage, n| {
        let died = dies_at_place(stage, n);
        if died && stage.world().database.kind == Kind::Sqlite {
            dies_at_place(stage, n);
        }
        died
    });
}

/// What was killed before its call was made is as if it had been killed at the place before.
pub(crate) fn at_each_call(mut stage: impl Stage, at_least: u64) {
    until_it_lives(&mut stage, "call", at_least, dies_at_call);
}

/// It dies at its `n`-th place, and whoever is started to finish its work at its `n`-th call. The third lives.
pub(crate) fn at_each_place_and_call(mut stage: impl Stage, at_least: u64) {
    let mut calls = 0;
    until_it_lives(&mut stage, "place and call", at_least, |stage, n| {
        let died = dies_at_place(stage, n);
        calls += u64::from(died && dies_at_call(stage, n));
        died
    });
    assert!(calls > 0, "nobody was killed at a call");
}

/// `kill` for n = 1, 2, 3, … until it says that nobody has died.
fn until_it_lives<S: Stage>(
    stage: &mut S,
    what: &str,
    at_least: u64,
    mut kill: impl FnMut(&S, u64) -> bool,
) {
    let mut n = 0;
    loop {
        n += 1;
        stage.set();
        let died = kill(stage, n);
        stage.finish(&format!("killed at {what} {n}"));
        if !died {
            break;
        }
    }
    // A release build has no places to die at.
    assert!(n > at_least || !cfg!(debug_assertions), "only {n} times");
}
