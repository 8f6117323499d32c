//! Transfers, and all that is done for them, on both databases.

mod alerts;
mod claims;
mod create;
mod envelopes;
mod following;
mod identity;
pub(super) mod incoming;
mod incoming_statuses;
mod model;
mod moves;
mod reading;
mod refunds;

use std::time::Duration;

use railpoll::engine::{
    Amount, Cause, Memo, NewTransfer, Poller, Step, Transfer, TransferKind, TransferStatus,
};
use railpoll::store::{Acquired, Lease, Scope, Store};

use crate::support::payments::{at, now};
use crate::support::{Kind, Person, TestDatabase};
use crate::support::{ann, by};

const ACCOUNT: &str = "GACCOUNT";

pub(super) fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn blank(id: &str, kind: TransferKind, status: TransferStatus) -> NewTransfer {
    NewTransfer {
        transfer_id: id.to_owned(),
        kind,
        protocol: None,
        status,
        asset: "usdc".to_owned(),
        rail: "bank".to_owned(),
        currency: "USD".to_owned(),
        network: "stellar".to_owned(),
        amount_expected: Some(amount("10.50")),
        amount_in: None,
        amount_out: None,
        amount_fee: None,
        from_address: None,
        to_address: None,
        memo: None,
        account: None,
        beneficiary: None,
        subject: None,
        rail_reference: None,
        deadline: None,
        payment: None,
        created_at: None,
    }
}

/// A deposit that waits for its money.
fn deposit(id: &str) -> NewTransfer {
    NewTransfer {
        to_address: Some("GCUSTOMER".to_owned()),
        subject: Some(format!("pay {id}")),
        ..blank(id, TransferKind::Deposit, TransferStatus::PendingUserTransferStart)
    }
}

/// A deposit whose money is in.
pub(super) fn deposit_to_send(id: &str) -> NewTransfer {
    NewTransfer {
        status: TransferStatus::PendingAnchor,
        amount_in: Some(amount("10.50")),
        amount_out: Some(amount("10.25")),
        amount_fee: Some(amount("0.25")),
        ..deposit(id)
    }
}

/// A withdrawal that waits for its money.
pub(super) fn withdrawal(id: &str) -> NewTransfer {
    NewTransfer {
        account: Some(ACCOUNT.to_owned()),
        memo: Some(Memo::Text(id.to_owned())),
        beneficiary: Some(format!(r#"{{"iban": "{id}"}}"#)),
        ..blank(id, TransferKind::Withdrawal, TransferStatus::PendingUserTransferStart)
    }
}

/// A send whose money is in.
pub(super) fn to_pay(id: &str) -> NewTransfer {
    NewTransfer {
        status: TransferStatus::PendingReceiver,
        kind: TransferKind::Send,
        amount_in: Some(amount("10.50")),
        amount_out: Some(amount("10.25")),
        amount_fee: Some(amount("0.25")),
        from_address: Some("GPAYER".to_owned()),
        ..withdrawal(id)
    }
}

pub(super) async fn create(store: &Store, new: &[NewTransfer]) {
    let bad = store.create_transfers(ann(), new, now()).await.unwrap();
    assert!(bad.is_empty(), "{bad:?}");
}

pub(super) async fn read(store: &Store, id: &str) -> Transfer {
    store.transfer(id).await.unwrap().unwrap()
}

/// The lease of a poller on a rail, a slot of it, or a network.
pub(super) async fn lease(store: &Store, poller: Poller, place: &str) -> Lease {
    let scope = Scope { poller, network: place.to_owned() };
    match store.acquire_lease(&scope, "one", Duration::from_secs(60)).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

/// Makes one step, which must be made.
async fn step(store: &Store, lease: Option<&Lease>, id: &str, to: TransferStatus, cause: Cause) {
    let transfer = read(store, id).await;
    let steps = [Step::new(&transfer, to, cause)];
    let moved = store.move_transfers(by(lease), &steps, &[], at(2_000_000)).await.unwrap();
    assert!(moved.contains(id), "{id} did not become {to}");
}

/// Lets every lease run out, by turning back what the database's clock is compared with.
async fn run_out(database: &TestDatabase, person: &mut Person) {
    person
        .execute(match database.kind {
            Kind::Sqlite => "UPDATE leases SET expires_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-1 second')",
            Kind::Postgres => "UPDATE leases SET expires_at = now() - interval '1 second'",
        })
        .await
        .unwrap();
}
