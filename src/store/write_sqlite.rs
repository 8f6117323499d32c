//! A page's writes in `SQLite`: one statement of many rows per table.

use chrono::{DateTime, Utc};
use sqlx::query_builder::Separated;
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::plan::{Plan, Stored};
use super::values::sqlite_time;
use super::{Scope, StoreError};
use crate::engine::StatusChange;

/// A statement takes this many rows at the most: `SQLite` allows 32,766 parameters.
const ROWS_MAX: usize = 500;

pub(super) async fn write(
    tx: &mut Transaction<'static, Sqlite>,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for stored in plan.stored.chunks(ROWS_MAX) {
        payments(scope, stored, now).build().execute(&mut **tx).await?;
        documents(scope, stored).build().execute(&mut **tx).await?;
    }
    for changes in plan.statuses.chunks(ROWS_MAX) {
        statuses(scope, changes, now).build().execute(&mut **tx).await?;
    }
    for events in plan.events.chunks(ROWS_MAX) {
        let mut query =
            QueryBuilder::new("INSERT INTO events (type, subject, version, payload, occurred_at) ");
        query.push_values(events, |mut row, event| {
            row.push_bind(event.event_type.as_str())
                .push_bind(event.subject.clone())
                .push_bind(event.version)
                .push_bind(event.data.to_string())
                .push_bind(sqlite_time(event.occurred_at));
        });
        query.build().execute(&mut **tx).await?;
    }
    for ((state, role), by) in plan.counts.iter().filter(|(_, by)| **by != 0) {
        sqlx::query(
            "INSERT INTO payment_counts (network, state, connector_role, payments) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (network, state, connector_role) DO UPDATE SET payments = payments + excluded.payments",
        )
        .bind(&scope.network)
        .bind(state)
        .bind(role)
        .bind(by)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn payments(scope: &Scope, stored: &[Stored<'_>], now: DateTime<Utc>) -> QueryBuilder<Sqlite> {
    let now = sqlite_time(now);
    let mut query = QueryBuilder::new(
        "INSERT INTO payments (network, payment_id, state, sub_states, connector_role, amount, currency, \
         payout_amount, payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at, \
         returns_payment, returned_by_payment, end_to_end_id, content_hash, version) ",
    );
    query.push_values(stored, |mut row, stored| payment(&mut row, scope, stored, &now));
    query.push(
        " ON CONFLICT (network, payment_id) DO UPDATE SET \
         review = CASE WHEN state = excluded.state THEN review END, \
         not_before = CASE WHEN state = excluded.state THEN not_before END, \
         acted_at = CASE WHEN state = excluded.state THEN acted_at END, \
         state = excluded.state, sub_states = excluded.sub_states, connector_role = excluded.connector_role, \
         amount = excluded.amount, currency = excluded.currency, payout_amount = excluded.payout_amount, \
         payout_currency = excluded.payout_currency, created_at = excluded.created_at, \
         modified_at = excluded.modified_at, expires_at = excluded.expires_at, recorded_at = excluded.recorded_at, \
         returns_payment = excluded.returns_payment, returned_by_payment = excluded.returned_by_payment, \
         end_to_end_id = excluded.end_to_end_id, content_hash = excluded.content_hash, version = excluded.version",
    );
    query
}

fn payment(
    row: &mut Separated<'_, Sqlite, &'static str>,
    scope: &Scope,
    stored: &Stored<'_>,
    now: &str,
) {
    let payment = stored.payment;
    row.push_bind(scope.network.clone())
        .push_bind(payment.payment_id.clone())
        .push_bind(payment.state.as_str().to_owned())
        .push_bind(serde_json::json!(payment.sub_states).to_string())
        .push_bind(payment.connector_role.as_str().to_owned())
        .push_bind(payment.money.amount.to_string())
        .push_bind(payment.money.currency.clone())
        .push_bind(payment.payout.as_ref().map(|payout| payout.amount.to_string()))
        .push_bind(payment.payout.as_ref().map(|payout| payout.currency.clone()))
        .push_bind(payment.created_at.map(sqlite_time))
        .push_bind(sqlite_time(payment.modified_at))
        .push_bind(payment.expires_at.map(sqlite_time))
        .push_bind(now.to_owned())
        .push_bind(now.to_owned())
        .push_bind(payment.returns.clone())
        .push_bind(payment.returned_by.clone())
        .push_bind(payment.end_to_end_id.clone())
        .push_bind(payment.hash)
        .push_bind(stored.version);
}

fn documents(scope: &Scope, stored: &[Stored<'_>]) -> QueryBuilder<Sqlite> {
    let mut query =
        QueryBuilder::new("INSERT INTO payment_documents (network, payment_id, document) ");
    query.push_values(stored, |mut row, stored| {
        row.push_bind(scope.network.clone())
            .push_bind(stored.payment.payment_id.clone())
            .push_bind(stored.payment.document.clone());
    });
    query.push(" ON CONFLICT (network, payment_id) DO UPDATE SET document = excluded.document");
    query
}

fn statuses(
    scope: &Scope,
    statuses: &[(&str, StatusChange)],
    now: DateTime<Utc>,
) -> QueryBuilder<Sqlite> {
    let now = sqlite_time(now);
    let mut query = QueryBuilder::new(
        "INSERT INTO status_changes (kind, network, id, status, reached_at, recorded_at, source) ",
    );
    query.push_values(statuses, |mut row, (id, status)| {
        row.push_bind("payment")
            .push_bind(scope.network.clone())
            .push_bind((*id).to_owned())
            .push_bind(status.status.as_str().to_owned())
            .push_bind(sqlite_time(status.reached_at))
            .push_bind(now.clone())
            .push_bind(status.source.as_str());
    });
    query.push(" ON CONFLICT DO NOTHING");
    query
}
