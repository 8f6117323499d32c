//! What a sweep says on standard output, and that a dry one does nothing else.

use std::collections::BTreeMap;

use railpoll_sandbox::{PaymentSpec, PaymentState};
use serde_json::Value;

use crate::support::databases::Kind;
use crate::support::world::{World, finish};

const TABLES: [&str; 11] = [
    "payments",
    "payment_documents",
    "status_changes",
    "operations",
    "reviews",
    "events",
    "cursors",
    "leases",
    "sweeps",
    "alerts",
    "quarantine",
];

/// What would be seen of any change.
fn everything(world: &World) -> BTreeMap<&'static str, Vec<String>> {
    let mut all: BTreeMap<_, _> =
        TABLES.map(|table| (table, vec![world.count(table).to_string()])).into();
    let state = "SELECT payment_id || state || version || COALESCE(review, '') || CAST(recorded_at AS text) \
                 FROM payments ORDER BY payment_id";
    all.insert("state", world.texts(state));
    let cursors = "SELECT poller || COALESCE(mode, '') || COALESCE(CAST(watermark AS text), '') \
                   || COALESCE(CAST(next_sweep_at AS text), '') FROM cursors ORDER BY poller";
    all.insert("cursor", world.texts(cursors));
    let leases = "SELECT holder || term || CAST(expires_at AS text) FROM leases ORDER BY holder";
    all.insert("lease", world.texts(leases));
    all
}

fn a_dry_run_changes_nothing(kind: Kind) {
    let world = World::new(kind);
    let known = world.sandbox.add_payments(3, &PaymentSpec::default());
    world.once("accepted", &["pollers.accepted.review.mode=manual"]).expect(0);
    let fresh = world.sandbox.add_payments(2, &PaymentSpec::default());
    world.sandbox.move_to(known[0], PaymentState::Failed);
    let before = everything(&world);

    let ended = finish(world.poller("accepted", &[]).arg("--dry-run")).expect(0);
    for id in &fresh {
        for what in ["would record", "would lock"] {
            let told = |line: &str| line.starts_with(what) && line.contains(&id.to_string());
            assert!(ended.stdout.lines().any(told), "{what} {id}:\n{}", ended.stdout);
        }
    }
    assert!(ended.stdout.lines().last().unwrap().contains("2 new"), "{}", ended.stdout);
    assert_eq!(everything(&world), before);
    assert_eq!(world.sandbox.calls(), []);
}

#[test]
fn a_dry_run_changes_nothing_on_sqlite() {
    a_dry_run_changes_nothing(Kind::Sqlite);
}

#[test]
fn a_dry_run_changes_nothing_on_postgres() {
    a_dry_run_changes_nothing(Kind::Postgres);
}

#[test]
fn a_dry_run_makes_no_database() {
    let world = World::new(Kind::Sqlite);
    let ids = world.sandbox.add_payments(2, &PaymentSpec::default());
    let temporary = tempfile::tempdir().unwrap();
    let mut command = world.poller("accepted", &[]);
    command.args(["--dry-run", "--json"]).env("TMPDIR", temporary.path());
    let told = finish(&mut command).expect(0).json();
    for id in ids {
        let of_payment =
            told.iter().filter(|note| note["payment_id"] == id.to_string()).collect::<Vec<_>>();
        let would: Vec<&str> =
            of_payment.iter().map(|note| note["would"].as_str().unwrap()).collect();
        assert_eq!(would, ["record", "lock"]);
        for note in of_payment {
            assert_eq!(keys(note), ["payment_id", "place", "poller", "reason", "what", "would"]);
            assert_eq!(note["what"], "would");
        }
    }
    assert_eq!(told.last().unwrap()["what"], "sweep");
    assert!(!world.database_file().exists());
    for folder in [world.database_file().parent().unwrap(), temporary.path()] {
        assert_eq!(folder.read_dir().unwrap().count(), 0, "something is left in {folder:?}");
    }
    assert_eq!(world.sandbox.calls(), []);
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_sweep_tells_in_json_what_it_did() {
    let world = World::new(Kind::Sqlite);
    let id = world.sandbox.add_payments(1, &PaymentSpec::default())[0].to_string();
    let ended = finish(world.poller("accepted", &[]).arg("--json")).expect(0);
    let told = ended.json();
    assert_eq!(told.len(), 3, "{told:#?}");
    for note in &told {
        assert_eq!((&note["poller"], &note["place"]), (&"accepted".into(), &"acme".into()));
    }
    let [review, operation, sweep] = [&told[0], &told[1], &told[2]];
    assert_eq!((&review["what"], &review["decision"]), (&"review".into(), &"approved".into()));
    assert_eq!(review["payment_id"], *id);
    assert_eq!(operation["what"], "operation");
    assert_eq!((&operation["operation"], &operation["result"]), (&"lock".into(), &"done".into()));
    assert_eq!(operation["payment_id"], *id);
    let documented = [
        "acted",
        "changed",
        "finished_at",
        "new",
        "outcome",
        "pages",
        "place",
        "poller",
        "quarantined",
        "reason",
        "requests",
        "stale",
        "started_at",
        "unchanged",
        "what",
    ];
    assert_eq!(keys(sweep), documented);
    assert_eq!((&sweep["what"], &sweep["outcome"]), (&"sweep".into(), &"complete".into()));
    assert_eq!((&sweep["new"], &sweep["acted"]), (&1.into(), &1.into()));
    assert_eq!(sweep["reason"], Value::Null);
    assert_eq!(world.once("accepted", &[]).expect(0).stdout, "", "only where it is asked for");
}
