//! What the rails are asked about. A payout that may have to be handed over again is claimed first. One that its rail has
//! will never be: asking about it twice does no harm, so it is looked at without a claim, and two workers of one rail
//! each look at a share.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::claims::{Claim, claimant, claims_of};
use super::row::{PayoutRow, payout_from};
use crate::engine::PayoutStatus;
use crate::store::db::values::Arg;
use crate::store::db::{Conn, Sql, read_all};
use crate::store::memory::ahead::runs;
use crate::store::{Lease, Store, StoreError};

/// Nobody need have asked about a payout before it is due for so long: then any worker asks about it.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// How far a worker has come with what is due. First it asks about its own share; then about what other workers are late
/// with, for they may be busy or gone, or there to pay only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    is_helping: bool,
    /// The last payout that it has come to: they are ordered by time and name.
    behind: Option<(DateTime<Utc>, String)>,
}

/// A share of all payouts: those whose number, divided by the number of workers, leaves this worker's place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    of: i64,
    place: i64,
}

const ALL: Share = Share { of: 1, place: 0 };

/// Those who share a rail and live.
const WORKERS: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT network FROM leases WHERE poller = $1 AND substr(network || '#', 1, length($2) + 1) = $2 || '#' AND ",
        runs!(sqlite, ""),
        " ORDER BY network"
    ),
    postgres: concat!(
        "SELECT network FROM leases WHERE poller = $1 AND substr(network || '#', 1, length($2) + 1) = $2 || '#' AND ",
        runs!(postgres, ""),
        " ORDER BY network"
    ),
};

/// A payout that a worker had in hand when its lease ended may or may not have been made.
const DUE: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT * FROM payouts p WHERE rail = $1 AND finished_at IS NULL AND not_before <= $2 \
                 AND (not_before, payout_id) > ($3, $4) \
                 AND CASE WHEN status = 'initiated' AND claimed_by IS NULL \
                     THEN unicode(substr(payout_id, -1)) % $5 = $6 \
                     ELSE (status <> 'intended' OR claimed_by IS NOT NULL) \
                         AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.poller || '/' || l.network = p.claimed_by \
                             AND l.term = p.claimed_term AND ",
        runs!(sqlite, "l."),
        ") END ORDER BY not_before, payout_id LIMIT $7"
    ),
    postgres: concat!(
        "SELECT * FROM payouts p WHERE rail = $1 AND finished_at IS NULL AND not_before <= $2 \
                   AND (not_before, payout_id) > ($3, $4) \
                   AND CASE WHEN status = 'initiated' AND claimed_by IS NULL \
                       THEN ascii(right(payout_id, 1)) % $5 = $6 \
                       ELSE (status <> 'intended' OR claimed_by IS NOT NULL) \
                           AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.poller || '/' || l.network = p.claimed_by \
                               AND l.term = p.claimed_term AND ",
        runs!(postgres, "l."),
        ") END ORDER BY not_before, payout_id LIMIT $7"
    ),
};

const TAKE: Sql = Sql::Each {
    sqlite: "UPDATE payouts SET claimed_by = $2, claimed_term = $3, looks = looks + 1, \
                 answer = CASE status WHEN 'intended' THEN 'the worker that had it is gone' ELSE answer END, \
                 status = CASE status WHEN 'intended' THEN 'unknown' ELSE status END \
             WHERE payout_id IN (SELECT value FROM json_each($1)) RETURNING *",
    postgres: concat!(
        "UPDATE payouts SET claimed_by = $2, claimed_term = $3, looks = looks + 1, \
                   answer = CASE status WHEN 'intended' THEN 'the worker that had it is gone' ELSE answer END, \
                   status = CASE status WHEN 'intended' THEN 'unknown' ELSE status END \
               WHERE payout_id = ANY (ARRAY (SELECT payout_id FROM payouts p \
                   WHERE payout_id = ANY ($1) AND finished_at IS NULL AND (status <> 'intended' OR claimed_by IS NOT NULL) \
                   AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.poller || '/' || l.network = p.claimed_by \
                       AND l.term = p.claimed_term AND ",
        runs!(postgres, "l."),
        ") FOR UPDATE OF p SKIP LOCKED)) RETURNING *"
    ),
};

