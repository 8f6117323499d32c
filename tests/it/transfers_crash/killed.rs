//! A daemon that is killed at each place: around each commit, around each call of a rail or network, and in the middle
//! of each call, once that took effect.

use std::process::Command;
use std::sync::Arc;

use super::killing::{self, Killer, Stage, ended_well};
use crate::support::databases::Kind;
use crate::support::scene::Scene;
use crate::support::stellar::Anchor;
use crate::support::world::{Daemon, Ended, World, finish};

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

/// The scene, and whom it meets there.
struct Play {
    scene: Scene,
    victim: Victim,
}

impl Victim {
    /// Everybody else does his work before, so that there is as much as possible to do.
    fn prepare(self, scene: &Scene) {
        let anchor = &scene.anchor;
        match self {
            Self::Watching | Self::Asking => {}
            Self::Sending => {
                anchor.watch();
                anchor.ask_alone(|anchor| {
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
}

impl Stage for Play {
    fn set(&mut self) {
        self.scene.start_afresh();
        self.scene.offer();
        self.victim.prepare(&self.scene);
    }

    fn world(&self) -> &World {
        &self.scene.anchor.transfers.world
    }

    fn run(&self, start: impl FnOnce(&mut Command) -> Daemon) -> Ended {
        let run = |anchor: &Anchor| start(&mut self.victim.command(anchor)).ended();
        match self.victim {
            Victim::Asking => self.scene.anchor.ask_alone(run),
            Victim::Watching | Victim::Sending | Victim::Paying => run(&self.scene.anchor),
        }
    }

    fn arm(&self, killer: Arc<Killer>) {
        let Anchor { horizon, transfers, .. } = &self.scene.anchor;
        let same = Arc::clone(&killer);
        horizon.set_hook(move |request| same.call(request.phase));
        transfers.bank.set_hook(move |request| killer.call(request.phase));
    }

    fn disarm(&self) {
        self.scene.anchor.horizon.clear_hook();
        self.scene.anchor.transfers.bank.clear_hook();
    }

    fn finish(&self, at: &str) {
        self.scene.finish(at);
    }
}

fn at_each_place(kind: Kind, victim: Victim, at_least: u64) {
    killing::at_each_place(Play { scene: Scene::new(kind), victim }, at_least);
}

fn at_each_call(kind: Kind, victim: Victim, at_least: u64) {
    killing::at_each_call(Play { scene: Scene::new(kind), victim }, at_least);
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
