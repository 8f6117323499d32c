//! Which conditions stand at a place, as far as the database tells.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::set::{is_news, open_at, set};
use super::to_review::to_review;
use super::undecided::{nearest, undecided};
use crate::engine::{
    Alert, AlertName, PaymentState, Poller, SweepOutcome, Transfer, TransferStatus, coded,
    comes_near,
};
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Sql};
use crate::store::memory::ahead::runs;
use crate::store::{FEED, Lease, Scope, Store, StoreError};

/// More things than this are not counted: nobody goes through them one by one.
pub(super) const COUNTED_MAX: i64 = 1_000;

/// The conditions of one name that stand; none of them: it is over.
pub type FoundAlerts = (AlertName, Vec<Alert>);

/// How the newest sweep of each worker that lives ended. One that was told to stop says nothing of its place.
const LAST_SWEEPS: Sql = Sql::Each {
    sqlite: concat!(
        "SELECT s.outcome, s.error FROM leases l JOIN sweeps s ON s.sweep_id = \
                 (SELECT sweep_id FROM sweeps WHERE poller = l.poller AND network = l.network \
                    AND outcome NOT IN ('stopped', 'lease_lost') ORDER BY sweep_id DESC LIMIT 1) \
             WHERE l.poller = $1 AND (l.network = $2 OR substr(l.network, 1, length($2) + 1) = $2 || '#') \
               AND ",
        runs!(sqlite, "l."),
        " ORDER BY l.network"
    ),
    postgres: concat!(
        "SELECT s.outcome, s.error FROM leases l JOIN sweeps s ON s.sweep_id = \
                   (SELECT sweep_id FROM sweeps WHERE poller = l.poller AND network = l.network \
                      AND outcome NOT IN ('stopped', 'lease_lost') ORDER BY sweep_id DESC LIMIT 1) \
               WHERE l.poller = $1 AND (l.network = $2 OR starts_with(l.network, $2 || '#')) \
                 AND ",
        runs!(postgres, "l."),
        " ORDER BY l.network"
    ),
};

const SET_ASIDE: &str = "SELECT payment_id, reason, (SELECT count(*) FROM quarantine \
        WHERE network = $1 AND poller = $2 AND resolved_at IS NULL) AS n FROM quarantine \
    WHERE network = $1 AND poller = $2 AND resolved_at IS NULL ORDER BY quarantine_id DESC LIMIT 1";

const UNMATCHED: &str = "SELECT incoming_id, amount, asset, verdict, (SELECT count(*) FROM (SELECT 1 AS one FROM incoming \
        WHERE source = $1 AND verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed' AND claimant_shop IS NULL LIMIT $2) AS them) AS n FROM incoming \
    WHERE source = $1 AND verdict NOT IN ('matched', 'credit') AND resolution IS NULL AND status = 'confirmed' AND claimant_shop IS NULL \
    ORDER BY received_at DESC, incoming_id DESC LIMIT 1";

const ON_HOLD: &str = "SELECT transfer_id, message, reason_code, deadline, created_at, amount_in FROM transfers \
    WHERE rail = $1 AND status = 'on_hold' AND comes_in = $2 AND completed_at IS NULL \
    ORDER BY created_at, transfer_id LIMIT $3";

const FAILED: &str = "SELECT transfer_id, amount_in, asset, message, reason_code, (SELECT count(*) FROM (SELECT 1 AS one FROM transfers \
        WHERE rail = $1 AND comes_in = $2 AND status = 'error' AND amount_in IS NOT NULL LIMIT $3) AS them) AS n \
    FROM transfers WHERE rail = $1 AND comes_in = $2 AND status = 'error' AND amount_in IS NOT NULL \
    ORDER BY created_at, transfer_id LIMIT 1";

/// Refunds after whose failure nobody has decided anything.
const REFUNDS: &str = "SELECT r.refund_id, r.transfer_id, r.incoming_id, r.message FROM refunds r \
    WHERE r.place = $1 AND r.status = 'failed' AND (EXISTS (SELECT 1 FROM transfers t \
            WHERE t.transfer_id = r.transfer_id AND t.status = 'on_hold' AND t.refund_id IS NULL) \
        OR EXISTS (SELECT 1 FROM incoming i WHERE i.incoming_id = r.incoming_id AND i.source = r.source \
            AND i.status = 'confirmed' AND coalesce(i.resolution, '') <> 'assigned' AND NOT EXISTS (SELECT 1 FROM refunds o \
                WHERE o.incoming_id = r.incoming_id AND o.source = r.source AND o.status <> 'failed'))) \
    ORDER BY r.created_at DESC, r.refund_id LIMIT $2";

