//! What a dry run tells of deposits: as a sweep would judge them.

use railpoll::engine::NewTransfer;
use railpoll_sandbox::Reply;
use railpoll_sandbox::horizon::HorizonEndpoint;

use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::world::finish;

#[test]
fn a_dry_run_tells_what_waits_and_why() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        let ready = anchor.customer("ready").account();
        let bare = anchor.horizon.account("bare", "100").unwrap().account();
        let sick = anchor.customer("sick").account();
        anchor.transfers.create(&[
            anchor.deposit("ready", &ready),
            anchor.deposit("bare", &bare),
            anchor.deposit("sick", &sick),
            NewTransfer { to_address: Some("GABC".to_owned()), ..anchor.deposit("odd", &ready) },
        ]);
        anchor.horizon.script_for(HorizonEndpoint::Account, &sick, u32::MAX, Reply::status(500));
        let quick = ["defaults.poller.retry.max_attempts=1"];
        let told = finish(anchor.pending_deposits(&quick).arg("--dry-run")).expect(0).stdout;
        for (what, id, why) in [
            ("would send", "ready", ready.as_str()),
            ("would wait", "bare", "no trustline"),
            ("would wait", "sick", "unavailable"),
            ("would hold", "odd", "it cannot be paid"),
        ] {
            let is_it =
                |line: &str| line.starts_with(what) && line.contains(id) && line.contains(why);
            assert!(told.lines().any(is_it), "{what} {id} {why}:\n{told}");
        }
        assert_eq!(anchor.paid().len(), 0);
        assert_eq!(anchor.transfers.count_in("pending_anchor"), 4, "nothing has moved");
        assert_eq!(anchor.transfers.world.count("put_off"), 0);
    });
}
