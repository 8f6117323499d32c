//! Payouts: who has them in hand, and what comes of them.

use std::collections::HashSet;
use std::time::Duration;

use railpoll::engine::{
    Cause, Changes, NewTransfer, PayoutEnd, PayoutStatus, Poller, Step, TransferStatus as S,
};
use railpoll::store::{
    Acquired, Claim, FinishedPayout, Following, Lease, Resolved, Scope, Store, StoreError,
};

use super::{create, lease, read, run_out, step, to_pay};
use crate::support::ann;
use crate::support::payments::{at, now};
use crate::support::{on_both, on_each, run};

const RAIL: &str = "bank";

async fn claim(store: &Store, lease: &Lease, limit: u32) -> Vec<Claim> {
    store.claim_payouts(lease, RAIL, now(), limit).await.unwrap()
}

async fn follow(store: &Store, lease: &Lease) -> Vec<Claim> {
    store.payouts_to_follow(lease, RAIL, now(), &Following::default(), 100).await.unwrap().0
}

fn ids(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.payout.transfer_id.as_deref().unwrap()).collect()
}

fn end(claim: &Claim, end: PayoutEnd) -> FinishedPayout<'_> {
    FinishedPayout { payout: &claim.payout, end, step: None }
}

fn moving(claim: &Claim, one: PayoutEnd, to: S, cause: Cause) -> FinishedPayout<'_> {
    let transfer = claim.transfer.as_ref().unwrap();
    FinishedPayout { step: Some(Step::new(transfer, to, cause)), ..end(claim, one) }
}

fn delivered(claim: &Claim) -> FinishedPayout<'_> {
    let done =
        PayoutEnd::Done { reference: Some("ref-1".to_owned()), answer: None, rail_fee: None };
    moving(claim, done, S::Completed, Cause::Delivered)
}

async fn events(store: &Store, subject: &str) -> Vec<String> {
    let events = store.events_after(0, 10_000).await.unwrap();
    let of_it = events.into_iter().filter(|event| event.subject.starts_with(subject));
    of_it.map(|event| event.event_type).collect()
}

#[test]
fn a_payout_is_written_down_before_it_is_tried_and_ends_with_its_transfer() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        let old = NewTransfer { created_at: Some(at(1)), ..to_pay("old") };
        create(&store, &[to_pay("new"), old]).await;
        let claims = claim(&store, &lease, 1).await;
        assert_eq!(ids(&claims), ["old"], "the oldest first");
        let payout = &claims[0].payout;
        assert_eq!((payout.status, payout.attempts), (PayoutStatus::Intended, 1));
        assert_eq!(
            (payout.amount.to_string().as_str(), payout.currency.as_str()),
            ("10.25", "USD")
        );
        assert_eq!(payout.beneficiary.as_deref(), Some(r#"{"iban": "old"}"#));
        let story = store.transfer_story("old").await.unwrap().unwrap();
        assert_eq!(story.payouts, std::slice::from_ref(payout));
        assert_eq!(claims[0].transfer.as_deref(), Some(&story.transfer));
        assert_eq!(story.transfer.payout_id.as_ref(), Some(&payout.payout_id));
        assert!(follow(&store, &lease).await.is_empty(), "it is in hand");
        let moved = store.finish_payouts(&lease, &[delivered(&claims[0])], now()).await.unwrap();
        assert!(moved.contains("old"));
        let story = store.transfer_story("old").await.unwrap().unwrap();
        assert_eq!((story.transfer.status, story.transfer.payout_id), (S::Completed, None));
        let payout = &story.payouts[0];
        assert_eq!((payout.status, payout.finished_at), (PayoutStatus::Done, Some(now())));
        assert_eq!(payout.reference.as_deref(), Some("ref-1"));
        let told = ["transfer.created", "transfer.status_changed"];
        assert_eq!(events(&store, "transfer/old").await, told, "the step tells of the payout");
        assert!(events(&store, "payout/").await.is_empty());
        assert_eq!(ids(&claim(&store, &lease, 9).await), ["new"]);
    });
}

