//! The process itself: the first one of a container, told something before it is ready, and above a disk that fails.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{more_are_locked, until_page};
use crate::support::databases::Kind;
use crate::support::web::free_address;
use crate::support::world::{Daemon, World, signal, until, until_true};

/// The children of a process: the number and the state of each.
fn children(pid: u32) -> Vec<(u32, char)> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let child = |stat: String| {
        let (number, rest) = stat.split_once(' ')?;
        let mut fields = rest.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.chars().next()?;
        let parent: u32 = fields.next()?.parse().ok()?;
        (parent == pid).then_some((number.parse().ok()?, state))
    };
    stats.filter_map(child).collect()
}

/// The same command, as the first process of a place of its own.
fn as_the_first(command: &Command) -> Command {
    let mut first = Command::new("unshare");
    if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) != 0) {
        first.args(["--user", "--map-root-user"]);
    }
    first.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).env_clear();
    first.arg(command.get_program()).args(command.get_args());
    first.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    first
}

#[test]
fn the_first_process_of_a_container_waits_for_what_its_programs_leave_behind() {
    let world = World::new(Kind::Sqlite);
    // One child in a session of its own, which outlives the program; and one that would live for ever.
    let script = "#!/bin/sh\ncat > /dev/null\nsetsid true &\nsleep 100000 > /dev/null 2>&1 &\n\
                  echo '{\"decision\":\"approve\"}'\n";
    let program = world.folder.path().join("review");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let program = format!("pollers.accepted.review.command=[\"{}\"]", program.display());
    let mut command = world.poller("accepted", &["pollers.accepted.review.mode=command", &program]);
    let starter = Daemon::start(&mut as_the_first(command.arg("--loop")));
    starter.wait_for_log("\"ready\"");
    let daemon = children(starter.pid()).remove(0).0;
    let payments = 12;
    more_are_locked(&world, payments);
    // Each of the programs has left two. Those of the last ones may be there until the next one is run.
    until_true("all but the last ones to be waited for", || {
        more_are_locked(&world, 1);
        let left = children(daemon);
        left.len() < 4 && left.iter().all(|(_, state)| *state == 'Z')
    });
    signal(daemon, "TERM");
    assert_eq!(starter.ended().code, Some(0));
}

#[test]
fn a_signal_before_the_configuration_is_read_kills_nobody() {
    let world = World::new(Kind::Sqlite);
    let text = fs::read_to_string(world.config()).unwrap();
    fs::remove_file(world.config()).unwrap();
    let made = Command::new("mkfifo").arg(world.config()).status().unwrap();
    assert!(made.success());
    let daemon = world.start("accepted", &[]);
    // Opened as soon as the daemon reads it, which is the first that it does.
    let mut pipe = File::options().write(true).open(world.config()).unwrap();
    for name in ["HUP", "USR1", "HUP"] {
        daemon.signal(name);
    }
    pipe.write_all(text.as_bytes()).unwrap();
    drop(pipe);
    // Whoever reads it again, as was wished, finds a file.
    let file = world.config().with_extension("new");
    fs::write(&file, text).unwrap();
    fs::rename(file, world.config()).unwrap();
    more_are_locked(&world, 2);
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
}

#[test]
fn a_wish_to_stop_before_the_configuration_is_read_is_no_death() {
    for name in ["TERM", "INT"] {
        let world = World::new(Kind::Sqlite);
        let text = fs::read_to_string(world.config()).unwrap();
        fs::remove_file(world.config()).unwrap();
        let made = Command::new("mkfifo").arg(world.config()).status().unwrap();
        assert!(made.success());
        let daemon = world.start("accepted", &[]);
        let mut pipe = File::options().write(true).open(world.config()).unwrap();
        daemon.signal(name);
        pipe.write_all(text.as_bytes()).unwrap();
        drop(pipe);
        let ended = daemon.ended();
        assert_eq!((ended.code, ended.signal), (Some(0), None), "{name}: {}", ended.stderr);
        assert_eq!(world.sandbox.requests(), 0, "{name}: it did not begin");
    }
}

/// Makes writes of a process fail with EIO as long as a file is there: as a disk does that is broken.
fn broken_disk(folder: &Path) -> (String, std::path::PathBuf) {
    let (switch, source) = (folder.join("broken"), folder.join("broken.c"));
    let library = folder.join("broken.so");
    let code = r#"
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <unistd.h>
        static int is_broken(void) { return access(SWITCH, F_OK) == 0; }
        ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
            ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
            if (is_broken()) { errno = EIO; return -1; }
            return real(fd, from, size, at);
        }
        ssize_t pwrite(int fd, const void *from, size_t size, off_t at) { return pwrite64(fd, from, size, at); }
    "#;
    fs::write(&source, code).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", &format!("-DSWITCH=\"{}\"", switch.display()), "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(built.success());
    (library.display().to_string(), switch)
}

#[test]
fn a_disk_that_was_broken_is_written_to_again_and_meanwhile_everybody_is_told() {
    let world = World::new(Kind::Sqlite);
    let (library, switch) = broken_disk(world.folder.path());
    let address = free_address();
    let listen = format!("pollers.accepted.listen={address}");
    let mut command = world.poller("accepted", &[&listen, "pollers.accepted.lease=6s"]);
    let daemon = Daemon::start(command.arg("--loop").env("LD_PRELOAD", library));
    more_are_locked(&world, 3);
    until_page(address, "/readyz", 200);
    fs::write(&switch, b"").unwrap();
    until_page(address, "/readyz", 503);
    until_page(address, "/healthz", 503);
    let told = until("an error in the log", || {
        daemon.log().iter().find(|line| line.contains("disk I/O error")).cloned()
    });
    assert!(told.contains("\"level\":\"WARN\"") || told.contains("\"level\":\"ERROR\""), "{told}");
    fs::remove_file(&switch).unwrap();
    more_are_locked(&world, 3);
    until_page(address, "/healthz", 200);
    until_page(address, "/readyz", 200);
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code, Some(0));
    assert_eq!(world.sandbox.calls_more_than_once(), []);
}
