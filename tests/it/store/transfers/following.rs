//! Asking about payouts that their rail has: without a claim, and shared among workers.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use railpoll::engine::{Cause, PayoutEnd, PayoutStatus, Poller, Step, TransferStatus as S};
use railpoll::store::{Claim, FinishedPayout, Following, Lease, Resolved, Store, StoreError};
use tokio::time::timeout;

use super::{create, lease, read, run_out, to_pay};
use crate::support::ann;
use crate::support::payments::now;
use crate::support::{Kind, TestDatabase, on_both, run};

const RAIL: &str = "bank";

/// So many payouts that their rail has and has not delivered.
async fn initiated(store: &Store, lease: &Lease, payouts: usize) {
    let new: Vec<_> = (0..payouts).map(|n| to_pay(&format!("t{n}"))).collect();
    create(store, &new).await;
    let claims = store.claim_payouts(lease, RAIL, now(), 1_000).await.unwrap();
    let end = PayoutEnd::Initiated { reference: None, not_before: now() };
    let finished: Vec<_> = claims
        .iter()
        .map(|claim| ended(claim, &end, S::PendingExternal, Cause::Initiated))
        .collect();
    assert_eq!(store.finish_payouts(lease, &finished, now()).await.unwrap().len(), payouts);
}

fn ended<'a>(claim: &'a Claim, end: &PayoutEnd, to: S, cause: Cause) -> FinishedPayout<'a> {
    let step = claim.transfer.as_ref().map(|transfer| Step::new(transfer, to, cause));
    FinishedPayout { payout: &claim.payout, end: end.clone(), step }
}

fn delivered(claim: &Claim) -> FinishedPayout<'_> {
    let done = PayoutEnd::Done { reference: None, answer: None, rail_fee: None };
    ended(claim, &done, S::Completed, Cause::Delivered)
}

fn same(claim: &Claim) -> FinishedPayout<'_> {
    let end = PayoutEnd::Same { answer: None, not_before: now() };
    FinishedPayout { payout: &claim.payout, end, step: None }
}

async fn follow(
    store: &Store,
    lease: &Lease,
    now: DateTime<Utc>,
    following: &Following,
) -> (Vec<Claim>, Option<Following>) {
    store.payouts_to_follow(lease, RAIL, now, following, 10).await.unwrap()
}

/// All that a worker asks about: its share, and what it helps with.
async fn follow_all(store: &Store, lease: &Lease, now: DateTime<Utc>) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), Some(Following::default()));
    while let Some(following) = next {
        let (claims, more) = follow(store, lease, now, &following).await;
        all.extend(claims.into_iter().map(|claim| claim.payout.payout_id));
        next = more;
    }
    all
}

#[test]
fn workers_share_what_they_ask_about_and_help_with_what_is_late() {
    on_both(async |database| {
        let (store, other) = (database.store().await, database.store().await);
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 45).await;
        assert_eq!(follow_all(&store, &one, now()).await.len(), 45, "it is alone");
        let two = lease(&other, Poller::Outgoing, "bank#2").await;
        lease(&other, Poller::Outgoing, "bank2").await;
        let mine = follow_all(&store, &one, now()).await;
        let others = follow_all(&other, &two, now()).await;
        assert!(!mine.is_empty() && !others.is_empty(), "{mine:?} {others:?}");
        assert_eq!(mine.len() + others.len(), 45, "nothing twice");
        assert_eq!(mine.iter().chain(&others).collect::<HashSet<_>>().len(), 45);
        let late = follow_all(&store, &one, now() + TimeDelta::minutes(2)).await;
        assert_eq!(late.len(), mine.len() + 45, "the other one seems to be busy");
        let mut person = database.person().await;
        run_out(database, &mut person).await;
        let two = lease(&other, Poller::Outgoing, "bank#2").await;
        assert_eq!(follow_all(&other, &two, now()).await.len(), 45, "the other one is gone");
    });
}

#[test]
fn the_first_answer_counts() {
    on_both(async |database| {
        let (store, other) = (database.store().await, database.store().await);
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 2).await;
        let (seen, _) = follow(&store, &one, now(), &Following::default()).await;
        let (again, _) = follow(&store, &one, now(), &Following::default()).await;
        assert_eq!(seen, again, "nothing is written");
        assert_eq!((seen[0].payout.looks, seen[0].payout.claimed_by.as_deref()), (1, None));
        let two = lease(&other, Poller::Outgoing, "bank#2").await;
        let first = [delivered(&seen[0]), same(&seen[1])];
        assert_eq!(other.finish_payouts(&two, &first, now()).await.unwrap().len(), 1);
        let second = [same(&seen[0]), delivered(&seen[1])];
        assert!(store.finish_payouts(&one, &second, now()).await.unwrap().is_empty());
        let transfer = |claim: &Claim| claim.payout.transfer_id.clone().unwrap();
        assert_eq!(read(&store, &transfer(&seen[0])).await.status, S::Completed);
        assert_eq!(read(&store, &transfer(&seen[1])).await.status, S::PendingExternal);
        let left = follow_all(&store, &one, now() + TimeDelta::minutes(2)).await;
        assert!(left.iter().all(|id| *id == seen[1].payout.payout_id) && !left.is_empty());
    });
}

