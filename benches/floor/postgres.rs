//! The same rows into PostgreSQL: a statement of arrays for each table.

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, PgConnection};

use super::Row;
use crate::support::Outcome;
use crate::support::world::NETWORK;

pub(super) async fn connect(url: &str) -> Outcome<PgConnection> {
    Ok(PgConnection::connect(url).await?)
}

const PAYMENTS: &str = "
INSERT INTO payments (network, payment_id, state, sub_states, connector_role, amount, currency, payout_amount,
    payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at, end_to_end_id, content_hash,
    version)
SELECT $1, r.id, r.state, '[]', r.role, CAST(r.amount AS numeric), r.currency, CAST(r.payout AS numeric),
    r.payout_currency, r.created, r.modified, r.expires, $2, $2, r.end_to_end, r.hash, 1
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
    $11::timestamptz[], $12::timestamptz[], $13::text[], $14::bigint[])
    AS r (id, state, role, amount, currency, payout, payout_currency, created, modified, expires, end_to_end, hash)";

const DOCUMENTS: &str = "
INSERT INTO payment_documents (network, payment_id, document)
SELECT $1, r.id, CAST(r.document AS json) FROM unnest($2::text[], $3::text[]) AS r (id, document)";

const STATUSES: &str = "
INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source)
SELECT 'payment', $1, r.id, r.status, r.reached, $2, r.source
FROM unnest($3::text[], $4::text[], $5::timestamptz[], $6::text[]) AS r (id, status, reached, source)";

const EVENTS: &str = "
INSERT INTO events (type, subject, version, payload, occurred_at)
SELECT 'payment.new', r.subject, 1, CAST(r.payload AS json), $1
FROM unnest($2::text[], $3::text[]) AS r (subject, payload)";

pub(super) async fn store(conn: &mut PgConnection, rows: &[Row<'_>], now: &str) -> Outcome<()> {
    let now = time(now)?;
    let mut tx = conn.begin().await?;
    sqlx::query(PAYMENTS)
        .bind(NETWORK)
        .bind(now)
        .bind(texts(rows, |row| row.head.payment_id))
        .bind(texts(rows, |row| row.head.payment_state))
        .bind(texts(rows, |row| row.head.internal_info.connector_role))
        .bind(texts(rows, |row| row.head.contract.quote.amount))
        .bind(texts(rows, |row| row.head.contract.quote.currency_code))
        .bind(rows.iter().map(|row| row.payout.map(|(amount, _)| amount)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.payout.map(|(_, currency)| currency)).collect::<Vec<_>>())
        .bind(times(rows, |row| row.head.contract.created_at)?)
        .bind(times(rows, |row| row.head.modified_at)?)
        .bind(times(rows, |row| row.head.contract.expires_at)?)
        .bind(texts(rows, |row| row.head.contract.sender_end_to_end_id))
        .bind(rows.iter().map(|row| row.hash).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    sqlx::query(DOCUMENTS)
        .bind(NETWORK)
        .bind(texts(rows, |row| row.head.payment_id))
        .bind(texts(rows, |row| row.document))
        .execute(&mut *tx)
        .await?;
    let (mut ids, mut states, mut reached, mut sources) = (vec![], vec![], vec![], vec![]);
    for Row { head, .. } in rows {
        for (state, at) in head.reached() {
            ids.push(head.payment_id);
            states.push(state);
            reached.push(time(at)?);
            sources.push(if state == head.payment_state { "list" } else { "inferred" });
        }
    }
    sqlx::query(STATUSES)
        .bind(NETWORK)
        .bind(now)
        .bind(ids)
        .bind(states)
        .bind(reached)
        .bind(sources)
        .execute(&mut *tx)
        .await?;
    let subjects: Vec<String> =
        rows.iter().map(|row| format!("payment/{NETWORK}/{}", row.head.payment_id)).collect();
    sqlx::query(EVENTS)
        .bind(now)
        .bind(subjects)
        .bind(texts(rows, |row| row.event.as_str()))
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

fn texts<'a>(rows: &'a [Row<'_>], of: fn(&'a Row<'_>) -> &'a str) -> Vec<&'a str> {
    rows.iter().map(of).collect()
}

fn times<'a>(
    rows: &'a [Row<'_>],
    of: fn(&'a Row<'_>) -> &'a str,
) -> chrono::ParseResult<Vec<DateTime<Utc>>> {
    rows.iter().map(|row| time(of(row))).collect()
}

fn time(text: &str) -> chrono::ParseResult<DateTime<Utc>> {
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}
