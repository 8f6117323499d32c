//! What came of refunds.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::refund_from;
use crate::engine::{Event, EventType, IncomingKey, Refund, RefundStatus};
use crate::store::db::values::Arg;
use crate::store::db::{Conn, Sql};
use crate::store::memory::alerts;
use crate::store::orders::refund::came_back;
use crate::store::transfers::rows::{maybe_kept, time_json};
use crate::store::transfers::trail::write_events;
use crate::store::{Lease, StoreError};

/// What came of carrying a refund out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundEnd {
    /// The money is back.
    Done {
        /// The rail's or network's name for it.
        reference: Option<String>,
    },
    /// It cannot be carried out.
    Failed {
        /// Why.
        reason: String,
    },
    /// It surely was not carried out, and is taken up again.
    Again {
        /// Why.
        why: String,
        /// When.
        not_before: DateTime<Utc>,
    },
}

const END: Sql = Sql::Each {
    sqlite: "UPDATE refunds SET status = r.value ->> 'status', reference = coalesce(r.value ->> 'reference', reference), \
                 message = r.value ->> 'message', not_before = coalesce(r.value ->> 'not_before', not_before), \
                 finished_at = r.value ->> 'finished_at', \
                 under_way = CASE r.value ->> 'status' WHEN 'open' THEN NULL ELSE under_way END \
             FROM json_each($1) r WHERE refund_id = r.value ->> 'id' AND refunds.finished_at IS NULL RETURNING *",
    postgres: "UPDATE refunds f SET status = r.status, reference = coalesce(r.reference, f.reference), message = r.message, \
                   not_before = coalesce(r.not_before, f.not_before), finished_at = r.finished_at, \
                   under_way = CASE r.status WHEN 'open' THEN NULL ELSE f.under_way END \
               FROM jsonb_to_recordset($1) AS r (id text, status text, reference text, message text, \
                   not_before timestamptz, finished_at timestamptz) \
               WHERE f.refund_id = r.id AND f.status = 'open' RETURNING f.*",
};

/// Writes down what came of refunds, and tells of those that are over.
pub(in crate::store::transfers) async fn end_refunds(
    conn: &mut Conn<'_>,
    ends: &[(String, RefundEnd)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if ends.is_empty() {
        return Ok(());
    }
    let row = |(id, end): &(String, RefundEnd)| {
        let (status, reference, message, not_before) = match end {
            RefundEnd::Done { reference } => (RefundStatus::Done, reference.as_ref(), None, None),
            RefundEnd::Failed { reason } => (RefundStatus::Failed, None, Some(reason), None),
            RefundEnd::Again { why, not_before } => {
                (RefundStatus::Open, None, Some(why), Some(*not_before))
            }
        };
        let finished_at = (status != RefundStatus::Open).then_some(now);
        json!({
            "id": id, "status": status.as_str(), "reference": maybe_kept(reference), "message": maybe_kept(message),
            "not_before": time_json(not_before), "finished_at": time_json(finished_at),
        })
    };
    let rows: Vec<Value> = ends.iter().map(row).collect();
    let ended = conn.rows(END, &[Arg::Json(json!(rows).to_string())]).await?;
    let ended: Vec<Refund> = ended.iter().map(refund_from).collect::<Result<_, _>>()?;
    for refund in ended.iter().filter(|one| one.status == RefundStatus::Failed) {
        let Some((source, incoming_id)) = refund.incoming.clone() else { continue };
        came_back(conn, &IncomingKey { source, incoming_id }, &refund.amount, now).await?;
    }
    let events: Vec<Event> = ended.iter().filter_map(|refund| end_event(refund, now)).collect();
    write_events(conn, &events).await
}

/// Calls a person if one of these refunds could not be made.
pub(in crate::store::transfers) async fn tell_of_failed(
    conn: &mut Conn<'_>,
    lease: &Lease,
    ends: &[(String, RefundEnd)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_failed = |(_, end): &(String, RefundEnd)| match end {
        RefundEnd::Failed { .. } => true,
        RefundEnd::Done { .. } | RefundEnd::Again { .. } => false,
    };
    if ends.iter().any(is_failed) {
        alerts::retell_refunds(conn, &lease.scope, now).await?;
    }
    Ok(())
}

fn end_event(refund: &Refund, now: DateTime<Utc>) -> Option<Event> {
    let event_type = match refund.status {
        RefundStatus::Open => return None,
        RefundStatus::Done => EventType::RefundDone,
        RefundStatus::Failed => EventType::RefundFailed,
    };
    Some(Event::of(
        event_type,
        format!("refund/{}", refund.refund_id),
        &json!({
            "refund_id": refund.refund_id,
            "transfer_id": refund.transfer_id,
            "place": refund.place,
            "amount": refund.amount.to_string(),
            "asset_id": refund.asset,
            "reference": refund.reference,
            "answer": refund.message,
        }),
        now,
    ))
}
