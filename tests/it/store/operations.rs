//! Intents: nothing is done twice.

use chrono::TimeDelta;
use railpoll::engine::{IntentStatus, Operation, PaymentState, Poller, Trail};
use railpoll::store::{Finished, Intent, Store, StoreError, StoryOperation};
use serde_json::json;

use crate::support::on_both;
use crate::support::payments::{at, intend_lock, lease, now, payment, record, row, scope, state};

fn done() -> Finished {
    Finished::Done { answer: "locked".to_owned() }
}

async fn operations(store: &Store, id: &str) -> Vec<StoryOperation> {
    let payment = store.payments_with_id(id, None).await.unwrap().remove(0);
    store.story(payment).await.unwrap().operations
}

async fn event_types(store: &Store) -> Vec<String> {
    let events = store.events_after(0, 1000).await.unwrap();
    events.into_iter().map(|event| event.event_type).collect()
}

async fn open(store: &Store) -> Vec<Intent> {
    store.open_intents(&scope(Poller::Accepted), now(), 100).await.unwrap()
}

#[test]
fn one_operation_at_a_time_and_none_after_it_was_done() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        assert_eq!(intend_lock(&store, &lease, "a").await, None, "there is no such payment");
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let locked = PaymentState::Locked;
        let wrong = store.intend(&lease, "a", &locked, &Operation::Settle, now()).await.unwrap();
        assert_eq!(wrong, None, "it is in another state");
        let intent = intend_lock(&store, &lease, "a").await.unwrap();
        assert_eq!((intent.attempt, intent.status), (1, IntentStatus::Intended));
        assert_eq!(intend_lock(&store, &lease, "a").await, None, "one is under way");
        assert_eq!(open(&store).await, std::slice::from_ref(&intent));
        store.finish(&lease, &intent, &done(), None, now()).await.unwrap();
        assert!(open(&store).await.is_empty());
        assert_eq!(intend_lock(&store, &lease, "a").await, None, "it was done");
        let told = operations(&store, "a").await;
        let expected = StoryOperation {
            operation: "lock".to_owned(),
            status: "done".to_owned(),
            attempts: 1,
            at: now(),
            reason: Some("locked".to_owned()),
        };
        assert_eq!(told, [expected]);
    });
}

#[test]
fn an_operation_comes_back_from_the_database_as_it_was() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "LOCK_DECLINED", 1))]).await;
        let user_info =
            json!({"Cdtr": {"Nm": "Zoë \u{0} \\u0000 \"x\""}, "n": 12345678901234567_i64});
        let operation = Operation::RetryAccept { user_info };
        let state = state("LOCK_DECLINED");
        let intent = store.intend(&lease, "a", &state, &operation, now()).await.unwrap().unwrap();
        let found = open(&store).await.remove(0);
        assert_eq!((found.operation_id, &found.state), (intent.operation_id, &state));
        let Operation::RetryAccept { user_info } = found.operation else {
            panic!("another operation")
        };
        // PostgreSQL's JSON takes no NUL.
        assert_eq!(user_info["Cdtr"]["Nm"], "Zoë \u{fffd} \\u0000 \"x\"");
        assert_eq!(user_info["n"], 12345678901234567_i64);
    });
}

#[test]
fn done_counts_for_the_state_it_was_done_in() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(
            &store,
            &[row(payment("stays", "ACCEPTED", 1)), row(payment("moves", "ACCEPTED", 1))],
        )
        .await;
        let stays = intend_lock(&store, &lease, "stays").await.unwrap();
        store.finish(&lease, &stays, &done(), None, now()).await.unwrap();
        let found = &store.payments_with_id("stays", None).await.unwrap()[0];
        assert_eq!(found.acted_at, Some(now()));
        let moves = intend_lock(&store, &lease, "moves").await.unwrap();
        let answer = row(payment("moves", "LOCKED", 2));
        let seen = Some((&answer, Trail::Operation));
        store.finish(&lease, &moves, &done(), seen, now()).await.unwrap();
        let found = store.payments_with_id("moves", None).await.unwrap().remove(0);
        assert_eq!((&found.state, found.acted_at), (&state("LOCKED"), None));
        let history = store.story(found).await.unwrap().history;
        let sources: Vec<_> =
            history.iter().map(|s| (s.status.as_str(), s.source.as_str())).collect();
        assert_eq!(sources, [("ACCEPTED", "list"), ("LOCKED", "operation")]);
        let settled = store
            .intend(&lease, "moves", &PaymentState::Locked, &Operation::Settle, now())
            .await
            .unwrap();
        assert!(settled.is_some(), "a new state, a new operation");
        let types = event_types(&store).await;
        let expected = [
            "payment.new",
            "payment.new",
            "operation.done",
            "payment.state_changed",
            "operation.done",
        ];
        assert_eq!(types, expected);
    });
}

