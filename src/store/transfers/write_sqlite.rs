//! Steps in `SQLite`: a few statements for all of them. Nobody else writes meanwhile.

use std::collections::HashSet;
use std::sync::LazyLock;

use sqlx::{Row as _, SqliteConnection};

use super::steps::Planned;
use crate::engine::Amount;
use crate::store::db::many::{Many, Values};
use crate::store::db::values::sqlite_time;

/// The statement, with what is new beside what every step writes. What it names is checked anew by the database, whether it
/// changes or not, so most steps do without.
macro_rules! moving {
    ($columns:literal, $values:literal, $set:literal) => {
        Many::new(
            concat!(
                "WITH r (id, was, version, was_payout, status, rail_reference, network_reference, message, reason_code, \
                     refund_id, payout, not_before, at, completed",
                $columns,
                ") AS ("
            ),
            concat!("(?,?,?,?,?,?,?,?,?,?,?,?,?,?", $values, ")"),
            concat!(
                ") UPDATE transfers SET status = r.status, version = transfers.version + 1, \
                     rail_reference = r.rail_reference, network_reference = r.network_reference, message = r.message, \
                     reason_code = r.reason_code, refund_id = r.refund_id, payout_id = r.payout, attempts = 0, \
                     not_before = r.not_before, updated_at = r.at, completed_at = r.completed",
                $set,
                " FROM r WHERE transfers.transfer_id = r.id AND transfers.version = r.version \
                     AND transfers.status = r.was AND transfers.payout_id IS r.was_payout RETURNING transfer_id"
            ),
        )
    };
}

static MOVE: LazyLock<Many> = LazyLock::new(|| moving!("", "", ""));

static MOVE_WITH_NEW: LazyLock<Many> = LazyLock::new(|| {
    moving!(
        ", amount_in, amount_out, amount_fee, rail_fee, from_address, beneficiary",
        ",?,?,?,?,?,?",
        ", amount_in = coalesce(r.amount_in, transfers.amount_in), \
           amount_out = coalesce(r.amount_out, transfers.amount_out), \
           amount_fee = coalesce(r.amount_fee, transfers.amount_fee), \
           rail_fee = coalesce(r.rail_fee, transfers.rail_fee), \
           from_address = coalesce(r.from_address, transfers.from_address), \
           beneficiary = coalesce(r.beneficiary, transfers.beneficiary)"
    )
});

/// Changes the rows, and tells which have changed.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    planned: &[Planned<'_>],
) -> Result<HashSet<String>, sqlx::Error> {
    let (with_new, others): (Vec<_>, Vec<_>) = planned.iter().partition(|step| has_new(step));
    let mut rows = MOVE.rows(conn, &others, |row, step| bind(row, step)).await?;
    let bind_all = |row: &mut Values, step: &&Planned<'_>| {
        bind(row, step)?;
        bind_new(row, step)
    };
    rows.extend(MOVE_WITH_NEW.rows(conn, &with_new, bind_all).await?);
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn has_new(step: &Planned<'_>) -> bool {
    let new = &step.changes;
    let amounts = [&new.amount_in, &new.amount_out, &new.amount_fee, &new.rail_fee];
    amounts.iter().any(|amount| amount.is_some())
        || new.from_address.is_some()
        || new.beneficiary.is_some()
}

fn bind(row: &mut Values, step: &Planned<'_>) -> Result<(), sqlx::Error> {
    let (before, after) = (step.before, &step.after);
    row.text(&before.transfer_id)?.text(before.status.as_str())?.value(before.version)?;
    row.maybe_text(before.payout_id.as_deref())?
        .text(after.status.as_str())?
        .maybe_text(after.rail_reference.as_deref())?
        .maybe_text(after.network_reference.as_deref())?
        .maybe_text(after.message.as_deref())?
        .maybe_text(after.reason_code.as_deref())?
        .maybe_text(after.refund_id.as_deref())?
        .maybe_text(after.payout_id.as_deref())?
        .value(after.not_before.map(sqlite_time))?
        .value(sqlite_time(after.updated_at))?
        .value(after.completed_at.map(sqlite_time))?;
    Ok(())
}

fn bind_new(row: &mut Values, step: &Planned<'_>) -> Result<(), sqlx::Error> {
    let new = &step.changes;
    let amount = |amount: &Option<Amount>| amount.as_ref().map(ToString::to_string);
    row.value(amount(&new.amount_in))?
        .value(amount(&new.amount_out))?
        .value(amount(&new.amount_fee))?
        .value(amount(&new.rail_fee))?
        .maybe_text(new.from_address.as_deref())?
        .maybe_text(new.beneficiary.as_deref())?;
    Ok(())
}
