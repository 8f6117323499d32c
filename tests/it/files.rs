//! The files of an SQLite database: who may read them, who makes them, and looking without writing.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::databases::Kind;
use crate::support::helps::helps;
use crate::support::world::{Ended, World, binary, finish};

/// A command of `railpoll` in the world's folder.
fn railpoll(world: &World, line: &str) -> Command {
    let mut command = Command::new(binary("railpoll"));
    command.current_dir(world.folder.path()).env_clear().args(line.split(' '));
    command.arg("--config").arg(world.config());
    command
}

fn run(world: &World, line: &str) -> Ended {
    finish(&mut railpoll(world, line))
}

/// What a folder holds.
fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_its_owner_can_read_a_new_database_whatever_the_umask() {
    let world = World::new(Kind::Sqlite);
    let line = "umask 000 && exec \"$0\" \"$@\"";
    let mut poller = world.poller("accepted", &[]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line, binary("accepted")]).args(poller.get_args()).arg("--loop");
    shell.current_dir(world.folder.path()).env_clear();
    let daemon = crate::support::world::Daemon::start(&mut shell);
    daemon.wait_for_log("lease taken");
    let file = world.database_file();
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", file.display());
        assert_eq!(mode(Path::new(&file)), 0o600, "{file}");
    }
    drop(daemon);
    // One that others can read was made by an older version, or copied: somebody is told.
    set_mode(&file, 0o644);
    let told = finish(poller.arg("--once"));
    assert!(told.stderr.contains("chmod 600"), "{}", told.stderr);
}

#[test]
fn looking_makes_no_file_and_work_on_nothing_makes_none_either() {
    let world = World::bare(Kind::Sqlite);
    let folder = world.database_file().parent().unwrap().to_owned();
    for line in [
        "status",
        "alerts",
        "payments list",
        "events list",
        "quarantine retry 1",
        "transfers list",
        "migrate --check",
        "backfill accepted --from 1d",
        "reconcile accepted",
    ] {
        let ended = run(&world, line);
        assert!([Some(1), Some(69)].contains(&ended.code), "{line}: {ended:?}");
        assert!(ended.stderr.contains("there is no database"), "{line}: {}", ended.stderr);
        assert!(names(&folder).is_empty(), "{line}: {:?}", names(&folder));
    }
    run(&world, "migrate").expect(0);
    let before = names(&folder);
    run(&world, "status").expect(0);
    assert_eq!(names(&folder), before);
}

/// The commands that only look at the database: an example of each, and how it ends where there are three payments and
/// nothing else.
const LOOKS: [(&str, &str, i32); 29] = [
    ("status", "--json", 0),
    ("payments list", "", 0),
    ("payments show", "PAYMENT", 0),
    ("transfers list", "", 0),
    ("transfers show", "t-1041", 1),
    ("transfers explain", "t-1041", 1),
    ("transfers incoming list", "", 0),
    ("transfers incoming show", "t-1041", 1),
    ("transfers envelope list", "", 0),
    ("transfers envelope show", "t-1041", 1),
    ("orders list", "", 0),
    ("orders show", "o-1041", 1),
    ("orders explain", "o-1041", 1),
    ("customers list", "", 0),
    ("customers show", "alice", 1),
    ("books show", "", 0),
    ("books check", "", 0),
    ("books export", "", 0),
    ("wallets list", "", 0),
    ("events list", "", 0),
    ("events verify", "", 0),
    ("audit list", "", 0),
    ("alerts", "", 0),
    ("quarantine list", "", 0),
    ("quarantine show", "7", 1),
    ("restored", "", 0),
    ("migrate", "--check", 0),
    ("sandbox pay", "t-1041", 1),
    // It is followed until it is stopped.
    ("events tail", "--from 0", 143),
];