impl Store {
    /// Which conditions stand now at the place of `scope`, as far as the database tells. Others are not known here.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn conditions_at(
        &self,
        scope: &Scope,
        states: &[PaymentState],
        now: DateTime<Utc>,
    ) -> Result<Vec<FoundAlerts>, StoreError> {
        conditions(&mut self.db.reader().await?.conn(), scope, states, now).await
    }

    /// Derives anew which conditions stand at the place of `lease`, and brings its alerts to that. Payments in `states` are
    /// the poller's own. What is as it was is not written.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn tell_conditions(
        &self,
        lease: &Lease,
        states: &[PaymentState],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let scope = &lease.scope;
        let mut reader = self.db.reader().await?;
        let found = conditions(&mut reader.conn(), scope, states, now).await?;
        let open = open_at(&mut reader.conn(), scope).await?;
        drop(reader);
        if !found.iter().any(|(name, standing)| is_news(&open, *name, standing)) {
            return Ok(());
        }
        // Another worker may be at the same: what it has written since is looked at again, in turn.
        let mut tx = self.begin(Some(lease)).await?;
        let conn = &mut tx.conn();
        for (name, standing) in conditions(conn, scope, states, now).await? {
            set(conn, scope, name, &standing, now).await?;
        }
        tx.commit().await
    }
}

/// Every condition that the poller of `scope` owns.
async fn conditions(
    conn: &mut Conn<'_>,
    scope: &Scope,
    states: &[PaymentState],
    now: DateTime<Utc>,
) -> Result<Vec<FoundAlerts>, StoreError> {
    let mut found = failures(conn, scope).await?;
    match scope.poller {
        Poller::Accepted
        | Poller::Locked
        | Poller::Executed
        | Poller::Completed
        | Poller::Failed
        | Poller::Returned => {
            found.push(set_aside(conn, scope).await?);
            found.push(undecided(conn, scope, states, now).await?);
        }
        Poller::PendingDeposits => {
            found.push(set_aside(conn, scope).await?);
            // What comes in on a network is told by `watch`; here only by rails that tell of all that comes.
            if has_feed(conn, scope.place()).await? {
                found.push(unmatched(conn, scope.place()).await?);
            }
            found.extend(of_transfers(conn, scope, now).await?);
            found.push(refunds(conn, scope.place()).await?);
        }
        Poller::Outgoing => {
            found.extend(of_transfers(conn, scope, now).await?);
            found.push(refunds(conn, scope.place()).await?);
        }
        Poller::Watch => {
            found.push(set_aside(conn, scope).await?);
            found.push(unmatched(conn, scope.place()).await?);
        }
        Poller::Orders => found.push(to_review(conn, scope.place()).await?),
    }
    Ok(found)
}

/// What the newest sweeps at the place failed of. While any worker's fails, the place's alert stands.
async fn failures(conn: &mut Conn<'_>, scope: &Scope) -> Result<Vec<FoundAlerts>, StoreError> {
    let args = [Arg::Text(scope.poller.name()), Arg::Text(scope.place())];
    let ends =
        conn.rows(LAST_SWEEPS, &args).await?.iter().map(end_from).collect::<Result<Vec<_>, _>>()?;
    let standing = |name: AlertName| {
        let failed = ends.iter().find(|(outcome, _)| outcome.alert() == Some(name));
        failed.map(|(_, why)| Alert::of(name, why.clone())).into_iter().collect()
    };
    let own = AlertName::SweepFailed;
    // Who could not read our own database has learned nothing of the place.
    let is_told = ends.iter().any(|(outcome, _)| outcome.alert() != Some(own));
    let names = if is_told { SweepOutcome::ALERTS } else { &[own] };
    Ok(names.iter().map(|name| (*name, standing(*name))).collect())
}

