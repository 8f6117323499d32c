//! Steps in `SQLite`: a few statements for all of them. Nobody else writes meanwhile.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::StoreError;
use super::super::db::Conn;
use super::super::values::Arg;
use super::rows::{amount_json, maybe_kept, time_json};
use super::steps::Planned;
use super::trail::{Reached, write_counts, write_events, write_history};

const MOVE: &str = "UPDATE transfers SET status = r.value ->> 'status', version = version + 1, \
        amount_in = r.value ->> 'amount_in', amount_out = r.value ->> 'amount_out', \
        amount_fee = r.value ->> 'amount_fee', from_address = r.value ->> 'from_address', \
        beneficiary = r.value ->> 'beneficiary', rail_reference = r.value ->> 'rail_reference', \
        network_reference = r.value ->> 'network_reference', message = r.value ->> 'message', \
        refund_id = r.value ->> 'refund_id', payout_id = r.value ->> 'payout', attempts = 0, \
        not_before = r.value ->> 'not_before', updated_at = r.value ->> 'at', completed_at = r.value ->> 'completed' \
    FROM json_each($1) r \
    WHERE transfers.transfer_id = r.value ->> 'id' AND transfers.version = r.value ->> 'version' \
      AND transfers.status = r.value ->> 'was' AND transfers.payout_id IS r.value ->> 'was_payout' \
    RETURNING transfer_id";

pub(super) async fn write(
    conn: &mut Conn<'_>,
    planned: &[Planned<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let rows: Vec<Value> = planned.iter().map(row_of).collect();
    let mut moved = HashSet::with_capacity(planned.len());
    for row in conn.rows(MOVE, &[Arg::Json(json!(rows).to_string())]).await? {
        moved.insert(row.text("transfer_id")?);
    }
    let done: Vec<&Planned<'_>> =
        planned.iter().filter(|step| moved.contains(&step.after.transfer_id)).collect();
    if done.is_empty() {
        return Ok(moved);
    }
    let reached: Vec<Reached<'_>> = done
        .iter()
        .map(|step| Reached { after: &step.after, source: step.cause.as_str() })
        .collect();
    write_history(conn, &reached, now).await?;
    let events: Vec<_> = done.iter().map(|step| step.event.clone()).collect();
    write_events(conn, &events).await?;
    let counts: Vec<_> = done
        .iter()
        .flat_map(|step| {
            let (was, is) = (step.before.status.as_str(), step.after.status.as_str());
            [(step.before, was, -1), (&step.after, is, 1)]
        })
        .collect();
    write_counts(conn, &counts).await?;
    Ok(moved)
}

fn row_of(step: &Planned<'_>) -> Value {
    let (before, after) = (step.before, &step.after);
    json!({
        "id": before.transfer_id,
        "was": before.status.as_str(),
        "version": before.version,
        "was_payout": before.payout_id,
        "status": after.status.as_str(),
        "amount_in": amount_json(after.amount_in.as_ref()),
        "amount_out": amount_json(after.amount_out.as_ref()),
        "amount_fee": amount_json(after.amount_fee.as_ref()),
        "from_address": maybe_kept(after.from_address.as_ref()),
        "beneficiary": maybe_kept(after.beneficiary.as_ref()),
        "rail_reference": maybe_kept(after.rail_reference.as_ref()),
        "network_reference": maybe_kept(after.network_reference.as_ref()),
        "message": maybe_kept(after.message.as_ref()),
        "refund_id": after.refund_id,
        "payout": after.payout_id,
        "not_before": time_json(after.not_before),
        "at": time_json(Some(after.updated_at)),
        "completed": time_json(after.completed_at),
    })
}
