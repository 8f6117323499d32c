//! What accounts of ours have paid on a network, and the database does not know of: found on the ledger after a loss.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::engine::{Amount, Memo, Step};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::transfers::refunds::ends::{RefundEnd, end_refunds};
use crate::store::transfers::rows::{amount_json, kept, maybe_kept, memo_from, time_json};
use crate::store::transfers::steps::{plan, write_steps};
use crate::store::{Lease, Store, StoreError};

/// More are not looked at at once.
const FOUND_MAX: i64 = 10_000;

/// A payment that was found on the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPayment {
    /// The hash of its transaction.
    pub hash: String,
    /// Which of its operations, from 0.
    pub position: i64,
    /// Whose sequence number it has used.
    pub source_account: String,
    /// Whose money it was.
    pub payer: String,
    /// To whom.
    pub destination: String,
    /// Of what: `native`, or CODE:ISSUER.
    pub asset: String,
    /// How much.
    pub amount: Amount,
    /// What it carried.
    pub memo: Option<Memo>,
    /// When.
    pub paid_at: DateTime<Utc>,
}

const INSERT: Sql = Sql::Each {
    sqlite: "INSERT INTO found_payments (network, hash, position, source_account, payer, destination, asset, amount, memo_type, memo, \
                 paid_at, found_at) \
             SELECT $2, value ->> 'hash', value ->> 'position', value ->> 'source', value ->> 'payer', value ->> 'destination', \
                 value ->> 'asset', value ->> 'amount', value ->> 'memo_type', value ->> 'memo', value ->> 'paid_at', $3 \
             FROM json_each($1) WHERE NOT EXISTS (SELECT 1 FROM transactions WHERE transaction_id = value ->> 'hash') \
             ON CONFLICT DO NOTHING",
    postgres: "INSERT INTO found_payments (network, hash, position, source_account, payer, destination, asset, amount, memo_type, \
                   memo, paid_at, found_at) \
               SELECT $2, r.hash, r.position, r.source, r.payer, r.destination, r.asset, r.amount, r.memo_type, r.memo, r.paid_at, $3 \
               FROM jsonb_to_recordset($1) AS r (hash text, position bigint, source text, payer text, destination text, \
                   asset text, amount numeric, memo_type text, memo text, paid_at timestamptz) \
               WHERE NOT EXISTS (SELECT 1 FROM transactions e WHERE e.transaction_id = r.hash) \
               ON CONFLICT DO NOTHING",
};

const RETURNS: Sql = sql!(
    "SELECT network, memo, hash, position FROM found_payments WHERE memo_type = 'return' AND resolution IS NULL \
     AND memo " among "$1" " ORDER BY paid_at, hash, position"
);

pub(in crate::store) const SETTLED: &str = "UPDATE channel_accounts SET settled = $3 WHERE network = $1 AND account = $2 \
                                  AND (settled IS NULL OR settled < $3)";

const RESOLVE: &str = "UPDATE found_payments SET resolution = $4, transfer_id = $5, refund_id = $6 \
                       WHERE network = $1 AND hash = $2 AND position = $3 AND resolution IS NULL";

