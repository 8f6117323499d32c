//! What is written beside every change: a row of the history, and an event.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::StoreError;
use super::super::db::{Conn, Sql, in_time};
use super::super::many::Many;
use super::super::values::{Arg, sqlite_time, stored_time, without_nul, without_nul_escapes};
use super::rows::{maybe_kept, time_json};
use crate::engine::{Event, Transfer};

static HISTORY: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source, reason)",
        "('transfer',?,?,?,?,?,?,?)",
        "",
    )
});

const HISTORY_POSTGRES: &str = "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source, reason) \
    SELECT 'transfer', r.network, r.id, r.status, r.at, $2, r.source, r.reason \
    FROM jsonb_to_recordset($1) AS r (n bigint, network text, id text, status text, at timestamptz, source text, reason text) \
    ORDER BY r.n";

static EVENTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO events (type, subject, version, payload, occurred_at)",
        "(?,?,?,?,?)",
        "",
    )
});

const EVENTS_POSTGRES: &str = "INSERT INTO events (type, subject, version, payload, occurred_at) \
    SELECT r.type, r.subject, r.version, CAST(r.payload AS json), r.at \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[]) \
        WITH ORDINALITY AS r (type, subject, version, payload, at, n) \
    ORDER BY r.n";

const COUNTS: Sql = Sql::Each {
    sqlite: "INSERT INTO transfer_counts (rail, network, status, transfers) \
             SELECT value ->> 'rail', value ->> 'network', value ->> 'status', value ->> 'by' FROM json_each($1) WHERE true \
             ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfers + excluded.transfers",
    postgres: "INSERT INTO transfer_counts (rail, network, status, transfers) \
               SELECT r.rail, r.network, r.status, r.by \
               FROM jsonb_to_recordset($1) AS r (rail text, network text, status text, by bigint) \
               ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfer_counts.transfers + excluded.transfers",
};

/// A status that a transfer has come to: itself after it, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached<'a> {
    pub(super) after: &'a Transfer,
    pub(super) source: &'a str,
}

/// Writes the history of transfers, in this order.
pub(super) async fn write_history(
    conn: &mut Conn<'_>,
    reached: &[Reached<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let conn = match conn {
        Conn::Sqlite(conn) => {
            let now: Arc<str> = Arc::from(sqlite_time(now));
            let writing = HISTORY.run(conn, reached, |row, Reached { after, source }| {
                row.text(&after.network)?.text(&after.transfer_id)?.text(after.status.as_str())?;
                row.value(sqlite_time(after.updated_at))?.shared(&now)?.text(source)?;
                row.maybe_text(after.message.as_deref())?;
                Ok(())
            });
            return in_time(writing).await;
        }
        Conn::Postgres(_) => conn,
    };
    let row = |(n, Reached { after, source }): (usize, &Reached<'_>)| {
        json!({
            "n": n, "network": after.network, "id": after.transfer_id, "status": after.status.as_str(),
            "at": time_json(Some(after.updated_at)), "source": source, "reason": maybe_kept(after.message.as_ref()),
        })
    };
    let rows: Vec<_> = reached.iter().enumerate().map(row).collect();
    let args = [Arg::Json(json!(rows).to_string()), Arg::Time(now)];
    conn.execute(HISTORY_POSTGRES, &args).await.map(drop)
}

/// Puts events into the outbox, in this order.
pub(super) async fn write_events(conn: &mut Conn<'_>, events: &[Event]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Sqlite(conn) => {
            let writing = EVENTS.run(conn, events, |row, event| {
                row.text(event.event_type.as_str())?.text(&without_nul(&event.subject))?;
                row.value(event.version)?;
                row.text(&without_nul_escapes(&event.data))?;
                row.value(sqlite_time(event.occurred_at))?;
                Ok(())
            });
            in_time(writing).await
        }
        Conn::Postgres(conn) => {
            let subjects = events.iter().map(|event| without_nul(&event.subject));
            let data = events.iter().map(|event| without_nul_escapes(&event.data));
            let times = events.iter().map(|event| stored_time(event.occurred_at));
            let types = events.iter().map(|event| event.event_type.as_str());
            let writing = sqlx::query(EVENTS_POSTGRES)
                .bind(types.collect::<Vec<_>>())
                .bind(subjects.collect::<Vec<_>>())
                .bind(events.iter().map(|event| event.version).collect::<Vec<_>>())
                .bind(data.collect::<Vec<_>>())
                .bind(times.collect::<Vec<_>>())
                .execute(&mut **conn);
            in_time(writing).await.map(drop)
        }
    }
}

/// Counts transfers that come to a status (`by` is 1) or leave it (-1).
pub(super) async fn write_counts(
    conn: &mut Conn<'_>,
    counts: &[(&Transfer, &str, i64)],
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for (transfer, status, by) in counts {
        *sums.entry((&transfer.rail, &transfer.network, status)).or_default() += by;
    }
    let rows: Vec<_> = sums
        .into_iter()
        .map(|((rail, network, status), by)| {
            json!({ "rail": rail, "network": network, "status": status, "by": by })
        })
        .collect();
    conn.execute(COUNTS, &[Arg::Json(json!(rows).to_string())]).await.map(drop)
}
