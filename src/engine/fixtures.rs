//! Payments for the tests of this module.

use chrono::{DateTime, Utc};

use super::{ConnectorRole, Known, Money, Payment, PaymentState};

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(super) fn payment(state: &str, modified_at: i64) -> Payment {
    Payment {
        payment_id: "p1".to_owned(),
        state: PaymentState::from_word(state),
        sub_states: Vec::new(),
        connector_role: ConnectorRole::Receiving,
        money: Money { amount: "10.00".parse().unwrap(), currency: "USD".to_owned() },
        payout: None,
        created_at: Some(at(0)),
        modified_at: at(modified_at),
        expires_at: None,
        locked_here: false,
        returns: None,
        returned_by: None,
        end_to_end_id: None,
        reached: Vec::new(),
        document: "{}".to_owned(),
        parties: super::Parties::NONE,
        hash: modified_at + state.bytes().map(i64::from).sum::<i64>() * 1000,
    }
}

pub(super) fn known(payment: &Payment) -> Known {
    Known {
        state: payment.state.clone(),
        connector_role: payment.connector_role.clone(),
        modified_at: payment.modified_at,
        hash: payment.hash,
        version: 1,
        sub_states: payment.sub_states.clone(),
        money: payment.money.clone(),
        review: None,
        basis: None,
    }
}
