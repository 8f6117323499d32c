//! Money that reached us is received, confirmed, cancelled or reversed: each once, with what it does, and told once.

use railpoll::engine::{
    Claimant, Incoming, IncomingKey, IncomingStatus, Match, Poller, TransferStatus as S,
};
use railpoll::store::{
    Advanced, Confirming, IncomingFilter, IncomingPage, IncomingRow, Lease, NewIncoming, Recorded,
    Store, StoreError,
};

use super::incoming::{NETWORK, candidates, matched, paid, refund, stored};
use super::{ACCOUNT, amount, create, lease, read, withdrawal};
use crate::support::payments::{at, now};
use crate::support::{Kind, ann, on_both};

fn key(id: &str) -> IncomingKey {
    IncomingKey { source: NETWORK.to_owned(), incoming_id: id.to_owned() }
}

async fn row(store: &Store, id: &str) -> IncomingRow {
    store.incoming_with_id(NETWORK, id).await.unwrap().unwrap()
}

/// Records what is not final yet, as its network would.
async fn receive(store: &Store, lease: &Lease, incoming: Incoming) -> Recorded {
    let found = candidates(store, std::slice::from_ref(&incoming)).await;
    let NewIncoming { verdict, .. } = matched(incoming.clone(), &found);
    let new = [NewIncoming::received(incoming, verdict)];
    store
        .record_incoming(lease, &IncomingPage::of(NETWORK, ACCOUNT, &new, None), now())
        .await
        .unwrap()
}

/// Confirms what was received, matched anew.
async fn confirm(store: &Store, lease: &Lease, id: &str) -> Result<Advanced, StoreError> {
    let incoming = match store.incoming_with_id(NETWORK, id).await? {
        Some(row) => row.incoming,
        None => paid(id, "nobody"),
    };
    let found = candidates(store, std::slice::from_ref(&incoming)).await;
    let NewIncoming { verdict, step, refund, .. } = matched(incoming, &found);
    let confirming = Confirming { key: key(id), verdict, step, refund };
    store.confirm_incoming(lease, &confirming, now()).await
}

/// What was told of an incoming payment, and where it stood then.
async fn told(store: &Store, id: &str) -> Vec<(String, String)> {
    let events = store.events_after(0, 1_000).await.unwrap();
    let of_it = events.into_iter().filter(|event| event.subject == key(id).subject());
    of_it
        .map(|event| {
            let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
            (event.event_type, data["status"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn words(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(event, status)| ((*event).to_owned(), (*status).to_owned())).collect()
}

const RECORDED: (&str, &str) = ("incoming.recorded", "received");
const CONFIRMED: (&str, &str) = ("incoming.confirmed", "confirmed");
const CANCELLED: (&str, &str) = ("incoming.cancelled", "cancelled");
const REVERSED: (&str, &str) = ("incoming.reversed", "reversed");

#[test]
fn money_moves_its_transfer_when_it_is_confirmed_and_not_before() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        assert_eq!(receive(&store, &lease, paid("1", "w")).await, stored(1));
        assert_eq!(receive(&store, &lease, paid("1", "w")).await, stored(0));
        assert_eq!(read(&store, "w").await.version, 1);
        let received = row(&store, "1").await;
        assert_eq!((received.status, received.confirmed_at), (IncomingStatus::Received, None));
        assert_eq!(received.claimant, Some(Claimant::Transfer("w".to_owned())));
        let waiting = store.incoming_to_confirm(NETWORK, None, 10).await.unwrap();
        assert_eq!(waiting, std::slice::from_ref(&received));
        let behind = Some((received.incoming.at, "1"));
        assert_eq!(store.incoming_to_confirm(NETWORK, behind, 10).await.unwrap(), []);
        assert_eq!(confirm(&store, &lease, "1").await.unwrap(), Advanced::Done);
        let after = read(&store, "w").await;
        assert_eq!((after.status, after.version), (S::PendingAnchor, 2));
        let confirmed = row(&store, "1").await;
        assert_eq!(confirmed.status, IncomingStatus::Confirmed);
        assert!(confirmed.confirmed_at.is_some());
        assert_eq!(confirm(&store, &lease, "1").await.unwrap(), Advanced::Already);
        assert_eq!(confirm(&store, &lease, "2").await.unwrap(), Advanced::Unknown);
        assert_eq!(read(&store, "w").await, after);
        assert_eq!(told(&store, "1").await, words(&[RECORDED, CONFIRMED]));
        assert_eq!(store.incoming_to_confirm(NETWORK, None, 10).await.unwrap(), []);
    });
}

#[test]
fn what_is_final_at_once_is_told_as_both() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        let new = [NewIncoming::confirmed(paid("1", "nobody"), Match::UnknownMemo)];
        let record = async || {
            store
                .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &new, None), now())
                .await
                .unwrap()
        };
        assert_eq!((record().await, record().await), (stored(1), stored(0)));
        assert_eq!(told(&store, "1").await, words(&[RECORDED, CONFIRMED]));
        let history: Vec<_> =
            row(&store, "1").await.history().iter().map(|one| one.status).collect();
        assert_eq!(history, [IncomingStatus::Received, IncomingStatus::Confirmed]);
    });
}

