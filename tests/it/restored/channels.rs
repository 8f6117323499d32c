//! Channels, and a database that has lost its last commits and nothing that any host has seen sealed.

use railpoll_sandbox::horizon::{Closing, HorizonOptions};

use super::{says, sweep_until_over};
use crate::support::stellar::{Anchor, Setting, on_both_kinds};
use crate::support::world::{Daemon, finish, until_true};

/// A daemon sends until so many transactions wait for the ledger, and is killed.
fn send_until_waiting(anchor: &Anchor, number: usize) {
    let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
    until_true("the transactions to be sent", || anchor.horizon.waiting() == number);
    drop(daemon);
    anchor.transfers.world.let_leases_run_out();
}

#[test]
fn what_one_channel_has_sent_is_not_sent_again_from_another() {
    on_both_kinds(|kind| {
        let setting = Setting { channels: 2, ..Setting::default() };
        let options = HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() };
        let anchor = Anchor::with(kind, &setting, options);
        anchor.transfers.world.database.trust_the_machine();
        let to = [anchor.customer("one").account(), anchor.customer("two").account()];
        anchor.create(&anchor.deposit("one", &to[0]));
        send_until_waiting(&anchor, 1);
        anchor.create(&anchor.deposit("two", &to[1]));
        let backup = anchor.transfers.world.backup();
        // The first channel is taken, so this goes by the second.
        send_until_waiting(&anchor, 2);
        anchor.transfers.world.restore(&backup);
        anchor.horizon.change(|network, _| network.closing = Closing::AtOnce);
        anchor.horizon.close();
        says(&anchor, &["transfers", "hold", "two", "--reason", "the first one's end"]).expect(0);
        sweep_until_over(&anchor, 1);
        says(&anchor, &["transfers", "release", "two", "--reason", "now"]).expect(0);
        // Found by this sweep, or by one before it.
        finish(&mut anchor.pending_deposits(&[])).expect(0);
        assert_eq!(anchor.transfers.world.count("restorations"), 1);
        // What was forgotten may be on its way: as long as it may be, nothing else is sent.
        finish(&mut anchor.pending_deposits(&[])).expect(0);
        assert_eq!(anchor.transfers.world.count("restorations WHERE ended_at IS NULL"), 1);
        anchor.let_time_pass(60);
        sweep_until_over(&anchor, 2);
        anchor.check_paid(&to);
        assert_eq!(anchor.transfers.world.count("restorations WHERE ended_at IS NOT NULL"), 1);
    });
}

#[test]
fn nothing_is_sent_with_a_database_that_cannot_be_looked_at() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.deposits(1);
        anchor.transfers.world.sql("ALTER TABLE event_checks RENAME TO gone");
        finish(&mut anchor.pending_deposits(&[])).expect(69);
        assert_eq!(anchor.paid().len(), 0);
        anchor.transfers.world.sql("ALTER TABLE gone RENAME TO event_checks");
        sweep_until_over(&anchor, 1);
        anchor.check_paid(&to);
    });
}
