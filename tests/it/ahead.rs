//! A host whose clock was a year ahead has written what nobody must wait for.

use std::time::Duration;

use railpoll::engine::Poller;
use railpoll::store::{Acquired, Lease, Scope, Store};
use railpoll_sandbox::Reply;
use railpoll_sandbox::bank::BankEndpoint;

use crate::support::on_both;
use crate::support::stellar::{Anchor, on_both_kinds};
use crate::support::transfers::Transfers;
use crate::support::world::finish;

/// Both databases read it.
const FAR: &str = "'2099-01-01T00:00:00.000000Z'";

async fn held(store: &Store, scope: &Scope) -> Lease {
    match store.acquire_lease(scope, "a host", Duration::from_secs(60)).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

#[test]
fn what_was_put_off_by_a_clock_that_was_ahead_is_due() {
    on_both_kinds(|kind| {
        let transfers = Transfers::new(kind);
        let sends = transfers.sends(3);
        // One is known to the bank, and not delivered.
        transfers.bank.script_for(BankEndpoint::Payouts, &sends[0], 1, Reply::status(503));
        finish(&mut transfers.outgoing(&["pollers.outgoing.batch_size=1"]));
        let world = &transfers.world;
        for table in ["transfers", "payouts", "put_off"] {
            world.sql(&format!("UPDATE {table} SET not_before = {FAR}"));
        }
        let ended = finish(&mut transfers.outgoing(&[])).expect(0);
        assert!(ended.stderr.contains("a clock was ahead"), "{}", ended.stderr);
        finish(&mut transfers.outgoing(&[])).expect(0);
        transfers.check_paid_once(&sends, "all are due");
    });
}

#[test]
fn a_refund_too() {
    on_both_kinds(|kind| {
        let anchor = Anchor::new(kind);
        anchor.deposits(1);
        let mut refund = vec!["transfers", "refund", "d0", "--reason", "it goes back"];
        refund.extend(["--beneficiary", r#"{"account":"DE02"}"#]);
        crate::restored::says(&anchor, &refund).expect(0);
        anchor.transfers.world.sql(&format!("UPDATE refunds SET not_before = {FAR}"));
        finish(&mut anchor.transfers.outgoing(&[])).expect(0);
        finish(&mut anchor.transfers.outgoing(&[])).expect(0);
        assert_eq!(anchor.transfers.status("d0"), "refunded");
    });
}

#[test]
fn who_has_a_lease_for_a_year_has_nothing_in_hand() {
    on_both(async |database| {
        let store = database.store().await;
        let first = Scope { poller: Poller::PendingDeposits, network: "stellar".to_owned() };
        let (one, two) = (held(&store, &first.slot(2)).await, held(&store, &first).await);
        let channel = ["GCHANNEL".to_owned()];
        assert_eq!(store.take_channels(&one, "stellar", &channel).await.unwrap().len(), 1);
        assert_eq!(store.take_channels(&two, "stellar", &channel).await.unwrap().len(), 0);
        let far = format!("UPDATE leases SET expires_at = {FAR} WHERE network = 'stellar#2'");
        database.person().await.execute(&far).await.unwrap();
        assert_eq!(store.take_channels(&two, "stellar", &channel).await.unwrap().len(), 1);
    });
}
