//! Money that was received is confirmed or cancelled, and money that was confirmed is reversed: each of them once, with what
//! it does and with its event.

use chrono::{DateTime, Utc};

use super::record::owner;
use super::row::{IncomingRow, read};
use super::told::Facts;
use crate::engine::books::{Occasion, unmatched, unmatched_reversed};
use crate::engine::{
    Alert, AlertName, Claimant, IncomingKey, IncomingStatus, Match, NewRefund, Step, moved_event,
    taken_back,
};
use crate::store::books::post::post;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{Conn, Sql, Tx};
use crate::store::memory::alerts;
use crate::store::transfers::refunds::ends::{RefundEnd, end_refunds};
use crate::store::transfers::refunds::insert_refunds;
use crate::store::transfers::rows::transfers_by_id;
use crate::store::transfers::steps::{Planned, expect_refunds, plan, write_steps};
use crate::store::transfers::trail::write_events;
use crate::store::{Lease, Store, StoreError};

/// An incoming payment that was received and is confirmed, what it is, and what it does.
#[derive(Debug, Clone)]
pub struct Confirming<'a> {
    /// What names it.
    pub key: IncomingKey,
    /// What it is, matched anew: another may have come before it since it was received.
    pub verdict: Match,
    /// The step that its transfer makes.
    pub step: Option<Step<'a>>,
    /// The refund that begins with it.
    pub refund: Option<NewRefund>,
}

/// What came of telling that an incoming payment has come to another status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advanced {
    /// It has come to it, with all that this does.
    Done,
    /// It had come to it before: nothing was done.
    Already,
    /// There is no such incoming payment.
    Unknown,
    /// Nothing was done: this transfer was moved by somebody else meanwhile, and must be read and matched again.
    Again(String),
}

const CONFIRM: &str = "UPDATE incoming SET status = 'confirmed', confirmed_at = $3, verdict = $4, claimant_kind = $5, \
        claimant_shop = $6, claimant_id = $7 \
    WHERE source = $1 AND incoming_id = $2 AND status = 'received'";

const END: &str = "UPDATE incoming SET status = $3, ended_at = $4, ended_because = $5 \
    WHERE source = $1 AND incoming_id = $2 AND status = $6";

/// A refund that nobody has taken up, and nobody is taking up now.
const STOPPABLE: Sql = Sql::Each {
    sqlite: "SELECT refund_id FROM refunds WHERE incoming_id = $2 AND source = $1 AND incoming_id IS NOT NULL \
                 AND status <> 'failed' AND finished_at IS NULL AND under_way IS NULL",
    postgres: "SELECT refund_id FROM refunds WHERE incoming_id = $2 AND source = $1 AND incoming_id IS NOT NULL \
                   AND status <> 'failed' AND finished_at IS NULL AND under_way IS NULL FOR UPDATE SKIP LOCKED",
};

const NOT_FAILED: &str = "SELECT refund_id, status FROM refunds \
    WHERE incoming_id = $2 AND source = $1 AND incoming_id IS NOT NULL AND status <> 'failed'";

impl Store {
    /// Confirms an incoming payment that was received: it counts from now on, and does what it does.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it was taken back, or as [`Store::move_transfers`]; [`StoreError::LeaseLost`].
    pub async fn confirm_incoming<'l>(
        &self,
        lease: impl Into<Option<&'l Lease>>,
        confirming: &Confirming<'_>,
        now: DateTime<Utc>,
    ) -> Result<Advanced, StoreError> {
        let (lease, now) = (lease.into(), stored_time(now));
        let mut tx = self.begin(lease).await?;
        let advanced = confirm_in(&mut tx, lease, confirming, now).await?;
        commit(tx, advanced).await
    }

    /// Notes that an incoming payment was taken back before it was confirmed, and why. It has moved nothing.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it was confirmed; [`StoreError::LeaseLost`].
    pub async fn cancel_incoming<'l>(
        &self,
        lease: impl Into<Option<&'l Lease>>,
        key: &IncomingKey,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Advanced, StoreError> {
        let mut tx = self.begin(lease.into()).await?;
        let advanced = cancel_in(&mut tx, key, why, stored_time(now)).await?;
        commit(tx, advanced).await
    }

    /// Notes that an incoming payment was taken back after it was confirmed, and why, and raises an alert. A transfer whose money
    /// it was stops without it, and a refund of it that nobody has taken up is given up. What is on its way is not stopped.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it was not confirmed; [`StoreError::LeaseLost`].
    pub async fn reverse_incoming<'l>(
        &self,
        lease: impl Into<Option<&'l Lease>>,
        key: &IncomingKey,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Advanced, StoreError> {
        let lease = lease.into();
        let mut tx = self.begin(lease).await?;
        let advanced = reverse_in(&mut tx, lease, key, why, stored_time(now)).await?;
        commit(tx, advanced).await
    }
}

