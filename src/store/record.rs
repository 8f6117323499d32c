//! Storing sightings: a page with its history, its events and its cursor, in one transaction.

use chrono::{DateTime, Utc};

use super::alerts;
use super::db::{Arg, Conn, Sql, Tx};
use super::known::{known_of, not_stored};
use super::plan::{Plan, Quarantined, Stored, plan, runs};
use super::{Lease, Scope, Store, StoreError, cursors, events, write_postgres, write_sqlite};
use crate::engine::{
    Alert, AlertName, Change, Event, EventType, PaymentState, Row, Tally, Trail, compare,
};

/// Adds a status that came late, unless the payment was known to be in it at that time.
pub(super) const LATE_STATUS: &str = "
INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source)
SELECT 'payment', $1, $2, $3, $4, $5, $6
WHERE NOT EXISTS (
    SELECT 1 FROM status_changes s
    WHERE s.kind = 'payment' AND s.network = $1 AND s.id = $2 AND s.status = $3 AND s.reached_at <= $4
      AND NOT EXISTS (
        SELECT 1 FROM status_changes u
        WHERE u.kind = 'payment' AND u.network = $1 AND u.id = $2 AND u.status <> $3
          AND u.reached_at > s.reached_at AND u.reached_at <= $4))
ON CONFLICT DO NOTHING";

impl Store {
    /// Stores `rows` as they were seen `now`, and `cursor` with them. What is known already is passed over; a page
    /// that brings nothing writes nothing, and leaves the cursor where it was.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if `lease` is over: nothing is written then.
    pub async fn record(
        &self,
        scope: &Scope,
        lease: Option<&Lease>,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
        now: DateTime<Utc>,
    ) -> Result<Tally, StoreError> {
        let fresh = {
            let mut reader = self.db.reader().await?;
            not_stored(&mut reader.conn(), &scope.network, rows).await?
        };
        let passed_over = rows.len() - fresh.len();
        let mut tally =
            Tally { unchanged: u64::try_from(passed_over).unwrap_or(u64::MAX), ..Tally::default() };
        if fresh.is_empty() {
            return Ok(tally);
        }
        let mut tx = self.begin(lease).await?;
        for run in runs(fresh.into_iter()) {
            tally += record_run(&mut tx, scope, &run, trail, now).await?;
        }
        if let Some(cursor) = cursor {
            cursors::save_cursor(&mut tx.conn(), scope, cursor).await?;
        }
        tx.commit().await?;
        Ok(tally)
    }
}

/// Stores a run of rows, each payment once, in a transaction that somebody else commits.
pub(super) async fn record_run(
    tx: &mut Tx,
    scope: &Scope,
    run: &[&Row],
    trail: Trail,
    now: DateTime<Utc>,
) -> Result<Tally, StoreError> {
    let known = known_of(&mut tx.conn(), &scope.network, run).await?;
    let mut plan = plan(scope, run, &known, trail, now);
    set_aside(&mut tx.conn(), scope, &mut plan, now).await?;
    match tx {
        Tx::Sqlite(tx) => write_sqlite::write(tx, scope, &plan, now).await?,
        Tx::Postgres(tx) => write_postgres::write(tx, scope, &plan, now).await?,
    }
    for alert in &plan.alerts {
        alerts::raise(&mut tx.conn(), scope, alert, now).await?;
    }
    resolve_quarantine(&mut tx.conn(), scope, &plan, now).await?;
    Ok(plan.tally)
}

/// Keeps the rows that cannot be believed. One that was kept before makes no second event.
async fn set_aside(
    conn: &mut Conn<'_>,
    scope: &Scope,
    plan: &mut Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for row in &plan.quarantined {
        let Quarantined { payment_id, raw, raw_hash, reason } = row;
        let kept = conn
            .execute(
                "INSERT INTO quarantine (poller, network, payment_id, raw, raw_hash, reason, first_seen_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                &[
                    Arg::Text(scope.poller.name()),
                    Arg::Text(&scope.network),
                    Arg::MaybeText(payment_id.as_deref()),
                    Arg::Text(raw),
                    Arg::Int(*raw_hash),
                    Arg::Text(reason),
                    Arg::Time(now),
                ],
            )
            .await?;
        if kept == 0 {
            continue;
        }
        let id = payment_id.as_deref().unwrap_or("?");
        let event = Event {
            event_type: EventType::PaymentQuarantined,
            subject: format!("payment/{}/{id}", scope.network),
            version: 0,
            data: serde_json::json!({ "poller": scope.poller.name(), "reason": reason }),
            occurred_at: now,
        };
        events::append(conn, &event).await?;
        plan.alerts.push(Alert {
            name: AlertName::Quarantined,
            subject: String::new(),
            detail: format!("{id}: {reason}; see `railpoll quarantine list`"),
        });
    }
    Ok(())
}

/// A payment that could be read after all needs nobody's attention any more.
async fn resolve_quarantine(
    conn: &mut Conn<'_>,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_understood =
        |stored: &&Stored<'_>| !matches!(stored.payment.state, PaymentState::Other(_));
    let ids: Vec<String> = plan
        .stored
        .iter()
        .filter(is_understood)
        .map(|stored| stored.payment.payment_id.clone())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let resolve = Sql::Each {
        sqlite: "UPDATE quarantine SET resolved_at = $1, resolution = 'a later version was stored' \
                 WHERE network = $2 AND resolved_at IS NULL AND payment_id IN (SELECT value FROM json_each($3))",
        postgres: "UPDATE quarantine SET resolved_at = $1, resolution = 'a later version was stored' \
                   WHERE network = $2 AND resolved_at IS NULL AND payment_id = ANY ($3)",
    };
    let args = [Arg::Time(now), Arg::Text(&scope.network), Arg::Texts(ids)];
    if conn.execute(resolve, &args).await? > 0 {
        alerts::clear_quarantined(conn, &scope.network, now).await?;
    }
    Ok(())
}

impl Store {
    /// What storing each of `rows` would be. Nothing is changed. A row that could not be read counts as illegal.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn preview(&self, scope: &Scope, rows: &[Row]) -> Result<Vec<Change>, StoreError> {
        let mut reader = self.db.reader().await?;
        let all: Vec<&Row> = rows.iter().collect();
        let known = known_of(&mut reader.conn(), &scope.network, &all).await?;
        Ok(rows
            .iter()
            .map(|row| match row {
                Row::Payment(payment) => compare(known.get(&payment.payment_id), payment),
                Row::Bad(_) => Change::Illegal,
            })
            .collect())
    }
}
