//! Envelopes: stored before they are sent, one for each sequence number.

use railpoll::engine::{Cause, EnvelopeStatus, NewTransfer, Poller, Step, TransferStatus as S};
use railpoll::store::{
    Channel, Envelope, EnvelopeEnd, EnvelopePayment, Intention, Lease, NewEnvelope, Store,
    StoreError,
};

use super::{amount, create, deposit, lease, read, run_out};
use crate::support::ann;
use crate::support::on_both;
use crate::support::payments::{at, now};

const NETWORK: &str = "stellar";

/// An envelope that pays transfers, or refunds where the flag says so.
pub(super) fn envelope(id: &str, sequence: i64, pays: &[(&str, bool)]) -> NewEnvelope {
    let payment = |(id, is_refund): &(&str, bool)| EnvelopePayment {
        operation: "payment".to_owned(),
        transfer_id: (!is_refund).then(|| (*id).to_owned()),
        refund_id: is_refund.then(|| (*id).to_owned()),
        destination: "GCUSTOMER".to_owned(),
        amount: amount("10.0000000"),
        balance_id: None,
    };
    NewEnvelope {
        envelope_id: id.to_owned(),
        network: NETWORK.to_owned(),
        source_account: "GCHANNEL".to_owned(),
        sequence,
        xdr: format!("xdr-{id}"),
        fee: 100,
        max_time: at(1_000_300),
        status: EnvelopeStatus::Intended,
        payments: pays.iter().map(payment).collect(),
    }
}

pub(super) fn failed() -> EnvelopeEnd {
    let result = Some("tx_failed".to_owned());
    EnvelopeEnd { status: EnvelopeStatus::Failed, ledger: Some(9), result }
}

fn ready(id: &str) -> NewTransfer {
    NewTransfer {
        status: S::PendingAnchor,
        amount_in: Some(amount("10.50")),
        amount_out: Some(amount("10.25")),
        amount_fee: Some(amount("0.25")),
        ..deposit(id)
    }
}

async fn intend(store: &Store, lease: &Lease, new: &NewEnvelope, ids: &[&str]) -> Intention {
    let mut transfers = Vec::new();
    for id in ids {
        transfers.push(read(store, id).await);
    }
    let sent = |transfer| Step::new(transfer, S::PendingStellar, Cause::Sent);
    let steps: Vec<_> = transfers.iter().map(sent).collect();
    store.intend_envelope(lease, new, &steps, now()).await.unwrap()
}

async fn begin(store: &Store) -> Lease {
    let lease = lease(store, Poller::PendingDeposits, NETWORK).await;
    let channels = store.take_channels(&lease, NETWORK, &["GCHANNEL".to_owned()]).await.unwrap();
    assert_eq!(channels, [Channel { account: "GCHANNEL".to_owned(), sequence: None }]);
    lease
}

async fn open(store: &Store) -> Vec<Envelope> {
    store.open_envelopes(NETWORK, now(), 10).await.unwrap()
}

#[test]
fn an_envelope_is_stored_with_the_moves_of_its_transfers_and_ends_with_them() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = begin(&store).await;
        create(&store, &[ready("a"), ready("b")]).await;
        let due = store.deposits_to_send(NETWORK, now(), 10).await.unwrap();
        assert_eq!(due.len(), 2);
        let new = envelope("e1", 7, &[("a", false), ("b", false)]);
        assert_eq!(intend(&store, &lease, &new, &["a", "b"]).await, Intention::Stored);
        assert!(store.deposits_to_send(NETWORK, now(), 10).await.unwrap().is_empty());
        let stored = open(&store).await.remove(0);
        assert_eq!((stored.payments, stored.sequence, stored.attempts), (new.payments, 7, 0));
        store.mark_sent(&lease, "e1", Some("504"), at(1_000_010), now()).await.unwrap();
        assert!(open(&store).await.is_empty(), "it was looked at");
        store.bump_envelope(&lease, "e1", "bump", 1_000).await.unwrap();
        store.bump_envelope(&lease, "e1", "less", 500).await.unwrap();
        let sent = store.envelope("e1").await.unwrap().unwrap();
        assert_eq!((sent.status, sent.attempts), (EnvelopeStatus::Sent, 1));
        assert_eq!((sent.bump_xdr.as_deref(), sent.fee), (Some("bump"), 1_000));
        let (a, b) = (read(&store, "a").await, read(&store, "b").await);
        let steps = [
            Step::new(&a, S::Completed, Cause::Applied),
            Step::new(&b, S::PendingTrust, Cause::TrustMissing),
        ];
        let end = EnvelopeEnd { status: EnvelopeStatus::Done, ..failed() };
        assert!(store.finish_envelope(&lease, "e1", &end, &steps, &[], now()).await.unwrap());
        assert!(!store.finish_envelope(&lease, "e1", &end, &steps, &[], now()).await.unwrap());
        assert_eq!(read(&store, "a").await.status, S::Completed);
        let story = store.transfer_story("b").await.unwrap().unwrap();
        assert_eq!(story.transfer.status, S::PendingTrust);
        assert_eq!(
            (story.envelopes[0].status, story.envelopes[0].ledger),
            (EnvelopeStatus::Done, Some(9))
        );
        let without = store.deposits_without_trust(NETWORK, now(), 10).await.unwrap();
        assert_eq!(without.len(), 1);
    });
}

