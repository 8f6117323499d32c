//! Storing sightings: a page with its history, its events and its cursor, in one transaction.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use futures_util::future::join;

use super::admit::admitted;
use super::known::{not_stored, on_record};
use super::plan::{Plan, Stored, plan, runs};
use super::{voids, write_postgres, write_sqlite};
use crate::engine::{Change, PaymentState, Row, Tally, Trail, compare};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{At, Conn, Tx, in_time};
use crate::store::memory::set_aside::set_aside;
use crate::store::memory::{alerts, cursors};
use crate::store::{Lease, Scope, Store, StoreError};

/// How a quarantine ends by itself.
pub(in crate::store) const LATER_VERSION: &str = "a later version was stored";

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
        let fresh = not_stored(&self.db, &scope.network, rows).await?;
        let passed_over = rows.len() - fresh.len();
        let mut tally =
            Tally { unchanged: u64::try_from(passed_over).unwrap_or(u64::MAX), ..Tally::default() };
        if fresh.is_empty() {
            return Ok(tally);
        }
        // While the database begins, it is looked at what it will take.
        let admitting = async { runs(fresh.into_iter()).into_iter().map(all_admitted).collect() };
        let (tx, runs): (_, Vec<Vec<Cow<'_, Row>>>) = join(self.begin(lease), admitting).await;
        let mut tx = tx?;
        for run in runs {
            tally += record_run(&mut tx, scope, &run, trail, now).await?;
        }
        if let Some(cursor) = cursor {
            cursors::save_cursor(&mut tx.conn(), scope, cursor).await?;
        }
        tx.commit().await?;
        Ok(tally)
    }
}

fn all_admitted(run: Vec<&Row>) -> Vec<Cow<'_, Row>> {
    run.into_iter().map(admitted).collect()
}

/// Stores a run of rows, each payment once, as they were [`admitted`], in a transaction that somebody else commits.
pub(super) async fn record_run(
    tx: &mut Tx,
    scope: &Scope,
    run: &[Cow<'_, Row>],
    trail: Trail,
    now: DateTime<Utc>,
) -> Result<Tally, StoreError> {
    let now = stored_time(now);
    let run: Vec<&Row> = run.iter().map(|row| &**row).collect();
    let found = on_record(&mut tx.conn(), &scope.network, &run).await?;
    let is_any_set_aside = found.is_any_set_aside;
    let plan = plan(scope, &run, found, trail, now);
    set_aside(&mut tx.conn(), scope, &plan.quarantined, now).await?;
    let before = voids::before(&mut tx.conn(), scope, &plan.voided).await?;
    match tx.conn().at() {
        At::Sqlite(conn) => in_time(write_sqlite::write(conn, scope, &plan, now)).await?,
        At::Postgres(conn) => in_time(write_postgres::write(conn, scope, &plan, now)).await?,
    }
    for (voided, was) in plan.voided.iter().zip(&before) {
        voids::void(tx, scope, voided, was, now).await?;
    }
    voids::end(&mut tx.conn(), scope, &plan, now).await?;
    for payment_id in &plan.repriced {
        await_person(&mut tx.conn(), scope, payment_id).await?;
    }
    for alert in &plan.alerts {
        alerts::keep(&mut tx.conn(), scope, alert, now).await?;
    }
    if is_any_set_aside || !plan.quarantined.is_empty() {
        resolve_quarantine(&mut tx.conn(), scope, &plan, now).await?;
    }
    Ok(plan.tally)
}

/// A decision is on an amount. With another one the payment waits for a person, whom the alert calls.
async fn await_person(
    conn: &mut Conn<'_>,
    scope: &Scope,
    payment_id: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE known_payments SET review = 'pending', not_before = NULL \
               WHERE number = (SELECT number FROM things WHERE id = $2 AND kind = 'payment' AND place = $1) AND (review IS NULL OR review = 'approved') \
                 AND acted_at IS NULL";
    conn.execute(sql, &[Arg::Text(&scope.network), Arg::Text(payment_id)]).await.map(drop)
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
    let resolve = sql!(
        "UPDATE quarantine SET resolved_at = $1, resolution = $4 \
         WHERE network = $2 AND resolved_at IS NULL AND payment_id " among "$3"
    );
    let network = Arg::Text(&scope.network);
    let args = [Arg::Time(now), network, Arg::Texts(ids), Arg::Text(LATER_VERSION)];
    if conn.execute(resolve, &args).await? > 0 {
        alerts::retell_quarantine(conn, &scope.network, None, now).await?;
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
        let found = on_record(&mut reader.conn(), &scope.network, &all).await?;
        Ok(rows
            .iter()
            .map(|row| match row {
                Row::Payment(payment) => {
                    compare(found.known.get(&payment.payment_id), payment, Trail::List)
                }
                Row::Bad(_) => Change::Illegal,
            })
            .collect())
    }
}
