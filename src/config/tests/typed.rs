//! What texts become.

use std::path::PathBuf;
use std::time::Duration;

use super::super::*;
use super::{payments, settings};

fn accepted(assignment: &str) -> PaymentSettings {
    let settings = settings(&[&format!("pollers.accepted.{assignment}")]);
    payments(&settings, Poller::Accepted).clone()
}

#[test]
fn where_a_first_sweep_starts() {
    let at = |text: &str| CollectFrom::Date(text.parse().unwrap());
    for (text, expected) in [
        ("beginning", CollectFrom::Beginning),
        ("2026-01-31", at("2026-01-31T00:00:00Z")),
        ("2026-01-31T09:00:00+02:00", at("2026-01-31T07:00:00Z")),
        ("1h 30m", CollectFrom::Back(Duration::from_secs(5400))),
    ] {
        assert_eq!(accepted(&format!("collect_from={text}")).collect_from, expected);
    }
    assert!(load(&super::set(&["pollers.accepted.collect_from=101years"])).is_err());
}

#[test]
fn a_date_may_be_one_in_toml() {
    let folder = super::Folder::new();
    let sources = folder.sources("[pollers.accepted]\ncollect_from = 2026-01-31\n");
    let from = payments(&load(&sources).unwrap(), Poller::Accepted).collect_from;
    assert_eq!(from, CollectFrom::Date("2026-01-31T00:00:00Z".parse().unwrap()));
}

#[test]
fn cron_wins_over_a_fixed_delay() {
    let settings = settings(&[
        "pollers.accepted.fixed_delay=5s",
        "pollers.accepted.cron=0 */5 8-18 * * Mon-Fri",
    ]);
    let expected = Schedule::Cron("0 */5 8-18 * * Mon-Fri".to_owned());
    assert_eq!(settings.pollers[&Poller::Accepted].schedule, expected);
}

#[test]
fn where_the_database_is() {
    for (url, path) in [
        ("sqlite:a/b.db", "a/b.db"),
        ("sqlite:/var/lib/railpoll/railpoll.db", "/var/lib/railpoll/railpoll.db"),
        ("sqlite:///var/lib/a.db", "/var/lib/a.db"),
        ("sqlite://a.db", "a.db"),
    ] {
        let database = settings(&[&format!("database.url={url}")]).database;
        assert_eq!(database.url, DatabaseUrl::Sqlite(PathBuf::from(path)));
    }
    let socket = "database.url=postgres:///railpoll?host=/run/postgresql";
    assert!(matches!(settings(&[socket]).database.url, DatabaseUrl::Postgres(_)));
    assert_eq!(settings(&["database.migrate=manual"]).database.migrate, Migrate::Manual);
}

#[test]
fn a_review_by_a_service() {
    let settings = settings(&[
        "pollers.accepted.review.mode=http",
        "pollers.accepted.review.url=http://127.0.0.1:9000/review",
        "pollers.accepted.review.timeout=3s",
    ]);
    let expected = ReviewMode::Http {
        url: "http://127.0.0.1:9000/review".parse().unwrap(),
        timeout: Duration::from_secs(3),
    };
    assert_eq!(payments(&settings, Poller::Accepted).review.mode, expected);
}