/// Those that change something there.
const WORKS: [&str; 39] = [
    "payments approve",
    "payments complete",
    "payments decline",
    "payments fail",
    "payments hold",
    "payments release",
    "transfers create",
    "transfers import",
    "transfers correct",
    "transfers hold",
    "transfers release",
    "transfers refund",
    "transfers move",
    "transfers resolve",
    "transfers incoming assign",
    "transfers incoming refund",
    "transfers incoming notify",
    "transfers envelope sign",
    "orders create",
    "orders import",
    "orders claim",
    "orders credit",
    "orders cancel",
    "orders fulfil",
    "orders price",
    "orders memo",
    "orders reassign",
    "orders reset",
    "orders settle",
    "wallets add",
    "wallets remove",
    "alerts clear",
    "quarantine retry",
    "quarantine resolve",
    "backfill",
    "reconcile",
    "run",
    "demo",
    "sandbox",
];

/// Those that need none, or look at more than it.
const ELSEWHERE: [&str; 5] =
    ["config check", "config show", "config defaults", "completions", "man"];

#[test]
fn of_each_command_it_is_known_whether_it_only_looks() {
    let mut listed: Vec<&str> = LOOKS.iter().map(|(command, ..)| *command).collect();
    listed.extend(WORKS.iter().chain(&ELSEWHERE));
    listed.sort_unstable();
    let helps = helps(None);
    let mut all: Vec<String> =
        helps.iter().filter(|help| help.acts()).map(|help| help.words.join(" ")).collect();
    all.sort();
    assert_eq!(listed, all);
}

/// The commands that look, run by somebody who may read the files and nothing else. Answers with the list of payments.
fn look_without_permission(world: &World) -> String {
    let run = |line: &str| {
        let mut command = railpoll(world, line.trim_end());
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            // Root may do anything: be nobody.
            command.uid(65_534).gid(65_534);
        }
        command
    };
    let rows = finish(&mut run("payments list --json")).expect(0).json();
    let payment = rows[0]["payment_id"].as_str().unwrap();
    for (command, args, code) in LOOKS {
        let line = format!("{command} {}", args.replace("PAYMENT", payment));
        if code == 143 {
            let mut child = run(&line).stdout(Stdio::piped()).spawn().unwrap();
            let mut first = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
            assert!(first.contains("payment.new"), "{line}: {first}");
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        let ended = finish(&mut run(&line)).expect(code);
        let is_told = ended.stderr.contains("there is no") || ended.stderr.contains("no row");
        assert!(ended.stderr.is_empty() || code == 1 && is_told, "{line}: {}", ended.stderr);
    }
    finish(&mut run("payments list")).expect(0).stdout
}

#[test]
fn whoever_may_read_the_files_can_look_whether_a_poller_runs_or_not() {
    let world = World::new(Kind::Sqlite);
    world.sandbox.add_payments(3, &railpoll_sandbox::PaymentSpec::default());
    world.once("accepted", &[]).expect(0);
    let (file, config) = (world.database_file(), world.config());
    let folder = file.parent().unwrap().to_owned();
    let secret = world.folder.path().join("secret");
    set_mode(world.folder.path(), 0o755);
    // As on a read-only medium: nothing can be made beside the file.
    let protect = |folder_mode: u32| {
        set_mode(&config, 0o644);
        for name in names(&folder) {
            set_mode(&folder.join(name), 0o444);
        }
        set_mode(&folder, folder_mode);
    };
    protect(0o555);
    let before = names(&folder);
    let told = look_without_permission(&world);
    assert_eq!(told.matches("LOCKED").count(), 3, "{told}");
    assert_eq!(names(&folder), before);

    // While a poller has it open, what it wrote last is in the log beside it.
    set_mode(&folder, 0o755);
    for name in names(&folder) {
        set_mode(&folder.join(name), 0o644);
    }
    set_mode(&secret, 0o600);
    let daemon = world.start("accepted", &[]);
    world.sandbox.add_payments(2, &railpoll_sandbox::PaymentSpec::default());
    crate::support::world::until_true("two more to be locked", || {
        world.count("operations WHERE status = 'done'") == 5
    });
    let told = look_without_permission(&world);
    assert_eq!(told.matches("LOCKED").count(), 5, "{told}");
    drop(daemon);
}
