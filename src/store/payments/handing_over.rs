//! Payments of networks that are paid out by transfers of ours.

use chrono::{DateTime, Utc};

use super::due::due_from;
use super::reviews::{Decider, write_decision};
use crate::engine::{ConnectorRole, Money, NewTransfer, PaymentState, TransferStatus};
use crate::store::db::Sql;
use crate::store::db::values::{Arg, Row};
use crate::store::transfers::create_in;
use crate::store::{Due, Lease, Review, Store, StoreError};

/// A payment that is to be paid out, or was.
#[derive(Debug, Clone, PartialEq)]
pub struct ToPayOut {
    /// The payment.
    pub due: Due,
    /// What its beneficiary is to get.
    pub payout: Money,
    /// The sender's business key.
    pub end_to_end_id: Option<String>,
    /// The transfer that paid it out, and is over. None: there is none yet.
    pub paid: Option<PaidOut>,
}

/// The end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidOut {
    /// The transfer.
    pub transfer_id: String,
    /// Where it ended.
    pub status: TransferStatus,
    /// Why.
    pub message: Option<String>,
    /// The rail's code of that, if it gave one.
    pub code: Option<String>,
}

const DUE: Sql = Sql::Each {
    sqlite: "SELECT p.payment_id, p.state, p.amount, p.currency, p.expires_at, p.review, p.version, p.end_to_end_id, \
                 p.returns_payment, p.payout_amount AS told_amount, p.payout_currency AS told_currency, \
                 coalesce(p.payout_amount, p.amount) AS payout_amount, coalesce(p.payout_currency, p.currency) AS payout_currency, \
                 t.transfer_id, t.status, t.message, t.reason_code \
             FROM known_payments p LEFT JOIN transfers t ON t.payment_id = p.payment_id AND t.payment_network = p.network \
             WHERE p.network = $1 AND p.state IN (SELECT value FROM json_each($2)) AND p.connector_role = $3 \
               AND p.acted_at IS NULL AND (p.not_before IS NULL OR p.not_before <= $4) \
               AND (p.review IS NULL OR p.review IN ('approved', 'declined') OR (p.review = 'held' AND p.not_before IS NOT NULL)) \
               AND (t.transfer_id IS NULL OR t.completed_at IS NOT NULL) \
               AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = p.network \
                   AND o.payment_id = p.payment_id AND o.status IN ('intended', 'unknown')) \
             ORDER BY p.expires_at NULLS LAST, p.modified_at LIMIT $5",
    postgres: "SELECT p.payment_id, p.state, CAST(p.amount AS text) AS amount, p.currency, p.expires_at, p.review, p.version, \
                   p.returns_payment, p.payout_amount AS told_amount, p.payout_currency AS told_currency, \
                   p.end_to_end_id, CAST(coalesce(p.payout_amount, p.amount) AS text) AS payout_amount, \
                   coalesce(p.payout_currency, p.currency) AS payout_currency, t.transfer_id, t.status, t.message, t.reason_code \
               FROM known_payments p LEFT JOIN transfers t ON t.payment_id = p.payment_id AND t.payment_network = p.network \
               WHERE p.network = $1 AND p.state = ANY ($2) AND p.connector_role = $3 \
                 AND p.acted_at IS NULL AND (p.not_before IS NULL OR p.not_before <= $4) \
                 AND (p.review IS NULL OR p.review IN ('approved', 'declined') OR (p.review = 'held' AND p.not_before IS NOT NULL)) \
                 AND (t.transfer_id IS NULL OR t.completed_at IS NOT NULL) \
                 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.network = p.network \
                     AND o.payment_id = p.payment_id AND o.status IN ('intended', 'unknown')) \
               ORDER BY p.expires_at NULLS LAST, p.modified_at LIMIT $5",
};

impl Store {
    /// As [`Store::due`], where payments are paid out by transfers: those that have none yet, and those whose transfer
    /// is over. What is being paid out is not among them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_to_pay_out(
        &self,
        network: &str,
        states: &[PaymentState],
        role: &ConnectorRole,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<ToPayOut>, StoreError> {
        let states = states.iter().map(|state| state.as_str().to_owned()).collect();
        let args = [
            Arg::Text(network),
            Arg::Texts(states),
            Arg::Text(role.as_str()),
            Arg::Time(now),
            Arg::Int(i64::from(limit)),
        ];
        self.db.rows(DUE, &args).await?.iter().map(to_pay_out_from).collect()
    }

    /// Writes down that a payment is approved, and creates the transfer that pays it out: both or neither. An approval
    /// that stands already is not written again. Tells why there cannot be such a transfer: nothing, or sentences.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the payment has moved on, or a person has decided meanwhile;
    /// [`StoreError::LeaseLost`].
    pub async fn hand_over(
        &self,
        lease: &Lease,
        due: &Due,
        approval: &Review,
        new: NewTransfer,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        let network = &lease.scope.network;
        let basis = approval.shown.as_ref().map(|shown| shown.basis.digest.as_str());
        let transfer_id = new.transfer_id.clone();
        let mut tx = self.begin(Some(lease)).await?;
        let conn = &mut tx.conn();
        if due.review == Some(approval.decision.status()) {
            let sql = "SELECT 1 AS one FROM payments WHERE network = $1 AND payment_id = $2 AND state = $3 \
                       AND acted_at IS NULL AND review = $4 AND version = $5 AND (basis IS NULL OR basis = $6)";
            let args = [
                Arg::Text(network),
                Arg::Text(&due.payment_id),
                Arg::Text(due.state.as_str()),
                Arg::Text(approval.decision.status().as_str()),
                Arg::Int(due.version),
                Arg::MaybeText(basis),
            ];
            if conn.row(sql, &args).await?.is_none() {
                let id = &due.payment_id;
                return Err(StoreError::Refused(format!(
                    "payment {id} is no longer what was approved"
                )));
            }
        } else {
            let (id, state) = (&due.payment_id, &due.state);
            write_decision(conn, Decider::Poller, network, id, state, approval, now).await?;
        }
        let faults = create_in(conn, new, now).await?;
        let bind = "UPDATE transfers SET basis = $2 WHERE transfer_id = $1";
        conn.execute(bind, &[Arg::Text(&transfer_id), Arg::MaybeText(basis)]).await?;
        // A transaction that is not committed has changed nothing.
        if faults.is_empty() {
            tx.commit().await?;
        }
        Ok(faults)
    }

    /// Writes down that a payment that was approved is declined after all, because its rail could not pay it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the payment has moved on; [`StoreError::LeaseLost`].
    pub async fn decline_unpaid(
        &self,
        lease: &Lease,
        due: &Due,
        decline: &Review,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let network = &lease.scope.network;
        let mut tx = self.begin(Some(lease)).await?;
        let (conn, id) = (&mut tx.conn(), &due.payment_id);
        write_decision(conn, Decider::Rail, network, id, &due.state, decline, now).await?;
        tx.commit().await
    }
}

fn to_pay_out_from(row: &Row) -> Result<ToPayOut, StoreError> {
    let paid = match row.maybe_text("transfer_id")? {
        Some(transfer_id) => Some(PaidOut {
            transfer_id,
            status: row.parsed("status")?,
            message: row.maybe_text("message")?,
            code: row.maybe_text("reason_code")?,
        }),
        None => None,
    };
    Ok(ToPayOut {
        due: due_from(row)?,
        payout: Money {
            amount: row.parsed("payout_amount")?,
            currency: row.text("payout_currency")?,
        },
        end_to_end_id: row.maybe_text("end_to_end_id")?,
        paid,
    })
}
