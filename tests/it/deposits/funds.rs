//! What our own accounts cannot pay waits, with one alert for the account; and what receivers lack waits for them.

use railpoll_sandbox::horizon::{Closing, CustomerMemo, CustomerPayment, HorizonOptions, Keys};
use railpoll_sandbox::{Reply, horizon::HorizonEndpoint};
use serde_json::json;

use crate::support::stellar::{Anchor, ONE, Setting, on_both_kinds, us, usdc};
use crate::support::world::{Daemon, finish, until_true};

/// We pay somebody, by hand.
fn spend(anchor: &Anchor, asset: &str, amount: &str) {
    let payment = CustomerPayment {
        to: Keys::of("issuer").account(),
        asset: asset.to_owned(),
        amount: amount.to_owned(),
        memo: CustomerMemo::None,
    };
    anchor.horizon.pay(&Keys::of("distribution"), &payment).unwrap();
}

/// How many customers the ledger has paid 10 USDC.
fn paid(anchor: &Anchor) -> usize {
    anchor.paid().iter().filter(|paid| paid.amount == 10 * ONE).count()
}

const UNDERFUNDED: &str =
    "SELECT subject FROM alerts WHERE name = 'account_underfunded' AND ended_at IS NULL";

#[test]
fn a_paying_account_that_runs_dry_is_waited_for() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let world = &anchor.transfers.world;
        spend(&anchor, &usdc(), "9999975");
        anchor.deposits(4);
        anchor.send();
        assert_eq!(paid(&anchor), 2, "as far as it goes");
        assert_eq!(anchor.transfers.count_in("pending_anchor"), 2);
        assert_eq!(world.texts(UNDERFUNDED), [us()], "one alert for the account");
        anchor.send();
        assert_eq!(world.texts(UNDERFUNDED), [us()], "as long as it lasts");
        assert_eq!(anchor.transfers.count_in("on_hold"), 0);
        anchor.horizon.issue(&Keys::of("distribution"), &usdc(), "100").unwrap();
        anchor.send();
        assert_eq!(paid(&anchor), 4, "at once");
        assert_eq!(anchor.transfers.count_in("completed"), 4);
        assert_eq!(world.alerts(), ["account_underfunded ended"], "by itself");
        anchor.check_books();
    });
}

#[test]
fn a_paying_account_without_lumens_is_waited_for() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let world = &anchor.transfers.world;
        // What is left is its reserve: two entries, and its trustline.
        spend(&anchor, "native", "9998.4999900");
        anchor.deposits(2);
        anchor.send();
        assert_eq!((paid(&anchor), anchor.transfers.count_in("pending_anchor")), (0, 2));
        assert_eq!(world.texts(UNDERFUNDED), [us()]);
        assert_eq!(world.count("envelopes"), 0);
        anchor.horizon.account("distribution", "1").unwrap();
        anchor.send();
        assert_eq!((paid(&anchor), anchor.transfers.count_in("completed")), (2, 2));
        assert_eq!(world.alerts(), ["account_underfunded ended"]);
        anchor.check_books();
    });
}

/// Nobody waits any more for the account: then nobody is to be told of it.
#[test]
fn the_alert_ends_when_nothing_waits_for_the_account() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let world = &anchor.transfers.world;
        spend(&anchor, &usdc(), "9999999");
        anchor.deposits(1);
        anchor.send();
        assert_eq!(world.texts(UNDERFUNDED), [us()]);
        let hold = ["transfers", "hold", "d0", "--reason", "no money"];
        finish(world.command("railpoll", &[]).args(hold)).expect(0);
        anchor.send();
        assert_eq!(world.texts(UNDERFUNDED), Vec::<String>::new());
    });
}

/// Between the look and the ledger: a full trustline, one that is not authorized any more, one that is gone.
#[test]
fn what_a_receiver_lacks_since_the_look_is_waited_for() {
    on_both_kinds(|kind| {
        let options = HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() };
        let anchor = Anchor::with(kind, &Setting::default(), options);
        let to = anchor.deposits(5);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("the envelope to be in the queue", || anchor.horizon.waiting() == 1);
        let customer = |n: usize| Keys::of(&format!("customer {n}"));
        anchor.horizon.trust(&customer(1), &usdc(), "1").unwrap();
        anchor.horizon.authorize(&customer(2), &usdc(), false).unwrap();
        anchor.horizon.close();
        anchor.horizon.change(|network, _| network.closing = Closing::AtOnce);
        until_true("the others to be paid", || anchor.transfers.count_in("completed") == 3);
        for (id, code) in [("d1", "op_line_full"), ("d2", "op_not_authorized")] {
            assert_eq!(anchor.transfers.status(id), "pending_trust", "{id}");
            assert!(!anchor.transfers.message(id).is_empty(), "{id} {code}");
        }
        assert_eq!(anchor.transfers.count_in("on_hold"), 0);
        anchor.horizon.trust(&customer(1), &usdc(), "1000").unwrap();
        anchor.horizon.authorize(&customer(2), &usdc(), true).unwrap();
        until_true("all to be paid", || anchor.transfers.count_in("completed") == 5);
        drop(daemon);
        anchor.check_paid(&to);
    });
}

/// The answer to a transaction is lost, it fails in the ledger, and its result is of a kind that we do not know.
#[test]
fn a_transaction_that_failed_for_an_unknown_reason_is_over() {
    on_both_kinds(|kind| {
        let options = HorizonOptions { closing: Closing::ByHand, ..HorizonOptions::default() };
        let setting = Setting { channels: 1, ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, options);
        anchor.horizon.distort(|told| {
            if told["successful"] == json!(false) {
                told["result_xdr"] = json!("AAAAAAAAAGT///+AAAAAAA==");
            }
        });
        let to = anchor.deposits(2);
        anchor.horizon.script(HorizonEndpoint::Submit, 1, Reply::CutAfter);
        let daemon = Daemon::start(anchor.pending_deposits(&[]).arg("--loop"));
        until_true("the envelope to be in the queue", || anchor.horizon.waiting() == 1);
        let first = Keys::of("customer 0");
        anchor.horizon.trust(&first, &usdc(), "1").unwrap();
        anchor.horizon.close();
        anchor.horizon.change(|network, _| network.closing = Closing::AtOnce);
        until_true("both to wait for a person", || anchor.transfers.count_in("on_hold") == 2);
        assert!(
            anchor.transfers.message("d0").contains("failed"),
            "{}",
            anchor.transfers.message("d0")
        );
        let world = &anchor.transfers.world;
        assert_eq!(world.count("envelopes WHERE status = 'failed'"), 1);
        assert_eq!(anchor.paid().len(), 0, "the ledger has paid nobody");
        // The channel is free, and a person can let them go on.
        anchor.horizon.trust(&first, &usdc(), "1000").unwrap();
        for id in ["d0", "d1"] {
            let release = ["transfers", "release", id, "--reason", "looked at the ledger"];
            finish(world.command("railpoll", &[]).args(release)).expect(0);
        }
        until_true("both to be paid", || anchor.transfers.count_in("completed") == 2);
        drop(daemon);
        anchor.check_paid(&to);
    });
}