impl Store {
    /// Up to `limit` payouts on `rail` of which the rail is to be asked what became of them, longest unseen first: those
    /// that it has and has not delivered, those that had no clear answer, and those that a worker had in hand whose lease
    /// is over. Those that the rail may not have are taken in hand. Also, where to go on; none if nothing more is due.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn payouts_to_follow(
        &self,
        lease: &Lease,
        rail: &str,
        now: DateTime<Utc>,
        following: &Following,
        limit: u32,
    ) -> Result<(Vec<Claim>, Option<Following>), StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        let conn = &mut tx.conn();
        let args = [Arg::Text(lease.scope.poller.name()), Arg::Text(rail)];
        let workers = conn.rows(WORKERS, &args).await?;
        let workers: Vec<String> =
            workers.iter().map(|row| row.text("network")).collect::<Result<_, _>>()?;
        let due = due(conn, rail, now, following, share(following, &workers, lease), limit).await?;
        let next = following.after(&due, limit, workers.len());
        let due = in_hand(conn, lease, due).await?;
        let claims = claims_of(conn, due).await?;
        tx.commit().await?;
        Ok((claims, next))
    }
}

impl Following {
    /// Where to go on after `due`.
    fn after(&self, due: &[PayoutRow], limit: u32, workers: usize) -> Option<Self> {
        let is_full = u32::try_from(due.len()).is_ok_and(|found| found >= limit);
        match due.last().filter(|_| is_full) {
            Some(last) => Some(Self {
                is_helping: self.is_helping,
                behind: Some((last.not_before, last.payout_id.clone())),
            }),
            None if !self.is_helping && workers > 1 => {
                Some(Self { is_helping: true, behind: None })
            }
            None => None,
        }
    }
}

/// What of all payouts this worker asks about.
fn share(following: &Following, workers: &[String], lease: &Lease) -> Share {
    let place = workers.iter().position(|network| *network == lease.scope.network);
    let numbers = place.map(|place| (i64::try_from(workers.len()), i64::try_from(place)));
    match numbers {
        Some((Ok(of), Ok(place))) if !following.is_helping => Share { of, place },
        Some(_) | None => ALL,
    }
}

async fn due(
    conn: &mut Conn<'_>,
    rail: &str,
    now: DateTime<Utc>,
    following: &Following,
    share: Share,
    limit: u32,
) -> Result<Vec<PayoutRow>, StoreError> {
    let until = if following.is_helping { now - LATE } else { now };
    let (time, name) = match &following.behind {
        Some((time, name)) => (*time, name.as_str()),
        None => (DateTime::<Utc>::MIN_UTC, ""),
    };
    let args = [
        Arg::Text(rail),
        Arg::Time(until),
        Arg::Time(time),
        Arg::Text(name),
        Arg::Int(share.of),
        Arg::Int(share.place),
        Arg::Int(i64::from(limit)),
    ];
    let rows = conn.rows(DUE, &args).await?;
    read_all(&rows, payout_from).await
}

/// Takes in hand what needs it. What another has taken meanwhile is left out.
async fn in_hand(
    conn: &mut Conn<'_>,
    lease: &Lease,
    due: Vec<PayoutRow>,
) -> Result<Vec<PayoutRow>, StoreError> {
    let is_free =
        |one: &PayoutRow| one.status == PayoutStatus::Initiated && one.claimed_by.is_none();
    let ids: Vec<String> =
        due.iter().filter(|one| !is_free(one)).map(|one| one.payout_id.clone()).collect();
    let mut taken: HashMap<String, PayoutRow> = HashMap::new();
    if !ids.is_empty() {
        let claimant = claimant(lease);
        let args = [Arg::Texts(ids), Arg::Text(&claimant), Arg::Int(lease.term)];
        for row in conn.rows(TAKE, &args).await? {
            let payout = payout_from(&row)?;
            taken.insert(payout.payout_id.clone(), payout);
        }
    }
    let looked_at = |one: PayoutRow| {
        if is_free(&one) {
            return Some(PayoutRow { looks: one.looks + 1, ..one });
        }
        taken.remove(&one.payout_id)
    };
    Ok(due.into_iter().filter_map(looked_at).collect())
}
