//! Finding things: filters, formats, beginnings of ids, names that do not exist.

use chrono::TimeDelta;
use railpoll::engine::{BadRow, Row, Trail};
use serde_json::Value;

use super::{Desk, now, payment, scope};

/// Three payments: two of one amount, and one with a reference and a name.
fn desk() -> Desk {
    let desk = Desk::migrated();
    let time = now();
    let mut named = payment("7d5c0d39-1", "ACCEPTED", time - TimeDelta::hours(2));
    named.end_to_end_id = Some("E2E-0001".to_owned());
    named.money.amount = "100.00".parse().unwrap();
    named.document = "{\"user_info\": [{\"node_address\": \"x\", \"accepted\": [{\"json\": \
                      {\"Cdtr\": {\"Nm\": \"Maria Garc\u{ed}a Lopez\"}}}]}]}"
        .to_owned();
    let twin = payment("7d5c0d39-2", "EXECUTED", time - TimeDelta::hours(1));
    let other = payment("93b1a6f0", "COMPLETED", time);
    desk.record("acme", &[named, twin, other]);
    desk
}

fn ids(desk: &Desk, line: &str) -> Vec<Value> {
    desk.json(line).iter().map(|row| row["payment_id"].clone()).collect()
}

#[test]
fn payments_are_found_by_what_a_caller_knows() {
    let desk = desk();
    let one = ["7d5c0d39-1"];
    assert_eq!(ids(&desk, "payments list --amount 100"), one);
    assert_eq!(ids(&desk, "payments list --reference E2E-0001"), one);
    assert_eq!(ids(&desk, "payments list --name garc\u{ed}a"), one);
    assert_eq!(ids(&desk, "payments list --name lop"), one);
    assert!(ids(&desk, "payments list --name cdtr").is_empty());
    assert_eq!(ids(&desk, "payments list --until 90m"), one);
    assert_eq!(ids(&desk, "payments list --currency usd --newest --limit 1"), ["93b1a6f0"]);
    assert_eq!(ids(&desk, "payments list --role receiving --state executed"), ["7d5c0d39-2"]);
    assert_eq!(desk.run("payments list --count").out, "3\n");
    assert_eq!(desk.run("payments list --count --amount 100.0").out, "1\n");
    assert_eq!(desk.json("payments list --count --state FAILED")[0]["count"], 0);
    let page = desk.run("payments list --newest --limit 2").out;
    assert!(page.contains("--newest --limit 2 ") && page.contains(" --after "), "{page}");
}

#[test]
fn beginnings_of_ids_and_references_will_do() {
    let desk = desk();
    assert!(desk.run("payments show 93b1").out.contains("Payment 93b1a6f0 on acme"));
    assert!(desk.run("payments show E2E-0001").out.contains("Payment 7d5c0d39-1 on acme"));
    let several = desk.run("payments show 7d5c0d39");
    assert_eq!(several.code, Some(1));
    assert!(several.err.contains("7d5c0d39-1, 7d5c0d39-2"), "{}", several.err);
    assert_eq!(desk.run("payments approve 7d5c0d39-1 --reason x").code, Some(0));
    assert!(desk.run("payments show 93").err.contains("there is no payment 93"));
}

#[test]
fn a_name_that_nothing_has_is_refused() {
    let desk = desk();
    for (line, advice) in [
        ("payments list --network acm", "did you mean acme?"),
        ("quarantine list --place nonsense", "there are: acme, bank"),
        ("events list --type payment.nw", "did you mean payment.new?"),
        ("events tail --type alarm.*", "there is no such type"),
        ("transfers list --rail nope", "none is configured"),
        ("transfers list --rail acme", "acme is a network, and a rail is expected"),
        ("transfers incoming list --asset NOPE", "there is no asset NOPE"),
        ("payments list --state EXECUTD", "did you mean EXECUTED?"),
        ("payments show 7d5c0d39-1 --network acm", "did you mean acme?"),
        ("payments approve 7d5c0d39-1 --network nope", "there is no network nope"),
        ("backfill accepted --from 1d --network acm", "did you mean acme?"),
        ("reconcile accepted --network acm", "did you mean acme?"),
        ("events list --subject nonsense", "there is no kind of subject nonsense"),
        ("events list --subject paymnt/acme/x", "did you mean payment?"),
        ("events list --subject alert/poller_silnt", "did you mean poller_silent?"),
        ("events list --subject payment/acm/x", "did you mean acme?"),
        ("events list --subject payment/x", "is written as payment/NETWORK/PAYMENT"),
        ("events tail --subject transfr/x", "did you mean transfer?"),
        ("audit list --subject foo/bar", "there is no kind of subject foo"),
    ] {
        let answer = desk.run(line);
        assert_eq!(answer.code, Some(64), "{line}: {}", answer.err);
        assert!(answer.err.contains(advice), "{line}: {}", answer.err);
    }
    assert_eq!(desk.json("events list --type payment.*").len(), 3);
    for (line, count) in [
        ("events list --subject payment/acme/*", 3),
        ("events list --subject payment/ac*", 3),
        ("events list --subject pay*", 3),
        ("events list --subject alert/decision*", 0),
        ("audit list --subject transfers", 0),
        ("audit list --subject restoration/1", 0),
    ] {
        assert_eq!(desk.json(line).len(), count, "{line}");
    }
    assert_eq!(desk.run("quarantine retry 7").code, Some(1));
}

