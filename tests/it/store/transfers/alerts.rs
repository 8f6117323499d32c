//! What is wrong with transfers is told, kept current, and over when it is over.

use std::slice;

use chrono::TimeDelta;
use railpoll::engine::{Cause, Changes, NewTransfer, Poller, Step, TransferStatus as S};
use railpoll::store::Store;

use super::{create, deposit, lease, read, step, to_pay, withdrawal};
use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, now};

/// The name, count and detail of each alert that stands.
async fn open(store: &Store) -> Vec<(String, u64, String)> {
    let open = store.alerts(false, 9).await.unwrap();
    open.into_iter().map(|alert| (alert.name, alert.count, alert.detail)).collect()
}

async fn types(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 1_000).await.unwrap();
    let types = events.into_iter().map(|event| event.event_type);
    types.filter(|name| name.starts_with("alert.")).collect()
}

#[test]
fn money_of_transfers_in_error_is_told_with_the_move_and_counted() {
    on_both(async |database| {
        let store = database.store().await;
        let bank = lease(&store, Poller::Outgoing, "bank").await;
        create(&store, &[to_pay("a"), to_pay("b"), withdrawal("c")]).await;
        for (id, count) in [("a", 1), ("b", 2)] {
            let transfer = read(&store, id).await;
            let message = Some("the account is closed".to_owned());
            let changes = Changes { message, ..Changes::default() };
            let failed = Step { changes, ..Step::new(&transfer, S::Error, Cause::PayoutFailed) };
            store.move_transfers(&bank, &[failed], &[], at(10)).await.unwrap();
            let [(name, counted, detail)] = &open(&store).await[..] else { panic!("not one") };
            assert_eq!((name.as_str(), *counted), ("transfer_failed", count));
            let told = "the oldest is a: 10.50 usdc came in, and: the account is closed";
            assert!(detail.starts_with(told), "{detail}");
        }
        assert_eq!(types(&store).await, ["alert.raised", "alert.changed"]);
        // Somebody has seen to it: it is silent until there is more of it.
        let id = store.alerts(false, 1).await.unwrap()[0].alert_id;
        store.silence_alert(id, ann(), at(11)).await.unwrap();
        store.tell_conditions(&bank, &[], at(12)).await.unwrap();
        assert!(store.alerts(false, 1).await.unwrap()[0].silence.is_some());
        for id in ["a", "b"] {
            step(&store, None, id, S::PendingReceiver, Cause::Retried).await;
        }
        assert_eq!(open(&store).await, []);
        assert_eq!(types(&store).await.last().unwrap(), "alert.cleared");
    });
}

#[test]
fn transfers_on_hold_are_told_before_their_deadline() {
    on_both(async |database| {
        let store = database.store().await;
        let bank = lease(&store, Poller::PendingDeposits, "bank").await;
        let after = |seconds| now() + TimeDelta::seconds(seconds);
        let until =
            |id: &str, seconds| NewTransfer { deadline: Some(after(seconds)), ..deposit(id) };
        create(&store, &[until("late", 4_000), until("soon", 400), deposit("never")]).await;
        for id in ["late", "soon", "never"] {
            step(&store, None, id, S::OnHold, Cause::Held).await;
        }
        let names = async |seconds| {
            store.tell_conditions(&bank, &[], after(seconds)).await.unwrap();
            let open = open(&store).await;
            open.into_iter().map(|(name, count, _)| (name, count)).collect::<Vec<_>>()
        };
        let held = ("transfer_on_hold".to_owned(), 3);
        assert_eq!(names(199).await, slice::from_ref(&held));
        let due = |count| ("decision_due".to_owned(), count);
        assert_eq!(names(200).await, [held.clone(), due(1)]);
        let [_, (_, _, detail)] = &open(&store).await[..] else { panic!("not two") };
        assert!(detail.starts_with("soon is the first, until 2023-"), "{detail}");
        assert_eq!(names(400).await, slice::from_ref(&held), "that one is over");
        assert_eq!(names(2_000).await, [held, due(1)]);
        for id in ["late", "soon", "never"] {
            step(&store, None, id, S::PendingUserTransferStart, Cause::Released).await;
        }
        assert_eq!(names(2_001).await, []);
    });
}
