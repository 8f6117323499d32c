//! Steps: from the version that was read, with history and event, or not at all.

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::{AlertName, Cause, Changes, Poller, Step, TransferStatus as S, iso};
use railpoll::store::{Postponed, StoreError};

use super::{amount, create, deposit, lease, read, step, to_pay, withdrawal};
use crate::support::on_both;
use crate::support::payments::{at, now};
use crate::support::{ann, by};

#[test]
fn a_move_changes_the_transfer_and_is_told() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        create(&store, &[deposit("a")]).await;
        let before = read(&store, "a").await;
        let changes = Changes {
            amount_in: Some(amount("10.50")),
            amount_out: Some(amount("10.2500000")),
            amount_fee: Some(amount("0.25")),
            rail_fee: Some(amount("0.35")),
            rail_reference: Some("bank-1".to_owned()),
            from_address: Some("DE00\0".to_owned()),
            message: Some("it came".to_owned()),
            not_before: Some(at(7)),
            ..Changes::default()
        };
        let arrived =
            Step { transfer: &before, to: S::PendingAnchor, cause: Cause::Arrived, changes };
        let later = now() + TimeDelta::seconds(5);
        let moved = store.move_transfers(&lease, std::slice::from_ref(&arrived), &[], later).await;
        assert_eq!(moved.unwrap().into_iter().collect::<Vec<_>>(), ["a"]);
        let after = read(&store, "a").await;
        let mut expected = arrived.taken(later).unwrap();
        expected.from_address = Some("DE00\u{fffd}".to_owned());
        assert_eq!(after, expected);
        assert_eq!((after.status, after.version), (S::PendingAnchor, 2));
        assert_eq!(after.amount_out.unwrap().to_string(), "10.2500000");
        assert_eq!(after.rail_fee.unwrap().to_string(), "0.35");
        let story = store.transfer_story("a").await.unwrap().unwrap();
        let last = story.history.last().unwrap();
        assert_eq!((last.status.as_str(), last.source.as_str()), ("pending_anchor", "arrived"));
        assert_eq!((last.reason.as_deref(), last.reached_at), (Some("it came"), later));
        let event = store.events_after(0, 10).await.unwrap().pop().unwrap();
        assert_eq!(event.event_type, "transfer.status_changed");
        assert_eq!((event.subject.as_str(), event.version), ("transfer/a", 2));
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["previous_status"], "pending_user_transfer_start");
        assert_eq!(
            (&data["status"], &data["cause"]),
            (&"pending_anchor".into(), &"arrived".into())
        );
        assert_eq!(
            (&data["amount_in"], &data["amount_out"]),
            (&"10.50".into(), &"10.2500000".into())
        );
        assert_eq!(data["updated_at"], iso(later));
    });
}

#[test]
fn a_stale_version_moves_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        create(&store, &[deposit("a"), deposit("b")]).await;
        let stale = read(&store, "a").await;
        let fresh = read(&store, "b").await;
        step(&store, Some(&lease), "a", S::PendingExternal, Cause::ArrivalSeen).await;
        let rows = store.newest_event().await.unwrap();
        let steps = [
            Step::new(&stale, S::Expired, Cause::DeadlinePassed),
            Step::new(&fresh, S::Expired, Cause::DeadlinePassed),
        ];
        let moved = store.move_transfers(&lease, &steps, &[], now()).await.unwrap();
        assert_eq!(moved.into_iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(read(&store, "a").await.status, S::PendingExternal);
        assert_eq!(store.newest_event().await.unwrap(), rows + 1, "one move, one event");
        // The same status again is not the same version.
        let seen = read(&store, "a").await;
        step(&store, None, "a", S::OnHold, Cause::Held).await;
        step(&store, None, "a", S::PendingUserTransferStart, Cause::Released).await;
        step(&store, Some(&lease), "a", S::PendingExternal, Cause::ArrivalSeen).await;
        let steps = [Step::new(&seen, S::Error, Cause::ArrivalFailed)];
        assert!(store.move_transfers(&lease, &steps, &[], now()).await.unwrap().is_empty());
    });
}

#[test]
fn what_the_table_does_not_have_is_refused_before_anything_is_moved() {
    on_both(async |database| {
        let store = database.store().await;
        let pending_deposits = lease(&store, Poller::PendingDeposits, "bank").await;
        let outgoing = lease(&store, Poller::Outgoing, "bank").await;
        create(&store, &[deposit("a"), deposit("b"), withdrawal("w"), to_pay("p")]).await;
        let (a, b, w, p) = (
            read(&store, "a").await,
            read(&store, "b").await,
            read(&store, "w").await,
            read(&store, "p").await,
        );
        let good = Step::new(&b, S::PendingExternal, Cause::ArrivalSeen);
        for (lease, bad, why) in [
            (
                Some(&pending_deposits),
                Step::new(&a, S::Completed, Cause::Applied),
                "does not become",
            ),
            (
                Some(&pending_deposits),
                Step::new(&w, S::PendingAnchor, Cause::Arrived),
                "for watch to say",
            ),
            (
                Some(&outgoing),
                Step::new(&a, S::PendingAnchor, Cause::Arrived),
                "for pending-deposits",
            ),
            (None, Step::new(&p, S::Completed, Cause::Delivered), "for outgoing to say"),
            (None, Step::new(&p, S::PendingAnchor, Cause::RefundDecided), "lacks its refund"),
            (Some(&pending_deposits), good.clone(), "two steps at once"),
        ] {
            let steps = [good.clone(), bad];
            let refused = match lease {
                None => store.move_transfers(ann(), &steps[1..], &[], now()).await,
                Some(_) => store.move_transfers(by(lease), &steps, &[], now()).await,
            };
            match refused {
                // Outgoing may not make the good one either.
                Err(StoreError::Refused(text)) => assert!(text.contains(why), "{text}"),
                other => panic!("{why}: {other:?}"),
            }
        }
        assert_eq!(read(&store, "b").await, b);
        assert_eq!(store.newest_event().await.unwrap(), 4);
    });
}

