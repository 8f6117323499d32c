//! Money that came in another currency than its deposit's, and money of which the rail does not tell who paid: it is on
//! record, and can go back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::stellar::{Anchor, Setting, on_both_kinds};
use crate::support::world::finish;
use railpoll_sandbox::horizon::HorizonOptions;

/// Runs `railpoll transfers`, and tells what it printed.
#[track_caller]
fn transfers(anchor: &Anchor, words: &[&str]) -> String {
    let mut command = anchor.transfers.world.command("railpoll", &[]);
    finish(command.arg("transfers").args(words)).expect(0).stdout
}

#[track_caller]
fn next(anchor: &Anchor, id: &str) -> String {
    let told = transfers(anchor, &["explain", id, "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    told["next"].as_str().unwrap().to_owned()
}

#[test]
fn money_in_another_currency_is_on_record_and_goes_back() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let (bank, world) = (&anchor.transfers.bank, &anchor.transfers.world);
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.expected_deposit("d", &to));
        bank.receive_as("d", "10.50", "EUR", Some("DE02"), None).unwrap();
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "on_hold");
        let rows = transfers(&anchor, &["incoming", "list", "--json"]);
        let row: Value = serde_json::from_str(rows.trim()).unwrap();
        assert_eq!(
            json!([
                row["amount"],
                row["asset_id"],
                row["from"],
                row["verdict"],
                row["transfer_id"]
            ]),
            json!(["10.50", "EUR", "DE02", "wrong_asset", "d"])
        );
        // Let go on, it is asked about again, and the bank says the same.
        transfers(&anchor, &["release", "d", "--reason", "is it still so?"]);
        anchor.send();
        assert_eq!(anchor.transfers.status("d"), "on_hold");
        assert_eq!(world.count("incoming"), 1, "it came once");
        let id = row["incoming_id"].as_str().unwrap();
        let advice = next(&anchor, "d");
        assert!(advice.contains(&format!("`railpoll transfers incoming refund {id}`")), "{advice}");
        transfers(&anchor, &["incoming", "refund", id, "--reason", "wrong currency"]);
        anchor.transfers.pay(&[]).expect(0);
        let [paid] = &bank.payouts()[..] else { panic!("not one") };
        assert_eq!((paid.amount.to_string(), paid.currency.as_str()), ("10.50".into(), "EUR"));
        assert!(paid.beneficiary.contains("DE02") && paid.is_refund, "{paid:?}");
        assert_eq!((paid.transfer_id.as_deref(), paid.incoming_id.as_deref()), (None, Some(id)));
        let advice = next(&anchor, "d");
        assert!(advice.contains("resolve d --as refunded"), "{advice}");
        transfers(&anchor, &["resolve", "d", "--as", "refunded", "--reason", "it is back"]);
        assert_eq!(anchor.transfers.status("d"), "refunded");
        anchor.check_paid(&[]);
    });
}

#[test]
fn money_of_nobody_goes_back_to_whom_a_person_names() {
    on_both_kinds(|kind| {
        let asset = "overpayment = \"refund\"".to_owned();
        let setting = Setting { asset, ..Setting::default() };
        let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
        let bank = &anchor.transfers.bank;
        let to = anchor.customer("customer").account();
        for id in ["more", "other"] {
            anchor.create(&anchor.expected_deposit(id, &to));
        }
        bank.receive_as("more", "20.00", "USD", None, None).unwrap();
        bank.receive_as("other", "7.00", "EUR", None, None).unwrap();
        anchor.send();
        anchor.transfers.pay(&[]).expect(0);
        assert_eq!(bank.payout_count(), 0, "nobody is ordered to be paid");
        assert_eq!(anchor.transfers.count_in("on_hold"), 2);
        let advice = next(&anchor, "more");
        assert!(advice.contains("`railpoll transfers refund more --beneficiary JSON`"), "{advice}");
        let ada = r#"{"account":"DE07"}"#;
        transfers(&anchor, &["refund", "more", "--beneficiary", ada, "--reason", "she wrote"]);
        let rows = transfers(&anchor, &["incoming", "list", "--json"]);
        let row: Value = serde_json::from_str(rows.trim()).unwrap();
        let id = row["incoming_id"].as_str().unwrap();
        let advice = next(&anchor, "other");
        assert!(advice.contains(&format!("incoming refund {id} --beneficiary JSON")), "{advice}");
        let mut bare = anchor.transfers.world.command("railpoll", &[]);
        let bare = finish(bare.args(["transfers", "incoming", "refund", id, "--reason", "back"]));
        assert_eq!(bare.code, Some(1));
        assert!(bare.stderr.contains("--beneficiary"), "{}", bare.stderr);
        transfers(&anchor, &["incoming", "refund", id, "--beneficiary", ada, "--reason", "so"]);
        anchor.transfers.pay(&[]).expect(0);
        // Both are ordered side by side.
        let paid: BTreeSet<_> =
            bank.payouts().into_iter().map(|one| (one.currency, one.is_refund)).collect();
        assert_eq!(paid, BTreeSet::from([("EUR".to_owned(), true), ("USD".to_owned(), true)]));
        assert!(bank.payouts().iter().all(|one| one.beneficiary.contains("DE07")));
        assert_eq!(anchor.transfers.status("more"), "refunded");
        anchor.check_paid(&[]);
    });
}
