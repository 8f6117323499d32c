//! The file that is compiled in.

use std::time::Duration;

use super::super::reader::Reader;
use super::super::*;
use super::{Folder, payments, ripplenet, set, shown, stellar};
use crate::engine::{ConnectorRole, OnDecline, RetryPolicy};

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
    assert!(settings.networks.is_empty() && settings.rails.is_empty());
    assert!(settings.assets.is_empty() && settings.shops.is_empty());
    assert_eq!(settings.pollers.keys().copied().collect::<Vec<_>>(), Poller::ALL);
    assert!(settings.pollers.values().all(|poller| !poller.enabled));

    let payments = PaymentSettings {
        networks: Vec::new(),
        page_size: 100,
        overlap: Duration::from_secs(120),
        collect_from: CollectFrom::Beginning,
        reconcile_every: Duration::from_secs(3600),
        review: ReviewSettings {
            mode: ReviewMode::Manual,
            require_user_info: Vec::new(),
            expiry_margin: Duration::from_secs(20),
            on_decline: OnDecline::Reject,
        },
        payout: None,
    };
    let failing = ReviewSettings { on_decline: OnDecline::Fail, ..payments.review.clone() };
    let executed = PaymentSettings { review: failing, ..payments.clone() };
    let day = Duration::from_secs(86_400);
    let daily = PaymentSettings { reconcile_every: day, ..payments.clone() };
    let (rails, networks) = (Vec::new(), Vec::new());
    for (poller, work) in [
        (Poller::Accepted, Work::Payments(payments)),
        (Poller::Locked, Work::Payments(executed.clone())),
        (Poller::Executed, Work::Payments(executed)),
        (Poller::Completed, Work::Payments(daily.clone())),
        (Poller::Returned, Work::Payments(daily.clone())),
        (Poller::Failed, Work::Payments(daily)),
        (
            Poller::PendingDeposits,
            Work::PendingDeposits { rails: rails.clone(), networks: networks.clone() },
        ),
        (Poller::Outgoing, Work::Outgoing { rails, workers: 8 }),
        (Poller::Watch, Work::Watch { networks }),
        (Poller::Orders, Work::Orders { shops: Vec::new() }),
    ] {
        let expected = PollerSettings {
            enabled: false,
            initial_delay: Duration::from_secs(30),
            // Between two sweeps of watch nothing is seen.
            schedule: Schedule::FixedDelay(Duration::from_secs(if poller == Poller::Watch {
                1
            } else {
                30
            })),
            batch_size: 500,
            lease: Duration::from_secs(30),
            listen: None,
            retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_secs(2) },
            work,
        };
        assert_eq!(settings.pollers[&poller], expected);
    }
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
    assert_eq!(ripplenet(&settings, "acme").connector_role, ConnectorRole::Receiving);
    assert_eq!(stellar(&settings).passphrase, "Test SDF Network ; September 2015");
    assert_eq!(settings.rails.keys().collect::<Vec<_>>(), ["bank", "script", "taler"]);
    assert_eq!(settings.assets["usdc"].rail.as_ref().unwrap().rail, "bank");
    assert_eq!(settings.assets["xtr"].rail, None);
    assert_eq!(settings.shops["web"].assets, ["usdc", "xtr"]);
    assert_eq!(payments(&settings, Poller::Executed).payout.as_deref(), Some("bank"));
    assert_eq!(payments(&settings, Poller::Accepted).networks, ["acme"]);
    let accepted = &settings.pollers[&Poller::Accepted];
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
    for name in
        ["client_secret_file", "max_interval", "seeds_file", "username", "payout", "late_for"]
    {
        assert!(names.contains(&name), "{name}");
    }
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
    let every = |poller| payments(&settings, poller).reconcile_every;
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
