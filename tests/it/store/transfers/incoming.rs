//! Money that reached us is written down once, with all that it does, and never dropped.

use railpoll::engine::{
    Candidate, Cause, Changes, Incoming, IncomingStatus, Match, Memo, MemoKey, NewRefund,
    NewTransfer, Poller, Step, Transfer, TransferStatus as S, match_incoming, subject_key,
};
use railpoll::store::{
    IncomingFilter, IncomingPage, Lease, NewIncoming, Recorded, RefundEnd, Store, StoreError,
};

use super::{ACCOUNT, amount, create, deposit, lease, read, step, withdrawal};
use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, now};

pub(in crate::store) const NETWORK: &str = "stellar";

pub(in crate::store) fn paid(id: &str, memo: &str) -> Incoming {
    Incoming {
        incoming_id: id.to_owned(),
        source: NETWORK.to_owned(),
        account: ACCOUNT.to_owned(),
        from: Some("GPAYER".to_owned()),
        amount: amount("10.5000000"),
        asset: "USDC:GISSUER".to_owned(),
        memo: Some(Memo::Text(memo.to_owned())),
        subject: None,
        fee: None,
        muxed_id: Some(u64::MAX),
        reference: "abcdef".to_owned(),
        at: at(500),
        raw: "{\"x\": \"\0\"}".to_owned(),
    }
}

/// What an incoming payment is and does, as the watching poller would have it.
pub(in crate::store) fn matched<'a>(incoming: Incoming, found: &'a [Transfer]) -> NewIncoming<'a> {
    let candidates: Vec<_> =
        found.iter().map(|one| Candidate::of(one, "USDC:GISSUER".to_owned())).collect();
    let verdict = match_incoming(&incoming, &candidates);
    let step = match &verdict {
        Match::Matched(own) => {
            found.iter().find(|one| one.transfer_id == own.id()).map(|transfer| {
                let changes = Changes {
                    amount_in: Some(incoming.amount.clone()),
                    amount_out: Some(amount("10.00")),
                    from_address: incoming.from.clone(),
                    ..Changes::default()
                };
                Step { changes, ..Step::new(transfer, S::PendingAnchor, Cause::Arrived) }
            })
        }
        Match::Second(_) | Match::UnknownMemo | Match::WrongAsset(_) | Match::TooLate(_) => None,
    };
    NewIncoming { step, ..NewIncoming::confirmed(incoming, verdict) }
}

pub(in crate::store) async fn candidates(store: &Store, incoming: &[Incoming]) -> Vec<Transfer> {
    let keys: Vec<MemoKey> = incoming.iter().flat_map(Incoming::keys).collect();
    store.transfers_for(NETWORK, &keys).await.unwrap()
}

async fn record(store: &Store, lease: &Lease, incoming: Incoming, cursor: &str) -> Recorded {
    let found = candidates(store, std::slice::from_ref(&incoming)).await;
    let row = matched(incoming, &found);
    store
        .record_incoming(lease, &IncomingPage::of(NETWORK, ACCOUNT, &[row], Some(cursor)), now())
        .await
        .unwrap()
}

pub(in crate::store) fn stored(new: usize) -> Recorded {
    Recorded::Stored { new, refused: Vec::new() }
}

async fn unmatched(store: &Store) -> Vec<(String, String)> {
    let filter = IncomingFilter { unmatched: true, limit: 10, ..IncomingFilter::default() };
    let rows = store.incoming(&filter).await.unwrap();
    rows.into_iter().map(|row| (row.incoming.incoming_id, row.verdict)).collect()
}

#[test]
fn a_payment_moves_its_transfer_once_however_often_it_is_read() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        let first = paid("1", "w");
        assert_eq!(record(&store, &lease, first.clone(), "c1").await, stored(1));
        let after = read(&store, "w").await;
        assert_eq!((after.status, after.version), (S::PendingAnchor, 2));
        assert_eq!(after.amount_in.as_ref().unwrap().to_string(), "10.5000000");
        assert_eq!(record(&store, &lease, first.clone(), "c2").await, stored(0));
        assert_eq!(read(&store, "w").await, after);
        let cursor = store.stream_cursor(NETWORK, ACCOUNT).await.unwrap();
        assert_eq!(cursor.as_deref(), Some("c2"));
        assert_eq!(store.stream_cursor(NETWORK, "other").await.unwrap(), None);
        let story = store.transfer_story("w").await.unwrap().unwrap();
        let kept = &story.incoming[0];
        let without_nul = Incoming { raw: "{\"x\": \"\u{fffd}\"}".to_owned(), ..first };
        assert_eq!((&kept.incoming, kept.verdict.as_str()), (&without_nul, "matched"));
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
    });
}

