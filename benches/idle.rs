//! What a daemon costs while it waits, and when it starts.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use railpoll::engine::Clock;

use crate::COMPLETED;
use crate::process::{Daemon, PATIENCE, megabytes, tenths};
use crate::support::database::{Database, Kind};
use crate::support::report::{Table, median};
use crate::support::world::World;
use crate::support::{Outcome, block_on};

/// The slowest start is the slowest of so many.
const STARTS: usize = 11;

impl Daemon {
    /// Waits for the message that it is ready; how long that took from its start.
    pub(crate) fn ready(&self, socket: &UnixDatagram) -> Outcome<Duration> {
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut message = [0; 4096];
        loop {
            let length = socket.recv(&mut message)?;
            let told = message.get(..length).unwrap_or_default();
            if told.split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return Ok(self.begun.elapsed());
            }
        }
    }

    /// The time that all its threads have spent on a core.
    pub(crate) fn on_core(&self) -> Outcome<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            let own: u64 = stat.split(' ').next().unwrap_or_default().parse()?;
            nanos += own;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

/// A daemon that has nothing to do but to look every 30 s.
pub(crate) fn waiting(time: Duration, table: &mut Table) -> Outcome<()> {
    let world = World::new(1_000, Some(Clock::system().now() - TimeDelta::days(1)))?;
    let database = block_on(Database::new(&Kind::Sqlite))?;
    let config = world.config(&database.url, "2m")?;
    let daemon = Daemon::start(COMPLETED, &config, "--loop", None)?;
    // The first sweep reads everything, and the second follows in half a minute.
    let begun = Instant::now();
    while world.sandbox.requests() < 12 && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(50));
    }
    thread::sleep(Duration::from_secs(2));
    let (before, begun) = (daemon.on_core()?, Instant::now());
    thread::sleep(time);
    let spent = daemon.on_core()? - before;
    let share = spent.as_nanos() * 100_000 / begun.elapsed().as_nanos();
    let memory = daemon.memory("VmRSS:").ok_or("no memory is told")?;
    let row = |figure: &str, value, limit: &str, unit: &str| {
        [figure.to_owned(), value, limit.to_owned(), unit.to_owned()]
    };
    table.row(row("idle memory", megabytes(memory), "20.0", "MB"));
    let share = format!("{}.{:03}", share / 1_000, share % 1_000);
    table.row(row("idle, share of a core", share, "0.200", "%"));
    block_on(database.remove())
}

/// From the start of the process to its word that it is ready.
pub(crate) fn starting(table: &mut Table) -> Outcome<()> {
    let world = World::new(1_000, None)?;
    let database = block_on(Database::new(&Kind::Sqlite))?;
    let config = world.config(&database.url, "2m")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let daemon = Daemon::start(COMPLETED, &config, "--loop", Some(&path))?;
        starts.push(daemon.ready(&socket)?);
        drop(daemon);
        // What a killed daemon had still to say is not the next one's.
        socket.set_nonblocking(true)?;
        while socket.recv(&mut [0; 64]).is_ok() {}
        socket.set_nonblocking(false)?;
    }
    let slowest = starts.iter().max().copied().unwrap_or_default();
    let usual = median(starts.into_iter());
    for (figure, took) in [("ready after, usual", usual), ("ready after, slowest", slowest)] {
        let tenths_of_millis = u64::try_from(took.as_micros() / 100)?;
        table.row([figure.to_owned(), tenths(tenths_of_millis), "150.0".into(), "ms".into()]);
    }
    block_on(database.remove())
}
