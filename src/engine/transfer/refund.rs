//! Money that goes back.

use chrono::{DateTime, Utc};

use super::{Memo, RefundStatus};
use crate::engine::Amount;

/// A refund that is decided on. With a transfer it belongs to a step that names it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRefund {
    /// Its name: a UUID.
    pub refund_id: String,
    /// The transfer whose money it is.
    pub transfer_id: Option<String>,
    /// The incoming payment that it sends back: (source, id).
    pub incoming: Option<(String, String)>,
    /// The configured rail or network on which it goes back.
    pub place: String,
    /// How much.
    pub amount: Amount,
    /// Of what, in the words of `place`.
    pub asset: String,
    /// To whom: an address of the network, or what the rail said of the payer.
    pub destination: Option<String>,
    /// The memo to attach.
    pub memo: Option<Memo>,
    /// Whom a rail pays: JSON text.
    pub beneficiary: Option<String>,
    /// Why.
    pub reason: String,
}

/// A refund.
#[derive(Debug, Clone, PartialEq)]
pub struct Refund {
    /// Its name.
    pub refund_id: String,
    /// The transfer whose money it is.
    pub transfer_id: Option<String>,
    /// The incoming payment that it sends back: (source, id).
    pub incoming: Option<(String, String)>,
    /// The configured rail or network on which it goes back.
    pub place: String,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub asset: String,
    /// To whom.
    pub destination: Option<String>,
    /// The memo to attach.
    pub memo: Option<Memo>,
    /// Whom a rail pays: JSON text.
    pub beneficiary: Option<String>,
    /// Where it stands.
    pub status: RefundStatus,
    /// The payout or envelope that carries it out.
    pub under_way: Option<String>,
    /// Why it was decided.
    pub reason: String,
    /// The operator who decided it; none where the asset's policy did.
    pub decided_by: Option<String>,
    /// The rail's or network's name for it.
    pub reference: Option<String>,
    /// Why it stands where it stands.
    pub message: Option<String>,
    /// Not to be taken up before.
    pub not_before: DateTime<Utc>,
    /// When it was decided.
    pub created_at: DateTime<Utc>,
    /// When it came to an end.
    pub finished_at: Option<DateTime<Utc>>,
}
