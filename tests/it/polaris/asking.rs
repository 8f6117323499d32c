//! Deposits: what the rail says, where the money goes, and who asks.

use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::horizon::{HorizonEndpoint, HorizonOptions, Keys};
use railpoll_sandbox::{HookAnswer, Phase, Reply};

use super::{gate, stop};
use crate::support::stellar::{Anchor, Setting, on_both_kinds, usdc};
use crate::support::world::{Daemon, until_true};

/// The daemon meets trouble, which is an alert; it lives, and goes on by itself when the trouble is over.
fn outlives(anchor: &Anchor, trouble: &str, end_it: impl Fn()) {
    let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
    until_true("an alert", || anchor.transfers.world.alerts() == [format!("{trouble} stands")]);
    end_it();
    until_true("the deposit", || anchor.transfers.count_in("completed") == 1);
    until_true("its end", || anchor.transfers.world.alerts() == [format!("{trouble} ended")]);
    stop(daemon);
}

#[test]
fn raising_poll() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.expected_deposit("d", &to));
        let bank = &anchor.transfers.bank;
        bank.receive("d", "10.50", "DE02").unwrap();
        bank.script(BankEndpoint::DepositsLookup, 10_000, Reply::status(500));
        outlives(&anchor, "put_off", || bank.clear_scripts());
        anchor.check_paid(&[to]);
    });
}

#[test]
fn horizon_500() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.deposit("d", &to));
        anchor.horizon.script(HorizonEndpoint::Account, 10_000, Reply::status(500));
        outlives(&anchor, "put_off", || anchor.horizon.clear_scripts());
        anchor.check_paid(&[to]);
    });
}

/// It is paid, with its number, and so is everybody beside it.
#[test]
fn muxed_destination() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let (one, other) = (anchor.customer("one"), anchor.customer("other"));
        anchor.create(&anchor.deposit("muxed", &one.muxed(u64::MAX)));
        anchor.create(&anchor.deposit("plain", &other.account()));
        anchor.send();
        anchor.check_paid(&[one.account(), other.account()]);
        let muxed: Vec<_> = anchor.paid().iter().filter_map(|paid| paid.to_muxed_id).collect();
        assert_eq!(muxed, [u64::MAX]);
        assert_eq!(anchor.transfers.count_in("completed"), 2);
    });
}

/// However long the rail takes, whoever waits for it keeps the lease. Whoever lost it all the same does nothing more.
#[test]
fn two_daemons() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let (world, bank) = (&anchor.transfers.world, &anchor.transfers.bank);
        let to: Vec<String> =
            (0..3).map(|n| anchor.customer(&format!("customer {n}")).account()).collect();
        for (n, to) in to.iter().enumerate() {
            anchor.create(&anchor.expected_deposit(&format!("d{n}"), to));
            bank.receive(&format!("d{n}"), "10.50", "DE02").unwrap();
        }
        let (gate, pass) = gate();
        bank.set_hook(move |call| {
            if (call.endpoint, call.phase) == (BankEndpoint::DepositsLookup, Phase::AfterApply) {
                pass();
            }
            HookAnswer::Go
        });
        let sets = ["pollers.pending_deposits.lease=2s", "rails.bank.timeout=60s"];
        let start = || Daemon::start(anchor.pending_deposits(&sets).arg("--loop"));
        let first = start();
        gate.wait();
        let second = start();
        second.wait_for_log("standing by");
        let end =
            || world.texts("SELECT CAST(expires_at AS text) FROM leases WHERE network = 'bank'");
        // More of them than one lease is long.
        for _ in 0..5 {
            let before = end();
            until_true("the lease to be renewed", || end() != before);
        }
        assert!(!second.log().iter().any(|line| line.contains("lease taken")));

        // In the middle of a write it would hold the database's locks, and nobody could take over.
        first.signal("STOP");
        while world.is_anybody_writing() {
            first.signal("CONT");
            first.signal("STOP");
        }
        world.let_leases_run_out();
        until_true("all to be paid", || anchor.transfers.count_in("completed") == 3);
        first.signal("CONT");
        drop(gate);
        first.wait_for_log("the lease was lost");
        stop(first);
        stop(second);
        anchor.check_paid(&to);
    });
}

/// Where we create no accounts, a deposit waits for its own.
#[test]
fn no_account_creation() {
    on_both_kinds(|kind| {
        let setting =
            Setting { network: "starting_balance = \"\"".to_owned(), ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let world = &anchor.transfers.world;
        anchor.create(&anchor.deposit("d", &Keys::of("customer").account()));
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("it to wait", || anchor.transfers.status("d") == "pending_trust");
        let customer = anchor.horizon.account("customer", "100").unwrap();
        anchor.horizon.trust(&customer, &usdc(), "1000").unwrap();
        until_true("it to be paid", || {
            // It is looked at again now.
            world.sql("UPDATE transfers SET not_before = NULL WHERE status = 'pending_trust'");
            anchor.transfers.status("d") == "completed"
        });
        stop(daemon);
        anchor.check_paid(&[customer.account()]);
    });
}
