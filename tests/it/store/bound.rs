//! A decision is on what was shown: what came since makes it void.

use railpoll::engine::{
    AlertName, Basis, Decision, Money, NewTransfer, Parties, Payment, PaymentState, Poller, Reason,
    ReasonType, Row, Shown, TransferStatus,
};
use railpoll::store::{By, Due, Lease, Review, Store, StoreError};
use serde_json::{Value, json};

use super::transfers::{create, read, to_pay};
use crate::support::payments::{
    NETWORK, documented, intend_lock, lease, money, now, payment, record, row,
};
use crate::support::{by, on_both};

const ACCEPTED: PaymentState = PaymentState::Accepted;
/// In these tests a document is what it tells of the parties.
const ALL_OF_IT: Parties = Parties(|document| serde_json::from_str(document).unwrap_or_default());

type Change = fn(&mut Payment);

fn to(account: &str, state: &str, modified_at: i64) -> Payment {
    let mut payment = payment("a", state, modified_at);
    documented(&mut payment, &json!({ "Cdtr": "Kim", "Acct": account }).to_string());
    payment.parties = ALL_OF_IT;
    payment
}

fn shown(payment: &Payment, version: i64) -> Option<Shown> {
    Some(Shown { version, basis: Basis::of_payment(payment) })
}

async fn approve(
    store: &Store,
    by: By<'_>,
    payment: &Payment,
    version: i64,
) -> Result<(), StoreError> {
    let decided_by = if matches!(by, By::Poller(_)) { "automatic" } else { "ann" };
    let review = Review {
        decision: Decision::Approve,
        decided_by: decided_by.to_owned(),
        shown: shown(payment, version),
    };
    store.decide(NETWORK, by, "a", &payment.state, &review, now()).await
}

async fn review(store: &Store) -> Option<String> {
    store.payments_with_id("a", None).await.unwrap().remove(0).review
}

async fn void_alerts(store: &Store) -> Vec<String> {
    let alerts = store.alerts(false, 9).await.unwrap();
    let void = alerts.into_iter().filter(|alert| alert.name == AlertName::DecisionVoid.as_str());
    void.map(|alert| alert.detail).collect()
}

async fn due(store: &Store, state: &PaymentState) -> Vec<Due> {
    let later = now() + chrono::TimeDelta::days(1);
    let role = railpoll::engine::ConnectorRole::Receiving;
    store.due(NETWORK, std::slice::from_ref(state), &role, later, 9).await.unwrap()
}

#[test]
fn another_beneficiary_makes_a_persons_approval_void() {
    on_both(async |database| {
        let store = database.store().await;
        let before = to("DE021234", "ACCEPTED", 1);
        record(&store, &[row(before.clone())]).await;
        approve(&store, by(None), &before, 1).await.unwrap();
        record(&store, &[row(to("GB299876", "ACCEPTED", 2))]).await;
        assert_eq!(review(&store).await.as_deref(), Some("pending"));
        let alerts = void_alerts(&store).await;
        assert_eq!(alerts.len(), 1);
        let alert = &alerts[0];
        assert!(alert.contains("approve by ann"), "{alert}");
        assert!(alert.contains("user_info/Acct was …, and is …"), "{alert}");
        assert!(!alert.contains("DE021234") && !alert.contains("Kim"), "{alert}");
        let story = store.payments_with_id("a", None).await.unwrap().remove(0);
        let reviews = store.story(story).await.unwrap().reviews;
        let last = reviews.last().unwrap();
        assert_eq!((last.decision.as_str(), last.decided_by.as_str()), ("void", "rule"));
        let mut person = database.person().await;
        let details = person.texts("SELECT details FROM reviews WHERE decision = 'void'").await;
        let details: Value = serde_json::from_str(&details[0]).unwrap();
        assert_eq!(details["was"]["user_info"]["Acct"], "DE021234");
        assert_eq!(details["is"]["user_info"]["Acct"], "GB299876");
        let events = store.events_after(0, 99).await.unwrap();
        assert!(events.iter().any(|event| {
            event.event_type == "payment.reviewed" && event.data.contains("\"void\"")
        }));
        // A new decision is on what there is now, and ends the alert.
        approve(&store, by(None), &to("GB299876", "ACCEPTED", 2), 2).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("approved"));
        assert!(void_alerts(&store).await.is_empty());
    });
}

#[test]
fn each_fact_that_decides_where_money_goes_counts_and_no_other_does() {
    on_both(async |database| {
        let store = database.store().await;
        let mut seen = to("DE02", "ACCEPTED", 1);
        record(&store, &[row(seen.clone())]).await;
        let changes: [(&str, bool, Change); 5] = [
            ("a sub-state", false, |p| p.sub_states.push("READY".to_owned())),
            ("a reference", false, |p| p.end_to_end_id = Some("E2E".to_owned())),
            ("the payout", true, |p| p.payout = Some(money("9"))),
            ("what it returns", true, |p| p.returns = Some("p0".to_owned())),
            ("the payout's currency", true, |p| {
                p.payout = Some(Money { currency: "EUR".to_owned(), ..money("9") });
            }),
        ];
        for (version, (what, is_void, change)) in (1..).zip(changes) {
            approve(&store, by(None), &seen, version).await.unwrap();
            change(&mut seen);
            seen.modified_at += chrono::TimeDelta::seconds(1);
            record(&store, &[row(seen.clone())]).await;
            let stands = review(&store).await.as_deref() == Some("approved");
            assert_eq!(stands, !is_void, "{what}");
        }
    });
}

