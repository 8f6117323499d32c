//! Money that belongs to no transfer: listed, given to one, or sent back; never both.

use railpoll_sandbox::horizon::CustomerMemo;
use railpoll_sandbox::horizon::CustomerPayment;
use serde_json::json;

use super::{check_keys, done, json, refused};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, ONE, on_both_kinds, us, usdc};

/// The id of the only payment that belongs to nobody.
fn unmatched(anchor: &Anchor) -> String {
    let rows = json(anchor, &["incoming", "list"]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]["incoming_id"].as_str().unwrap().to_owned()
}

#[test]
fn unmatched_money_is_given_to_its_transfer() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        assert_eq!(done(&anchor, &["incoming", "list"]), "all money belongs to a transfer\n");
        anchor.pays(&customer, "8", 70);
        anchor.watch();
        let row = json(&anchor, &["incoming", "list"]).remove(0);
        check_keys(
            &row,
            "place, incoming_id, account, from, amount, asset_id, memo_type, memo, subject, muxed_id, reference, \
             received_at, recorded_at, status, confirmed_at, verdict, claimant, transfer_id, resolution",
        );
        assert_eq!(
            (&row["verdict"], &row["memo"], &row["asset_id"]),
            (&json!("unknown_memo"), &json!("70"), &json!(usdc()))
        );
        assert_eq!((&row["status"], &row["claimant"]), (&json!("confirmed"), &json!(null)));
        let id = unmatched(&anchor);
        let whole = json(&anchor, &["incoming", "show", &id]).remove(0);
        let statuses = [&whole["history"][0]["status"], &whole["history"][1]["status"]];
        assert_eq!(statuses, [&json!("received"), &json!("confirmed")]);
        assert_eq!((&whole["kind"], &whole["verdict"]), (&json!("on_chain"), &row["verdict"]));
        assert!(done(&anchor, &["incoming", "show", &id]).contains("  status     confirmed\n"));
        assert!(refused(&anchor, &["incoming", "show", "1"]).contains("no incoming payment 1"));
        assert_eq!(json(&anchor, &["incoming", "list", "--status", "received"]), [json!(null); 0]);
        assert_eq!(json(&anchor, &["incoming", "list", "--status", "confirmed"]).len(), 1);
        let gone = refused(&anchor, &["incoming", "assign", "1", "w", "--reason", "looked"]);
        assert!(gone.contains("there is no incoming payment 1"), "{gone}");
        let gone = refused(&anchor, &["incoming", "assign", &id, "x", "--reason", "looked"]);
        assert!(gone.contains("there is no transfer x"), "{gone}");
        // A person accepts the other amount with it.
        let told = done(&anchor, &["incoming", "assign", &id, "w", "--reason", "he mistyped"]);
        assert_eq!(told, "w was pending_user_transfer_start, and is pending_anchor\n");
        let again = refused(&anchor, &["incoming", "assign", &id, "w", "--reason", "looked"]);
        assert!(again.contains("w is pending_anchor, and takes no money"), "{again}");
        let both = refused(&anchor, &["incoming", "refund", &id, "--reason", "too"]);
        assert!(both.contains(&id), "{both}");
        anchor.transfers.pay(&[]).expect(0);
        assert_eq!(anchor.transfers.status("w"), "completed");
        assert_eq!(anchor.transfers.bank.payouts()[0].amount.to_string(), "7.50");
        assert_eq!(json(&anchor, &["incoming", "list"]), Vec::<serde_json::Value>::new());
        let all =
            json(&anchor, &["incoming", "list", "--all", "--place", "stellar", "--since", "1h"]);
        assert_eq!(
            (&all[0]["resolution"], &all[0]["transfer_id"]),
            (&json!("assigned"), &json!("w"))
        );
        assert_eq!(all[0]["claimant"], json!({ "kind": "transfer", "shop": null, "id": "w" }));
        anchor.check_books();
    });
}

#[test]
fn unmatched_money_goes_back_to_where_it_came_from() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.pays(&customer, "8", 70);
        anchor.watch();
        let id = unmatched(&anchor);
        let told = json(&anchor, &["incoming", "refund", &id, "--reason", "no such customer"]);
        check_keys(&told[0], "incoming_id, refund_id");
        let twice = refused(&anchor, &["incoming", "refund", &id, "--reason", "again"]);
        assert!(twice.contains(&id), "{twice}");
        anchor.send();
        let paid = anchor.paid();
        assert_eq!(paid.len(), 1);
        assert_eq!(
            (&paid[0].to, paid[0].amount, paid[0].memo_type),
            (&customer.account(), 8 * ONE, "return")
        );
        assert_eq!(paid[0].asset, usdc());
        anchor.send();
        assert_eq!(anchor.paid().len(), 1);
        anchor.check_books();
    });
}

#[test]
fn another_asset_is_no_money_for_a_transfer() {
    let anchor = Anchor::new(Kind::Sqlite);
    let customer = anchor.rich_customer("customer");
    anchor.create(&anchor.withdrawal("w", 7));
    let (asset, amount) = ("native".to_owned(), "5".to_owned());
    let memo = CustomerMemo::Id(7);
    anchor.horizon.pay(&customer, &CustomerPayment { to: us(), asset, amount, memo }).unwrap();
    anchor.watch();
    let told = done(&anchor, &["explain", "w"]);
    assert!(told.contains("came for it, and is of another asset than it takes"), "{told}");
    let id = unmatched(&anchor);
    let wrong = refused(&anchor, &["incoming", "assign", &id, "w", "--reason", "looked"]);
    assert!(wrong.contains("5.0000000 native came") || wrong.contains("5 native came"), "{wrong}");
    done(&anchor, &["incoming", "refund", &id, "--reason", "lumens"]);
    anchor.send();
    let paid = anchor.paid();
    assert_eq!((paid.len(), paid[0].asset.as_str(), paid[0].amount), (1, "native", 5 * ONE));
    assert_eq!(anchor.transfers.status("w"), "pending_user_transfer_start");
    anchor.check_books();
}

#[test]
fn too_little_for_the_fee_is_not_accepted() {
    let anchor = Anchor::new(Kind::Sqlite);
    let customer = anchor.rich_customer("customer");
    anchor.create(&anchor.withdrawal("w", 7));
    anchor.pays(&customer, "0.40", 70);
    anchor.watch();
    let told =
        refused(&anchor, &["incoming", "assign", &unmatched(&anchor), "w", "--reason", "looked"]);
    assert!(
        told.contains("does not cover the fee of 0.50") && told.contains("nothing would go out"),
        "{told}"
    );
}
