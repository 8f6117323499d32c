//! The same decision has the same name, whatever has become of the database meanwhile.

use railpoll::engine::{About, Cause, PayoutEnd, Poller, Purpose, TransferStatus as S};
use railpoll::store::FinishedPayout;

use super::{create, lease, read, to_pay};
use crate::support::payments::now;
use crate::support::{ann, on_both};

const RAIL: &str = "bank";

#[test]
fn a_payout_is_named_after_its_decision() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a"), to_pay("b")]).await;
        let key = |id: &str, number| About::Transfer(id).payout_key(Purpose::Payout, number);
        let first = store.claim_payouts(&lease, RAIL, now(), 9).await.unwrap();
        let names: Vec<_> = first.iter().map(|claim| claim.payout.payout_id.clone()).collect();
        assert_eq!(names, [key("a", 1), key("b", 1)]);
        // A payout that failed was a decision; the next one is another.
        let refused = PayoutEnd::Refused { code: None, reason: "no such account".to_owned() };
        let transfer = first[0].transfer.as_ref().unwrap();
        let step = railpoll::engine::Step::new(transfer, S::Error, Cause::PayoutFailed);
        let end = FinishedPayout { payout: &first[0].payout, end: refused, step: Some(step) };
        store.finish_payouts(&lease, &[end], now()).await.unwrap();
        super::step(&store, None, "a", S::PendingReceiver, Cause::Retried).await;
        let second = store.claim_payouts(&lease, RAIL, now(), 9).await.unwrap();
        assert_eq!(second[0].payout.payout_id, key("a", 2));
        assert_eq!(read(&store, "a").await.payout_id, Some(key("a", 2)));
    });
}

#[test]
fn a_refund_is_counted_with_all_that_were_decided_on_before() {
    on_both(async |database| {
        let store = database.store().await;
        let none = store.refunds_decided(&["a".to_owned()]).await.unwrap();
        assert!(none.is_empty());
        assert_eq!(store.refunds_of_incoming("bank", "7").await.unwrap(), 0);
        create(&store, &[to_pay("a")]).await;
        let id = About::Transfer("a").refund_id(1);
        let refund = super::refunds::refund(&id, "a", RAIL);
        let transfer = read(&store, "a").await;
        let mut step =
            railpoll::engine::Step::new(&transfer, S::PendingAnchor, Cause::RefundDecided);
        step.changes.refund_id = Some(id.clone());
        store.move_transfers(ann(), &[step], &[refund], now()).await.unwrap();
        let decided = store.refunds_decided(&["a".to_owned(), "b".to_owned()]).await.unwrap();
        assert_eq!(decided.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 1)]);
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        let claims = store.claim_payouts(&lease, RAIL, now(), 9).await.unwrap();
        assert_eq!(claims[0].payout.payout_id, About::Refund(&id).payout_key(Purpose::Refund, 1));
    });
}
