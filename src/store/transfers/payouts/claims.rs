//! Which worker does what on a rail. A claim is on a payout, and lives as long as its worker's lease has its term.

use std::collections::HashMap;

use super::intend::intend;
use super::row::{PayoutRow, payout_from};
use super::spared::{hold_returned, hold_untold};
use crate::engine::{About, PayoutStatus, Purpose, Refund, Transfer};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::memory::looks::{LookKind, found};
use crate::store::memory::restorations::{Sending, sending};
use crate::store::transfers::refunds::{refund_from, refunds_by_id};
use crate::store::transfers::rows::{transfer_from, transfers_by_id};
use crate::store::{Lease, Store, StoreError};
use chrono::{DateTime, Utc};

/// A payout that this worker hands to its rail or asks about, and what it is for. Where it may be handed over, it names this
/// worker as the one that has it in hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The payout.
    pub payout: PayoutRow,
    /// Its transfer; none for a refund of money that belongs to no transfer.
    pub transfer: Option<Box<Transfer>>,
    /// Its refund, if it is one.
    pub refund: Option<Box<Refund>>,
}

/// Payouts that surely were not made, to be handed to the rail again with the same key.
const AGAIN: Sql = Sql::Each {
    sqlite: "UPDATE payouts SET claimed_by = $2, claimed_term = $3, attempts = attempts + 1, tried_at = $4 \
             WHERE payout_id IN (SELECT payout_id FROM payouts WHERE rail = $1 AND finished_at IS NULL \
                 AND status = 'intended' AND claimed_by IS NULL AND not_before <= $4 \
                 ORDER BY not_before, payout_id LIMIT $5) RETURNING *",
    postgres: "UPDATE payouts SET claimed_by = $2, claimed_term = $3, attempts = attempts + 1, tried_at = $4 \
               WHERE payout_id = ANY (ARRAY (SELECT payout_id FROM payouts WHERE rail = $1 AND finished_at IS NULL \
                   AND status = 'intended' AND claimed_by IS NULL AND not_before <= $4 \
                   ORDER BY not_before, payout_id LIMIT $5 FOR UPDATE SKIP LOCKED)) RETURNING *",
};

const TO_PAY: Sql = sql!(
    "SELECT * FROM transfers WHERE rail = $1 AND comes_in = 'network' AND payout_id IS NULL AND refund_id IS NULL \
     AND status IN ('pending_anchor', 'pending_receiver') AND amount_out IS NOT NULL \
     AND (not_before IS NULL OR not_before <= $2) ORDER BY created_at, transfer_id LIMIT $3" claimed
);

const TO_REFUND: Sql = sql!(
    "SELECT * FROM refunds WHERE place = $1 AND finished_at IS NULL AND under_way IS NULL AND not_before <= $2 \
     ORDER BY created_at, refund_id LIMIT $3" claimed
);

/// A payout that is open still would not let another be made.
const MADE_FOR_TRANSFERS: Sql = sql!(
    "SELECT transfer_id AS id, count(*) AS n FROM payouts WHERE transfer_id " among "$1" " \
     AND finished_at IS NOT NULL AND transfer_id IS NOT NULL AND purpose = 'payout' GROUP BY transfer_id"
);

const MADE_FOR_REFUNDS: Sql = sql!(
    "SELECT refund_id AS id, count(*) AS n FROM payouts WHERE refund_id " among "$1" " AND refund_id IS NOT NULL \
     GROUP BY refund_id"
);

/// New payouts of a database that may have forgotten them.
const ASK_FIRST: Sql = sql!(
    "UPDATE payouts SET status = 'unknown', attempts = 0, tried_at = NULL, claimed_by = NULL, claimed_term = NULL, \
     answer = 'the database was restored: the rail is asked first' WHERE payout_id " among "$1"
);

/// The worker that a claim names.
pub(in crate::store) fn claimant(lease: &Lease) -> String {
    format!("{}/{}", lease.scope.poller.name(), lease.scope.network)
}