/// Else the payout might be left as it is, and its transfer be over: then nothing could end the payout any more.
#[test]
fn of_two_answers_about_one_payout_in_one_batch_the_first_counts() {
    on_both(async |database| {
        let store = database.store().await;
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 2).await;
        let (seen, _) = follow(&store, &one, now(), &Following::default()).await;
        let both = [same(&seen[0]), delivered(&seen[1]), delivered(&seen[0]), same(&seen[1])];
        let moved = store.finish_payouts(&one, &both, now()).await.unwrap();
        let transfer = |claim: &Claim| claim.payout.transfer_id.clone().unwrap();
        assert_eq!(Vec::from_iter(moved), [transfer(&seen[1])]);
        for (claim, status, payout) in [
            (&seen[0], S::PendingExternal, PayoutStatus::Initiated),
            (&seen[1], S::Completed, PayoutStatus::Done),
        ] {
            let story = store.transfer_story(&transfer(claim)).await.unwrap().unwrap();
            assert_eq!((story.transfer.status, story.payouts[0].status), (status, payout));
        }
    });
}

/// A number that is drawn before the turn is taken would be passed by who reads on from the newest one.
#[test]
fn what_is_written_down_gets_its_numbers_when_its_turn_comes() {
    const WAITS: &str = "pg_locks WHERE locktype = 'advisory' AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    run(async {
        let database = TestDatabase::new(Kind::Postgres);
        let store = database.store().await;
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 1).await;
        let (seen, _) = follow(&store, &one, now(), &Following::default()).await;
        let (mut other, mut watcher) = (database.person().await, database.person().await);
        other.execute("BEGIN; SELECT pg_advisory_xact_lock(8246973)").await.unwrap();
        let others_turn = async {
            while watcher.count(WAITS).await == 0 {}
            let event = "INSERT INTO events (type, subject, version, payload, occurred_at) \
                         VALUES ('payment.new', 'payment/acme/p', 1, '{}', now()); COMMIT";
            other.execute(event).await.unwrap();
        };
        let end = [delivered(&seen[0])];
        let finishing = store.finish_payouts(&one, &end, now());
        let in_turn = timeout(Duration::from_secs(30), others_turn);
        let (moved, waited) = tokio::join!(finishing, in_turn);
        waited.expect("it takes its turn");
        assert_eq!(moved.unwrap().len(), 1);
        let events = store.events_after(0, 10).await.unwrap();
        let newest: Vec<_> = events.iter().rev().take(2).map(|event| &event.subject).collect();
        assert_eq!(newest, ["transfer/t0", "payment/acme/p"]);
    });
}

#[test]
fn what_a_person_has_resolved_meanwhile_is_left_alone() {
    on_both(async |database| {
        let store = database.store().await;
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 1).await;
        let (seen, _) = follow(&store, &one, now(), &Following::default()).await;
        let unclear = PayoutEnd::Unknown { why: "it cannot tell".to_owned(), not_before: now() };
        let held = [ended(&seen[0], &unclear, S::OnHold, Cause::PayoutUnclear)];
        assert_eq!(store.finish_payouts(&one, &held, now()).await.unwrap().len(), 1);
        let transfer = read(&store, "t0").await;
        let step = Step::new(&transfer, S::Error, Cause::Resolved);
        let (id, not_done) = (&seen[0].payout.payout_id, Resolved::NotDelivered);
        store.resolve_payout(id, &not_done, ann(), Some(&step), now()).await.unwrap();
        let late = store.finish_payouts(&one, &[delivered(&seen[0])], now()).await.unwrap();
        assert!(late.is_empty());
        let story = store.transfer_story(&transfer.transfer_id).await.unwrap().unwrap();
        assert_eq!(story.transfer.status, S::Error);
        assert_eq!(story.payouts[0].status, PayoutStatus::Refused);
    });
}

#[test]
fn whoever_has_lost_the_lease_says_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        let one = lease(&store, Poller::Outgoing, RAIL).await;
        initiated(&store, &one, 1).await;
        let (seen, _) = follow(&store, &one, now(), &Following::default()).await;
        let mut person = database.person().await;
        run_out(database, &mut person).await;
        let late = store.finish_payouts(&one, &[delivered(&seen[0])], now()).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })), "{late:?}");
    });
}
