//! The whole story of a transfer.

use super::incoming::row::{IncomingRow, incoming_from};
use super::payouts::row::{PayoutRow, payout_from};
use super::refunds::refund_from;
use super::transactions::envelopes::Envelope;
use super::transactions::read::with_payments;
use crate::engine::Refund;
use crate::engine::Transfer;
use crate::store::db::values::Arg;
use crate::store::payments::story::{StoryStatus, status_from};
use crate::store::{Store, StoreError};

/// Everything that is on record of a transfer, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferStory {
    /// Itself.
    pub transfer: Transfer,
    /// Every status it had; the source is the cause of the move, and the reason its message.
    pub history: Vec<StoryStatus>,
    /// Every payout for it.
    pub payouts: Vec<PayoutRow>,
    /// Every envelope with a payment for it.
    pub envelopes: Vec<Envelope>,
    /// Every refund of its money.
    pub refunds: Vec<Refund>,
    /// Every incoming payment that is, or seems to be, for it.
    pub incoming: Vec<IncomingRow>,
}

const HISTORY: &str = "SELECT status, reached_at, recorded_at, source, reason, decided_by FROM status_changes \
    WHERE kind = 'transfer' AND id = $1 ORDER BY row_id";

/// The open ones and the others have an index each.
const PAYOUTS: &str = "SELECT * FROM payouts WHERE transfer_id = $1 AND finished_at IS NULL \
    UNION ALL SELECT * FROM payouts WHERE transfer_id = $1 AND finished_at IS NOT NULL";

const ENVELOPES: &str = "SELECT * FROM transactions WHERE transaction_id IN \
        (SELECT transaction_id FROM transaction_payments WHERE transfer_id = $1) \
    ORDER BY created_at, sequence";

impl Store {
    /// Everything that is on record of a transfer; none if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn transfer_story(
        &self,
        transfer_id: &str,
    ) -> Result<Option<TransferStory>, StoreError> {
        let Some(transfer) = self.transfer(transfer_id).await? else { return Ok(None) };
        let key = [Arg::Text(transfer_id)];
        let mut reader = self.db.reader().await?;
        let conn = &mut reader.conn();
        let history = conn.rows(HISTORY, &key).await?;
        let payouts = conn.rows(PAYOUTS, &key).await?;
        let mut payouts: Vec<PayoutRow> =
            payouts.iter().map(payout_from).collect::<Result<_, _>>()?;
        payouts.sort_by_key(|payout| payout.intended_at);
        let envelopes = conn.rows(ENVELOPES, &key).await?;
        let envelopes = with_payments(conn, &envelopes).await?;
        let refunds = "SELECT * FROM refunds WHERE transfer_id = $1 ORDER BY created_at, refund_id";
        let refunds = conn.rows(refunds, &key).await?;
        let incoming = "SELECT * FROM incoming WHERE claimant_id = $1 AND claimant_kind = 'transfer' ORDER BY received_at, incoming_id";
        let incoming = conn.rows(incoming, &key).await?;
        Ok(Some(TransferStory {
            transfer,
            history: history.iter().map(status_from).collect::<Result<_, _>>()?,
            payouts,
            envelopes,
            refunds: refunds.iter().map(refund_from).collect::<Result<_, _>>()?,
            incoming: incoming.iter().map(incoming_from).collect::<Result<_, _>>()?,
        }))
    }
}