#[test]
fn a_machine_is_asked_again_and_a_decline_is_void_too() {
    on_both(async |database| {
        let store = database.store().await;
        let lease: Lease = lease(&store, Poller::Accepted).await;
        let before = to("DE02", "ACCEPTED", 1);
        record(&store, &[row(before.clone())]).await;
        let reason = Reason::new(ReasonType::ReceiverDataValidation, "AC03", "no").unwrap();
        let decline = Review {
            decision: Decision::Decline(reason),
            decided_by: "http".to_owned(),
            shown: shown(&before, 1),
        };
        store.decide(NETWORK, By::Poller(&lease), "a", &ACCEPTED, &decline, now()).await.unwrap();
        let repaired = to("DE03", "ACCEPTED", 2);
        record(&store, &[row(repaired.clone())]).await;
        // Nothing that was begun on the old decision may go on, and it is due at once.
        assert_eq!(intend_lock(&store, &lease, "a").await, None);
        let again = due(&store, &ACCEPTED).await;
        assert_eq!((again.len(), again[0].version), (1, 2));
        approve(&store, By::Poller(&lease), &repaired, 2).await.unwrap();
        assert_eq!(review(&store).await.as_deref(), Some("approved"));
        assert!(intend_lock(&store, &lease, "a").await.is_some());
    });
}

#[test]
fn what_has_changed_since_it_was_shown_is_not_decided_on() {
    on_both(async |database| {
        let store = database.store().await;
        let lease: Lease = lease(&store, Poller::Accepted).await;
        let before = to("DE02", "ACCEPTED", 1);
        record(&store, &[row(before.clone())]).await;
        record(&store, &[row(to("DE03", "ACCEPTED", 2))]).await;
        for by in [by(None), By::Poller(&lease)] {
            let late = approve(&store, by, &before, 1).await;
            assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
        }
        assert_eq!(review(&store).await, None);
    });
}

#[test]
fn an_operation_is_tried_again_only_on_what_was_decided() {
    on_both(async |database| {
        let store = database.store().await;
        let lease: Lease = lease(&store, Poller::Accepted).await;
        let before = to("DE02", "ACCEPTED", 1);
        record(&store, &[row(before.clone())]).await;
        approve(&store, by(None), &before, 1).await.unwrap();
        let intent = intend_lock(&store, &lease, "a").await.unwrap();
        let is_decided = async |payment: &Payment| {
            let digest = Basis::of_payment(payment).digest;
            store.is_decided(NETWORK, "a", &intent.operation, &digest).await.unwrap()
        };
        assert!(is_decided(&before).await);
        let other = to("DE03", "ACCEPTED", 2);
        assert!(!is_decided(&other).await, "the network tells it before it is stored");
        record(&store, &[row(other.clone())]).await;
        assert!(!is_decided(&other).await);
    });
}

#[test]
fn a_transfer_pays_what_was_approved_or_nothing() {
    on_both(async |database| {
        let store = database.store().await;
        let executed: Lease = lease(&store, Poller::Executed).await;
        let before = to("DE02", "EXECUTED", 1);
        record(&store, &[row(before.clone())]).await;
        let due = due(&store, &PaymentState::Executed).await.remove(0);
        let new = NewTransfer {
            payment: Some((NETWORK.to_owned(), "a".to_owned())),
            beneficiary: Some(r#"{"Acct":"DE02"}"#.to_owned()),
            ..to_pay("acme:a")
        };
        let approval = Review {
            decision: Decision::Approve,
            decided_by: "automatic".to_owned(),
            shown: shown(&before, 1),
        };
        let faults = store.hand_over(&executed, &due, &approval, new, now()).await.unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        let changed: Row = row(to("GB29", "EXECUTED", 2));
        record(&store, &[changed]).await;
        let held = read(&store, "acme:a").await;
        assert_eq!(held.status, TransferStatus::OnHold);
        assert!(held.message.unwrap().contains("user_info/Acct"));
        assert_eq!(held.beneficiary.as_deref(), Some(r#"{"Acct":"DE02"}"#));
        let alerts = void_alerts(&store).await;
        assert!(alerts[0].contains("transfer acme:a is on hold"), "{alerts:?}");
        let mut person = database.person().await;
        let bound = person.texts("SELECT basis FROM transfers").await;
        assert_eq!(bound, [Basis::of_payment(&before).digest]);
    });
}

#[test]
fn who_is_paid_by_a_transfer_changes_only_with_a_version_of_it() {
    on_both(async |database| {
        let store = database.store().await;
        create(&store, &[to_pay("p")]).await;
        let mut person = database.person().await;
        for attempt in [
            "UPDATE transfers SET beneficiary = '{\"iban\": \"other\"}'",
            "UPDATE transfers SET to_address = 'other'",
            "UPDATE transfers SET amount_out = '99'",
            "UPDATE transfers SET rail = 'other'",
            "UPDATE transfers SET currency = 'XXX'",
        ] {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains("only with a new version"), "{attempt}: {refused}");
        }
        person.execute("UPDATE transfers SET status = 'pending_perhaps'").await.unwrap_err();
        person.execute("UPDATE transfers SET not_before = NULL").await.unwrap();
    });
}
