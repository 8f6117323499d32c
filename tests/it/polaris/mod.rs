//! Faults that other software for the same work is known to have, each by the name it was measured under, and what
//! is right in its place.
//!
//! One has no test: `dead_callback_url`, a receiver of news who cannot be reached and takes the daemon down. Nothing
//! of ours calls anybody: what happened stands in the outbox, written together with the move that it tells of
//! (`stale_callback`), and who reads it from there does so in its own time.

mod asking;
mod outgoing;
mod sending;
mod watch;

use std::sync::{Mutex, mpsc};

use crate::support::stellar::Anchor;
use crate::support::world::{Daemon, PATIENCE};

/// Holds up one call to a sandbox. Dropping it lets the call go on.
struct Gate {
    reached: mpsc::Receiver<()>,
    _open: mpsc::Sender<()>,
}

/// A gate, and what a hook calls to go through: the first to come waits, and all others pass.
fn gate() -> (Gate, impl Fn() + Send + Sync + 'static) {
    let (tell, reached) = mpsc::channel();
    let (open, opened) = mpsc::channel::<()>();
    let first = Mutex::new(Some((tell, opened)));
    let pass = move || {
        let Some((tell, opened)) = first.lock().unwrap().take() else { return };
        tokio::task::block_in_place(|| {
            tell.send(()).unwrap();
            // An error: the gate is gone, and so it is open.
            opened.recv().ok();
        });
    };
    (Gate { reached, _open: open }, pass)
}

impl Gate {
    /// Waits until somebody stands before it.
    #[track_caller]
    fn wait(&self) {
        self.reached.recv_timeout(PATIENCE).unwrap();
    }
}

/// Ends a daemon as systemd does. It must have lived until now.
#[track_caller]
fn stop(daemon: Daemon) {
    daemon.signal("TERM");
    daemon.ended().expect(0);
}

/// The documented flag, which theirs refuses.
#[test]
fn loop_is_taken() {
    let anchor = Anchor::new(crate::support::Kind::Sqlite);
    let commands =
        [anchor.pending_deposits(&[]), anchor.watching(&[]), anchor.transfers.outgoing(&[])];
    for mut command in commands {
        let daemon = Daemon::start(command.arg("--loop"));
        daemon.wait_for_log("lease taken");
        stop(daemon);
    }
}
