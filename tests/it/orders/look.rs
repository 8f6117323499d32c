//! Lists, stories and explanations.

use super::{Shops, on_both};
use crate::support::databases::Kind;

fn ids(rows: &[serde_json::Value]) -> Vec<&str> {
    rows.iter().map(|row| row["order_id"].as_str().unwrap()).collect()
}

#[test]
fn lists_are_filtered_and_walked_from_either_end() {
    on_both(|shops| {
        for n in 1..=5 {
            let (id, at) = (format!("o-{n}"), format!("2026-01-0{n}"));
            let customer = if n % 2 == 0 { "alice" } else { "bob" };
            let more = ["--customer", customer, "--created-at", &at, "--memo", "a gift"];
            shops.order(&id, &format!("{n}.50"), &more);
        }
        shops.done(&["orders", "create", "--shop", "till", "--id", "o-6", "--price", "1"]);
        let list = |words: &[&str]| shops.json(&[&["orders", "list"], words].concat());
        assert_eq!(ids(&list(&[])), ["o-1", "o-2", "o-3", "o-4", "o-5", "o-6"]);
        assert_eq!(ids(&list(&["--newest", "--limit", "2"])), ["o-6", "o-5"]);
        assert_eq!(ids(&list(&["--customer", "alice"])), ["o-2", "o-4"]);
        assert_eq!(ids(&list(&["--amount", "3.5"])), ["o-3"]);
        assert_eq!(ids(&list(&["--shop", "till"])), ["o-6"]);
        assert_eq!(ids(&list(&["--memo", "gift", "--until", "2026-01-03"])), ["o-1", "o-2"]);
        assert_eq!(ids(&list(&["--since", "2026-01-04", "--shop", "web"])), ["o-4", "o-5"]);
        assert_eq!(ids(&list(&["--status", "paid"])), Vec::<&str>::new());
        assert_eq!(shops.done(&["orders", "list", "--count", "--asset", "xtr"]), "6\n");
        let page = shops.done(&["orders", "list", "--limit", "2"]);
        let more = page.lines().last().unwrap().strip_prefix("more: ").unwrap();
        let token = more.rsplit(' ').next().unwrap();
        assert!(token.ends_with("/web/o-2"), "{more}");
        assert_eq!(ids(&list(&["--limit", "2", "--after", token])), ["o-3", "o-4"]);
        let csv = shops.done(&["orders", "list", "--format", "csv", "--limit", "1"]);
        assert!(csv.starts_with("shop,order_id,alt_id,customer_id,status,price"), "{csv}");
        for wrong in [["--shop", "wub"], ["--asset", "xtx"], ["--status", "New"]] {
            let ended = shops.run(&[&["orders", "list"][..], &wrong].concat());
            assert_eq!(ended.code, Some(64), "{wrong:?}");
        }
        let none = shops.done(&["orders", "list", "--customer", "carol"]);
        assert_eq!(none, "nothing matches --customer carol\n");
    });
}

#[test]
fn an_order_is_found_by_its_beginning_and_by_its_other_name() {
    let shops = Shops::new(Kind::Sqlite);
    shops.order("order-1", "1", &["--alt-id", "#1"]);
    shops.order("order-2", "1", &[]);
    shops.order("9", "1", &[]);
    shops.done(&["orders", "create", "--shop", "till", "--id", "9", "--price", "1"]);
    assert_eq!(shops.one(&["orders", "show", "#1"])["order_id"], "order-1");
    assert_eq!(shops.one(&["orders", "show", "order-2"])["order_id"], "order-2");
    let several = shops.refused("ambiguous", &["orders", "show", "orde"]);
    assert!(several.contains("order-1, order-2"), "{several}");
    let two = shops.refused("ambiguous", &["orders", "show", "9"]);
    assert!(two.contains("--shop"), "{two}");
    assert_eq!(shops.one(&["orders", "show", "9", "--shop", "till"])["shop"], "till");
    shops.refused("not_found", &["orders", "show", "or"]);
}

