//! One move of one transfer: what the transfer is after it, and what others hear of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Cause, IllegalMove, Protocol, Transfer, TransferStatus, legal};
use crate::engine::{Amount, Event, EventType, iso};

/// What a move changes beside the status. What is `None` stays as it was, but for the message with its code and `not_before`: they
/// belong to the status, and go with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// What came in.
    pub amount_in: Option<Amount>,
    /// What goes, or went, out.
    pub amount_out: Option<Amount>,
    /// What we keep.
    pub amount_fee: Option<Amount>,
    /// What the rail kept or took for its leg.
    pub rail_fee: Option<Amount>,
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
    /// The code of that, where a rail gave one.
    pub reason_code: Option<String>,
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
        let mut after = before.clone();
        after.status = self.to;
        after.version += 1;
        put(&mut after.amount_in, changes.amount_in);
        put(&mut after.amount_out, changes.amount_out);
        put(&mut after.amount_fee, changes.amount_fee);
        put(&mut after.rail_fee, changes.rail_fee);
        put(&mut after.from_address, changes.from_address);
        put(&mut after.beneficiary, changes.beneficiary);
        put(&mut after.rail_reference, changes.rail_reference);
        put(&mut after.network_reference, changes.network_reference);
        put(&mut after.refund_id, changes.refund_id);
        if matches!(self.cause, Cause::RefundFailed | Cause::ArrivalReversed) {
            after.refund_id = None;
        }
        if self.cause == Cause::ArrivalReversed {
            forget_money(&mut after);
        }
        after.message = changes.message;
        after.reason_code = changes.reason_code;
        after.not_before = changes.not_before;
        after.attempts = 0;
        after.updated_at = now.max(before.updated_at + TimeDelta::microseconds(1));
        after.completed_at = self.to.is_final().then_some(now);
        Ok(after)
    }
}

/// The money is gone, and with it what it had told: another payment may come in its place.
fn forget_money(transfer: &mut Transfer) {
    transfer.amount_in = None;
    transfer.from_address = None;
    if transfer.kind.is_deposit() {
        transfer.rail_reference = None;
    } else {
        transfer.network_reference = None;
    }
}

/// What a transfer does whose money was taken back by where it came from: it stops without that money.
///
/// A person looks at it then. None: the money is spent, or it is on its way out, and that is not stopped by a word of ours.
#[must_use]
pub fn taken_back<'a>(transfer: &'a Transfer, why: &str) -> Option<Step<'a>> {
    let (to, cause) = (TransferStatus::OnHold, Cause::ArrivalReversed);
    let is_there = transfer.amount_in.is_some() && transfer.payout_id.is_none();
    let may = legal(transfer.kind, transfer.status, to, cause).is_ok();
    (is_there && may).then(|| Step::new(transfer, to, cause).because(why))
}

/// What is not changed stays.
fn put<T>(field: &mut Option<T>, change: Option<T>) {
    if change.is_some() {
        *field = change;
    }
}

/// The event that tells of a transfer's creation, `by` an operator of this name if it was one.
#[must_use]
pub fn created_event(transfer: &Transfer, by: Option<&str>) -> Event {
    event(EventType::TransferCreated, transfer, &Facts { by, ..Facts::of(transfer) })
}

/// The event that tells of a move to `after`, `by` an operator of this name if it was one.
#[must_use]
pub fn moved_event(
    from: TransferStatus,
    cause: Cause,
    after: &Transfer,
    by: Option<&str>,
) -> Event {
    let (previous_status, cause) = (Some(from.as_str()), Some(cause.as_str()));
    let facts = Facts { previous_status, cause, by, ..Facts::of(after) };
    event(EventType::TransferStatus, after, &facts)
}

fn event(event_type: EventType, transfer: &Transfer, facts: &Facts<'_>) -> Event {
    Event {
        event_type,
        subject: format!("transfer/{}", transfer.transfer_id),
        version: transfer.version,
        // Texts can always be written as JSON.
        data: serde_json::to_string(facts).unwrap_or_default(),
        occurred_at: transfer.updated_at,
    }
}

/// What an event tells of a transfer: what there is, and nothing of whom it concerns.
#[derive(Serialize)]
struct Facts<'a> {
    transfer_id: &'a str,
    kind: &'static str,
    status: &'static str,
    asset: &'a str,
    rail: &'a str,
    network: &'a str,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_in: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_fee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rail_fee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rail_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
}

impl<'a> Facts<'a> {
    fn of(transfer: &'a Transfer) -> Self {
        let amount = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
        Self {
            transfer_id: &transfer.transfer_id,
            kind: transfer.kind.as_str(),
            status: transfer.status.as_str(),
            asset: &transfer.asset,
            rail: &transfer.rail,
            network: &transfer.network,
            updated_at: iso(transfer.updated_at),
            protocol: transfer.protocol.map(Protocol::as_str),
            amount_expected: amount(&transfer.amount_expected),
            amount_in: amount(&transfer.amount_in),
            amount_out: amount(&transfer.amount_out),
            amount_fee: amount(&transfer.amount_fee),
            rail_fee: amount(&transfer.rail_fee),
            rail_reference: transfer.rail_reference.as_deref(),
            network_reference: transfer.network_reference.as_deref(),
            refund_id: transfer.refund_id.as_deref(),
            message: transfer.message.as_deref(),
            reason_code: transfer.reason_code.as_deref(),
            previous_status: None,
            cause: None,
            by: None,
        }
    }
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
    fn money_that_is_gone_stops_its_transfer_unless_it_is_spent() {
        let mut one = transfer(TransferKind::Withdrawal, TransferStatus::PendingAnchor);
        one.amount_in = Some(amount("10"));
        one.refund_id = Some("r".to_owned());
        one.network_reference = Some("hash".to_owned());
        let after = taken_back(&one, "it is gone").unwrap().taken(at(7)).unwrap();
        assert_eq!((after.status, after.amount_in), (TransferStatus::OnHold, None));
        assert_eq!((after.refund_id, after.network_reference), (None, None), "nothing goes back");
        for status in TransferStatus::ALL {
            let stops = matches!(
                status,
                TransferStatus::PendingAnchor
                    | TransferStatus::PendingReceiver
                    | TransferStatus::PendingTrust
                    | TransferStatus::PendingTransactionInfoUpdate
                    | TransferStatus::PendingCustomerInfoUpdate
                    | TransferStatus::OnHold
                    | TransferStatus::Error
            );
            let one = Transfer { status, ..one.clone() };
            assert_eq!(taken_back(&one, "").is_some(), stops, "{status}");
        }
        let open = Transfer { payout_id: Some("p".to_owned()), ..one.clone() };
        assert!(taken_back(&open, "").is_none(), "the rail may have it already");
        assert!(taken_back(&Transfer { amount_in: None, ..one }, "").is_none());
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
        let event = moved_event(before.status, step.cause, &after, Some("kim"));
        assert_eq!((event.subject.as_str(), event.version), ("transfer/t1", 2));
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["previous_status"], "pending_receiver");
        assert_eq!(data["amount_out"], "9");
        assert!(data.get("message").is_none());
        assert!(data.get("beneficiary").is_none(), "whom it concerns is nobody's business");
    }
}
