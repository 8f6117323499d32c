//! Payments, and who looks for them.

use chrono::{DateTime, Utc};
use railpoll::engine::{
    BadRow, ConnectorRole, Money, Operation, Payment, PaymentState, Poller, Row, Tally, Trail,
};
use railpoll::store::{Acquired, Intent, Lease, Scope, Store};
use std::time::Duration;

/// The network that they are on.
pub(crate) const NETWORK: &str = "acme";

/// A time long after every test's payments.
pub(crate) fn now() -> DateTime<Utc> {
    at(1_000_000)
}

/// `seconds` after the beginning of the tests' time.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn scope(poller: Poller) -> Scope {
    Scope { poller, network: NETWORK.to_owned() }
}

pub(crate) fn state(word: &str) -> PaymentState {
    PaymentState::from_word(word)
}

/// The version of the payment `id` that was modified `modified_at` seconds after the beginning.
pub(crate) fn payment(id: &str, state: &str, modified_at: i64) -> Payment {
    let mut payment = Payment {
        payment_id: id.to_owned(),
        state: PaymentState::from_word(state),
        sub_states: Vec::new(),
        connector_role: ConnectorRole::Receiving,
        money: money("10.00"),
        payout: None,
        created_at: Some(at(0)),
        modified_at: at(modified_at),
        expires_at: None,
        locked_here: false,
        returns: None,
        returned_by: None,
        end_to_end_id: None,
        reached: Vec::new(),
        document: String::new(),
        parties: railpoll::engine::Parties::NONE,
        hash: 0,
    };
    documented(
        &mut payment,
        &format!(r#"{{"id": {id:?}, "state": {state:?}, "t": {modified_at}}}"#),
    );
    payment
}

/// Gives the payment another document, and the hash that goes with it.
pub(crate) fn documented(payment: &mut Payment, document: &str) {
    document.clone_into(&mut payment.document);
    payment.hash = document
        .bytes()
        .fold(17, |hash: i64, byte| hash.wrapping_mul(1_099_511_628_211) ^ i64::from(byte));
}

pub(crate) fn money(amount: &str) -> Money {
    Money { amount: amount.parse().unwrap(), currency: "USD".to_owned() }
}

pub(crate) fn row(payment: Payment) -> Row {
    Row::Payment(Box::new(payment))
}

pub(crate) fn bad(payment_id: Option<&str>, raw: &str, reason: &str) -> Row {
    let payment_id = payment_id.map(str::to_owned);
    Row::Bad(BadRow {
        payment_id,
        modified_at: None,
        raw: raw.to_owned(),
        reason: reason.to_owned(),
    })
}

/// Records a page as the poller of ACCEPTED would, without a lease.
pub(crate) async fn record(store: &Store, rows: &[Row]) -> Tally {
    store.record(&scope(Poller::Accepted), None, rows, None, Trail::List, now()).await.unwrap()
}

/// Takes the lease of a poller, for long enough.
pub(crate) async fn lease(store: &Store, poller: Poller) -> Lease {
    let ttl = Duration::from_secs(60);
    match store.acquire_lease(&scope(poller), "one", ttl).await.unwrap() {
        Acquired::Held(lease) => lease,
        Acquired::By(other) => panic!("{other} has the lease"),
    }
}

/// Writes down that the payment, which is ACCEPTED, is to be locked.
pub(crate) async fn intend_lock(store: &Store, lease: &Lease, id: &str) -> Option<Intent> {
    store.intend(lease, id, &PaymentState::Accepted, &Operation::Lock, now()).await.unwrap()
}
