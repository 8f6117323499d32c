//! Which layer wins.

use std::time::Duration;

use super::super::*;
use super::{ACME, Folder, payments, ripplenet, set, settings, shown};
use crate::engine::RetryPolicy;

fn fixed_delay(sources: &Sources) -> Duration {
    match &load(sources).unwrap().pollers[&Poller::Accepted].schedule {
        Schedule::FixedDelay(delay) => *delay,
        Schedule::Cron(cron) => panic!("{cron}"),
    }
}

#[test]
fn each_layer_wins_over_the_one_before() {
    const KEY: &str = "pollers.accepted.fixed_delay";
    let folder = Folder::new();
    let delay = |text: &str| format!("[pollers.accepted]\nfixed_delay = \"{text}\"\n");
    let mut sources = Sources::default();
    let expect = |sources: &Sources, seconds, origin: String| {
        assert_eq!(fixed_delay(sources), Duration::from_secs(seconds));
        assert_eq!(shown(sources, KEY), Some((format!("\"{seconds}s\""), origin)));
    };
    expect(&sources, 30, "built-in defaults".to_owned());

    let first = folder.file("first.toml", &delay("1s"));
    sources.files = vec![first.clone()];
    expect(&sources, 1, first.display().to_string());

    let second = folder.file("etc/second.toml", &delay("2s"));
    sources.files.push(second.clone());
    expect(&sources, 2, second.display().to_string());

    let late = folder.file("etc/conf.d/20-late.toml", &delay("3s"));
    folder.file("etc/conf.d/10-early.toml", &delay("4s"));
    folder.file("etc/conf.d/30-not-toml.bak", &delay("5s"));
    folder.file("etc/conf.d/.40-editor.toml", &delay("6s"));
    folder.file("conf.d/50-beside-the-first.toml", &delay("7s"));
    expect(&sources, 3, late.display().to_string());

    sources.environment =
        vec![("RAILPOLL__POLLERS__ACCEPTED__FIXED_DELAY".to_owned(), "8s".to_owned())];
    expect(&sources, 8, "environment".to_owned());

    sources.set = vec![format!("{KEY}=9s"), format!("{KEY}=10s")];
    expect(&sources, 10, "--set".to_owned());
}

#[test]
fn the_environment_takes_flags_numbers_lists_and_networks() {
    let folder = Folder::new();
    let mut sources = folder.sources(ACME);
    sources.environment = [
        ("RAILPOLL__POLLERS__ACCEPTED__ENABLED", "true"),
        ("RAILPOLL__POLLERS__ACCEPTED__NETWORKS", r#"["acme"]"#),
        ("RAILPOLL__POLLERS__ACCEPTED__PAGE_SIZE", "25"),
        ("RAILPOLL__POLLERS__ACCEPTED__REVIEW__MODE", "automatic"),
        ("RAILPOLL__NETWORKS__ACME__CLIENT_ID", "0123"),
        ("RAILPOLL_LOG", "debug"),
        ("PATH", "/bin"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    sources.credentials_directory =
        folder.secret("acme-client-secret", "hush", 0o600).parent().map(Into::into);

    let settings = load(&sources).unwrap();
    assert!(settings.pollers[&Poller::Accepted].enabled);
    let accepted = payments(&settings, Poller::Accepted);
    assert_eq!(accepted.networks, ["acme"]);
    assert_eq!(accepted.page_size, 25);
    assert_eq!(accepted.review.mode, ReviewMode::Automatic);
    assert_eq!(ripplenet(&settings, "acme").client_id, "0123");
}

#[test]
fn set_takes_bare_text_and_toml() {
    let settings = settings(&[
        "pollers.accepted.review.mode=command",
        r#"pollers.accepted.review.command=["/bin/review", "--limit=5"]"#,
        r#"pollers.accepted.collect_from="30d""#,
        "pollers.accepted.retry={max_attempts = 5, max_interval = \"1s\"}",
    ]);
    let accepted = &settings.pollers[&Poller::Accepted];
    let command = ReviewMode::Command {
        program: "/bin/review".to_owned(),
        args: vec!["--limit=5".to_owned()],
        timeout: Duration::from_secs(10),
    };
    let own = payments(&settings, Poller::Accepted);
    assert_eq!(own.review.mode, command);
    assert_eq!(own.collect_from, CollectFrom::Back(Duration::from_secs(30 * 86_400)));
    let retry = RetryPolicy { max_attempts: 5, max_interval: Duration::from_secs(1) };
    assert_eq!(accepted.retry, retry);
}

#[test]
fn a_poller_reads_every_network_unless_some_are_named() {
    let folder = Folder::new();
    let other = ACME.replace("[networks.acme]", "[networks.other]");
    let sources = folder.sources(&format!("{ACME}{other}[pollers.locked]\nnetworks = [\"other\"]"));
    let settings = load(&sources).unwrap();
    assert_eq!(payments(&settings, Poller::Accepted).networks, ["acme", "other"]);
    assert_eq!(payments(&settings, Poller::Locked).networks, ["other"]);
    let (value, origin) = shown(&sources, "pollers.accepted.networks").unwrap();
    assert_eq!((value.as_str(), origin.as_str()), (r#"["acme","other"]"#, "built-in defaults"));
}

#[test]
fn a_network_inherits_and_overrides() {
    let folder = Folder::new();
    let other = ACME.replace("[networks.acme]", "[networks.other]");
    let settings = load(&folder.sources(&format!(
        "{ACME}timeout = \"3s\"\n{other}[defaults.network]\ntimeout = \"4s\"\nrequests_per_second = 7"
    )))
    .unwrap();
    let of = |name: &str| {
        let asking = ripplenet(&settings, name).asking;
        (asking.timeout.as_secs(), asking.requests_per_second)
    };
    assert_eq!((of("acme"), of("other")), ((3, 7), (4, 7)));
}

#[test]
fn equal_sources_make_equal_settings_and_others_do_not() {
    let url = "database.url=postgres://railpoll:one@db/railpoll";
    assert_eq!(settings(&[url]), settings(&[url]));
    assert_ne!(settings(&[url]), settings(&[&url.replace("one", "two")]));
    assert_ne!(settings(&[url]), settings(&[]));
    assert_ne!(settings(&[]), settings(&["pollers.failed.lease=31s"]));
}

#[test]
fn this_process_is_a_source() {
    let sources = Sources::from_process(vec!["a.toml".into()], vec!["a=b".to_owned()]);
    assert_eq!(sources.files, [std::path::PathBuf::from("a.toml")]);
    assert_eq!(sources.set, set(&["a=b"]).set);
    assert!(sources.environment.iter().all(|(name, _)| name.starts_with("RAILPOLL__")));
}
