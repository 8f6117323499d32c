//! Records that are told otherwise than they should be: read exactly or set aside, and nothing behind them is held up.

use railpoll_sandbox::horizon::{CustomerMemo, CustomerPayment, Keys};
use serde_json::{Value, json};

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds, us, usdc};
use crate::support::world::{finish, until_true};

/// The payment with this place is told otherwise.
fn distort(anchor: &Anchor, place: &str, how: impl Fn(&mut Value) + Send + Sync + 'static) {
    let place = place.to_owned();
    anchor.horizon.distort(move |told| {
        if told["id"] == json!(place) {
            how(told);
        }
    });
}

fn newest(anchor: &Anchor) -> String {
    anchor.horizon.payments_to(&us()).pop().unwrap().id.to_string()
}

/// Sub-account 9 is paid, with memo 7 beside it, and its number is told as a number, as anything else, or not in time.
#[test]
fn the_number_of_a_sub_account_decides_whatever_its_type() {
    on_both_kinds(|kind| {
        for (told, verdicts, set_aside) in [
            (json!(9), &["matched nine"][..], 0),
            (json!("9"), &["matched nine"], 0),
            (json!(9.5), &[], 1),
            (json!({ "id": 9 }), &[], 1),
            (json!("nine"), &[], 1),
        ] {
            let anchor = Anchor::new(kind);
            let customer = anchor.rich_customer("customer");
            anchor.create(&anchor.withdrawal("seven", 7));
            anchor.create(&anchor.withdrawal("nine", 9));
            let payment = CustomerPayment {
                to: Keys::of("distribution").muxed(9),
                asset: usdc(),
                amount: "10".to_owned(),
                memo: CustomerMemo::Id(7),
            };
            anchor.horizon.pay(&customer, &payment).unwrap();
            let number = told.clone();
            distort(&anchor, &newest(&anchor), move |record| {
                record["to_muxed_id"] = number.clone()
            });
            anchor.watch();
            assert_eq!(anchor.verdicts(), verdicts, "{told}");
            assert_eq!(anchor.transfers.world.count("quarantine"), set_aside, "{told}");
            assert_eq!(anchor.transfers.status("seven"), "pending_user_transfer_start", "{told}");
            // Once it is told as it should be, it can be asked for again.
            anchor.horizon.tell_rightly();
            if set_aside > 0 {
                let world = &anchor.transfers.world;
                finish(world.command("railpoll", &[]).args(["quarantine", "retry", "1"])).expect(0);
                assert_eq!(world.count("audit WHERE action = 'quarantine.retry'"), 1);
            }
            assert_eq!(anchor.verdicts(), ["matched nine"], "{told}");
            anchor.check_books();
        }
    });
}

/// Whom it goes to, what it is and whether it happened: what is told in another way is kept, and never passed over.
#[test]
fn what_may_be_money_is_never_passed_over() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let fields = ["to", "type", "transaction_successful", "asset_code", "amount", "created_at"];
        let mut places = Vec::new();
        for n in 0..fields.len() {
            anchor.pays(&customer, "1", u64::try_from(n).unwrap());
            places.push(newest(&anchor));
        }
        anchor.pays(&customer, "1", 99);
        anchor.horizon.distort(move |told| {
            for (place, field) in places.iter().zip(fields) {
                if told["id"] == json!(place) {
                    told[field] = json!({ "odd": true });
                }
            }
        });
        anchor.watch();
        let world = &anchor.transfers.world;
        assert_eq!(world.count("quarantine"), fields.len());
        assert_eq!(anchor.verdicts(), ["unknown_memo"], "what is behind them is booked");
        assert!(world.alerts().contains(&"quarantined stands".to_owned()));
    });
}