#[test]
fn a_refused_operation_holds_the_payment_for_a_person() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(
            &store,
            &[row(payment("stays", "ACCEPTED", 1)), row(payment("moves", "ACCEPTED", 1))],
        )
        .await;
        let refused = Finished::Refused { reason: "no such quote".to_owned() };
        let stays = intend_lock(&store, &lease, "stays").await.unwrap();
        store.finish(&lease, &stays, &refused, None, now()).await.unwrap();
        let found = store.payments_with_id("stays", None).await.unwrap().remove(0);
        assert_eq!((found.review.as_deref(), found.not_before), (Some("held"), None));
        let story = store.story(found).await.unwrap();
        assert_eq!(story.operations[0].reason.as_deref(), Some("no such quote"));
        assert_eq!(story.reviews[0].decided_by, "network");
        let moves = intend_lock(&store, &lease, "moves").await.unwrap();
        let answer = row(payment("moves", "FAILED", 2));
        let seen = Some((&answer, Trail::Get));
        store.finish(&lease, &moves, &refused, seen, now()).await.unwrap();
        let found = store.payments_with_id("moves", None).await.unwrap().remove(0);
        assert_eq!((found.state, found.review), (state("FAILED"), None));
    });
}

#[test]
fn an_unclear_answer_is_looked_at_later() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = lease(&store, Poller::Accepted).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let mut intent = intend_lock(&store, &lease, "a").await.unwrap();
        let not_before = now() + TimeDelta::seconds(30);
        let unknown = Finished::Unknown { why: "connection cut".to_owned(), not_before };
        store.finish(&lease, &intent, &unknown, None, now()).await.unwrap();
        assert!(open(&store).await.is_empty());
        let scope = scope(Poller::Accepted);
        let later = store.open_intents(&scope, not_before, 100).await.unwrap();
        assert_eq!((later.len(), later[0].status), (1, IntentStatus::Unknown));
        assert_eq!(intend_lock(&store, &lease, "a").await, None);
        store.intend_again(&lease, &mut intent, not_before).await.unwrap();
        assert_eq!((intent.attempt, intent.status), (2, IntentStatus::Intended));
        let again = store.open_intents(&scope, not_before, 100).await.unwrap();
        assert_eq!(again, [intent.clone()]);
        store.finish(&lease, &intent, &done(), None, now()).await.unwrap();
        assert_eq!(operations(&store, "a").await[0].attempts, 2);
        let types = event_types(&store).await;
        assert_eq!(types, ["payment.new", "operation.unknown", "operation.done"]);
    });
}

#[test]
fn what_another_process_finished_is_not_finished_again_nor_tried_again() {
    on_both(async |database| {
        let store = database.store().await;
        let ours = lease(&store, Poller::Accepted).await;
        let theirs = lease(&store, Poller::Completed).await;
        record(&store, &[row(payment("a", "ACCEPTED", 1)), row(payment("b", "ACCEPTED", 1))]).await;
        let mut intent = intend_lock(&store, &ours, "a").await.unwrap();
        intend_lock(&store, &ours, "b").await.unwrap();
        record(&store, &[row(payment("a", "COMPLETED", 9))]).await;
        let over = [PaymentState::Completed, PaymentState::Returned];
        let found =
            store.open_intents_in(&scope(Poller::Completed), &over, now(), 10).await.unwrap();
        assert_eq!(found, [intent.clone()]);
        store.finish(&theirs, &found[0], &done(), None, at(1)).await.unwrap();
        let events = event_types(&store).await;
        let refused = Finished::Refused { reason: "too late".to_owned() };
        store.finish(&ours, &intent, &refused, None, now()).await.unwrap();
        let again = store.intend_again(&ours, &mut intent, now()).await;
        assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
        assert_eq!(intent.attempt, 1);
        assert_eq!(event_types(&store).await, events);
        assert_eq!(operations(&store, "a").await[0].status, "done");
    });
}
