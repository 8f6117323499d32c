//! Looking: one, many, all of a story, and why.

use railpoll_sandbox::horizon::Keys;
use serde_json::json;

use super::{check_keys, done, json, refused};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::world::finish;

const TRANSFER: &str = "transfer_id, kind, protocol, status, version, asset, network, rail, currency, amount_expected, \
    amount_in, amount_out, amount_fee, rail_fee, from, to, account, memo_type, memo, subject, beneficiary, rail_reference, \
    network_reference, reason, reason_code, deadline, created_at, updated_at, completed_at";

#[test]
fn one_is_created_by_its_flags() {
    let anchor = Anchor::new(Kind::Sqlite);
    let to = Keys::of("customer").account();
    let told = done(
        &anchor,
        &[
            "create",
            "--id",
            "t-1",
            "--kind",
            "deposit",
            "--protocol",
            "sep24",
            "--asset",
            "usdc",
            "--amount-expected",
            "10.50",
            "--subject",
            "RP 1",
            "--to",
            &to,
            "--memo-type",
            "id",
            "--memo",
            "7",
            "--deadline",
            "2099-01-31",
        ],
    );
    assert_eq!(told, "created deposit t-1: it is pending_user_transfer_start\n");
    let row = json(&anchor, &["list"]).remove(0);
    check_keys(&row, TRANSFER);
    let wanted = json!({
        "transfer_id": "t-1", "kind": "deposit", "protocol": "sep24", "version": 1, "asset": "usdc",
        "network": "stellar", "rail": "bank", "currency": "USD", "amount_expected": "10.50",
        "to": to, "memo_type": "id", "memo": "7", "subject": "RP 1", "account": null,
    });
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(row[key], *value, "{key}");
    }
    let again = refused(
        &anchor,
        &["create", "--id", "t-1", "--kind", "deposit", "--asset", "usdc", "--to", &to],
    );
    assert!(again.contains("there is a transfer with its transfer_id"), "{again}");
    let bad = refused(&anchor, &["create", "--kind", "withdrawal", "--memo", "7"]);
    for fault in ["asset is missing", "memo and memo_type belong together"] {
        assert!(bad.contains(fault), "{bad}");
    }
    let named = json(
        &anchor,
        &["create", "--kind", "withdrawal", "--asset", "usdc", "--memo-type", "id", "--memo", "9"],
    );
    check_keys(&named[0], "transfer_id, status");
    assert_eq!(named[0]["transfer_id"].as_str().unwrap().len(), 36);
}

#[test]
fn pages_of_a_list_have_all_of_it_once() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = Keys::of("customer").account();
        for n in 0..5 {
            anchor.create(&anchor.expected_deposit(&format!("d-{n}"), &to));
            anchor.create(&anchor.withdrawal(&format!("w-{n}"), n));
        }
        let mut seen: Vec<String> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut words = vec!["list", "--limit", "4"];
            words.extend(after.as_deref().map(|after| ["--after", after]).into_iter().flatten());
            let rows = json(&anchor, &words);
            let text = |key: &str| rows.last().map(|row| row[key].as_str().unwrap().to_owned());
            seen.extend(rows.iter().map(|row| row["transfer_id"].as_str().unwrap().to_owned()));
            after =
                text("created_at").zip(text("transfer_id")).map(|(at, id)| format!("{at}/{id}"));
            if rows.len() < 4 {
                break;
            }
        }
        assert_eq!(seen.len(), 10, "{seen:?}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10, "{seen:?}");
        let table = done(&anchor, &["list", "--limit", "4"]);
        assert!(table.contains("more: ") && table.contains("--after "), "{table}");
        assert_eq!(json(&anchor, &["list", "--kind", "deposit"]).len(), 5);
        assert_eq!(json(&anchor, &["list", "--status", "on_hold"]).len(), 0);
        assert_eq!(json(&anchor, &["list", "--rail", "bank", "--since", "1h"]).len(), 10);
        let nowhere = super::run(&anchor, &["list", "--network", "nowhere"]).expect(64);
        assert!(nowhere.stderr.contains("there is no network nowhere"), "{}", nowhere.stderr);
    });
}

