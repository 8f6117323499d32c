//! Signed transactions of ours: stored before they are sent, and followed to their end.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::found::SETTLED;
use crate::engine::{Action, Amount, EnvelopeStatus, Step};
use crate::store::db::text::sql;
use crate::store::db::values::{Arg, stored_time};
use crate::store::db::{Conn, Sql};
use crate::store::memory::restorations::{Sending, sending};
use crate::store::outbox::audit;
use crate::store::transfers::payouts::claims::claimant;
use crate::store::transfers::refunds::ends::{RefundEnd, end_refunds, tell_of_failed};
use crate::store::transfers::rows::amount_json;
use crate::store::transfers::steps::{plan, write_steps};
use crate::store::{Deed, Lease, Store, StoreError};

/// One operation of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopePayment {
    /// What the operation is: `payment`, `create_account`, `create_claimable_balance`.
    pub operation: String,
    /// The transfer that it is for.
    pub transfer_id: Option<String>,
    /// The refund that it carries out.
    pub refund_id: Option<String>,
    /// To whom.
    pub destination: String,
    /// How much.
    pub amount: Amount,
    /// The claimable balance that it makes.
    pub balance_id: Option<String>,
}

/// An envelope that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnvelope {
    /// Its hash, in hexadecimal.
    pub envelope_id: String,
    /// The configured network's name.
    pub network: String,
    /// The account whose sequence number it uses.
    pub source_account: String,
    /// That number.
    pub sequence: i64,
    /// The envelope, in base64.
    pub xdr: String,
    /// The fee that it offers, in stroops.
    pub fee: i64,
    /// Until when it is valid.
    pub max_time: DateTime<Utc>,
    /// [`EnvelopeStatus::Intended`], or [`EnvelopeStatus::WaitingSignatures`].
    pub status: EnvelopeStatus,
    /// Its operations, in order.
    pub payments: Vec<EnvelopePayment>,
}

/// An envelope that is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its hash, in hexadecimal.
    pub envelope_id: String,
    /// The configured network's name.
    pub network: String,
    /// The account whose sequence number it uses.
    pub source_account: String,
    /// That number.
    pub sequence: i64,
    /// The envelope, in base64.
    pub xdr: String,
    /// The newest fee bump around it, in base64.
    pub bump_xdr: Option<String>,
    /// The fee that was last offered, in stroops.
    pub fee: i64,
    /// Until when it is valid.
    pub max_time: DateTime<Utc>,
    /// Where it stands.
    pub status: EnvelopeStatus,
    /// How often it was sent, or was to be.
    pub attempts: i64,
    /// The ledger that has it.
    pub ledger: Option<i64>,
    /// The network's result codes, or what it said.
    pub result: Option<String>,
    /// Not to be looked at before.
    pub not_before: DateTime<Utc>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it was last sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it came to an end.
    pub finished_at: Option<DateTime<Utc>>,
    /// Its operations, in order.
    pub payments: Vec<EnvelopePayment>,
}

/// What came of storing an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intention {
    /// It is stored, and may be sent.
    Stored,
    /// It is not stored: another one that may still be applied has its sequence number, or this worker does not have the
    /// channel.
    SequenceTaken,
    /// It is not stored: these transfers were moved, or these refunds taken up, by somebody else meanwhile.
    Moved(Vec<String>),
    /// It is not stored: the database was restored, and nothing goes out until all was looked up.
    Held,
}

/// How an envelope ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeEnd {
    /// [`EnvelopeStatus::Done`], [`EnvelopeStatus::Failed`] or [`EnvelopeStatus::Expired`].
    pub status: EnvelopeStatus,
    /// The ledger that has it.
    pub ledger: Option<i64>,
    /// The network's result codes, or what it said.
    pub result: Option<String>,
}

const INSERT: &str = "INSERT INTO transactions (transaction_id, network, source_account, sequence, xdr, fee, max_time, status, \
        not_before, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT DO NOTHING";

const HAVE_CHANNEL: &str = "UPDATE channel_accounts SET sequence = $3 \
    WHERE network = $1 AND account = $2 AND claimed_by = $4 AND claimed_term = $5";

