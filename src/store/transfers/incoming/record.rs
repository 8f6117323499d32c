//! Money that reached us: written down with what it does, and with the place up to which it was read.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::engine::NewRefund;
use crate::engine::{Event, EventType, Incoming, Match, Memo, MemoKey, Step, Transfer, iso};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::memory::alerts;
use crate::store::transfers::refunds::insert_refunds;
use crate::store::transfers::rows::{
    amount_json, kept, maybe_kept, memo_from, time_json, transfer_from,
};
use crate::store::transfers::steps::{expect_refunds, plan, write_steps};
use crate::store::transfers::trail::write_events;
use crate::store::{Lease, Store, StoreError};

/// An incoming payment, what it is, and what it does.
#[derive(Debug, Clone)]
pub struct NewIncoming<'a> {
    /// The payment.
    pub incoming: Incoming,
    /// What it is.
    pub verdict: Match,
    /// The step that its transfer makes.
    pub step: Option<Step<'a>>,
    /// The refund that begins with it.
    pub refund: Option<NewRefund>,
}

/// What came of writing incoming payments down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// All of them are on record, with all that they do, and the cursor. So many were new.
    Stored(usize),
    /// Nothing is: these transfers were moved by somebody else meanwhile, and must be read and matched again.
    Again(Vec<String>),
}

/// An incoming payment that is on record.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomingRow {
    /// The payment.
    pub incoming: Incoming,
    /// What it is: `matched`, `second`, `unknown_memo`, `wrong_asset` or `too_late`.
    pub verdict: String,
    /// The transfer that it is, or seems to be, for.
    pub transfer_id: Option<String>,
    /// What a person made of it: `assigned` or `refunded`.
    pub resolution: Option<String>,
    /// When we wrote it down.
    pub recorded_at: DateTime<Utc>,
}

const KNOWN: Sql =
    sql!("SELECT incoming_id FROM incoming WHERE source = $1 AND incoming_id " among "$2");

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO incoming (source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, muxed_id, \
                 reference, received_at, recorded_at, raw, verdict, claimant_kind, claimant_id) \
             SELECT value ->> 'source', value ->> 'id', value ->> 'account', value ->> 'from', value ->> 'amount', \
                 value ->> 'asset', value ->> 'memo_type', value ->> 'memo', value ->> 'subject', value ->> 'muxed_id', \
                 value ->> 'reference', value ->> 'at', $2, value ->> 'raw', value ->> 'verdict', \
                 CASE WHEN value ->> 'transfer_id' IS NOT NULL THEN 'transfer' END, value ->> 'transfer_id' \
             FROM json_each($1)",
    postgres: "INSERT INTO incoming (source, incoming_id, account, from_address, amount, asset, memo_type, memo, subject, \
                   muxed_id, reference, received_at, recorded_at, raw, verdict, claimant_kind, claimant_id) \
               SELECT r.source, r.id, r.account, r.from, r.amount, r.asset, r.memo_type, r.memo, r.subject, r.muxed_id, \
                   r.reference, r.at, $2, r.raw, r.verdict, \
                   CASE WHEN r.transfer_id IS NOT NULL THEN 'transfer' END, r.transfer_id \
               FROM jsonb_to_recordset($1) AS r (source text, id text, account text, \"from\" text, amount numeric, asset text, \
                   memo_type text, memo text, subject text, muxed_id text, reference text, at timestamptz, raw text, \
                   verdict text, transfer_id text)",
};

/// The account under which it is kept how far a rail's feed was read: a rail has one.
pub const FEED: &str = "";

const SAVE_CURSOR: &str = "INSERT INTO streams (source, account, cursor, read_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (source, account) DO UPDATE SET cursor = excluded.cursor, read_at = excluded.read_at";

/// In PostgreSQL each key is looked up by itself: see `known`.
const BY_MEMO: Sql = Sql::Each {
    sqlite: "SELECT t.* FROM json_each($1) k JOIN transfers t ON t.memo = k.value ->> 'memo' AND t.account = k.value ->> 'account' \
                 AND t.memo_type = k.value ->> 'memo_type'",
    postgres: "SELECT t.* FROM jsonb_to_recordset($1) AS k (account text, memo text, memo_type text) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE memo = k.memo AND account = k.account AND memo_type = k.memo_type OFFSET 0) t",
};

