//! What others hear of: the rows of the outbox.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Change, Known, Payment, iso};

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// A payment was seen for the first time.
    PaymentNew,
    /// A payment is in another state than before.
    PaymentState,
    /// A payment was changed inside its state.
    PaymentUpdated,
    /// A payment has a sub-state that it did not have.
    PaymentSubState,
    /// A payment's amount is not what it was.
    PaymentAmount,
    /// A payment's row could not be understood or believed, and was set aside.
    PaymentQuarantined,
    /// Somebody or something has decided on a payment.
    PaymentReviewed,
    /// The network has done an operation.
    OperationDone,
    /// The network has refused an operation, or it was too late for it.
    OperationRefused,
    /// An operation had no clear answer.
    OperationUnknown,
    /// A transfer was created.
    TransferCreated,
    /// A transfer is in another status than before.
    TransferStatus,
    /// A rail has a payout that moved no transfer, and has not delivered.
    PayoutInitiated,
    /// A rail has delivered a payout that moved no transfer.
    PayoutDone,
    /// A payout that moved no transfer was not made, and will not be.
    PayoutRefused,
    /// A payout had no clear answer.
    PayoutUnknown,
    /// Money that reached us was written down.
    IncomingRecorded,
    /// Somebody has given incoming money to a transfer.
    IncomingAssigned,
    /// Money is to go back.
    RefundCreated,
    /// Money went back.
    RefundDone,
    /// Money could not go back.
    RefundFailed,
    /// A condition began that somebody should know of.
    AlertRaised,
    /// There is more of a condition that stands, or it is not what somebody has silenced.
    AlertChanged,
    /// Somebody has seen to a condition: it is silent until it changes.
    AlertSilenced,
    /// That condition ended.
    AlertCleared,
}

impl EventType {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::PaymentNew,
        Self::PaymentState,
        Self::PaymentUpdated,
        Self::PaymentSubState,
        Self::PaymentAmount,
        Self::PaymentQuarantined,
        Self::PaymentReviewed,
        Self::OperationDone,
        Self::OperationRefused,
        Self::OperationUnknown,
        Self::TransferCreated,
        Self::TransferStatus,
        Self::PayoutInitiated,
        Self::PayoutDone,
        Self::PayoutRefused,
        Self::PayoutUnknown,
        Self::IncomingRecorded,
        Self::IncomingAssigned,
        Self::RefundCreated,
        Self::RefundDone,
        Self::RefundFailed,
        Self::AlertRaised,
        Self::AlertChanged,
        Self::AlertSilenced,
        Self::AlertCleared,
    ];

    /// The word in the column `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentNew => "payment.new",
            Self::PaymentState => "payment.state_changed",
            Self::PaymentUpdated => "payment.updated",
            Self::PaymentSubState => "payment.sub_state",
            Self::PaymentAmount => "payment.amount_changed",
            Self::PaymentQuarantined => "payment.quarantined",
            Self::PaymentReviewed => "payment.reviewed",
            Self::OperationDone => "operation.done",
            Self::OperationRefused => "operation.refused",
            Self::OperationUnknown => "operation.unknown",
            Self::TransferCreated => "transfer.created",
            Self::TransferStatus => "transfer.status_changed",
            Self::PayoutInitiated => "payout.initiated",
            Self::PayoutDone => "payout.done",
            Self::PayoutRefused => "payout.refused",
            Self::PayoutUnknown => "payout.unknown",
            Self::IncomingRecorded => "incoming.recorded",
            Self::IncomingAssigned => "incoming.assigned",
            Self::RefundCreated => "refund.created",
            Self::RefundDone => "refund.done",
            Self::RefundFailed => "refund.failed",
            Self::AlertRaised => "alert.raised",
            Self::AlertChanged => "alert.changed",
            Self::AlertSilenced => "alert.silenced",
            Self::AlertCleared => "alert.cleared",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub event_type: EventType,
    /// To what: `payment/NETWORK/PAYMENT_ID`, `transfer/ID`, `incoming/SOURCE/ID`, `refund/ID` or `alert/NAME`.
    pub subject: String,
    /// The version of the payment or transfer that it happened to; 0 where there is none.
    pub version: i64,
    /// The facts, for programs: JSON text.
    pub data: String,
    /// When, by our clock.
    pub occurred_at: DateTime<Utc>,
}

