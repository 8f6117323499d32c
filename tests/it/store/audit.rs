//! What operators do is on record with what they do.

use railpoll::engine::{
    Cause, Decision, Evidence, PaymentState, Poller, Reason, ReasonType, Step, TransferStatus,
};
use railpoll::store::{AuditFilter, AuditRow, Review, Store, StoreError};

use super::transfers::{create, read, to_pay, withdrawal};
use crate::support::payments::{NETWORK, bad, now, payment, record, row};
use crate::support::{Kind, ann, by, on_both};

async fn audit(store: &Store) -> Vec<AuditRow> {
    store.audit(&AuditFilter { limit: 100, ..AuditFilter::default() }).await.unwrap()
}

fn told(rows: &[AuditRow]) -> Vec<(&str, &str)> {
    rows.iter().map(|row| (row.action.as_str(), row.subject.as_str())).collect()
}

#[test]
fn every_deed_has_its_row_and_a_refused_one_has_none() {
    on_both(async |database| {
        let store = database.store().await;
        let accepted = PaymentState::Accepted;
        record(&store, &[row(payment("a", "ACCEPTED", 1)), bad(Some("x"), "{", "odd")]).await;
        create(&store, &[withdrawal("w"), to_pay("p")]).await;
        let reason = Reason::new(ReasonType::ReceiverLockFailure, "AC03", "no account").unwrap();
        let hold = Decision::Hold { until: None, why: "wait".to_owned() };
        for decision in [hold.clone(), Decision::Approve, Decision::Decline(reason), hold] {
            let review = Review { decision, decided_by: "ann".to_owned(), shown: None };
            store.decide(NETWORK, by(None), "a", &accepted, &review, now()).await.unwrap();
        }
        store.release(NETWORK, "a", ann(), now()).await.unwrap();
        store.release(NETWORK, "a", ann(), now()).await.unwrap_err();
        let held = read(&store, "w").await;
        let steps = [Step::new(&held, TransferStatus::OnHold, Cause::Held)];
        assert_eq!(store.move_transfers(ann(), &steps, &[], now()).await.unwrap().len(), 1);
        assert!(store.move_transfers(ann(), &steps, &[], now()).await.unwrap().is_empty());
        let set_aside = store.quarantined(false, 9).await.unwrap().remove(0);
        store.resolve_quarantined(&set_aside, "seen to", Some(ann()), now()).await.unwrap();

        let rows = audit(&store).await;
        assert_eq!(
            told(&rows),
            [
                ("transfer.create", "transfers"),
                ("payment.hold", "payment/acme/a"),
                ("payment.approve", "payment/acme/a"),
                ("payment.decline", "payment/acme/a"),
                ("payment.hold", "payment/acme/a"),
                ("payment.release", "payment/acme/a"),
                ("transfer.hold", "transfer/w"),
                ("quarantine.resolve", &*format!("quarantine/{}", set_aside.quarantine_id)),
            ]
        );
        let first = &rows[0];
        assert_eq!((first.name.as_str(), first.evidence), ("ann", Evidence::Claimed));
        assert_eq!((first.uid, first.login_uid, first.host.as_str()), (990, Some(1000), "here"));
        assert_eq!(first.reason.as_deref(), Some("ann looked"));
        assert_eq!((first.origin.as_str(), first.at), ("command", now()));

        // The name stands where people look, too.
        let payment = store.payments_with_id("a", None).await.unwrap().remove(0);
        let reviews = store.story(payment).await.unwrap().reviews;
        assert!(reviews.iter().all(|review| review.decided_by == "ann"));
        assert_eq!(reviews.last().unwrap().decision, "release");
        let history = store.transfer_story("w").await.unwrap().unwrap().history;
        assert!(history.iter().all(|status| status.decided_by.as_deref() == Some("ann")));
        let events = store.events_after(0, 100).await.unwrap();
        let of_w = events.iter().filter(|event| event.subject == "transfer/w");
        assert!(
            of_w.clone().count() == 2 && of_w.clone().all(|event| event.data.contains("\"by\""))
        );
    });
}

#[test]
fn an_alert_is_cleared_by_somebody() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[bad(Some("x"), "{", "odd")]).await;
        let alert = store.alerts(false, 9).await.unwrap().remove(0);
        store.silence_alert(alert.alert_id, ann(), now()).await.unwrap();
        let again = store.silence_alert(alert.alert_id, ann(), now()).await;
        assert!(matches!(again, Err(StoreError::Refused(_))));
        assert_eq!(told(&audit(&store).await), [("alert.clear", "alert/quarantined")]);
    });
}

#[test]
fn the_record_can_be_searched() {
    on_both(async |database| {
        let store = database.store().await;
        create(&store, &[withdrawal("w")]).await;
        create(&store, &[to_pay("p")]).await;
        let list = async |filter: AuditFilter| store.audit(&filter).await.unwrap().len();
        let all = AuditFilter { limit: 9, ..AuditFilter::default() };
        assert_eq!(list(all.clone()).await, 2);
        assert_eq!(list(AuditFilter { after: Some(1), ..all.clone() }).await, 1);
        assert_eq!(list(AuditFilter { name: Some("bob".to_owned()), ..all.clone() }).await, 0);
        let subject = Some("transfer/p".to_owned());
        assert_eq!(list(AuditFilter { subject, ..all.clone() }).await, 1);
        let since = Some(now() + chrono::TimeDelta::seconds(1));
        assert_eq!(list(AuditFilter { since, ..all.clone() }).await, 0);
        assert_eq!(list(AuditFilter { limit: 1, ..all }).await, 1);
    });
}

#[test]
fn what_was_decided_and_done_can_not_be_changed() {
    on_both(async |database| {
        let store = database.store().await;
        record(&store, &[row(payment("a", "ACCEPTED", 1))]).await;
        let review =
            Review { decision: Decision::Approve, decided_by: "ann".to_owned(), shown: None };
        let accepted = PaymentState::Accepted;
        store.decide(NETWORK, by(None), "a", &accepted, &review, now()).await.unwrap();
        let lease = crate::support::payments::lease(&store, Poller::Accepted).await;
        let intent = crate::support::payments::intend_lock(&store, &lease, "a").await.unwrap();
        let done = railpoll::store::Finished::Done { answer: "done".to_owned() };
        store.finish(&lease, &intent, &done, None, now()).await.unwrap();
        let mut person = database.person().await;
        let mut attempts = vec![
            ("UPDATE reviews SET decided_by = 'bob'", "is append-only"),
            ("DELETE FROM reviews", "is append-only"),
            ("UPDATE audit SET name = 'bob'", "is append-only"),
            ("DELETE FROM audit", "is append-only"),
            ("UPDATE operations SET answer = 'other'", "never changed"),
            ("DELETE FROM operations", "never deleted"),
        ];
        attempts.extend(match database.kind {
            Kind::Sqlite => vec![
                ("REPLACE INTO reviews SELECT * FROM reviews", "is append-only"),
                ("REPLACE INTO audit SELECT * FROM audit", "is append-only"),
                ("REPLACE INTO operations SELECT * FROM operations", "never deleted"),
            ],
            Kind::Postgres => vec![
                ("TRUNCATE reviews", "is append-only"),
                ("TRUNCATE audit", "is append-only"),
                ("TRUNCATE operations", "never deleted"),
            ],
        });
        for (attempt, why) in attempts {
            let refused = person.execute(attempt).await.unwrap_err().to_string();
            assert!(refused.contains(why), "{attempt}: {refused}");
        }
    });
}
