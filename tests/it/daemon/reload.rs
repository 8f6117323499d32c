//! A configuration that changes under a running daemon.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use railpoll_sandbox::SandboxOptions;

use crate::support::databases::{Kind, TestDatabase, on_each};
use crate::support::web::{free_address, get};
use crate::support::world::{Daemon, Ended, World, finish, until, until_true};

const LONG: &str = "[pollers.accepted]\nenabled = true\nfixed_delay = \"1h\"\n";

/// A daemon that follows the file alone, after its first sweep.
fn one_that_waits(world: &World) -> Daemon {
    world.configure("receiving", LONG);
    let daemon = Daemon::start(world.command("accepted", &[]).arg("--loop"));
    daemon.wait_for_log("lease taken");
    until_true("a sweep", || world.count("sweeps") == 1);
    daemon
}

#[test]
fn a_changed_delay_takes_effect() {
    let world = World::new(Kind::Sqlite);
    let daemon = one_that_waits(&world);
    world.configure("receiving", "[pollers.accepted]\nenabled = true\n");
    daemon.signal("HUP");
    until_true("sweeps", || world.sweeps().len() >= 4);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

#[test]
fn one_that_is_switched_off_says_so_and_ends_well() {
    let world = World::new(Kind::Sqlite);
    let daemon = one_that_waits(&world);
    world.configure("receiving", "[pollers.accepted]\nenabled = false\n");
    daemon.signal("HUP");
    let ended = daemon.ended().expect(0);
    assert!(ended.stderr.contains("pollers.accepted.enabled = true"), "{}", ended.stderr);
    world.configure("receiving", LONG);
    world.once("accepted", &[]).expect(0);
    assert_eq!(world.sweeps().len(), 2, "the lease was given back");
}

#[test]
fn a_bad_configuration_is_refused_and_the_old_one_kept() {
    let world = World::new(Kind::Sqlite);
    let daemon = one_that_waits(&world);
    let secret = world.folder.path().join("secret");
    let spoil: [(&str, &dyn Fn()); 3] = [
        ("did you mean", &|| {
            world.configure("receiving", "[pollers.accepted]\nenabeld = true\n");
        }),
        ("cannot be read", &|| fs::remove_file(world.config()).unwrap()),
        ("chmod 600", &|| {
            world.configure("receiving", LONG);
            fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
        }),
    ];
    for (sweeps, (why, spoil)) in (2..).zip(spoil) {
        spoil();
        daemon.signal("HUP");
        let line = daemon.wait_for_log(why);
        assert!(line.contains("the new configuration is refused, the old one is kept"), "{line}");
        daemon.signal("USR1");
        until_true("a sweep", || world.sweeps().len() == sweeps);
    }
    // It was refused as a whole: with the old delay there is no other sweep.
    assert_eq!(world.sweeps().len(), 4);
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

/// On each database: whoever looks at the status is told, without another sweep, until a good one is read.
#[test]
fn a_refused_configuration_is_told_to_whoever_looks() {
    on_each(|database| {
        let world = World::on(TestDatabase::on(database.url.clone()), SandboxOptions::default());
        let daemon = one_that_waits(&world);
        let stands = || world.count("alerts WHERE name = 'reload_refused' AND ended_at IS NULL");
        let status = |words: &[&str]| finish(world.command("railpoll", &[]).args(words));
        let told = |ended: Ended| ended.stdout.contains("reload_refused at acme (accepted): ");
        world.configure("receiving", &format!("{LONG}fixed_dellay = \"1h\"\n"));
        daemon.signal("HUP");
        until_true("the alert", || stands() == 1);
        assert_eq!(world.count("sweeps"), 1, "it was told at once");
        let detail = world.texts("SELECT detail FROM alerts WHERE name = 'reload_refused'");
        assert!(detail[0].contains("fixed_dellay"), "{detail:?}");
        world.configure("receiving", LONG);
        assert!(told(status(&["status"])));
        assert!(told(status(&["status", "--check"])));
        // It stands as long as the old one is kept, and not only until the next sweep.
        daemon.signal("USR1");
        until_true("a sweep", || world.count("sweeps") == 2);
        assert_eq!(stands(), 1);
        daemon.signal("HUP");
        until_true("the end of it", || stands() == 0);
        assert!(!told(status(&["status"])));
        daemon.signal("TERM");
        daemon.ended().expect(0);
    });
}

#[test]
fn one_that_cannot_be_used_is_refused_and_the_old_one_kept() {
    let world = World::new(Kind::Sqlite);
    let address = free_address();
    world.configure("receiving", &format!("{LONG}listen = \"{address}\"\n"));
    let daemon = Daemon::start(world.command("accepted", &[]).arg("--loop"));
    daemon.wait_for_log("lease taken");
    until_true("a sweep", || world.sweeps().len() == 1);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = taken.local_addr().unwrap();
    let nobody_there = free_address();
    let beside = world.folder.path().join("conf.d/50-new.toml");
    fs::create_dir_all(beside.parent().unwrap()).unwrap();
    let spoil = [
        (format!("[pollers.accepted]\nlisten = \"{elsewhere}\"\n"), "cannot listen on"),
        (
            format!("[database]\nurl = \"postgres://railpoll@{nobody_there}/railpoll\"\n"),
            "the database cannot be used",
        ),
        ("[database]\nurl = \"sqlite:no/such/folder.db\"\n".to_owned(), "no/such/folder.db"),
    ];
    for (sweeps, (text, why)) in (2..).zip(&spoil) {
        fs::write(&beside, text).unwrap();
        daemon.signal("HUP");
        let line = daemon.wait_for_log(why);
        assert!(line.contains("the new configuration is refused, the old one is kept"), "{line}");
        daemon.signal("USR1");
        until_true("a sweep", || world.sweeps().len() == sweeps);
        assert_eq!(get(address, "/readyz").unwrap().0, 200);
    }
    let leases = daemon.log().iter().filter(|line| line.contains("lease taken")).count();
    assert_eq!(leases, 1, "nothing was ended for them");

    drop(taken);
    fs::write(&beside, &spoil[0].0).unwrap();
    daemon.signal("HUP");
    until_true("the new address", || get(elsewhere, "/readyz").is_ok_and(|(code, _)| code == 200));
    until_true("the old address to be left", || get(address, "/readyz").is_err());
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

#[test]
fn whoever_is_told_to_stop_does_not_wait_for_a_reload() {
    let world = World::new(Kind::Sqlite);
    let daemon = one_that_waits(&world);
    let nobody_there = free_address();
    let url = format!("url = \"postgres://railpoll@{nobody_there}/railpoll\"");
    let text = fs::read_to_string(world.config()).unwrap();
    fs::write(world.config(), text.replace(&format!("url = \"{}\"", world.database.url), &url))
        .unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("the database does not answer; trying again");
    daemon.signal("TERM");
    let ended = daemon.ended().expect(0);
    assert!(!ended.stderr.contains("is refused"), "{}", ended.stderr);
}

#[test]
fn a_new_secret_is_used() {
    let world = World::new(Kind::Sqlite);
    fs::write(world.folder.path().join("secret"), "yesterday's").unwrap();
    let daemon = world.start("accepted", &[]);
    daemon.wait_for_log("credentials were refused");
    let refused = "alerts WHERE name = 'credentials_refused' AND ended_at IS NULL";
    until_true("the alert", || world.count(refused) == 1);
    world.configure("receiving", "");
    daemon.signal("HUP");
    until_true("a good sweep", || world.count("sweeps WHERE outcome = 'complete'") > 0);
    until_true("the end of it", || world.count("alerts WHERE ended_at IS NULL") == 0);
}

#[test]
fn pages_are_served_on_the_same_address_after_a_reload() {
    let world = World::new(Kind::Sqlite);
    let address = free_address();
    let daemon = world.start("accepted", &[&format!("pollers.accepted.listen={address}")]);
    let is_ready = || get(address, "/readyz").ok().filter(|(status, _)| *status == 200);
    until("readiness", is_ready);
    for reloads in 1..=3 {
        daemon.signal("HUP");
        until_true("the reload", || {
            let told = daemon.log();
            told.iter().filter(|line| line.contains("configuration and secrets read again")).count()
                == reloads
        });
        until("readiness", is_ready);
    }
    let (_, metrics) = get(address, "/metrics").unwrap();
    assert!(metrics.contains("railpoll_sweeps_total"), "{metrics}");
    daemon.signal("TERM");
    daemon.ended().expect(0);
}
