//! Money that reached us: written down with what it does, and with the place up to which it was read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::for_orders::for_orders;
use super::row::{IncomingRow, incoming_from};
use super::told::Facts;
use super::{advance, streams};
use crate::engine::books::{Entry, Occasion, unmatched};
use crate::engine::order::SeenMoney;
use crate::engine::{
    Alert, AlertName, Claimant, Event, Incoming, IncomingKind, IncomingStatus, Match, Memo,
    NewRefund, Poller, Step,
};
use crate::store::books::post::post;
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, stored_time, without_nul};
use crate::store::db::{Conn, Sql, Tx};
use crate::store::memory::alerts;
use crate::store::transfers::refunds::insert_refunds;
use crate::store::transfers::rows::{amount_json, kept, maybe_kept, time_json};
use crate::store::transfers::steps::{expect_refunds, plan, write_steps};
use crate::store::transfers::trail::write_events;
use crate::store::{Lease, OrderWorld, Scope, Store, StoreError};

/// An incoming payment, what it is, and what it does.
#[derive(Debug, Clone)]
pub struct NewIncoming<'a> {
    /// The payment.
    pub incoming: Incoming,
    /// How we know of it.
    pub kind: IncomingKind,
    /// `received`; or `confirmed`, if its source is final at once.
    pub status: IncomingStatus,
    /// What it is.
    pub verdict: Match,
    /// The configured asset that it is, if it is one.
    pub asset_name: Option<String>,
    /// The step that its transfer makes; only with what is confirmed.
    pub step: Option<Step<'a>>,
    /// The refund that begins with it.
    pub refund: Option<NewRefund>,
}

impl NewIncoming<'_> {
    /// One that a place has told of, and may take back yet.
    #[must_use]
    pub const fn received(incoming: Incoming, verdict: Match) -> Self {
        let (kind, status) = (IncomingKind::OnChain, IncomingStatus::Received);
        Self { incoming, kind, status, verdict, asset_name: None, step: None, refund: None }
    }

    /// One that is final as soon as its place tells of it.
    #[must_use]
    pub const fn confirmed(incoming: Incoming, verdict: Match) -> Self {
        let (kind, status) = (IncomingKind::OnChain, IncomingStatus::Confirmed);
        Self { incoming, kind, status, verdict, asset_name: None, step: None, refund: None }
    }
}

/// A page of incoming payments of an account, as they were read.
#[derive(Debug, Clone, Copy)]
pub struct IncomingPage<'a> {
    /// The configured network's or rail's name.
    pub source: &'a str,
    /// The account that was read.
    pub account: &'a str,
    /// What is for transfers, or for nobody.
    pub rows: &'a [NewIncoming<'a>],
    /// What may be for orders, which is final, and what orders are judged by.
    pub orders: Option<(&'a [SeenMoney], &'a OrderWorld)>,
    /// The place up to which was read.
    pub cursor: Option<&'a str>,
}

impl<'a> IncomingPage<'a> {
    /// A page on which nothing is for orders.
    #[must_use]
    pub const fn of(
        source: &'a str,
        account: &'a str,
        rows: &'a [NewIncoming<'a>],
        cursor: Option<&'a str>,
    ) -> Self {
        Self { source, account, rows, orders: None, cursor }
    }
}

/// What came of writing incoming payments down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// They are on record, with all that they do, and the cursor.
    Stored {
        /// So many were new, or were received and are confirmed now.
        new: usize,
        /// The ids of those that are not, for other money is on record under them; an alert stands for each.
        refused: Vec<String>,
    },
    /// Nothing is: these transfers were moved by somebody else meanwhile, and must be read and matched again.
    Again(Vec<String>),
}

