//! A log that nobody reads, or whose disk is full, stops nobody: its lines are lost, and counted.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::PoisonError;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::LogFormat;

/// A pipe that has room takes so much without making its writer wait, as POSIX promises nearly everywhere.
const AT_ONCE: usize = 4096;
/// A reader that is slow is waited for so long. One that has not come by then is not waited for again before it has.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Standard error, which never fails and never makes anybody wait for long.
pub(super) struct Patient(pub(super) LogFormat);

/// How many lines were lost since the last one that was not.
static LOST: Mutex<u64> = Mutex::new(0);

impl Write for Patient {
    /// A line: tracing hands over whole ones.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
        if *lost > 0 && put(told(self.0, *lost).as_bytes(), Timespec::default()) {
            *lost = 0;
        }
        if *lost > 0 || !put(line, PATIENCE) {
            *lost += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told(format: LogFormat, lost: u64) -> String {
    let what = "lines of the log could not be written";
    match format {
        LogFormat::Json => {
            format!("{{\"level\":\"WARN\",\"message\":\"{what}\",\"lost\":{lost}}}\n")
        }
        LogFormat::Pretty => format!("WARN {lost} {what}\n"),
        LogFormat::Journal => format!("<4>{lost} {what}\n"),
    }
}

/// Writes all of it. Whether it could be written.
fn put(bytes: &[u8], patience: Timespec) -> bool {
    bytes
        .chunks(AT_ONCE)
        .all(|some| has_room(patience) && io::stderr().lock().write_all(some).is_ok())
}

/// Waits until standard error takes something.
fn has_room(patience: Timespec) -> bool {
    let stderr = io::stderr();
    let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut watched, Some(&patience)).is_ok_and(|ready| ready > 0)
}
