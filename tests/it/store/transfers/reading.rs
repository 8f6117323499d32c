//! Lists, pages and what is due.

use railpoll::engine::{Cause, NewTransfer, PlaceKind, Poller, TransferKind, TransferStatus as S};
use railpoll::store::{Store, TransferFilter};

use super::{create, deposit, lease, step, to_pay, withdrawal};
use crate::support::on_both;
use crate::support::payments::{at, now};

async fn list(store: &Store, filter: TransferFilter) -> Vec<String> {
    let found = store.transfers(&TransferFilter { limit: 100, ..filter }).await.unwrap();
    found.into_iter().map(|one| one.transfer_id).collect()
}

#[test]
fn lists_are_filtered_and_paged_in_the_order_of_creation() {
    on_both(async |database| {
        let store = database.store().await;
        // Two of each time: ties are told apart by the id.
        let made = |new: NewTransfer, n: i64| NewTransfer { created_at: Some(at(n / 2)), ..new };
        let batch: Vec<_> = (0..10)
            .map(|n| match n % 3 {
                0 => made(deposit(&format!("t{n}")), n),
                1 => made(withdrawal(&format!("t{n}")), n),
                _ => NewTransfer { rail: "card".to_owned(), ..made(to_pay(&format!("t{n}")), n) },
            })
            .collect();
        create(&store, &batch).await;
        let all: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
        assert_eq!(list(&store, TransferFilter::default()).await, all);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let filter =
                TransferFilter { after: after.clone(), limit: 3, ..TransferFilter::default() };
            let page = store.transfers(&filter).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.transfer_id.clone()));
            paged.extend(page.into_iter().map(|one| one.transfer_id));
        }
        assert_eq!(paged, all);
        let card = TransferFilter { rail: Some("card".to_owned()), ..TransferFilter::default() };
        assert_eq!(list(&store, card).await, ["t2", "t5", "t8"]);
        let withdrawals = TransferFilter {
            kind: Some(TransferKind::Withdrawal),
            since: Some(at(2)),
            network: Some("stellar".to_owned()),
            ..TransferFilter::default()
        };
        assert_eq!(list(&store, withdrawals).await, ["t4", "t7"]);
        let paying =
            TransferFilter { status: Some(S::PendingReceiver), ..TransferFilter::default() };
        assert_eq!(list(&store, paying).await, ["t2", "t5", "t8"]);
    });
}

#[test]
fn waiting_deposits_come_oldest_first_in_pages() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        let made = |id: String, n| NewTransfer { created_at: Some(at(n)), ..deposit(&id) };
        let mut batch: Vec<_> = (0..9).map(|n| made(format!("d{n}"), n)).collect();
        batch.push(NewTransfer { rail: "card".to_owned(), ..made("elsewhere".to_owned(), 0) });
        batch.push(withdrawal("w"));
        create(&store, &batch).await;
        // Seen ones and others are one list.
        for id in ["d1", "d2", "d5"] {
            step(&store, Some(&lease), id, S::PendingExternal, Cause::ArrivalSeen).await;
        }
        step(&store, None, "d3", S::OnHold, Cause::Held).await;
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.waiting_deposits("bank", after.as_ref(), now(), 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.transfer_id.clone()));
            seen.extend(page.into_iter().map(|one| one.transfer_id));
        }
        assert_eq!(seen, ["d0", "d1", "d2", "d4", "d5", "d6", "d7", "d8"]);
    });
}

#[test]
fn what_did_not_come_in_time_is_overdue_for_who_would_see_it_come() {
    on_both(async |database| {
        let store = database.store().await;
        let due = |new: NewTransfer, n| NewTransfer { deadline: Some(at(n)), ..new };
        let batch = [
            due(deposit("late"), 5),
            due(deposit("early"), 900),
            due(withdrawal("w"), 5),
            to_pay("p"),
        ];
        create(&store, &batch).await;
        let overdue = async |by, place, now| -> Vec<String> {
            let found = store.overdue_transfers(by, place, None, at(now), 9).await.unwrap();
            found.into_iter().map(|one| one.transfer_id).collect()
        };
        assert!(overdue(PlaceKind::Rail, "bank", 5).await.is_empty());
        assert_eq!(overdue(PlaceKind::Rail, "bank", 6).await, ["late"]);
        assert_eq!(overdue(PlaceKind::Rail, "bank", 901).await, ["late", "early"]);
        assert_eq!(overdue(PlaceKind::Network, "stellar", 6).await, ["w"]);
        assert!(overdue(PlaceKind::Network, "bank", 6).await.is_empty());
        let to = async |account: &str| {
            let found =
                store.overdue_transfers(PlaceKind::Network, "stellar", Some(account), at(6), 9);
            found.await.unwrap().len()
        };
        let account = withdrawal("w").account.unwrap();
        assert_eq!((to(&account).await, to("another").await), (1, 0));
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        step(&store, Some(&lease), "late", S::Expired, Cause::DeadlinePassed).await;
        assert!(overdue(PlaceKind::Rail, "bank", 6).await.is_empty());
    });
}

