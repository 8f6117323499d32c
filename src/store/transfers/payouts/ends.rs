//! Writing down what came of payouts that this worker has in hand, or has looked at.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::claims::claimant;
use super::finish::FinishedPayout;
use super::row::PayoutRow;
use crate::engine::PayoutStatus;
use crate::store::db::many::Many;
use crate::store::db::values::{sqlite_time, stored_time, without_nul};
use crate::store::db::{At, Conn, in_time};
use crate::store::{Lease, StoreError};

/// Only who has a payout in hand may say what came of it; and of one that was looked at without a claim, only who was the
/// first to look since it was read.
static FINISH_SQLITE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "WITH r (id, was, was_looks, claimed_by, claimed_term, status, attempts, looks, reference, answer, not_before, \
             finished_at) AS (",
        "(?,?,?,?,?,?,?,?,?,?,?,?)",
        ") UPDATE payouts SET status = r.status, attempts = r.attempts, looks = r.looks, reference = coalesce(r.reference, payouts.reference), \
             answer = coalesce(r.answer, payouts.answer), not_before = coalesce(r.not_before, payouts.not_before), \
             finished_at = r.finished_at, claimed_by = NULL, claimed_term = NULL \
         FROM r WHERE payouts.payout_id = r.id AND payouts.status = r.was AND payouts.looks = coalesce(r.was_looks, payouts.looks) \
           AND payouts.claimed_by IS r.claimed_by AND payouts.claimed_term IS r.claimed_term RETURNING payout_id",
    )
});

/// The same. The claim is a column of the rows that come in: as a condition by itself the planner takes it for one that
/// few payouts meet, and then reads all of them, and for each all rows that came in.
const FINISH_POSTGRES: &str = "UPDATE payouts p SET status = r.status, attempts = r.attempts, looks = r.looks, \
        reference = coalesce(r.reference, p.reference), answer = coalesce(r.answer, p.answer), \
        not_before = coalesce(r.not_before, p.not_before), finished_at = r.finished_at, claimed_by = NULL, claimed_term = NULL \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], \
        $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[]) \
        AS r (id, was, was_looks, claimed_by, claimed_term, status, attempts, looks, reference, answer, not_before, \
            finished_at) \
    WHERE p.payout_id = r.id AND p.status = r.was AND p.looks = coalesce(r.was_looks, p.looks) \
        AND p.claimed_by IS NOT DISTINCT FROM r.claimed_by AND p.claimed_term IS NOT DISTINCT FROM r.claimed_term \
    RETURNING p.payout_id";

/// What is written of the end of a payout.
struct End<'a> {
    payout: &'a PayoutRow,
    /// How often the database knows the rail to have been asked, where there is no claim to tell that nobody else did.
    was_looks: Option<i64>,
    /// The worker that has it in hand, and its term. None: it was looked at without a claim.
    claimant: Option<(&'a str, i64)>,
    status: PayoutStatus,
    reference: Option<Cow<'a, str>>,
    answer: Option<Cow<'a, str>>,
    not_before: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// The ids of the payouts that this worker had in hand.
pub(in crate::store) async fn write_ends(
    conn: &mut Conn<'_>,
    lease: &Lease,
    finished: &[FinishedPayout<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    let claimant = claimant(lease);
    let end = |one| -> End<'_> {
        let FinishedPayout { payout, end, .. }: &FinishedPayout<'_> = one;
        let (reference, answer, not_before) = end.told();
        let status = end.status(payout);
        let is_claimed = payout.claimed_by.is_some();
        End {
            payout,
            was_looks: (!is_claimed).then_some(payout.looks - 1),
            claimant: is_claimed.then_some((claimant.as_str(), lease.term)),
            status,
            reference: reference.map(|text| without_nul(text)),
            answer: answer.map(|text| Cow::Owned(without_nul(&text).into_owned())),
            not_before: not_before.map(stored_time),
            finished_at: (!status.is_open()).then_some(now),
        }
    };
    let ends: Vec<End<'_>> = finished.iter().map(end).collect();
    match conn.at() {
        At::Sqlite(conn) => {
            let rows = FINISH_SQLITE.rows(conn, &ends, |row, end| {
                row.text(&end.payout.payout_id)?.text(end.payout.status.as_str())?;
                row.value(end.was_looks)?;
                row.maybe_text(end.claimant.map(|(worker, _)| worker))?;
                row.value(end.claimant.map(|(_, term)| term))?;
                row.text(end.status.as_str())?;
                row.value(end.payout.attempts)?.value(end.payout.looks)?;
                row.maybe_text(end.reference.as_deref())?.maybe_text(end.answer.as_deref())?;
                row.value(end.not_before.map(sqlite_time))?;
                row.value(end.finished_at.map(sqlite_time))?;
                Ok(())
            });
            in_time(rows).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
        }
        At::Postgres(conn) => {
            let rows = sqlx::query(FINISH_POSTGRES)
                .bind(all(&ends, |end| end.payout.payout_id.as_str()))
                .bind(all(&ends, |end| end.payout.status.as_str()))
                .bind(all(&ends, |end| end.was_looks))
                .bind(all(&ends, |end| end.claimant.map(|(worker, _)| worker)))
                .bind(all(&ends, |end| end.claimant.map(|(_, term)| term)))
                .bind(all(&ends, |end| end.status.as_str()))
                .bind(all(&ends, |end| end.payout.attempts))
                .bind(all(&ends, |end| end.payout.looks))
                .bind(all(&ends, |end| end.reference.as_deref()))
                .bind(all(&ends, |end| end.answer.as_deref()))
                .bind(all(&ends, |end| end.not_before))
                .bind(all(&ends, |end| end.finished_at))
                .fetch_all(&mut **conn);
            in_time(rows).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
        }
    }
}

/// One column of many rows.
fn all<'e, 'a, T>(ends: &'e [End<'a>], column: impl Fn(&'e End<'a>) -> T) -> Vec<T> {
    ends.iter().map(column).collect()
}
