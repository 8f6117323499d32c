//! Files of transfers: all of them or none, and each bad line by its number.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;

use railpoll_sandbox::horizon::Keys;

use super::{command, done, json, refused, run};
use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::world::finish;

/// As many as a night's file has.
const MANY: usize = 4_000;

fn deposit(id: &str) -> String {
    let to = Keys::of("customer").account();
    format!(
        r#"{{"transfer_id": "{id}", "kind": "deposit", "asset": "usdc", "amount_expected": "10.50", "subject": "S {id}", "to": "{to}"}}"#
    )
}

/// Writes a file, and tells its name.
fn file(anchor: &Anchor, name: &str, text: &str) -> String {
    let path = anchor.transfers.world.folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn count(anchor: &Anchor) -> usize {
    anchor.transfers.world.count("transfers")
}

/// Fails unless these lines are named, each with its words, and no other.
#[track_caller]
fn check_named(told: &str, wanted: &[(usize, &str)]) {
    for (line, words) in wanted {
        let lead = format!("line {line}: ");
        assert!(
            told.lines().any(|one| one.contains(&lead) && one.contains(words)),
            "line {line}, {words}:\n{told}"
        );
    }
    let named: Vec<&str> =
        told.lines().filter_map(|line| line.split_once("line ")?.1.split(':').next()).collect();
    let mut named: Vec<usize> = named.iter().filter_map(|number| number.parse().ok()).collect();
    named.dedup();
    let numbers: Vec<usize> = wanted.iter().map(|(line, _)| *line).collect();
    assert_eq!(named, numbers, "{told}");
    assert!(told.contains("nothing was imported"), "{told}");
}

#[test]
fn every_bad_line_of_json_is_named_and_nothing_is_imported() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let good = deposit("a");
        let lines = [
            good.clone(),
            "{".to_owned(),
            String::new(),
            deposit("b").replace("\"subject\"", "\"subjekt\""),
            deposit("c").replace("10.50", "10.505"),
            deposit("d").replace("\"usdc\"", "\"doge\""),
            deposit("e").replace("deposit\",", "gift\","),
            good.replace("S a", "S x"),
            deposit("f").replace("\"G", "\"H"),
            deposit("g").replace("}", ", \"memo\": \"7\"}"),
            deposit("h").replace("\"transfer_id\": \"h\", ", ""),
            r#"{"transfer_id": "i", "kind": "withdrawal", "asset": "usdc"}"#.to_owned(),
            deposit("j"),
        ];
        let name = file(&anchor, "bad.jsonl", &lines.join("\n"));
        let wanted = [
            (2, "not a JSON object"),
            (4, "there is no field `subjekt`; is it subject?"),
            (5, "amount_expected has more than 2 decimals"),
            (6, "there is no asset `doge` in the configuration; there are: lumens, usdc"),
            (7, "there is no kind of transfer `gift`"),
            (8, "line 1 has the same transfer_id"),
            (9, "to: "),
            (10, "memo and memo_type belong together"),
            (11, "transfer_id is missing"),
            (12, "needs account and memo"),
        ];
        check_named(&refused(&anchor, &["import", &name]), &wanted);
        check_named(&refused(&anchor, &["import", &name, "--check"]), &wanted);
        assert_eq!(count(&anchor), 0);
    });
}

