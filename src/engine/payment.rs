//! A payment as a network reports it.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Money, Parties, PaymentState};

/// The part that our node plays in a payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConnectorRole {
    /// We send it.
    Sending,
    /// We pay it out.
    Receiving,
    /// Any other word of the network's, such as `INTERMEDIARY`: recorded, never acted on.
    Other(String),
}

impl ConnectorRole {
    /// The network's word for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sending => "SENDING",
            Self::Receiving => "RECEIVING",
            Self::Other(word) => word,
        }
    }

    /// The role that the network's word means.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "SENDING" => Self::Sending,
            "RECEIVING" => Self::Receiving,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for ConnectorRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One version of a payment. Its version is (`modified_at`, `hash`).
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// The network's id of it.
    pub payment_id: String,
    /// Its state.
    pub state: PaymentState,
    /// Labels inside the state, sent by the partner, oldest first.
    pub sub_states: Vec<String>,
    /// Our part in it.
    pub connector_role: ConnectorRole,
    /// The amount of its quote.
    pub money: Money,
    /// What the beneficiary gets, where the network tells.
    pub payout: Option<Money>,
    /// When it was accepted by the sender.
    pub created_at: Option<DateTime<Utc>>,
    /// When the network last changed it.
    pub modified_at: DateTime<Utc>,
    /// The network fails it after this time.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether our own node has already locked it, which may be before its state says so.
    pub locked_here: bool,
    /// The payment that this one takes back.
    pub returns: Option<String>,
    /// The payment that took this one back.
    pub returned_by: Option<String>,
    /// The sender's business key, at most 128 characters.
    pub end_to_end_id: Option<String>,
    /// Times at which it reached states, as far as the network tells.
    pub reached: Vec<(PaymentState, DateTime<Utc>)>,
    /// The network's JSON, as it came.
    pub document: String,
    /// Where the document tells of the parties: read when a decision depends on it.
    pub parties: Parties,
    /// A hash of the document, to find changes that `modified_at` does not tell.
    pub hash: i64,
}