#[test]
fn what_was_received_is_confirmed_by_a_list_that_tells_it_as_final() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        receive(&store, &lease, paid("1", "w")).await;
        let found = candidates(&store, &[paid("1", "w")]).await;
        let new = [matched(paid("1", "w"), &found), matched(paid("1", "w"), &found)];
        let recorded = store
            .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &new, None), now())
            .await;
        assert_eq!(recorded.unwrap(), stored(1));
        assert_eq!(read(&store, "w").await.status, S::PendingAnchor);
        assert_eq!(told(&store, "1").await, words(&[RECORDED, CONFIRMED]));
    });
}

#[test]
fn no_status_follows_another_but_by_the_table() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        let why = "the block is gone";
        let cancel = async |id: &str| store.cancel_incoming(&lease, &key(id), why, now()).await;
        let reverse = async |id: &str| store.reverse_incoming(&lease, &key(id), why, now()).await;
        assert_eq!(cancel("1").await.unwrap(), Advanced::Unknown);
        assert_eq!(reverse("1").await.unwrap(), Advanced::Unknown);
        receive(&store, &lease, paid("1", "nobody")).await;
        assert!(matches!(reverse("1").await, Err(StoreError::Refused(_))), "it is cancelled");
        assert_eq!(cancel("1").await.unwrap(), Advanced::Done);
        assert_eq!(cancel("1").await.unwrap(), Advanced::Already);
        let refused = confirm(&store, &lease, "1").await.unwrap_err().to_string();
        assert!(refused.contains("is cancelled does not become confirmed"), "{refused}");
        assert!(store.alerts(false, 10).await.unwrap().is_empty(), "it never counted");
        receive(&store, &lease, paid("2", "nobody")).await;
        assert!(store.alerts(false, 10).await.unwrap().is_empty(), "it does not count yet");
        assert_eq!(confirm(&store, &lease, "2").await.unwrap(), Advanced::Done);
        let alerts = store.alerts(false, 10).await.unwrap();
        assert_eq!((alerts[0].name.as_str(), alerts.len()), ("incoming_unmatched", 1));
        assert!(matches!(cancel("2").await, Err(StoreError::Refused(_))), "it is reversed");
        assert_eq!(reverse("2").await.unwrap(), Advanced::Done);
        assert_eq!(reverse("2").await.unwrap(), Advanced::Already);
        let alerts = store.alerts(false, 10).await.unwrap();
        assert_eq!((alerts[0].name.as_str(), alerts.len()), ("incoming_reversed", 1));
        assert!(matches!(confirm(&store, &lease, "2").await, Err(StoreError::Refused(_))));
        assert_eq!(told(&store, "1").await, words(&[RECORDED, CANCELLED]));
        assert_eq!(told(&store, "2").await, words(&[RECORDED, CONFIRMED, REVERSED]));
        let (one, two) = (row(&store, "1").await, row(&store, "2").await);
        assert_eq!(one.history().last().unwrap().reason, Some(why));
        assert_eq!((one.history().len(), two.history().len()), (2, 3));
        // What is gone is nobody's to send back.
        for id in ["1", "2"] {
            let refused = store.refund_incoming(NETWORK, id, &refund(id), ann(), now()).await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{id}");
        }
        let unmatched = IncomingFilter { unmatched: true, limit: 10, ..IncomingFilter::default() };
        assert_eq!(store.incoming(&unmatched).await.unwrap(), []);
    });
}