#[test]
fn what_only_the_database_knows_is_named_by_its_line_too() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let first = file(&anchor, "first.jsonl", &format!("{}\n{}\n", deposit("a"), deposit("b")));
        assert_eq!(done(&anchor, &["import", &first]), "imported 2 transfers\n");
        let lines = [deposit("c"), deposit("b"), String::new(), deposit("d").replace("S d", "s-A")];
        let second = file(&anchor, "second.jsonl", &lines.join("\n"));
        let wanted = [
            (2, "there is a transfer with its transfer_id"),
            (4, "its subject is taken by transfer a, which is open"),
        ];
        check_named(&refused(&anchor, &["import", &second]), &wanted);
        // A check finds what the import would, and creates nothing where it finds nothing.
        check_named(&refused(&anchor, &["import", &second, "--check"]), &wanted);
        let third = file(&anchor, "third.jsonl", &format!("{}\n{}\n", deposit("e"), deposit("f")));
        let checked = done(&anchor, &["import", &third, "--check"]);
        assert_eq!(checked, "checked 2 transfers, created none\n");
        assert_eq!(count(&anchor), 2);
        anchor.transfers.check_trail("after a refused file");
    });
}

#[test]
fn csv_has_names_quotes_and_line_numbers() {
    let anchor = Anchor::new(Kind::Sqlite);
    let heading = "transfer_id,kind,asset,memo_type,memo,beneficiary,subject";
    let good = r#"w-1,withdrawal,usdc,id,18446744073709551615,"{""iban"": ""DE02"", ""name"": ""A, B""}","two
lines""#;
    let text = format!(
        "{heading}\n{good}\nw-2,withdrawal,usdc,id\nw-3,withdrawal,usdc,id,x,,\nw-4,send,usdc,text,hello,,\n"
    );
    let bad = file(&anchor, "bad.CSV", &text);
    check_named(&refused(&anchor, &["import", &bad]), &[(4, "fields"), (5, "memo: ")]);
    assert_eq!(count(&anchor), 0);
    let text = format!("{heading}\r\n{good}\r\n\r\nw-4,send,usdc,text,hello,,\r\n");
    let good = file(&anchor, "good.csv", &text);
    let checked = done(&anchor, &["import", &good, "--check"]);
    assert_eq!((checked.as_str(), count(&anchor)), ("checked 2 transfers, created none\n", 0));
    assert_eq!(json(&anchor, &["import", &good]), [serde_json::json!({ "imported": 2 })]);
    let rows = json(&anchor, &["list"]);
    assert_eq!(rows[0]["memo"], "18446744073709551615");
    assert_eq!(rows[0]["subject"], "two\nlines");
    assert_eq!(rows[0]["status"], "pending_user_transfer_start");
    assert_eq!((&rows[1]["status"], &rows[1]["kind"]), (&"pending_sender".into(), &"send".into()));
    let beneficiary =
        anchor.transfers.world.texts("SELECT beneficiary FROM transfers WHERE transfer_id = 'w-1'");
    assert_eq!(beneficiary, [r#"{"iban": "DE02", "name": "A, B"}"#]);
    // What only the database knows has the same numbers.
    let wanted = [
        (2, "there is a transfer with its transfer_id"),
        (5, "there is a transfer with its transfer_id"),
    ];
    check_named(&refused(&anchor, &["import", &good]), &wanted);
}

#[test]
fn standard_input_is_a_file_too() {
    let anchor = Anchor::new(Kind::Sqlite);
    let name = file(&anchor, "lines", &deposit("a"));
    let mut import = command(&anchor, &["import", "-"]);
    let ended = finish(import.stdin(Stdio::from(fs::File::open(&name).unwrap()))).expect(0);
    assert_eq!(ended.stdout, "imported 1 transfers\n");
    let gone = refused(&anchor, &["import", "no-such-file"]);
    assert!(gone.contains("no-such-file cannot be read"), "{gone}");
}

#[test]
fn thousands_of_lines_are_one_transaction() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let mut text = String::new();
        for n in 0..MANY {
            writeln!(text, "{}", deposit(&format!("t-{n}"))).unwrap();
        }
        let spoiled = file(&anchor, "spoiled.jsonl", &format!("{text}{}\n", deposit("t-7")));
        let wanted = [(MANY + 1, "line 8 has the same transfer_id")];
        check_named(&refused(&anchor, &["import", &spoiled]), &wanted);
        assert_eq!(count(&anchor), 0);
        let name = file(&anchor, "many.jsonl", &text);
        assert_eq!(done(&anchor, &["import", &name]), format!("imported {MANY} transfers\n"));
        assert_eq!(count(&anchor), MANY);
        anchor.transfers.check_trail("after the import");
        let again = run(&anchor, &["import", &name]).expect(1).stderr;
        assert_eq!(again.matches("there is a transfer with its transfer_id").count(), 100);
        assert!(again.contains(&format!("and {} lines more", MANY - 100)), "{again}");
        assert!(again.contains(&format!("{MANY} lines are wrong")), "{again}");
    });
}

