//! Moving transfers.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::refunds::ends::{RefundEnd, end_refunds};
use super::refunds::insert_refunds;
use super::rows::{maybe_kept, time_json};
use super::trail::{Reached, write_trail};
use super::{write_postgres, write_sqlite};
use crate::engine::NewRefund;
use crate::engine::books::{Entry, entries_of_step};
use crate::engine::{
    Actor, Cause, Changes, Event, Step, Transfer, TransferStatus, legal, moved_event,
};
use crate::store::books::post::post;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{At, Conn, Sql, Tx, in_time};
use crate::store::memory::alerts;
use crate::store::outbox::audit;
use crate::store::{By, Deed, Lease, Store, StoreError};

/// A transfer that stays where it is, and is looked at later.
#[derive(Debug, Clone, PartialEq)]
pub struct Postponed {
    /// The transfer.
    pub transfer_id: String,
    /// Its version, as it was read.
    pub version: i64,
    /// Not to be looked at before.
    pub not_before: DateTime<Utc>,
    /// Why it stands where it stands.
    pub message: Option<String>,
    /// Whether it was looked at, and nothing had changed: then the next look is the later. One that waits for something else
    /// than its own has lost nothing by that.
    pub counts: bool,
}

/// A step, and what it makes.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) before: &'a Transfer,
    pub(super) cause: Cause,
    /// What is new beside what every step writes.
    pub(super) changes: Changes,
    pub(super) after: Transfer,
    pub(super) event: Event,
    /// The operator whose move it is.
    pub(super) by: Option<String>,
}

const POSTPONE: Sql = Sql::Each {
    sqlite: "UPDATE transfers SET not_before = p.value ->> 'not_before', message = p.value ->> 'message', \
                 attempts = attempts + (p.value ->> 'counts') FROM json_each($1) p \
             WHERE transfers.transfer_id = p.value ->> 'id' AND transfers.version = p.value ->> 'version'",
    postgres: "UPDATE transfers t SET not_before = p.not_before, message = p.message, attempts = t.attempts + p.counts \
               FROM jsonb_to_recordset($1) AS p (id text, version bigint, not_before timestamptz, message text, counts bigint) \
               WHERE t.transfer_id = p.id AND t.version = p.version",
};

/// What a step changes is written, and what it does not change stays: but money that was taken back is there no more.
const FORGET_MONEY: &str =
    "UPDATE transfers SET amount_in = NULL, from_address = NULL WHERE transfer_id = $1";