#[test]
fn an_order_says_why_it_stands_where_it_stands() {
    on_both(|shops| {
        shops.order("1041", "25", &["--customer", "alice"]);
        let explain = |id: &str| shops.one(&["orders", "explain", id]);
        let told = explain("1041");
        assert!(told["reason"].as_str().unwrap().contains("nobody is known"), "{told}");
        assert_eq!(told["missing"], "25");
        assert!(told["at"].is_string(), "when it expires: {told}");
        shops.credit("alice", "10");
        shops.order("1042", "25", &["--customer", "alice"]);
        let told = explain("1042");
        assert_eq!(told["missing"], "15", "{told}");
        assert!(told["payers"][0].as_str().unwrap().contains("has 10 xtr"), "{told}");
        let text = shops.done(&["orders", "explain", "1041", "1042"]);
        assert!(text.contains("web/1042 is new\n  why      credit:web/alice has said"), "{text}");
        shops.decided(&["orders", "cancel", "1042"]);
        let told = explain("1042");
        assert_eq!(told["reason"], "a person has cancelled it: ann looked");
        assert!(told["next"].as_str().unwrap().contains("railpoll orders reset 1042"), "{told}");
    });
}

#[test]
fn what_is_kept_for_another_order_is_told() {
    on_both(|shops| {
        shops.order("alice001", "2600", &["--customer", "alice"]);
        shops.order("1042", "50", &["--customer", "alice"]);
        shops.report_alices_payment();
        let told = shops.one(&["orders", "explain", "1042"]);
        let payer = told["payers"][0].as_str().unwrap();
        assert!(payer.contains("of which 2500.000000 are kept for other orders"), "{told}");
        assert_eq!(told["missing"], "50.000000", "{told}");
        let told = shops.one(&["orders", "explain", "alice001"]);
        assert_eq!(told["missing"].as_str().unwrap().trim_end_matches(".000000"), "100", "{told}");
        let money = told["money"][0].as_str().unwrap();
        assert_eq!(money, "payment001 on tari: 2500.000000 native is final");
        let row = shops.one(&["orders", "list", "--status", "new", "--limit", "1"]);
        assert_eq!(row["received"], "2500.000000");
    });
}

#[test]
fn customers_are_listed_with_what_they_have() {
    on_both(|shops| {
        shops.order("1", "25", &["--customer", "alice"]);
        shops.order("2", "5", &["--customer", "alice"]);
        shops.order("3", "1", &[]);
        shops.credit("bob", "7");
        shops.credit("bob", "-9");
        shops.credit("alice", "10");
        let all = shops.json(&["customers", "list"]);
        let names: Vec<&str> = all.iter().map(|row| row["customer_id"].as_str().unwrap()).collect();
        assert_eq!(names, ["alice", "guest:3", "bob"]);
        assert_eq!(all[0]["orders"]["paid"], 1, "what was small enough");
        assert_eq!(all[0]["credits"][0]["credit"], "5");
        assert_eq!(all[2]["credits"][0]["credit"], "-2", "a debt");
        let newest = shops.json(&["customers", "list", "--newest", "--limit", "1"]);
        assert_eq!(newest[0]["customer_id"], "bob");
        assert_eq!(shops.done(&["customers", "list", "--count"]), "3\n");
        let page = shops.done(&["customers", "list", "--limit", "1"]);
        let token = page.lines().last().unwrap().rsplit(' ').next().unwrap();
        let rest = shops.json(&["customers", "list", "--after", token]);
        assert_eq!(rest.len(), 2, "{page}");
        let alice = shops.one(&["customers", "show", "alic"]);
        assert_eq!(alice["open_orders"][0]["order_id"], "1");
        assert_eq!(alice["payers"][0]["wallet"], "credit:web/alice");
        let text = shops.done(&["customers", "show", "alice"]);
        assert!(text.contains("Customer alice of web") && text.contains("5 xtr"), "{text}");
        shops.refused("not_found", &["customers", "show", "carol"]);
    });
}
