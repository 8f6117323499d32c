//! What others hear of: the rows of the outbox.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::words;
use super::{Change, Known, Payment, PaymentState, iso};

words! {
    /// The kinds of events.
    pub enum EventType: "type of event" {
        /// A payment was seen for the first time.
        PaymentNew = "payment.new",
        /// A payment is in another state than before.
        PaymentState = "payment.state_changed",
        /// A payment was changed inside its state.
        PaymentUpdated = "payment.updated",
        /// A payment has a sub-state that it did not have.
        PaymentSubState = "payment.sub_state",
        /// A payment's amount is not what it was.
        PaymentAmount = "payment.amount_changed",
        /// A payment's row could not be understood or believed, and was set aside.
        PaymentQuarantined = "payment.quarantined",
        /// Somebody or something has decided on a payment.
        PaymentReviewed = "payment.reviewed",
        /// The network has done an operation.
        OperationDone = "operation.done",
        /// The network has refused an operation, or it was too late for it.
        OperationRefused = "operation.refused",
        /// An operation had no clear answer.
        OperationUnknown = "operation.unknown",
        /// A transfer was created.
        TransferCreated = "transfer.created",
        /// A transfer is in another status than before.
        TransferStatus = "transfer.status_changed",
        /// A rail has a payout that moved no transfer, and has not delivered.
        PayoutInitiated = "payout.initiated",
        /// A rail has delivered a payout that moved no transfer.
        PayoutDone = "payout.done",
        /// A payout that moved no transfer was not made, and will not be.
        PayoutRefused = "payout.refused",
        /// A payout had no clear answer.
        PayoutUnknown = "payout.unknown",
        /// Money that reached us was written down.
        IncomingRecorded = "incoming.recorded",
        /// It is ours, as far as its source can tell: from then on it counts.
        IncomingConfirmed = "incoming.confirmed",
        /// It was taken back before it was confirmed.
        IncomingCancelled = "incoming.cancelled",
        /// It was taken back after it was confirmed.
        IncomingReversed = "incoming.reversed",
        /// Somebody has given incoming money to a transfer.
        IncomingAssigned = "incoming.assigned",
        /// Money is to go back.
        RefundCreated = "refund.created",
        /// Money went back.
        RefundDone = "refund.done",
        /// Money could not go back.
        RefundFailed = "refund.failed",
        /// An order waits for money.
        OrderCreated = "order.created",
        /// It is known who pays an order.
        OrderClaimed = "order.claimed",
        /// An order is paid.
        OrderPaid = "order.paid",
        /// An order has ended unpaid.
        OrderAnnulled = "order.annulled",
        /// Something of an order is another: its price, customer, note or status.
        OrderModified = "order.modified",
        /// Somebody should look at an order: money came for it that does not fit.
        OrderReview = "order.review",
        /// A condition began that somebody should know of.
        AlertRaised = "alert.raised",
        /// There is more of a condition that stands, or it is not what somebody has silenced.
        AlertChanged = "alert.changed",
        /// Somebody has seen to a condition: it is silent until it changes.
        AlertSilenced = "alert.silenced",
        /// That condition ended.
        AlertCleared = "alert.cleared",
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub event_type: EventType,
    /// To what: `payment/NETWORK/PAYMENT_ID`, `transfer/ID`, `order/SHOP/ID`, `incoming/SOURCE/ID`, `refund/ID` or
    /// `alert/NAME`.
    pub subject: String,
    /// The version of the payment, transfer or order that it happened to; 0 where there is none.
    pub version: i64,
    /// The facts, for programs: JSON text.
    pub data: String,
    /// When, by our clock.
    pub occurred_at: DateTime<Utc>,
}

impl Event {
    /// What happened to `subject`, of which no version tells.
    #[must_use]
    pub fn of(event_type: EventType, subject: String, data: &Value, now: DateTime<Utc>) -> Self {
        Self { event_type, subject, version: 0, data: data.to_string(), occurred_at: now }
    }
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
    let event = |event_type, data: String| Event {
        event_type,
        subject: format!("payment/{network}/{}", seen.payment_id),
        version: known.map_or(1, |known| known.version + 1),
        data,
        occurred_at: now,
    };
    let Some(known) = known else {
        return vec![event(EventType::PaymentNew, facts(network, seen, None))];
    };
    let previous = (known.state != seen.state).then_some(&known.state);
    let first = match previous {
        Some(_) => EventType::PaymentState,
        None => EventType::PaymentUpdated,
    };
    let data = facts(network, seen, previous);
    let mut events = vec![event(first, data)];
    let added: Vec<_> =
        seen.sub_states.iter().filter(|sub| !known.sub_states.contains(sub)).collect();
    if !added.is_empty() {
        events.push(event(EventType::PaymentSubState, json!({ "added": added }).to_string()));
    }
    if known.money != seen.money {
        let data = json!({
            "was": { "amount": known.money.amount.to_string(), "currency": known.money.currency },
            "is": { "amount": seen.money.amount.to_string(), "currency": seen.money.currency },
        });
        events.push(event(EventType::PaymentAmount, data.to_string()));
    }
    events
}

/// What an event tells of a payment. Small: the document is in the database for those who want it.
#[derive(Serialize)]
struct PaymentFacts<'a> {
    amount: String,
    connector_role: &'a str,
    currency: &'a str,
    modified_at: String,
    network: &'a str,
    payment_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_state: Option<&'a str>,
    returned_by: Option<&'a str>,
    returns: Option<&'a str>,
    state: &'a str,
}

fn facts(network: &str, payment: &Payment, previous: Option<&PaymentState>) -> String {
    let facts = PaymentFacts {
        amount: payment.money.amount.to_string(),
        connector_role: payment.connector_role.as_str(),
        currency: &payment.money.currency,
        modified_at: iso(payment.modified_at),
        network,
        payment_id: &payment.payment_id,
        previous_state: previous.map(PaymentState::as_str),
        returned_by: payment.returned_by.as_deref(),
        returns: payment.returns.as_deref(),
        state: payment.state.as_str(),
    };
    serde_json::to_string(&facts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{at, known, payment};
    use super::*;

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