fn end_from(row: &Row) -> Result<(SweepOutcome, String), StoreError> {
    let outcome: SweepOutcome = row.parsed("outcome")?;
    let why = row.maybe_text("error")?;
    Ok((outcome, why.unwrap_or_else(|| outcome.to_string())))
}

async fn set_aside(conn: &mut Conn<'_>, scope: &Scope) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::Quarantined;
    let args = [Arg::Text(scope.place()), Arg::Text(scope.poller.name())];
    let Some(row) = conn.row(SET_ASIDE, &args).await? else { return Ok((name, Vec::new())) };
    let id = row.maybe_text("payment_id")?;
    let (id, reason) = (id.as_deref().unwrap_or("?"), row.text("reason")?);
    let detail = format!("the newest is {id}: {reason}");
    Ok((name, vec![Alert::of(name, detail).counting(row.count("n")?)]))
}

/// Whether the place is a rail that tells of money that nobody waits for, as far as was read of it.
async fn has_feed(conn: &mut Conn<'_>, place: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM streams WHERE source = $1 AND account = $2";
    Ok(conn.row(sql, &[Arg::Text(place), Arg::Text(FEED)]).await?.is_some())
}

async fn unmatched(conn: &mut Conn<'_>, source: &str) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::IncomingUnmatched;
    let args = [Arg::Text(source), Arg::Int(COUNTED_MAX)];
    let Some(row) = conn.row(UNMATCHED, &args).await? else { return Ok((name, Vec::new())) };
    let (id, amount) = (row.text("incoming_id")?, row.amount("amount")?);
    let (asset, verdict) = (row.text("asset")?, row.text("verdict")?);
    let detail = format!("the newest is {id}: {amount} {asset}, {verdict}");
    Ok((name, vec![Alert::of(name, detail).counting(row.count("n")?)]))
}

/// The transfers of a rail that wait for a person, or hold money that is to go back. Each is of one poller at its rail:
/// what comes in there is told by `pending-deposits`, what goes out there by `outgoing`.
async fn of_transfers(
    conn: &mut Conn<'_>,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<FoundAlerts>, StoreError> {
    let comes_in = if scope.poller == Poller::Outgoing { "network" } else { "rail" };
    let args = [Arg::Text(scope.place()), Arg::Text(comes_in), Arg::Int(COUNTED_MAX)];
    let held = conn.rows(ON_HOLD, &args).await?;
    let failed = conn.row(FAILED, &args).await?;
    Ok(vec![on_hold(&held)?, due(&held, now)?, failed_from(failed.as_ref())?])
}

fn on_hold(held: &[Row]) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::TransferOnHold;
    let Some(oldest) = held.first() else { return Ok((name, Vec::new())) };
    let (id, why) = (oldest.text("transfer_id")?, why(oldest)?);
    let why = why.as_deref().unwrap_or("it waits for a person");
    let detail = format!("the oldest is {id}: {why}");
    Ok((name, vec![Alert::of(name, detail).counting(counted(held))]))
}

/// Transfers on hold whose deadline comes near.
fn due(held: &[Row], now: DateTime<Utc>) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::DecisionDue;
    let mut near = Vec::new();
    for row in held {
        let Some(deadline) = row.maybe_time("deadline")? else { continue };
        if row.maybe_amount("amount_in")?.is_none()
            && comes_near(row.time("created_at")?, deadline, now)
        {
            near.push((deadline, row.text("transfer_id")?));
        }
    }
    Ok((name, near.iter().min().map(|first| nearest(first, near.len())).into_iter().collect()))
}

/// Why a transfer stands where it stands.
fn why(row: &Row) -> Result<Option<String>, StoreError> {
    let (code, text) = (row.maybe_text("reason_code")?, row.maybe_text("message")?);
    Ok(coded(code.as_deref(), text.as_deref()).map(Cow::into_owned))
}

fn failed_from(row: Option<&Row>) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::TransferFailed;
    let Some(row) = row else { return Ok((name, Vec::new())) };
    let (id, asset) = (row.text("transfer_id")?, row.text("asset")?);
    let (amount, why) = (row.amount("amount_in")?, why(row)?);
    let why = why.as_deref().unwrap_or("it was not paid out");
    let detail = format!("the oldest is {id}: {amount} {asset} came in, and: {why}");
    Ok((name, vec![Alert::of(name, detail).counting(row.count("n")?)]))
}