#[test]
fn what_surely_was_not_done_is_tried_again_with_the_same_key() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        let first = claim(&store, &lease, 9).await;
        let later = at(1_000_100);
        let not_done =
            PayoutEnd::NotDone { why: "connection refused".to_owned(), not_before: later };
        let finished = [end(&first[0], not_done)];
        assert!(store.finish_payouts(&lease, &finished, now()).await.unwrap().is_empty());
        assert!(claim(&store, &lease, 9).await.is_empty(), "not yet");
        assert!(follow(&store, &lease).await.is_empty(), "there is nothing to ask");
        let again = store.claim_payouts(&lease, RAIL, later, 9).await.unwrap();
        assert_eq!(again[0].payout.payout_id, first[0].payout.payout_id);
        assert_eq!(again[0].payout.attempts, 2);
        assert_eq!(again[0].payout.answer.as_deref(), Some("connection refused"));
    });
}

#[test]
fn what_is_unknown_is_looked_up_and_never_claimed() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        let first = claim(&store, &lease, 9).await;
        let later = at(1_000_100);
        let unknown = PayoutEnd::Unknown { why: "no answer".to_owned(), not_before: later };
        store.finish_payouts(&lease, &[end(&first[0], unknown)], now()).await.unwrap();
        assert!(store.claim_payouts(&lease, RAIL, later, 9).await.unwrap().is_empty());
        assert!(follow(&store, &lease).await.is_empty(), "not yet");
        let start = Following::default();
        let (followed, _) = store.payouts_to_follow(&lease, RAIL, later, &start, 9).await.unwrap();
        assert_eq!((ids(&followed), followed[0].payout.status), (vec!["a"], PayoutStatus::Unknown));
        assert_eq!(read(&store, "a").await.status, S::PendingReceiver);
        // Given back without a question, it is as it was before it was taken in hand.
        let looks = followed[0].payout.looks;
        let mut back = followed[0].clone();
        back.payout.looks -= 1;
        let same = PayoutEnd::Same { answer: None, not_before: later };
        store.finish_payouts(&lease, &[end(&back, same)], later).await.unwrap();
        let (followed, _) = store.payouts_to_follow(&lease, RAIL, later, &start, 9).await.unwrap();
        assert_eq!((ids(&followed), followed[0].payout.looks), (vec!["a"], looks));
        // The rail does not have it: the same payout is handed to it again.
        let not_done = PayoutEnd::NotDone { why: "not received".to_owned(), not_before: later };
        store.finish_payouts(&lease, &[end(&followed[0], not_done)], later).await.unwrap();
        let again = store.claim_payouts(&lease, RAIL, later, 9).await.unwrap();
        assert_eq!(again[0].payout.payout_id, first[0].payout.payout_id);
        assert_eq!(events(&store, "payout/").await, ["payout.unknown"]);
    });
}

#[test]
fn an_initiated_payout_is_followed_to_its_end() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        let first = claim(&store, &lease, 9).await;
        let initiated =
            PayoutEnd::Initiated { reference: Some("b-7".to_owned()), not_before: now() };
        let finished = [moving(&first[0], initiated, S::PendingExternal, Cause::Initiated)];
        assert!(store.finish_payouts(&lease, &finished, now()).await.unwrap().contains("a"));
        let followed = follow(&store, &lease).await;
        let payout = &followed[0].payout;
        assert_eq!((payout.status, payout.looks), (PayoutStatus::Initiated, 1));
        assert_eq!(payout.reference.as_deref(), Some("b-7"));
        let same = PayoutEnd::Same { answer: None, not_before: now() };
        store.finish_payouts(&lease, &[end(&followed[0], same)], now()).await.unwrap();
        let followed = follow(&store, &lease).await;
        assert_eq!(followed[0].payout.looks, 2);
        let refused = PayoutEnd::Refused { code: None, reason: "account closed".to_owned() };
        let without = [end(&followed[0], refused.clone())];
        let error = store.finish_payouts(&lease, &without, now()).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "the end of a payout is a step: {error}");
        let finished = [moving(&followed[0], refused, S::Error, Cause::PayoutFailed)];
        assert!(store.finish_payouts(&lease, &finished, now()).await.unwrap().contains("a"));
        assert!(follow(&store, &lease).await.is_empty());
        // A new decision is a new payout.
        step(&store, None, "a", S::PendingReceiver, Cause::Retried).await;
        let again = claim(&store, &lease, 9).await;
        assert_ne!(again[0].payout.payout_id, followed[0].payout.payout_id);
        assert_eq!(store.transfer_story("a").await.unwrap().unwrap().payouts.len(), 2);
    });
}

