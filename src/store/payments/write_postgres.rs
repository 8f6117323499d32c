//! A page's writes in PostgreSQL: one statement, of arrays, for all tables.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::plan::Plan;
use crate::engine::Payment;
use crate::store::{Scope, StoreError};

/// The statement, with what becomes of a payment, a document and a status that are there already.
macro_rules! write {
    ($payment:literal, $document:literal, $status:literal) => {
        concat!(
            "WITH numbered AS (
    INSERT INTO things (number, kind, place, id)
    SELECT r.number, 'payment', $1, r.id FROM unnest($31::bigint[], $32::text[]) AS r (number, id)
), stored AS (
    INSERT INTO known_payments (number, network, payment_id, state, sub_states, connector_role, amount, currency,
        payout_amount, payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at,
        returns_payment, returned_by_payment, end_to_end_id, content_hash, version)
    SELECT r.number, $1, r.id, r.state, CAST(r.sub_states AS jsonb), r.role, CAST(r.amount AS numeric), r.currency,
        CAST(r.payout AS numeric), r.payout_currency, r.created, r.modified, r.expires, $2, $2,
        r.returns, r.returned_by, r.end_to_end, r.hash, r.version
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::text[], $16::text[],
        $17::bigint[], $18::bigint[], $33::bigint[])
        AS r (id, state, sub_states, role, amount, currency, payout, payout_currency, created, modified, expires,
            returns, returned_by, end_to_end, hash, version, number)", $payment, "
), documents AS (
    INSERT INTO documents (thing, document)
    SELECT r.number, r.document FROM unnest($33::bigint[], $19::text[]) AS r (number, document)", $document, "
), reached AS (
    INSERT INTO statuses (thing, status, reached_at, recorded_at, source)
    SELECT r.number, r.status, r.reached, $2, r.source
    FROM unnest($20::bigint[], $21::text[], $22::timestamptz[], $23::text[]) AS r (number, status, reached, source)", $status, "
), told AS (
    INSERT INTO events (type, subject, version, payload, occurred_at)
    SELECT r.type, r.subject, r.version, CAST(r.payload AS json), $2
    FROM unnest($24::text[], $25::text[], $26::bigint[], $27::text[]) AS r (type, subject, version, payload)
)
INSERT INTO payment_counts (network, state, connector_role, payments)
SELECT $1, r.state, r.role, r.payments FROM unnest($28::text[], $29::text[], $30::bigint[]) AS r (state, role, payments)
ON CONFLICT (network, state, connector_role) DO UPDATE SET payments = payment_counts.payments + excluded.payments"
        )
    };
}

/// Where nothing is there already. To be told so saves PostgreSQL a look at each index, and a mark in its log, for each row.
const WRITE_NEW: &str = write!("", "", "");

const WRITE: &str = write!(
    "
    ON CONFLICT (number) DO UPDATE SET
        review = CASE WHEN known_payments.state = excluded.state THEN known_payments.review END,
        not_before = CASE WHEN known_payments.state = excluded.state THEN known_payments.not_before END,
        acted_at = CASE WHEN known_payments.state = excluded.state THEN known_payments.acted_at END,
        state = excluded.state, sub_states = excluded.sub_states, connector_role = excluded.connector_role,
        amount = excluded.amount, currency = excluded.currency, payout_amount = excluded.payout_amount,
        payout_currency = excluded.payout_currency, created_at = excluded.created_at,
        modified_at = excluded.modified_at, expires_at = excluded.expires_at, recorded_at = excluded.recorded_at,
        returns_payment = excluded.returns_payment, returned_by_payment = excluded.returned_by_payment,
        end_to_end_id = excluded.end_to_end_id, content_hash = excluded.content_hash, version = excluded.version",
    "
    ON CONFLICT (thing) DO UPDATE SET document = excluded.document",
    "
    ON CONFLICT DO NOTHING"
);

pub(super) async fn write(
    conn: &mut PgConnection,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let texts = |of: fn(&Payment) -> String| -> Vec<String> {
        plan.stored.iter().map(|stored| of(stored.payment)).collect()
    };
    let maybe_texts = |of: fn(&Payment) -> Option<String>| -> Vec<Option<String>> {
        plan.stored.iter().map(|stored| of(stored.payment)).collect()
    };
    let times = |of: fn(&Payment) -> Option<DateTime<Utc>>| -> Vec<Option<DateTime<Utc>>> {
        plan.stored.iter().map(|stored| of(stored.payment)).collect()
    };
    let counts: Vec<_> = plan.counts.iter().filter(|(_, by)| **by != 0).collect();
    sqlx::query(if plan.is_all_new() { WRITE_NEW } else { WRITE })
        .bind(&scope.network)
        .bind(now)
        .bind(texts(|p| p.payment_id.clone()))
        .bind(texts(|p| p.state.as_str().to_owned()))
        .bind(texts(|p| serde_json::json!(p.sub_states).to_string()))
        .bind(texts(|p| p.connector_role.as_str().to_owned()))
        .bind(texts(|p| p.money.amount.to_string()))
        .bind(texts(|p| p.money.currency.clone()))
        .bind(maybe_texts(|p| p.payout.as_ref().map(|payout| payout.amount.to_string())))
        .bind(maybe_texts(|p| p.payout.as_ref().map(|payout| payout.currency.clone())))
        .bind(times(|p| p.created_at))
        .bind(times(|p| Some(p.modified_at)))
        .bind(times(|p| p.expires_at))
        .bind(maybe_texts(|p| p.returns.clone()))
        .bind(maybe_texts(|p| p.returned_by.clone()))
        .bind(maybe_texts(|p| p.end_to_end_id.clone()))
        .bind(plan.stored.iter().map(|stored| stored.payment.hash).collect::<Vec<_>>())
        .bind(plan.stored.iter().map(|stored| stored.version).collect::<Vec<_>>())
        .bind(plan.stored.iter().map(|s| s.payment.document.as_str()).collect::<Vec<_>>())
        .bind(plan.statuses.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        .bind(plan.statuses.iter().map(|(_, status)| status.status.as_str()).collect::<Vec<_>>())
        .bind(plan.statuses.iter().map(|(_, status)| status.reached_at).collect::<Vec<_>>())
        .bind(plan.statuses.iter().map(|(_, status)| status.source.as_str()).collect::<Vec<_>>())
        .bind(plan.events.iter().map(|event| event.event_type.as_str()).collect::<Vec<_>>())
        .bind(plan.events.iter().map(|event| event.subject.as_str()).collect::<Vec<_>>())
        .bind(plan.events.iter().map(|event| event.version).collect::<Vec<_>>())
        .bind(plan.events.iter().map(|event| event.data.as_str()).collect::<Vec<_>>())
        .bind(counts.iter().map(|((state, _), _)| state.as_str()).collect::<Vec<_>>())
        .bind(counts.iter().map(|((_, role), _)| role.as_str()).collect::<Vec<_>>())
        .bind(counts.iter().map(|(_, by)| **by).collect::<Vec<_>>())
        .bind(plan.numbered.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        .bind(plan.numbered.iter().map(|(_, id)| *id).collect::<Vec<_>>())
        .bind(plan.stored.iter().map(|stored| stored.number).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}
