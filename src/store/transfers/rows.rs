//! Transfers, and what belongs to them, as they come out of the database.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::engine::{Amount, Memo, Transfer};
use crate::store::StoreError;
use crate::store::db::values::{Arg, Row, sqlite_time, stored_time, without_nul};
use crate::store::db::{Conn, Sql, read_all};
use chrono::{DateTime, Utc};

/// In PostgreSQL each id is looked up by itself: see `known`.
const BY_ID: Sql = Sql::Each {
    sqlite: "SELECT * FROM transfers WHERE transfer_id IN (SELECT value FROM json_each($1))",
    postgres: "SELECT t.* FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL \
               (SELECT * FROM transfers WHERE transfer_id = wanted.id OFFSET 0) t",
};

pub(in crate::store) fn transfer_from(row: &Row) -> Result<Transfer, StoreError> {
    let payment = row.maybe_text("payment_network")?.zip(row.maybe_text("payment_id")?);
    Ok(Transfer {
        transfer_id: row.text("transfer_id")?,
        kind: row.parsed("kind")?,
        protocol: row.maybe_parsed("protocol")?,
        status: row.parsed("status")?,
        version: row.int("version")?,
        asset: row.text("asset")?,
        rail: row.text("rail")?,
        currency: row.text("currency")?,
        network: row.text("network")?,
        amount_expected: row.maybe_amount("amount_expected")?,
        amount_in: row.maybe_amount("amount_in")?,
        amount_out: row.maybe_amount("amount_out")?,
        amount_fee: row.maybe_amount("amount_fee")?,
        rail_fee: row.maybe_amount("rail_fee")?,
        from_address: row.maybe_text("from_address")?,
        to_address: row.maybe_text("to_address")?,
        memo: memo_from(row)?,
        account: row.maybe_text("account")?,
        beneficiary: row.maybe_json_text("beneficiary")?,
        subject: row.maybe_text("subject")?,
        rail_reference: row.maybe_text("rail_reference")?,
        network_reference: row.maybe_text("network_reference")?,
        deadline: row.maybe_time("deadline")?,
        message: row.maybe_text("message")?,
        reason_code: row.maybe_text("reason_code")?,
        payment,
        refund_id: row.maybe_text("refund_id")?,
        payout_id: row.maybe_text("payout_id")?,
        attempts: row.int("attempts")?,
        not_before: row.maybe_time("not_before")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        completed_at: row.maybe_time("completed_at")?,
    })
}

/// The memo in the columns `memo_type` and `memo`.
pub(super) fn memo_from(row: &Row) -> Result<Option<Memo>, StoreError> {
    let Some((memo_type, memo)) = row.maybe_text("memo_type")?.zip(row.maybe_text("memo")?) else {
        return Ok(None);
    };
    Memo::parse(&memo_type, &memo)
        .map(Some)
        .map_err(|_| StoreError::Unreadable { column: "memo".to_owned(), value: memo })
}

/// The transfers with these ids, by id. They are large, and are moved about.
pub(super) async fn transfers_by_id(
    conn: &mut Conn<'_>,
    ids: Vec<String>,
) -> Result<HashMap<String, Box<Transfer>>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = conn.rows(BY_ID, &[Arg::Texts(ids)]).await?;
    let found = read_all(&rows, |row| transfer_from(row).map(Box::new)).await?;
    Ok(found.into_iter().map(|transfer| (transfer.transfer_id.clone(), transfer)).collect())
}

/// A text as both databases keep it.
pub(super) fn kept(text: &str) -> Value {
    json!(without_nul(text))
}

/// The same for one that may be absent.
pub(super) fn maybe_kept(text: Option<&String>) -> Value {
    text.map_or(Value::Null, |text| kept(text))
}

/// An amount in a row of JSON: its decimal text.
pub(super) fn amount_json(amount: Option<&Amount>) -> Value {
    amount.map_or(Value::Null, |amount| json!(amount.to_string()))
}

/// A time in a row of JSON: both databases read it so.
pub(super) fn time_json(time: Option<DateTime<Utc>>) -> Value {
    time.map_or(Value::Null, |time| json!(sqlite_time(stored_time(time))))
}