#[test]
fn two_claimers_never_share_a_row() {
    on_each(|database| {
        run(async {
            let store = database.store().await;
            let batch: Vec<_> = (0..400).map(|n| to_pay(&format!("t{n}"))).collect();
            create(&store, &batch).await;
        });
        let work = |slot: usize| {
            run(async {
                let store = Store::open(&database.url).await.unwrap();
                let lease = lease(&store, Poller::Outgoing, &format!("{RAIL}#{slot}")).await;
                let mut mine = Vec::new();
                loop {
                    let claims = claim(&store, &lease, 7).await;
                    if claims.is_empty() {
                        return mine;
                    }
                    let finished: Vec<_> = claims.iter().map(delivered).collect();
                    let moved = store.finish_payouts(&lease, &finished, now()).await.unwrap();
                    assert_eq!(moved.len(), claims.len());
                    mine.extend(moved);
                }
            })
        };
        let all: Vec<String> = std::thread::scope(|scope| {
            let workers: Vec<_> = (1..=4).map(|slot| scope.spawn(move || work(slot))).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        assert_eq!(all.len(), 400, "each was paid once");
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 400);
        run(async {
            let store = database.store().await;
            let counts = store.transfer_counts().await.unwrap();
            assert_eq!(
                (counts.len(), counts[0].status, counts[0].transfers),
                (1, S::Completed, 400)
            );
        });
    });
}

#[test]
fn the_claims_of_a_lease_that_is_over_are_free_and_their_ends_unknown() {
    on_both(async |database| {
        let (store, other) = (database.store().await, database.store().await);
        let mut person = database.person().await;
        let dead = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a"), to_pay("b")]).await;
        let claims = claim(&store, &dead, 9).await;
        assert_eq!(claims.len(), 2);
        let living = lease(&other, Poller::Outgoing, "bank#2").await;
        assert!(claim(&other, &living, 9).await.is_empty());
        assert!(follow(&other, &living).await.is_empty(), "its worker lives");
        run_out(database, &mut person).await;
        let living = lease(&other, Poller::Outgoing, "bank#2").await;
        assert!(claim(&other, &living, 9).await.is_empty(), "they may have been paid");
        let followed = follow(&other, &living).await;
        assert_eq!(followed.len(), 2);
        assert!(followed.iter().all(|claim| claim.payout.status == PayoutStatus::Unknown));
        // The dead one wakes up.
        let late = store.finish_payouts(&dead, &[delivered(&claims[0])], now()).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
        // It gets a lease of its own again. What it had in hand is not its own any more.
        let scope = Scope { poller: Poller::Outgoing, network: RAIL.to_owned() };
        let again = store.acquire_lease(&scope, "one", Duration::from_secs(60)).await.unwrap();
        let Acquired::Held(again) = again else { panic!("nobody else has it") };
        assert_eq!(again.term, dead.term + 1);
        let late = store.finish_payouts(&again, &[delivered(&claims[0])], now()).await.unwrap();
        assert!(late.is_empty());
        assert!(follow(&store, &again).await.is_empty());
        let finished: Vec<_> = followed.iter().map(delivered).collect();
        assert_eq!(other.finish_payouts(&living, &finished, now()).await.unwrap().len(), 2);
    });
}

#[test]
fn a_person_may_not_touch_a_transfer_that_is_being_paid() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        let before = read(&store, "a").await;
        let claims = claim(&store, &lease, 9).await;
        let hold = [Step::new(&before, S::OnHold, Cause::Held)];
        let moved = store.move_transfers(ann(), &hold, &[], now()).await.unwrap();
        assert!(moved.is_empty(), "it was read before its payout began");
        let now_read = read(&store, "a").await;
        let hold = [Step::new(&now_read, S::OnHold, Cause::Held)];
        let refused = store.move_transfers(ann(), &hold, &[], now()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert_eq!(
            store.finish_payouts(&lease, &[delivered(&claims[0])], now()).await.unwrap().len(),
            1
        );
    });
}

