//! Money that goes back: a transfer's, on the side where it came from.

use railpoll::engine::{
    Cause, Changes, NewRefund, NewTransfer, PayoutEnd, PayoutStatus, Poller, Purpose, RefundStatus,
    Step, TransferStatus as S,
};
use railpoll::store::{EnvelopeEnd, FinishedPayout, Following, Lease, RefundEnd, Resolved, Store};

use super::envelopes::{envelope, failed};
use super::{amount, create, deposit, lease, read, to_pay};
use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, now};

pub(super) fn refund(id: &str, transfer: &str, place: &str) -> NewRefund {
    NewRefund {
        refund_id: id.to_owned(),
        transfer_id: Some(transfer.to_owned()),
        incoming: None,
        place: place.to_owned(),
        amount: amount("10.50"),
        asset: "USD".to_owned(),
        destination: Some("GPAYER".to_owned()),
        memo: None,
        beneficiary: Some("{}".to_owned()),
        reason: "too much".to_owned(),
    }
}

/// A deposit whose money came, and goes back by policy.
async fn returned(store: &Store, id: &str) {
    let lease = lease(store, Poller::PendingDeposits, "bank").await;
    create(store, &[deposit(id)]).await;
    let transfer = read(store, id).await;
    let changes = Changes {
        amount_in: Some(amount("10.50")),
        refund_id: Some(format!("r-{id}")),
        ..Changes::default()
    };
    let step = Step { changes, ..Step::new(&transfer, S::PendingAnchor, Cause::ArrivalReturned) };
    let refunds = [refund(&format!("r-{id}"), id, "bank")];
    let moved = store.move_transfers(&lease, &[step], &refunds, now()).await.unwrap();
    assert_eq!(moved.len(), 1);
}

async fn status(store: &Store, id: &str) -> (RefundStatus, Option<String>) {
    let refund = store.refund(id).await.unwrap().unwrap();
    (refund.status, refund.reference)
}

#[test]
fn a_deposit_goes_back_on_its_rail() {
    on_both(async |database| {
        let store = database.store().await;
        let outgoing = lease(&store, Poller::Outgoing, "bank").await;
        returned(&store, "d").await;
        assert!(store.deposits_to_send("stellar", now(), 9).await.unwrap().is_empty());
        let claims = store.claim_payouts(&outgoing, "bank", now(), 9).await.unwrap();
        let claim = &claims[0];
        assert_eq!(
            (claim.payout.purpose, claim.payout.currency.as_str()),
            (Purpose::Refund, "USD")
        );
        assert_eq!(claim.payout.amount, amount("10.50"));
        assert_eq!(claim.refund.as_ref().unwrap().refund_id, "r-d");
        let transfer = claim.transfer.as_ref().unwrap();
        let initiated = PayoutEnd::Initiated { reference: None, not_before: now() };
        let step = Step::new(transfer, S::PendingExternal, Cause::RefundStarted);
        let one = FinishedPayout { payout: &claim.payout, end: initiated, step: Some(step) };
        assert_eq!(store.finish_payouts(&outgoing, &[one], now()).await.unwrap().len(), 1);
        assert!(store.waiting_deposits("bank", None, now(), 9).await.unwrap().is_empty());
        let start = Following::default();
        let (followed, _) =
            store.payouts_to_follow(&outgoing, "bank", now(), &start, 9).await.unwrap();
        let done =
            PayoutEnd::Done { reference: Some("back-1".to_owned()), answer: None, rail_fee: None };
        let transfer = followed[0].transfer.as_ref().unwrap();
        let step = Step::new(transfer, S::Refunded, Cause::RefundDone);
        let one = FinishedPayout { payout: &followed[0].payout, end: done, step: Some(step) };
        assert_eq!(store.finish_payouts(&outgoing, &[one], now()).await.unwrap().len(), 1);
        assert_eq!(read(&store, "d").await.status, S::Refunded);
        assert_eq!(status(&store, "r-d").await, (RefundStatus::Done, Some("back-1".to_owned())));
        let story = store.transfer_story("d").await.unwrap().unwrap();
        assert_eq!((story.refunds.len(), story.payouts.len()), (1, 1));
    });
}

