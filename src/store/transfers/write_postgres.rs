//! Steps in PostgreSQL: one statement, of arrays, for all tables.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Row as _, Transaction};

use super::super::StoreError;
use super::super::values::{stored_time, without_nul};
use super::steps::{Planned, payload};
use crate::engine::{Amount, Changes, Transfer};

/// A row that is not as it was read does not move, and nothing is told of it. The turn to write history and events is taken
/// when all rows have moved, unless the transaction has it: what is done before it, several writers do at once.
const WRITE: &str = "
WITH moved AS (
    UPDATE transfers t SET status = r.status, version = t.version + 1,
        amount_in = coalesce(CAST(r.amount_in AS numeric), t.amount_in),
        amount_out = coalesce(CAST(r.amount_out AS numeric), t.amount_out),
        amount_fee = coalesce(CAST(r.amount_fee AS numeric), t.amount_fee),
        from_address = coalesce(r.from_address, t.from_address),
        beneficiary = coalesce(CAST(r.beneficiary AS json), t.beneficiary), rail_reference = r.rail_reference,
        network_reference = r.network_reference, message = r.message, refund_id = r.refund_id, payout_id = r.payout,
        attempts = 0, not_before = r.not_before, updated_at = r.at, completed_at = r.completed
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
        $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::text[], $20::text[])
        WITH ORDINALITY AS r (id, was, version, was_payout, status, amount_in, amount_out, amount_fee, from_address,
            beneficiary, rail_reference, network_reference, message, refund_id, payout,
            not_before, at, completed, cause, payload, n)
    WHERE t.transfer_id = r.id AND t.version = r.version AND t.status = r.was
        AND t.payout_id IS NOT DISTINCT FROM r.was_payout
    RETURNING r.n, r.id, r.was, t.status, t.version, t.rail, t.network, t.message, t.updated_at, r.cause,
        CAST(r.payload AS json) AS payload
), turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(8246973 + 0 * count(*)) AS taken FROM moved
), history AS (
    INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source, reason)
    SELECT 'transfer', m.network, m.id, m.status, m.updated_at, $21, m.cause, m.message
    FROM moved m CROSS JOIN turn ORDER BY m.n
), told AS (
    INSERT INTO events (type, subject, version, payload, occurred_at)
    SELECT 'transfer.status_changed', 'transfer/' || m.id, m.version, m.payload, m.updated_at
    FROM moved m CROSS JOIN turn ORDER BY m.n
), counted AS (
    INSERT INTO transfer_counts (rail, network, status, transfers)
    SELECT c.rail, c.network, c.status, sum(c.by) FROM (
        SELECT m.rail, m.network, m.was AS status, -1 AS by FROM moved m
        UNION ALL SELECT m.rail, m.network, m.status, 1 FROM moved m) c CROSS JOIN turn
    GROUP BY 1, 2, 3 HAVING sum(c.by) <> 0
    ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfer_counts.transfers + excluded.transfers
)
SELECT m.id FROM moved m";

pub(super) async fn write(
    tx: &mut Transaction<'static, Postgres>,
    planned: &[Planned<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
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
    let rows = sqlx::query(WRITE)
        .bind(before(|t| Some(&t.transfer_id)))
        .bind(before(|t| Some(t.status.as_str())))
        .bind(planned.iter().map(|step| step.before.version).collect::<Vec<_>>())
        .bind(before(|t| t.payout_id.as_deref()))
        .bind(planned.iter().map(|step| step.after.status.as_str()).collect::<Vec<_>>())
        .bind(new_amounts(|new| new.amount_in.as_ref()))
        .bind(new_amounts(|new| new.amount_out.as_ref()))
        .bind(new_amounts(|new| new.amount_fee.as_ref()))
        .bind(new_texts(|new| new.from_address.as_ref()))
        .bind(new_texts(|new| new.beneficiary.as_ref()))
        .bind(texts(|t| t.rail_reference.as_ref()))
        .bind(texts(|t| t.network_reference.as_ref()))
        .bind(texts(|t| t.message.as_ref()))
        .bind(texts(|t| t.refund_id.as_ref()))
        .bind(texts(|t| t.payout_id.as_ref()))
        .bind(times(|t| t.not_before))
        .bind(times(|t| Some(t.updated_at)))
        .bind(times(|t| t.completed_at))
        .bind(planned.iter().map(|step| step.cause.as_str()).collect::<Vec<_>>())
        .bind(planned.iter().map(payload).collect::<Vec<_>>())
        .bind(now)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
