//! A page's writes in `SQLite`: a few statements of many rows per table.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::plan::{Plan, Stored};
use crate::store::db::many::{Many, Values};
use crate::store::db::values::{micros, sqlite_time};
use crate::store::{Scope, StoreError};

static THINGS: LazyLock<Many> = LazyLock::new(|| {
    Many::new("INSERT INTO things (number, kind, place, id)", "(?,'payment',?,?)", "")
});

static PAYMENTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO known_payments (number, network, payment_id, state, sub_states, connector_role, amount, currency, \
         payout_amount, payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at, \
         returns_payment, returned_by_payment, end_to_end_id, content_hash, version)",
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        "ON CONFLICT (number) DO UPDATE SET \
         review = CASE WHEN state = excluded.state THEN review END, \
         not_before = CASE WHEN state = excluded.state THEN not_before END, \
         acted_at = CASE WHEN state = excluded.state THEN acted_at END, \
         state = excluded.state, sub_states = excluded.sub_states, connector_role = excluded.connector_role, \
         amount = excluded.amount, currency = excluded.currency, payout_amount = excluded.payout_amount, \
         payout_currency = excluded.payout_currency, created_at = excluded.created_at, \
         modified_at = excluded.modified_at, expires_at = excluded.expires_at, recorded_at = excluded.recorded_at, \
         returns_payment = excluded.returns_payment, returned_by_payment = excluded.returned_by_payment, \
         end_to_end_id = excluded.end_to_end_id, content_hash = excluded.content_hash, version = excluded.version",
    )
});

static DOCUMENTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO documents (thing, document)",
        "(?,?)",
        "ON CONFLICT (thing) DO UPDATE SET document = excluded.document",
    )
});

static STATUSES: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO statuses (thing, status, reached_at, recorded_at, source)",
        "(?,?,?,?,?)",
        "ON CONFLICT DO NOTHING",
    )
});

static EVENTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO events (type, subject, version, payload, occurred_at)",
        "(?,?,?,?,?)",
        "",
    )
});

const COUNT: &str = "INSERT INTO payment_counts (network, state, connector_role, payments) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (network, state, connector_role) DO UPDATE SET payments = payments + excluded.payments";

pub(super) async fn write(
    conn: &mut SqliteConnection,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let network: Arc<str> = Arc::from(scope.network.as_str());
    let (recorded_at, now) = (micros(now), Arc::from(sqlite_time(now)));
    THINGS
        .run(conn, &plan.numbered, |row, (number, id)| {
            row.value(*number)?.shared(&network)?.text(id)?;
            Ok(())
        })
        .await?;
    PAYMENTS.run(conn, &plan.stored, |row, stored| payment(row, &network, stored, &now)).await?;
    DOCUMENTS
        .run(conn, &plan.stored, |row, stored| {
            row.value(stored.number)?.text(&stored.payment.document)?;
            Ok(())
        })
        .await?;
    STATUSES
        .run(conn, &plan.statuses, |row, (number, change)| {
            row.value(*number)?.text(change.status.as_str())?.value(micros(change.reached_at))?;
            row.value(recorded_at)?.text(change.source.as_str())?;
            Ok(())
        })
        .await?;
    EVENTS
        .run(conn, &plan.events, |row, event| {
            row.text(event.event_type.as_str())?.text(&event.subject)?.value(event.version)?;
            row.text(&event.data)?.value(sqlite_time(event.occurred_at))?;
            Ok(())
        })
        .await?;
    for ((state, role), by) in plan.counts.iter().filter(|(_, by)| **by != 0) {
        let query = sqlx::query(COUNT).bind(&scope.network).bind(state).bind(role).bind(by);
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

fn payment(
    row: &mut Values,
    network: &Arc<str>,
    stored: &Stored<'_>,
    now: &Arc<str>,
) -> Result<(), sqlx::Error> {
    let payment = stored.payment;
    row.value(stored.number)?
        .shared(network)?
        .text(&payment.payment_id)?
        .text(payment.state.as_str())?
        .value(serde_json::json!(payment.sub_states).to_string())?
        .text(payment.connector_role.as_str())?
        .value(payment.money.amount.to_string())?
        .text(&payment.money.currency)?
        .value(payment.payout.as_ref().map(|payout| payout.amount.to_string()))?
        .value(payment.payout.as_ref().map(|payout| payout.currency.clone()))?
        .value(payment.created_at.map(sqlite_time))?
        .value(sqlite_time(payment.modified_at))?
        .value(payment.expires_at.map(sqlite_time))?
        .shared(now)?
        .shared(now)?
        .value(payment.returns.clone())?
        .value(payment.returned_by.clone())?
        .value(payment.end_to_end_id.clone())?
        .value(payment.hash)?
        .value(stored.version)?;
    Ok(())
}