#[test]
fn other_money_under_a_known_key_is_refused_and_told() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        receive(&store, &lease, paid("1", "nobody")).await;
        let events = store.newest_event().await.unwrap();
        let other = Incoming { amount: amount("11"), ..paid("1", "nobody") };
        let same = Incoming { amount: amount("10.5"), at: at(501), ..paid("1", "nobody") };
        let refused = Recorded::Stored { new: 0, refused: vec!["1".to_owned()] };
        assert_eq!(receive(&store, &lease, other.clone()).await, refused);
        assert_eq!(receive(&store, &lease, other).await, refused);
        assert_eq!(receive(&store, &lease, same).await, stored(0));
        assert_eq!(row(&store, "1").await.incoming.amount, amount("10.5000000"));
        let alerts = store.alerts(false, 10).await.unwrap();
        let (alert, count) = (&alerts[0], alerts.len());
        assert_eq!((alert.name.as_str(), count), ("incoming_changed", 1));
        assert_eq!(alert.subject, key("1").subject());
        assert!(alert.detail.contains("was 10.5000000, and is told as 11"), "{}", alert.detail);
        assert_eq!(store.newest_event().await.unwrap(), events + 1, "the alert, once");
        // What was taken back does not come again under its key; the rest of its page does come.
        store.cancel_incoming(&lease, &key("1"), "gone", now()).await.unwrap();
        let page = ["1", "2"].map(|id| NewIncoming::received(paid(id, "x"), Match::UnknownMemo));
        let page = page.map(|new| match new.incoming.incoming_id.as_str() {
            "1" => NewIncoming::received(paid("1", "nobody"), Match::UnknownMemo),
            _ => new,
        });
        let recorded = store
            .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &page, None), now())
            .await;
        let refused = Recorded::Stored { new: 1, refused: vec!["1".to_owned()] };
        assert_eq!(recorded.unwrap(), refused);
    });
}

#[test]
fn what_is_not_confirmed_moves_nothing_and_nothing_begins_as_taken_back() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        let found = candidates(&store, &[paid("1", "w")]).await;
        for status in
            [IncomingStatus::Received, IncomingStatus::Cancelled, IncomingStatus::Reversed]
        {
            let new = [NewIncoming { status, ..matched(paid("1", "w"), &found) }];
            let refused = store
                .record_incoming(&lease, &IncomingPage::of(NETWORK, ACCOUNT, &new, None), now())
                .await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{status}");
        }
        assert_eq!(store.incoming_with_id(NETWORK, "1").await.unwrap(), None);
        assert_eq!(read(&store, "w").await.version, 1);
    });
}

#[test]
fn a_transfer_whose_money_is_gone_stops_and_takes_other_money() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        receive(&store, &lease, paid("1", "w")).await;
        confirm(&store, &lease, "1").await.unwrap();
        let gone = store.reverse_incoming(&lease, &key("1"), "a fork", now()).await.unwrap();
        assert_eq!(gone, Advanced::Done);
        let stopped = read(&store, "w").await;
        assert_eq!((stopped.status, stopped.amount_in.clone()), (S::OnHold, None));
        assert_eq!(stopped.from_address, None);
        let message = "stellar has taken back 1, which had paid it: a fork";
        assert_eq!(stopped.message.as_deref(), Some(message));
        let alerts = store.alerts(false, 10).await.unwrap();
        let names: Vec<_> = alerts.iter().map(|alert| alert.name.as_str()).collect();
        assert_eq!(names, ["transfer_on_hold", "incoming_reversed"]);
        assert!(alerts[1].detail.contains("transfer w is on hold without it"), "{alerts:?}");
        let story = store.transfer_story("w").await.unwrap().unwrap();
        assert_eq!(story.history.last().unwrap().source, "arrival_reversed");
        // The same money, in another block.
        let found = candidates(&store, &[paid("2", "w")]).await;
        let NewIncoming { verdict, .. } = matched(paid("2", "w"), &found);
        assert_eq!(verdict, Match::Matched(Claimant::Transfer("w".to_owned())));
    });
}