const KNOWN: Sql = sql!("SELECT * FROM incoming WHERE source = $1 AND incoming_id " among "$2");

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO incoming (source, incoming_id, kind, account, from_address, amount, asset, memo_type, memo, subject, \
                 muxed_id, reference, received_at, recorded_at, raw, status, confirmed_at, verdict, claimant_kind, \
                 claimant_shop, claimant_id, asset_name) \
             SELECT value ->> 'source', value ->> 'id', value ->> 'kind', value ->> 'account', value ->> 'from', \
                 value ->> 'amount', value ->> 'asset', value ->> 'memo_type', value ->> 'memo', value ->> 'subject', \
                 value ->> 'muxed_id', value ->> 'reference', value ->> 'at', $2, value ->> 'raw', value ->> 'status', \
                 CASE value ->> 'status' WHEN 'confirmed' THEN $2 END, value ->> 'verdict', value ->> 'claimant_kind', \
                 value ->> 'claimant_shop', value ->> 'claimant_id', value ->> 'asset_name' \
             FROM json_each($1)",
    postgres: "INSERT INTO incoming (source, incoming_id, kind, account, from_address, amount, asset, memo_type, memo, \
                   subject, muxed_id, reference, received_at, recorded_at, raw, status, confirmed_at, verdict, claimant_kind, \
                   claimant_shop, claimant_id, asset_name) \
               SELECT r.source, r.id, r.kind, r.account, r.from, r.amount, r.asset, r.memo_type, r.memo, r.subject, \
                   r.muxed_id, r.reference, r.at, $2, r.raw, r.status, CASE r.status WHEN 'confirmed' THEN $2 END, r.verdict, \
                   r.claimant_kind, r.claimant_shop, r.claimant_id, r.asset_name \
               FROM jsonb_to_recordset($1) AS r (source text, id text, kind text, account text, \"from\" text, amount numeric, \
                   asset text, memo_type text, memo text, subject text, muxed_id text, reference text, at timestamptz, raw text, \
                   status text, verdict text, claimant_kind text, claimant_shop text, claimant_id text, asset_name text)",
};

impl Store {
    /// Writes a page of incoming payments down, with the steps and refunds that they make, what follows for orders, and the
    /// cursor up to which was read: all of it, or nothing. What is on record already is passed over, with what it would do;
    /// unless it was received, and is confirmed now.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`], or where money that is not confirmed is to move something;
    /// [`StoreError::LeaseLost`].
    pub async fn record_incoming<'l>(
        &self,
        lease: impl Into<Option<&'l Lease>>,
        page: &IncomingPage<'_>,
        now: DateTime<Utc>,
    ) -> Result<Recorded, StoreError> {
        let (lease, now) = (lease.into(), stored_time(now));
        let IncomingPage { source, account, rows, orders, cursor } = *page;
        let mut tx = self.begin(lease).await?;
        let mut recorded = record_in(&mut tx, lease, source, rows, now).await?;
        let Recorded::Stored { new, refused } = &mut recorded else { return Ok(recorded) };
        if let Some((seen, world)) = orders {
            let mut others = for_orders(&mut tx, lease, (seen, world), now).await?;
            *new += seen.len() - others.known - others.refused.len();
            refused.append(&mut others.refused);
        }
        if let Some(cursor) = cursor {
            streams::save(&mut tx.conn(), source, account, cursor, now).await?;
        }
        tx.commit().await?;
        Ok(recorded)
    }
}

