//! The file that is compiled in.

use std::time::Duration;

use super::super::reader::Reader;
use super::super::*;
use super::{Folder, set, shown};
use crate::engine::{ConnectorRole, RetryPolicy};

/// The file with every example taken into use.
fn with_examples() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(example) if !example.is_empty() && !example.starts_with(' ') => format!("{example}\n"),
        Some(_) | None => format!("{line}\n"),
    };
    DEFAULTS.lines().map(line).collect()
}

#[test]
fn alone_they_are_complete_and_switch_nothing_on() {
    let settings = load(&Sources::default()).unwrap();
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("railpoll.db".into()));
    assert_eq!(settings.database.migrate, Migrate::Auto);
    assert!(settings.networks.is_empty());
    assert_eq!(settings.pollers.keys().copied().collect::<Vec<_>>(), Poller::ALL);
    assert!(settings.pollers.values().all(|poller| !poller.enabled));

    let accepted = &settings.pollers[&Poller::Accepted];
    let expected = PollerSettings {
        enabled: false,
        initial_delay: Duration::from_secs(30),
        schedule: Schedule::FixedDelay(Duration::from_secs(30)),
        networks: Vec::new(),
        page_size: 100,
        overlap: Duration::from_secs(120),
        collect_from: CollectFrom::Beginning,
        reconcile_every: Duration::from_secs(3600),
        batch_size: 500,
        lease: Duration::from_secs(30),
        listen: None,
        retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_secs(2) },
        review: ReviewSettings {
            mode: ReviewMode::Manual,
            require_user_info: Vec::new(),
            expiry_margin: Duration::from_secs(20),
            on_decline: OnDecline::Reject,
        },
    };
    assert_eq!(*accepted, expected);
    let executed = PollerSettings {
        review: ReviewSettings { on_decline: OnDecline::Fail, ..expected.review.clone() },
        ..expected.clone()
    };
    assert_eq!(settings.pollers[&Poller::Executed], executed);
    let daily = PollerSettings { reconcile_every: Duration::from_secs(86_400), ..expected };
    assert_eq!(settings.pollers[&Poller::Completed], daily);
}

#[test]
fn as_a_file_of_the_user_they_change_nothing() {
    let folder = Folder::new();
    assert_eq!(load(&folder.sources(DEFAULTS)), load(&Sources::default()));
}

#[test]
fn every_example_is_right() {
    let folder = Folder::new();
    let settings = load(&folder.sources(&with_examples())).unwrap();
    let acme = &settings.networks["acme"];
    assert_eq!(acme.kind, NetworkKind::RippleNet);
    assert_eq!(acme.connector_role, ConnectorRole::Receiving);
    let accepted = &settings.pollers[&Poller::Accepted];
    assert_eq!(accepted.networks, ["acme"]);
    assert_eq!(accepted.schedule, Schedule::Cron("0 */5 8-18 * * Mon-Fri".to_owned()));
    assert_eq!(accepted.listen, Some("127.0.0.1:9101".parse().unwrap()));
}

#[test]
fn every_key_that_is_read_is_in_the_file() {
    let folder = Folder::new();
    let text = with_examples();
    let sources = folder.sources(&text);
    let mut reader = Reader::new(layers::merged(&sources).unwrap());
    Draft::read(&mut reader, &sources);
    let names: Vec<&str> = reader.known_names().collect();
    assert!(names.contains(&"client_secret_file") && names.contains(&"max_interval"));
    for name in names {
        let stands_there = text.lines().any(|line| line.starts_with(&format!("{name} = ")));
        assert!(stands_there, "{name} is read, and config/railpoll.toml does not say so");
    }
}

#[test]
fn what_a_user_sets_for_all_wins_over_what_is_built_in_for_one() {
    let folder = Folder::new();
    let sources = folder.sources(
        "[defaults.poller]\nreconcile_every = \"2h\"\n[pollers.failed]\nreconcile_every = \"3h\"\n",
    );
    let settings = load(&sources).unwrap();
    let every = |poller| settings.pollers[&poller].reconcile_every;
    assert_eq!(every(Poller::Completed), Duration::from_secs(2 * 3600));
    assert_eq!(every(Poller::Failed), Duration::from_secs(3 * 3600));

    let (value, origin) = shown(&sources, "pollers.completed.reconcile_every").unwrap();
    assert_eq!(value, "\"2h\"");
    let file = sources.files[0].display();
    assert_eq!(origin, format!("{file}, defaults.poller.reconcile_every"));
}

#[test]
fn an_empty_text_unsets_a_key() {
    let cron = "defaults.poller.cron=0 * * * * *";
    let all = super::settings(&[cron]);
    assert_eq!(all.pollers[&Poller::Accepted].schedule, Schedule::Cron("0 * * * * *".to_owned()));
    let but_one = super::settings(&[cron, "pollers.accepted.cron="]);
    let fixed = Schedule::FixedDelay(Duration::from_secs(30));
    assert_eq!(but_one.pollers[&Poller::Accepted].schedule, fixed);
    assert_ne!(but_one.pollers[&Poller::Locked].schedule, fixed);
    assert_eq!(shown(&set(&[cron, "pollers.accepted.cron="]), "pollers.accepted.cron"), None);
}
