//! The filters of `transfers list` and `transfers incoming list`, on both databases.

use serde_json::Value;

use super::{done, json, run};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds, us, usdc};

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[track_caller]
fn check(anchor: &Anchor, list: &str, key: &str, filters: &str, wanted: &[&str]) {
    let line = format!("{list} {filters}");
    let found: Vec<Value> =
        json(anchor, &words(&line)).into_iter().map(|row| row[key].clone()).collect();
    assert_eq!(found, wanted, "{line}");
    let count = format!("{line} --count");
    if !filters.contains("--newest") && !filters.contains("--limit") {
        assert_eq!(done(anchor, &words(&count)), format!("{}\n", wanted.len()), "{count}");
    }
}

#[test]
fn transfers_and_money_are_found_by_what_a_caller_knows() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let mut named = anchor.expected_deposit("d", &customer.account());
        named.subject = Some("Order 12".to_owned());
        named.amount_expected = Some("77".parse().unwrap());
        for new in [anchor.withdrawal("v", 7), anchor.withdrawal("w", 8), named] {
            anchor.create(&new);
        }
        let hash = anchor.pays(&customer, "10", 7);
        anchor.pays(&customer, "3.5", 70);
        anchor.watch();
        let payer = customer.account();
        let of = |filters: &str, wanted: &[&str]| {
            check(&anchor, "list", "transfer_id", filters, wanted);
        };
        of("--memo 8", &["w"]);
        of("--memo 9", &[]);
        of("--subject order12", &["d"]);
        of("--asset usdc --kind withdrawal", &["v", "w"]);
        of("--amount 77.0", &["d"]);
        of("--amount 10 --kind withdrawal", &["v", "w"]);
        of(&format!("--reference {hash}"), &["v"]);
        of(&format!("--payer {payer}"), &["v"]);
        // They were created at one time, and go by their ids.
        of("--newest --limit 1", &["w"]);
        of("--newest", &["w", "v", "d"]);
        of("--status pending_user_transfer_start --rail bank --network stellar", &["d", "w"]);
        let of = |filters: &str, wanted: &[&str]| {
            check(&anchor, "incoming list --all", "memo", filters, wanted);
        };
        of("--memo 70", &["70"]);
        of("--asset usdc --place stellar", &["7", "70"]);
        of(&format!("--asset {}", usdc()), &["7", "70"]);
        of("--amount 3.50", &["70"]);
        of(&format!("--reference {hash}"), &["7"]);
        of(&format!("--payer {payer} --newest"), &["70", "7"]);
        of(&format!("--payer {}", us()), &[]);
        of("--subject nothing", &[]);
        let empty = done(&anchor, &words("incoming list --memo 7"));
        assert_eq!(empty, "nothing matches --memo 7\n", "there is unmatched money");
    });
}

#[test]
fn a_kind_that_there_is_not_is_a_bad_command_line() {
    let anchor = Anchor::new(Kind::Sqlite);
    for line in ["create --kind withdraw --asset usdc", "list --kind withdraw"] {
        run(&anchor, &words(line)).expect(64);
    }
}
