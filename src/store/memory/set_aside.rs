//! Setting rows aside: one row for each payment, the newest that came, counted.

use chrono::{DateTime, TimeDelta, Utc};

use super::alerts;
use crate::engine::{Event, EventType};
use crate::store::db::Conn;
use crate::store::db::values::Arg;
use crate::store::outbox::events;
use crate::store::payments::plan::Quarantined;
use crate::store::payments::record::LATER_VERSION;
use crate::store::{Scope, StoreError};

/// That a row came again is written down no more often than this: a sweep that finds nothing new writes nothing.
const COUNTED_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Of rows that do not tell which payment they are, so many of the newest are kept: a field that changes makes each
/// another one.
const NAMELESS_MAX: i64 = 100;
/// The same of lists that tell of money: each row may be a payment of its own, so that more of them are kept.
const NAMELESS_MONEY_MAX: i64 = 1_000;

/// What was known of a row before.
struct Known {
    quarantine_id: i64,
    raw_hash: i64,
    /// How it was seen to; none if it needs attention.
    resolution: Option<String>,
    last_seen_at: DateTime<Utc>,
}

/// Keeps the rows that cannot be believed, and tells of them.
///
/// A payment that was set aside before makes no second event as long as it needs attention, whatever comes of it. One that
/// was seen to needs it again if something else comes; or if the same comes after a version that was stored meanwhile
/// had ended its quarantine, and still contradicts what is known.
pub(in crate::store) async fn set_aside(
    conn: &mut Conn<'_>,
    scope: &Scope,
    quarantined: &[Quarantined],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut told = false;
    for row in quarantined {
        let is_news = match known(conn, scope, row).await? {
            None => insert(conn, scope, row, now).await?,
            Some(known) => again(conn, row, &known, now).await?,
        };
        if !is_news {
            continue;
        }
        let id = row.payment_id.as_deref().unwrap_or("?");
        let reason = &row.reason;
        let event = Event::of(
            EventType::PaymentQuarantined,
            format!("payment/{}/{id}", scope.network),
            &serde_json::json!({ "poller": scope.poller.name(), "reason": reason }),
            now,
        );
        events::append(conn, &event).await?;
        told = true;
    }
    if told {
        alerts::retell_quarantine(conn, &scope.network, Some(scope.poller), now).await?;
    }
    Ok(())
}

async fn known(
    conn: &mut Conn<'_>,
    scope: &Scope,
    row: &Quarantined,
) -> Result<Option<Known>, StoreError> {
    let sql = "SELECT quarantine_id, raw_hash, resolution, resolved_at, last_seen_at, first_seen_at \
               FROM quarantine WHERE network = $1 AND poller = $2 \
                 AND (payment_id = $3 OR ($3 IS NULL AND payment_id IS NULL AND raw_hash = $4))";
    let args = [
        Arg::Text(&scope.network),
        Arg::Text(scope.poller.name()),
        Arg::MaybeText(row.payment_id.as_deref()),
        Arg::Int(row.raw_hash),
    ];
    let found = conn.row(sql, &args).await?;
    let Some(found) = found else { return Ok(None) };
    let is_open = found.maybe_time("resolved_at")?.is_none();
    let resolution = found.maybe_text("resolution")?;
    Ok(Some(Known {
        quarantine_id: found.int("quarantine_id")?,
        raw_hash: found.int("raw_hash")?,
        resolution: if is_open { None } else { Some(resolution.unwrap_or_default()) },
        last_seen_at: match found.maybe_time("last_seen_at")? {
            Some(at) => at,
            None => found.time("first_seen_at")?,
        },
    }))
}

async fn insert(
    conn: &mut Conn<'_>,
    scope: &Scope,
    row: &Quarantined,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO quarantine \
               (poller, network, payment_id, raw, raw_hash, reason, first_seen_at, modified_at, last_seen_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7) ON CONFLICT DO NOTHING";
    let args = [
        Arg::Text(scope.poller.name()),
        Arg::Text(&scope.network),
        Arg::MaybeText(row.payment_id.as_deref()),
        Arg::Text(&row.raw),
        Arg::Int(row.raw_hash),
        Arg::Text(&row.reason),
        Arg::Time(now),
        Arg::MaybeTime(row.modified_at),
    ];
    let is_news = conn.execute(sql, &args).await? > 0;
    if is_news && row.payment_id.is_none() {
        let most = if scope.poller.is_of_payments() { NAMELESS_MAX } else { NAMELESS_MONEY_MAX };
        let sql = "DELETE FROM quarantine WHERE network = $1 AND poller = $2 AND payment_id IS NULL \
                   AND quarantine_id NOT IN (SELECT quarantine_id FROM quarantine \
                     WHERE network = $1 AND poller = $2 AND payment_id IS NULL \
                     ORDER BY CASE WHEN resolved_at IS NULL THEN 0 ELSE 1 END, last_seen_at DESC, quarantine_id DESC \
                     LIMIT $3)";
        let scope = [Arg::Text(&scope.network), Arg::Text(scope.poller.name())];
        let [network, poller] = scope;
        conn.execute(sql, &[network, poller, Arg::Int(most)]).await?;
    }
    Ok(is_news)
}

/// A row of which something was set aside before. Whether it needs attention again.
async fn again(
    conn: &mut Conn<'_>,
    row: &Quarantined,
    known: &Known,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let is_same = known.raw_hash == row.raw_hash;
    let is_news = match known.resolution.as_deref() {
        None => false,
        Some(how) => !is_same || (row.contradicts && how == LATER_VERSION),
    };
    // What a person has seen to stays as it was.
    let is_over = known.resolution.is_some() && !is_news;
    if is_over || (is_same && !is_news && now - known.last_seen_at < COUNTED_EVERY) {
        return Ok(false);
    }
    let sql = "UPDATE quarantine SET raw = $2, raw_hash = $3, reason = $4, modified_at = $5, last_seen_at = $6, \
               seen = seen + 1, resolved_at = NULL, resolution = NULL WHERE quarantine_id = $1";
    let args = [
        Arg::Int(known.quarantine_id),
        Arg::Text(&row.raw),
        Arg::Int(row.raw_hash),
        Arg::Text(&row.reason),
        Arg::MaybeTime(row.modified_at),
        Arg::Time(now),
    ];
    conn.execute(sql, &args).await?;
    Ok(is_news)
}
