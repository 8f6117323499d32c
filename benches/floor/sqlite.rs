//! The same rows into `SQLite`: a statement of many rows for each table.

use std::str::FromStr as _;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::Row;
use crate::support::Outcome;
use crate::support::world::NETWORK;

pub(super) async fn connect(url: &str) -> Outcome<SqliteConnection> {
    let options = SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    Ok(options.connect().await?)
}

pub(super) async fn store(conn: &mut SqliteConnection, rows: &[Row<'_>], now: &str) -> Outcome<()> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let sql = insert(
        "payments (network, payment_id, state, sub_states, connector_role, amount, currency, payout_amount, \
         payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at, end_to_end_id, \
         content_hash, version)",
        17,
        rows.len(),
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Row { head, hash, payout, .. } in rows {
        let quote = &head.contract.quote;
        query = query
            .bind(NETWORK)
            .bind(head.payment_id)
            .bind(head.payment_state)
            .bind("[]")
            .bind(head.internal_info.connector_role)
            .bind(quote.amount)
            .bind(quote.currency_code)
            .bind(payout.map(|(amount, _)| amount))
            .bind(payout.map(|(_, currency)| currency))
            .bind(time(head.contract.created_at))
            .bind(time(head.modified_at))
            .bind(time(head.contract.expires_at))
            .bind(now)
            .bind(now)
            .bind(head.contract.sender_end_to_end_id)
            .bind(hash)
            .bind(1_i64);
    }
    query.execute(&mut *tx).await?;

    let sql = insert("payment_documents (network, payment_id, document)", 3, rows.len());
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Row { head, document, .. } in rows {
        query = query.bind(NETWORK).bind(head.payment_id).bind(*document);
    }
    query.execute(&mut *tx).await?;

    let statuses = rows.iter().map(|row| row.head.reached().count()).sum();
    let sql = insert(
        "status_changes (kind, network, id, status, reached_at, recorded_at, source)",
        7,
        statuses,
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Row { head, .. } in rows {
        for (state, at) in head.reached() {
            let source = if state == head.payment_state { "list" } else { "inferred" };
            query = query.bind("payment").bind(NETWORK).bind(head.payment_id).bind(state);
            query = query.bind(time(at)).bind(now).bind(source);
        }
    }
    query.execute(&mut *tx).await?;

    let sql = insert("events (type, subject, version, payload, occurred_at)", 5, rows.len());
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Row { head, event, .. } in rows {
        query = query
            .bind("payment.new")
            .bind(format!("payment/{NETWORK}/{}", head.payment_id))
            .bind(1_i64)
            .bind(event.as_str())
            .bind(now);
    }
    query.execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// A statement that inserts so many rows of so many columns.
fn insert(table: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("INSERT INTO {table} VALUES {}", vec![row.as_str(); rows].join(","))
}

/// The network's time, which is to the millisecond, in the width that is kept.
fn time(text: &str) -> String {
    format!("{}000Z", text.trim_end_matches('Z'))
}
