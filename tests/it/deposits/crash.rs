//! A daemon that is killed anywhere, and a network whose answers are lost: each is paid once, each payment booked once.

use std::sync::{Arc, OnceLock};

use railpoll::sandbox::horizon::HorizonOptions;
use railpoll::sandbox::{HookAnswer, Phase};

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting};
use crate::support::world::{Daemon, finish, signal, until_true};

const SIGKILL: i32 = 9;

/// A deposit that has arrived, some whose money is in, one that becomes a claimable balance, a withdrawal that is matched,
/// and one that goes back.
struct Scene {
    anchor: Anchor,
    paid: Vec<String>,
}

fn scene(kind: Kind) -> Scene {
    let setting = Setting {
        channels: 2,
        network: "payments_per_envelope = 2".to_owned(),
        asset: "underpayment = \"refund\"\nclaimable_balances = true".to_owned(),
        ..Setting::default()
    };
    let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
    anchor.transfers.world.database.trust_the_machine();
    let to: Vec<String> =
        (0..4).map(|n| anchor.customer(&format!("customer {n}")).account()).collect();
    anchor.create(&anchor.expected_deposit("arrived", &to[0]));
    anchor.transfers.bank.receive("arrived", "10.50", "DE02").unwrap();
    let no_trust = anchor.horizon.account("no trust", "100").unwrap().account();
    anchor.create(&anchor.deposit("d1", &to[1]));
    anchor.create(&anchor.deposit("d2", &to[2]));
    anchor.create(&anchor.deposit("d3", &to[3]));
    anchor.create(&anchor.deposit("claimable", &no_trust));
    let payer = anchor.rich_customer("payer");
    anchor.create(&anchor.withdrawal("matched", 1));
    let mut large = anchor.withdrawal("goes-back", 2);
    large.amount_expected = Some("20".parse().unwrap());
    anchor.create(&large);
    anchor.pays(&payer, "10", 1);
    // Less than was expected: it goes back, and is as much as the others get.
    anchor.pays(&payer, "10", 2);
    let mut paid = to;
    paid.extend([no_trust, payer.account()]);
    Scene { anchor, paid }
}

impl Scene {
    /// Sweeps until all is over, and looks at both books.
    #[track_caller]
    fn finish(&self, at: &str) {
        let anchor = &self.anchor;
        until_true(at, || {
            anchor.transfers.world.let_leases_run_out();
            anchor.watch();
            anchor.send();
            anchor.transfers.count_in("completed") == 5
                && anchor.transfers.count_in("refunded") == 1
        });
        anchor.check_paid(&self.paid);
        assert_eq!(anchor.verdicts(), ["matched matched", "matched goes-back"], "{at}");
        assert_eq!(anchor.transfers.status("matched"), "pending_anchor", "{at}");
        let open = "envelopes WHERE finished_at IS NULL";
        assert_eq!(anchor.transfers.world.count(open), 0, "{at}");
    }
}

/// A sweep of each daemon, the first of which dies at its `n`-th place. False: it lived to its end.
fn dies_at(anchor: &Anchor, poller: &str, n: u32) -> bool {
    let mut command = match poller {
        "watch" => anchor.watching(&[]),
        _ => anchor.pending_deposits(&[]),
    };
    let ended = finish(command.env("RAILPOLL_DIE_AT", n.to_string()));
    anchor.transfers.world.let_leases_run_out();
    let died = ended.signal == Some(SIGKILL);
    assert!(died || ended.code == Some(0), "{}", ended.stderr);
    died
}

fn killed_at_each_place(kind: Kind, poller: &str, at_least: u32) {
    let mut n = 0;
    loop {
        n += 1;
        let scene = scene(kind);
        let died = dies_at(&scene.anchor, poller, n);
        dies_at(&scene.anchor, poller, n);
        scene.finish(&format!("killed at place {n}"));
        if !died {
            break;
        }
    }
    assert!(n > at_least || !cfg!(debug_assertions), "only {n} places to die at");
}

/// Killed at the `n`-th request to Horizon. False: there were fewer.
fn killed_at_request(anchor: &Anchor, poller: &str, n: u64, phase: Phase) -> bool {
    let pid = Arc::new(OnceLock::new());
    let victim = Arc::clone(&pid);
    let first = anchor.horizon.requests();
    anchor.horizon.set_hook(move |request| {
        if (request.n, request.phase) != (first + n, phase) {
            return HookAnswer::Go;
        }
        signal(*victim.wait(), "KILL");
        HookAnswer::Cut
    });
    let mut command = match poller {
        "watch" => anchor.watching(&[]),
        _ => anchor.pending_deposits(&[]),
    };
    let daemon = Daemon::start(&mut command);
    pid.set(daemon.pid()).unwrap();
    let ended = daemon.ended();
    anchor.horizon.clear_hook();
    anchor.transfers.world.let_leases_run_out();
    let killed = ended.signal == Some(SIGKILL);
    assert!(killed || ended.code == Some(0), "{}", ended.stderr);
    killed
}

fn killed_at_each_request(kind: Kind, poller: &str, at_least: u64) {
    for phase in [Phase::BeforeApply, Phase::AfterApply] {
        let mut n = 0;
        loop {
            n += 1;
            let scene = scene(kind);
            let killed = killed_at_request(&scene.anchor, poller, n, phase);
            scene.finish(&format!("killed at request {n}, {phase:?}"));
            if !killed {
                break;
            }
        }
        assert!(n > at_least, "only {n} requests");
    }
}

#[test]
fn sending_killed_at_each_place_on_sqlite() {
    killed_at_each_place(Kind::Sqlite, "pending-deposits", 20);
}

#[test]
fn sending_killed_at_each_place_on_postgres() {
    killed_at_each_place(Kind::Postgres, "pending-deposits", 20);
}

#[test]
fn sending_killed_at_each_request_on_sqlite() {
    killed_at_each_request(Kind::Sqlite, "pending-deposits", 8);
}

#[test]
fn sending_killed_at_each_request_on_postgres() {
    killed_at_each_request(Kind::Postgres, "pending-deposits", 8);
}

#[test]
fn watching_killed_at_each_place_on_sqlite() {
    killed_at_each_place(Kind::Sqlite, "watch", 6);
}

#[test]
fn watching_killed_at_each_place_on_postgres() {
    killed_at_each_place(Kind::Postgres, "watch", 6);
}
