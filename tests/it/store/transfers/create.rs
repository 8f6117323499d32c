//! All of a batch, or none and why.

use chrono::TimeDelta;
use railpoll::engine::{Memo, NewTransfer, Protocol, TransferKind, TransferStatus};

use super::{amount, blank, create, deposit, read, to_pay, withdrawal};
use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::now;

#[test]
fn a_transfer_comes_back_as_it_went_in() {
    on_both(async |database| {
        let store = database.store().await;
        let new = NewTransfer {
            protocol: Some(Protocol::Sep31),
            memo: Some(Memo::Id(u64::MAX)),
            amount_in: Some(amount("123456789012345678901.1234567")),
            amount_out: Some(amount("123456789012345678901.0000000")),
            amount_fee: Some(amount("0.1234567")),
            beneficiary: Some(r#"{"name":  "Zoë \"x\"", "n": 12345678901234567890}"#.to_owned()),
            subject: Some("Über 10 \u{1f600} \\ '".to_owned()),
            deadline: Some(now() + TimeDelta::microseconds(1)),
            payment: Some(("acme".to_owned(), "p1".to_owned())),
            created_at: Some(now() - TimeDelta::days(3)),
            ..to_pay("a.b_c:d-E1")
        };
        create(&store, std::slice::from_ref(&new)).await;
        let found = read(&store, "a.b_c:d-E1").await;
        assert_eq!(found, new.clone().begun(now()));
        assert_eq!(found.amount_out.unwrap().to_string(), "123456789012345678901.0000000");
        let ids = ["p1".to_owned(), "p2".to_owned()];
        assert_eq!(store.transfers_of_payments("acme", &ids).await.unwrap().len(), 1);
        assert!(store.transfers_of_payments("other", &ids).await.unwrap().is_empty());
    });
}

#[test]
fn the_history_of_an_imported_transfer_begins_with_its_creation() {
    on_both(async |database| {
        let store = database.store().await;
        let made = |id: &str, created| NewTransfer { created_at: Some(created), ..deposit(id) };
        let (before, ahead) = (now() - TimeDelta::days(3), now() + TimeDelta::hours(1));
        create(&store, &[made("old", before), made("ahead", ahead)]).await;
        for (id, created) in [("old", before), ("ahead", now())] {
            let story = store.transfer_story(id).await.unwrap().unwrap();
            assert_eq!(story.transfer.created_at, created);
            let first = &story.history[0];
            assert_eq!((first.reached_at, first.recorded_at), (created, now()));
        }
    });
}

#[test]
fn a_creation_is_told_and_counted() {
    on_both(async |database| {
        let store = database.store().await;
        create(&store, &[deposit("a"), deposit("b"), withdrawal("c")]).await;
        let events = store.events_after(0, 10).await.unwrap();
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.event_type.as_str(), event.subject.as_str(), event.version))
            .collect();
        let created = |id| ("transfer.created", id, 1);
        assert_eq!(told, [created("transfer/a"), created("transfer/b"), created("transfer/c")]);
        let story = store.transfer_story("a").await.unwrap().unwrap();
        assert_eq!(story.history.len(), 1);
        assert_eq!(story.history[0].status, "pending_user_transfer_start");
        assert_eq!(story.history[0].source, "created");
        let counts = store.transfer_counts().await.unwrap();
        assert_eq!(counts.len(), 1);
        assert_eq!((counts[0].transfers, counts[0].oldest), (3, Some(now())));
    });
}

#[test]
fn one_bad_transfer_and_none_is_created() {
    on_both(async |database| {
        let store = database.store().await;
        let payment = Some(("acme".to_owned(), "p1".to_owned()));
        let paying = NewTransfer { payment: payment.clone(), ..to_pay("pays") };
        create(&store, &[deposit("a"), withdrawal("w"), paying]).await;
        let events = store.newest_event().await.unwrap();
        let batch = [
            deposit("good"),
            NewTransfer { subject: None, ..deposit("a") },
            NewTransfer { memo: Some(Memo::Text("w".to_owned())), ..withdrawal("w2") },
            NewTransfer { subject: Some("PAY-A".to_owned()), ..deposit("a2") },
            NewTransfer { payment, ..to_pay("pays-too") },
        ];
        let bad = store.create_transfers(ann(), &batch, now()).await.unwrap();
        let told: Vec<_> = bad
            .iter()
            .map(|bad| (bad.index, bad.transfer_id.as_str(), bad.faults.join("; ")))
            .collect();
        let expected = [
            (1, "a", "there is a transfer with its transfer_id"),
            (2, "w2", "its memo is taken by transfer w, which is open"),
            (3, "a2", "its subject is taken by transfer a, which is open"),
            (4, "pays-too", "transfer pays pays its payment out already"),
        ];
        assert_eq!(told, expected.map(|(index, id, fault)| (index, id, fault.to_owned())));
        assert_eq!(store.transfer("good").await.unwrap(), None);
        assert_eq!(store.newest_event().await.unwrap(), events);
    });
}

#[test]
fn what_is_wrong_in_itself_is_told_without_the_database() {
    on_both(async |database| {
        let store = database.store().await;
        let begin = TransferStatus::PendingUserTransferStart;
        let batch = [
            deposit("twice"),
            NewTransfer { subject: None, ..deposit("twice") },
            deposit("with blank"),
            deposit(&"x".repeat(101)),
            NewTransfer { status: TransferStatus::Completed, ..deposit("over") },
            NewTransfer { to_address: None, ..deposit("nowhere") },
            NewTransfer { memo: None, ..withdrawal("lost") },
            NewTransfer { beneficiary: Some("{".to_owned()), ..withdrawal("unreadable") },
            NewTransfer { amount_fee: Some(amount("1")), ..to_pay("sum") },
            NewTransfer {
                account: None,
                memo: None,
                ..blank("w", TransferKind::WithdrawalExchange, begin)
            },
            NewTransfer { subject: Some("a\0b".to_owned()), ..deposit("nul") },
        ];
        let bad = store.create_transfers(ann(), &batch, now()).await.unwrap();
        let indexes: Vec<usize> = bad.iter().map(|bad| bad.index).collect();
        assert_eq!(indexes, (1..batch.len()).collect::<Vec<_>>());
        assert!(store.transfer_counts().await.unwrap().is_empty());
    });
}

#[test]
fn a_memo_is_free_again_when_its_transfer_is_over() {
    on_both(async |database| {
        let store = database.store().await;
        create(&store, &[withdrawal("first")]).await;
        let same =
            NewTransfer { memo: Some(Memo::Text("first".to_owned())), ..withdrawal("second") };
        let batch = std::slice::from_ref(&same);
        assert_eq!(store.create_transfers(ann(), batch, now()).await.unwrap().len(), 1);
        // The same text in a memo of another type is another memo.
        let other = NewTransfer { memo: Some(Memo::Id(7)), ..withdrawal("third") };
        let text = NewTransfer { memo: Some(Memo::Text("7".to_owned())), ..withdrawal("fourth") };
        create(&store, &[other, text]).await;
        let first = store.transfer("first").await.unwrap().unwrap();
        let over = railpoll::engine::Step::new(
            &first,
            TransferStatus::TooSmall,
            railpoll::engine::Cause::TurnedDown,
        );
        assert_eq!(store.move_transfers(ann(), &[over], &[], now()).await.unwrap().len(), 1);
        create(&store, batch).await;
    });
}
