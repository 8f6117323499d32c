//! Creating transfers: all of a batch, or none and why.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rows::{amount_json, kept, maybe_kept, time_json};
use super::trail::{Reached, write_trail};
use crate::engine::books::{Entry, entries_of_step};
use crate::engine::{Action, NewTransfer, Transfer, created_event, subject_key};
use crate::store::books::post::post;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::outbox::audit;
use crate::store::{Deed, Store, StoreError};

/// Rows in one statement.
const CHUNK: usize = 1_000;

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO transfers (transfer_id, kind, comes_in, protocol, status, version, asset, rail, currency, network, \
                 amount_expected, amount_in, amount_out, amount_fee, from_address, to_address, memo_type, memo, account, \
                 beneficiary, subject, subject_key, rail_reference, deadline, payment_network, payment_id, created_at, updated_at) \
             SELECT value ->> 'transfer_id', value ->> 'kind', value ->> 'comes_in', value ->> 'protocol', value ->> 'status', 1, \
                 value ->> 'asset', value ->> 'rail', value ->> 'currency', value ->> 'network', value ->> 'amount_expected', \
                 value ->> 'amount_in', value ->> 'amount_out', value ->> 'amount_fee', value ->> 'from_address', \
                 value ->> 'to_address', value ->> 'memo_type', value ->> 'memo', value ->> 'account', value ->> 'beneficiary', \
                 value ->> 'subject', value ->> 'subject_key', value ->> 'rail_reference', value ->> 'deadline', \
                 value ->> 'payment_network', value ->> 'payment_id', value ->> 'created_at', value ->> 'updated_at' \
             FROM json_each($1) WHERE true ORDER BY key ON CONFLICT DO NOTHING RETURNING transfer_id",
    postgres: "INSERT INTO transfers (transfer_id, kind, comes_in, protocol, status, version, asset, rail, currency, network, \
                   amount_expected, amount_in, amount_out, amount_fee, from_address, to_address, memo_type, memo, account, \
                   beneficiary, subject, subject_key, rail_reference, deadline, payment_network, payment_id, created_at, updated_at) \
               SELECT r.transfer_id, r.kind, r.comes_in, r.protocol, r.status, 1, r.asset, r.rail, r.currency, r.network, \
                   r.amount_expected, r.amount_in, r.amount_out, r.amount_fee, r.from_address, r.to_address, r.memo_type, \
                   r.memo, r.account, CAST(r.beneficiary AS json), r.subject, r.subject_key, r.rail_reference, r.deadline, \
                   r.payment_network, r.payment_id, r.created_at, r.updated_at \
               FROM jsonb_to_recordset($1) AS r (transfer_id text, kind text, comes_in text, protocol text, status text, \
                   asset text, rail text, currency text, network text, amount_expected numeric, amount_in numeric, \
                   amount_out numeric, amount_fee numeric, from_address text, to_address text, memo_type text, memo text, \
                   account text, beneficiary text, subject text, subject_key text, rail_reference text, \
                   deadline timestamptz, payment_network text, payment_id text, created_at timestamptz, updated_at timestamptz) \
               ON CONFLICT DO NOTHING RETURNING transfer_id",
};

/// Which open transfers are in the way of those that could not be inserted.
const IN_THE_WAY: Sql = Sql::Each {
    sqlite: "SELECT w.value ->> 'transfer_id' AS id, CASE WHEN t.transfer_id = w.value ->> 'transfer_id' THEN 'id' \
                 WHEN t.payment_id = w.value ->> 'payment_id' AND t.payment_network = w.value ->> 'payment_network' THEN 'payment' \
                 WHEN t.memo = w.value ->> 'memo' AND t.account = w.value ->> 'account' THEN 'memo' ELSE 'subject' END AS what, \
                 t.transfer_id AS other \
             FROM json_each($1) w JOIN transfers t ON t.transfer_id = w.value ->> 'transfer_id' \
                 OR (t.payment_id = w.value ->> 'payment_id' AND t.payment_network = w.value ->> 'payment_network') \
                 OR (t.memo = w.value ->> 'memo' AND t.account = w.value ->> 'account' AND t.memo_type = w.value ->> 'memo_type' \
                     AND t.completed_at IS NULL) \
                 OR (t.subject_key = w.value ->> 'subject_key' AND t.rail = w.value ->> 'rail' AND t.comes_in = 'rail' \
                     AND w.value ->> 'comes_in' = 'rail' AND t.completed_at IS NULL)",
    postgres: "SELECT w.transfer_id AS id, CASE WHEN t.transfer_id = w.transfer_id THEN 'id' \
                   WHEN t.payment_id = w.payment_id AND t.payment_network = w.payment_network THEN 'payment' \
                   WHEN t.memo = w.memo AND t.account = w.account THEN 'memo' ELSE 'subject' END AS what, t.transfer_id AS other \
               FROM jsonb_to_recordset($1) AS w (transfer_id text, payment_id text, payment_network text, memo text, \
                   memo_type text, account text, subject_key text, rail text, comes_in text) \
               JOIN transfers t ON t.transfer_id = w.transfer_id \
                   OR (t.payment_id = w.payment_id AND t.payment_network = w.payment_network) \
                   OR (t.memo = w.memo AND t.account = w.account AND t.memo_type = w.memo_type AND t.completed_at IS NULL) \
                   OR (t.subject_key = w.subject_key AND t.rail = w.rail AND t.comes_in = 'rail' AND w.comes_in = 'rail' \
                       AND t.completed_at IS NULL)",
};