const INSERT_PAYMENTS: Sql = Sql::Each {
    sqlite: "INSERT INTO transaction_payments (transaction_id, position, operation, transfer_id, refund_id, destination, amount, balance_id) \
             SELECT $2, key, value ->> 'operation', value ->> 'transfer_id', value ->> 'refund_id', value ->> 'destination', \
                 value ->> 'amount', value ->> 'balance_id' FROM json_each($1)",
    postgres: "INSERT INTO transaction_payments (transaction_id, position, operation, transfer_id, refund_id, destination, amount, balance_id) \
               SELECT $2, r.position, r.operation, r.transfer_id, r.refund_id, r.destination, r.amount, r.balance_id \
               FROM jsonb_to_recordset($1) AS r (position bigint, operation text, transfer_id text, refund_id text, \
                   destination text, amount numeric, balance_id text)",
};

const TAKE_REFUNDS: Sql = sql!(
    "UPDATE refunds SET under_way = $2 WHERE refund_id " among "$1" " \
     AND finished_at IS NULL AND under_way IS NULL RETURNING refund_id"
);

impl Store {
    /// Stores an envelope before it is sent, with the steps that its transfers make. Its source account must be a
    /// channel of this worker's: see [`Store::take_channels`].
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`]; [`StoreError::LeaseLost`].
    pub async fn intend_envelope(
        &self,
        lease: &Lease,
        envelope: &NewEnvelope,
        steps: &[Step<'_>],
        now: DateTime<Utc>,
    ) -> Result<Intention, StoreError> {
        let now = stored_time(now);
        let planned = plan(Some(lease), steps, now)?;
        let mut tx = self.begin(Some(lease)).await?;
        if sending(&mut tx, now).await? == Sending::Held {
            return Ok(Intention::Held);
        }
        if !insert(&mut tx.conn(), lease, envelope, now).await? {
            return Ok(Intention::SequenceTaken);
        }
        let mut gone = take_refunds(&mut tx.conn(), envelope).await?;
        let moved = write_steps(&mut tx, &planned, now).await?;
        let ids = planned.iter().map(|step| step.after.transfer_id.clone());
        gone.extend(ids.filter(|id| !moved.contains(id)));
        if !gone.is_empty() {
            return Ok(Intention::Moved(gone));
        }
        tx.commit().await?;
        Ok(Intention::Stored)
    }

    /// Notes that an envelope is about to be sent, or looked up, and when to do so again if nothing comes of it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn mark_sent(
        &self,
        lease: &Lease,
        envelope_id: &str,
        result: Option<&str>,
        not_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE transactions SET status = 'sent', attempts = attempts + 1, sent_at = $2, not_before = $3, \
                       result = coalesce($4, result) \
                   WHERE transaction_id = $1 AND status IN ('intended', 'sent')";
        let mut tx = self.begin_quiet(lease).await?;
        let args =
            [Arg::Text(envelope_id), Arg::Time(now), Arg::Time(not_before), Arg::MaybeText(result)];
        tx.conn().execute(sql, &args).await?;
        tx.commit().await
    }

    /// Stores a fee bump around an envelope before it is sent in its place.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub async fn bump_envelope(
        &self,
        lease: &Lease,
        envelope_id: &str,
        bump_xdr: &str,
        fee: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE transactions SET bump_xdr = $2, fee = $3 \
                   WHERE transaction_id = $1 AND finished_at IS NULL AND fee < $3";
        let mut tx = self.begin_quiet(lease).await?;
        let args = [Arg::Text(envelope_id), Arg::Text(bump_xdr), Arg::Int(fee)];
        tx.conn().execute(sql, &args).await?;
        tx.commit().await
    }

    /// Stores an envelope with one signature more, in place of the `was` that was read. With `complete` it may be sent.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if it no longer waits for signatures, or somebody else has signed it meanwhile.
    pub async fn sign_envelope(
        &self,
        envelope_id: &str,
        was: &str,
        xdr: &str,
        complete: bool,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE transactions SET xdr = $3, status = $4 \
                   WHERE transaction_id = $1 AND xdr = $2 AND status = 'waiting_signatures'";
        let status =
            if complete { EnvelopeStatus::Intended } else { EnvelopeStatus::WaitingSignatures };
        let mut tx = self.begin(None).await?;
        let args =
            [Arg::Text(envelope_id), Arg::Text(was), Arg::Text(xdr), Arg::Text(status.as_str())];
        if tx.conn().execute(sql, &args).await? == 0 {
            return Err(StoreError::Refused(format!(
                "envelope {envelope_id} does not wait for signatures, or has got one meanwhile: look again"
            )));
        }
        let (about, details) = (format!("envelope/{envelope_id}"), json!({ "complete": complete }));
        let action = Action::EnvelopeSign;
        audit::write(&mut tx.conn(), deed, action, &about, &details, now).await?;
        tx.commit().await
    }

    /// Writes down how an envelope ended, with the steps of its transfers and the ends of its refunds. False if it was
    /// over already: then nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Refused`] as [`Store::move_transfers`], or if a transfer was moved by somebody else: nobody else
    /// may move one that is on its way; [`StoreError::LeaseLost`].
    pub async fn finish_envelope(
        &self,
        lease: &Lease,
        envelope_id: &str,
        end: &EnvelopeEnd,
        steps: &[Step<'_>],
        refunds: &[(String, RefundEnd)],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let now = stored_time(now);
        let planned = plan(Some(lease), steps, now)?;
        let sql = "UPDATE transactions SET status = $2, ledger = $3, result = coalesce($4, result), finished_at = $5 \
                   WHERE transaction_id = $1 AND finished_at IS NULL";
        let args = [
            Arg::Text(envelope_id),
            Arg::Text(end.status.as_str()),
            Arg::MaybeInt(end.ledger),
            Arg::MaybeText(end.result.as_deref()),
            Arg::Time(now),
        ];
        let mut tx = self.begin(Some(lease)).await?;
        if tx.conn().execute(sql, &args).await? == 0 {
            return Ok(false);
        }
        if end.ledger.is_some() {
            let used = "SELECT network, source_account, sequence FROM transactions WHERE transaction_id = $1";
            if let Some(row) = tx.conn().row(used, &[Arg::Text(envelope_id)]).await? {
                let (network, account) = (row.text("network")?, row.text("source_account")?);
                let args =
                    [Arg::Text(&network), Arg::Text(&account), Arg::Int(row.int("sequence")?)];
                tx.conn().execute(SETTLED, &args).await?;
            }
        }
        end_refunds(&mut tx.conn(), refunds, now).await?;
        if write_steps(&mut tx, &planned, now).await?.len() < planned.len() {
            return Err(StoreError::Refused(format!(
                "a transfer of envelope {envelope_id} was moved by somebody else"
            )));
        }
        tell_of_failed(&mut tx.conn(), lease, refunds, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// False if its sequence number is another's.
async fn insert(
    conn: &mut Conn<'_>,
    lease: &Lease,
    envelope: &NewEnvelope,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let claimant = claimant(lease);
    let channel = [
        Arg::Text(&envelope.network),
        Arg::Text(&envelope.source_account),
        Arg::Int(envelope.sequence),
        Arg::Text(&claimant),
        Arg::Int(lease.term),
    ];
    if conn.execute(HAVE_CHANNEL, &channel).await? == 0 {
        return Ok(false);
    }
    let args = [
        Arg::Text(&envelope.envelope_id),
        Arg::Text(&envelope.network),
        Arg::Text(&envelope.source_account),
        Arg::Int(envelope.sequence),
        Arg::Text(&envelope.xdr),
        Arg::Int(envelope.fee),
        Arg::Time(envelope.max_time),
        Arg::Text(envelope.status.as_str()),
        Arg::Time(now),
    ];
    if conn.execute(INSERT, &args).await? == 0 {
        return Ok(false);
    }
    let row = |(position, payment): (usize, &EnvelopePayment)| -> Value {
        json!({
            "position": position, "operation": payment.operation, "transfer_id": payment.transfer_id,
            "refund_id": payment.refund_id, "destination": payment.destination,
            "amount": amount_json(Some(&payment.amount)), "balance_id": payment.balance_id,
        })
    };
    let rows: Vec<Value> = envelope.payments.iter().enumerate().map(row).collect();
    let args = [Arg::Json(json!(rows).to_string()), Arg::Text(&envelope.envelope_id)];
    conn.execute(INSERT_PAYMENTS, &args).await?;
    Ok(true)
}

/// Marks the refunds of an envelope as under way; the ids of those that somebody else has.
async fn take_refunds(
    conn: &mut Conn<'_>,
    envelope: &NewEnvelope,
) -> Result<Vec<String>, StoreError> {
    let mut wanted: Vec<String> =
        envelope.payments.iter().filter_map(|payment| payment.refund_id.clone()).collect();
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let args = [Arg::Texts(wanted.clone()), Arg::Text(&envelope.envelope_id)];
    for row in conn.rows(TAKE_REFUNDS, &args).await? {
        let taken = row.text("refund_id")?;
        wanted.retain(|id| *id != taken);
    }
    Ok(wanted)
}
