//! One move of one transfer: what the transfer is after it, and what others hear of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Cause, IllegalMove, Transfer, TransferStatus, legal};
use crate::engine::{Amount, Event, EventType, iso};

/// What a move changes beside the status. What is `None` stays as it was, but for the message and `not_before`: they
/// belong to the status, and go with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// What came in.
    pub amount_in: Option<Amount>,
    /// What goes, or went, out.
    pub amount_out: Option<Amount>,
    /// What we keep.
    pub amount_fee: Option<Amount>,
    /// Who paid in.
    pub from_address: Option<String>,
    /// Who is paid on the rail: JSON text.
    pub beneficiary: Option<String>,
    /// The rail's name for its leg.
    pub rail_reference: Option<String>,
    /// The network's name for its leg.
    pub network_reference: Option<String>,
    /// The refund that begins.
    pub refund_id: Option<String>,
    /// Why it stands in the new status.
    pub message: Option<String>,
    /// Not to be looked at before this time.
    pub not_before: Option<DateTime<Utc>>,
}

/// A move that is to be made, from the transfer as it was read: if another has moved it since, it is not made.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// The transfer as it was read.
    pub transfer: &'a Transfer,
    /// Where it stands after it.
    pub to: TransferStatus,
    /// Why.
    pub cause: Cause,
    /// What else changes.
    pub changes: Changes,
}

impl<'a> Step<'a> {
    /// A move that changes the status only.
    #[must_use]
    pub fn new(transfer: &'a Transfer, to: TransferStatus, cause: Cause) -> Self {
        Self { transfer, to, cause, changes: Changes::default() }
    }

    /// The same with a message.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.changes.message = Some(message.into());
        self
    }

    /// The transfer after the move. Its time of change is later than the one before, whatever the clocks say.
    ///
    /// # Errors
    /// [`IllegalMove`] if the table does not have it.
    pub fn taken(&self, now: DateTime<Utc>) -> Result<Transfer, IllegalMove> {
        let before = self.transfer;
        legal(before.kind, before.status, self.to, self.cause)?;
        let changes = self.changes.clone();
        let refund_id = if self.cause == Cause::RefundFailed {
            None
        } else {
            changes.refund_id.or_else(|| before.refund_id.clone())
        };
        Ok(Transfer {
            status: self.to,
            version: before.version + 1,
            amount_in: changes.amount_in.or_else(|| before.amount_in.clone()),
            amount_out: changes.amount_out.or_else(|| before.amount_out.clone()),
            amount_fee: changes.amount_fee.or_else(|| before.amount_fee.clone()),
            from_address: changes.from_address.or_else(|| before.from_address.clone()),
            beneficiary: changes.beneficiary.or_else(|| before.beneficiary.clone()),
            rail_reference: changes.rail_reference.or_else(|| before.rail_reference.clone()),
            network_reference: changes
                .network_reference
                .or_else(|| before.network_reference.clone()),
            refund_id,
            message: changes.message,
            not_before: changes.not_before,
            attempts: 0,
            updated_at: now.max(before.updated_at + TimeDelta::microseconds(1)),
            completed_at: self.to.is_final().then_some(now),
            ..before.clone()
        })
    }
}

/// The event that tells of a transfer's creation.
#[must_use]
pub fn created_event(transfer: &Transfer) -> Event {
    Event {
        event_type: EventType::TransferCreated,
        subject: format!("transfer/{}", transfer.transfer_id),
        version: transfer.version,
        data: facts(transfer),
        occurred_at: transfer.updated_at,
    }
}

/// The event that tells of a move to `after`.
#[must_use]
pub fn moved_event(from: TransferStatus, cause: Cause, after: &Transfer) -> Event {
    let mut data = facts(after);
    if let Some(data) = data.as_object_mut() {
        data.insert("previous_status".to_owned(), json!(from.as_str()));
        data.insert("cause".to_owned(), json!(cause.as_str()));
    }
    Event {
        event_type: EventType::TransferStatus,
        subject: format!("transfer/{}", after.transfer_id),
        version: after.version,
        data,
        occurred_at: after.updated_at,
    }
}

