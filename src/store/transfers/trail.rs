//! What is written beside every change: a row of the history, an event, and a count.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use crate::engine::{Event, Transfer, TransferStatus, next_worker};
use crate::store::db::many::{Many, Values};
use crate::store::db::values::{
    Arg, micros, sqlite_time, stored_time, without_nul, without_nul_escapes,
};
use crate::store::db::{At, Conn, in_time};
use crate::store::{Scope, StoreError, things};

static HISTORY: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO statuses (thing, status, reached_at, recorded_at, source, reason, decided_by)",
        "((SELECT number FROM things WHERE id = ? AND kind = 'transfer' AND place = ?),?,?,?,?,?,?)",
        "",
    )
});

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

const COUNTS: &str = "INSERT INTO transfer_counts (rail, network, status, transfers) \
    SELECT value ->> 'rail', value ->> 'network', value ->> 'status', value ->> 'by' FROM json_each($1) WHERE true \
    ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfers + excluded.transfers";

/// All three in one statement, so that others wait for their turn no longer than one takes. It takes the turn before it
/// gives any row its number, unless the transaction has it.
const POSTGRES: &str = "
WITH turn AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(8246973) AS taken
), history AS (
    INSERT INTO statuses (thing, status, reached_at, recorded_at, source, reason, decided_by)
    SELECT (SELECT number FROM things WHERE id = r.id AND kind = 'transfer' AND place = r.network),
        r.status, r.at, $2, r.source, r.reason, r.decided_by
    FROM turn CROSS JOIN unnest($1::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $16::text[])
        WITH ORDINALITY AS r (id, network, status, at, source, reason, decided_by, n)
    ORDER BY r.n
), told AS (
    INSERT INTO events (type, subject, version, payload, occurred_at)
    SELECT r.type, 'transfer/' || r.id, r.version, CAST(r.payload AS json), r.at
    FROM turn CROSS JOIN unnest($1::text[], $8::text[], $9::bigint[], $10::text[], $15::timestamptz[])
        WITH ORDINALITY AS r (id, type, version, payload, at, n)
    ORDER BY r.n
)
INSERT INTO transfer_counts (rail, network, status, transfers)
SELECT r.rail, r.network, r.status, r.by
FROM turn CROSS JOIN unnest($11::text[], $12::text[], $13::text[], $14::bigint[]) AS r (rail, network, status, by)
ON CONFLICT (rail, network, status) DO UPDATE SET transfers = transfer_counts.transfers + excluded.transfers";

/// A status that a transfer has come to: what it was before, unless it is new, itself after it, why, the event that
/// tells of it, and the operator whose move it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached<'a> {
    pub(super) was: Option<TransferStatus>,
    pub(super) after: &'a Transfer,
    pub(super) source: &'a str,
    pub(super) event: &'a Event,
    pub(super) by: Option<&'a str>,
}

impl Reached<'_> {
    /// When it came to the status. Its first one it has since its creation, which is not now if it was imported.
    fn at(&self) -> DateTime<Utc> {
        if self.was.is_none() { self.after.created_at } else { self.after.updated_at }
    }
}

/// Who has work with a transfer.
fn at_work(transfer: &Transfer) -> Option<Scope> {
    let (poller, place) = next_worker(transfer)?;
    Some(Scope { poller, network: place.to_owned() })
}

/// Writes what transfers came to: their history and their events, in this order, and how many of them stand where.
pub(super) async fn write_trail(
    conn: &mut Conn<'_>,
    reached: &[Reached<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if reached.is_empty() {
        return Ok(());
    }
    let created = reached.iter().filter(|one| one.was.is_none()).map(|one| one.after);
    let created: Vec<_> =
        created.map(|new| (new.network.as_str(), new.transfer_id.as_str())).collect();
    things::add(conn, "transfer", &created).await?;
    conn.wake(reached.iter().filter_map(|one| at_work(one.after)).collect()).await?;
    let sqlite = match conn.at() {
        At::Sqlite(conn) => conn,
        At::Postgres(conn) => return in_time(write_postgres(conn, reached, now)).await,
    };
    let writing = HISTORY.run(sqlite, reached, |row, one| {
        let Reached { after, source, .. } = one;
        row.text(&after.transfer_id)?.text(&after.network)?.text(after.status.as_str())?;
        row.value(micros(one.at()))?.value(micros(now))?.text(source)?;
        row.maybe_text(after.told().as_deref())?.maybe_text(one.by)?;
        Ok(())
    });
    in_time(writing).await?;
    let events: Vec<&Event> = reached.iter().map(|one| one.event).collect();
    in_time(EVENTS.run(sqlite, &events, |row, event| bind_event(row, event))).await?;
    let row = |((rail, network, status), by)| json!({ "rail": rail, "network": network, "status": status, "by": by });
    let counts: Vec<_> = counts(reached).into_iter().map(row).collect();
    conn.execute(COUNTS, &[Arg::Json(json!(counts).to_string())]).await.map(drop)
}

async fn write_postgres(
    conn: &mut PgConnection,
    reached: &[Reached<'_>],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let counts = counts(reached);
    sqlx::query(POSTGRES)
        .bind(reached.iter().map(|one| one.after.transfer_id.as_str()).collect::<Vec<_>>())
        .bind(now)
        .bind(reached.iter().map(|one| one.after.network.as_str()).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| one.after.status.as_str()).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| stored_time(one.at())).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| one.source).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| reason(one.after)).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| one.event.event_type.as_str()).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| one.event.version).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| without_nul_escapes(&one.event.data)).collect::<Vec<_>>())
        .bind(counts.keys().map(|(rail, _, _)| *rail).collect::<Vec<_>>())
        .bind(counts.keys().map(|(_, network, _)| *network).collect::<Vec<_>>())
        .bind(counts.keys().map(|(_, _, status)| *status).collect::<Vec<_>>())
        .bind(counts.values().copied().collect::<Vec<_>>())
        .bind(reached.iter().map(|one| stored_time(one.event.occurred_at)).collect::<Vec<_>>())
        .bind(reached.iter().map(|one| one.by.map(without_nul)).collect::<Vec<_>>())
        .execute(conn)
        .await
        .map(drop)
}

fn reason(after: &Transfer) -> Option<Cow<'_, str>> {
    after.told().map(|told| Cow::Owned(without_nul(&told).into_owned()))
}

/// How many more transfers of a rail and a network stand in a status, or how many less.
fn counts<'a>(reached: &[Reached<'a>]) -> BTreeMap<(&'a str, &'a str, &'static str), i64> {
    let mut counts = BTreeMap::new();
    for Reached { was, after, .. } in reached {
        let mut count = |status: TransferStatus, by: i64| {
            let place = (after.rail.as_str(), after.network.as_str(), status.as_str());
            *counts.entry(place).or_default() += by;
        };
        count(after.status, 1);
        if let Some(was) = was {
            count(*was, -1);
        }
    }
    counts.retain(|_, by| *by != 0);
    counts
}

/// Puts events into the outbox, in this order.
pub(in crate::store) async fn write_events(
    conn: &mut Conn<'_>,
    events: &[Event],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    match conn.at() {
        At::Sqlite(conn) => in_time(EVENTS.run(conn, events, bind_event)).await,
        At::Postgres(conn) => {
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

fn bind_event(row: &mut Values, event: &Event) -> Result<(), sqlx::Error> {
    row.text(event.event_type.as_str())?.text(&without_nul(&event.subject))?;
    row.value(event.version)?.text(&without_nul_escapes(&event.data))?;
    row.value(sqlite_time(event.occurred_at))?;
    Ok(())
}
