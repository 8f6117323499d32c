//! What a sweep of payouts begins with: what the last one left, what is not settled yet, and what is due.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::payouts::claims::claimant;
use super::payouts::row::{PayoutRow, payout_from};
use super::rows::{amount_json, transfer_from};
use crate::engine::{Amount, Transfer};
use crate::store::db::Sql;
use crate::store::db::values::{Arg, stored_time};
use crate::store::{Lease, Store, StoreError};

/// What goes out for a transfer whose money is in, and what we keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The transfer.
    pub transfer_id: String,
    /// Its version, as it was read.
    pub version: i64,
    /// What goes out.
    pub out: Amount,
    /// What we keep.
    pub fee: Amount,
}

const LET_GO: &str = "UPDATE payouts SET claimed_by = NULL, claimed_term = NULL, \
        answer = CASE status WHEN 'intended' THEN 'what came of it could not be written down' ELSE answer END, \
        status = CASE status WHEN 'intended' THEN 'unknown' ELSE status END \
    WHERE rail = $1 AND finished_at IS NULL AND claimed_by = $2";

const UNSETTLED: &str = "SELECT * FROM transfers \
    WHERE rail = $1 AND comes_in = 'network' AND payout_id IS NULL AND refund_id IS NULL \
      AND status IN ('pending_anchor', 'pending_receiver') AND amount_out IS NULL \
    ORDER BY created_at, transfer_id LIMIT $2";

const SETTLE: Sql = Sql::Each {
    sqlite: "UPDATE transfers SET amount_out = r.value ->> 'out', amount_fee = r.value ->> 'fee' FROM json_each($1) r \
             WHERE transfer_id = r.value ->> 'id' AND transfers.version = r.value ->> 'version' AND payout_id IS NULL",
    postgres: "UPDATE transfers t SET amount_out = r.out, amount_fee = r.fee \
               FROM jsonb_to_recordset($1) AS r (id text, version bigint, out numeric, fee numeric) \
               WHERE t.transfer_id = r.id AND t.version = r.version AND t.payout_id IS NULL",
};

const TO_PAY: &str = "SELECT * FROM transfers \
    WHERE rail = $1 AND comes_in = 'network' AND payout_id IS NULL AND refund_id IS NULL \
      AND status IN ('pending_anchor', 'pending_receiver') AND (not_before IS NULL OR not_before <= $2) \
    ORDER BY created_at, transfer_id LIMIT $3";

const OPEN: &str = "SELECT * FROM payouts WHERE rail = $1 AND finished_at IS NULL AND not_before <= $2 \
    ORDER BY not_before, payout_id LIMIT $3";

const UNTAKEN: &str = "SELECT * FROM payouts WHERE rail = $1 AND finished_at IS NULL \
      AND status IN ('intended', 'unknown') AND attempts >= $2 ORDER BY not_before, payout_id LIMIT 1";

impl Store {
    /// Lets go of what this worker has in hand on `rail`: for one that knows that it has begun nothing. What came of
    /// it was not written down, so it has to be looked up.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn let_go_of_payouts(&self, lease: &Lease, rail: &str) -> Result<u64, StoreError> {
        let mut tx = self.begin_quiet(lease).await?;
        let claimant = claimant(lease);
        let gone = tx.conn().execute(LET_GO, &[Arg::Text(rail), Arg::Text(&claimant)]).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Transfers whose money is in and goes out on `rail`, and of which nobody has said how much goes out. Oldest
    /// first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn unsettled_transfers(
        &self,
        rail: &str,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let args = [Arg::Text(rail), Arg::Int(i64::from(limit))];
        self.db.rows(UNSETTLED, &args).await?.iter().map(transfer_from).collect()
    }

    /// Writes down what goes out and what we keep. A transfer that was moved since it was read is left alone.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn settle_transfers(
        &self,
        lease: &Lease,
        settled: &[Settlement],
    ) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        let row = |one: &Settlement| -> Value {
            let (out, fee) = (amount_json(Some(&one.out)), amount_json(Some(&one.fee)));
            json!({ "id": one.transfer_id, "version": one.version, "out": out, "fee": fee })
        };
        let rows: Vec<Value> = settled.iter().map(row).collect();
        let mut tx = self.begin_quiet(lease).await?;
        tx.conn().execute(SETTLE, &[Arg::Json(json!(rows).to_string())]).await?;
        tx.commit().await
    }

    /// Transfers that [`Store::claim_payouts`] would make payouts for. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfers_to_pay(
        &self,
        rail: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Transfer>, StoreError> {
        let args = [Arg::Text(rail), Arg::Time(stored_time(now)), Arg::Int(i64::from(limit))];
        self.db.rows(TO_PAY, &args).await?.iter().map(transfer_from).collect()
    }

    /// Open payouts on `rail` that are due to be looked at or tried again, whoever has them in hand. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_payouts(
        &self,
        rail: &str,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<PayoutRow>, StoreError> {
        let args = [Arg::Text(rail), Arg::Time(stored_time(now)), Arg::Int(i64::from(limit))];
        self.db.rows(OPEN, &args).await?.iter().map(payout_from).collect()
    }

    /// An open payout on `rail` that was handed over so often, or more often, and is not taken.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn untaken_payout(
        &self,
        rail: &str,
        attempts: i64,
    ) -> Result<Option<PayoutRow>, StoreError> {
        let args = [Arg::Text(rail), Arg::Int(attempts)];
        self.db.rows(UNTAKEN, &args).await?.first().map(payout_from).transpose()
    }
}
