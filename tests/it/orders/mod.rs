//! `railpoll orders`, `customers`, `books` and `wallets`, as an operator uses them.

mod books;
mod decide;
mod import;
mod killed;
mod look;
mod money;

use std::fs;
use std::process::Command;
use std::thread;

use serde_json::Value;

use crate::support::databases::Kind;
use crate::support::world::{Ended, World, finish};

/// The wallet that reports, whose address customers pay.
const TILL: &str = "14z3iHvgokZcXmokAYQKveeJ4rMqSGtPahrC2CPvx63UQmG";
/// The wallet of alice.
const ALICE: &str = "14wqR3rjyVbjgXDyLVaL97p3CksHc84cz9hLLMMTMYDjtBt";
/// Her signature under the order `alice001`.
const CLAIM: &str = "92e9d026e3a4e785ade1ab81e69204bf30c256966964f8f048ec9f06018f1c00ab7ff501a5e0bd7135f38d3e631bc57f851e6f0788f9edc0f908a42d16047701";
/// What most of the commands need.
const WHY: [&str; 4] = ["--by", "ann", "--reason", "ann looked"];

/// A network whose wallets report, an asset on it, and two shops that sell for it.
const CONFIG: &str = r#"
    [networks.tari]
    kind = "tari"
    [assets.xtr]
    network = "tari"
    account = "14z3iHvgokZcXmokAYQKveeJ4rMqSGtPahrC2CPvx63UQmG"
    [shops.web]
    assets = ["xtr"]
    [shops.till]
    kind = "tari"
    assets = ["xtr"]
"#;

/// Shops, and what comes of their orders.
pub(crate) struct Shops {
    pub(crate) world: World,
}

impl Shops {
    pub(crate) fn new(kind: Kind) -> Self {
        let world = World::new(kind);
        world.configure("receiving", CONFIG);
        let shops = Self { world };
        shops.done(&["migrate"]);
        shops
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.world.command("railpoll", &[]);
        command.args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Ended {
        finish(&mut self.command(words))
    }

    /// Runs it, and expects that it was done. What it said.
    #[track_caller]
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let ended = self.run(words);
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        ended.stdout
    }

    /// The same, with who decides and why.
    #[track_caller]
    fn decided(&self, words: &[&str]) -> String {
        self.done(&[words, &WHY].concat())
    }

    /// Runs it, and expects that it was refused with this code. What it said.
    #[track_caller]
    fn refused(&self, code: &str, words: &[&str]) -> String {
        let ended = self.run(&[words, &["--json"]].concat());
        assert_eq!(ended.code, Some(1), "{words:?}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout, "", "{words:?}");
        let error: Value = serde_json::from_str(ended.stderr.lines().next().unwrap()).unwrap();
        assert_eq!(error["code"], code, "{words:?}: {}", ended.stderr);
        error["error"].as_str().unwrap().to_owned()
    }

    /// The objects that it prints with `--json`.
    #[track_caller]
    fn json(&self, words: &[&str]) -> Vec<Value> {
        let told = self.done(&[words, &["--json"]].concat());
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The only one of them.
    #[track_caller]
    fn one(&self, words: &[&str]) -> Value {
        let mut all = self.json(words);
        assert_eq!(all.len(), 1, "{words:?}: {all:?}");
        all.remove(0)
    }

    /// An order of the shop `web`.
    #[track_caller]
    fn order(&self, id: &str, price: &str, more: &[&str]) {
        let words = ["orders", "create", "--shop", "web", "--id", id, "--price", price];
        self.done(&[&words, more].concat());
    }

    /// Credit for a customer of the shop `web`.
    #[track_caller]
    fn credit(&self, customer: &str, amount: &str) {
        let whom = ["orders", "credit", "--shop", "web", "--customer", customer];
        self.decided(&[&whom[..], &["--amount", amount]].concat());
    }

    /// Where an order stands.
    #[track_caller]
    fn status(&self, id: &str) -> String {
        self.one(&["orders", "show", id])["status"].as_str().unwrap().to_owned()
    }

    /// Writes a file, and tells its name.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.world.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Runs `scenario` on each kind of database, both at once.
fn on_both(scenario: impl Fn(&Shops) + Sync) {
    thread::scope(|scope| {
        for kind in [Kind::Sqlite, Kind::Postgres] {
            let scenario = &scenario;
            let run = move || scenario(&Shops::new(kind));
            let name = format!("orders on {kind}");
            thread::Builder::new().name(name).spawn_scoped(scope, run).unwrap();
        }
    });
}

/// What alice has signed for the order `alice001`.
fn claim() -> String {
    serde_json::json!({ "address": ALICE, "order_id": "alice001", "signature": CLAIM }).to_string()
}