#[test]
fn a_sequence_number_is_used_once_while_its_envelope_may_be_applied() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = begin(&store).await;
        create(&store, &[ready("a"), ready("b")]).await;
        assert_eq!(
            intend(&store, &lease, &envelope("e1", 7, &[("a", false)]), &["a"]).await,
            Intention::Stored
        );
        let second = envelope("e2", 7, &[("b", false)]);
        assert_eq!(intend(&store, &lease, &second, &["b"]).await, Intention::SequenceTaken);
        assert_eq!(read(&store, "b").await.status, S::PendingAnchor, "nothing is changed");
        let a = read(&store, "a").await;
        let lapsed = [Step::new(&a, S::PendingAnchor, Cause::SendLapsed)];
        let end = EnvelopeEnd { status: EnvelopeStatus::Expired, ledger: None, result: None };
        assert!(store.finish_envelope(&lease, "e1", &end, &lapsed, &[], now()).await.unwrap());
        assert_eq!(intend(&store, &lease, &second, &["b"]).await, Intention::Stored);
        let stranger =
            NewEnvelope { source_account: "GSTRANGE".to_owned(), ..envelope("e3", 1, &[]) };
        assert_eq!(intend(&store, &lease, &stranger, &[]).await, Intention::SequenceTaken);
        let channels =
            store.take_channels(&lease, NETWORK, &["GCHANNEL".to_owned()]).await.unwrap();
        assert_eq!(channels[0].sequence, Some(7));
    });
}

#[test]
fn an_envelope_whose_transfer_was_moved_meanwhile_is_not_stored() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = begin(&store).await;
        create(&store, &[ready("a"), ready("b")]).await;
        let (a, b) = (read(&store, "a").await, read(&store, "b").await);
        super::step(&store, None, "b", S::OnHold, Cause::Held).await;
        let steps = [&a, &b].map(|one| Step::new(one, S::PendingStellar, Cause::Sent));
        let new = envelope("e1", 7, &[("a", false), ("b", false)]);
        let stored = store.intend_envelope(&lease, &new, &steps, now()).await.unwrap();
        assert_eq!(stored, Intention::Moved(vec!["b".to_owned()]));
        assert!(open(&store).await.is_empty());
        assert_eq!(read(&store, "a").await, a);
    });
}

#[test]
fn a_channel_has_one_owner_at_a_time() {
    on_both(async |database| {
        let store = database.store().await;
        let mut person = database.person().await;
        let first = begin(&store).await;
        let accounts = ["GCHANNEL".to_owned(), "GANOTHER".to_owned()];
        let second = lease(&store, Poller::PendingDeposits, "stellar#2").await;
        let taken = store.take_channels(&second, NETWORK, &accounts).await.unwrap();
        assert_eq!(taken.iter().map(|one| one.account.as_str()).collect::<Vec<_>>(), ["GANOTHER"]);
        let mine = store.take_channels(&first, NETWORK, &accounts).await.unwrap();
        assert_eq!(mine.iter().map(|one| one.account.as_str()).collect::<Vec<_>>(), ["GCHANNEL"]);
        run_out(database, &mut person).await;
        let third = lease(&store, Poller::PendingDeposits, "stellar#3").await;
        assert_eq!(store.take_channels(&third, NETWORK, &accounts).await.unwrap().len(), 2);
        let late = store.take_channels(&first, NETWORK, &accounts).await;
        assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
    });
}

#[test]
fn an_envelope_gathers_signatures_one_at_a_time() {
    on_both(async |database| {
        let store = database.store().await;
        let lease = begin(&store).await;
        let new =
            NewEnvelope { status: EnvelopeStatus::WaitingSignatures, ..envelope("e1", 7, &[]) };
        assert_eq!(intend(&store, &lease, &new, &[]).await, Intention::Stored);
        store.mark_sent(&lease, "e1", None, now(), now()).await.unwrap();
        let waiting = open(&store).await.remove(0);
        assert_eq!(waiting.status, EnvelopeStatus::WaitingSignatures, "it cannot be sent");
        store.sign_envelope("e1", "xdr-e1", "one", false, ann(), now()).await.unwrap();
        let late = store.sign_envelope("e1", "xdr-e1", "other", false, ann(), now()).await;
        assert!(matches!(late, Err(StoreError::Refused(_))), "the first signature would be lost");
        store.sign_envelope("e1", "one", "two", true, ann(), now()).await.unwrap();
        let signed = open(&store).await.remove(0);
        assert_eq!((signed.status, signed.xdr.as_str()), (EnvelopeStatus::Intended, "two"));
        let late = store.sign_envelope("e1", "two", "three", true, ann(), now()).await;
        assert!(matches!(late, Err(StoreError::Refused(_))));
    });
}