impl Store {
    /// Up to which sequence number the transactions of `account` are known. None: nobody has looked.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn settled_sequence(
        &self,
        network: &str,
        account: &str,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT settled FROM channel_accounts WHERE network = $1 AND account = $2";
        let rows = self.db.rows(sql, &[Arg::Text(network), Arg::Text(account)]).await?;
        rows.first().map_or(Ok(None), |row| row.maybe_int("settled"))
    }

    /// When the oldest thing came to be that is to be paid on `network`, or may go back there, and is not over.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn oldest_to_send(&self, network: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT min(created_at) AS oldest FROM ( \
                SELECT created_at FROM transfers WHERE network = $1 AND completed_at IS NULL \
                    AND (comes_in = 'rail' OR account IS NOT NULL) \
                UNION ALL SELECT created_at FROM refunds WHERE place = $1 AND finished_at IS NULL) AS waiting";
        let rows = self.db.rows(sql, &[Arg::Text(network)]).await?;
        rows.first().map_or(Ok(None), |row| row.maybe_time("oldest"))
    }

    /// Writes down what `account` has paid and we have no record of, and that all its transactions up to the sequence
    /// number `settled` are known now. Payments of envelopes that are on record are left out. How many are new.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn record_found(
        &self,
        lease: &Lease,
        network: &str,
        account: &str,
        settled: i64,
        found: &[FoundPayment],
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let rows: Vec<Value> = found.iter().map(row_of).collect();
        let rows = Arg::Json(json!(rows).to_string());
        let mut tx = self.begin_quiet(lease).await?;
        let conn = &mut tx.conn();
        let args = [rows, Arg::Text(network), Arg::Time(stored_time(now))];
        let new = conn.execute(INSERT, &args).await?;
        let args = [Arg::Text(network), Arg::Text(account), Arg::Int(settled)];
        conn.execute(SETTLED, &args).await?;
        tx.commit().await?;
        Ok(new)
    }

    /// What was found on `network` and is nobody's yet, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn found_payments(&self, network: &str) -> Result<Vec<FoundPayment>, StoreError> {
        let sql = "SELECT * FROM found_payments WHERE network = $1 AND resolution IS NULL \
                   ORDER BY paid_at, hash, position LIMIT $2";
        let rows = self.db.rows(sql, &[Arg::Text(network), Arg::Int(FOUND_MAX)]).await?;
        rows.iter().map(found_from).collect()
    }

    /// Writes down that a payment that was found is this transfer's, or this refund's, with the step that it makes. False
    /// if somebody else has moved it, or has taken the payment for another: then nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`]; [`StoreError::LeaseLost`].
    pub async fn bind_found(
        &self,
        lease: &Lease,
        network: &str,
        found: &FoundPayment,
        refund_id: Option<&str>,
        step: Option<&Step<'_>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let now = stored_time(now);
        let planned = plan(Some(lease), step.map_or(&[], std::slice::from_ref), now)?;
        let mut tx = self.begin(Some(lease)).await?;
        let transfer = step.map(|step| step.transfer.transfer_id.as_str());
        if !resolve(&mut tx.conn(), network, found, "paid", transfer, refund_id).await? {
            return Ok(false);
        }
        if let Some(id) = refund_id {
            let end = RefundEnd::Done { reference: Some(found.hash.clone()) };
            end_refunds(&mut tx.conn(), &[(id.to_owned(), end)], now).await?;
        }
        let moved: HashSet<String> = write_steps(&mut tx, &planned, now).await?;
        if moved.len() < planned.len() {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a person was shown payments that were found beside a transfer or a refund: whatever the person decides,
    /// they are not taken for it again.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn show_found(
        &self,
        lease: &Lease,
        network: &str,
        found: &[&FoundPayment],
        transfer_id: Option<&str>,
        refund_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        for one in found {
            resolve(&mut tx.conn(), network, one, "shown", transfer_id, refund_id).await?;
        }
        tx.commit().await
    }
}

/// The transactions that have sent money back which was brought by these, on any network: (network, what brought it, hash,
/// position). Only those that are nobody's yet.
pub(in crate::store) async fn returns_of(
    conn: &mut Conn<'_>,
    memos: Vec<String>,
) -> Result<Vec<Returned>, StoreError> {
    if memos.is_empty() {
        return Ok(Vec::new());
    }
    let read = |row: &Row| {
        Ok(Returned {
            network: row.text("network")?,
            memo: row.text("memo")?,
            hash: row.text("hash")?,
            position: row.int("position")?,
        })
    };
    conn.rows(RETURNS, &[Arg::Texts(memos)]).await?.iter().map(read).collect()
}

/// A payment on the ledger that has sent money back, and is not on record.
pub(in crate::store) struct Returned {
    pub(in crate::store) network: String,
    /// The memo of type `return`: the transaction that brought the money.
    pub(in crate::store) memo: String,
    pub(in crate::store) hash: String,
    position: i64,
}

/// Notes that a person was shown it beside this transfer.
pub(in crate::store) async fn show_returned(
    conn: &mut Conn<'_>,
    returned: &Returned,
    transfer_id: &str,
) -> Result<(), StoreError> {
    let args = [
        Arg::Text(&returned.network),
        Arg::Text(&returned.hash),
        Arg::Int(returned.position),
        Arg::Text("shown"),
        Arg::Text(transfer_id),
        Arg::MaybeText(None),
    ];
    conn.execute(RESOLVE, &args).await.map(drop)
}

async fn resolve(
    conn: &mut Conn<'_>,
    network: &str,
    found: &FoundPayment,
    resolution: &str,
    transfer_id: Option<&str>,
    refund_id: Option<&str>,
) -> Result<bool, StoreError> {
    let args = [
        Arg::Text(network),
        Arg::Text(&found.hash),
        Arg::Int(found.position),
        Arg::Text(resolution),
        Arg::MaybeText(transfer_id),
        Arg::MaybeText(refund_id),
    ];
    Ok(conn.execute(RESOLVE, &args).await? > 0)
}

fn row_of(found: &FoundPayment) -> Value {
    json!({
        "hash": found.hash,
        "position": found.position,
        "source": found.source_account,
        "payer": found.payer,
        "destination": found.destination,
        "asset": kept(&found.asset),
        "amount": amount_json(Some(&found.amount)),
        "memo_type": found.memo.as_ref().map(Memo::memo_type),
        "memo": maybe_kept(found.memo.as_ref().map(Memo::text).as_ref()),
        "paid_at": time_json(Some(found.paid_at)),
    })
}

fn found_from(row: &Row) -> Result<FoundPayment, StoreError> {
    Ok(FoundPayment {
        hash: row.text("hash")?,
        position: row.int("position")?,
        source_account: row.text("source_account")?,
        payer: row.text("payer")?,
        destination: row.text("destination")?,
        asset: row.text("asset")?,
        amount: row.amount("amount")?,
        memo: memo_from(row)?,
        paid_at: row.time("paid_at")?,
    })
}
