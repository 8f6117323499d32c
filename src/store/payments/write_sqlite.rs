//! A page's writes in `SQLite`: a few statements of many rows per table.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::plan::{Plan, Stored};
use crate::engine::Event;
use crate::store::db::many::{Binder, InsertPart, Many, Values};
use crate::store::db::values::{micros, sqlite_time};
use crate::store::{Scope, StoreError};

const THINGS: InsertPart<'static> =
    ("INSERT INTO things (number, kind, place, id)", "(?,'payment',?,?)", "");

const PAYMENTS: &str = "INSERT INTO known_payments (number, network, payment_id, state, sub_states, connector_role, amount, currency, \
    payout_amount, payout_currency, created_at, modified_at, expires_at, first_seen_at, recorded_at, \
    returns_payment, returned_by_payment, end_to_end_id, content_hash, version)";
const PAYMENT: &str = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

const DOCUMENTS: &str = "INSERT INTO documents (thing, document)";

const EVENTS: InsertPart<'static> =
    ("INSERT INTO events (type, subject, version, payload, occurred_at)", "(?,?,?,?,?)", "");

/// What a page of new payments brings, each with one event: nothing of it can be there already.
static NEW: LazyLock<Many> = LazyLock::new(|| {
    Many::together(&[THINGS, (PAYMENTS, PAYMENT, ""), (DOCUMENTS, "(?,?)", ""), EVENTS])
});

static NUMBERED: LazyLock<Many> = LazyLock::new(|| Many::together(&[THINGS]));

static STORED: LazyLock<Many> = LazyLock::new(|| {
    let payments = (
        PAYMENTS,
        PAYMENT,
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
    );
    let documents =
        (DOCUMENTS, "(?,?)", "ON CONFLICT (thing) DO UPDATE SET document = excluded.document");
    Many::together(&[payments, documents])
});

static TOLD: LazyLock<Many> = LazyLock::new(|| Many::together(&[EVENTS]));

static STATUSES: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO statuses (thing, status, reached_at, recorded_at, source)",
        "(?,?,?,?,?)",
        "ON CONFLICT DO NOTHING",
    )
});

const COUNT: &str = "INSERT INTO payment_counts (network, state, connector_role, payments) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (network, state, connector_role) DO UPDATE SET payments = payments + excluded.payments";

/// A payment that gets a number, and its event.
type NewPayment<'p, 'a> = (&'p (i64, &'a str), &'p Stored<'a>, &'p Event);

pub(super) async fn write(
    conn: &mut SqliteConnection,
    scope: &Scope,
    plan: &Plan<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let network: Arc<str> = Arc::from(scope.network.as_str());
    let (recorded_at, now) = (micros(now), Arc::from(sqlite_time(now)));
    let thing = |row: &mut Values, (number, id): &(i64, &str)| {
        row.value(*number)?.shared(&network)?.text(id)?;
        Ok(())
    };
    let stored = |row: &mut Values, stored: &Stored<'_>| payment(row, &network, stored, &now);
    if plan.is_all_new()
        && plan.numbered.len() == plan.stored.len()
        && plan.events.len() == plan.stored.len()
    {
        let rows = plan.numbered.iter().zip(&plan.stored).zip(&plan.events);
        let rows: Vec<NewPayment<'_, '_>> =
            rows.map(|((number, one), event)| (number, one, event)).collect();
        let binds: [Binder<'_, NewPayment<'_, '_>>; 4] = [
            &|row, one| thing(row, one.0),
            &|row, one| stored(row, one.1),
            &|row, one| document(row, one.1),
            &|row, one| event(row, one.2),
        ];
        NEW.parts(conn, &rows, &binds).await?;
    } else {
        NUMBERED.run(conn, &plan.numbered, thing).await?;
        STORED.parts(conn, &plan.stored, &[&stored, &document]).await?;
        TOLD.run(conn, &plan.events, event).await?;
    }
    STATUSES
        .run(conn, &plan.statuses, |row, (number, change)| {
            row.value(*number)?.text(change.status.as_str())?.value(micros(change.reached_at))?;
            row.value(recorded_at)?.text(change.source.as_str())?;
            Ok(())
        })
        .await?;
    for ((state, role), by) in plan.counts.iter().filter(|(_, by)| **by != 0) {
        let query = sqlx::query(COUNT).bind(&scope.network).bind(state).bind(role).bind(by);
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

fn document(row: &mut Values, stored: &Stored<'_>) -> Result<(), sqlx::Error> {
    row.value(stored.number)?.text(&stored.payment.document)?;
    Ok(())
}

fn event(row: &mut Values, event: &Event) -> Result<(), sqlx::Error> {
    row.text(event.event_type.as_str())?.text(&event.subject)?.value(event.version)?;
    row.text(&event.data)?.value(sqlite_time(event.occurred_at))?;
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
