//! Every mistake is named, with its key and where it stands.

use super::super::*;
use super::{ACME, Folder, set};

/// What is wrong with a single assignment.
fn wrong(assignment: &str) -> String {
    load(&set(&[assignment])).expect_err(assignment).to_string()
}

#[test]
fn all_of_them_are_reported_each_where_it_stands() {
    let folder = Folder::new();
    let mut sources = folder.sources(
        r#"
        [database]
        url = "mysql://somewhere"
        [pollers.accepted]
        enabled = "perhaps"
        fixd_delay = "5s"
        page_size = 101
        networks = ["acne"]
        [pollers.accepted.review]
        require_user_inf = []
        [pollers.acepted]
        lease = "1s"
        [networks.acme]
        kind = "swift"
        "#,
    );
    folder.file("conf.d/more.toml", "[defaults.poller.retry]\nmax_attempts = 0\n");
    sources.environment = vec![("RAILPOLL__POLLERS__FAILED__LEASE".to_owned(), "1s".to_owned())];
    sources.set = vec!["pollers.locked.listen=9101".to_owned()];

    let expected = [
        "--set: pollers.locked.listen: \"9101\" is not an address and port such as \"127.0.0.1:9101\"",
        "conf.d/more.toml: defaults.poller.retry.max_attempts: 0 is not within 1 to 10",
        "railpoll.toml: database.url: this is neither sqlite:PATH nor postgres://USER@HOST/DATABASE",
        "railpoll.toml: networks.acme.kind: \"swift\" is not one of: ripplenet, stellar, tari",
        "railpoll.toml: pollers.accepted.enabled: \"perhaps\" is neither true nor false",
        "railpoll.toml: pollers.accepted.fixd_delay: unknown key; did you mean fixed_delay?",
        "railpoll.toml: pollers.accepted.networks: there is no network \"acne\"; there are: acme",
        "railpoll.toml: pollers.accepted.page_size: 101 is not within 1 to 100",
        "railpoll.toml: pollers.accepted.review.require_user_inf: unknown key; did you mean require_user_info?",
        "railpoll.toml: pollers.acepted.lease: unknown key; did you mean pollers.accepted.lease?",
        "environment: pollers.failed.lease: \"1s\" is not within 2s to 10m",
    ];
    assert_eq!(folder.mistakes_of(&sources), expected);
}

#[test]
fn what_a_network_of_a_kind_lacks_is_named() {
    let folder = Folder::new();
    let lacks = |kind: &str, keys: &[&str]| {
        let missing =
            |key| format!("railpoll.toml: networks.a.{key}: missing, and it has no default");
        let expected: Vec<String> = keys.iter().map(missing).collect();
        assert_eq!(folder.mistakes(&format!("[networks.a]\nkind = \"{kind}\"\n")), expected);
    };
    lacks("ripplenet", &["audience", "base_url", "client_id", "connector_role", "token_url"]);
    lacks("stellar", &["horizon_url", "passphrase"]);
    // Without a kind nobody knows what belongs to it.
    let text = ACME.replace("kind = \"ripplenet\"", "");
    let expected = "railpoll.toml: networks.acme.kind: missing, and it has no default";
    assert_eq!(folder.mistakes(&text), [expected]);
}

#[test]
fn what_cannot_be_read_is_named_and_nothing_else_guessed() {
    let folder = Folder::new();
    let mut sources = folder.sources("[pollers.accepted]\nenabled = yes # secret=hunter2\n");
    sources.files.insert(0, folder.path("none.toml"));
    sources.set = vec!["pollers.accepted.enabled".to_owned()];
    let mistakes = folder.mistakes_of(&sources);
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    assert!(mistakes[0].starts_with("none.toml: cannot be read: No such file"), "{mistakes:#?}");
    assert!(mistakes[1].starts_with("railpoll.toml: TOML parse error at line 2, column"));
    assert!(!mistakes[1].contains("hunter2"));
    assert_eq!(mistakes[2], "--set: `pollers.accepted.enabled` is not of the form KEY=VALUE");
}