#[test]
fn up_to_where_an_account_is_read_goes_forward_only() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        let through = async || store.read_through(NETWORK, ACCOUNT).await.unwrap();
        store.note_read_through(&lease, NETWORK, ACCOUNT, 5).await.unwrap();
        assert_eq!(through().await, None, "nothing was ever read");
        create(&store, &[withdrawal("w")]).await;
        assert_eq!(record(&store, &lease, paid("1", "w"), "c1").await, stored(1));
        for (ledger, wanted) in [(7, 7), (6, 7), (4_000_000_000, 4_000_000_000)] {
            store.note_read_through(&lease, NETWORK, ACCOUNT, ledger).await.unwrap();
            assert_eq!(through().await, Some(wanted));
        }
        assert_eq!(record(&store, &lease, paid("1", "w"), "c2").await, stored(0));
        assert_eq!(through().await, Some(4_000_000_000), "it stays with a new place");
        assert_eq!(store.read_through(NETWORK, "other").await.unwrap(), None);
    });
}

#[test]
fn a_payment_twice_on_one_page_counts_once() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        let found = candidates(&store, &[paid("1", "w")]).await;
        let one = matched(paid("1", "w"), &found);
        let rows = [one.clone(), one];
        let recorded = store
            .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &rows, None), now())
            .await;
        assert_eq!(recorded.unwrap(), stored(1));
        assert_eq!(read(&store, "w").await.version, 2);
    });
}

#[test]
fn what_somebody_else_moved_meanwhile_is_matched_again() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w"), withdrawal("v")]).await;
        let found = candidates(&store, &[paid("1", "w"), paid("2", "v")]).await;
        let rows = [matched(paid("1", "w"), &found), matched(paid("2", "v"), &found)];
        step(&store, None, "w", S::OnHold, Cause::Held).await;
        let events = store.newest_event().await.unwrap();
        let recorded = store
            .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &rows, Some("c")), now())
            .await;
        assert_eq!(recorded.unwrap(), Recorded::Again(vec!["w".to_owned()]));
        assert_eq!(read(&store, "v").await.version, 1, "all or nothing");
        assert_eq!(store.stream_cursor(NETWORK, ACCOUNT).await.unwrap(), None);
        assert_eq!(store.newest_event().await.unwrap(), events);
        let filter = IncomingFilter { limit: 10, ..IncomingFilter::default() };
        assert!(store.incoming(&filter).await.unwrap().is_empty());
    });
}

