//! What systemd is to a service: somebody who listens.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::world::PATIENCE;

/// The other end of `NOTIFY_SOCKET`.
pub(crate) struct Supervisor {
    socket: UnixDatagram,
    folder: TempDir,
}

impl Supervisor {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        Self { socket, folder }
    }

    /// The command as systemd would start it, without a watchdog.
    pub(crate) fn supervise<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"))
    }

    /// The next message that comes within `time`.
    pub(crate) fn hear(&self, time: Duration) -> Option<String> {
        let mut message = [0; 8192];
        // The system does not know a timeout of nothing.
        self.socket.set_read_timeout(Some(time.max(Duration::from_millis(1)))).unwrap();
        match self.socket.recv(&mut message) {
            Ok(length) => Some(String::from_utf8(message[..length].to_vec()).unwrap()),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// All messages up to the first that holds `text`, and that one.
    #[track_caller]
    pub(crate) fn hear_until(&self, text: &str) -> Vec<String> {
        let started = Instant::now();
        let mut heard = Vec::new();
        while started.elapsed() < PATIENCE {
            heard.extend(self.hear(PATIENCE));
            if heard.last().is_some_and(|message| message.contains(text)) {
                return heard;
            }
        }
        panic!("no {text} among {heard:#?}");
    }

    /// Waits until no message that holds `text` has come for `time`.
    #[track_caller]
    pub(crate) fn wait_for_silence(&self, text: &str, time: Duration) {
        let started = Instant::now();
        let mut last = Instant::now();
        while let Some(left) = time.checked_sub(last.elapsed()) {
            assert!(started.elapsed() < PATIENCE, "{text} does not cease");
            if self.hear(left).is_some_and(|message| message.contains(text)) {
                last = Instant::now();
            }
        }
    }

    /// What was said and not yet heard.
    pub(crate) fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| self.hear(Duration::ZERO)).collect()
    }
}

/// How many of the messages hold `text`.
pub(crate) fn how_many(messages: &[String], text: &str) -> usize {
    messages.iter().filter(|message| message.contains(text)).count()
}