#[test]
fn a_value_where_a_section_belongs() {
    assert_eq!(
        wrong("pollers.accepted.review=manual"),
        "--set: pollers.accepted.review: a section, not a value: its keys stand below it"
    );
    assert!(wrong("pollers=5").starts_with("--set: pollers: a section, not a value"));
}

#[test]
fn a_mistake_in_the_defaults_is_reported_once() {
    assert_eq!(
        wrong("defaults.poller.overlap=2x"),
        "--set: defaults.poller.overlap: \"2x\" is not a duration such as \"500ms\", \"30s\" or \"1h 30m\""
    );
}

#[test]
fn values_of_a_wrong_kind_or_out_of_range() {
    let folder = Folder::new();
    let cases = [
        ("initial_delay = 30", "30 is not a duration such as \"500ms\", \"30s\" or \"1h 30m\""),
        ("fixed_delay = \"1ms\"", "\"1ms\" is not within 10ms to 1d"),
        ("page_size = 0", "0 is not within 1 to 100"),
        ("page_size = -1", "-1 is not within 1 to 100"),
        ("page_size = 4294967396", "4294967396 is not within 1 to 100"),
        ("page_size = 1.5", "1.5 is not a whole number"),
        ("enabled = 1", "1 is neither true nor false"),
        ("networks = \"acme\"", "\"acme\" is not a list of texts such as [\"one\", \"two\"]"),
        ("networks = [1]", "[1] is not a list of texts such as [\"one\", \"two\"]"),
        ("networks = [\"acme\", \"acme\"]", "the network \"acme\" is named twice"),
        ("lease = \"1999ms\"", "\"1999ms\" is not within 2s to 10m"),
        ("review.expiry_margin = \"2h\"", "\"2h\" is not within 0s to 1h"),
        ("review.mode = \"auto\"", "\"auto\" is not one of: manual, automatic, http, command"),
        ("review.on_decline = \"hold\"", "\"hold\" is not one of: reject, fail"),
        (
            "review.require_user_info = [\"Cdtr\"]",
            "\"Cdtr\" is not a JSON pointer such as \"/Cdtr/Nm\"",
        ),
        (
            "review.require_user_info = [\"/a~2\"]",
            "\"/a~2\" is not a JSON pointer such as \"/Cdtr/Nm\"",
        ),
        (
            "collect_from = \"yesterday\"",
            "\"yesterday\" is not \"beginning\", a date (\"2026-01-31\" or \"2026-01-31T09:00:00Z\") or a time back (\"30d\")",
        ),
        ("cron = \"0 0 0 31 2 *\"", "\"0 0 0 31 2 *\" never comes"),
        (
            "cron = \"*/5 * * * *\"",
            "\"*/5 * * * *\" is not a cron expression of six fields (second, minute, hour, day of the month, month, \
             day of the week)",
        ),
    ];
    for (line, message) in cases {
        let key = line.split_once(" =").unwrap().0;
        let expected = format!("railpoll.toml: pollers.accepted.{key}: {message}");
        let text = format!("{ACME}[pollers.accepted]\n{line}\n");
        assert_eq!(folder.mistakes(&text), [expected], "{line}");
    }
}

