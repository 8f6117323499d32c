//! A daemon that is killed at each place: around each commit, around each call of a rail or network, and in the middle
//! of each call, once that took effect.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use railpoll::sandbox::{HookAnswer, Phase};

use crate::support::databases::Kind;
use crate::support::scene::Scene;
use crate::support::stellar::Anchor;
use crate::support::world::{Daemon, Ended, finish, signal};

const SIGKILL: i32 = 9;

/// Whom it meets.
#[derive(Clone, Copy)]
enum Victim {
    /// Who books what comes in on the ledger, with what it does to transfers.
    Watching,
    /// Who asks the bank what has come. Horizon is down, so this is all that it does.
    Asking,
    /// Who sends on the ledger: deposits, and a withdrawal that goes back.
    Sending,
    /// Who pays at the bank: withdrawals, and a deposit that goes back.
    Paying,
}

impl Victim {
    /// Everybody else does his work before, so that there is as much as possible to do.
    fn prepare(self, scene: &Scene) {
        let anchor = &scene.anchor;
        match self {
            Self::Watching | Self::Asking => {}
            Self::Sending => {
                anchor.watch();
                ask_alone(anchor, |anchor| {
                    ended_well(&finish(&mut anchor.pending_deposits(&[])));
                });
            }
            Self::Paying => {
                let everybody_else = ["run", "--once", "watch", "pending-deposits"];
                finish(scene.command(&[]).args(everybody_else)).expect(0);
            }
        }
        scene.lose_answers();
    }

    fn command(self, anchor: &Anchor) -> Command {
        match self {
            Self::Watching => anchor.watching(&[]),
            Self::Asking | Self::Sending => anchor.pending_deposits(&[]),
            Self::Paying => anchor.transfers.outgoing(&[]),
        }
    }

    /// Runs one, started by `start`. False: it lived to its end.
    fn dies(self, scene: &Scene, start: impl FnOnce(&mut Command) -> Daemon) -> bool {
        let mut died = false;
        let run = |anchor: &Anchor| died = has_died(&start(&mut self.command(anchor)).ended());
        match self {
            Self::Asking => ask_alone(&scene.anchor, run),
            Self::Watching | Self::Sending | Self::Paying => run(&scene.anchor),
        }
        scene.anchor.transfers.world.let_leases_run_out();
        died
    }

    /// Runs one who is to die at its `n`-th place. False: it has fewer.
    fn dies_at_place(self, scene: &Scene, n: u64) -> bool {
        self.dies(scene, |command| Daemon::start(command.env("RAILPOLL_DIE_AT", n.to_string())))
    }

    /// Runs one who is killed when its `n`-th call has taken effect, and before it hears of it. False: it makes fewer.
    fn dies_at_call(self, scene: &Scene, n: u64) -> bool {
        let Anchor { horizon, transfers, .. } = &scene.anchor;
        let pid = Arc::new(OnceLock::new());
        let calls = AtomicU64::new(0);
        let victim = Arc::clone(&pid);
        let call = Arc::new(move |phase: Phase| {
            if phase != Phase::AfterApply || calls.fetch_add(1, Ordering::SeqCst) + 1 != n {
                return HookAnswer::Go;
            }
            signal(*victim.wait(), "KILL");
            HookAnswer::Cut
        });
        let same = Arc::clone(&call);
        horizon.set_hook(move |request| same(request.phase));
        transfers.bank.set_hook(move |request| call(request.phase));
        let died = self.dies(scene, |command| {
            let daemon = Daemon::start(command);
            pid.set(daemon.pid()).unwrap();
            daemon
        });
        horizon.clear_hook();
        transfers.bank.clear_hook();
        died
    }
}

/// While Horizon is down, so that money is asked about and none is sent.
fn ask_alone(anchor: &Anchor, asks: impl FnOnce(&Anchor)) {
    let world = &anchor.transfers.world;
    world.wait(anchor.horizon.go_down());
    asks(anchor);
    world.wait(anchor.horizon.come_up());
}