/// What a filter leaves nothing of is not as if there were nothing.
#[test]
fn an_empty_list_tells_what_was_asked() {
    let desk = desk();
    for (line, told) in [
        ("payments list --currency EUR --since 1d", "--currency EUR --since 1d"),
        ("transfers list --memo 7", "--memo 7"),
        ("transfers incoming list --memo 7 --limit 3", "--memo 7"),
        ("transfers envelope list --until 1d", "--until 1d"),
        ("events list --type alert.*", "--type 'alert.*'"),
        ("audit list --by nobody", "--by nobody"),
        ("quarantine list --payment x", "--payment x"),
    ] {
        assert_eq!(desk.run(line).out, format!("nothing matches {told}\n"), "{line}");
    }
    for (line, told) in [
        ("transfers list", "no transfers"),
        ("transfers incoming list --newest", "all money belongs to a transfer"),
        ("transfers incoming list --all", "no money came"),
        ("audit list", "no operator did anything"),
        ("quarantine list --limit 7", "nothing is set aside"),
    ] {
        assert_eq!(desk.run(line).out, format!("{told}\n"), "{line}");
    }
}

#[test]
fn a_short_id_is_told_to_be_short() {
    let desk = desk();
    for line in ["payments show 93", "transfers show w", "transfers envelope show ab"] {
        let told = desk.run(line).err;
        assert!(told.contains("from 4 characters on"), "{line}: {told}");
    }
    assert!(!desk.run("payments show 93b1a6f9").err.contains("characters"));
}

#[test]
fn lists_are_written_for_spreadsheets() {
    let desk = desk();
    let told = desk.run("payments list --format csv --limit 1").out;
    let mut lines = told.lines();
    let heading = lines.next().unwrap();
    assert!(heading.starts_with("network,payment_id,state,sub_states,connector_role,amount,"));
    let row = lines.next().unwrap();
    assert!(
        row.starts_with("acme,7d5c0d39-1,ACCEPTED,[],RECEIVING,100.00,USD,,,E2E-0001,"),
        "{row}"
    );
    assert_eq!(heading.split(',').count(), row.split(',').count());
    assert!(
        desk.run("events list --format csv").out.starts_with("id,type,subject,version,at,data\n1,")
    );
    assert_eq!(
        desk.run("quarantine list --format csv").out,
        "id,poller,place,payment_id,reason,first_seen_at,last_seen_at,seen,resolved_at,resolution\n"
    );
    assert_eq!(desk.run("payments list --format json").out.lines().count(), 3);
    assert_eq!(desk.run("payments list --format csv --json").code, Some(64));
}

#[test]
fn errors_are_objects_too() {
    let desk = Desk::new();
    for (line, code) in [("payments list --json", "no_database"), ("payments lst --json", "usage")]
    {
        let answer = desk.run(line);
        assert_eq!(answer.out, "");
        let told: Value = serde_json::from_str(answer.err.trim()).unwrap();
        let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "error", "hint"]);
        assert_eq!(told["code"], code, "{}", answer.err);
        assert!(told["hint"].is_string(), "{}", answer.err);
    }
    let answer = desk.run("payments hold p1 --json");
    let told: Value = serde_json::from_str(answer.err.trim()).unwrap();
    let error = told["error"].as_str().unwrap();
    assert!(error.contains("--reason <TEXT>") && !error.contains('\n'), "{error}");
}

#[test]
fn settings_are_taken_wherever_they_stand() {
    let desk = Desk::migrated();
    let file = desk.path("railpoll.toml").display().to_string();
    let empty = desk.path("empty.toml");
    std::fs::write(&empty, "").unwrap();
    for line in [
        format!("-c {file} payments list"),
        format!("payments -c {file} list"),
        format!("payments list -c {file}"),
        format!("-c {} payments list --config={file}", empty.display()),
        format!("--config {file} payments list -c {}", empty.display()),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_railpoll"));
        let told = command.args(line.split(' ')).current_dir("/").env_clear().output().unwrap();
        assert_eq!(super::answer(told).out, "no payments\n", "{line}");
    }
    let mut command = desk.command("payments list --set pollers.accepted.fixed_delay=5s");
    let other = format!("database.url=sqlite:{}", desk.path("other.db").display());
    let mut before = std::process::Command::new(command.get_program());
    before.args(["--set", &other]).args(command.get_args()).current_dir(desk.folder.path());
    before.env_clear();
    let told = super::answer(before.output().unwrap());
    assert_eq!(told.code, Some(69), "{}", told.err);
    assert!(told.err.contains("other.db"), "{}", told.err);
    assert_eq!(command.output().unwrap().status.code(), Some(0));
}

#[test]
fn a_row_that_was_set_aside_is_found_however_many_stand_before_it() {
    let desk = Desk::migrated();
    desk.seed(async |store| {
        let bad = |payment_id: Option<String>| {
            let reason = "no state".to_owned();
            Row::Bad(BadRow { payment_id, modified_at: None, raw: "{}".to_owned(), reason })
        };
        let mut rows: Vec<Row> = (0..1_000).map(|n| bad(Some(format!("p{n}")))).collect();
        rows.push(bad(None));
        store.record(&scope("acme"), None, &rows, None, Trail::List, now()).await.unwrap();
    });
    let last = desk.json("quarantine list --newest --limit 1").remove(0)["id"].to_string();
    let answer = desk.run(&format!("quarantine retry {last}"));
    assert_eq!(answer.code, Some(1));
    let told = "does not tell which payment it is";
    assert!(answer.err.contains(told), "{}", answer.err);
    let unknown = desk.run("quarantine retry 5000");
    assert!(unknown.err.contains("no row with such a number"), "{}", unknown.err);
}