async fn refunds(conn: &mut Conn<'_>, place: &str) -> Result<FoundAlerts, StoreError> {
    let name = AlertName::RefundFailed;
    let rows = conn.rows(REFUNDS, &[Arg::Text(place), Arg::Int(COUNTED_MAX)]).await?;
    let mut whose = BTreeSet::new();
    for row in &rows {
        whose.insert((row.maybe_text("transfer_id")?, row.maybe_text("incoming_id")?));
    }
    let Some(newest) = rows.first() else { return Ok((name, Vec::new())) };
    let (id, why) = (newest.text("refund_id")?, newest.maybe_text("message")?);
    let why = why.as_deref().unwrap_or("it could not be made");
    let (see, of) = match newest.maybe_text("transfer_id")? {
        Some(transfer) => (format!("railpoll transfers explain {transfer}"), transfer),
        None => (
            "railpoll transfers incoming list --all".to_owned(),
            newest.maybe_text("incoming_id")?.unwrap_or_default(),
        ),
    };
    let detail = format!("the newest is {id}, of {of}: {why}; see `{see}`");
    Ok((name, vec![Alert::of(name, detail).counting(counted(&whose))]))
}

pub(super) fn counted<'a, T: 'a>(things: impl IntoIterator<Item = &'a T>) -> u64 {
    things.into_iter().fold(0, |count, _| count + 1)
}

/// Tells anew of the rows that are set aside, of `poller` or of every poller whose alert stands.
pub(in crate::store) async fn retell_quarantine(
    conn: &mut Conn<'_>,
    place: &str,
    poller: Option<Poller>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for scope in owners(conn, AlertName::Quarantined, place, poller).await? {
        let (name, standing) = set_aside(conn, &scope).await?;
        set(conn, &scope, name, &standing, now).await?;
    }
    Ok(())
}

/// Tells anew of the money that belongs to nothing, for `poller` or for every poller whose alert stands.
pub(in crate::store) async fn retell_incoming(
    conn: &mut Conn<'_>,
    source: &str,
    poller: Option<Poller>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for scope in owners(conn, AlertName::IncomingUnmatched, source, poller).await? {
        let (name, standing) = unmatched(conn, source).await?;
        set(conn, &scope, name, &standing, now).await?;
    }
    Ok(())
}

/// Tells anew of the transfers that wait for a person, or hold money that is to go back, where one of these began or ceased
/// to: pairs of before and after.
pub(in crate::store) async fn retell_transfers<'t>(
    conn: &mut Conn<'_>,
    moved: impl Iterator<Item = (&'t Transfer, &'t Transfer)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let waits =
        |one: &Transfer| matches!(one.status, TransferStatus::OnHold | TransferStatus::Error);
    let scopes: BTreeSet<Scope> = moved
        .filter(|(before, after)| waits(before) || waits(after))
        .map(|(_, after)| {
            let deposit = after.kind.is_deposit();
            let poller = if deposit { Poller::PendingDeposits } else { Poller::Outgoing };
            Scope { poller, network: after.rail.clone() }
        })
        .collect();
    for scope in &scopes {
        for (name, standing) in of_transfers(conn, scope, now).await? {
            set(conn, scope, name, &standing, now).await?;
        }
    }
    Ok(())
}

/// Tells anew of the refunds that could not be made, for the poller that makes them.
pub(in crate::store) async fn retell_refunds(
    conn: &mut Conn<'_>,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (name, standing) = refunds(conn, scope.place()).await?;
    set(conn, scope, name, &standing, now).await
}

/// `poller` at `place`, or every poller whose alert of this name stands there.
async fn owners(
    conn: &mut Conn<'_>,
    name: AlertName,
    place: &str,
    poller: Option<Poller>,
) -> Result<Vec<Scope>, StoreError> {
    let of = |poller| Scope { poller, network: place.to_owned() };
    if let Some(poller) = poller {
        return Ok(vec![of(poller)]);
    }
    let sql = "SELECT poller FROM alerts WHERE name = $1 AND network = $2 AND ended_at IS NULL";
    let args = [Arg::Text(name.as_str()), Arg::Text(place)];
    conn.rows(sql, &args).await?.iter().map(|row| row.parsed("poller").map(of)).collect()
}