#[test]
fn a_transfer_that_is_held_raises_an_alert_and_the_last_one_released_ends_it() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        create(&store, &[deposit("a"), deposit("b")]).await;
        let open = async || -> Vec<(String, String)> {
            let alerts = store.alerts(false, 10).await.unwrap();
            alerts.into_iter().map(|alert| (alert.name, alert.place)).collect()
        };
        for id in ["a", "b"] {
            step(&store, Some(&lease), id, S::OnHold, Cause::ArrivalHeld).await;
            let name = AlertName::TransferOnHold.as_str().to_owned();
            assert_eq!(open().await, [(name, "bank".to_owned())]);
        }
        step(&store, None, "a", S::PendingUserTransferStart, Cause::Released).await;
        assert_eq!(open().await.len(), 1, "one is held still");
        step(&store, None, "b", S::PendingUserTransferStart, Cause::Released).await;
        assert!(open().await.is_empty());
    });
}

#[test]
fn times_of_one_transfer_rise_whatever_the_clocks_say() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        create(&store, &[deposit("a")]).await;
        let move_at = async |to, cause, now: DateTime<Utc>| {
            let transfer = read(&store, "a").await;
            let actor = (cause != Cause::Held && cause != Cause::Released).then_some(&lease);
            let steps = [Step::new(&transfer, to, cause)];
            assert_eq!(store.move_transfers(by(actor), &steps, &[], now).await.unwrap().len(), 1);
        };
        let early = now() - TimeDelta::hours(1);
        for _ in 0..3 {
            move_at(S::PendingExternal, Cause::ArrivalSeen, early).await;
            move_at(S::OnHold, Cause::Held, early).await;
            move_at(S::PendingUserTransferStart, Cause::Released, early).await;
        }
        let history = store.transfer_story("a").await.unwrap().unwrap().history;
        assert_eq!(history.len(), 10, "each move has its row, though the clock stood still");
        assert!(history.is_sorted_by(|one, other| one.reached_at < other.reached_at));
    });
}

#[test]
fn a_postponed_transfer_is_no_other_version() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        create(&store, &[deposit("a")]).await;
        let before = read(&store, "a").await;
        let later = at(1_500_000);
        let postponed = Postponed {
            transfer_id: "a".to_owned(),
            version: before.version,
            not_before: later,
            message: Some("the bank is closed".to_owned()),
            counts: true,
        };
        let stale = Postponed { version: 7, message: None, ..postponed.clone() };
        let counted = postponed.clone();
        store.postpone_transfers(&lease, &[postponed]).await.unwrap();
        store.postpone_transfers(&lease, &[stale]).await.unwrap();
        let after = read(&store, "a").await;
        assert_eq!((after.version, after.attempts, after.not_before), (1, 1, Some(later)));
        assert_eq!(after.message.as_deref(), Some("the bank is closed"));
        // One that waits for something else than its own has tried nothing.
        let waits = Postponed { counts: false, ..counted };
        store.postpone_transfers(&lease, &[waits]).await.unwrap();
        assert_eq!(read(&store, "a").await.attempts, 1);
        assert!(store.waiting_deposits("bank", None, now(), 10).await.unwrap().is_empty());
        assert_eq!(store.waiting_deposits("bank", None, later, 10).await.unwrap().len(), 1);
        // What was read before may still be moved.
        let steps = [Step::new(&before, S::PendingExternal, Cause::ArrivalSeen)];
        assert_eq!(store.move_transfers(&lease, &steps, &[], now()).await.unwrap().len(), 1);
        let after = read(&store, "a").await;
        assert_eq!((after.attempts, after.not_before, after.message), (0, None, None));
    });
}

#[test]
fn history_of_transfers_can_not_be_changed() {
    on_both(async |database| {
        let store = database.store().await;
        create(&store, &[deposit("a")]).await;
        let mut person = database.person().await;
        for attempt in [
            "UPDATE status_changes SET status = 'completed' WHERE kind = 'transfer'",
            "DELETE FROM status_changes WHERE kind = 'transfer'",
        ] {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains("is append-only"), "{attempt}: {refused}");
        }
        for attempt in [
            "UPDATE transfers SET status = 'completed'",
            "UPDATE transfers SET kind = 'gift'",
            "UPDATE transfers SET amount_expected = '-1'",
            "UPDATE transfers SET memo = 'x'",
            "UPDATE transfers SET payment_id = 'x'",
        ] {
            assert!(person.execute(attempt).await.is_err(), "{attempt}");
        }
    });
}
