//! What goes wrong with the database.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::stage::Stage;
use super::trouble::{Play, Running};
use super::voices::{is_unready, logs_tell, marks, metrics_tell, pages_tell, status_fails};
use crate::support::databases::run;
use crate::support::host::Ill;

/// Every process of the daemons.
fn processes(stage: &Stage) -> Vec<u32> {
    stage.fleet.members.iter().filter_map(|member| member.process()).collect()
}

pub(super) fn full_disk<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    // A log that has room in itself would hide it for a while.
    run(async {
        let mut person = stage.world().database.person().await;
        drop(person.execute("PRAGMA wal_checkpoint(TRUNCATE)").await);
    });
    // A real disk is full for all; else each process gets a limit.
    let all = if stage.disk.is_real() { vec![0] } else { processes(stage) };
    all.iter().for_each(|process| stage.disk.fill(*process));
    Running::new(
        || pages_tell(stage) && metrics_tell(stage, "sweep_failed"),
        move || all.iter().for_each(|process| stage.disk.empty(*process)),
    )
}

pub(super) fn broken_disk<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    stage.host.is(Ill::Eio, 1);
    Running::new(
        || pages_tell(stage) && metrics_tell(stage, "sweep_failed"),
        || stage.host.is(Ill::Eio, 0),
    )
}

pub(super) fn replaced_file<'s>(play: &mut Play<'s>) -> Running<'s> {
    let (stage, since) = (play.stage, marks(play.stage));
    // What others write into the database themselves would be theirs to write again.
    let desk = play.work.keep_out();
    let file = stage.world().database_file();
    let beside = |more: &str| file.with_file_name(format!("railpoll.db{more}"));
    let copy = beside("-copy");
    run(async {
        let mut person = stage.world().database.person().await;
        person.execute(&format!("VACUUM INTO '{}'", copy.display())).await.unwrap();
    });
    fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
    // What is written meanwhile is lost.
    thread::park_timeout(play.chance.millis(1_500));
    for old in ["-wal", "-shm"] {
        drop(fs::remove_file(beside(old)));
    }
    fs::rename(&copy, &file).unwrap();
    drop(desk);
    Running::new(
        move || {
            let is_gone = |end: &super::fleet::End| end.code == Some(69);
            let ended =
                |member: &std::sync::Arc<super::fleet::Member>| member.ends().iter().any(is_gone);
            stage.fleet.members.iter().all(ended)
                && logs_tell(stage, &since, "moved, deleted or replaced")
        },
        || {},
    )
}

/// Asks the server something, as its owner.
fn on_server(stage: &Stage, statements: &[&str]) {
    let server = stage.server.as_ref().unwrap();
    let url = server.url(server.address, "template1");
    run(async {
        let mut conn = PgConnection::connect(&url).await.unwrap();
        for sql in statements {
            sqlx::raw_sql(AssertSqlSafe((*sql).to_owned())).execute(&mut conn).await.unwrap();
        }
        conn.close().await.unwrap();
    });
}

const CUT: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'";

pub(super) fn read_only_server<'s>(play: &mut Play<'s>) -> Running<'s> {
    let (stage, since) = (play.stage, marks(play.stage));
    on_server(stage, &["ALTER DATABASE postgres SET default_transaction_read_only = on", CUT]);
    Running::new(
        move || pages_tell(stage) && logs_tell(stage, &since, "takes no writes"),
        || on_server(stage, &["ALTER DATABASE postgres RESET default_transaction_read_only", CUT]),
    )
}

pub(super) fn silent_connections<'s>(play: &mut Play<'s>) -> Running<'s> {
    let wire = play.stage.wire.as_ref().unwrap();
    let made = wire.made();
    wire.forget();
    // Whoever notices makes new ones, and there is nothing to tell.
    Running::new(move || wire.made() > made + 5, || {})
}

pub(super) fn frozen_pooler<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let wire = stage.wire.as_ref().unwrap();
    wire.freeze(true);
    Running::new(|| is_unready(stage) && status_fails(stage), || wire.freeze(false))
}

pub(super) fn killed_postmaster<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let server = stage.server.as_ref().unwrap();
    server.kill();
    Running::new(|| pages_tell(stage) && status_fails(stage), || server.come_back())
}

pub(super) fn full_server<'s>(play: &mut Play<'s>) -> Running<'s> {
    let stage = play.stage;
    let server = stage.server.as_ref().unwrap();
    if !stage.disk.is_real() {
        // Nobody gives us a disk: the server is at least gone.
        return killed_postmaster(play);
    }
    let process = server.process().unwrap_or_default();
    stage.disk.fill(process);
    Running::new(|| pages_tell(stage), move || stage.disk.empty(process))
}