const BY_SUBJECT: Sql = Sql::Each {
    sqlite: "SELECT * FROM transfers WHERE rail = $1 AND comes_in = 'rail' AND subject_key IN (SELECT value FROM json_each($2))",
    postgres: "SELECT t.* FROM unnest($2::text[]) AS k (subject) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE subject_key = k.subject AND rail = $1 AND comes_in = 'rail' OFFSET 0) t",
};

impl Store {
    /// Up to where the incoming payments of `account` on `source` were read; none: from the beginning.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn stream_cursor(
        &self,
        source: &str,
        account: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT cursor FROM streams WHERE source = $1 AND account = $2";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(account)]).await?;
        rows.first().map(|row| row.text("cursor")).transpose()
    }

    /// Up to which ledger the incoming payments of `account` on `source` are known to be read, whether any came or not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn read_through(
        &self,
        source: &str,
        account: &str,
    ) -> Result<Option<u64>, StoreError> {
        let sql =
            "SELECT ledger FROM streams WHERE source = $1 AND account = $2 AND ledger IS NOT NULL";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(account)]).await?;
        rows.first().map(|row| row.count("ledger")).transpose()
    }

    /// Notes that all incoming payments of `account` on `source` up to this ledger are read. Nothing is noted of an account
    /// of which nothing was ever read, and no earlier ledger in place of a later one.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn note_read_through(
        &self,
        lease: &Lease,
        source: &str,
        account: &str,
        ledger: u64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE streams SET ledger = $3 WHERE source = $1 AND account = $2 AND coalesce(ledger, 0) < $3";
        let ledger = Arg::Int(i64::try_from(ledger).unwrap_or(i64::MAX));
        let mut tx = self.begin_quiet(lease).await?;
        tx.conn().execute(sql, &[Arg::Text(source), Arg::Text(account), ledger]).await?;
        tx.commit().await
    }

    /// The transfers that these keys lead to, whether they are over or not. Subjects are of the rail `source`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_for(
        &self,
        source: &str,
        keys: &[MemoKey],
    ) -> Result<Vec<Transfer>, StoreError> {
        let (mut memos, mut subjects) = (Vec::new(), Vec::new());
        for key in keys.iter().collect::<HashSet<_>>() {
            match key {
                MemoKey::Memo { account, memo } => memos.push(json!({
                    "account": kept(account), "memo": kept(&memo.text()), "memo_type": memo.memo_type(),
                })),
                MemoKey::Subject(subject) => subjects.push(subject.clone()),
            }
        }
        let mut rows = Vec::new();
        if !memos.is_empty() {
            rows.extend(self.db.rows(BY_MEMO, &[Arg::Json(json!(memos).to_string())]).await?);
        }
        if !subjects.is_empty() {
            let args = [Arg::Text(source), Arg::Texts(subjects)];
            rows.extend(self.db.rows(BY_SUBJECT, &args).await?);
        }
        rows.iter().map(transfer_from).collect()
    }

    /// Writes incoming payments of `account` on `source` down, with the steps and refunds that they make and the cursor
    /// up to which they were read: all of it, or nothing. What is on record already is passed over, with what it would do.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`]; [`StoreError::LeaseLost`].
    pub async fn record_incoming(
        &self,
        lease: &Lease,
        source: &str,
        account: &str,
        rows: &[NewIncoming<'_>],
        cursor: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Recorded, StoreError> {
        let now = stored_time(now);
        let mut tx = self.begin(Some(lease)).await?;
        let fresh = not_known(&mut tx.conn(), source, rows).await?;
        let steps: Vec<Step<'_>> = fresh.iter().filter_map(|row| row.step.clone()).collect();
        let refunds: Vec<&NewRefund> = fresh.iter().filter_map(|row| row.refund.as_ref()).collect();
        let planned = plan(Some(lease), &steps, now)?;
        expect_refunds(&planned, &refunds)?;
        if !fresh.is_empty() {
            insert(&mut tx.conn(), lease, &fresh, now).await?;
        }
        let moved = write_steps(&mut tx, &planned, now).await?;
        if moved.len() < planned.len() {
            let ids = planned.iter().map(|step| step.after.transfer_id.clone());
            return Ok(Recorded::Again(ids.filter(|id| !moved.contains(id)).collect()));
        }
        insert_refunds(&mut tx.conn(), &refunds, &moved, None, now).await?;
        if let Some(cursor) = cursor {
            let args = [Arg::Text(source), Arg::Text(account), Arg::Text(cursor), Arg::Time(now)];
            tx.conn().execute(SAVE_CURSOR, &args).await?;
        }
        tx.commit().await?;
        Ok(Recorded::Stored(fresh.len()))
    }

    /// One incoming payment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn incoming_with_id(
        &self,
        source: &str,
        incoming_id: &str,
    ) -> Result<Option<IncomingRow>, StoreError> {
        let sql = "SELECT * FROM incoming WHERE source = $1 AND incoming_id = $2";
        let rows = self.db.rows(sql, &[Arg::Text(source), Arg::Text(incoming_id)]).await?;
        rows.first().map(incoming_from).transpose()
    }
}

