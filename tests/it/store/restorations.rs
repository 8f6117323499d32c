//! A database that was restored: what is held, what is to be looked up, and what was found.

use railpoll::engine::{About, Poller, Purpose, Step, TransferStatus as S};
use railpoll::store::{FoundPayment, LookKind, Looked, Store, StoreError};

use super::transfers::{amount, create, deposit_to_send, lease, read, to_pay};
use crate::support::payments::{self, at, intend_lock, now, payment, record, row};
use crate::support::{ann, on_both};

const RAIL: &str = "bank";

async fn left(store: &Store, place: &str) -> Vec<(LookKind, String)> {
    let looks = store.looks_left(place, true, 100).await.unwrap();
    looks.into_iter().map(|look| (look.kind, look.id)).collect()
}

#[test]
fn nothing_goes_out_while_it_is_held() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        record(&store, &[row(payment("p", "ACCEPTED", 1))]).await;
        let network = payments::lease(&store, Poller::Accepted).await;
        assert!(!store.is_held().await.unwrap() && store.restoration().await.unwrap().is_none());
        assert!(store.begin_restoration("host one", "behind", None, now()).await.unwrap());
        assert!(!store.begin_restoration("host two", "behind", None, now()).await.unwrap());
        assert!(store.is_held().await.unwrap() && store.outlook(0).await.unwrap().is_held);
        assert!(store.claim_payouts(&lease, RAIL, now(), 9).await.unwrap().is_empty());
        assert!(intend_lock(&store, &network, "p").await.is_none());
        let open = store.restoration().await.unwrap().unwrap();
        assert_eq!((open.told_by.as_str(), open.ended_at), ("host one", None));
        store.confirm_restoration(ann(), now()).await.unwrap();
        let refused = store.confirm_restoration(ann(), now()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))));
        let over = store.restoration().await.unwrap().unwrap();
        assert_eq!((over.ended_at, over.confirmed_by.is_some()), (Some(now()), true));
        assert_eq!(store.outlook(0).await.unwrap().explained_at, Some(over.began_at));
        assert!(intend_lock(&store, &network, "p").await.is_some());
    });
}

#[test]
fn what_was_found_is_the_same_decision_again_and_the_rail_is_asked_first() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a"), to_pay("b"), to_pay("c")]).await;
        store.begin_restoration("ann", "told", Some(ann()), now()).await.unwrap();
        let all = ["a", "b", "c"].map(|id| (LookKind::Payout, id.to_owned()));
        assert_eq!(left(&store, RAIL).await, all);
        assert!(store.looks_left(RAIL, false, 9).await.unwrap().is_empty(), "no payouts");
        let found = |id: &str, newest| Looked {
            kind: LookKind::Payout,
            id: id.to_owned(),
            newest,
            detail: newest.map(|_| "the rail says so".to_owned()),
        };
        let looked = [found("a", None), found("b", Some(3))];
        store.looked(&lease, RAIL, &looked, now()).await.unwrap();
        assert!(store.is_held().await.unwrap(), "one is left");
        let id = store.restoration().await.unwrap().unwrap().restoration_id;
        let place = store.looks(id).await.unwrap().remove(0);
        assert_eq!((place.all, place.left, place.found), (3, 1, 1));
        store.looked(&lease, RAIL, &[found("c", Some(0))], now()).await.unwrap();
        assert!(store.is_held().await.unwrap(), "their money may have gone back on the network");
        let (kind, id) = left(&store, "stellar").await.remove(0);
        let read_all = Looked { kind, id, newest: None, detail: None };
        store.looked(&lease, "stellar", &[read_all], now()).await.unwrap();
        assert!(!store.is_held().await.unwrap(), "all was looked up");
        // New payouts are written down, and not handed over before their rail was asked.
        assert!(store.claim_payouts(&lease, RAIL, now(), 9).await.unwrap().is_empty());
        let key = |id: &str, number| Some(About::Transfer(id).payout_key(Purpose::Payout, number));
        assert_eq!(read(&store, "a").await.payout_id, key("a", 1));
        assert_eq!(read(&store, "b").await.payout_id, key("b", 3), "it is the third decision");
        let held = read(&store, "c").await;
        assert_eq!((held.status, held.message.as_deref()), (S::OnHold, Some("the rail says so")));
        let start = railpoll::store::Following::default();
        let (asked, _) = store.payouts_to_follow(&lease, RAIL, now(), &start, 9).await.unwrap();
        assert_eq!(asked.len(), 2);
        let ids = vec!["a".to_owned(), "b".to_owned()];
        let told = store.found_by_looks(LookKind::Payout, ids).await.unwrap();
        assert_eq!(told.get("b"), Some(&(3, "the rail says so".to_owned())));
        assert_eq!(told.len(), 1);
    });
}

#[test]
fn a_payment_that_was_found_is_one_transfers() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "stellar").await;
        create(&store, &[deposit_to_send("d"), deposit_to_send("e")]).await;
        store.take_channels(&lease, "stellar", &["GUS".to_owned()]).await.unwrap();
        assert_eq!(store.settled_sequence("stellar", "GUS").await.unwrap(), None);
        assert!(store.oldest_to_send("stellar").await.unwrap().is_some());
        assert_eq!(store.oldest_to_send("elsewhere").await.unwrap(), None);
        let found: Vec<FoundPayment> = (0..2)
            .map(|position| FoundPayment {
                hash: "ab".repeat(32),
                position,
                source_account: "GUS".to_owned(),
                payer: "GUS".to_owned(),
                destination: "GCUSTOMER".to_owned(),
                asset: "native".to_owned(),
                amount: amount("10.25"),
                memo: None,
                paid_at: at(1),
            })
            .collect();
        for _ in 0..2 {
            store.record_found(&lease, "stellar", "GUS", 7, &found, now()).await.unwrap();
        }
        store.record_found(&lease, "stellar", "GUS", 5, &[], now()).await.unwrap();
        assert_eq!(store.settled_sequence("stellar", "GUS").await.unwrap(), Some(7));
        assert_eq!(store.found_payments("stellar").await.unwrap(), found);
        for (id, is_bound) in [("d", true), ("e", false)] {
            let transfer = read(&store, id).await;
            let step = Step::new(&transfer, S::Completed, railpoll::engine::Cause::Applied);
            let bound =
                store.bind_found(&lease, "stellar", &found[0], None, Some(&step), now()).await;
            assert_eq!(bound.unwrap(), is_bound, "it is one transfer's");
        }
        assert_eq!(read(&store, "d").await.status, S::Completed);
        assert_eq!(read(&store, "e").await.status, S::PendingAnchor);
        store.show_found(&lease, "stellar", &[&found[1]], Some("e"), None).await.unwrap();
        assert!(store.found_payments("stellar").await.unwrap().is_empty());
    });
}
