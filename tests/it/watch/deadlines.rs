//! What has not come in time, by the ledger's time; and how far an account is known to be read.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use railpoll::engine::Clock;
use railpoll_sandbox::horizon::{HorizonEndpoint, StreamFault};

use crate::support::stellar::{Anchor, Setting, on_both_kinds, quick};
use crate::support::world::{finish, until_true};

/// A withdrawal whose deadline is so many seconds away.
fn withdrawal(anchor: &Anchor, id: &str, memo: u64, seconds: i64) {
    let mut new = anchor.withdrawal(id, memo);
    new.deadline = Some(Clock::system().now() + TimeDelta::seconds(seconds));
    anchor.create(&new);
}

/// Lists come from a Horizon that is two ledgers behind the one that tells the newest.
#[test]
fn a_horizon_that_is_behind_does_not_end_what_was_paid_in_time() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        withdrawal(&anchor, "w", 7, 5);
        anchor.pays(&customer, "10", 7);
        anchor.horizon.change(|network, _| network.list_lag = 2);
        anchor.let_time_pass(8);
        anchor.watch();
        assert_eq!(anchor.transfers.status("w"), "pending_user_transfer_start");
        anchor.horizon.change(|network, _| network.list_lag = 0);
        anchor.watch();
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        assert_eq!(anchor.verdicts(), ["matched w"]);
        anchor.check_books();
    });
}

/// The same, so far behind that it was given up: the money came in time all the same.
#[test]
fn what_came_in_time_is_matched_though_it_is_seen_too_late() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        withdrawal(&anchor, "w", 7, 5);
        withdrawal(&anchor, "late", 8, 5);
        anchor.pays(&customer, "10", 7);
        anchor.horizon.change(|network, _| network.list_lag = 2);
        anchor.let_time_pass(60);
        anchor.watch();
        assert_eq!(anchor.transfers.status("w"), "expired");
        anchor.pays(&customer, "10", 8);
        anchor.horizon.change(|network, _| network.list_lag = 0);
        anchor.watch();
        assert_eq!(anchor.verdicts(), ["matched w", "too_late late"]);
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        assert_eq!(anchor.transfers.status("late"), "expired");
        let ways = "SELECT status FROM status_changes WHERE kind = 'transfer' AND id = 'w' ORDER BY row_id";
        let way = ["pending_user_transfer_start", "expired", "pending_anchor"];
        assert_eq!(anchor.transfers.world.texts(ways), way);
        anchor.check_books();
    });
}

/// A dry run tells what would end, and not of what money would come for.
#[test]
fn a_dry_run_tells_what_would_expire() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        withdrawal(&anchor, "paid", 7, 5);
        withdrawal(&anchor, "late", 8, 5);
        withdrawal(&anchor, "open", 9, 5_000);
        anchor.pays(&customer, "10", 7);
        anchor.pays(&customer, "1", 7);
        anchor.let_time_pass(60);
        let told = finish(anchor.watching(&[]).args(["--dry-run", "--json"])).expect(0).json();
        let would = |what: &str| -> Vec<&str> {
            let those = told.iter().filter(|one| one["would"] == what);
            those.map(|one| one["payment_id"].as_str().unwrap()).collect()
        };
        assert_eq!(would("expire"), ["late"]);
        assert_eq!((would("record as matched").len(), would("record as second").len()), (1, 1));
        let sweep = told.last().unwrap();
        assert!(sweep["requests"].as_u64() >= Some(2), "{sweep}");
        assert_eq!(anchor.transfers.count_in("pending_user_transfer_start"), 3, "nothing moved");
        anchor.watch();
        assert_eq!(anchor.transfers.status("late"), "expired");
        assert_eq!(anchor.transfers.status("paid"), "pending_anchor");
    });
}

/// Nothing comes to an account for longer than Horizon remembers: that is no reason to doubt, and what comes then is seen.
#[test]
fn an_account_without_payments_is_not_doubted() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        anchor.pays(&customer, "1", 99);
        anchor.watch();
        for _ in 0..400 {
            anchor.horizon.close();
        }
        anchor.watch();
        let elder = anchor.horizon.ledger() - 150;
        anchor.horizon.change(|network, _| network.elder = elder);
        anchor.watch();
        let world = &anchor.transfers.world;
        assert_eq!(world.alerts(), ["incoming_unmatched stands"], "and no other");
        anchor.pays(&customer, "10", 7);
        anchor.watch();
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        // What nobody has read is gone: that is one.
        for _ in 0..400 {
            anchor.horizon.close();
        }
        let elder = anchor.horizon.ledger() - 10;
        anchor.horizon.change(|network, _| network.elder = elder);
        finish(&mut anchor.watching(&[]));
        assert!(world.alerts().contains(&"list_unreliable stands".to_owned()));
    });
}

/// A deadline passes, and a payment comes that the stream does not tell: both are seen while the stream is open.
#[test]
fn what_is_due_is_looked_at_while_the_stream_is_open() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), quick());
        let customer = anchor.rich_customer("customer");
        withdrawal(&anchor, "late", 7, -1);
        anchor.create(&anchor.withdrawal("w", 8));
        anchor.horizon.script_stream(1, StreamFault::Silence(0));
        let daemon = anchor.start_watching();
        until_true("a stream", || anchor.horizon.streams() == 1);
        let begun = Instant::now();
        anchor.pays(&customer, "10", 8);
        anchor.let_time_pass(60);
        until_true("the payment", || anchor.transfers.status("w") == "pending_anchor");
        until_true("the end", || anchor.transfers.status("late") == "expired");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        drop(daemon);
    });
}

/// While nothing comes, little is asked.
#[test]
fn a_quiet_stream_is_tended_seldom() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), quick());
        let daemon = anchor.start_watching();
        until_true("a stream", || anchor.horizon.streams() == 1);
        let before = anchor.horizon.requests_to(HorizonEndpoint::Root);
        let pages = anchor.horizon.requests_to(HorizonEndpoint::AccountPayments);
        until_true("a page beside the stream", || {
            anchor.horizon.requests_to(HorizonEndpoint::AccountPayments) > pages
        });
        assert_eq!(anchor.horizon.requests_to(HorizonEndpoint::Root), before);
        drop(daemon);
    });
}
