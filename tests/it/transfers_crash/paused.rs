//! A worker that is stopped in the middle of a call, and wakes up when its lease is another's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};

use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::horizon::HorizonEndpoint;
use railpoll_sandbox::{HookAnswer, Phase};

use crate::support::databases::Kind;
use crate::support::stellar::Anchor;
use crate::support::transfers::Transfers;
use crate::support::world::{Daemon, PATIENCE, signal, until_true};

/// All that tells of transfers and money.
fn rows(transfers: &Transfers) -> Vec<String> {
    const ROWS: [&str; 5] = [
        "transfer_id || ' ' || status || ' ' || CAST(version AS text) FROM transfers",
        "payout_id || ' ' || status || ' ' || CAST(attempts AS text) FROM payouts",
        "envelope_id || ' ' || status || ' ' || CAST(attempts AS text) FROM envelopes",
        "id || ' ' || status FROM status_changes",
        "type || ' ' || subject FROM events",
    ];
    let read = |from| transfers.world.texts(&format!("SELECT {from} ORDER BY 1"));
    ROWS.into_iter().flat_map(read).collect()
}

/// Stops a process at a certain call, and keeps the call waiting until it is told to go on.
struct Trap {
    pid: OnceLock<u32>,
    /// The call at which it snaps, and how many there have been.
    n: u64,
    calls: AtomicU64,
    has_stopped: Mutex<mpsc::Sender<()>>,
    goes_on: Mutex<mpsc::Receiver<()>>,
}

/// The other ends of a trap.
struct Trapper {
    has_stopped: mpsc::Receiver<()>,
    goes_on: mpsc::Sender<()>,
}

impl Trap {
    fn new(n: u64) -> (Arc<Self>, Trapper) {
        let (stopped, has_stopped) = mpsc::channel();
        let (goes_on, told) = mpsc::channel();
        let trap = Self {
            pid: OnceLock::new(),
            n,
            calls: AtomicU64::new(0),
            has_stopped: Mutex::new(stopped),
            goes_on: Mutex::new(told),
        };
        (Arc::new(trap), Trapper { has_stopped, goes_on })
    }

    fn call(&self) -> HookAnswer {
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.n {
            tokio::task::block_in_place(|| {
                signal(*self.pid.wait(), "STOP");
                self.has_stopped.lock().unwrap().send(()).unwrap();
                // An error: the test has failed, and nobody is to wait for it.
                self.goes_on.lock().unwrap().recv().ok();
            });
        }
        HookAnswer::Go
    }
}

impl Trapper {
    /// Waits until `victim` is stopped, outside any write: it would hold the database's locks, and nobody could take over.
    fn wait(&self, transfers: &Transfers, victim: &Daemon) {
        self.has_stopped.recv_timeout(PATIENCE).unwrap();
        while transfers.world.is_anybody_writing() {
            victim.signal("CONT");
            victim.signal("STOP");
        }
    }

    /// Wakes it up, and its call is carried out, or answered. It finds out, and does nothing more.
    fn wake(&self, transfers: &Transfers, victim: Daemon) {
        let (before, sweeps) = (rows(transfers), transfers.world.count("sweeps"));
        victim.signal("CONT");
        self.goes_on.send(()).unwrap();
        victim.wait_for_log("the lease was lost");
        until_true("another sweep", || transfers.world.count("sweeps") > sweeps);
        victim.signal("TERM");
        victim.ended().expect(0);
        assert_eq!(rows(transfers), before);
    }
}

/// It pays out: one call of several is under way.
fn a_payer_that_wakes_up(kind: Kind, phase: Phase) {
    let transfers = Transfers::new(kind);
    let ids = transfers.sends(6);
    let (trap, trapper) = Trap::new(3);
    let hook = Arc::clone(&trap);
    transfers.bank.set_hook(move |request| {
        let is_meant = (request.endpoint, request.phase) == (BankEndpoint::Payouts, phase);
        if is_meant { hook.call() } else { HookAnswer::Go }
    });
    let sets = ["rails.bank.parallel=2"];
    let victim = transfers.start(&sets);
    trap.pid.set(victim.pid()).unwrap();
    trapper.wait(&transfers, &victim);

    let heir = transfers.start(&sets);
    until_true("all of them", || transfers.count_in("completed") == 6);
    heir.signal("TERM");
    heir.ended().expect(0);
    trapper.wake(&transfers, victim);
    transfers.bank.clear_hook();
    transfers.check_paid_once(&ids, "at the end");
    transfers.check_trail("at the end");
    assert_eq!(transfers.world.count("payouts"), 6);
}

/// It sends on the ledger: its submission is under way.
fn a_sender_that_wakes_up(kind: Kind, phase: Phase) {
    let anchor = Anchor::new(kind);
    let to: Vec<String> =
        (0..3).map(|n| anchor.customer(&format!("customer {n}")).account()).collect();
    let new: Vec<_> =
        to.iter().enumerate().map(|(n, to)| anchor.deposit(&format!("d{n}"), to)).collect();
    anchor.transfers.create(&new);
    let (trap, trapper) = Trap::new(1);
    let hook = Arc::clone(&trap);
    anchor.horizon.set_hook(move |request| {
        let is_meant = (request.endpoint, request.phase) == (HorizonEndpoint::Submit, phase);
        if is_meant { hook.call() } else { HookAnswer::Go }
    });
    let sets = ["pollers.pending_deposits.lease=2s"];
    let start = || Daemon::start(anchor.pending_deposits(&sets).arg("--loop"));
    let victim = start();
    trap.pid.set(victim.pid()).unwrap();
    trapper.wait(&anchor.transfers, &victim);

    let heir = start();
    until_true("all of them", || anchor.transfers.count_in("completed") == 3);
    heir.signal("TERM");
    heir.ended().expect(0);
    trapper.wake(&anchor.transfers, victim);
    anchor.horizon.clear_hook();
    anchor.check_paid(&to);
    assert_eq!(anchor.transfers.world.count("envelopes"), 1);
}

#[test]
fn a_payer_whose_call_was_not_made_on_sqlite() {
    a_payer_that_wakes_up(Kind::Sqlite, Phase::BeforeApply);
}

#[test]
fn a_payer_whose_call_was_not_made_on_postgres() {
    a_payer_that_wakes_up(Kind::Postgres, Phase::BeforeApply);
}

#[test]
fn a_payer_whose_call_was_made_on_sqlite() {
    a_payer_that_wakes_up(Kind::Sqlite, Phase::AfterApply);
}

#[test]
fn a_payer_whose_call_was_made_on_postgres() {
    a_payer_that_wakes_up(Kind::Postgres, Phase::AfterApply);
}

#[test]
fn a_sender_whose_call_was_not_made_on_sqlite() {
    a_sender_that_wakes_up(Kind::Sqlite, Phase::BeforeApply);
}

#[test]
fn a_sender_whose_call_was_not_made_on_postgres() {
    a_sender_that_wakes_up(Kind::Postgres, Phase::BeforeApply);
}

#[test]
fn a_sender_whose_call_was_made_on_sqlite() {
    a_sender_that_wakes_up(Kind::Sqlite, Phase::AfterApply);
}

#[test]
fn a_sender_whose_call_was_made_on_postgres() {
    a_sender_that_wakes_up(Kind::Postgres, Phase::AfterApply);
}