#[test]
fn money_that_is_gone_after_it_was_paid_out_is_told() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        create(&store, &[withdrawal("w")]).await;
        receive(&store, &lease, paid("1", "w")).await;
        confirm(&store, &lease, "1").await.unwrap();
        super::step(&store, None, "w", S::OnHold, railpoll::engine::Cause::Held).await;
        super::step(&store, None, "w", S::Completed, railpoll::engine::Cause::Resolved).await;
        let before = read(&store, "w").await;
        store.reverse_incoming(&lease, &key("1"), "a fork", now()).await.unwrap();
        assert_eq!(read(&store, "w").await, before);
        let alerts = store.alerts(false, 10).await.unwrap();
        assert!(alerts[0].detail.contains("w is completed, and is not stopped"), "{alerts:?}");
    });
}

#[test]
fn a_refund_of_money_that_is_gone_is_not_made() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        receive(&store, &lease, paid("1", "nobody")).await;
        confirm(&store, &lease, "1").await.unwrap();
        store.refund_incoming(NETWORK, "1", &refund("1"), ann(), now()).await.unwrap();
        store.reverse_incoming(&lease, &key("1"), "a fork", now()).await.unwrap();
        assert!(store.refunds_to_make(NETWORK, now(), 10).await.unwrap().is_empty());
        let ended = store.refund("r1").await.unwrap().unwrap();
        assert_eq!(ended.message.as_deref(), Some("a fork"));
        let alerts = store.alerts(false, 10).await.unwrap();
        assert_eq!((alerts[0].name.as_str(), alerts.len()), ("incoming_reversed", 1));
        assert!(alerts[0].detail.contains("its refund r1 is not made"), "{alerts:?}");
    });
}

#[test]
fn money_of_an_order_has_its_shop_and_moves_no_transfer() {
    on_both(async |database| {
        let store = database.store().await;
        let order = Claimant::Order { shop: "acme".to_owned(), order_id: "1001".to_owned() };
        let new = [NewIncoming::received(paid("1", "x"), Match::Matched(order.clone()))];
        // Nobody polls a shop's wallet: it reports by itself.
        let recorded = store
            .record_incoming(None, &IncomingPage::of(NETWORK, ACCOUNT, &new, None), now())
            .await;
        assert_eq!(recorded.unwrap(), stored(1));
        let kept = row(&store, "1").await;
        assert_eq!((kept.claimant.as_ref(), kept.transfer_id()), (Some(&order), None));
        let verdict = Match::Matched(order.clone());
        let confirming = Confirming { key: key("1"), verdict, step: None, refund: None };
        let confirmed = store.confirm_incoming(None, &confirming, now()).await.unwrap();
        assert_eq!(confirmed, Advanced::Done);
        store.reverse_incoming(None, &key("1"), "a fork", now()).await.unwrap();
        let alerts = store.alerts(false, 10).await.unwrap();
        assert_eq!(alerts[0].poller, "watch");
        assert!(alerts[0].detail.contains("it was for order/acme/1001"), "{alerts:?}");
    });
}

#[test]
fn the_database_itself_refuses_to_rewrite_what_came() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Watch, NETWORK).await;
        receive(&store, &lease, paid("1", "nobody")).await;
        store.cancel_incoming(&lease, &key("1"), "gone", now()).await.unwrap();
        let mut person = database.person().await;
        let mut attempts = vec![
            "UPDATE incoming SET amount = amount || '1'",
            "UPDATE incoming SET received_at = recorded_at",
            "UPDATE incoming SET ended_because = 'other'",
            "UPDATE incoming SET status = 'received', ended_at = NULL, ended_because = NULL",
            "UPDATE incoming SET status = 'confirmed', ended_at = NULL, confirmed_at = recorded_at",
            "UPDATE incoming SET status = 'reversed', confirmed_at = recorded_at",
            "DELETE FROM incoming",
        ];
        attempts.extend(match database.kind {
            Kind::Sqlite => vec!["REPLACE INTO incoming (source, incoming_id, account, amount, asset, reference, received_at, \
                 recorded_at, raw, status, verdict) SELECT source, incoming_id, account, '1', asset, reference, received_at, \
                 recorded_at, raw, 'received', verdict FROM incoming"],
            Kind::Postgres => vec!["TRUNCATE incoming"],
        });
        if database.kind == Kind::Postgres {
            attempts[0] = "UPDATE incoming SET amount = amount + 1";
        }
        for attempt in attempts {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains("incoming is append-only"), "{attempt}: {refused}");
        }
        let statuses = "SELECT status || coalesce(' ' || reason, '') FROM incoming_statuses ORDER BY recorded_at, status DESC";
        assert_eq!(person.texts(statuses).await, ["received", "cancelled gone"]);
    });
}
