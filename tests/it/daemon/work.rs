//! Whoever has work is told so, and does not wait for its delay.

use railpoll_sandbox::horizon::Keys;

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::world::{Daemon, until_true};

const WATCH: &str = "pollers.watch.enabled=true";
const OUTGOING: &str = "pollers.outgoing.enabled=true";
const RARELY: &str = "pollers.outgoing.fixed_delay=1h";

/// A withdrawal's money comes after the daemon that pays out has swept, and is paid out.
fn is_paid_out(anchor: &Anchor, customer: &Keys) {
    let world = &anchor.transfers.world;
    until_true("its first sweep", || {
        !world.texts("SELECT outcome FROM sweeps WHERE poller = 'outgoing'").is_empty()
    });
    anchor.create(&anchor.withdrawal("w", 7));
    anchor.pays(customer, "10", 7);
    until_true("the payout", || anchor.transfers.status("w") == "completed");
}

#[test]
fn in_one_process_who_has_work_is_called() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        let mut command = anchor.transfers.world.command("railpoll", &[WATCH, OUTGOING, RARELY]);
        let _daemon = Daemon::start(command.arg("run"));
        is_paid_out(&anchor, &customer);
    });
}

#[test]
fn in_another_process_who_has_work_is_called_by_postgres() {
    let anchor = Anchor::new(Kind::Postgres);
    let customer = anchor.rich_customer("customer");
    let (_paying, _watching) = (anchor.transfers.start(&[RARELY]), anchor.start_watching());
    is_paid_out(&anchor, &customer);
}

#[test]
fn who_is_not_called_finds_the_work_by_itself() {
    // Nobody calls another process by a file.
    let anchor = Anchor::new(Kind::Sqlite);
    let customer = anchor.rich_customer("customer");
    let soon = "pollers.outgoing.fixed_delay=1s";
    let (_paying, _watching) = (anchor.transfers.start(&[soon]), anchor.start_watching());
    is_paid_out(&anchor, &customer);
}