fn has_died(ended: &Ended) -> bool {
    let died = ended.signal == Some(SIGKILL);
    if !died {
        ended_well(ended);
    }
    died
}

/// What it could not reach, it leaves for later.
#[track_caller]
fn ended_well(ended: &Ended) {
    assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
}

/// It dies there, and so does whoever is started to finish its work, on `SQLite`: what is to be done next is decided in one
/// place for both databases. The last one lives.
fn at_each_place(kind: Kind, victim: Victim, at_least: u64) {
    let mut scene = Scene::new(kind);
    let mut n = 0;
    loop {
        n += 1;
        scene.start_afresh();
        scene.offer();
        victim.prepare(&scene);
        let died = victim.dies_at_place(&scene, n);
        if died && kind == Kind::Sqlite {
            victim.dies_at_place(&scene, n);
        }
        scene.finish(&format!("killed at place {n}"));
        if !died {
            break;
        }
    }
    // A release build has no such places.
    assert!(n > at_least || !cfg!(debug_assertions), "only {n} places to die at");
}

/// What was killed before its call was made is as if it had been killed at the place before.
fn at_each_call(kind: Kind, victim: Victim, at_least: u64) {
    let mut scene = Scene::new(kind);
    let mut n = 0;
    loop {
        n += 1;
        scene.start_afresh();
        scene.offer();
        victim.prepare(&scene);
        let killed = victim.dies_at_call(&scene, n);
        scene.finish(&format!("killed at call {n}"));
        if !killed {
            break;
        }
    }
    assert!(n > at_least, "only {n} calls");
}

#[test]
fn watching_at_each_place_on_sqlite() {
    at_each_place(Kind::Sqlite, Victim::Watching, 3);
}

#[test]
fn watching_at_each_place_on_postgres() {
    at_each_place(Kind::Postgres, Victim::Watching, 3);
}

#[test]
fn watching_at_each_call_on_sqlite() {
    at_each_call(Kind::Sqlite, Victim::Watching, 2);
}

#[test]
fn watching_at_each_call_on_postgres() {
    at_each_call(Kind::Postgres, Victim::Watching, 2);
}

#[test]
fn asking_at_each_place_on_sqlite() {
    at_each_place(Kind::Sqlite, Victim::Asking, 8);
}

#[test]
fn asking_at_each_place_on_postgres() {
    at_each_place(Kind::Postgres, Victim::Asking, 8);
}

#[test]
fn asking_at_each_call_on_sqlite() {
    at_each_call(Kind::Sqlite, Victim::Asking, 1);
}

#[test]
fn asking_at_each_call_on_postgres() {
    at_each_call(Kind::Postgres, Victim::Asking, 1);
}

#[test]
fn sending_at_each_place_on_sqlite() {
    at_each_place(Kind::Sqlite, Victim::Sending, 16);
}

#[test]
fn sending_at_each_place_on_postgres() {
    at_each_place(Kind::Postgres, Victim::Sending, 16);
}

#[test]
fn sending_at_each_call_on_sqlite() {
    at_each_call(Kind::Sqlite, Victim::Sending, 8);
}

#[test]
fn sending_at_each_call_on_postgres() {
    at_each_call(Kind::Postgres, Victim::Sending, 8);
}

#[test]
fn paying_at_each_place_on_sqlite() {
    at_each_place(Kind::Sqlite, Victim::Paying, 16);
}

#[test]
fn paying_at_each_place_on_postgres() {
    at_each_place(Kind::Postgres, Victim::Paying, 16);
}

#[test]
fn paying_at_each_call_on_sqlite() {
    at_each_call(Kind::Sqlite, Victim::Paying, 5);
}

#[test]
fn paying_at_each_call_on_postgres() {
    at_each_call(Kind::Postgres, Victim::Paying, 5);
}