/// A record that does not say where it stands is set aside, and what is behind it is booked: by page and by stream.
#[test]
fn a_record_without_a_place_holds_nothing_up() {
    on_both_kinds(|kind| {
        for streams in [false, true] {
            for takes_id in [false, true] {
                let anchor = Anchor::new(kind);
                let customer = anchor.rich_customer("customer");
                anchor.create(&anchor.withdrawal("first", 1));
                anchor.create(&anchor.withdrawal("second", 2));
                anchor.horizon.distort(move |told| {
                    if told["transaction"]["memo"] == json!("7") {
                        let record = told.as_object_mut().unwrap();
                        record.remove("paging_token");
                        if takes_id {
                            record.remove("id");
                        }
                    }
                });
                let pay = || {
                    anchor.pays(&customer, "10", 1);
                    anchor.pays(&customer, "10", 7);
                    anchor.pays(&customer, "10", 2);
                };
                if streams {
                    let daemon = anchor.start_watching();
                    until_true("a stream", || anchor.horizon.streams() == 1);
                    pay();
                    until_true("the last", || anchor.verdicts().len() == 2);
                    daemon.signal("TERM");
                    assert_eq!(daemon.ended().code, Some(0));
                } else {
                    pay();
                    anchor.watch();
                }
                assert_eq!(anchor.verdicts(), ["matched first", "matched second"]);
                let world = &anchor.transfers.world;
                assert_eq!(world.count("quarantine"), 1, "{streams} {takes_id}");
                assert_eq!(anchor.transfers.status("second"), "pending_anchor");
                // Alone at the end, too: the next comes behind it.
                anchor.pays(&customer, "10", 7);
                anchor.watch();
                anchor.create(&anchor.withdrawal("third", 3));
                anchor.pays(&customer, "10", 3);
                anchor.watch();
                assert_eq!(anchor.transfers.status("third"), "pending_anchor");
                assert_eq!(world.count("quarantine"), 2, "{streams} {takes_id}");
            }
        }
    });
}

/// The same before its place: it is told without its transaction, or it keeps all that is behind it from us. Then what came
/// before is booked, its account alone is put off, and nothing expires that may have been paid behind it.
#[test]
fn a_record_that_is_too_large_alone_and_tells_its_place_late_or_never() {
    for is_with_transaction in [true, false] {
        let anchor = Anchor::new(Kind::Sqlite);
        let customer = anchor.rich_customer("customer");
        let mut places = Vec::new();
        for memo in 1..=3 {
            anchor.create(&anchor.withdrawal(&format!("w{memo}"), memo));
            anchor.pays(&customer, "10", memo);
            places.push(newest(&anchor));
        }
        // Keys come in the order of the alphabet: its place comes behind it.
        distort(&anchor, &places[1], move |record| {
            if !is_with_transaction || record.get("transaction").is_some() {
                record["a"] = json!("x".repeat(33 << 20));
            }
        });
        let patient = ["networks.stellar.timeout=50s"];
        let world = &anchor.transfers.world;
        for _ in 0..3 {
            finish(&mut anchor.watching(&patient)).expect(0);
            world.sql("UPDATE put_off SET not_before = since");
        }
        if is_with_transaction {
            assert_eq!(anchor.verdicts(), ["matched w1", "matched w3"]);
            assert_eq!(world.texts("SELECT payment_id FROM quarantine"), [places[1].clone()]);
            assert_eq!(world.alerts(), ["quarantined stands"]);
            continue;
        }
        assert_eq!(anchor.verdicts(), ["matched w1"], "what came before it");
        assert_eq!(world.texts("SELECT subject FROM put_off"), [format!("account/{}", us())]);
        assert_eq!(world.alerts(), ["put_off stands"]);
        let detail = world.texts("SELECT detail FROM alerts").remove(0);
        assert!(detail.contains(&places[0]) && detail.contains("not seen"), "{detail}");
        anchor.horizon.tell_rightly();
        finish(&mut anchor.watching(&patient)).expect(0);
        assert_eq!(anchor.verdicts().len(), 3, "once it can be read");
    }
}

/// Three payments on a page that is too large, one of which is so alone: it is set aside, and what is behind it comes in.
#[test]
fn a_record_that_is_too_large_alone() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let mut places = Vec::new();
        for memo in 1..=3 {
            anchor.create(&anchor.withdrawal(&format!("w{memo}"), memo));
            anchor.pays(&customer, "10", memo);
            places.push(newest(&anchor));
        }
        distort(&anchor, &places[1], |record| record["zzz"] = json!("x".repeat(33 << 20)));
        let patient = ["networks.stellar.timeout=50s"];
        finish(&mut anchor.watching(&patient)).expect(0);
        assert_eq!(anchor.verdicts(), ["matched w1", "matched w3"]);
        let world = &anchor.transfers.world;
        let reason = world.texts("SELECT reason FROM quarantine").remove(0);
        assert!(reason.contains("33554432"), "{reason}");
        assert_eq!(world.alerts(), ["quarantined stands"]);
        anchor.horizon.tell_rightly();
        finish(world.command("railpoll", &[]).args(["quarantine", "retry", "1"])).expect(0);
        assert_eq!(anchor.verdicts().len(), 3, "once it can be read");
    });
}