/// The events that storing `seen` makes, in order.
#[must_use]
pub fn events_of(
    network: &str,
    known: Option<&Known>,
    seen: &Payment,
    change: Change,
    now: DateTime<Utc>,
) -> Vec<Event> {
    if !change.is_stored() {
        return Vec::new();
    }
    let event = |event_type, data: Value| Event {
        event_type,
        subject: format!("payment/{network}/{}", seen.payment_id),
        version: known.map_or(1, |known| known.version + 1),
        data: data.to_string(),
        occurred_at: now,
    };
    let Some(known) = known else {
        return vec![event(EventType::PaymentNew, facts(network, seen))];
    };
    let mut data = facts(network, seen);
    let first = if known.state == seen.state {
        EventType::PaymentUpdated
    } else {
        if let Some(data) = data.as_object_mut() {
            data.insert("previous_state".to_owned(), json!(known.state.as_str()));
        }
        EventType::PaymentState
    };
    let mut events = vec![event(first, data)];
    let added: Vec<_> =
        seen.sub_states.iter().filter(|sub| !known.sub_states.contains(sub)).collect();
    if !added.is_empty() {
        events.push(event(EventType::PaymentSubState, json!({ "added": added })));
    }
    if known.money != seen.money {
        let data = json!({
            "was": { "amount": known.money.amount.to_string(), "currency": known.money.currency },
            "is": { "amount": seen.money.amount.to_string(), "currency": seen.money.currency },
        });
        events.push(event(EventType::PaymentAmount, data));
    }
    events
}

/// What an event tells of a payment. Small: the document is in the database for those who want it.
fn facts(network: &str, payment: &Payment) -> Value {
    json!({
        "network": network,
        "payment_id": payment.payment_id,
        "state": payment.state.as_str(),
        "connector_role": payment.connector_role.as_str(),
        "amount": payment.money.amount.to_string(),
        "currency": payment.money.currency,
        "modified_at": iso(payment.modified_at),
        "returns": payment.returns,
        "returned_by": payment.returned_by,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, known, payment};
    use super::*;

    #[test]
    fn every_kind_is_in_the_list_of_all() {
        let source = include_str!("event.rs");
        let words = source
            .lines()
            .filter(|line| line.trim_start().starts_with("Self::") && line.contains("=> \""));
        assert_eq!(words.count(), EventType::ALL.len());
    }

    fn types(known: Option<&Known>, seen: &Payment, change: Change) -> Vec<&'static str> {
        let events = events_of("acme", known, seen, change, at(0));
        events.iter().map(|event| event.event_type.as_str()).collect()
    }

    #[test]
    fn each_stored_version_is_told_once() {
        let accepted = payment("ACCEPTED", 1);
        let known = known(&accepted);
        assert_eq!(types(None, &accepted, Change::New), ["payment.new"]);
        let locked = payment("LOCKED", 2);
        assert_eq!(types(Some(&known), &locked, Change::Changed), ["payment.state_changed"]);
        assert!(types(Some(&known), &accepted, Change::Unchanged).is_empty());
        assert!(types(Some(&known), &locked, Change::Illegal).is_empty());
    }

    #[test]
    fn new_sub_states_and_other_amounts_are_told() {
        let executed = payment("EXECUTED", 1);
        let known = known(&executed);
        let mut seen = payment("EXECUTED", 2);
        seen.sub_states = vec!["READY".to_owned()];
        seen.money.amount = "11".parse().unwrap();
        assert_eq!(
            types(Some(&known), &seen, Change::Changed),
            ["payment.updated", "payment.sub_state", "payment.amount_changed"]
        );
    }
}
