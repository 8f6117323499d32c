//! What a sweep says on standard output, and that a dry one does nothing else.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Reply, UserInfo};
use serde_json::Value;
use uuid::Uuid;

use crate::support::databases::Kind;
use crate::support::stellar::on_both_kinds;
use crate::support::world::{Ended, World, finish};

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

/// What is told of each payment: what would be done, and why. Numbers are left out: they are of a moment.
fn told(ended: &Ended, what: &str) -> BTreeMap<String, (String, String)> {
    let mut all = BTreeMap::new();
    for note in ended.json() {
        let text = |key: &str| note[key].as_str().unwrap_or_default().to_owned();
        let verb = match text("what").as_str() {
            "would" if text("would") != "record" => text("would"),
            "review" => match text("decision").as_str() {
                "approved" => continue,
                "declined" => "decline".to_owned(),
                "held" => "hold".to_owned(),
                "pending" => "wait".to_owned(),
                other => panic!("{other}"),
            },
            // A decline was told of as the review that it is.
            "operation" if text("operation") == "lock" => "lock".to_owned(),
            _ => continue,
        };
        let why = text("reason").chars().filter(|c| !c.is_ascii_digit()).collect();
        assert!(all.insert(text("payment_id"), (verb, why)).is_none(), "{what}: twice: {note}");
    }
    all
}

/// A payment of each kind: with nothing amiss, near its deadline, with a gap in the sender's data, and approved before.
fn one_of_each(world: &World) -> Vec<Uuid> {
    let add = |spec| world.sandbox.add_payments(1, &spec)[0];
    vec![
        add(PaymentSpec::default()),
        add(PaymentSpec { expires_in: TimeDelta::seconds(90), ..PaymentSpec::default() }),
        add(PaymentSpec { user_info: UserInfo::WithoutCreditorName, ..PaymentSpec::default() }),
    ]
}

fn what_a_dry_run_tells_is_done(kind: Kind, mode: &[&str], wanted: [&str; 4]) {
    let world = World::new(kind);
    let approved = world.sandbox.add_payments(1, &PaymentSpec::default())[0];
    world.once("accepted", &["pollers.accepted.review.mode=manual"]).expect(0);
    let approve = ["payments", "approve", &approved.to_string(), "--by", "Ada", "--reason", "so"];
    finish(world.command("railpoll", &[]).args(approve)).expect(0);
    let mut ids = one_of_each(&world);
    ids.push(approved);
    let mut sets = vec![
        r#"pollers.accepted.review.require_user_info=["/Cdtr/Nm"]"#,
        "pollers.accepted.review.expiry_margin=10m",
    ];
    sets.extend(mode);
    let dry = finish(world.poller("accepted", &sets).args(["--dry-run", "--json"])).expect(0);
    let real = finish(world.poller("accepted", &sets).arg("--json")).expect(0);
    let (would, did) = (told(&dry, "would"), told(&real, "did"));
    for (id, wanted) in ids.iter().zip(wanted) {
        let ((would, why), (did, because)) = (&would[&id.to_string()], &did[&id.to_string()]);
        assert_eq!(would, wanted, "{why}");
        if would == "ask" {
            assert_eq!(did, "decline", "that is what the reviewer answers");
        } else {
            assert_eq!(would, did);
        }
        if would == "hold" {
            assert_eq!(why, because);
        }
        if would == "decline" {
            assert!(because.ends_with(why), "{because}, not {why}");
        }
    }
    assert_eq!((would.len(), did.len()), (4, 4));
}

#[test]
fn what_a_dry_run_tells_is_what_a_sweep_does() {
    let decline = r#"echo '{"decision":"decline","code":"AC04","reason":"closed"}'"#;
    let command = format!(r#"pollers.accepted.review.command=["/bin/sh","-c",{decline:?}]"#);
    let modes: [(&[&str], [&str; 4]); 3] = [
        (&["pollers.accepted.review.mode=automatic"], ["lock", "hold", "decline", "lock"]),
        (&["pollers.accepted.review.mode=manual"], ["wait", "hold", "hold", "lock"]),
        (&["pollers.accepted.review.mode=command", &command], ["ask", "hold", "decline", "lock"]),
    ];
    on_both_kinds(|kind| {
        for (mode, wanted) in modes {
            what_a_dry_run_tells_is_done(kind, mode, wanted);
        }
    });
}

/// No more is told than a sweep does: the nearest deadlines, as many as are acted on.
#[test]
fn a_dry_run_tells_of_as_many_as_a_sweep_acts_on() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(5, &PaymentSpec::default());
    let sets = ["pollers.accepted.batch_size=3"];
    let dry = finish(world.poller("accepted", &sets).args(["--dry-run", "--json"])).expect(0);
    let real = finish(world.poller("accepted", &sets).arg("--json")).expect(0);
    let ids = |ended| told(ended, "").into_keys().collect::<Vec<_>>();
    assert_eq!(ids(&dry).len(), 3);
    assert_eq!(ids(&dry), ids(&real));
}

#[test]
fn a_dry_run_tells_the_requests_that_it_made_also_if_it_fails() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(3, &PaymentSpec::default());
    let made = || world.sandbox.summary().requests;
    let dry = || finish(world.poller("accepted", &[]).args(["--dry-run", "--json"]));
    let before = made();
    let told = dry().expect(0).json();
    assert_eq!(told.last().unwrap()["requests"], made() - before);
    world.sandbox.script(Endpoint::List, u32::MAX, Reply::status(503));
    let told = dry().expect(69).json();
    let sweep = told.last().unwrap();
    assert_eq!(
        (&sweep["what"], &sweep["outcome"]),
        (&"sweep".into(), &"network_unavailable".into())
    );
    assert!(sweep["reason"].as_str().unwrap().contains("503"), "{sweep}");
    assert!(sweep["requests"].as_u64() > Some(0), "{sweep}");
}

#[test]
fn a_dry_run_makes_no_database() {
    let world = World::bare(Kind::Sqlite);
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
