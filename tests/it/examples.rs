//! The examples of the pages are taken as they stand: sections of a config, answers of a reviewer, files to import, questions
//! to the database.

use std::fs;
use std::process::Command;

use axum::response::IntoResponse as _;
use railpoll_sandbox::PaymentSpec;
use serde_json::Value;

use crate::orders::Shops;
use crate::readme::{blocks, shell_lines};
use crate::reviews::service::{Reply, Service};
use crate::snapshots::story::words as shell_words;
use crate::support::databases::Kind;
use crate::support::stellar::Anchor;
use crate::support::world::{World, binary, finish};

const REVIEW: &str = include_str!("../../docs/review.md");
const TRANSFERS: &str = include_str!("../../docs/transfers.md");
const ORDERS: &str = include_str!("../../docs/orders.md");
const DATABASE: &str = include_str!("../../docs/database.md");

/// A tenant that a page's section is about.
const TENANT: &str = r#"
    [networks.acme]
    kind = "ripplenet"
    base_url = "https://acme.example.com"
    token_url = "https://acme.example.com/oauth/token"
    audience = "urn:acme"
    client_id = "acme"
    client_secret_file = "/etc/railpoll/credentials/acme"
    connector_role = "receiving"
"#;

#[test]
fn every_section_is_read() {
    let sections = [REVIEW, TRANSFERS, ORDERS].map(|page| blocks(page, "toml")).concat();
    assert_eq!(sections.len(), 4);
    for section in sections {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("railpoll.toml");
        fs::write(&config, format!("{TENANT}\n{section}")).unwrap();
        // What has no such name, or no such value, is refused.
        let mut show = Command::new(binary("railpoll"));
        finish(show.args(["config", "show", "--config"]).arg(&config).env_clear()).expect(0);
    }
}

/// The page's answers, each given to one payment.
#[test]
fn every_answer_of_a_reviewer_is_a_decision() {
    let answers =
        blocks(REVIEW, "json").into_iter().filter(|text| text.starts_with("{\"decision\""));
    let answers: Vec<String> = answers.collect();
    assert_eq!(answers.len(), 3);
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(answers.len(), &PaymentSpec::default());
    let given = answers.clone();
    let service =
        Service::start(&world, move |nth, _| Reply::Answer(given[nth].clone().into_response()));
    service.sweep(&world);
    let mut decisions = world.texts("SELECT decision FROM reviews");
    decisions.sort_unstable();
    assert_eq!(decisions, ["approve", "decline", "hold"]);
    // What the page says is asked, is asked.
    let page = blocks(REVIEW, "json").into_iter().find(|text| text.contains("\"user_info\""));
    let page: Value = serde_json::from_str(&page.unwrap()).unwrap();
    let asked = &service.asked()[0].body;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(asked), keys(&page));
}

#[test]
fn every_line_to_import_is_imported() {
    let [lines] = &blocks(TRANSFERS, "json")[..] else { panic!("one block") };
    let anchor = Anchor::new(Kind::Sqlite);
    let world = &anchor.transfers.world;
    let file = world.folder.path().join("transfers.jsonl");
    let customer = anchor.rich_customer("customer").account();
    fs::write(&file, lines.replace("G…", &customer).replace("DE…", "DE02")).unwrap();
    let mut import = world.command("railpoll", &[]);
    finish(import.args(["transfers", "import", "--by", "ann"]).arg(&file)).expect(0);
    assert_eq!(world.count("transfers"), lines.lines().count());
}

#[test]
fn every_order_to_import_is_imported_and_decided_on() {
    let [lines] = &blocks(ORDERS, "json")[..] else { panic!("one block") };
    let shops = Shops::new(Kind::Sqlite);
    let world = &shops.world;
    fs::write(world.folder.path().join("orders.jsonl"), lines).unwrap();
    shops.done(&["orders", "import", "orders.jsonl"]);
    assert_eq!(world.count("orders"), lines.lines().count());
    // Its price is asked of somebody who is known.
    shops.done(&["orders", "reassign", "1041", "--to", "bob", "--reason", "as on the page"]);
    shops.done(&["orders", "cancel", "1041", "--reason", "so that it is known who"]);
    shops.done(&["orders", "reset", "1041", "--reason", "pays it"]);
    let mut decided = 0;
    for line in shell_lines(ORDERS).iter().filter(|line| line.contains("--reason")) {
        let words = shell_words(line);
        if words[1] == "orders" {
            shops.done(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
            decided += 1;
        }
    }
    assert_eq!(decided, 4);
}

#[test]
fn every_question_to_the_database_has_an_answer() {
    let questions = blocks(DATABASE, "sql").into_iter().filter(|text| text.starts_with("SELECT"));
    let questions: Vec<String> = questions.collect();
    assert_eq!(questions.len(), 1, "and the rights of a role, which another test takes");
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind);
        world.sandbox.add_payments(1, &PaymentSpec::default());
        world.once("accepted", &[]).expect(0);
        for question in questions[0].split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let from_the_beginning = question.replace("4711", "0");
            assert!(world.count(&format!("({from_the_beginning}) AS answer")) > 0, "{question}");
        }
    }
}
