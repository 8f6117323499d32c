//! Orders of files: all of them or none, and each bad line by its number.

use super::{Shops, claim, on_both};
use crate::support::databases::Kind;

fn line(id: &str, price: &str) -> String {
    format!(r#"{{"shop": "web", "order_id": "{id}", "price": "{price}", "customer_id": "alice"}}"#)
}

#[test]
fn all_orders_of_a_file_are_taken_or_none() {
    on_both(|shops| {
        let bad = [
            line("1", "10"),
            line("2", "-1"),
            "[]".to_owned(),
            line("1", "11"),
            r#"{"shop": "wub", "order_id": "3", "prise": "1"}"#.to_owned(),
            r#"{"shop": "web", "order_id": "4", "price": "1", "status": "paid"}"#.to_owned(),
            r#"{"shop": "web", "order_id": "5", "price": "1", "original_price": "1.999", "currency": "USD"}"#
                .to_owned(),
            r#"{"shop": "web", "order_id": "6", "price": "1", "asset": "usdc"}"#.to_owned(),
        ];
        let file = shops.file("bad.jsonl", &bad.join("\n"));
        let ended = shops.run(&["orders", "import", &file]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        for (number, words) in [
            (2, "price: "),
            (3, "not a JSON object"),
            (4, "line 1 has the same shop and order_id"),
            (5, "no field `prise`; is it price?"),
            (5, "no shop `wub`"),
            (6, "status: it is paid"),
            (7, "more than 2 decimals"),
            (8, "has no asset usdc"),
        ] {
            let lead = format!("line {number}: ");
            let is_it = |line: &str| line.contains(&lead) && line.contains(words);
            assert!(ended.stderr.lines().any(is_it), "{number}: {words}\n{}", ended.stderr);
        }
        assert!(ended.stderr.contains("7 lines are wrong: nothing was imported"));
        assert_eq!(shops.world.count("orders"), 0);
        let good = shops.file("good.jsonl", &[line("1", "10"), line("2", "20")].join("\n"));
        let checked = shops.done(&["orders", "import", &good, "--check"]);
        assert_eq!(checked, "checked 2 orders, created none\n");
        assert_eq!(shops.world.count("orders") + shops.world.count("audit"), 0);
        assert_eq!(shops.done(&["orders", "import", &good]), "imported 2 orders\n");
        let again = shops.one(&["orders", "import", &good]);
        assert_eq!((&again["imported"], &again["known"]), (&0.into(), &2.into()));
        // What only the database knows has the line's number too.
        let alt = r#"{"shop": "web", "order_id": "8", "price": "1", "alt_id": "x"}"#;
        let both = shops.file("alt.jsonl", &[alt, &alt.replace('8', "9")].join("\n"));
        let told = shops.run(&["orders", "import", &both]).stderr;
        assert!(told.contains("line 2: alt_id is order web/8's already"), "{told}");
        assert_eq!(shops.world.count("orders"), 2);
    });
}

#[test]
fn what_a_list_prints_is_imported() {
    on_both(|shops| {
        let ways =
            ["--alt-id", "#7", "--memo", "two\nlines, \"quoted\"", "--original-price", "15.9"];
        shops.order("7", "198.75", &[&ways[..], &["--currency", "USD"]].concat());
        shops.order(
            "8",
            "10",
            &["--customer", "alice", "--pay-to", "address", "--address", "0xab"],
        );
        let other = Shops::new(Kind::Sqlite);
        for (format, name) in [("json", "list.jsonl"), ("csv", "list.csv")] {
            let told = shops.done(&["orders", "list", "--format", format]);
            let file = shops.file(name, &told);
            let checked = other.done(&["orders", "import", &file, "--check"]);
            assert_eq!(checked, "checked 2 orders, created none\n", "{format}");
        }
        let file = shops.world.folder.path().join("list.csv");
        other.done(&["orders", "import", file.to_str().unwrap()]);
        let without = |mut row: serde_json::Value| {
            row["expires_at"].take();
            row
        };
        let both = [shops.json(&["orders", "list"]), other.json(&["orders", "list"])];
        let [ours, theirs] = both.map(|rows| rows.into_iter().map(without).collect::<Vec<_>>());
        assert_eq!(ours, theirs);
    });
}

#[test]
fn a_signed_note_says_who_pays() {
    let shops = Shops::new(Kind::Sqlite);
    let order = |memo: &str| {
        let memo = serde_json::Value::from(memo).to_string();
        format!(r#"{{"shop": "till", "order_id": "alice001", "price": "2400", "memo": {memo}}}"#)
    };
    let forged = claim().replace("92e9", "92e8");
    let other = shops.file("forged.jsonl", &order(&forged).replace("till", "web"));
    shops.done(&["orders", "import", &other]);
    let file = shops.file("signed.jsonl", &order(&claim()));
    shops.done(&["orders", "import", &file]);
    let forged = shops.one(&["orders", "show", "alice001", "--shop", "web"]);
    assert_eq!((&forged["status"], &forged["claimant"]), (&"unclaimed".into(), &().into()));
    let signed = shops.one(&["orders", "show", "alice001", "--shop", "till"]);
    assert_eq!((&signed["status"], &signed["claimant"]), (&"new".into(), &super::ALICE.into()));
    assert_eq!(signed["payers"][0]["origin"], "shop");
}

#[test]
fn a_seed_is_neither_stored_nor_printed() {
    let shops = Shops::new(Kind::Sqlite);
    let seed = railpoll_sandbox::horizon::Keys::of("customer").seed();
    let line = line("1", "1").replace("alice", &seed);
    let file = shops.file("seed.jsonl", &line);
    let ended = shops.run(&["orders", "import", &file]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("holds a secret") && !ended.stderr.contains(&seed));
    assert_eq!(shops.world.count("orders"), 0);
}