impl Store {
    /// Takes up to `limit` payouts on `rail` in hand: those that surely were not made are tried again, with their old
    /// keys, and then transfers and refunds that are due get new ones, oldest first. What one worker has in hand no
    /// other gets. Each is written down as about to be tried: take no more than will be tried at once, for what a
    /// killed worker had in hand has to be looked up at the rail.
    ///
    /// While all is held because the database was restored, there is nothing to take. For a while after that, new payouts
    /// are not taken: the rail is asked about them first, as about those without a clear answer.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn claim_payouts(
        &self,
        lease: &Lease,
        rail: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        let sending = sending(&mut tx, now).await?;
        if sending == Sending::Held {
            return Ok(Vec::new());
        }
        let conn = &mut tx.conn();
        let mut claims = claim_again(conn, lease, rail, now, limit).await?;
        let left = i64::from(limit) - i64::try_from(claims.len()).unwrap_or(i64::MAX);
        let args = |left| [Arg::Text(rail), Arg::Time(now), Arg::Int(left)];
        let mut fresh = Vec::new();
        for row in conn.rows(TO_REFUND, &args(left)).await? {
            fresh.push(of_refund(refund_from(&row)?, rail, now));
        }
        let left = left - i64::try_from(fresh.len()).unwrap_or(i64::MAX);
        for row in conn.rows(TO_PAY, &args(left)).await? {
            fresh.extend(of_transfer(transfer_from(&row)?, now));
        }
        if sending == Sending::AskFirst {
            hold_untold(&mut tx, lease, &mut fresh, now).await?;
        }
        hold_returned(&mut tx, lease, &mut fresh, now).await?;
        if !fresh.is_empty() {
            let conn = &mut tx.conn();
            give_keys(conn, &mut fresh).await?;
            intend(conn, lease, &mut fresh).await?;
            if sending == Sending::AskFirst {
                let ids = fresh.drain(..).map(|claim| claim.payout.payout_id).collect();
                conn.execute(ASK_FIRST, &[Arg::Texts(ids)]).await?;
            }
        }
        claims.extend(fresh);
        tx.commit().await?;
        Ok(claims)
    }
}

