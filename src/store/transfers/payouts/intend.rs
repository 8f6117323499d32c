//! Writing new payouts down, each bound to what it is for.

use std::sync::{Arc, LazyLock};

use sqlx::{PgConnection, SqliteConnection};

use super::claims::{Claim, claimant};
use super::row::PayoutRow;
use crate::store::db::many::Many;
use crate::store::db::values::{sqlite_time, without_nul};
use crate::store::db::{At, Conn, in_time};
use crate::store::transfers::rows::transfers_by_id;
use crate::store::{Lease, StoreError};

static INTEND_SQLITE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "INSERT INTO payouts (payout_id, transfer_id, refund_id, purpose, rail, amount, currency, beneficiary, subject, \
             status, attempts, intended_at, tried_at, not_before, claimed_by, claimed_term)",
        "(?,?,?,?,?,?,?,?,?,'intended',1,?,?,?,?,?)",
        "",
    )
});

const INTEND_POSTGRES: &str = "
INSERT INTO payouts (payout_id, transfer_id, refund_id, purpose, rail, amount, currency, beneficiary, subject,
    status, attempts, intended_at, tried_at, not_before, claimed_by, claimed_term)
SELECT r.payout_id, r.transfer_id, r.refund_id, r.purpose, r.rail, CAST(r.amount AS numeric), r.currency,
    CAST(r.beneficiary AS json), r.subject, 'intended', 1, r.at, r.at, r.at, $11, $12
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::timestamptz[])
    AS r (payout_id, transfer_id, refund_id, purpose, rail, amount, currency, beneficiary, subject, at)";

static BIND_TRANSFERS_SQLITE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "WITH r (payout, id) AS (",
        "(?,?)",
        ") UPDATE transfers SET payout_id = r.payout FROM r WHERE transfer_id = r.id",
    )
});

const BIND_TRANSFERS_POSTGRES: &str = "UPDATE transfers t SET payout_id = r.payout \
    FROM unnest($1::text[], $2::text[]) AS r (payout, id) WHERE t.transfer_id = r.id";

static BIND_REFUNDS_SQLITE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "WITH r (payout, id) AS (",
        "(?,?)",
        ") UPDATE refunds SET under_way = r.payout FROM r WHERE refund_id = r.id",
    )
});

const BIND_REFUNDS_POSTGRES: &str = "UPDATE refunds t SET under_way = r.payout \
    FROM unnest($1::text[], $2::text[]) AS r (payout, id) WHERE t.refund_id = r.id";

/// Payouts, and the transfers and refunds that they are bound to, each as a pair of their ids.
struct Fresh<'a> {
    payouts: Vec<&'a PayoutRow>,
    transfers: Vec<(&'a str, &'a str)>,
    refunds: Vec<(&'a str, &'a str)>,
    claimant: &'a str,
    term: i64,
}

/// Writes new payouts down, binds what they are for to them, and completes the claims.
pub(super) async fn intend(
    conn: &mut Conn<'_>,
    lease: &Lease,
    fresh: &mut [Claim],
) -> Result<(), StoreError> {
    let claimant = claimant(lease);
    let bound = |of: fn(&PayoutRow) -> Option<&String>| {
        let payouts = fresh.iter().map(|claim| &claim.payout);
        payouts.filter_map(|one| Some((one.payout_id.as_str(), of(one)?.as_str()))).collect()
    };
    let rows = Fresh {
        payouts: fresh.iter().map(|claim| &claim.payout).collect(),
        transfers: bound(|one| one.transfer_id.as_ref()),
        refunds: bound(|one| one.refund_id.as_ref()),
        claimant: &claimant,
        term: lease.term,
    };
    match conn.at() {
        At::Sqlite(conn) => in_time(write_sqlite(conn, rows)).await?,
        At::Postgres(conn) => in_time(write_postgres(conn, rows)).await?,
    }
    complete(conn, &claimant, fresh).await
}

async fn write_sqlite(conn: &mut SqliteConnection, fresh: Fresh<'_>) -> Result<(), sqlx::Error> {
    let worker: Arc<str> = Arc::from(fresh.claimant);
    let writing = INTEND_SQLITE.run(conn, &fresh.payouts, |row, one| {
        row.text(&one.payout_id)?.maybe_text(one.transfer_id.as_deref())?;
        row.maybe_text(one.refund_id.as_deref())?.text(one.purpose.as_str())?;
        row.text(&one.rail)?.value(one.amount.to_string())?.text(&one.currency)?;
        row.maybe_text(one.beneficiary.as_deref())?.maybe_text(one.subject.as_deref())?;
        let at: Arc<str> = Arc::from(sqlite_time(one.intended_at));
        row.shared(&at)?.shared(&at)?.shared(&at)?.shared(&worker)?.value(fresh.term)?;
        Ok(())
    });
    writing.await?;
    for (bind, bound) in
        [(&BIND_TRANSFERS_SQLITE, fresh.transfers), (&BIND_REFUNDS_SQLITE, fresh.refunds)]
    {
        let binding = bind.run(conn, &bound, |row, (payout, id)| {
            row.text(payout)?.text(id)?;
            Ok(())
        });
        binding.await?;
    }
    Ok(())
}

async fn write_postgres(conn: &mut PgConnection, fresh: Fresh<'_>) -> Result<(), sqlx::Error> {
    let kept = |text: &Option<String>| text.as_deref().map(|text| without_nul(text).into_owned());
    let payouts = &fresh.payouts;
    sqlx::query(INTEND_POSTGRES)
        .bind(payouts.iter().map(|one| one.payout_id.as_str()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.transfer_id.as_deref()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.refund_id.as_deref()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.purpose.as_str()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.rail.as_str()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.amount.to_string()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.currency.as_str()).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| kept(&one.beneficiary)).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| kept(&one.subject)).collect::<Vec<_>>())
        .bind(payouts.iter().map(|one| one.intended_at).collect::<Vec<_>>())
        .bind(fresh.claimant)
        .bind(fresh.term)
        .execute(&mut *conn)
        .await?;
    for (bind, bound) in
        [(BIND_TRANSFERS_POSTGRES, fresh.transfers), (BIND_REFUNDS_POSTGRES, fresh.refunds)]
    {
        let (payouts, ids): (Vec<&str>, Vec<&str>) = bound.into_iter().unzip();
        if !ids.is_empty() {
            sqlx::query(bind).bind(payouts).bind(ids).execute(&mut *conn).await?;
        }
    }
    Ok(())
}

/// What new claims know of their payouts, and of the transfers of refunds.
async fn complete(
    conn: &mut Conn<'_>,
    claimant: &str,
    fresh: &mut [Claim],
) -> Result<(), StoreError> {
    let of_refunds = fresh.iter().filter(|claim| claim.transfer.is_none());
    let ids = of_refunds.filter_map(|claim| claim.payout.transfer_id.clone()).collect();
    let mut refunded = transfers_by_id(conn, ids).await?;
    for claim in fresh {
        let payout_id = &claim.payout.payout_id;
        claim.payout.claimed_by = Some(claimant.to_owned());
        match &mut claim.transfer {
            Some(transfer) => transfer.payout_id = Some(payout_id.clone()),
            None => {
                let id = claim.payout.transfer_id.as_ref();
                claim.transfer = id.and_then(|id| refunded.remove(id));
            }
        }
        if let Some(refund) = &mut claim.refund {
            refund.under_way = Some(payout_id.clone());
        }
    }
    Ok(())
}