/// The rows that are not on record.
async fn not_known<'r, 'a>(
    conn: &mut Conn<'_>,
    source: &str,
    rows: &'r [NewIncoming<'a>],
) -> Result<Vec<&'r NewIncoming<'a>>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.incoming.incoming_id.clone()).collect();
    let mut known = HashSet::new();
    for row in conn.rows(KNOWN, &[Arg::Text(source), Arg::Texts(ids)]).await? {
        known.insert(row.text("incoming_id")?);
    }
    // A page may bring one payment twice.
    Ok(rows.iter().filter(|row| known.insert(row.incoming.incoming_id.clone())).collect())
}

async fn insert(
    conn: &mut Conn<'_>,
    lease: &Lease,
    fresh: &[&NewIncoming<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let rows: Vec<Value> = fresh.iter().map(|row| row_of(row)).collect();
    conn.execute(INSERT, &[Arg::Json(json!(rows).to_string()), Arg::Time(now)]).await?;
    let events: Vec<Event> = fresh.iter().map(|row| event_of(row, now)).collect();
    write_events(conn, &events).await?;
    let is_unmatched = |row: &&&NewIncoming<'_>| !matches!(row.verdict, Match::Matched(_));
    if let Some(row) = fresh.iter().find(is_unmatched) {
        let poller = Some(lease.scope.poller);
        alerts::retell_incoming(conn, &row.incoming.source, poller, now).await?;
    }
    Ok(())
}

fn row_of(row: &NewIncoming<'_>) -> Value {
    let incoming = &row.incoming;
    json!({
        "source": kept(&incoming.source),
        "id": kept(&incoming.incoming_id),
        "account": kept(&incoming.account),
        "from": maybe_kept(incoming.from.as_ref()),
        "amount": amount_json(Some(&incoming.amount)),
        "asset": kept(&incoming.asset),
        "memo_type": incoming.memo.as_ref().map(Memo::memo_type),
        "memo": maybe_kept(incoming.memo.as_ref().map(Memo::text).as_ref()),
        "subject": maybe_kept(incoming.subject.as_ref()),
        "muxed_id": incoming.muxed_id.map(|id| id.to_string()),
        "reference": kept(&incoming.reference),
        "at": time_json(Some(incoming.at)),
        "raw": kept(&incoming.raw),
        "verdict": row.verdict.as_str(),
        "transfer_id": row.verdict.transfer_id(),
    })
}

fn event_of(row: &NewIncoming<'_>, now: DateTime<Utc>) -> Event {
    let incoming = &row.incoming;
    Event::of(
        EventType::IncomingRecorded,
        format!("incoming/{}/{}", incoming.source, incoming.incoming_id),
        &json!({
            "place": incoming.source,
            "incoming_id": incoming.incoming_id,
            "account": incoming.account,
            "amount": incoming.amount.to_string(),
            "asset_id": incoming.asset,
            "reference": incoming.reference,
            "received_at": iso(incoming.at),
            "verdict": row.verdict.as_str(),
            "transfer_id": row.verdict.transfer_id(),
        }),
        now,
    )
}

pub(in crate::store) fn incoming_from(row: &Row) -> Result<IncomingRow, StoreError> {
    Ok(IncomingRow {
        incoming: Incoming {
            incoming_id: row.text("incoming_id")?,
            source: row.text("source")?,
            account: row.text("account")?,
            from: row.maybe_text("from_address")?,
            amount: row.amount("amount")?,
            asset: row.text("asset")?,
            memo: memo_from(row)?,
            subject: row.maybe_text("subject")?,
            fee: None,
            muxed_id: row.maybe_parsed("muxed_id")?,
            reference: row.text("reference")?,
            at: row.time("received_at")?,
            raw: row.text("raw")?,
        },
        verdict: row.text("verdict")?,
        transfer_id: row.maybe_text("transfer_id")?,
        resolution: row.maybe_text("resolution")?,
        recorded_at: row.time("recorded_at")?,
    })
}