/// The same in a transaction that somebody else commits, and that has its turn; unless it has to be done again.
pub(in crate::store) async fn record_in(
    tx: &mut Tx,
    lease: Option<&Lease>,
    source: &str,
    rows: &[NewIncoming<'_>],
    now: DateTime<Utc>,
) -> Result<Recorded, StoreError> {
    rows.iter().try_for_each(expect_possible)?;
    let known = known(&mut tx.conn(), source, rows).await?;
    let Sorted { fresh, confirmed, others } = sort(rows, &known);
    let acting = || fresh.iter().chain(&confirmed);
    let steps: Vec<Step<'_>> = acting().filter_map(|row| row.step.clone()).collect();
    let refunds: Vec<&NewRefund> = acting().filter_map(|row| row.refund.as_ref()).collect();
    let planned = plan(lease, &steps, now)?;
    expect_refunds(&planned, &refunds)?;
    insert(&mut tx.conn(), &fresh, now).await?;
    for row in &confirmed {
        advance::write_confirmed(&mut tx.conn(), Facts::of_new(row), &row.verdict, now).await?;
    }
    let is_unmatched = |row: &&&NewIncoming<'_>| {
        row.status == IncomingStatus::Confirmed && !matches!(row.verdict, Match::Matched(_))
    };
    if acting().any(|row| is_unmatched(&row)) {
        let poller = lease.map(|lease| lease.scope.poller);
        alerts::retell_incoming(&mut tx.conn(), source, poller, now).await?;
    }
    for (row, why) in &others {
        let alert = Alert::of(AlertName::IncomingChanged, why.clone());
        let alert = alert.about(&row.incoming.key().subject());
        alerts::keep(&mut tx.conn(), &owner(lease, source), &alert, now).await?;
    }
    let nobodys: Vec<Entry> = acting()
        .filter(|row| is_unmatched(row))
        .filter_map(|row| {
            let on =
                Occasion { about: row.incoming.key().subject(), place: source.to_owned(), at: now };
            unmatched(
                &on,
                row.asset_name.as_deref().unwrap_or(&row.incoming.asset),
                &row.incoming.amount,
            )
        })
        .collect();
    post(&mut tx.conn(), &nobodys).await?;
    let moved = write_steps(tx, &planned, now).await?;
    if moved.len() < planned.len() {
        let ids = planned.iter().map(|step| step.after.transfer_id.clone());
        return Ok(Recorded::Again(ids.filter(|id| !moved.contains(id)).collect()));
    }
    insert_refunds(&mut tx.conn(), &refunds, &moved, None, now).await?;
    let refused = others.iter().map(|(row, _)| row.incoming.incoming_id.clone()).collect();
    Ok(Recorded::Stored { new: fresh.len() + confirmed.len(), refused })
}

/// The poller whose alerts tell of money of `source`: whoever reads it; where nobody does, the one that watches places.
pub(in crate::store) fn owner(lease: Option<&Lease>, source: &str) -> Scope {
    let poller = lease.map_or(Poller::Watch, |lease| lease.scope.poller);
    Scope { poller, network: source.to_owned() }
}

/// Money that may be taken back yet moves nothing.
fn expect_possible(row: &NewIncoming<'_>) -> Result<(), StoreError> {
    let moves = row.step.is_some() || row.refund.is_some();
    let text = match row.status {
        IncomingStatus::Confirmed => return Ok(()),
        IncomingStatus::Received if !moves => return Ok(()),
        IncomingStatus::Received => "is not confirmed, and moves nothing".to_owned(),
        status @ (IncomingStatus::Cancelled | IncomingStatus::Reversed) => {
            format!("cannot begin as {status}")
        }
    };
    Err(StoreError::Refused(format!("incoming payment {} {text}", row.incoming.incoming_id)))
}

/// Those of these that are on record, by their ids.
async fn known(
    conn: &mut Conn<'_>,
    source: &str,
    rows: &[NewIncoming<'_>],
) -> Result<HashMap<String, IncomingRow>, StoreError> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = rows.iter().map(|row| row.incoming.incoming_id.clone()).collect();
    let found = conn.rows(KNOWN, &[Arg::Text(source), Arg::Texts(ids)]).await?;
    let by_id = |row| incoming_from(row).map(|row| (row.incoming.incoming_id.clone(), row));
    found.iter().map(by_id).collect()
}

/// What is to be done with each of a page.
#[derive(Debug, Default)]
struct Sorted<'r, 'a> {
    fresh: Vec<&'r NewIncoming<'a>>,
    /// Received before, and confirmed now.
    confirmed: Vec<&'r NewIncoming<'a>>,
    /// Not what is on record under its key, and in what not.
    others: Vec<(&'r NewIncoming<'a>, String)>,
}