#[test]
fn what_a_list_prints_is_imported() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let to = Keys::of("customer").account();
        anchor.create(&anchor.expected_deposit("d", &to));
        anchor.create(&anchor.withdrawal("w", 7));
        let other = Anchor::new(Kind::Sqlite);
        for (format, name) in [("json", "list.jsonl"), ("csv", "list.csv")] {
            let told = done(&anchor, &["list", "--format", format]);
            let file = anchor.transfers.world.folder.path().join(name);
            fs::write(&file, told).unwrap();
            let told = run(&other, &["import", file.to_str().unwrap(), "--check"]);
            assert_eq!(told.code, Some(0), "{format}: {}", told.stderr);
            assert!(told.stdout.contains("checked 2 transfers"), "{}", told.stdout);
        }
        let file = anchor.transfers.world.folder.path().join("list.jsonl");
        let told = done(&anchor, &["list", "--json"]);
        fs::write(&file, &told).unwrap();
        done(&other, &["import", file.to_str().unwrap()]);
        let without = |mut row: serde_json::Value| {
            for key in ["updated_at", "account"] {
                row[key].take();
            }
            row
        };
        let both = [json(&anchor, &["list"]), json(&other, &["list"])];
        let [ours, theirs] = both.map(|rows| rows.into_iter().map(without).collect::<Vec<_>>());
        assert_eq!(ours, theirs);
        let again = refused(&other, &["import", file.to_str().unwrap()]);
        assert!(again.contains("line 1: ") && again.contains("line 2: "), "{again}");
    });
}

#[test]
fn a_seed_in_an_addresss_place_is_neither_stored_nor_printed() {
    let anchor = Anchor::new(Kind::Sqlite);
    let seed = Keys::of("customer").seed();
    for field in ["from", "to", "account", "subject", "rail_reference"] {
        let line = format!(
            r#"{{"transfer_id": "a", "kind": "withdrawal", "asset": "usdc", "memo_type": "id", "memo": "7", "{field}": "{seed}"}}"#
        );
        let file = file(&anchor, "seed.jsonl", &line);
        for json in [&[][..], &["--json"]] {
            let ended = run(&anchor, &[&["import", file.as_str()][..], json].concat());
            assert_ne!(ended.code, Some(0), "{field}");
            assert!(ended.stderr.contains("holds a secret"), "{field}: {}", ended.stderr);
            let told = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!told.contains(&seed), "{field}: {told}");
        }
    }
    assert_eq!(count(&anchor), 0);
}

#[test]
fn a_seed_that_is_no_word_of_a_command_is_not_printed_back() {
    let anchor = Anchor::new(Kind::Sqlite);
    let seed = Keys::of("customer").seed();
    let refused = [
        run(&anchor, &["show", &seed, "--json"]),
        run(&anchor, &["create", &seed, "--json"]),
        finish(anchor.transfers.outgoing(&[]).arg(&seed)),
        finish(anchor.transfers.outgoing(&[&format!("{seed}=1")]).arg("--once")),
        finish(anchor.pending_deposits(&[]).args(["--log-format", &seed])),
    ];
    for ended in refused {
        assert_ne!(ended.code, Some(0));
        assert!(!ended.stderr.is_empty());
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!told.contains(&seed), "{told}");
    }
}