/// What an event tells of a transfer: what there is, and nothing of whom it concerns.
fn facts(transfer: &Transfer) -> Value {
    let amount = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
    let mut facts = json!({
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind.as_str(),
        "status": transfer.status.as_str(),
        "asset": transfer.asset,
        "rail": transfer.rail,
        "network": transfer.network,
        "updated_at": iso(transfer.updated_at),
    });
    let told = [
        ("protocol", transfer.protocol.map(|protocol| protocol.as_str().to_owned())),
        ("amount_expected", amount(&transfer.amount_expected)),
        ("amount_in", amount(&transfer.amount_in)),
        ("amount_out", amount(&transfer.amount_out)),
        ("amount_fee", amount(&transfer.amount_fee)),
        ("rail_reference", transfer.rail_reference.clone()),
        ("network_reference", transfer.network_reference.clone()),
        ("refund_id", transfer.refund_id.clone()),
        ("message", transfer.message.clone()),
    ];
    if let Some(facts) = facts.as_object_mut() {
        for (name, text) in told {
            if let Some(text) = text {
                facts.insert(name.to_owned(), Value::String(text));
            }
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::TransferKind;
    use super::super::fixtures::{amount, transfer};
    use super::*;
    use crate::engine::fixtures::at;

    #[test]
    fn a_step_makes_one_version_more_and_keeps_what_it_does_not_change() {
        let mut before = transfer(TransferKind::Deposit, TransferStatus::PendingUserTransferStart);
        before.message = Some("old".to_owned());
        before.not_before = Some(at(5));
        before.attempts = 3;
        let changes = Changes { amount_in: Some(amount("10")), ..Changes::default() };
        let step =
            Step { changes, ..Step::new(&before, TransferStatus::PendingAnchor, Cause::Arrived) };
        let after = step.taken(at(7)).unwrap();
        let expected = Transfer {
            status: TransferStatus::PendingAnchor,
            version: 2,
            amount_in: Some(amount("10")),
            message: None,
            not_before: None,
            attempts: 0,
            updated_at: at(7),
            ..before.clone()
        };
        assert_eq!(after, expected);
        assert!(
            Step::new(&after, TransferStatus::Completed, Cause::Delivered).taken(at(8)).is_err()
        );
    }

    #[test]
    fn an_end_has_its_time_and_a_new_beginning_has_none() {
        let before = transfer(TransferKind::Withdrawal, TransferStatus::PendingExternal);
        let failed = Step::new(&before, TransferStatus::Error, Cause::PayoutFailed).because("no");
        let failed = failed.taken(at(7)).unwrap();
        assert_eq!((failed.completed_at, failed.message.as_deref()), (Some(at(7)), Some("no")));
        let again = Step::new(&failed, TransferStatus::PendingAnchor, Cause::Retried);
        let again = again.taken(at(1)).unwrap();
        assert_eq!(again.completed_at, None);
        assert!(again.updated_at > failed.updated_at, "time rises");
    }

    #[test]
    fn an_event_tells_what_there_is() {
        let before = transfer(TransferKind::Send, TransferStatus::PendingReceiver);
        let step = Step::new(&before, TransferStatus::PendingExternal, Cause::Initiated);
        let after = step.taken(at(7)).unwrap();
        let event = moved_event(before.status, step.cause, &after);
        assert_eq!((event.subject.as_str(), event.version), ("transfer/t1", 2));
        assert_eq!(event.data["previous_status"], "pending_receiver");
        assert_eq!(event.data["amount_out"], "9");
        assert!(event.data.get("message").is_none());
        assert!(event.data.get("beneficiary").is_none(), "whom it concerns is nobody's business");
    }
}
