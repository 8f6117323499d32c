//! A rail, a network or the database is gone for a while, in the middle of everything. When it is back, all is caught up
//! with, and no person was needed.

use std::fs;
use std::net::TcpListener;

use railpoll::engine::NewTransfer;

use crate::support::databases::Kind;
use crate::support::scene::Scene;
use crate::support::transfers::send;
use crate::support::world::{Daemon, until_true};

/// Everything runs, and nothing is there to do yet.
fn start(scene: &Scene) -> Daemon {
    let daemon = scene.start(&["defaults.poller.lease=2s"]);
    until_true("every poller to have swept", || {
        scene.anchor.transfers.world.texts("SELECT DISTINCT poller || network FROM sweeps").len()
            == 3
            && scene.anchor.horizon.streams() == 1
    });
    daemon
}

/// Waits for the end, and looks at the books.
#[track_caller]
fn caught_up(scene: &Scene, daemon: Daemon, at: &str) {
    scene.wait_for_the_end(at);
    daemon.signal("TERM");
    daemon.ended().expect(0);
    scene.check(at);
}

fn until_alert(scene: &Scene, alert: &str) {
    let standing = format!("alerts WHERE ended_at IS NULL AND name = '{alert}'");
    until_true(alert, || scene.anchor.transfers.world.count(&standing) > 0);
}

fn a_rail_is_down(kind: Kind) {
    let scene = Scene::new(kind);
    let daemon = start(&scene);
    let transfers = &scene.anchor.transfers;
    transfers.world.wait(transfers.bank.go_down());
    scene.offer();
    until_alert(&scene, "rail_unavailable");
    // What needs no rail goes on: money is taken in, and sent back.
    until_true("the refund on the ledger", || transfers.status("out-back") == "refunded");
    transfers.world.wait(transfers.bank.come_up());
    caught_up(&scene, daemon, "the rail was down");
}

fn horizon_is_down(kind: Kind) {
    let scene = Scene::new(kind);
    let daemon = start(&scene);
    let Scene { anchor } = &scene;
    anchor.transfers.world.wait(anchor.horizon.go_down());
    scene.offer();
    until_alert(&scene, "network_unavailable");
    // What needs no ledger goes on: deposits are taken in, and sent back.
    until_true("the refund at the bank", || anchor.transfers.status("in-back") == "refunded");
    anchor.transfers.world.wait(anchor.horizon.come_up());
    caught_up(&scene, daemon, "Horizon was down");
}

#[test]
fn a_rail_is_down_on_sqlite() {
    a_rail_is_down(Kind::Sqlite);
}

#[test]
fn a_rail_is_down_on_postgres() {
    a_rail_is_down(Kind::Postgres);
}

#[test]
fn horizon_is_down_on_sqlite() {
    horizon_is_down(Kind::Sqlite);
}

#[test]
fn horizon_is_down_on_postgres() {
    horizon_is_down(Kind::Postgres);
}

/// The database goes away while payouts and submissions are under way: their answers cannot be written down.
#[test]
fn the_database_is_down() {
    let scene = Scene::new(Kind::Postgres);
    let Scene { anchor } = &scene;
    scene.offer();
    let daemon = scene.start(&["defaults.poller.lease=2s"]);
    until_true("money to move", || {
        anchor.transfers.bank.payout_count() > 0 || anchor.horizon.submissions() > 0
    });
    anchor.transfers.world.database.go_away();
    daemon.wait_for_log("no lease; trying again");
    anchor.transfers.world.database.come_back();
    caught_up(&scene, daemon, "the database was down");
}

/// A rail that takes calls and answers none: what goes over another rail is not late.
fn a_rail_hangs(kind: Kind) {
    let scene = Scene::new(kind);
    let Scene { anchor } = &scene;
    // Nobody accepts what comes to this port, and nobody refuses it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (config, folder) = (anchor.transfers.world.config(), anchor.transfers.world.folder.path());
    let rail = format!(
        "[rails.silent]\nkind = \"http\"\nurl = \"http://{}/\"\nsecret_file = \"{}\"\ntimeout = \"20s\"\n",
        silent.local_addr().unwrap(),
        folder.join("bank-secret").display()
    );
    fs::write(&config, fs::read_to_string(&config).unwrap() + &rail).unwrap();
    let stuck = |new: NewTransfer| NewTransfer { rail: "silent".to_owned(), ..new };
    let to = anchor.customer("customer").account();
    let deposit = stuck(anchor.expected_deposit("stuck-in", &to));
    let send = stuck(send("stuck-out"));
    anchor.transfers.create(&[deposit, send]);
    scene.offer();
    let daemon = scene.start(&[]);
    scene.wait_for_the_end("a rail hangs");
    assert_eq!(anchor.transfers.status("stuck-in"), "pending_user_transfer_start");
    assert_eq!(anchor.transfers.status("stuck-out"), "pending_receiver");
    drop(daemon);
    scene.check_money("a rail hangs");
}

#[test]
fn a_rail_hangs_on_sqlite() {
    a_rail_hangs(Kind::Sqlite);
}

#[test]
fn a_rail_hangs_on_postgres() {
    a_rail_hangs(Kind::Postgres);
}