#[test]
fn a_story_tells_every_status_and_all_that_carried_it_out() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.deposit("d", &customer.account()));
        anchor.create(&anchor.withdrawal("w", 7));
        anchor.pays(&customer, "10", 7);
        anchor.watch();
        anchor.send();
        anchor.transfers.pay(&[]).expect(0);
        let deposit = json(&anchor, &["show", "d"]).remove(0);
        check_keys(
            &deposit,
            &format!(
                "{TRANSFER}, payment, not_before, history, payouts, envelopes, refunds, incoming"
            ),
        );
        assert_eq!(deposit["status"], "completed");
        let statuses: Vec<&str> = deposit["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["status"].as_str().unwrap())
            .collect();
        assert_eq!(statuses, ["pending_anchor", "pending_stellar", "completed"]);
        check_keys(
            &deposit["history"][0],
            "status, reached_at, recorded_at, cause, reason, decided_by",
        );
        let envelope = &deposit["envelopes"][0];
        check_keys(
            envelope,
            "envelope_id, network, source_account, sequence, status, attempts, fee, max_time, ledger, result, \
             created_at, sent_at, finished_at, payments",
        );
        assert_eq!(
            (&envelope["status"], &envelope["payments"][0]["transfer_id"]),
            (&json!("done"), &json!("d"))
        );
        let withdrawal = json(&anchor, &["show", "w"]).remove(0);
        assert_eq!(withdrawal["status"], "completed");
        check_keys(
            &withdrawal["payouts"][0],
            "payout_id, purpose, place, amount, currency, status, attempts, reference, answer, intended_at, tried_at, \
             finished_at",
        );
        assert_eq!(withdrawal["payouts"][0]["amount"], "9.50");
        check_keys(
            &withdrawal["incoming"][0],
            "place, incoming_id, account, from, amount, asset_id, memo_type, memo, subject, muxed_id, reference, \
             received_at, recorded_at, status, confirmed_at, verdict, claimant, transfer_id, resolution",
        );
        let told = done(&anchor, &["show", "w"]);
        for word in ["Transfer w", "Statuses", "Payouts", "Incoming", "matched"] {
            assert!(told.contains(word), "{word}: {told}");
        }
        let told = done(&anchor, &["show", "d"]);
        assert!(told.contains("Envelopes") && !told.contains("Payouts"), "{told}");
        assert!(refused(&anchor, &["show", "x"]).contains("there is no transfer x"));
    });
}

#[test]
fn an_explanation_names_who_acts_next() {
    let anchor = Anchor::new(Kind::Sqlite);
    let to = Keys::of("customer").account();
    anchor.create(&anchor.expected_deposit("d", &to));
    anchor.create(&anchor.withdrawal("w", 7));
    let told = done(&anchor, &["explain", "d", "w"]);
    for words in [
        "d is pending_user_transfer_start",
        "pending-deposits asks rail bank whether it has come",
        "watch sees it when it reaches stellar",
        "the poller watch is switched off here",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let object = json(&anchor, &["explain", "w"]).remove(0);
    check_keys(&object, "transfer_id, status, reason, next, at, switched_off, silent");
    assert_eq!((&object["switched_off"], &object["silent"]), (&json!("watch"), &json!(null)));
    let ended = super::run(&anchor, &["explain", "x", "w"]).expect(1);
    assert!(ended.stderr.contains("there is no transfer x") && ended.stdout.contains("w is "));
}

#[test]
fn an_explanation_tells_that_nobody_runs_who_would_act() {
    let anchor = Anchor::new(Kind::Sqlite);
    anchor.create(&anchor.withdrawal("w", 7));
    let watch = ["pollers.watch.enabled=true", "pollers.watch.fixed_delay=10m"];
    let explained = |flags: &[&str]| {
        let mut command = anchor.transfers.world.command("railpoll", &watch);
        finish(command.args(["transfers", "explain", "w"]).args(flags)).expect(0).stdout
    };
    let silent = || {
        let told: serde_json::Value = serde_json::from_str(&explained(&["--json"])).unwrap();
        assert_eq!(told["switched_off"], json!(null));
        told["silent"].clone()
    };
    assert_eq!(silent(), "watch");
    assert!(explained(&[]).contains("nobody runs watch"), "{}", explained(&[]));
    finish(&mut anchor.watching(&watch[1..])).expect(0);
    assert_eq!(silent(), json!(null), "it was there a moment ago");
    assert!(!explained(&[]).contains("nobody runs"), "{}", explained(&[]));
}

#[test]
fn status_counts_what_is_open() {
    let anchor = Anchor::new(Kind::Sqlite);
    let to = Keys::of("customer").account();
    anchor.create(&anchor.expected_deposit("d", &to));
    anchor.create(&anchor.withdrawal("w", 7));
    anchor.create(&anchor.deposit("in", &to));
    let status = |words: &[&str]| {
        let mut command =
            anchor.transfers.world.command("railpoll", &["pollers.outgoing.enabled=true"]);
        finish(command.arg("status").args(words)).expect(0).stdout
    };
    let object: serde_json::Value = serde_json::from_str(status(&["--json"]).trim()).unwrap();
    assert_eq!((&object["poller"], &object["place"]), (&json!("outgoing"), &json!("bank")));
    assert_eq!(
        object["transfers"],
        json!({ "pending_anchor": 1, "pending_user_transfer_start": 2 })
    );
    let told = status(&[]);
    assert!(told.contains("TRANSFERS") && told.contains("pending_user_transfer_start"), "{told}");
}
