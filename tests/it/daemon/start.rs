//! The command line, the configuration, and how a start ends that should not go on.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::databases::Kind;
use crate::support::world::{World, binary, finish};

const POLLERS: [&str; 6] = ["accepted", "locked", "executed", "completed", "returned", "failed"];

#[test]
fn one_that_is_switched_off_says_so_and_ends_well() {
    let world = World::bare(Kind::Sqlite);
    for mode in ["--once", "--loop", "--dry-run"] {
        let ended = finish(world.command("accepted", &[]).arg(mode)).expect(0);
        // A daemon tells that it starts and stops, too.
        let lines = ended.stderr.lines().count();
        assert_eq!(lines, if mode == "--loop" { 3 } else { 1 }, "{}", ended.stderr);
        assert!(ended.stderr.contains("pollers.accepted.enabled = true"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    assert_eq!(world.sandbox.requests(), 0);
    assert!(!world.database_file().exists());
}

#[test]
fn a_run_of_nothing_says_so_in_its_last_words() {
    let world = World::new(Kind::Sqlite);
    for (words, mark) in
        [(&["run"][..], true), (&["run", "--once"], true), (&["run", "accepted"], false)]
    {
        let ended = finish(world.command("railpoll", &[]).args(words)).expect(0);
        let last = ended.stderr.lines().rfind(|line| !line.contains("stopped")).unwrap();
        assert_eq!(last.contains("nothing to run"), mark, "{words:?}: {}", ended.stderr);
    }
}

#[test]
fn a_bad_command_line_is_told_from_a_bad_configuration() {
    let world = World::new(Kind::Sqlite);
    let bad: [(&[&str], &str); 5] = [
        (&["--nonsense"], "--nonsense"),
        (&["--once", "--loop"], "--loop"),
        (&["--loop", "--dry-run"], "--dry-run"),
        (&["--config"], "--config"),
        (&["payments"], "payments"),
    ];
    for (flags, named) in bad {
        let ended = finish(world.command("accepted", &[]).args(flags)).expect(64);
        assert!(ended.stderr.contains(named), "{flags:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    let mut command = Command::new(binary("accepted"));
    let ended = finish(command.args(["--log-format", "xml"])).expect(64);
    assert!(ended.stderr.contains("journal"), "{}", ended.stderr);
}

#[test]
fn help_names_every_flag_and_is_no_mistake() {
    let world = World::new(Kind::Sqlite);
    for poller in POLLERS {
        let ended = finish(world.command(poller, &[]).arg("--help")).expect(0);
        for flag in
            ["--config", "--set", "--once", "--loop", "--dry-run", "--json", "--log-format", "-c,"]
        {
            assert!(ended.stdout.contains(flag), "{poller}: no {flag} in\n{}", ended.stdout);
        }
        assert_eq!(ended.stderr, "");
        let version = finish(world.command(poller, &[]).arg("--version")).expect(0).stdout;
        assert_eq!(version.trim(), format!("railpoll-{poller} {}", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn every_mistake_is_named_with_its_file_and_key() {
    let world = World::new(Kind::Sqlite);
    let more = "
        [pollers.accepted]
        fixed_delay = \"soon\"
        page_sise = 5
        [pollers.executed.review]
        mode = \"maybe\"
    ";
    world.configure("receiving", more);
    let mut command = world.poller("accepted", &["pollers.failed.batch_size=0", "lightning"]);
    command.env("RAILPOLL__NETWORKS__ACME__TIMEOUT", "never");
    let ended = finish(&mut command).expect(78);
    // Without its `=` nobody knows what the command line means, so that is said before all else.
    assert!(ended.stderr.contains("--set: `lightning`"), "{}", ended.stderr);

    let mut command = world.poller("accepted", &["pollers.failed.batch_size=0"]);
    command.env("RAILPOLL__NETWORKS__ACME__TIMEOUT", "never");
    let ended = finish(&mut command).expect(78);
    let log: Value = serde_json::from_str(ended.stderr.trim()).unwrap();
    let file = world.config().display().to_string();
    let mistakes: Vec<&str> = log["message"].as_str().unwrap().lines().skip(1).collect();
    let expected = [
        ("--set", "pollers.failed.batch_size", "0"),
        (file.as_str(), "pollers.accepted.fixed_delay", "\"soon\""),
        (file.as_str(), "pollers.accepted.page_sise", "did you mean page_size?"),
        (file.as_str(), "pollers.executed.review.mode", "automatic"),
        ("environment", "networks.acme.timeout", "\"never\""),
    ];
    for (origin, key, what) in expected {
        let named = |line: &&&str| line.starts_with(&format!("{origin}: {key}: "));
        let line = mistakes.iter().find(named);
        assert!(line.is_some_and(|line| line.contains(what)), "{origin} {key}\n{mistakes:#?}");
    }
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
    assert_eq!(world.sandbox.requests(), 0);
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let world = World::new(Kind::Sqlite);
    let file = world.folder.path().join("secret");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = world.once("accepted", &[]).expect(78);
    assert!(ended.stderr.contains("networks.acme.client_secret_file"), "{}", ended.stderr);
    assert!(ended.stderr.contains("chmod 600"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(world.sandbox.client_secret()), "{}", ended.stderr);
}

#[test]
fn without_a_flag_it_sweeps_once() {
    let world = World::new(Kind::Sqlite);
    finish(&mut world.poller("accepted", &[])).expect(0);
    assert_eq!(world.sweeps().len(), 1);
    finish(world.poller("accepted", &[]).arg("--once")).expect(0);
    assert_eq!(world.sweeps().len(), 2);
}

#[test]
fn later_layers_win() {
    let world = World::new(Kind::Sqlite);
    world.configure("receiving", "[pollers.completed]\npage_size = 10");
    let drop_in = world.folder.path().join("conf.d/50-page.toml");
    let layers = ["the file", "conf.d", "the environment", "--set"];
    for (layer, size) in layers.iter().zip([10, 20, 30, 40]) {
        let set = format!("pollers.completed.page_size={size}");
        let mut command = match *layer {
            "--set" => world.poller("completed", &[&set]),
            _ => world.poller("completed", &[]),
        };
        if size >= 20 {
            fs::create_dir_all(drop_in.parent().unwrap()).unwrap();
            fs::write(&drop_in, "[pollers.completed]\npage_size = 20").unwrap();
        }
        if size >= 30 {
            command.env("RAILPOLL__POLLERS__COMPLETED__PAGE_SIZE", "30");
        }
        world.sandbox.change(|network, _| network.queries = Some(Vec::new()));
        finish(&mut command).expect(0);
        let queries = world.sandbox.read(|network| network.queries.clone()).unwrap();
        let sizes: BTreeSet<&str> = queries
            .iter()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.strip_prefix("size="))
            .collect();
        assert!(sizes.contains(size.to_string().as_str()), "{layer}: {queries:?}");
    }
}

#[test]
fn a_database_that_is_not_ours_to_touch_is_refused() {
    let world = World::bare(Kind::Sqlite);
    let ended = world.once("accepted", &["database.migrate=manual"]).expect(69);
    assert!(ended.stderr.contains("railpoll migrate"), "{}", ended.stderr);

    world.once("accepted", &[]).expect(0);
    world.wait(async {
        let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                      SELECT 999, 'from the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        world.database.person().await.execute(future).await.unwrap();
    });
    for mode in ["--once", "--loop", "--dry-run"] {
        let ended = finish(world.poller("accepted", &[]).arg(mode)).expect(69);
        assert!(ended.stderr.contains("upgrade railpoll"), "{}", ended.stderr);
    }
    assert_eq!(world.sweeps().len(), 1);
}
