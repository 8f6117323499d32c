//! Somebody else is paid than the transfer was made for: by a person's decision, on record, and after another look.

use railpoll_sandbox::bank::Course;
use serde_json::{Value, json};

use super::{done, json, refused};
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::transfers::send;

#[test]
fn another_beneficiary_is_paid_after_a_correction_and_a_release() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let (transfers, bank) = (&anchor.transfers, &anchor.transfers.bank);
        transfers.create(&[send("s")]);
        bank.set_course_for("s", Course::fail("AC04", "the account is closed"));
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status("s"), "error");
        let told = json(&anchor, &["explain", "s"]).remove(0);
        let next = told["next"].as_str().unwrap();
        assert!(next.contains("`railpoll transfers correct s --beneficiary JSON`"), "{next}");
        let new = r#"{"name":"Ada","iban":"DE99"}"#;
        let correct =
            ["correct", "s", "--beneficiary", new, "--reason", "Ada called", "--by", "kim"];
        let was = done(&anchor, &correct);
        assert_eq!(was, "s was error, and is on_hold\n");
        let again = refused(&anchor, &correct);
        assert!(again.contains("has this beneficiary already"), "{again}");
        bank.set_course_for("s", Course::Deliver);
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status("s"), "on_hold", "nothing goes out by that alone");
        done(&anchor, &["release", "s", "--reason", "compared", "--by", "lee"]);
        transfers.pay(&[]).expect(0);
        assert_eq!(transfers.status("s"), "completed");
        let orders = bank.payouts_of("s");
        let paid: Vec<_> = orders.iter().filter(|order| order.status.is_paid()).collect();
        assert_eq!(paid.len(), 1);
        assert!(paid[0].beneficiary.contains("DE99"), "{}", paid[0].beneficiary);
        let mut audit = transfers.world.command("railpoll", &[]);
        let audit =
            crate::support::world::finish(audit.args(["audit", "list", "--json"])).expect(0);
        let rows = audit.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_it = rows.into_iter().find(|row| row["action"] == "transfer.correct").unwrap();
        assert_eq!(of_it["by"], "kim");
        assert_eq!(of_it["reason"], "Ada called");
        assert_eq!(of_it["details"]["beneficiary"], json!({"name": "Ada", "iban": "DE99"}));
        let old = json!({"name": "Ada", "iban": "DE02120300000000202051"});
        assert_eq!(of_it["details"]["beneficiary_was"], old);
        transfers.check_trail("at the end");
    });
}

#[test]
fn what_is_under_way_or_over_pays_nobody_else() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let (transfers, bank) = (&anchor.transfers, &anchor.transfers.bank);
        transfers.create(&[send("slow"), send("paid")]);
        bank.set_course_for("slow", Course::later(1_000, Course::Deliver));
        transfers.pay(&[]).expect(0);
        for id in ["slow", "paid"] {
            let words = ["correct", id, "--beneficiary", r#"{"iban":"X"}"#, "--reason", "no"];
            refused(&anchor, &words);
        }
        let to = anchor.customer("customer").account();
        anchor.create(&anchor.deposit("d", &to));
        let words = ["correct", "d", "--beneficiary", r#"{"iban":"X"}"#, "--reason", "no"];
        refused(&anchor, &words);
        assert!(bank.payouts().iter().all(|order| order.beneficiary.contains("DE02")));
    });
}