/// Claims payouts that surely were not made.
async fn claim_again(
    conn: &mut Conn<'_>,
    lease: &Lease,
    rail: &str,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Claim>, StoreError> {
    let claimant = claimant(lease);
    let args = [
        Arg::Text(rail),
        Arg::Text(&claimant),
        Arg::Int(lease.term),
        Arg::Time(now),
        Arg::Int(i64::from(limit)),
    ];
    let mut payouts: Vec<PayoutRow> =
        conn.rows(AGAIN, &args).await?.iter().map(payout_from).collect::<Result<_, _>>()?;
    payouts.sort_by(|one, other| {
        (one.not_before, &one.payout_id).cmp(&(other.not_before, &other.payout_id))
    });
    claims_of(conn, payouts).await
}

/// Reads what payouts are for.
pub(in crate::store) async fn claims_of(
    conn: &mut Conn<'_>,
    payouts: Vec<PayoutRow>,
) -> Result<Vec<Claim>, StoreError> {
    let ids =
        |of: fn(&PayoutRow) -> Option<&String>| payouts.iter().filter_map(of).cloned().collect();
    let mut transfers = transfers_by_id(conn, ids(|one| one.transfer_id.as_ref())).await?;
    let mut refunds = refunds_by_id(conn, ids(|one| one.refund_id.as_ref())).await?;
    let claim = |payout: PayoutRow| Claim {
        transfer: payout.transfer_id.as_ref().and_then(|id| transfers.remove(id)),
        refund: payout.refund_id.as_ref().and_then(|id| refunds.remove(id)).map(Box::new),
        payout,
    };
    Ok(payouts.into_iter().map(claim).collect())
}

fn of_transfer(transfer: Transfer, now: DateTime<Utc>) -> Option<Claim> {
    let payout = PayoutRow {
        transfer_id: Some(transfer.transfer_id.clone()),
        refund_id: None,
        purpose: Purpose::Payout,
        rail: transfer.rail.clone(),
        amount: transfer.amount_out.clone()?,
        currency: transfer.currency.clone(),
        beneficiary: transfer.beneficiary.clone(),
        subject: transfer.subject.clone(),
        ..intended(now)
    };
    Some(Claim { payout, transfer: Some(Box::new(transfer)), refund: None })
}

fn of_refund(refund: Refund, rail: &str, now: DateTime<Utc>) -> Claim {
    let payout = PayoutRow {
        transfer_id: refund.transfer_id.clone(),
        refund_id: Some(refund.refund_id.clone()),
        purpose: Purpose::Refund,
        rail: rail.to_owned(),
        amount: refund.amount.clone(),
        currency: refund.asset.clone(),
        beneficiary: refund.beneficiary.clone(),
        ..intended(now)
    };
    Claim { payout, transfer: None, refund: Some(Box::new(refund)) }
}

/// Names new payouts: by what each is for, and by how many there were for that before.
async fn give_keys(conn: &mut Conn<'_>, fresh: &mut [Claim]) -> Result<(), StoreError> {
    let of = |id: fn(&PayoutRow) -> Option<&String>| {
        fresh.iter().filter_map(|claim| id(&claim.payout).cloned()).collect()
    };
    let paid = made(conn, MADE_FOR_TRANSFERS, of(|one| one.transfer_id.as_ref())).await?;
    let returned = made(conn, MADE_FOR_REFUNDS, of(|one| one.refund_id.as_ref())).await?;
    // A decision that was made and forgotten is the same decision again.
    let ids = of(|one| one.transfer_id.as_ref());
    let forgotten = found(conn, LookKind::Payout, ids).await?;
    for Claim { payout, .. } in fresh {
        let (about, earlier) = match (&payout.refund_id, &payout.transfer_id) {
            (Some(id), _) => (About::Refund(id), returned.get(id)),
            (None, Some(id)) => (About::Transfer(id), paid.get(id)),
            (None, None) => continue,
        };
        let number = earlier.copied().unwrap_or(0).saturating_add(1);
        let newest = payout.transfer_id.as_ref().filter(|_| payout.refund_id.is_none());
        let newest = newest.and_then(|id| forgotten.get(id)).map_or(0, |(newest, _)| *newest);
        let number = std::cmp::max(number, newest);
        payout.payout_id = about.payout_key(payout.purpose, number);
    }
    Ok(())
}

/// How many payouts there were for each of these.
async fn made(
    conn: &mut Conn<'_>,
    sql: Sql,
    ids: Vec<String>,
) -> Result<HashMap<String, u32>, StoreError> {
    let mut made = HashMap::new();
    if ids.is_empty() {
        return Ok(made);
    }
    for row in conn.rows(sql, &[Arg::Texts(ids)]).await? {
        made.insert(row.text("id")?, u32::try_from(row.int("n")?).unwrap_or(u32::MAX));
    }
    Ok(made)
}

/// What every payout is when it is first written down.
fn intended(now: DateTime<Utc>) -> PayoutRow {
    let now = stored_time(now);
    PayoutRow {
        payout_id: String::new(),
        transfer_id: None,
        refund_id: None,
        purpose: Purpose::Payout,
        rail: String::new(),
        amount: crate::engine::Amount::zero(),
        currency: String::new(),
        beneficiary: None,
        subject: None,
        status: PayoutStatus::Intended,
        attempts: 1,
        looks: 0,
        reference: None,
        answer: None,
        intended_at: now,
        tried_at: Some(now),
        not_before: now,
        finished_at: None,
        claimed_by: None,
    }
}