async fn commit(tx: Tx, advanced: Advanced) -> Result<Advanced, StoreError> {
    match advanced {
        Advanced::Done => tx.commit().await?,
        Advanced::Already | Advanced::Unknown | Advanced::Again(_) => {}
    }
    Ok(advanced)
}

/// The payment, if it moves to `to`; else what is to be answered.
async fn moving(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
    to: IncomingStatus,
) -> Result<Result<IncomingRow, Advanced>, StoreError> {
    let Some(row) = read(conn, key).await? else { return Ok(Err(Advanced::Unknown)) };
    match row.status.moves_to(to) {
        Ok(true) => Ok(Ok(row)),
        Ok(false) => Ok(Err(Advanced::Already)),
        Err(illegal) => {
            let IncomingKey { source, incoming_id } = key;
            let text = format!("incoming payment {incoming_id} on {source}: {illegal}");
            Err(StoreError::Refused(text))
        }
    }
}

/// Confirms in a transaction that somebody else commits, and that has its turn; unless it has to be done again.
pub(in crate::store) async fn confirm_in(
    tx: &mut Tx,
    lease: Option<&Lease>,
    confirming: &Confirming<'_>,
    now: DateTime<Utc>,
) -> Result<Advanced, StoreError> {
    let Confirming { key, verdict, step, refund } = confirming;
    let row = match moving(&mut tx.conn(), key, IncomingStatus::Confirmed).await? {
        Ok(row) => row,
        Err(advanced) => return Ok(advanced),
    };
    let planned = plan(lease, step.as_slice(), now)?;
    let refunds: Vec<&NewRefund> = refund.iter().collect();
    expect_refunds(&planned, &refunds)?;
    write_confirmed(&mut tx.conn(), Facts::of_row(&row), verdict, now).await?;
    if !matches!(verdict, Match::Matched(_)) {
        let entry = unmatched(&occasion(&row, now), row.asset_in_books(), &row.incoming.amount);
        post(&mut tx.conn(), entry.as_slice()).await?;
        let poller = lease.map(|lease| lease.scope.poller);
        alerts::retell_incoming(&mut tx.conn(), &key.source, poller, now).await?;
    }
    let moved = write_steps(tx, &planned, now).await?;
    if let Some(left) = planned.iter().find(|one| !moved.contains(&one.after.transfer_id)) {
        return Ok(Advanced::Again(left.after.transfer_id.clone()));
    }
    insert_refunds(&mut tx.conn(), &refunds, &moved, None, now).await?;
    Ok(Advanced::Done)
}

/// Writes down that it is confirmed, and tells so.
pub(super) async fn write_confirmed(
    conn: &mut Conn<'_>,
    facts: Facts<'_>,
    verdict: &Match,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (key, claimant) = (facts.key(), verdict.claimant());
    let args = [
        Arg::Text(&key.source),
        Arg::Text(&key.incoming_id),
        Arg::Time(now),
        Arg::Text(verdict.as_str()),
        Arg::MaybeText(claimant.map(|one| one.kind().as_str())),
        Arg::MaybeText(claimant.and_then(Claimant::shop)),
        Arg::MaybeText(claimant.map(Claimant::id)),
    ];
    conn.execute(CONFIRM, &args).await?;
    let facts = facts.judged(verdict.as_str(), claimant);
    write_events(conn, &[facts.event(IncomingStatus::Confirmed, None, now)]).await
}

