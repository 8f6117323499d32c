//! Money that goes back.

pub(super) mod ends;
mod unsent;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rows::{amount_json, kept, maybe_kept, memo_from};
use super::trail::write_events;
use crate::engine::{Event, EventType, Memo, NewRefund, Poller, Refund};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::{Lease, LookKind, Scope, Store, StoreError};

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO refunds (refund_id, transfer_id, source, incoming_id, place, amount, asset, destination, memo_type, memo, \
                 beneficiary, status, reason, not_before, created_at, decided_by) \
             SELECT value ->> 'refund_id', value ->> 'transfer_id', value ->> 'source', value ->> 'incoming_id', \
                 value ->> 'place', value ->> 'amount', value ->> 'asset', value ->> 'destination', value ->> 'memo_type', \
                 value ->> 'memo', value ->> 'beneficiary', 'open', value ->> 'reason', $2, $2, $3 FROM json_each($1)",
    postgres: "INSERT INTO refunds (refund_id, transfer_id, source, incoming_id, place, amount, asset, destination, memo_type, \
                   memo, beneficiary, status, reason, not_before, created_at, decided_by) \
               SELECT r.refund_id, r.transfer_id, r.source, r.incoming_id, r.place, r.amount, r.asset, r.destination, \
                   r.memo_type, r.memo, CAST(r.beneficiary AS json), 'open', r.reason, $2, $2, $3 \
               FROM jsonb_to_recordset($1) AS r (refund_id text, transfer_id text, source text, incoming_id text, place text, \
                   amount numeric, asset text, destination text, memo_type text, memo text, beneficiary text, reason text)",
};

const BY_ID: Sql = sql!("SELECT * FROM refunds WHERE refund_id " among "$1");

const DECIDED: Sql = sql!(
    "SELECT transfer_id, count(*) AS n FROM refunds WHERE transfer_id " among "$1" " GROUP BY transfer_id"
);

const DUE: &str = "SELECT * FROM refunds WHERE place = $1 AND finished_at IS NULL AND under_way IS NULL AND not_before <= $2 \
                   ORDER BY created_at, refund_id LIMIT $3";

impl Store {
    /// Refunds that are to be made on the network `place`, oldest first. Those on a rail are among the claims.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn refunds_to_make(
        &self,
        place: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        let args = [Arg::Text(place), Arg::Time(now), Arg::Int(i64::from(limit))];
        self.db.rows(DUE, &args).await?.iter().map(refund_from).collect()
    }

    /// How many refunds of each of these transfers were decided on, whatever came of them. One without any is not named.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn refunds_decided(
        &self,
        transfer_ids: &[String],
    ) -> Result<HashMap<String, u32>, StoreError> {
        let mut decided = HashMap::new();
        if transfer_ids.is_empty() {
            return Ok(decided);
        }
        for row in self.db.rows(DECIDED, &[Arg::Texts(transfer_ids.to_vec())]).await? {
            decided.insert(row.text("transfer_id")?, number(&row)?);
        }
        // What was decided and forgotten counts: the same decision has the same name.
        let ids = transfer_ids.to_vec();
        for (id, (newest, _)) in self.found_by_looks(LookKind::Refund, ids).await? {
            let before = decided.entry(id).or_insert(0);
            *before = std::cmp::max(*before, newest.saturating_sub(1));
        }
        Ok(decided)
    }

    /// How many refunds of an incoming payment were decided on, whatever came of them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn refunds_of_incoming(
        &self,
        source: &str,
        incoming_id: &str,
    ) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) AS n FROM refunds \
                   WHERE incoming_id = $2 AND source = $1 AND incoming_id IS NOT NULL";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(incoming_id)]).await?;
        rows.first().map_or(Ok(0), number)
    }

    /// The refund with this id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn refund(&self, refund_id: &str) -> Result<Option<Refund>, StoreError> {
        let args = [Arg::Texts(vec![refund_id.to_owned()])];
        self.db.rows(BY_ID, &args).await?.first().map(refund_from).transpose()
    }

    /// Notes why a refund is not carried out yet, and when it is taken up again.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn postpone_refund(
        &self,
        lease: &Lease,
        refund_id: &str,
        message: &str,
        not_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE refunds SET message = $2, not_before = $3 \
                   WHERE refund_id = $1 AND finished_at IS NULL AND under_way IS NULL";
        let mut tx = self.begin_quiet(lease).await?;
        let args = [Arg::Text(refund_id), Arg::Text(message), Arg::Time(not_before)];
        tx.conn().execute(sql, &args).await?;
        tx.commit().await
    }
}

