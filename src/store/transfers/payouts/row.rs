//! Payouts as they stand in the database.

use chrono::{DateTime, Utc};

use crate::engine::{Amount, PayoutStatus, Purpose};
use crate::store::StoreError;
use crate::store::db::values::Row;

/// Money that we send on a rail.
#[derive(Debug, Clone, PartialEq)]
pub struct PayoutRow {
    /// The idempotency key: the same on every try.
    pub payout_id: String,
    /// The transfer that it is for; none for a refund of money that belongs to no transfer.
    pub transfer_id: Option<String>,
    /// The refund that it carries out.
    pub refund_id: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// The configured rail's name.
    pub rail: String,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: String,
    /// Who is paid: JSON text.
    pub beneficiary: Option<String>,
    /// What it carries.
    pub subject: Option<String>,
    /// Where it stands.
    pub status: PayoutStatus,
    /// How often it was handed to the rail, or was to be.
    pub attempts: i64,
    /// How often the rail was asked what became of it.
    pub looks: i64,
    /// The rail's name for it.
    pub reference: Option<String>,
    /// What the rail said of it last, or why there is no answer.
    pub answer: Option<String>,
    /// When it was decided.
    pub intended_at: DateTime<Utc>,
    /// When it was last handed to the rail.
    pub tried_at: Option<DateTime<Utc>>,
    /// Not to be looked at before.
    pub not_before: DateTime<Utc>,
    /// When it came to an end.
    pub finished_at: Option<DateTime<Utc>>,
    /// Which worker has it, such as `outgoing/bank#2`, while its lease has the term that stands beside it.
    pub claimed_by: Option<String>,
}

pub(in crate::store) fn payout_from(row: &Row) -> Result<PayoutRow, StoreError> {
    Ok(PayoutRow {
        payout_id: row.text("payout_id")?,
        transfer_id: row.maybe_text("transfer_id")?,
        refund_id: row.maybe_text("refund_id")?,
        purpose: row.parsed("purpose")?,
        rail: row.text("rail")?,
        amount: row.amount("amount")?,
        currency: row.text("currency")?,
        beneficiary: row.maybe_json_text("beneficiary")?,
        subject: row.maybe_text("subject")?,
        status: row.parsed("status")?,
        attempts: row.int("attempts")?,
        looks: row.int("looks")?,
        reference: row.maybe_text("reference")?,
        answer: row.maybe_text("answer")?,
        intended_at: row.time("intended_at")?,
        tried_at: row.maybe_time("tried_at")?,
        not_before: row.time("not_before")?,
        finished_at: row.maybe_time("finished_at")?,
        claimed_by: row.maybe_text("claimed_by")?,
    })
}
