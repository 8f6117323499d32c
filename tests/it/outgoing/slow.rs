//! A call that is slow delays nobody else: not who becomes due meanwhile, not the following of others, not the sweep.

use std::time::{Duration, Instant};

use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, Course};

use crate::support::stellar::on_both_kinds;
use crate::support::transfers::{Transfers, send};
use crate::support::world::until_true;

const SETS: [&str; 2] = ["rails.bank.timeout=30s", "rails.bank.parallel=4"];

#[test]
fn what_becomes_due_while_a_call_hangs_is_paid_and_followed() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let slow = transfers.create(&[send("slow")]);
        transfers.bank.script_for(BankEndpoint::Payouts, "slow", 1, Reply::HangAfter);
        transfers.bank.set_course_for("followed", Course::later(2, Course::Deliver));
        let daemon = transfers.start(&SETS);
        until_true("the slow one to be ordered", || transfers.bank.payout_count() == 1);
        let begun = Instant::now();
        // While it hangs, others become due, one after the other.
        let mut ids = slow;
        for id in ["followed", "a", "b", "c"] {
            ids.extend(transfers.create(&[send(id)]));
            until_true(id, || transfers.status(id) == "completed");
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        assert_eq!(transfers.status("slow"), "pending_receiver", "it hangs still");
        // Sweeps end meanwhile, and are on record.
        let sweeps = transfers.world.count("sweeps WHERE poller = 'outgoing'");
        until_true("another sweep", || {
            transfers.world.count("sweeps WHERE poller = 'outgoing'") > sweeps
        });
        // Told to stop, it waits for the answer, which never comes: it is looked up afterwards, and nobody pays twice.
        drop(daemon);
        let daemon = transfers.start(&SETS);
        until_true("the slow one", || transfers.status("slow") == "completed");
        drop(daemon);
        transfers.check_paid_once(&ids, "at the end");
        transfers.check_trail("at the end");
    });
}

/// Its answer comes late, in another sweep than the one that asked: it counts.
#[test]
fn a_late_answer_is_written_down_by_the_next_sweep() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let ids = transfers.create(&[send("slow")]);
        let late = Reply::Slow(Duration::from_secs(5));
        transfers.bank.script_for(BankEndpoint::Payouts, "slow", 1, late);
        let daemon = transfers.start(&SETS);
        until_true("it to be paid", || transfers.status("slow") == "completed");
        assert_eq!(
            transfers.bank.requests_to(BankEndpoint::PayoutsLookup),
            0,
            "it was not asked about"
        );
        assert!(transfers.world.count("sweeps WHERE poller = 'outgoing'") > 1);
        drop(daemon);
        transfers.check_paid_once(&ids, "at the end");
    });
}