#[test]
fn a_refund_that_the_rail_refuses_waits_for_a_person() {
    on_both(async |database| {
        let store = database.store().await;
        let outgoing = lease(&store, Poller::Outgoing, "bank").await;
        returned(&store, "d").await;
        let claims = store.claim_payouts(&outgoing, "bank", now(), 9).await.unwrap();
        let refused = PayoutEnd::Refused { code: None, reason: "account closed".to_owned() };
        let transfer = claims[0].transfer.as_ref().unwrap();
        let step = Step::new(transfer, S::OnHold, Cause::RefundFailed).because("account closed");
        let one = FinishedPayout { payout: &claims[0].payout, end: refused, step: Some(step) };
        assert_eq!(store.finish_payouts(&outgoing, &[one], now()).await.unwrap().len(), 1);
        assert_eq!(status(&store, "r-d").await.0, RefundStatus::Failed);
        let mut names: Vec<_> =
            store.alerts(false, 9).await.unwrap().into_iter().map(|alert| alert.name).collect();
        names.sort();
        assert_eq!(names, ["refund_failed", "transfer_on_hold"]);
        // With another account it may be decided once more.
        let held = read(&store, "d").await;
        assert_eq!(held.refund_id, None);
        let changes = Changes { refund_id: Some("again".to_owned()), ..Changes::default() };
        let step = Step { changes, ..Step::new(&held, S::PendingAnchor, Cause::RefundDecided) };
        let refunds = [refund("again", "d", "bank")];
        let moved = store.move_transfers(ann(), &[step], &refunds, at(1_000_001)).await.unwrap();
        assert_eq!(moved.len(), 1);
        assert_eq!(
            store.claim_payouts(&outgoing, "bank", at(1_000_001), 9).await.unwrap().len(),
            1
        );
    });
}

#[test]
fn a_withdrawal_goes_back_on_its_network() {
    on_both(async |database| {
        let store = database.store().await;
        let outgoing = lease(&store, Poller::Outgoing, "bank").await;
        let sending = lease(&store, Poller::PendingDeposits, "stellar").await;
        store.take_channels(&sending, "stellar", &["GCHANNEL".to_owned()]).await.unwrap();
        create(&store, &[NewTransfer { created_at: Some(at(0)), ..to_pay("s") }]).await;
        let transfer = read(&store, "s").await;
        let changes = Changes { refund_id: Some("r".to_owned()), ..Changes::default() };
        let step = Step { changes, ..Step::new(&transfer, S::PendingAnchor, Cause::RefundDecided) };
        let refunds = [refund("r", "s", "stellar")];
        assert_eq!(store.move_transfers(ann(), &[step], &refunds, now()).await.unwrap().len(), 1);
        assert!(store.claim_payouts(&outgoing, "bank", now(), 9).await.unwrap().is_empty());
        assert_eq!(store.refunds_to_make("stellar", now(), 9).await.unwrap().len(), 1);
        for (n, ends_well) in [(1, false), (2, true)] {
            let transfer = read(&store, "s").await;
            let new = envelope(&format!("e{n}"), n, &[("r", true)]);
            let steps = [Step::new(&transfer, S::PendingStellar, Cause::RefundStarted)];
            store.intend_envelope(&sending, &new, &steps, now()).await.unwrap();
            assert!(store.refunds_to_make("stellar", now(), 9).await.unwrap().is_empty());
            let transfer = read(&store, "s").await;
            let mut back = Step::new(&transfer, S::Refunded, Cause::RefundDone);
            back.changes.network_reference = Some("hash".to_owned());
            let lapsed = Step::new(&transfer, S::PendingAnchor, Cause::RefundLapsed);
            let again = RefundEnd::Again { why: "too late".to_owned(), not_before: now() };
            let again = [("r".to_owned(), again)];
            let (steps, ends): (_, &[_]) =
                if ends_well { ([back], &[]) } else { ([lapsed], &again) };
            let end = EnvelopeEnd { ..failed() };
            assert!(
                store
                    .finish_envelope(&sending, &new.envelope_id, &end, &steps, ends, now())
                    .await
                    .unwrap()
            );
        }
        assert_eq!(read(&store, "s").await.status, S::Refunded);
        assert_eq!(status(&store, "r").await, (RefundStatus::Done, Some("hash".to_owned())));
    });
}

#[test]
fn a_refund_of_which_nobody_can_tell_is_resolved_by_a_person() {
    on_both(async |database| {
        let store = database.store().await;
        let outgoing: Lease = lease(&store, Poller::Outgoing, "bank").await;
        returned(&store, "d").await;
        let claims = store.claim_payouts(&outgoing, "bank", now(), 9).await.unwrap();
        let unknown = PayoutEnd::Unknown { why: "it cannot tell".to_owned(), not_before: now() };
        let transfer = claims[0].transfer.as_ref().unwrap();
        let step = Step::new(transfer, S::OnHold, Cause::RefundFailed).because("it cannot tell");
        let one = FinishedPayout { payout: &claims[0].payout, end: unknown, step: Some(step) };
        assert_eq!(store.finish_payouts(&outgoing, &[one], now()).await.unwrap().len(), 1);
        let held = read(&store, "d").await;
        assert_eq!(held.payout_id.as_ref(), Some(&claims[0].payout.payout_id));
        let step = Step::new(&held, S::Refunded, Cause::Resolved);
        let delivered = Resolved::Delivered { reference: None };
        store
            .resolve_payout(&claims[0].payout.payout_id, &delivered, ann(), Some(&step), now())
            .await
            .unwrap();
        let story = store.transfer_story("d").await.unwrap().unwrap();
        assert_eq!(story.transfer.status, S::Refunded);
        assert_eq!(story.payouts[0].status, PayoutStatus::Done);
    });
}