#[test]
fn what_belongs_to_nobody_is_kept_and_told_until_a_person_sees_to_it() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        let late = NewTransfer { deadline: Some(at(1)), ..withdrawal("late") };
        create(&store, &[withdrawal("w"), late]).await;
        record(&store, &lease, paid("1", "w"), "1").await;
        record(&store, &lease, paid("2", "w"), "2").await;
        record(&store, &lease, paid("3", "nobody"), "3").await;
        let eur = Incoming { asset: "EURC:G".to_owned(), ..paid("4", "w") };
        record(&store, &lease, eur, "4").await;
        record(&store, &lease, paid("5", "late"), "5").await;
        let words =
            [("2", "second"), ("3", "unknown_memo"), ("4", "wrong_asset"), ("5", "too_late")];
        let expected = words.map(|(id, word)| (id.to_owned(), word.to_owned()));
        assert_eq!(unmatched(&store).await, expected);
        let alerts = store.alerts(false, 10).await.unwrap();
        assert_eq!(alerts.len(), 1, "one condition, one alert");
        assert_eq!((alerts[0].name.as_str(), alerts[0].count), ("incoming_unmatched", 4));
        // That there is more of it is told each time.
        let events = store.events_after(0, 1_000).await.unwrap();
        let counts: Vec<_> = events
            .iter()
            .filter(|event| event.event_type.starts_with("alert."))
            .map(|event| {
                serde_json::from_str::<serde_json::Value>(&event.data).unwrap()["count"].clone()
            })
            .collect();
        assert_eq!(counts, [1, 2, 3, 4].map(serde_json::Value::from));
        // One is given to the transfer that it was late for.
        let transfer = read(&store, "late").await;
        let changes = Changes { amount_in: Some(amount("10.5")), ..Changes::default() };
        let assign = Step { changes, ..Step::new(&transfer, S::PendingAnchor, Cause::Assigned) };
        store.assign_incoming(NETWORK, "5", &assign, ann(), now()).await.unwrap();
        assert_eq!(read(&store, "late").await.status, S::PendingAnchor);
        let twice = store.assign_incoming(NETWORK, "5", &assign, ann(), now()).await;
        assert!(matches!(twice, Err(StoreError::Refused(_))));
        let matched = store.assign_incoming(NETWORK, "1", &assign, ann(), now()).await;
        assert!(matches!(matched, Err(StoreError::Refused(_))), "it has its transfer");
        // Nothing can not go back, on either database.
        let nothing = NewRefund { amount: amount("0.0000000"), ..refund("none") };
        let refused = store.refund_incoming(NETWORK, "2", &nothing, ann(), now()).await;
        assert!(
            matches!(&refused, Err(StoreError::Refused(text)) if text.contains("nothing to refund")),
            "{refused:?}"
        );
        // The others go back.
        for (id, left) in [("2", 3), ("3", 2), ("4", 1)] {
            assert_eq!(store.alerts(false, 10).await.unwrap()[0].count, left);
            store.refund_incoming(NETWORK, id, &refund(id), ann(), now()).await.unwrap();
        }
        assert!(unmatched(&store).await.is_empty());
        assert!(store.alerts(false, 10).await.unwrap().is_empty());
        let twice = store.refund_incoming(NETWORK, "2", &refund("again"), ann(), now()).await;
        assert!(matches!(twice, Err(StoreError::Refused(_))), "money goes back once");
        let due = store.refunds_to_make(NETWORK, now(), 10).await.unwrap();
        let of: Vec<_> = due.into_iter().map(|refund| refund.incoming.unwrap().1).collect();
        assert_eq!(of, ["2", "3", "4"]);
    });
}

pub(in crate::store) fn refund(id: &str) -> NewRefund {
    NewRefund {
        refund_id: format!("r{id}"),
        transfer_id: None,
        incoming: None,
        place: NETWORK.to_owned(),
        amount: amount("10.5"),
        asset: "USDC:GISSUER".to_owned(),
        destination: Some("GPAYER".to_owned()),
        memo: Some(Memo::Return([7; 32])),
        beneficiary: None,
        reason: "nobody waits for it".to_owned(),
    }
}

#[test]
fn a_refund_that_failed_may_be_decided_once_more() {
    on_both(async |database| {
        let store = database.store().await;
        let watch = lease(&store, Poller::Watch, NETWORK).await;
        let sending = lease(&store, Poller::PendingDeposits, NETWORK).await;
        record(&store, &watch, paid("1", "nobody"), "1").await;
        store.refund_incoming(NETWORK, "1", &refund("a"), ann(), now()).await.unwrap();
        let open = store.refund("ra").await.unwrap().unwrap();
        assert_eq!((open.memo, open.under_way), (Some(Memo::Return([7; 32])), None));
        let envelope = super::envelopes::envelope("e", 1, &[("ra", true)]);
        store.take_channels(&sending, NETWORK, &["GCHANNEL".to_owned()]).await.unwrap();
        store.intend_envelope(&sending, &envelope, &[], now()).await.unwrap();
        let failed = ("ra".to_owned(), RefundEnd::Failed { reason: "no trustline".to_owned() });
        let end = super::envelopes::failed();
        assert!(store.finish_envelope(&sending, "e", &end, &[], &[failed], now()).await.unwrap());
        store.refund_incoming(NETWORK, "1", &refund("b"), ann(), now()).await.unwrap();
        assert_eq!(store.refunds_to_make(NETWORK, now(), 10).await.unwrap()[0].refund_id, "rb");
    });
}