#[test]
fn urls() {
    let folder = Folder::new();
    let with = |key: &str, url: &str| {
        let line = ACME.lines().find(|line| line.contains(&format!(" {key} = "))).unwrap();
        ACME.replace(line, &format!("{key} = \"{url}\""))
    };
    for url in
        ["https://a.example/v4", "http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"]
    {
        load(&folder.sources(&with("base_url", url))).unwrap();
    }
    let cases = [
        ("acme.example", "this is not a URL: relative URL without a base"),
        (
            "http://acme.example",
            "this URL must begin with https:// (http only on a loopback address)",
        ),
        (
            "http://127.0.0.1.example",
            "this URL must begin with https:// (http only on a loopback address)",
        ),
        ("ftp://localhost", "this URL must begin with https:// (http only on a loopback address)"),
        ("https://me:hunter2@acme.example", "a URL here carries no user and no password"),
        ("https://acme.example/?key=hunter2", "a URL here carries no `?` and no `#`"),
    ];
    for key in ["base_url", "token_url"] {
        for (url, message) in cases {
            let expected = format!("railpoll.toml: networks.acme.{key}: {message}");
            assert_eq!(folder.mistakes(&with(key, url)), [expected]);
        }
    }
}

#[test]
fn database_urls_are_not_repeated_in_mistakes() {
    for url in ["mysql://root:hunter2@db", "hunter2", "postgres//u:hunter2@db", "sqlite::memory:"] {
        let message = wrong(&format!("database.url={url}"));
        assert!(message.starts_with("--set: database.url: "), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    assert!(wrong("database.url=sqlite:").ends_with("the path after sqlite: is missing"));
    assert!(wrong("database.url=").ends_with("database.url: missing, and it has no default"));
    assert!(wrong("database.url=sqlite:a.db?mode=ro").contains("name just the file"));
}

#[test]
fn what_does_not_fit_together() {
    let folder = Folder::new();
    folder.secret("secret", "hush", 0o600);
    let secret = folder.path("secret");
    let acme = format!("{ACME}client_secret_file = {secret:?}\n");
    let cases = [
        (
            "[pollers.accepted]\nenabled = true\nnetworks = []",
            "accepted.networks: the poller is enabled, and there is no network for it",
        ),
        (
            "[pollers.failed.review]\nmode = \"http\"",
            "failed.review.url: missing, and mode is \"http\"",
        ),
        (
            "[pollers.failed.review]\nmode = \"command\"",
            "failed.review.command: missing, and mode is \"command\"",
        ),
        (
            "[pollers.failed.review]\nmode = \"command\"\ncommand = [\"\"]",
            "failed.review.command: this must name a program, such as [\"/usr/local/bin/program\"]",
        ),
        (
            "[pollers.failed.review]\nmode = \"command\"\ncommand = \"review\"",
            "failed.review.command: \"review\" is not a list of texts such as [\"one\", \"two\"]",
        ),
        (
            "[pollers.executed]\nenabled = true\nreview.on_decline = \"reject\"",
            "executed.review.on_decline: a payment that is executed cannot be rejected any more: set \"fail\"",
        ),
    ];
    for (text, message) in cases {
        let expected = format!("railpoll.toml: pollers.{message}");
        assert_eq!(folder.mistakes(&format!("{acme}{text}\n")), [expected]);
    }
    let no_network = "railpoll.toml: pollers.accepted.networks: the poller is enabled, and there is no network for it";
    assert_eq!(folder.mistakes("[pollers.accepted]\nenabled = true"), [no_network]);
    // Only what is going to run has to fit.
    load(&folder.sources(&format!("{acme}[pollers.executed.review]\non_decline = \"reject\"")))
        .unwrap();
}

#[test]
fn names_of_networks() {
    let folder = Folder::new();
    let named = |name: &str| ACME.replace("networks.acme", &format!("networks.{name}"));
    for name in ["acme-test_2", "a"] {
        load(&folder.sources(&named(name))).unwrap();
    }
    let long = "a".repeat(41);
    for name in ["Acme", "2acme", "_acme", long.as_str()] {
        let expected = format!(
            "railpoll.toml: networks.{name}: a network's name has lower-case letters, digits, `_` and `-`, begins with \
             a letter, and has at most 40 characters"
        );
        assert_eq!(folder.mistakes(&named(name)), [expected]);
    }
    // A dot in a quoted name is no way into another section.
    assert!(folder.mistakes("[networks.\"a.b\"]\nkind = \"ripplenet\"").len() > 1);
}
