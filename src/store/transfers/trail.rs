//! What is written beside every change: a row of the history, and an event.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::StoreError;
use super::super::db::{Conn, Sql};
use super::super::values::Arg;
use super::rows::{kept, maybe_kept, time_json};
use crate::engine::{Event, Transfer};

const HISTORY: Sql = Sql::Each {
    sqlite: "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source, reason) \
             SELECT 'transfer', value ->> 'network', value ->> 'id', value ->> 'status', value ->> 'at', $2, \
                    value ->> 'source', value ->> 'reason' FROM json_each($1) ORDER BY key",
    postgres: "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source, reason) \
               SELECT 'transfer', r.network, r.id, r.status, r.at, $2, r.source, r.reason \
               FROM jsonb_to_recordset($1) AS r (n bigint, network text, id text, status text, at timestamptz, source text, reason text) \
               ORDER BY r.n",
};

const EVENTS: Sql = Sql::Each {
    sqlite: "INSERT INTO events (type, subject, version, payload, occurred_at) \
             SELECT value ->> 'type', value ->> 'subject', value ->> 'version', value ->> 'payload', value ->> 'at' \
             FROM json_each($1) ORDER BY key",
    postgres: "INSERT INTO events (type, subject, version, payload, occurred_at) \
               SELECT r.type, r.subject, r.version, r.payload, r.at \
               FROM jsonb_to_recordset($1) AS r (n bigint, type text, subject text, version bigint, payload jsonb, at timestamptz) \
               ORDER BY r.n",
};

const COUNTS: Sql = Sql::Each {
    sqlite: "INSERT INTO transfer_counts (rail, network, status, transfers) \
             SELECT value ->> 'rail', value ->> 'network', value ->> 'status', sum(value ->> 'by') FROM json_each($1) \
             WHERE true GROUP BY 1, 2, 3 \
             ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfers + excluded.transfers",
    postgres: "INSERT INTO transfer_counts (rail, network, status, transfers) \
               SELECT r.rail, r.network, r.status, sum(r.by) \
               FROM jsonb_to_recordset($1) AS r (rail text, network text, status text, by bigint) GROUP BY 1, 2, 3 \
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
    let row = |(n, Reached { after, source }): (usize, &Reached<'_>)| {
        json!({
            "n": n, "network": after.network, "id": after.transfer_id, "status": after.status.as_str(),
            "at": time_json(Some(after.updated_at)), "source": source, "reason": maybe_kept(after.message.as_ref()),
        })
    };
    let rows: Vec<_> = reached.iter().enumerate().map(row).collect();
    conn.execute(HISTORY, &[Arg::Json(json!(rows).to_string()), Arg::Time(now)]).await.map(drop)
}

/// Puts events into the outbox, in this order.
pub(super) async fn write_events(conn: &mut Conn<'_>, events: &[Event]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let row = |(n, event): (usize, &Event)| {
        json!({
            "n": n, "type": event.event_type.as_str(), "subject": kept(&event.subject), "version": event.version,
            "payload": event.data, "at": time_json(Some(event.occurred_at)),
        })
    };
    let rows: Vec<_> = events.iter().enumerate().map(row).collect();
    conn.execute(EVENTS, &[Arg::Json(json!(rows).to_string())]).await.map(drop)
}

/// Counts transfers that come to a status (`by` is 1) or leave it (-1).
pub(super) async fn write_counts(
    conn: &mut Conn<'_>,
    counts: &[(&Transfer, &str, i64)],
) -> Result<(), StoreError> {
    let row = |(transfer, status, by): &(&Transfer, &str, i64)| json!({ "rail": transfer.rail, "network": transfer.network, "status": status, "by": by });
    let rows: Vec<_> = counts.iter().map(row).collect();
    conn.execute(COUNTS, &[Arg::Json(json!(rows).to_string())]).await.map(drop)
}
