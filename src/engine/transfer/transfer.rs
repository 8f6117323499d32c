//! A transfer as it is on record.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{Memo, Protocol, TransferKind, TransferStatus};
use crate::engine::Amount;

/// A two-legged job of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Its name: up to 100 of `A-Z a-z 0-9 . _ : -`.
    pub transfer_id: String,
    /// Which way the money goes.
    pub kind: TransferKind,
    /// How it was agreed, if by a protocol.
    pub protocol: Option<Protocol>,
    /// Where it stands.
    pub status: TransferStatus,
    /// How many versions of it were stored. Each move makes one more.
    pub version: i64,
    /// The configured asset's name.
    pub asset: String,
    /// The configured rail's name.
    pub rail: String,
    /// What the rail calls the money.
    pub currency: String,
    /// The configured network's name.
    pub network: String,
    /// What the customer said would come in.
    pub amount_expected: Option<Amount>,
    /// What came in.
    pub amount_in: Option<Amount>,
    /// What goes, or went, out.
    pub amount_out: Option<Amount>,
    /// What we keep, on the side where the money comes in.
    pub amount_fee: Option<Amount>,
    /// What the rail kept or took for its leg, if it told: for the books. It is in none of the other amounts.
    pub rail_fee: Option<Amount>,
    /// Who paid in.
    pub from_address: Option<String>,
    /// The network address that a deposit is paid to: `G…` or `M…`.
    pub to_address: Option<String>,
    /// Deposit: the memo to attach. Else: the memo that the payer must attach.
    pub memo: Option<Memo>,
    /// The account of ours that receives a withdrawal or a send.
    pub account: Option<String>,
    /// Who is paid on the rail: JSON text.
    pub beneficiary: Option<String>,
    /// What a deposit on the rail carries, or a payout is to carry.
    pub subject: Option<String>,
    /// The rail's name for its leg.
    pub rail_reference: Option<String>,
    /// The network's name for its leg: a transaction's hash.
    pub network_reference: Option<String>,
    /// What has not come by then does not come.
    pub deadline: Option<DateTime<Utc>>,
    /// Why it stands where it stands.
    pub message: Option<String>,
    /// The code of that for programs, where a rail gave one.
    pub reason_code: Option<String>,
    /// The payment of a network that it pays out: (network, payment id).
    pub payment: Option<(String, String)>,
    /// The refund that is under way, or done.
    pub refund_id: Option<String>,
    /// How often something was tried in this status.
    pub attempts: i64,
    /// Not to be looked at before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// The payout that is open on its rail. A worker's claim is on that payout.
    pub payout_id: Option<String>,
    /// When it was created, here or in the system that it comes from.
    pub created_at: DateTime<Utc>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
    /// When it came to an end.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Transfer {
    /// Why it stands where it stands, with its code: for a person.
    #[must_use]
    pub fn told(&self) -> Option<Cow<'_, str>> {
        coded(self.reason_code.as_deref(), self.message.as_deref())
    }

    /// Whether its money goes back.
    #[must_use]
    pub const fn is_refunding(&self) -> bool {
        self.refund_id.is_some()
    }
}

/// A code for programs and a text for people, as one line.
#[must_use]
pub fn coded<'a>(code: Option<&'a str>, text: Option<&'a str>) -> Option<Cow<'a, str>> {
    match (code, text) {
        (Some(code), Some(text)) => Some(Cow::Owned(format!("{code}: {text}"))),
        (code, text) => text.or(code).map(Cow::Borrowed),
    }
}