impl Store {
    /// Makes steps, each with its history and its event, and tells the ids of the transfers that moved. A transfer
    /// that was moved since it was read, or whose payout has begun or ended, does not move. A step that sends money
    /// back begins one of `refunds`.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if a step is illegal, is not this actor's, has no refund where it needs one, or stands
    /// here twice: nothing is moved then; [`StoreError::LeaseLost`].
    pub async fn move_transfers<'b>(
        &self,
        by: impl Into<By<'b>>,
        steps: &[Step<'_>],
        refunds: &[NewRefund],
        now: DateTime<Utc>,
    ) -> Result<HashSet<String>, StoreError> {
        let by = by.into();
        let lease = by.lease();
        let mut planned = plan(lease, steps, now)?;
        if planned.is_empty() {
            return Ok(HashSet::new());
        }
        let refunds: Vec<&NewRefund> = refunds.iter().collect();
        expect_refunds(&planned, &refunds)?;
        if let Some(deed) = by.deed() {
            sign(&mut planned, deed);
        }
        let mut tx = self.begin(lease).await?;
        let moved = write_steps(&mut tx, &planned, now).await?;
        let name = by.deed().map(|deed| deed.operator.name.as_str());
        insert_refunds(&mut tx.conn(), &refunds, &moved, name, now).await?;
        if let Some(deed) = by.deed() {
            write_deeds(&mut tx.conn(), deed, &planned, &moved, now).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// Notes that transfers stay where they are, and are looked at later. That is no move: it has no history.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn postpone_transfers(
        &self,
        lease: &Lease,
        postponed: &[Postponed],
    ) -> Result<(), StoreError> {
        if postponed.is_empty() {
            return Ok(());
        }
        let row = |one: &Postponed| json!({ "id": one.transfer_id, "version": one.version, "not_before": time_json(Some(one.not_before)), "message": maybe_kept(one.message.as_ref()), "counts": i64::from(one.counts) });
        let rows: Vec<_> = postponed.iter().map(row).collect();
        let mut tx = self.begin_quiet(lease).await?;
        tx.conn().execute(POSTPONE, &[Arg::Json(json!(rows).to_string())]).await?;
        tx.commit().await
    }
}

/// Stops a transfer whose payment is no longer what was approved. False if something of it is under way, or it is over.
pub(in crate::store) async fn stop_void(
    tx: &mut Tx,
    transfer: &Transfer,
    why: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let step = Step::new(transfer, TransferStatus::OnHold, Cause::DecisionVoid).because(why);
    if transfer.payout_id.is_some() || transfer.is_refunding() {
        return Ok(false);
    }
    let Ok(after) = step.taken(stored_time(now)) else { return Ok(false) };
    let event = moved_event(transfer.status, step.cause, &after, None);
    let (cause, changes) = (step.cause, step.changes);
    let planned = Planned { before: transfer, cause, changes, after, event, by: None };
    Ok(!write_steps(tx, &[planned], now).await?.is_empty())
}

/// Puts the operator's name on steps, for the history and the events.
pub(super) fn sign(planned: &mut [Planned<'_>], deed: &Deed) {
    let name = &deed.operator.name;
    for step in planned {
        step.event = moved_event(step.before.status, step.cause, &step.after, Some(name));
        step.by = Some(name.clone());
    }
}

/// Writes down what an operator did by the steps that were made.
pub(super) async fn write_deeds(
    conn: &mut Conn<'_>,
    deed: &Deed,
    planned: &[Planned<'_>],
    moved: &HashSet<String>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for step in planned.iter().filter(|step| moved.contains(&step.after.transfer_id)) {
        let after = &step.after;
        let details = json!({
            "was": step.before.status.as_str(),
            "status": after.status.as_str(),
            "version": after.version,
            "refund_id": after.refund_id,
            "beneficiary": step.changes.beneficiary.as_deref().map(raw),
            "beneficiary_was": step.changes.beneficiary.as_ref().and(step.before.beneficiary.as_deref()).map(raw),
        });
        let about = format!("transfer/{}", after.transfer_id);
        audit::write(conn, deed, step.cause.action(), &about, &details, now).await?;
    }
    Ok(())
}

/// A beneficiary as JSON, or as the text that it is.
fn raw(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

/// Looks at steps before the database does: whether each is in the table, and is for whoever makes it.
pub(super) fn plan<'a>(
    lease: Option<&Lease>,
    steps: &[Step<'a>],
    now: DateTime<Utc>,
) -> Result<Vec<Planned<'a>>, StoreError> {
    let refused = |text: String| Err(StoreError::Refused(text));
    let mut seen = HashSet::with_capacity(steps.len());
    let mut planned = Vec::with_capacity(steps.len());
    for step in steps {
        let before = step.transfer;
        let id = &before.transfer_id;
        if !seen.insert(id.as_str()) {
            return refused(format!("transfer {id} cannot make two steps at once"));
        }
        let by = match legal(before.kind, before.status, step.to, step.cause) {
            Ok(by) => by,
            Err(illegal) => return refused(format!("transfer {id}: {illegal}")),
        };
        let mover = lease.map_or(Actor::Operator, |lease| Actor::Poller(lease.scope.poller));
        if by != mover {
            return refused(format!(
                "transfer {id}: {} is for {by} to say, not for {mover}",
                step.cause
            ));
        }
        let is_busy = before.payout_id.is_some() || before.is_refunding();
        if by == Actor::Operator && is_busy && step.cause != Cause::Resolved {
            return refused(format!(
                "transfer {id} has a payout or a refund under way: wait for it, or resolve it"
            ));
        }
        match step.taken(stored_time(now)) {
            Ok(after) => {
                let event = moved_event(before.status, step.cause, &after, None);
                let changes = step.changes.clone();
                let cause = step.cause;
                planned.push(Planned { before, cause, changes, after, event, by: None });
            }
            Err(illegal) => return refused(format!("transfer {id}: {illegal}")),
        }
    }
    Ok(planned)
}

/// A transfer that refers to a refund must have it.
pub(super) fn expect_refunds(
    planned: &[Planned<'_>],
    refunds: &[&NewRefund],
) -> Result<(), StoreError> {
    for step in planned {
        if !matches!(step.cause, Cause::ArrivalReturned | Cause::RefundDecided) {
            continue;
        }
        let needs = step.after.refund_id.as_ref();
        let id = &step.after.transfer_id;
        let has = |refund: &&NewRefund| {
            Some(&refund.refund_id) == needs && refund.transfer_id.as_ref() == Some(id)
        };
        if !refunds.iter().any(has) {
            return Err(StoreError::Refused(format!("the step of transfer {id} lacks its refund")));
        }
    }
    Ok(())
}

/// Makes steps in a transaction that somebody else commits.
pub(super) async fn write_steps(
    tx: &mut Tx,
    planned: &[Planned<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<String>, StoreError> {
    if planned.is_empty() {
        return Ok(HashSet::new());
    }
    // A row that is not as it was read does not move, and nothing is told of it. What is done before the turn to write
    // history and events is taken, several writers do at once.
    let moved = match tx.conn().at() {
        At::Sqlite(conn) => in_time(write_sqlite::write(conn, planned)).await?,
        At::Postgres(conn) => in_time(write_postgres::write(conn, planned)).await?,
    };
    let is_gone = |step: &&Planned<'_>| {
        step.cause == Cause::ArrivalReversed && moved.contains(&step.after.transfer_id)
    };
    for step in planned.iter().filter(is_gone) {
        tx.conn().execute(FORGET_MONEY, &[Arg::Text(&step.after.transfer_id)]).await?;
    }
    let done = planned.iter().filter(|step| moved.contains(&step.after.transfer_id));
    let reached: Vec<Reached<'_>> = done.map(reached).collect();
    write_trail(&mut tx.conn(), &reached, now).await?;
    let done = planned.iter().filter(|step| moved.contains(&step.after.transfer_id));
    let entries: Vec<Entry> = done
        .flat_map(|step| entries_of_step(Some(step.before), &step.after, Some(step.cause)))
        .collect();
    post(&mut tx.conn(), &entries).await?;
    let ends: Vec<_> = planned
        .iter()
        .filter(|step| moved.contains(&step.after.transfer_id))
        .filter_map(refund_end)
        .collect();
    end_refunds(&mut tx.conn(), &ends, now).await?;
    let pairs = planned.iter().filter(|step| moved.contains(&step.after.transfer_id));
    let pairs = pairs.map(|step| (step.before, &step.after));
    alerts::retell_transfers(&mut tx.conn(), pairs, now).await?;
    Ok(moved)
}

/// A refund ends with the step that says so.
fn refund_end(step: &Planned<'_>) -> Option<(String, RefundEnd)> {
    let id = step.before.refund_id.clone()?;
    let end = if step.after.status == TransferStatus::Refunded {
        let place = if step.before.kind.is_deposit() {
            &step.after.rail_reference
        } else {
            &step.after.network_reference
        };
        RefundEnd::Done { reference: place.clone() }
    } else if matches!(step.cause, Cause::RefundFailed | Cause::ArrivalReversed) {
        RefundEnd::Failed { reason: step.after.told().unwrap_or_default().into_owned() }
    } else {
        return None;
    };
    Some((id, end))
}

fn reached<'a>(step: &'a Planned<'_>) -> Reached<'a> {
    Reached {
        was: Some(step.before.status),
        after: &step.after,
        source: step.cause.as_str(),
        event: &step.event,
        by: step.by.as_deref(),
    }
}