fn number(row: &Row) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.int("n")?).unwrap_or(u32::MAX))
}

/// Who has work with a refund: whoever pays at its place, which is a rail or a network.
fn at_work(refund: &NewRefund) -> [Scope; 2] {
    let at = |poller| Scope { poller, network: refund.place.clone() };
    [at(Poller::Outgoing), at(Poller::PendingDeposits)]
}

/// Writes down the refunds that belong to no transfer, or to one of `moved`, decided `by` an operator of this name if it
/// was one.
pub(in crate::store) async fn insert_refunds(
    conn: &mut Conn<'_>,
    refunds: &[&NewRefund],
    moved: &HashSet<String>,
    by: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_decided =
        |refund: &&&NewRefund| refund.transfer_id.as_ref().is_none_or(|id| moved.contains(id));
    let decided: Vec<&NewRefund> = refunds.iter().filter(is_decided).copied().collect();
    if decided.is_empty() {
        return Ok(());
    }
    if let Some(none) = decided.iter().find(|refund| refund.amount.is_zero()) {
        let whose = none.transfer_id.as_ref().or(none.incoming.as_ref().map(|(_, id)| id));
        return Err(StoreError::Refused(format!(
            "there is nothing to refund: what came for {} is nothing",
            whose.map_or("it", String::as_str)
        )));
    }
    let rows: Vec<Value> = decided.iter().map(|refund| row_of(refund)).collect();
    let now = stored_time(now);
    let args = [Arg::Json(json!(rows).to_string()), Arg::Time(now), Arg::MaybeText(by)];
    conn.execute(INSERT, &args).await?;
    conn.wake(decided.iter().flat_map(|refund| at_work(refund)).collect()).await?;
    let told = |refund: &&NewRefund| {
        Event::of(
            EventType::RefundCreated,
            format!("refund/{}", refund.refund_id),
            &json!({
                "refund_id": refund.refund_id,
                "transfer_id": refund.transfer_id,
                "place": refund.place,
                "amount": refund.amount.to_string(),
                "asset_id": refund.asset,
                "reason": refund.reason,
                "by": by,
            }),
            now,
        )
    };
    let events: Vec<Event> = decided.iter().map(told).collect();
    write_events(conn, &events).await
}

pub(super) async fn refunds_by_id(
    conn: &mut Conn<'_>,
    ids: Vec<String>,
) -> Result<HashMap<String, Refund>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = conn.rows(BY_ID, &[Arg::Texts(ids)]).await?;
    rows.iter()
        .map(|row| {
            let refund = refund_from(row)?;
            Ok((refund.refund_id.clone(), refund))
        })
        .collect()
}

pub(super) fn refund_from(row: &Row) -> Result<Refund, StoreError> {
    Ok(Refund {
        refund_id: row.text("refund_id")?,
        transfer_id: row.maybe_text("transfer_id")?,
        incoming: row.maybe_text("source")?.zip(row.maybe_text("incoming_id")?),
        place: row.text("place")?,
        amount: row.amount("amount")?,
        asset: row.text("asset")?,
        destination: row.maybe_text("destination")?,
        memo: memo_from(row)?,
        beneficiary: row.maybe_json_text("beneficiary")?,
        status: row.parsed("status")?,
        under_way: row.maybe_text("under_way")?,
        reason: row.text("reason")?,
        decided_by: row.maybe_text("decided_by")?,
        reference: row.maybe_text("reference")?,
        message: row.maybe_text("message")?,
        not_before: row.time("not_before")?,
        created_at: row.time("created_at")?,
        finished_at: row.maybe_time("finished_at")?,
    })
}

fn row_of(refund: &NewRefund) -> Value {
    let (source, incoming_id) = refund.incoming.clone().unzip();
    json!({
        "refund_id": refund.refund_id,
        "transfer_id": refund.transfer_id,
        "source": source,
        "incoming_id": incoming_id,
        "place": kept(&refund.place),
        "amount": amount_json(Some(&refund.amount)),
        "asset": kept(&refund.asset),
        "destination": maybe_kept(refund.destination.as_ref()),
        "memo_type": refund.memo.as_ref().map(|memo| memo.memo_type()),
        "memo": maybe_kept(refund.memo.as_ref().map(Memo::text).as_ref()),
        "beneficiary": maybe_kept(refund.beneficiary.as_ref()),
        "reason": kept(&refund.reason),
    })
}