#[test]
fn a_person_resolves_what_no_rail_can_tell() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("paid"), to_pay("unpaid")]).await;
        let claims = claim(&store, &lease, 9).await;
        let payout = |id: &str| {
            let of_it = |claim: &&Claim| claim.payout.transfer_id.as_deref() == Some(id);
            claims.iter().find(of_it).unwrap().payout.payout_id.clone()
        };
        let resolve = async |id: &str, resolved, to| {
            let transfer = read(&store, id).await;
            let step = Step::new(&transfer, to, Cause::Resolved);
            store.resolve_payout(&payout(id), &resolved, ann(), Some(&step), now()).await
        };
        let done = Resolved::Delivered { reference: Some("paper".to_owned()) };
        let early = resolve("paid", done.clone(), S::Completed).await;
        assert!(matches!(early, Err(StoreError::Refused(_))), "it may be in the wire now");
        let unclear: Vec<_> = claims
            .iter()
            .map(|claim| {
                let unknown =
                    PayoutEnd::Unknown { why: "it cannot tell".to_owned(), not_before: now() };
                moving(claim, unknown, S::OnHold, Cause::PayoutUnclear)
            })
            .collect();
        assert_eq!(store.finish_payouts(&lease, &unclear, now()).await.unwrap().len(), 2);
        let held = read(&store, "paid").await;
        let release = [Step::new(&held, S::PendingReceiver, Cause::Released)];
        let refused = store.move_transfers(ann(), &release, &[], now()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "it is never paid again by itself");
        resolve("paid", done, S::Completed).await.unwrap();
        resolve("unpaid", Resolved::NotDelivered, S::PendingReceiver).await.unwrap();
        assert_eq!(read(&store, "paid").await.status, S::Completed);
        let again = claim(&store, &lease, 9).await;
        assert_eq!(ids(&again), ["unpaid"]);
        assert_ne!(again[0].payout.payout_id, payout("unpaid"), "a new decision is a new payout");
        let twice = resolve("unpaid", Resolved::NotDelivered, S::Error).await;
        assert!(matches!(twice, Err(StoreError::Refused(_))));
    });
}

#[test]
fn a_message_of_the_rail_is_kept_with_the_transfer() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Outgoing, RAIL).await;
        create(&store, &[to_pay("a")]).await;
        let claims = claim(&store, &lease, 9).await;
        let refused = PayoutEnd::Refused { code: None, reason: "name \0 missing".to_owned() };
        let mut one =
            moving(&claims[0], refused, S::PendingCustomerInfoUpdate, Cause::InformationAsked);
        let changes = Changes { message: Some("name \0 missing".to_owned()), ..Changes::default() };
        if let Some(step) = &mut one.step {
            step.changes = changes;
        }
        store.finish_payouts(&lease, &[one], now()).await.unwrap();
        let story = store.transfer_story("a").await.unwrap().unwrap();
        assert_eq!(story.transfer.message.as_deref(), Some("name \u{fffd} missing"));
        assert_eq!(story.payouts[0].answer.as_deref(), Some("name \u{fffd} missing"));
    });
}
