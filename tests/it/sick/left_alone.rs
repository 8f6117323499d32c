//! Whoever asks to be left alone is left alone by the next process, too.

use railpoll_sandbox::bank::BankEndpoint;
use railpoll_sandbox::horizon::HorizonEndpoint;
use railpoll_sandbox::{Endpoint, PaymentSpec, PaymentState, Reply};

use crate::support::databases::Kind;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::world::{Ended, World, finish};

/// An hour, of which a quarter is heeded.
fn hour() -> Reply {
    Reply::retry_after(429, "3600")
}

/// One process is asked, and the next one does not ask: the place would have answered it. Once that is over, it does.
#[track_caller]
fn left_alone(world: &World, what: &str, mut sweep: impl FnMut() -> Ended) {
    for turn in ["asked", "heeds"] {
        let ended = sweep();
        assert_eq!(ended.code, Some(69), "{what}: {turn}: {}", ended.stderr);
    }
    let told = sweep().stderr;
    assert!(told.contains("asked to be left alone"), "{what}: {told}");
    world.sql("DELETE FROM put_off");
    sweep().expect(0);
}

#[test]
fn a_network_of_payments() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let world = World::new(kind);
        world.sandbox.add_payments(1, &PaymentSpec::default());
        world.sandbox.script(Endpoint::List, 1, hour());
        let once = ["defaults.poller.retry.max_attempts=1"];
        left_alone(&world, "payments", || world.once("accepted", &once));
        assert_eq!(world.sandbox.count_in(PaymentState::Locked), 1);
        assert_eq!(world.count("put_off"), 0);
    }
}

#[test]
fn a_ledger_and_a_bank() {
    on_both_kinds(|kind| {
        let once = ["defaults.poller.retry.max_attempts=1"];
        let anchor = Anchor::new(kind);
        let world = &anchor.transfers.world;
        anchor.horizon.script(HorizonEndpoint::Root, 1, hour());
        left_alone(world, "watch", || finish(&mut anchor.watching(&once)));
        anchor.horizon.script(HorizonEndpoint::Root, 1, hour());
        left_alone(world, "pending-deposits", || finish(&mut anchor.pending_deposits(&once)));
        anchor.transfers.bank.script(BankEndpoint::Config, 1, hour());
        left_alone(world, "outgoing", || anchor.transfers.pay(&once));
    });
}
