//! A person's moves: legal ones are made and carried out, the others are refused with a way out.

use railpoll::engine::{NewTransfer, TransferKind, TransferStatus};
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::{BankEndpoint, BankQuirks, Course};
use serde_json::json;

use super::{check_keys, done, json, refused, run};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, ONE, on_both_kinds};
use crate::support::transfers::send;
use crate::support::world::until_true;

#[test]
fn what_is_held_stands_until_it_is_released() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.customer("customer");
        anchor.create(&anchor.deposit("d", &customer.account()));
        let told = done(&anchor, &["hold", "d", "--reason", "ask the customer"]);
        assert_eq!(told, "d was pending_anchor, and is on_hold\n");
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "on_hold");
        assert_eq!(anchor.transfers.message("d"), "ask the customer");
        let again = refused(&anchor, &["hold", "d", "--reason", "again"]);
        assert!(again.contains("transfer d is on_hold: what can be done with it: "), "{again}");
        for way in ["release", "refund", "resolve"] {
            assert!(again.contains(way), "{again}");
        }
        // A new alert is nothing that a program finds among the errors.
        let quiet = run(&anchor, &["release", "d", "--reason", "looked", "--json"]).expect(0);
        assert_eq!(quiet.stderr, "");
        let quiet = run(&anchor, &["hold", "d", "--reason", "again", "--json"]).expect(0);
        assert_eq!(quiet.stderr, "");
        let told = json(&anchor, &["release", "d", "--reason", "looked"]).remove(0);
        check_keys(&told, "transfer_id, was, status, cause");
        assert_eq!(
            (&told["status"], &told["cause"]),
            (&json!("pending_anchor"), &json!("released"))
        );
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "completed");
        let late = refused(&anchor, &["hold", "d", "--reason", "too late"]);
        assert!(late.contains("nothing is for a person to do"), "{late}");
        anchor.check_paid(&[customer.account()]);
    });
}

/// What goes out is what came in without the fee, and never what was agreed for another amount.
#[test]
fn whoever_releases_accepts_the_amount() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let amount = |text: &str| Some(text.parse().unwrap());
        anchor.create(&anchor.expected_deposit("d", &customer.account()));
        anchor.create(&NewTransfer {
            amount_out: amount("9"),
            amount_fee: amount("1"),
            ..anchor.withdrawal("w", 7)
        });
        anchor.create(&NewTransfer {
            kind: TransferKind::WithdrawalExchange,
            amount_out: amount("9000"),
            amount_fee: amount("1"),
            ..anchor.withdrawal("x", 8)
        });
        anchor.transfers.bank.receive("subject d", "6.50", "DE02").unwrap();
        anchor.pays(&customer, "6", 7);
        anchor.pays(&customer, "6", 8);
        anchor.watch();
        anchor.send();
        for id in ["d", "w", "x"] {
            assert_eq!(anchor.transfers.status(id), "on_hold", "{id}");
        }
        done(&anchor, &["release", "d", "w", "--reason", "we take it"]);
        let told = refused(&anchor, &["release", "x", "--reason", "looked"]);
        assert!(told.contains("a price for another amount than 6"), "{told}");
        anchor.send();
        anchor.transfers.pay(&[]).expect(0);
        assert_eq!(anchor.transfers.status("d"), "completed");
        assert_eq!(anchor.transfers.status("w"), "completed");
        assert_eq!(anchor.paid()[0].amount, 6 * ONE);
        assert_eq!(anchor.transfers.bank.payouts()[0].amount.to_string(), "5.50");
        anchor.check_books();
    });
}

