//! What comes in on the network.

use railpoll_sandbox::horizon::StreamFault;

use super::stop;
use crate::support::stellar::{Anchor, Setting, on_both_kinds, quick};
use crate::support::world::until_true;

/// A broken stream is opened again, from where it was.
#[test]
fn stream_drop() {
    on_both_kinds(|kind| {
        let anchor = Anchor::with(kind, &Setting::default(), quick());
        let customer = anchor.rich_customer("customer");
        let faults = [
            StreamFault::Drop(1),
            StreamFault::DropInside(2),
            StreamFault::Repeat(1),
            StreamFault::Garbage(1),
            StreamFault::Close(2),
        ];
        for fault in faults {
            anchor.horizon.script_stream(1, fault);
        }
        let new: Vec<_> = (0..40).map(|n| anchor.withdrawal(&format!("w{n}"), n)).collect();
        anchor.transfers.create(&new);
        let daemon = anchor.start_watching();
        until_true("a stream", || anchor.horizon.streams() == 1);
        for n in 0..40 {
            anchor.pays(&customer, "10", n);
        }
        until_true("all to be booked", || anchor.transfers.count_in("pending_anchor") == 40);
        stop(daemon);
        assert_eq!(anchor.verdicts().len(), 40);
        assert_eq!(anchor.transfers.world.count("quarantine"), 0);
        anchor.check_books();
    });
}

/// It is booked for itself, somebody is told, and the transfer is as the first one made it.
#[test]
fn second_payment() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let customer = anchor.rich_customer("customer");
        anchor.create(&anchor.withdrawal("w", 7));
        anchor.pays(&customer, "10", 7);
        anchor.watch();
        let hash = anchor.pays(&customer, "3", 7);
        anchor.watch();
        assert_eq!(anchor.verdicts(), ["matched w", "second w"]);
        let world = &anchor.transfers.world;
        let second = "SELECT CAST(amount AS text) || ' ' || reference FROM incoming WHERE verdict = 'second'";
        assert_eq!(world.texts(second), [format!("3.0000000 {hash}")]);
        assert_eq!(world.texts("SELECT CAST(amount_in AS text) FROM transfers"), ["10.0000000"]);
        assert_eq!(world.alerts(), ["incoming_unmatched stands"]);
        anchor.check_books();
    });
}
