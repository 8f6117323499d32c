//! A command that is killed at each of its commits: what it does is done whole or not at all, and once.

use crate::support::databases::Kind;
use crate::support::world::finish;

use super::{Shops, WHY};

const SIGKILL: i32 = 9;

/// Runs a command that dies at its `n`-th place. False: it lived to its end.
fn dies_at(shops: &Shops, words: &[&str], n: u32) -> bool {
    let ended = finish(shops.command(words).env("RAILPOLL_DIE_AT", n.to_string()));
    let died = ended.signal == Some(SIGKILL);
    assert!(died || ended.code == Some(0), "{words:?}: {}", ended.stderr);
    died
}

/// Kills the command at each place, and runs it again until it is done; tells of `look` how it must be before and after.
fn killed_at_each_place(
    kind: Kind,
    words: &[&str],
    begin: impl Fn(&Shops),
    look: impl Fn(&Shops) -> [String; 2],
) {
    let mut n = 0;
    loop {
        n += 1;
        let shops = Shops::new(kind);
        begin(&shops);
        let [before, _] = look(&shops);
        let died = dies_at(&shops, words, n);
        if died {
            // It was killed before its commit, or after it.
            let [now, done] = look(&shops);
            assert!(now == before || now == done, "killed at {n}: {now}");
        }
        shops.done(words);
        let [now, done] = look(&shops);
        assert_eq!(now, done, "killed at {n}, and done again");
        shops.done(&["books", "check"]);
        if !died {
            break;
        }
    }
    assert!(n > 1 || !cfg!(debug_assertions), "there was no place to die at");
}

/// How many orders there are, and what credit their customer has.
fn told(shops: &Shops) -> String {
    let orders = shops.json(&["orders", "list"]);
    let statuses: Vec<&str> = orders.iter().filter_map(|one| one["status"].as_str()).collect();
    format!("{statuses:?}")
}

fn credit_is_given_once(kind: Kind) {
    let words = ["orders", "credit", "--shop", "web", "--customer", "alice", "--amount", "60"];
    let words = [&words[..], &["--idempotency-key", "k1"], &WHY].concat();
    let begin = |shops: &Shops| {
        shops.order("1", "60", &["--customer", "alice"]);
        shops.order("2", "60", &["--customer", "alice"]);
    };
    let paid = r#"["paid", "unclaimed"]"#.to_owned();
    killed_at_each_place(kind, &words, begin, |shops| [told(shops), paid.clone()]);
}

#[test]
fn credit_that_is_killed_at_each_commit_is_given_once_on_sqlite() {
    credit_is_given_once(Kind::Sqlite);
}

#[test]
fn credit_that_is_killed_at_each_commit_is_given_once_on_postgres() {
    credit_is_given_once(Kind::Postgres);
}

fn imported_whole_or_not_at_all(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.jsonl");
    let line = |n: u32| format!(r#"{{"shop": "web", "order_id": "{n}", "price": "5"}}"#);
    let lines: Vec<String> = (0..40).map(line).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    let words = ["orders", "import", path.to_str().unwrap()];
    let all = format!("{:?}", vec!["unclaimed"; 40]);
    killed_at_each_place(kind, &words, |_| {}, |shops| [told(shops), all.clone()]);
}

#[test]
fn an_import_that_is_killed_at_each_commit_is_whole_or_nothing_on_sqlite() {
    imported_whole_or_not_at_all(Kind::Sqlite);
}

#[test]
fn an_import_that_is_killed_at_each_commit_is_whole_or_nothing_on_postgres() {
    imported_whole_or_not_at_all(Kind::Postgres);
}
