//! Steps in PostgreSQL: one statement, of arrays.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};

use super::steps::Planned;
use crate::engine::{Amount, Changes, Transfer};
use crate::store::db::values::{stored_time, without_nul};

const MOVE: &str = "
UPDATE transfers t SET status = r.status, version = t.version + 1,
    amount_in = coalesce(CAST(r.amount_in AS numeric), t.amount_in),
    amount_out = coalesce(CAST(r.amount_out AS numeric), t.amount_out),
    amount_fee = coalesce(CAST(r.amount_fee AS numeric), t.amount_fee),
    rail_fee = coalesce(CAST(r.rail_fee AS numeric), t.rail_fee),
    from_address = coalesce(r.from_address, t.from_address),
    beneficiary = coalesce(CAST(r.beneficiary AS json), t.beneficiary), rail_reference = r.rail_reference,
    network_reference = r.network_reference, message = r.message, reason_code = r.reason_code, refund_id = r.refund_id, payout_id = r.payout,
    attempts = 0, not_before = r.not_before, updated_at = r.at, completed_at = r.completed
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::text[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[])
    AS r (id, was, version, was_payout, status, amount_in, amount_out, amount_fee, rail_fee, from_address, beneficiary,
        rail_reference, network_reference, message, reason_code, refund_id, payout, not_before, at, completed)
WHERE t.transfer_id = r.id AND t.version = r.version AND t.status = r.was
    AND t.payout_id IS NOT DISTINCT FROM r.was_payout
RETURNING t.transfer_id";

/// Changes the rows, and tells which have changed.
pub(super) async fn write(
    conn: &mut PgConnection,
    planned: &[Planned<'_>],
) -> Result<HashSet<String>, sqlx::Error> {
    let before = |of: fn(&Transfer) -> Option<&str>| -> Vec<Option<&str>> {
        planned.iter().map(|step| of(step.before)).collect()
    };
    let texts = |of: fn(&Transfer) -> Option<&String>| -> Vec<Option<_>> {
        planned.iter().map(|step| of(&step.after).map(|text| without_nul(text))).collect()
    };
    // What a step does not change is not sent: it would be read, and written, as it was.
    let new_texts = |of: fn(&Changes) -> Option<&String>| -> Vec<Option<_>> {
        planned.iter().map(|step| of(&step.changes).map(|text| without_nul(text))).collect()
    };
    let new_amounts = |of: fn(&Changes) -> Option<&Amount>| -> Vec<Option<String>> {
        planned.iter().map(|step| of(&step.changes).map(ToString::to_string)).collect()
    };
    let times = |of: fn(&Transfer) -> Option<DateTime<Utc>>| -> Vec<Option<DateTime<Utc>>> {
        planned.iter().map(|step| of(&step.after).map(stored_time)).collect()
    };
    let rows = sqlx::query(MOVE)
        .bind(before(|t| Some(&t.transfer_id)))
        .bind(before(|t| Some(t.status.as_str())))
        .bind(planned.iter().map(|step| step.before.version).collect::<Vec<_>>())
        .bind(before(|t| t.payout_id.as_deref()))
        .bind(planned.iter().map(|step| step.after.status.as_str()).collect::<Vec<_>>())
        .bind(new_amounts(|new| new.amount_in.as_ref()))
        .bind(new_amounts(|new| new.amount_out.as_ref()))
        .bind(new_amounts(|new| new.amount_fee.as_ref()))
        .bind(new_amounts(|new| new.rail_fee.as_ref()))
        .bind(new_texts(|new| new.from_address.as_ref()))
        .bind(new_texts(|new| new.beneficiary.as_ref()))
        .bind(texts(|t| t.rail_reference.as_ref()))
        .bind(texts(|t| t.network_reference.as_ref()))
        .bind(texts(|t| t.message.as_ref()))
        .bind(texts(|t| t.reason_code.as_ref()))
        .bind(texts(|t| t.refund_id.as_ref()))
        .bind(texts(|t| t.payout_id.as_ref()))
        .bind(times(|t| t.not_before))
        .bind(times(|t| Some(t.updated_at)))
        .bind(times(|t| t.completed_at))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
