//! Envelopes as they are on record, each with its operations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::envelopes::{Envelope, EnvelopePayment};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, Row};
use crate::store::db::{Conn, Sql};
use crate::store::{Store, StoreError};

const OPEN: &str = "SELECT * FROM transactions WHERE network = $1 AND finished_at IS NULL AND not_before <= $2 \
                    ORDER BY not_before, transaction_id LIMIT $3";

const PAYMENTS: Sql = sql!(
    "SELECT * FROM transaction_payments WHERE transaction_id " among "$1" " ORDER BY transaction_id, position"
);

impl Store {
    /// Envelopes on `network` that are not over and are to be looked at, longest unseen first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn open_envelopes(
        &self,
        network: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        let args = [Arg::Text(network), Arg::Time(now), Arg::Int(i64::from(limit))];
        let mut reader = self.db.reader().await?;
        let rows = reader.conn().rows(OPEN, &args).await?;
        with_payments(&mut reader.conn(), &rows).await
    }

    /// Envelopes whose hashes begin so, in their order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn envelopes_beginning(
        &self,
        beginning: &str,
        limit: u32,
    ) -> Result<Vec<Envelope>, StoreError> {
        const BEGINNING: Sql = Sql::Each {
            sqlite: "SELECT * FROM transactions WHERE transaction_id >= $1 AND transaction_id < $1 || char(1114111) \
                     ORDER BY transaction_id LIMIT $2",
            postgres: "SELECT * FROM transactions WHERE starts_with(transaction_id, $1) ORDER BY transaction_id LIMIT $2",
        };
        let mut reader = self.db.reader().await?;
        let args = [Arg::Text(beginning), Arg::Int(i64::from(limit))];
        let rows = reader.conn().rows(BEGINNING, &args).await?;
        with_payments(&mut reader.conn(), &rows).await
    }

    /// The envelope with this hash.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn envelope(&self, envelope_id: &str) -> Result<Option<Envelope>, StoreError> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT * FROM transactions WHERE transaction_id = $1";
        let rows = reader.conn().rows(sql, &[Arg::Text(envelope_id)]).await?;
        Ok(with_payments(&mut reader.conn(), &rows).await?.pop())
    }
}

/// Envelopes with their operations.
pub(in crate::store) async fn with_payments(
    conn: &mut Conn<'_>,
    rows: &[Row],
) -> Result<Vec<Envelope>, StoreError> {
    let mut envelopes: Vec<Envelope> = rows.iter().map(envelope_from).collect::<Result<_, _>>()?;
    let ids = envelopes.iter().map(|envelope| envelope.envelope_id.clone()).collect();
    let mut payments: HashMap<String, Vec<EnvelopePayment>> = HashMap::new();
    for row in conn.rows(PAYMENTS, &[Arg::Texts(ids)]).await? {
        payments.entry(row.text("transaction_id")?).or_default().push(EnvelopePayment {
            operation: row.text("operation")?,
            transfer_id: row.maybe_text("transfer_id")?,
            refund_id: row.maybe_text("refund_id")?,
            destination: row.text("destination")?,
            amount: row.amount("amount")?,
            balance_id: row.maybe_text("balance_id")?,
        });
    }
    for envelope in &mut envelopes {
        envelope.payments = payments.remove(&envelope.envelope_id).unwrap_or_default();
    }
    Ok(envelopes)
}

fn envelope_from(row: &Row) -> Result<Envelope, StoreError> {
    Ok(Envelope {
        envelope_id: row.text("transaction_id")?,
        network: row.text("network")?,
        source_account: row.text("source_account")?,
        sequence: row.int("sequence")?,
        xdr: row.text("xdr")?,
        bump_xdr: row.maybe_text("bump_xdr")?,
        fee: row.int("fee")?,
        max_time: row.time("max_time")?,
        status: row.parsed("status")?,
        attempts: row.int("attempts")?,
        ledger: row.maybe_int("ledger")?,
        result: row.maybe_text("result")?,
        not_before: row.time("not_before")?,
        created_at: row.time("created_at")?,
        sent_at: row.maybe_time("sent_at")?,
        finished_at: row.maybe_time("finished_at")?,
        payments: Vec::new(),
    })
}