fn sort<'r, 'a>(
    rows: &'r [NewIncoming<'a>],
    known: &HashMap<String, IncomingRow>,
) -> Sorted<'r, 'a> {
    let mut sorted = Sorted::default();
    // A page may bring one payment twice.
    let mut seen: HashMap<&str, &Incoming> = HashMap::new();
    for row in rows {
        let id = row.incoming.incoming_id.as_str();
        let before = known.get(id);
        let was = before.map(|row| &row.incoming).or_else(|| seen.get(id).copied());
        let other = was.and_then(|was| contradiction(was, &row.incoming));
        if let Some(why) = other.or_else(|| before.and_then(ended)) {
            sorted.others.push((row, why));
        } else if was.is_none() {
            sorted.fresh.push(row);
        } else if row.status == IncomingStatus::Confirmed
            && before.is_some_and(|before| before.status == IncomingStatus::Received)
            && !seen.contains_key(id)
        {
            sorted.confirmed.push(row);
        }
        seen.insert(id, &row.incoming);
    }
    sorted
}

fn contradiction(was: &Incoming, is: &Incoming) -> Option<String> {
    let clean = |text: &String| without_nul(text).into_owned();
    // As the database keeps it.
    let is = Incoming {
        account: clean(&is.account),
        from: is.from.as_ref().map(clean),
        asset: clean(&is.asset),
        memo: is.memo.clone().map(|memo| match memo {
            Memo::Text(text) => Memo::Text(clean(&text)),
            memo @ (Memo::Id(_) | Memo::Hash(_) | Memo::Return(_)) => memo,
        }),
        subject: is.subject.as_ref().map(clean),
        reference: clean(&is.reference),
        ..is.clone()
    };
    let (fact, was, is) = was.contradicted_by(&is)?;
    Some(format!("its {fact} was {was}, and is told as {is} now"))
}

/// What was taken back does not come again under the same key.
fn ended(row: &IncomingRow) -> Option<String> {
    match row.status {
        IncomingStatus::Received | IncomingStatus::Confirmed => None,
        status @ (IncomingStatus::Cancelled | IncomingStatus::Reversed) => {
            Some(format!("it was {status}, and is told again now"))
        }
    }
}

async fn insert(
    conn: &mut Conn<'_>,
    fresh: &[&NewIncoming<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = fresh.iter().map(|row| row_of(row)).collect();
    conn.execute(INSERT, &[Arg::Json(json!(rows).to_string()), Arg::Time(now)]).await?;
    let events: Vec<Event> = fresh.iter().flat_map(|row| events_of(row, now)).collect();
    write_events(conn, &events).await
}

/// That it was received; and, where it is final at once, that it is confirmed.
fn events_of(row: &NewIncoming<'_>, now: DateTime<Utc>) -> impl Iterator<Item = Event> {
    let facts = Facts::of_new(row);
    let confirmed = (row.status == IncomingStatus::Confirmed)
        .then(|| facts.event(IncomingStatus::Confirmed, None, now));
    [facts.event(IncomingStatus::Received, None, now)].into_iter().chain(confirmed)
}

fn row_of(row: &NewIncoming<'_>) -> Value {
    let incoming = &row.incoming;
    let claimant = row.verdict.claimant();
    json!({
        "source": kept(&incoming.source),
        "id": kept(&incoming.incoming_id),
        "kind": row.kind.as_str(),
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
        "status": row.status.as_str(),
        "verdict": row.verdict.as_str(),
        "claimant_kind": claimant.map(|one| one.kind().as_str()),
        "claimant_shop": claimant.and_then(Claimant::shop),
        "claimant_id": claimant.map(Claimant::id),
        "asset_name": maybe_kept(row.asset_name.as_ref()),
    })
}
