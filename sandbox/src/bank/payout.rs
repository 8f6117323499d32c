//! A payout as the bank's books have it.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};

use super::options::Course;

/// Where a payout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayoutStatus {
    /// The money is with the beneficiary.
    Delivered,
    /// The money has left.
    Initiated,
    /// No money moved, or it is back.
    Failed,
    /// The same, until something is known.
    NeedsInformation,
}

impl PayoutStatus {
    /// The word in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Initiated => "initiated",
            Self::Failed => "failed",
            Self::NeedsInformation => "needs_information",
        }
    }

    /// Whether the money has left the account.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            Self::Delivered | Self::Initiated => true,
            Self::Failed | Self::NeedsInformation => false,
        }
    }

    pub(super) const fn of(course: &Course) -> Self {
        match course {
            Course::Deliver => Self::Delivered,
            Course::Initiate { .. } => Self::Initiated,
            Course::Fail { .. } => Self::Failed,
            Course::NeedInformation { .. } => Self::NeedsInformation,
        }
    }
}

/// A payout as the bank's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRecord {
    /// The idempotency key.
    pub key: String,
    /// Whether it was ordered as a refund.
    pub is_refund: bool,
    /// The transfer; none for a refund of money that belongs to none.
    pub transfer_id: Option<String>,
    /// The refund.
    pub refund_id: Option<String>,
    /// What came, of a refund of money that belongs to no transfer.
    pub incoming_id: Option<String>,
    /// How much, in the currency's units.
    pub amount: BigDecimal,
    /// The currency.
    pub currency: String,
    /// The beneficiary, as JSON.
    pub beneficiary: String,
    /// What the beneficiary reads.
    pub subject: Option<String>,
    /// Where it stands.
    pub status: PayoutStatus,
    /// The bank's reference.
    pub reference: String,
    /// How often it was ordered with this key.
    pub ordered: u64,
    /// How often it was looked up.
    pub looked_up: u64,
    /// When it was ordered first.
    pub at: DateTime<Utc>,
}

impl PayoutRecord {
    /// What it is for: the transfer, or else the refund.
    #[must_use]
    pub fn about(&self) -> &str {
        self.transfer_id.as_deref().or(self.refund_id.as_deref()).unwrap_or_default()
    }
}
