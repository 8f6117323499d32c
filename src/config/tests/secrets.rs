//! Secrets: where they are found, who may read them, and that nothing prints them.

use secrecy::ExposeSecret;

use super::super::*;
use super::{ACME, Folder, client_secret, set, settings};

const SWITCHED_ON: &str = "[pollers.accepted]\nenabled = true\n";

/// A network whose secret is in `file`.
fn acme_with(folder: &Folder, file: &str) -> String {
    format!("{ACME}client_secret_file = {:?}\n", folder.path(file))
}

#[test]
fn the_file_is_read_when_asked_and_what_editors_add_is_taken_off() {
    let folder = Folder::new();
    let text = acme_with(&folder, "secret");
    for (written, secret) in
        [("hush", "hush"), ("hush\n", "hush"), ("hush\r\n", "hush"), (" a\n\n", " a")]
    {
        folder.secret("secret", written, 0o600);
        let settings = load(&folder.sources(&format!("{text}{SWITCHED_ON}"))).unwrap();
        let read = client_secret(&settings);
        assert_eq!(read.expose_secret(), secret);
    }
}

#[test]
fn what_systemd_gives_comes_first_whatever_its_mode() {
    let folder = Folder::new();
    folder.secret("secret", "from the file", 0o600);
    let mut sources = folder.sources(&format!("{}{SWITCHED_ON}", acme_with(&folder, "secret")));
    sources.credentials_directory = Some(folder.path("credentials"));
    let read = || {
        let settings = load(&sources).unwrap();
        client_secret(&settings).expose_secret().to_owned()
    };
    assert_eq!(read(), "from the file");
    folder.secret("credentials/acme-client-secret", "from systemd", 0o444);
    assert_eq!(read(), "from systemd");
}

#[test]
fn a_file_that_others_can_use_is_refused_with_the_way_out() {
    let folder = Folder::new();
    for mode in [0o604, 0o660, 0o601] {
        folder.secret("secret", "hush", mode);
        let text = format!("{}{SWITCHED_ON}", acme_with(&folder, "secret"));
        let expected = format!(
            "railpoll.toml: networks.acme.client_secret_file: the secret's file secret can be used by others (mode \
             {mode:03o}): chmod 600 secret"
        );
        let mistakes = folder.mistakes(&text);
        assert!(mistakes.len() == 1 && mistakes[0].starts_with(&expected), "{mistakes:?}");
    }
}

#[test]
fn a_secret_that_cannot_be_had_is_a_mistake_only_where_it_is_needed() {
    let folder = Folder::new();
    let missing = "networks.acme.client_secret_file: ";
    let check = |text: &str, message: &str| {
        load(&folder.sources(text)).unwrap();
        let mistakes = folder.mistakes(&format!("{text}{SWITCHED_ON}"));
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].contains(&format!("{missing}{message}")), "{mistakes:?}");
    };
    check(ACME, "there is no client secret for acme: put it into a file of mode 600");
    let text = acme_with(&folder, "secret");
    check(&text, "the secret's file secret cannot be read: No such file");
    folder.secret("secret", "\n", 0o600);
    check(&text, "the secret's file secret is empty");
    folder.secret("secret", &"x".repeat(70_000), 0o600);
    check(&text, "the secret's file secret is longer than 64 kB");
    folder.secret("other", "hush", 0o600);
    check(&acme_with(&folder, "."), "the secret's file . ");
}

#[test]
fn a_secret_is_looked_for_even_where_other_things_are_wrong() {
    let folder = Folder::new();
    let text =
        format!("{}timeout = \"1y\"\n{SWITCHED_ON}lease = \"1s\"\n", acme_with(&folder, "none"));
    let mistakes = folder.mistakes(&text);
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    assert!(mistakes[0].contains("client_secret_file: the secret's file none cannot be read"));
}

#[test]
fn nothing_prints_a_password() {
    const PASSWORD: &str = "hunter2";
    let urls = [
        ("postgres://railpoll:hunter2@db/railpoll", "postgres://railpoll:***@db/railpoll"),
        (
            "postgres://db/railpoll?password=hunter2&user=me",
            "postgres://db/railpoll?password=***&user=me",
        ),
        ("postgresql://railpoll@db/railpoll", "postgresql://railpoll@db/railpoll"),
        (
            "postgres://railpoll:hunter2@one:5432,[::1]:5433/railpoll?sslmode=require",
            "postgres://railpoll:***@one:5432,[::1]:5433/railpoll?sslmode=require",
        ),
    ];
    for (url, printed) in urls {
        let assignment = format!("database.url={url}");
        let settings = settings(&[&assignment]);
        let DatabaseUrl::Postgres(whole) = &settings.database.url else { panic!("{url}") };
        assert_eq!(whole.expose_secret(), url);
        assert_eq!(settings.database.url.to_string(), printed);
        assert!(!format!("{settings:?}").contains(PASSWORD));
        let mut sources = set(&[&assignment]);
        sources.environment.push(("RAILPOLL__DATABASE__URL".to_owned(), url.to_owned()));
        assert!(format!("{sources:?}").contains("database.url"));
        assert!(!format!("{sources:?}").contains(PASSWORD));
        let keys = effective(&sources).unwrap();
        assert!(!format!("{keys:?}").contains(PASSWORD));
        let shown = keys.iter().find(|key| key.key == "database.url").unwrap();
        assert_eq!(shown.value, format!("\"{printed}\""));
    }
}

#[test]
fn a_misspelt_assignment_is_not_repeated_whole() {
    let mistakes =
        load(&set(&["database.url:postgres://railpoll:hunter2@db/railpoll"])).unwrap_err();
    assert_eq!(mistakes.to_string(), "--set: `database.url` is not of the form KEY=VALUE");
}

#[test]
fn nothing_prints_a_client_secret() {
    const SECRET: &str = "do-not-print-me";
    let folder = Folder::new();
    folder.secret("secret", SECRET, 0o600);
    let sources = folder.sources(&format!("{}{SWITCHED_ON}", acme_with(&folder, "secret")));
    let settings = load(&sources).unwrap();
    let secret = client_secret(&settings);
    let keys = effective(&sources).unwrap();
    assert!(!format!("{settings:?} {secret:?} {keys:?}").contains(SECRET));

    // Whoever writes it where it does not belong learns the right key, and does not see it again.
    let text = format!("{ACME}client_secret = \"{SECRET}\"\n");
    assert_eq!(
        folder.mistakes(&text),
        [
            "railpoll.toml: networks.acme.client_secret: unknown key; did you mean client_secret_file?"
        ]
    );
    // What cannot be read is named, not shown.
    folder.secret("secret", SECRET, 0o644);
    assert!(!folder.mistakes_of(&sources).concat().contains(SECRET));
}

#[test]
fn what_editors_add_is_no_part_of_a_secret_and_our_own_group_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    for text in ["s3cret", "\u{feff}s3cret\n", "s3cret \t\r\n\n", "s3cret\n\n"] {
        std::fs::write(&file, text).unwrap();
        for (mode, is_taken) in
            [(0o600, true), (0o400, true), (0o440, true), (0o444, false), (0o460, false)]
        {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            match read_private(&file) {
                Ok(secret) => {
                    assert!(is_taken, "{mode:o}");
                    assert_eq!(secret.expose_secret(), "s3cret", "{text:?}");
                }
                Err(error) => {
                    assert!(!is_taken, "{mode:o}: {error}");
                    assert!(error.to_string().contains("fsGroup"), "{error}");
                }
            }
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}