/// Cancels in a transaction that somebody else commits, and that has its turn.
pub(in crate::store) async fn cancel_in(
    tx: &mut Tx,
    key: &IncomingKey,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Advanced, StoreError> {
    let conn = &mut tx.conn();
    match moving(conn, key, IncomingStatus::Cancelled).await? {
        Ok(row) => end(conn, &row, IncomingStatus::Cancelled, why, now).await?,
        Err(advanced) => return Ok(advanced),
    }
    Ok(Advanced::Done)
}

/// Reverses in a transaction that somebody else commits, and that has its turn; unless it has to be done again.
pub(in crate::store) async fn reverse_in(
    tx: &mut Tx,
    lease: Option<&Lease>,
    key: &IncomingKey,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Advanced, StoreError> {
    let row = match moving(&mut tx.conn(), key, IncomingStatus::Reversed).await? {
        Ok(row) => row,
        Err(advanced) => return Ok(advanced),
    };
    if row.is_nobodys() {
        let (asset, amount) = (row.asset_in_books(), &row.incoming.amount);
        let entry = unmatched_reversed(&occasion(&row, now), asset, amount);
        post(&mut tx.conn(), entry.as_slice()).await?;
    }
    end(&mut tx.conn(), &row, IncomingStatus::Reversed, why, now).await?;
    let then = match row.owner() {
        Some(Claimant::Transfer(id)) => match stop_transfer(tx, id, &row, why, now).await? {
            Some(then) => then,
            None => return Ok(Advanced::Again(id.clone())),
        },
        Some(order @ Claimant::Order { .. }) => format!("it was for {order}"),
        None => stop_refund(&mut tx.conn(), key, why, now).await?,
    };
    let detail = format!("{} {}: {why}; {then}", row.incoming.amount, row.incoming.asset);
    let alert = Alert::of(AlertName::IncomingReversed, detail).about(&key.subject());
    alerts::keep(&mut tx.conn(), &owner(lease, &key.source), &alert, now).await?;
    // One that nobody has claimed waits for nobody any more.
    alerts::retell_incoming(&mut tx.conn(), &key.source, None, now).await?;
    Ok(Advanced::Done)
}

/// What happens to it now, for the books.
fn occasion(row: &IncomingRow, now: DateTime<Utc>) -> Occasion {
    Occasion { about: row.incoming.key().subject(), place: row.incoming.source.clone(), at: now }
}

async fn end(
    conn: &mut Conn<'_>,
    row: &IncomingRow,
    to: IncomingStatus,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&row.incoming.source),
        Arg::Text(&row.incoming.incoming_id),
        Arg::Text(to.as_str()),
        Arg::Time(now),
        Arg::Text(why),
        Arg::Text(row.status.as_str()),
    ];
    conn.execute(END, &args).await?;
    write_events(conn, &[Facts::of_row(row).event(to, Some(why), now)]).await
}

/// Stops the transfer whose money is gone, and tells where it stands. None: somebody else has moved it meanwhile.
async fn stop_transfer(
    tx: &mut Tx,
    id: &str,
    row: &IncomingRow,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Option<String>, StoreError> {
    let mut found = transfers_by_id(&mut tx.conn(), vec![id.to_owned()]).await?;
    let Some(transfer) = found.remove(id) else { return Ok(Some(format!("no transfer {id}"))) };
    let (source, incoming_id) = (&row.incoming.source, &row.incoming.incoming_id);
    let message = format!("{source} has taken back {incoming_id}, which had paid it: {why}");
    let Some(step) = taken_back(&transfer, &message) else {
        let status = transfer.status;
        return Ok(Some(format!("transfer {id} is {status}, and is not stopped")));
    };
    let after = step.taken(now).map_err(|illegal| StoreError::Refused(illegal.to_string()))?;
    let event = moved_event(transfer.status, step.cause, &after, None);
    let (cause, changes) = (step.cause, step.changes);
    let planned = Planned { before: &transfer, cause, changes, after, event, by: None };
    if write_steps(tx, &[planned], now).await?.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!("transfer {id} is on hold without it")))
}

/// Gives the refund of money that is gone up, if nobody has taken it up, and tells what becomes of it.
async fn stop_refund(
    conn: &mut Conn<'_>,
    key: &IncomingKey,
    why: &str,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let args = [Arg::Text(&key.source), Arg::Text(&key.incoming_id)];
    if let Some(row) = conn.row(STOPPABLE, &args).await? {
        let id = row.text("refund_id")?;
        let then = format!("its refund {id} is not made");
        end_refunds(conn, &[(id, RefundEnd::Failed { reason: why.to_owned() })], now).await?;
        return Ok(then);
    }
    let Some(row) = conn.row(NOT_FAILED, &args).await? else {
        return Ok("it was nobody's".to_owned());
    };
    Ok(format!(
        "its refund {} is {}, and is not stopped",
        row.text("refund_id")?,
        row.text("status")?
    ))
}
