//! The whole scene: all is paid, a backup of before is restored, and all goes on.

use super::{anchor, says, sweep_until_over};
use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::world::finish;

/// Payouts at a bank and payments on a ledger, each once, with so many channels.
fn nothing_is_paid_twice(kind: Kind, channels: usize, forgetful: bool) {
    let anchor = anchor(kind, channels);
    let transfers = &anchor.transfers;
    let to = anchor.deposits(3);
    let sends = transfers.sends(3);
    let backup = transfers.world.backup();
    sweep_until_over(&anchor, 6);
    anchor.check_paid(&to);
    transfers.check_paid_once(&sends, "before");
    if forgetful {
        transfers.bank.forget_keys();
    }
    transfers.world.restore(&backup);
    assert_eq!(transfers.count_in("completed"), 0, "it is as it was");
    // What was sent by a channel may be on its way for so long.
    anchor.let_time_pass(60);
    let first = finish(&mut transfers.outgoing(&[])).expect(0);
    assert!(first.stderr.contains("has lost what this host has seen"), "{}", first.stderr);
    assert_eq!(
        transfers.world.count("restorations WHERE ended_at IS NULL"),
        1,
        "the ledger is left"
    );
    let stands = transfers.world.alerts();
    assert!(stands.contains(&"database_older stands".to_owned()), "{stands:?}");
    let shown = says(&anchor, &["status"]).expect(0).stdout;
    assert!(shown.contains("nothing goes out"), "{shown}");
    sweep_until_over(&anchor, 6);
    anchor.check_paid(&to);
    transfers.check_paid_once(&sends, "after");
    assert_eq!(
        transfers.world.count("restorations WHERE ended_at IS NOT NULL AND confirmed_by IS NULL"),
        1
    );
    finish(&mut anchor.pending_deposits(&[])).expect(0);
    finish(&mut transfers.outgoing(&[])).expect(0);
    assert_eq!(
        transfers.world.count("alerts WHERE name = 'database_older' AND ended_at IS NULL"),
        0
    );
    assert_eq!(transfers.world.count("restorations"), 1, "it was restored once");
    says(&anchor, &["events", "verify"]).expect(0);
}

#[test]
fn nothing_is_paid_twice_from_one_account() {
    on_both_kinds(|kind| nothing_is_paid_twice(kind, 0, false));
}

#[test]
fn nothing_is_paid_twice_from_channels_nor_by_a_bank_that_forgets_keys() {
    on_both_kinds(|kind| nothing_is_paid_twice(kind, 2, true));
}

#[test]
fn what_was_created_after_the_backup_is_not_paid_again_when_it_is_created_again() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        let backup = transfers.world.backup();
        let to = anchor.customer("customer").account();
        let deposit = anchor.deposit("d", &to);
        anchor.create(&deposit);
        let sends = transfers.sends(1);
        sweep_until_over(&anchor, 2);
        transfers.bank.forget_keys();
        transfers.world.restore(&backup);
        finish(&mut transfers.outgoing(&[])).expect(0);
        anchor.create(&deposit);
        transfers.sends(1);
        sweep_until_over(&anchor, 2);
        anchor.check_paid(&[to]);
        transfers.check_paid_once(&sends, "after");
    });
}

#[test]
fn what_may_have_been_paid_waits_for_a_person() {
    on_both_kinds(|kind| {
        let anchor = anchor(kind, 0);
        let transfers = &anchor.transfers;
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.deposit("one", &to));
        let backup = transfers.world.backup();
        anchor.create(&anchor.deposit("two", &to));
        sweep_until_over(&anchor, 2);
        transfers.world.restore(&backup);
        // Two payments, and one transfer: which of them was it?
        finish(&mut transfers.outgoing(&[])).expect(0);
        for _ in 0..3 {
            finish(&mut anchor.pending_deposits(&[])).expect(0);
        }
        assert_eq!(transfers.status("one"), "on_hold");
        assert!(transfers.message("one").contains("may have been paid already"));
        let hash = transfers.world.texts("SELECT hash FROM found_payments ORDER BY hash");
        assert!(hash.iter().all(|hash| transfers.message("one").contains(hash)), "{hash:?}");
        assert_eq!(anchor.paid().len(), 2);
    });
}