#[test]
fn each_of_several_is_decided_on_alone() {
    let anchor = Anchor::new(Kind::Sqlite);
    anchor.create(&anchor.withdrawal("w", 7));
    let ended = run(&anchor, &["hold", "x", "w", "--reason", "look"]).expect(1);
    assert!(ended.stderr.contains("there is no transfer x"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "w was pending_user_transfer_start, and is on_hold\n");
    let usage = run(&anchor, &["hold", "w", "--reason", ""]);
    assert_eq!(usage.code, Some(64));
}

#[test]
fn moves_that_say_more_than_a_status_have_their_own_command() {
    let anchor = Anchor::new(Kind::Sqlite);
    let agreeing = NewTransfer { status: TransferStatus::Incomplete, ..anchor.withdrawal("w", 7) };
    anchor.create(&agreeing);
    let wrong = refused(&anchor, &["move", "w", "--to", "completed", "--reason", "looked"]);
    assert!(wrong.contains("w is incomplete and cannot simply become completed"), "{wrong}");
    assert!(wrong.contains("move --to pending_user_transfer_start"), "{wrong}");
    let wrong = refused(&anchor, &["move", "w", "--to", "on_hold", "--reason", "looked"]);
    assert!(wrong.contains("cannot simply become on_hold"), "{wrong}");
    done(&anchor, &["move", "w", "--to", "pending_user", "--reason", "which account?"]);
    assert_eq!(anchor.transfers.message("w"), "which account?");
    done(&anchor, &["move", "w", "--to", "pending_user_transfer_start", "--reason", "looked"]);
    done(&anchor, &["move", "w", "--to", "too_small", "--reason", "looked"]);
    let over = refused(&anchor, &["move", "w", "--to", "pending_user", "--reason", "looked"]);
    assert!(over.contains("w is too_small"), "{over}");
    assert_eq!(
        run(&anchor, &["move", "w", "--to", "nowhere", "--reason", "looked"]).code,
        Some(64)
    );
    anchor.transfers.check_trail("after moves");
}

#[test]
fn a_deposit_goes_back_on_its_rail() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = anchor.customer("customer").account();
        let payer = Some("DE02".to_owned());
        anchor.create(&NewTransfer { from_address: payer, ..anchor.deposit("known", &to) });
        anchor.create(&anchor.deposit("unknown", &to));
        anchor.create(&anchor.expected_deposit("empty", &to));
        let told = refused(&anchor, &["refund", "empty", "--reason", "closed"]);
        assert!(told.contains("what can be done with it: "), "{told}");
        let told = refused(&anchor, &["refund", "unknown", "--reason", "closed"]);
        let way_out = "nobody knows who paid: say whom rail bank is to pay with --beneficiary";
        assert!(told.contains(way_out), "{told}");
        done(&anchor, &["refund", "known", "--reason", "closed"]);
        let beneficiary = r#"{"iban":"DE03"}"#;
        done(&anchor, &["refund", "unknown", "--reason", "closed", "--beneficiary", beneficiary]);
        let busy = refused(&anchor, &["hold", "known", "--reason", "wait"]);
        assert!(busy.contains("refund under way"), "{busy}");
        anchor.transfers.pay(&[]).expect(0);
        for (id, wanted) in [("known", r#"{"account":"DE02"}"#), ("unknown", beneficiary)] {
            assert_eq!(anchor.transfers.status(id), "refunded");
            let paid = anchor.transfers.bank.payouts_of(id);
            assert_eq!(paid.len(), 1);
            let paid_to: serde_json::Value = serde_json::from_str(&paid[0].beneficiary).unwrap();
            assert_eq!(paid_to, serde_json::from_str::<serde_json::Value>(wanted).unwrap());
            assert_eq!(paid[0].amount.to_string(), "10.50");
        }
        let story = json(&anchor, &["show", "known"]).remove(0);
        check_keys(
            &story["refunds"][0],
            "refund_id, place, amount, asset_id, to, status, reason, decided_by, reference, answer, created_at, finished_at",
        );
        assert_eq!(
            (&story["refunds"][0]["status"], &story["refunds"][0]["reason"]),
            (&json!("done"), &json!("closed"))
        );
        anchor.check_books();
    });
}

#[test]
fn a_withdrawal_goes_back_on_its_network() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        let hash = anchor.pays(&customer, "10", 7);
        anchor.watch();
        assert_eq!(anchor.transfers.status("w"), "pending_anchor");
        let wrong = refused(
            &anchor,
            &["refund", "w", "--reason", "no", "--beneficiary", r#"{"iban":"x"}"#],
        );
        assert!(wrong.contains("--beneficiary is for deposits"), "{wrong}");
        done(&anchor, &["refund", "w", "--reason", "the customer changed his mind"]);
        anchor.send();
        anchor.transfers.pay(&[]).expect(0);
        assert_eq!(anchor.transfers.status("w"), "refunded");
        assert_eq!(anchor.transfers.bank.payout_count(), 0);
        let paid = anchor.paid();
        assert_eq!(paid.len(), 1);
        assert_eq!((&paid[0].to, paid[0].amount), (&customer.account(), 10 * ONE));
        assert_eq!(paid[0].memo_type, "return", "of {hash}");
        anchor.check_books();
    });
}

/// A send of a network that nothing can be sent on.
#[test]
fn money_of_another_network_goes_back_there() {
    let anchor = Anchor::new(Kind::Sqlite);
    anchor.create(&send("s"));
    let told = refused(&anchor, &["refund", "s", "--reason", "no"]);
    assert!(told.contains("the money came on acme, where nothing can be sent from here"), "{told}");
    done(&anchor, &["hold", "s", "--reason", "sent back there"]);
    done(&anchor, &["resolve", "s", "--as", "refunded", "--reason", "seen in acme's books"]);
    assert_eq!(anchor.transfers.status("s"), "refunded");
}

fn in_doubt(kind: Kind) -> Anchor {
    let anchor = Anchor::new(kind);
    let bank = &anchor.transfers.bank;
    anchor.transfers.create(&[send("s")]);
    bank.script_for(BankEndpoint::Payouts, "s", 1, Reply::CutBefore);
    let cannot_tell = Some("the files are gone".to_owned());
    bank.change(|bank, _| bank.quirks = BankQuirks { cannot_tell, ..BankQuirks::default() });
    let daemon = anchor.transfers.start(&[]);
    until_true("a hold", || anchor.transfers.count_in("on_hold") == 1);
    drop(daemon);
    bank.change(|bank, _| bank.quirks = BankQuirks::default());
    anchor
}

