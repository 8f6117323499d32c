//! A database that was restored, or failed over with a loss, has forgotten what went out. Nothing goes out twice.

mod channels;
mod looks;
mod midway;
mod rails;
mod returned;
mod told;

use std::process::Command;

use railpoll_sandbox::horizon::HorizonOptions;

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, Setting};
use crate::support::world::{Ended, finish, until_true};

/// An anchor of which a backup was taken before anything went out.
pub(crate) fn anchor(kind: Kind, channels: usize) -> Anchor {
    let setting = Setting { channels, ..Setting::default() };
    let anchor = Anchor::with(kind, &setting, HorizonOptions::default());
    anchor.transfers.world.database.trust_the_machine();
    anchor
}

/// Sweeps on all sides until so many transfers are over.
#[track_caller]
pub(crate) fn sweep_until_over(anchor: &Anchor, number: usize) {
    until_true("all transfers to be over", || {
        for command in [&mut anchor.pending_deposits(&[]), &mut anchor.transfers.outgoing(&[])] {
            let ended = finish(command);
            assert!(matches!(ended.code, Some(0 | 69)), "{}", ended.stderr);
        }
        anchor.transfers.count_in("completed") == number
    });
}

/// What the operator says.
pub(crate) fn says(anchor: &Anchor, words: &[&str]) -> Ended {
    let mut command: Command = anchor.transfers.world.command("railpoll", &[]);
    finish(command.args(words))
}