#[test]
fn counts_follow_every_move_and_tell_the_oldest() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::PendingDeposits, "bank").await;
        let old = NewTransfer { created_at: Some(at(3)), ..deposit("old") };
        let older = NewTransfer { created_at: Some(at(2)), ..withdrawal("older") };
        create(&store, &[deposit("a"), old, older]).await;
        step(&store, Some(&lease), "a", S::PendingExternal, Cause::ArrivalSeen).await;
        step(&store, Some(&lease), "a", S::Error, Cause::ArrivalFailed).await;
        let counts = store.transfer_counts().await.unwrap();
        let told: Vec<_> =
            counts.iter().map(|one| (one.status, one.transfers, one.oldest)).collect();
        assert_eq!(told, [(S::Error, 1, None), (S::PendingUserTransferStart, 2, Some(at(2)))]);
    });
}

#[test]
fn transfers_are_found_by_each_of_their_facts() {
    on_both(async |database| {
        let store = database.store().await;
        let one = NewTransfer {
            subject: Some("RP 10-41".to_owned()),
            rail_reference: Some("SEPA 7".to_owned()),
            created_at: Some(at(1)),
            ..deposit("aaaa-1")
        };
        let two = NewTransfer { created_at: Some(at(2)), ..withdrawal("bbbb-2") };
        let three = NewTransfer {
            payment: Some(("acme".to_owned(), "pay-1".to_owned())),
            created_at: Some(at(3)),
            ..to_pay("bbbb-3")
        };
        create(&store, &[one, two, three]).await;
        let text = |text: &str| Some(text.to_owned());
        let none = TransferFilter::default;
        for (filter, wanted) in [
            (TransferFilter { newest: true, ..none() }, &["bbbb-3", "bbbb-2", "aaaa-1"][..]),
            (TransferFilter { memo: text("bbbb-2"), ..none() }, &["bbbb-2"]),
            (TransferFilter { subject: text("rp1041"), ..none() }, &["aaaa-1"]),
            (TransferFilter { asset: text("usdc"), ..none() }, &["aaaa-1", "bbbb-2", "bbbb-3"]),
            (TransferFilter { asset: text("eurc"), ..none() }, &[]),
            (TransferFilter { amount: "10.25".parse().ok(), ..none() }, &["bbbb-3"]),
            (
                TransferFilter { amount: "10.500".parse().ok(), ..none() },
                &["aaaa-1", "bbbb-2", "bbbb-3"],
            ),
            (TransferFilter { reference: text("SEPA 7"), ..none() }, &["aaaa-1"]),
            (TransferFilter { reference: text("pay-1"), ..none() }, &["bbbb-3"]),
            (TransferFilter { payer: text("GPAYER"), ..none() }, &["bbbb-3"]),
            (TransferFilter { until: Some(at(2)), ..none() }, &["aaaa-1"]),
            (TransferFilter { since: Some(at(2)), until: Some(at(3)), ..none() }, &["bbbb-2"]),
        ] {
            assert_eq!(list(&store, filter.clone()).await, wanted, "{filter:?}");
            let counted = store.transfers_count(&filter).await.unwrap();
            assert_eq!(counted, u64::try_from(wanted.len()).unwrap(), "{filter:?}");
        }
        let begun = store.transfers_beginning("bbbb", 5).await.unwrap();
        let begun: Vec<&str> = begun.iter().map(|one| one.transfer_id.as_str()).collect();
        assert_eq!(begun, ["bbbb-2", "bbbb-3"]);
        assert!(store.has_asset("usdc").await.unwrap() && !store.has_asset("x").await.unwrap());
        assert!(store.envelopes_beginning("00", 5).await.unwrap().is_empty());
    });
}