#[test]
fn candidates_are_found_by_memo_with_its_type_and_by_subject() {
    on_both(async |database| {
        let store = database.store().await;
        let id = NewTransfer { memo: Some(Memo::Id(7)), ..withdrawal("id") };
        let text = NewTransfer { memo: Some(Memo::Text("7".to_owned())), ..withdrawal("text") };
        let elsewhere = NewTransfer {
            account: Some("GOTHER".to_owned()),
            memo: Some(Memo::Id(7)),
            ..withdrawal("elsewhere")
        };
        create(&store, &[id, text, elsewhere, deposit("d-1")]).await;
        let key = |memo| MemoKey::Memo { account: ACCOUNT.to_owned(), memo };
        let found = async |source: &str, keys: &[MemoKey]| -> Vec<String> {
            let found = store.transfers_for(source, keys).await.unwrap();
            let mut ids: Vec<_> = found.into_iter().map(|one| one.transfer_id).collect();
            ids.sort();
            ids
        };
        assert_eq!(found(NETWORK, &[key(Memo::Id(7))]).await, ["id"]);
        assert_eq!(found(NETWORK, &[key(Memo::Text("7".to_owned()))]).await, ["text"]);
        let both = [key(Memo::Id(7)), key(Memo::Text("7".to_owned())), key(Memo::Id(8))];
        assert_eq!(found(NETWORK, &both).await, ["id", "text"]);
        let subject = [MemoKey::Subject(subject_key(" Pay: D1 "))];
        assert_eq!(found("bank", &subject).await, ["d-1"]);
        assert!(found("other", &subject).await.is_empty());
        assert!(found(NETWORK, &[]).await.is_empty());
    });
}

#[test]
fn incoming_money_is_found_by_each_of_its_facts() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        let came = paid("4294967297", "nobody");
        record(&store, &lease, came.clone(), "1").await;
        let text = |text: &str| Some(text.to_owned());
        let none = || IncomingFilter { limit: 10, ..IncomingFilter::default() };
        let memo = came.memo.as_ref().map(Memo::text);
        for (filter, found) in [
            (none(), 1),
            (IncomingFilter { newest: true, unmatched: true, ..none() }, 1),
            (IncomingFilter { source: text(NETWORK), ..none() }, 1),
            (IncomingFilter { source: text("bank"), ..none() }, 0),
            (IncomingFilter { asset_ids: vec![came.asset.clone()], ..none() }, 1),
            (IncomingFilter { asset_ids: vec!["native".to_owned()], ..none() }, 0),
            (IncomingFilter { amount: Some(came.amount.clone()), ..none() }, 1),
            (IncomingFilter { amount: "0.1".parse().ok(), ..none() }, 0),
            (IncomingFilter { status: Some(IncomingStatus::Confirmed), ..none() }, 1),
            (IncomingFilter { status: Some(IncomingStatus::Received), ..none() }, 0),
            (IncomingFilter { memo, ..none() }, 1),
            (IncomingFilter { memo: text("x"), ..none() }, 0),
            (IncomingFilter { subject: text("x"), ..none() }, 0),
            (IncomingFilter { reference: text(&came.reference), ..none() }, 1),
            (IncomingFilter { payer: text("nobody"), ..none() }, 0),
            (IncomingFilter { since: Some(came.at), ..none() }, 1),
            (IncomingFilter { until: Some(came.at), ..none() }, 0),
        ] {
            let rows = store.incoming(&filter).await.unwrap();
            assert_eq!(rows.len(), found, "{filter:?}");
            let counted = store.incoming_count(&filter).await.unwrap();
            assert_eq!(counted, u64::try_from(found).unwrap(), "{filter:?}");
        }
        assert_eq!(store.incoming_beginning("42949", None, 5).await.unwrap().len(), 1);
        assert_eq!(store.incoming_beginning("42949", Some("bank"), 5).await.unwrap().len(), 0);
    });
}
