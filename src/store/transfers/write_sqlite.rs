//! Steps in `SQLite`: a few statements for all of them. Nobody else writes meanwhile.

use std::collections::HashSet;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::super::StoreError;
use super::super::db::{Conn, in_time};
use super::super::many::{Many, Values};
use super::super::values::sqlite_time;
use super::steps::Planned;
use super::trail::{Reached, write_counts, write_events, write_history};
use crate::engine::Amount;

static MOVE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "WITH r (id, was, version, was_payout, status, amount_in, amount_out, amount_fee, from_address, beneficiary, \
             rail_reference, network_reference, message, refund_id, payout, not_before, at, completed) AS (",
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        ") UPDATE transfers SET status = r.status, version = transfers.version + 1, \
             amount_in = coalesce(r.amount_in, transfers.amount_in), amount_out = coalesce(r.amount_out, transfers.amount_out), \
             amount_fee = coalesce(r.amount_fee, transfers.amount_fee), \
             from_address = coalesce(r.from_address, transfers.from_address), \
             beneficiary = coalesce(r.beneficiary, transfers.beneficiary), rail_reference = r.rail_reference, network_reference = r.network_reference, \
             message = r.message, refund_id = r.refund_id, payout_id = r.payout, attempts = 0, \
             not_before = r.not_before, updated_at = r.at, completed_at = r.completed \
         FROM r WHERE transfers.transfer_id = r.id AND transfers.version = r.version AND transfers.status = r.was \
           AND transfers.payout_id IS r.was_payout RETURNING transfer_id",
    )
});

pub(super) async fn write(
    conn: &mut Conn<'_>,
    planned: &[Planned<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let mut moved = HashSet::with_capacity(planned.len());
    if let Conn::Sqlite(conn) = conn {
        for row in in_time(MOVE.rows(conn, planned, bind)).await? {
            moved.insert(row.try_get(0)?);
        }
    }
    let done: Vec<&Planned<'_>> =
        planned.iter().filter(|step| moved.contains(&step.after.transfer_id)).collect();
    if done.is_empty() {
        return Ok(moved);
    }
    let reached: Vec<Reached<'_>> = done
        .iter()
        .map(|step| Reached { after: &step.after, source: step.cause.as_str() })
        .collect();
    write_history(conn, &reached, now).await?;
    let events: Vec<_> = done.iter().map(|step| step.event.clone()).collect();
    write_events(conn, &events).await?;
    let counts: Vec<_> = done
        .iter()
        .flat_map(|step| {
            let (was, is) = (step.before.status.as_str(), step.after.status.as_str());
            [(step.before, was, -1), (&step.after, is, 1)]
        })
        .collect();
    write_counts(conn, &counts).await?;
    Ok(moved)
}

fn bind(row: &mut Values, step: &Planned<'_>) -> Result<(), sqlx::Error> {
    let (before, new, after) = (step.before, &step.changes, &step.after);
    let amount = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
    row.text(&before.transfer_id)?.text(before.status.as_str())?.value(before.version)?;
    row.maybe_text(before.payout_id.as_deref())?.text(after.status.as_str())?;
    row.value(amount(&new.amount_in))?
        .value(amount(&new.amount_out))?
        .value(amount(&new.amount_fee))?
        .maybe_text(new.from_address.as_deref())?
        .maybe_text(new.beneficiary.as_deref())?
        .maybe_text(after.rail_reference.as_deref())?
        .maybe_text(after.network_reference.as_deref())?
        .maybe_text(after.message.as_deref())?
        .maybe_text(after.refund_id.as_deref())?
        .maybe_text(after.payout_id.as_deref())?
        .value(after.not_before.map(sqlite_time))?
        .value(sqlite_time(after.updated_at))?
        .value(after.completed_at.map(sqlite_time))?;
    Ok(())
}
