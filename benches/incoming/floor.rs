//! The plainest code that reads the same pages and writes the same rows.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::{PgConnection, SqliteConnection};

use crate::legs::anchor::{us, usdc};
use crate::legs::floor::{Conn, EVENTS, Floor, HISTORY, Statement};
use crate::support::Outcome;
use crate::support::client::client;
use crate::support::cost::{Cost, Work};

/// Records in a page.
const PAGE: usize = 200;

const MATCHED: Statement = Statement::same(
    "UPDATE transfers SET status = 'pending_anchor', version = 2, amount_in = amount_expected, \
     amount_out = amount_expected, amount_fee = '0', network_reference = 'ref-' || transfer_id, \
     updated_at = created_at WHERE ",
);

const INCOMING_SQLITE: &str = "INSERT INTO incoming (source, incoming_id, account, from_address, amount, asset, memo_type, memo, \
        reference, received_at, recorded_at, raw, status, confirmed_at, verdict, claimant_kind, claimant_id) \
    SELECT 'stellar', value ->> 0, $2, value ->> 1, value ->> 2, $3, 'id', value ->> 3, value ->> 4, value ->> 5, \
        value ->> 5, value ->> 6, 'confirmed', value ->> 5, 'matched', 'transfer', value ->> 7 FROM json_each($1)";
const TOLD_SQLITE: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
    SELECT word, 'incoming/stellar/' || (value ->> 0), 0, '{\"source\":\"stellar\"}', value ->> 5 \
    FROM json_each($1), (SELECT 'incoming.recorded' AS word UNION ALL SELECT 'incoming.confirmed')";
const CURSOR: &str = "INSERT INTO streams (source, account, cursor, read_at) VALUES ('stellar', $1, $2, $3) \
    ON CONFLICT (source, account) DO UPDATE SET cursor = excluded.cursor";

const INCOMING_POSTGRES: &str = "INSERT INTO incoming (source, incoming_id, account, from_address, amount, asset, memo_type, memo, \
        reference, received_at, recorded_at, raw, status, confirmed_at, verdict, claimant_kind, claimant_id) \
    SELECT 'stellar', r.id, $9, r.payer, CAST(r.amount AS numeric), $10, 'id', r.memo, r.hash, r.at, r.at, r.raw, \
        'confirmed', r.at, 'matched', 'transfer', r.transfer_id \
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[]) \
        AS r (id, payer, amount, memo, hash, at, raw, transfer_id)";
const TOLD_POSTGRES: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
    SELECT w.word, 'incoming/stellar/' || r.id, 0, '{\"source\":\"stellar\"}', r.at \
    FROM unnest($1::text[], $2::timestamptz[]) AS r (id, at), \
        (VALUES ('incoming.recorded'), ('incoming.confirmed')) AS w (word)";

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "_embedded")]
    embedded: Embedded<'a>,
}

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Head<'a> {
    id: &'a str,
    from: &'a str,
    amount: &'a str,
    created_at: &'a str,
    transaction_hash: &'a str,
    #[serde(borrow)]
    transaction: Transaction<'a>,
}

#[derive(Deserialize)]
struct Transaction<'a> {
    memo: &'a str,
}

/// A payment, and the transfer that it is for.
struct Row<'a> {
    head: Head<'a>,
    raw: &'a str,
    transfer_id: &'a str,
}

/// Reads all pages of the Horizon at `url`, and writes what is in them; what that cost.
pub(super) async fn incoming(mut floor: Floor, url: &str) -> Outcome<Cost> {
    let (client, us) = (client()?, us());
    let list = format!("{url}/accounts/{us}/payments?order=asc&join=transactions&limit={PAGE}");
    let work = Work::begin();
    let mut cursor = String::new();
    for ids in floor.ids.chunks(PAGE) {
        let page = client.get(format!("{list}{cursor}")).send().await?.error_for_status()?;
        let page = page.bytes().await?;
        let page: Page<'_> = serde_json::from_slice(&page)?;
        let rows: Vec<Row<'_>> = page
            .embedded
            .records
            .iter()
            .zip(ids)
            .map(|(raw, transfer_id)| {
                let head = serde_json::from_str(raw.get())?;
                Ok(Row { head, raw: raw.get(), transfer_id })
            })
            .collect::<serde_json::Result<_>>()?;
        let last = rows.last().ok_or("a page is empty")?.head.id;
        cursor = format!("&cursor={last}");
        floor.conn.begin().await?;
        match &mut floor.conn {
            Conn::Sqlite(conn) => in_sqlite(conn, &rows, last).await?,
            Conn::Postgres(conn) => in_postgres(conn, &rows, last).await?,
        }
        floor.conn.run(ids, &[MATCHED, HISTORY, EVENTS]).await?;
        floor.conn.commit().await?;
    }
    let cost = work.end();
    floor.remove().await?;
    Ok(cost)
}

async fn in_sqlite(conn: &mut SqliteConnection, rows: &[Row<'_>], last: &str) -> Outcome<()> {
    let row = |row: &Row<'_>| {
        let Head { id, from, amount, created_at, transaction_hash, transaction } = &row.head;
        serde_json::json!([
            id,
            from,
            amount,
            transaction.memo,
            transaction_hash,
            created_at,
            row.raw,
            row.transfer_id
        ])
    };
    let all = serde_json::Value::from_iter(rows.iter().map(row)).to_string();
    let query = sqlx::query(INCOMING_SQLITE).bind(&all).bind(us()).bind(usdc());
    query.execute(&mut *conn).await?;
    sqlx::query(TOLD_SQLITE).bind(&all).execute(&mut *conn).await?;
    sqlx::query(CURSOR).bind(us()).bind(last).bind("2026-01-01").execute(conn).await?;
    Ok(())
}

async fn in_postgres(conn: &mut PgConnection, rows: &[Row<'_>], last: &str) -> Outcome<()> {
    let texts = |of: fn(&Head<'_>) -> String| -> Vec<String> {
        rows.iter().map(|row| of(&row.head)).collect()
    };
    let ids = texts(|head| head.id.to_owned());
    let times: Vec<DateTime<Utc>> =
        rows.iter().map(|row| row.head.created_at.parse()).collect::<Result<_, _>>()?;
    sqlx::query(INCOMING_POSTGRES)
        .bind(&ids)
        .bind(texts(|head| head.from.to_owned()))
        .bind(texts(|head| head.amount.to_owned()))
        .bind(texts(|head| head.transaction.memo.to_owned()))
        .bind(texts(|head| head.transaction_hash.to_owned()))
        .bind(&times)
        .bind(rows.iter().map(|row| row.raw).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.transfer_id).collect::<Vec<_>>())
        .bind(us())
        .bind(usdc())
        .execute(&mut *conn)
        .await?;
    sqlx::query(TOLD_POSTGRES).bind(&ids).bind(&times).execute(&mut *conn).await?;
    sqlx::query(CURSOR).bind(us()).bind(last).bind(times.last()).execute(conn).await?;
    Ok(())
}
