//! What others are told of money that reached us.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::record::NewIncoming;
use super::row::IncomingRow;
use crate::engine::order::{IncomingMoney, OrderKey};
use crate::engine::{Claimant, Event, EventType, Incoming, IncomingKey, IncomingStatus, iso};

/// What an event says of an incoming payment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    incoming: &'a Incoming,
    verdict: &'a str,
    claimant: Option<&'a Claimant>,
}

impl<'a> Facts<'a> {
    pub(super) fn of_new(new: &'a NewIncoming<'_>) -> Self {
        let (verdict, claimant) = (new.verdict.as_str(), new.verdict.claimant());
        Self { incoming: &new.incoming, verdict, claimant }
    }

    pub(super) fn of_row(row: &'a IncomingRow) -> Self {
        let claimant = row.claimant.as_ref();
        Self { incoming: &row.incoming, verdict: &row.verdict, claimant }
    }

    /// What names it.
    pub(super) fn key(self) -> IncomingKey {
        self.incoming.key()
    }

    /// The same after it was matched anew.
    pub(super) fn judged(self, verdict: &'a str, claimant: Option<&'a Claimant>) -> Self {
        Self { verdict, claimant, ..self }
    }

    /// That it has come to this status.
    pub(super) fn event(
        self,
        status: IncomingStatus,
        because: Option<&str>,
        now: DateTime<Utc>,
    ) -> Event {
        let event_type = match status {
            IncomingStatus::Received => EventType::IncomingRecorded,
            IncomingStatus::Confirmed => EventType::IncomingConfirmed,
            IncomingStatus::Cancelled => EventType::IncomingCancelled,
            IncomingStatus::Reversed => EventType::IncomingReversed,
        };
        let Self { incoming, verdict, claimant } = self;
        let data = json!({
            "place": incoming.source,
            "incoming_id": incoming.incoming_id,
            "account": incoming.account,
            "amount": incoming.amount.to_string(),
            "asset_id": incoming.asset,
            "reference": incoming.reference,
            "received_at": iso(incoming.at),
            "status": status.as_str(),
            "verdict": verdict,
            "claimant": claimant.map(|one| json!({
                "kind": one.kind().as_str(), "shop": one.shop(), "id": one.id(),
            })),
            "transfer_id": claimant.and_then(Claimant::transfer_id),
            "reason": because,
        });
        Event::of(event_type, incoming.key().subject(), &data, now)
    }
}

/// What is told of money for orders.
pub(in crate::store) fn event_of_money(
    event_type: EventType,
    incoming: &Incoming,
    money: &IncomingMoney,
    because: Option<&str>,
    now: DateTime<Utc>,
) -> Event {
    let claimant = money.order.as_ref().map(OrderKey::claimant);
    let facts = Facts { incoming, verdict: money.verdict.as_str(), claimant: claimant.as_ref() };
    let event = facts.event(money.status, because, now);
    Event { event_type, ..event }
}