#[test]
fn a_payout_in_doubt_is_resolved_by_what_a_person_found_out() {
    on_both_kinds(|kind| {
        let anchor = in_doubt(kind);
        let told = done(&anchor, &["explain", "s"]);
        assert!(told.contains("railpoll transfers resolve s"), "{told}");
        let busy = refused(&anchor, &["release", "s", "--reason", "looked"]);
        assert!(busy.contains("wait for it, or resolve it"), "{busy}");
        let wrong = refused(&anchor, &["resolve", "s", "--as", "refunded", "--reason", "?"]);
        assert!(wrong.contains("is no refund: say first what became of it"), "{wrong}");
        done(
            &anchor,
            &[
                "resolve",
                "s",
                "--as",
                "completed",
                "--reference",
                "SEPA 7",
                "--reason",
                "statement",
            ],
        );
        let story = json(&anchor, &["show", "s"]).remove(0);
        assert_eq!(
            (&story["status"], &story["rail_reference"]),
            (&json!("completed"), &json!("SEPA 7"))
        );
        let payout = &story["payouts"][0];
        assert_eq!((&payout["status"], &payout["answer"]), (&json!("done"), &json!("statement")));
        let over = refused(&anchor, &["resolve", "s", "--as", "error", "--reason", "?"]);
        assert!(over.contains("s is completed: that is not for you to say"), "{over}");
        anchor.transfers.check_trail("resolved");
    });
}

#[test]
fn what_was_not_paid_is_paid_again_by_a_new_payout() {
    on_both_kinds(|kind| {
        let anchor = in_doubt(kind);
        done(&anchor, &["resolve", "s", "--as", "retry", "--reason", "the bank never had it"]);
        assert_eq!(anchor.transfers.status("s"), "pending_receiver");
        anchor.transfers.pay(&[]).expect(0);
        assert_eq!(anchor.transfers.status("s"), "completed");
        let story = json(&anchor, &["show", "s"]).remove(0);
        let payouts = story["payouts"].as_array().unwrap();
        assert_eq!(payouts.len(), 2);
        assert_ne!(payouts[0]["payout_id"], payouts[1]["payout_id"]);
        anchor.transfers.check_paid_once(&["s".to_owned()], "after a retry");
    });
}

/// Trying a refund again must not pay the deposit out.
#[test]
fn a_refund_in_doubt_is_never_turned_into_a_payment() {
    let anchor = Anchor::new(Kind::Sqlite);
    let to = anchor.customer("customer").account();
    let bank = &anchor.transfers.bank;
    anchor
        .create(&NewTransfer { from_address: Some("DE02".to_owned()), ..anchor.deposit("d", &to) });
    bank.script_for(BankEndpoint::Payouts, "d", 1, Reply::CutBefore);
    let cannot_tell = Some("the files are gone".to_owned());
    bank.change(|bank, _| bank.quirks = BankQuirks { cannot_tell, ..BankQuirks::default() });
    done(&anchor, &["refund", "d", "--reason", "closed"]);
    let daemon = anchor.transfers.start(&[]);
    until_true("a hold", || anchor.transfers.count_in("on_hold") == 1);
    drop(daemon);
    bank.change(|bank, _| bank.quirks = BankQuirks::default());
    let wrong = refused(&anchor, &["resolve", "d", "--as", "retry", "--reason", "never came"]);
    assert!(wrong.contains("railpoll transfers refund d"), "{wrong}");
    let wrong = refused(&anchor, &["resolve", "d", "--as", "completed", "--reason", "?"]);
    assert!(wrong.contains("is a refund"), "{wrong}");
    done(&anchor, &["resolve", "d", "--as", "error", "--reason", "never came"]);
    done(&anchor, &["refund", "d", "--reason", "closed, again"]);
    anchor.transfers.pay(&[]).expect(0);
    anchor.send();
    assert_eq!(anchor.transfers.status("d"), "refunded");
    assert_eq!(anchor.paid(), []);
    anchor.check_books();
}

#[test]
fn what_failed_is_tried_again_when_it_is_released() {
    let anchor = Anchor::new(Kind::Sqlite);
    anchor.transfers.create(&[send("s")]);
    anchor.transfers.bank.set_course(Course::fail("AC04", "account closed"));
    anchor.transfers.pay(&[]).expect(0);
    assert_eq!(anchor.transfers.status("s"), "error");
    anchor.transfers.bank.set_course(Course::Deliver);
    done(&anchor, &["release", "s", "--reason", "open again"]);
    anchor.transfers.pay(&[]).expect(0);
    assert_eq!(anchor.transfers.status("s"), "completed");
    anchor.transfers.check_paid_once(&["s".to_owned()], "after a release");
}