/// Why a transfer of a batch cannot be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTransfer {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Its id.
    pub transfer_id: String,
    /// What is wrong with it: a sentence for each fault.
    pub faults: Vec<String>,
}

impl Store {
    /// Creates `new`, all of them or, if one is bad, none: then every bad one is told, and nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn create_transfers(
        &self,
        deed: &Deed,
        new: &[NewTransfer],
        now: DateTime<Utc>,
    ) -> Result<Vec<BadTransfer>, StoreError> {
        self.try_transfers(deed, new, now, true).await
    }

    /// What [`Self::create_transfers`] would say of `new`. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn check_transfers(
        &self,
        deed: &Deed,
        new: &[NewTransfer],
        now: DateTime<Utc>,
    ) -> Result<Vec<BadTransfer>, StoreError> {
        self.try_transfers(deed, new, now, false).await
    }

    async fn try_transfers(
        &self,
        deed: &Deed,
        new: &[NewTransfer],
        now: DateTime<Utc>,
        is_meant: bool,
    ) -> Result<Vec<BadTransfer>, StoreError> {
        let bad = faults_of(new);
        if !bad.is_empty() || new.is_empty() {
            return Ok(bad);
        }
        let now = stored_time(now);
        let transfers: Vec<Transfer> = new.iter().map(|one| one.clone().begun(now)).collect();
        let mut tx = self.begin(None).await?;
        let by = Some(deed.operator.name.as_str());
        let mut bad = Vec::new();
        for (part, chunk) in transfers.chunks(CHUNK).enumerate() {
            bad.extend(insert(&mut tx.conn(), chunk, part * CHUNK, by, now).await?);
        }
        // A transaction that is not committed has changed nothing.
        if bad.is_empty() && is_meant {
            let (about, details) = told_of(&transfers);
            let action = Action::TransferCreate;
            audit::write(&mut tx.conn(), deed, action, &about, &details, now).await?;
            tx.commit().await?;
        }
        Ok(bad)
    }
}

/// What was created, for the record: one by its name, many by the first and the last of them.
fn told_of(transfers: &[Transfer]) -> (String, Value) {
    let id = |one: Option<&Transfer>| one.map(|one| one.transfer_id.clone());
    match transfers {
        [one] => {
            (format!("transfer/{}", one.transfer_id), json!({ "status": one.status.as_str() }))
        }
        many => {
            let (first, last) = (id(many.first()), id(many.last()));
            (
                "transfers".to_owned(),
                json!({ "transfers": many.len(), "first": first, "last": last }),
            )
        }
    }
}

/// Creates one transfer in a transaction that somebody else commits. What is wrong with it: nothing, or sentences.
pub(in crate::store) async fn create_in(
    conn: &mut Conn<'_>,
    new: NewTransfer,
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Ok(faults);
    }
    let now = stored_time(now);
    let bad = insert(conn, &[new.begun(now)], 0, None, now).await?;
    Ok(bad.into_iter().flat_map(|one| one.faults).collect())
}

/// What can be said of a batch without the database.
fn faults_of(new: &[NewTransfer]) -> Vec<BadTransfer> {
    let (mut ids, mut memos) = (HashSet::new(), HashSet::new());
    let (mut subjects, mut payments) = (HashSet::new(), HashSet::new());
    let mut bad = Vec::new();
    for (index, one) in new.iter().enumerate() {
        let mut faults = one.faults();
        if !ids.insert(&one.transfer_id) {
            faults.push("its transfer_id stands in this batch before".to_owned());
        }
        if let (Some(account), Some(memo)) = (&one.account, &one.memo)
            && !memos.insert((account, memo))
        {
            faults.push("its memo stands in this batch before".to_owned());
        }
        if let (true, Some(subject)) = (one.kind.is_deposit(), &one.subject)
            && !subjects.insert((&one.rail, subject_key(subject)))
        {
            faults.push("its subject stands in this batch before".to_owned());
        }
        if let Some(payment) = &one.payment
            && !payments.insert(payment)
        {
            faults.push("its payment stands in this batch before".to_owned());
        }
        if !faults.is_empty() {
            bad.push(BadTransfer { index, transfer_id: one.transfer_id.clone(), faults });
        }
    }
    bad
}

