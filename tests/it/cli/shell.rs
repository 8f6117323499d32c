//! Settings, command lines, and what a shell needs.

use std::path::Path;

use super::Desk;

#[test]
fn the_configuration_is_checked_and_shown() {
    let desk = Desk::new();
    let check = desk.run("config check");
    // The secret is missing, which only the pollers need.
    assert_eq!(check.code, Some(78));
    assert!(check.err.contains("networks.acme.client_secret_file"), "{}", check.err);
    assert_eq!(desk.run("migrate").code, Some(0));

    let off = "--set pollers.accepted.enabled=false";
    let check = desk.run(&format!("config check {off}"));
    assert_eq!((check.code, check.out.lines().next()), (Some(0), Some("OK")));
    assert!(check.out.contains("acme (receiving), bank (receiving)"), "{}", check.out);

    let wrong =
        desk.run("config check --set pollers.acepted.enabled=true --set database.migrate=x --json");
    assert_eq!((wrong.code, wrong.out.lines().count() >= 2), (Some(78), true), "{}", wrong.out);
    assert!(wrong.out.contains("did you mean"), "{}", wrong.out);
    assert_eq!(desk.run("status --set no.such=key").code, Some(78));

    let url = "--set database.url=postgres://u:hush@localhost/db";
    let shown = desk.run(&format!("config show {url}"));
    assert_eq!(shown.code, Some(0));
    assert!(shown.out.contains("postgres://u:***@localhost/db"), "{}", shown.out);
    assert!(!shown.out.contains("hush"));
    let keys = desk.json(&format!("config show {url}"));
    let set = keys.iter().find(|key| key["key"] == "database.url").unwrap();
    assert_eq!(set["origin"], "--set");
    assert_eq!(desk.run("config defaults").out, railpoll::config::DEFAULTS);
}

#[test]
fn a_bad_command_line_is_64_and_help_is_0() {
    let desk = Desk::new();
    for line in ["payments lst", "payments list --since yesterday", "payments list --limit 0"] {
        let answer = desk.run(line);
        assert_eq!((answer.code, answer.out.as_str()), (Some(64), ""), "{line}");
        assert!(answer.err.contains("error:"), "{line}: {}", answer.err);
    }
    for line in ["--help", "--version", "payments list --help", "payments hold --help"] {
        let answer = desk.run(line);
        assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_database_that_cannot_be_had_is_69() {
    let desk = Desk::new();
    std::fs::write(desk.database(), "this is no database, but a text of some length").unwrap();
    let broken = desk.run("status");
    assert_eq!(broken.code, Some(69), "{}", broken.err);
    assert!(broken.err.contains("railpoll.db"), "{}", broken.err);
    let folder = desk.run("status --set database.url=sqlite:no/such/folder.db");
    assert_eq!(folder.code, Some(69));
    let nowhere = desk.run("migrate --set database.url=sqlite:no/such/folder.db");
    assert_eq!(nowhere.code, Some(69));
    assert!(nowhere.err.contains("sqlite:no/such/folder.db cannot be opened"), "{}", nowhere.err);
    for command in ["status", "migrate"] {
        let other = desk.run(&format!("{command} --set database.url=sqlite:railpoll.toml"));
        assert_eq!(other.code, Some(69));
        assert!(other.err.contains("is no database of SQLite"), "{}", other.err);
        assert!(!other.err.contains("sudo"), "rights would not help: {}", other.err);
    }
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let desk = Desk::new();
    let dir = desk.path("man");
    assert_eq!(desk.run(&format!("man --dir {}", dir.display())).code, Some(0));
    for page in ["railpoll.1", "railpoll-status.1", "railpoll-payments-decline.1"] {
        let title = read(&dir, page);
        let title = title.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(title.contains(&format!("\"railpoll {}\"", env!("CARGO_PKG_VERSION"))), "{title}");
    }
    let completions = desk.run("completions bash").out;
    for flag in ["--memo-type", "--poller", "--status", "--kind", "--state"] {
        let lines: Vec<&str> = completions.lines().collect();
        let asked = lines.windows(2).filter(|two| two[0].trim() == format!("{flag})"));
        assert!(asked.clone().count() > 0, "{flag}");
        assert!(
            asked.clone().all(|two| two[1].contains("-W")),
            "{flag} takes words that are known"
        );
    }
    // Words that are known: a status, a kind, a state, a poller.
    for word in
        ["decline", "pending_stellar", "withdrawal-exchange", "EXECUTED", "pending-deposits"]
    {
        assert!(completions.contains(word), "{word}");
    }
    for poller in railpoll::engine::Poller::ALL {
        let name = poller.binary();
        assert!(read(&dir, &format!("{name}.1")).contains("dry\\-run"), "{name}");
        let script = desk.run(&format!("completions bash {name}")).out;
        assert!(script.contains("--dry-run") && script.contains(name), "{name}");
    }
    assert!(desk.run("completions fish railpoll-outgoing").out.contains("stage"));
    assert_eq!(desk.run("completions bash railpoll-nothing").code, Some(64));
    assert!(desk.run("man").out.contains("quarantine"));
}

fn read(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

/// Where all are switched on, one that has nothing to work on is off, and is told why.
#[test]
fn a_poller_without_a_place_is_off_because_of_that() {
    let desk = Desk::new();
    let line = "config show --set defaults.poller.enabled=true";
    let enabled = |poller: &str| {
        let key = format!("pollers.{poller}.enabled");
        let found = desk.json(line).into_iter().find(|one| one["key"] == *key).unwrap();
        (found["value"].clone(), found["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(enabled("outgoing"), (false.into(), "there is no rail for it".to_owned()));
    let (value, why) = enabled("watch");
    assert_eq!((value, why.as_str()), (false.into(), "there is no network for it"));
    assert_eq!(enabled("locked").0, true);
}
