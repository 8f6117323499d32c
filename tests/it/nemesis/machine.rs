//! What goes wrong with the host, and with single daemons.

use std::sync::atomic::{AtomicU32, Ordering};

use railpoll_sandbox::HookAnswer;

use super::fleet::Member;
use super::look::texts;
use super::stage::Stage;
use super::trouble::{Play, Running};
use super::voices::{commands_tell, logs_tell, marks, pages_tell};
use crate::support::faults::limit;
use crate::support::host::Ill;
use crate::support::world::{signal, until};

/// So many seconds a clock is wrong.
const JUMPS: [i64; 4] = [-3_600, -250, 250, 3_600];
/// A daemon has no more than these: it has them all from its start.
const FILES: &str = "--nofile=8:";
const FILES_AGAIN: &str = "--nofile=1024:";
/// So many requests are cut, so that whoever made them needs a new connection.
const CUT: u32 = 40;

pub(super) fn clock_jump<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    stage.host.is(Ill::Clock, *play.chance.one_of(&JUMPS));
    Running::new(|| commands_tell(stage, &["clock_offset"], ""), || stage.host.is(Ill::Clock, 0))
}

fn process_of(member: &Member) -> u32 {
    until("the daemon to run", || member.process())
}

pub(super) fn exhausted_files<'s>(play: &mut Play<'s>) -> Running<'s> {
    let (stage, since) = (play.stage, marks(play.stage));
    let name: &&str = play.chance.one_of(&["accepted", "executed", "completed"]);
    let member = stage.fleet.member(name);
    let process = process_of(member);
    limit(process, FILES);
    let cut = AtomicU32::new(0);
    stage.world().sandbox.set_hook(move |_| {
        if cut.fetch_add(1, Ordering::SeqCst) < CUT { HookAnswer::Cut } else { HookAnswer::Go }
    });
    Running::new(
        move || member.page("/readyz") != Some(200) && logs_tell(stage, &since, "os error 24"),
        move || {
            stage.world().sandbox.clear_hook();
            if member.process() == Some(process) {
                limit(process, FILES_AGAIN);
            }
        },
    )
}

fn sweeps(stage: &Stage) -> u64 {
    let told = texts(stage, "SELECT CAST(coalesce(max(sweep_id), 0) AS text) FROM sweeps");
    told.map_or(0, |rows| rows[0].parse().unwrap())
}

pub(super) fn unwritable_log<'s>(play: &mut Play<'s>) -> Running<'s> {
    let (stage, since, before) = (play.stage, marks(play.stage), sweeps(play.stage));
    stage.host.is(Ill::NoLog, 1);
    Running {
        // There is nowhere to tell it, but everything goes on.
        is_told: Box::new(move || sweeps(stage) > before + 60),
        end: Box::new(|| stage.host.is(Ill::NoLog, 0)),
        is_told_after: Box::new(move || {
            logs_tell(stage, &since, "lines of the log could not be written")
        }),
    }
}

pub(super) fn killed_daemon<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let mut members: Vec<&Member> = stage.fleet.members.iter().map(AsRef::as_ref).collect();
    play.chance.shuffle(&mut members);
    members.truncate(3);
    let killed: Vec<(&Member, usize, bool)> = members
        .into_iter()
        .map(|member| {
            let (ends, process) = (member.ends().len(), process_of(member));
            signal(process, "KILL");
            (member, ends, member.page("/healthz").is_none())
        })
        .collect();
    Running::new(
        move || {
            killed.iter().all(|(member, ends, is_silent)| {
                *is_silent && member.ends().len() > *ends && member.process().is_some()
            })
        },
        || {},
    )
}

pub(super) fn frozen_daemon<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let members: Vec<&Member> = stage.fleet.members.iter().map(AsRef::as_ref).collect();
    let member = *play.chance.one_of(&members);
    let process = process_of(member);
    signal(process, "STOP");
    Running::new(
        // Where it stands still in the middle of a write to SQLite, nobody else can write: then all say so.
        move || {
            member.page("/healthz").is_none()
                && (commands_tell(stage, &["poller_silent"], member.name) || pages_tell(stage))
        },
        move || signal(process, "CONT"),
    )
}