async fn insert(
    conn: &mut Conn<'_>,
    chunk: &[Transfer],
    first: usize,
    by: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<BadTransfer>, StoreError> {
    let rows: Vec<Value> = chunk.iter().map(row_of).collect();
    let mut inserted = HashSet::with_capacity(chunk.len());
    for row in conn.rows(INSERT, &[Arg::Json(json!(rows).to_string())]).await? {
        inserted.insert(row.text("transfer_id")?);
    }
    if inserted.len() < chunk.len() {
        let missing: Vec<(usize, &Transfer, &Value)> = (first..)
            .zip(chunk)
            .zip(&rows)
            .map(|((index, transfer), row)| (index, transfer, row))
            .filter(|(_, transfer, _)| !inserted.contains(&transfer.transfer_id))
            .collect();
        return in_the_way(conn, &missing).await;
    }
    let events: Vec<_> = chunk.iter().map(|one| created_event(one, by)).collect();
    let created = |(after, event)| Reached { was: None, after, source: "created", event, by };
    let reached: Vec<Reached<'_>> = chunk.iter().zip(&events).map(created).collect();
    write_trail(conn, &reached, now).await?;
    // Some are paid before they are told of.
    let entries: Vec<Entry> =
        chunk.iter().flat_map(|new| entries_of_step(None, new, None)).collect();
    post(conn, &entries).await?;
    Ok(Vec::new())
}

/// Says of each that was not inserted which other transfer is in its way.
async fn in_the_way(
    conn: &mut Conn<'_>,
    missing: &[(usize, &Transfer, &Value)],
) -> Result<Vec<BadTransfer>, StoreError> {
    let rows: Vec<&Value> = missing.iter().map(|(_, _, row)| *row).collect();
    let mut faults: HashMap<String, Vec<String>> = HashMap::new();
    for row in conn.rows(IN_THE_WAY, &[Arg::Json(json!(rows).to_string())]).await? {
        let other = row.text("other")?;
        let fault = match row.text("what")?.as_str() {
            "id" => "there is a transfer with its transfer_id".to_owned(),
            "payment" => format!("transfer {other} pays its payment out already"),
            "memo" => format!("its memo is taken by transfer {other}, which is open"),
            _ => format!("its subject is taken by transfer {other}, which is open"),
        };
        let of_one = faults.entry(row.text("id")?).or_default();
        if other != row.text("id")? || of_one.is_empty() {
            of_one.push(fault);
        }
    }
    let bad = |(index, transfer, _): &(usize, &Transfer, &Value)| BadTransfer {
        index: *index,
        transfer_id: transfer.transfer_id.clone(),
        faults: faults
            .remove(&transfer.transfer_id)
            .unwrap_or_else(|| vec!["another transfer is in its way".to_owned()]),
    };
    Ok(missing.iter().map(bad).collect())
}

fn row_of(transfer: &Transfer) -> Value {
    let (payment_network, payment_id) = transfer.payment.clone().unzip();
    json!({
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind.as_str(),
        "comes_in": if transfer.kind.is_deposit() { "rail" } else { "network" },
        "protocol": transfer.protocol.map(|protocol| protocol.as_str()),
        "status": transfer.status.as_str(),
        "asset": kept(&transfer.asset),
        "rail": kept(&transfer.rail),
        "currency": kept(&transfer.currency),
        "network": kept(&transfer.network),
        "amount_expected": amount_json(transfer.amount_expected.as_ref()),
        "amount_in": amount_json(transfer.amount_in.as_ref()),
        "amount_out": amount_json(transfer.amount_out.as_ref()),
        "amount_fee": amount_json(transfer.amount_fee.as_ref()),
        "from_address": maybe_kept(transfer.from_address.as_ref()),
        "to_address": maybe_kept(transfer.to_address.as_ref()),
        "memo_type": transfer.memo.as_ref().map(|memo| memo.memo_type()),
        "memo": maybe_kept(transfer.memo.as_ref().map(|memo| memo.text()).as_ref()),
        "account": maybe_kept(transfer.account.as_ref()),
        "beneficiary": transfer.beneficiary,
        "subject": maybe_kept(transfer.subject.as_ref()),
        "subject_key": transfer.subject.as_deref().map(subject_key).filter(|key| !key.is_empty()),
        "rail_reference": maybe_kept(transfer.rail_reference.as_ref()),
        "deadline": time_json(transfer.deadline),
        "payment_network": payment_network,
        "payment_id": payment_id,
        "created_at": time_json(Some(transfer.created_at)),
        "updated_at": time_json(Some(transfer.updated_at)),
    })
}
