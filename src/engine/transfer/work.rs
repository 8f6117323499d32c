//! The words for what is done for a transfer: payouts on rails, envelopes on networks, refunds.

use crate::engine::words;

words! {
    /// What a payout or a payment of ours is for.
    pub enum Purpose: "purpose" {
        /// The transfer's second leg.
        Payout = "payout",
        /// Money that goes back.
        Refund = "refund",
    }
}

words! {
    /// Where a payout on a rail stands.
    pub enum PayoutStatus: "status of a payout" {
        /// Written down, and perhaps being tried.
        Intended = "intended",
        /// The rail has it, and has not delivered.
        Initiated = "initiated",
        /// The rail has delivered.
        Done = "done",
        /// It was not done, and never will be.
        Refused = "refused",
        /// Tried, with no clear answer: the rail is asked before anything else.
        Unknown = "unknown",
    }
}

impl PayoutStatus {
    /// Whether something may still come of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Intended | Self::Initiated | Self::Unknown => true,
            Self::Done | Self::Refused => false,
        }
    }
}

words! {
    /// Where a signed transaction of ours stands.
    pub enum EnvelopeStatus: "status of an envelope" {
        /// Other signers must sign it before it can be sent.
        WaitingSignatures = "waiting_signatures",
        /// Signed and stored, and perhaps being sent.
        Intended = "intended",
        /// Sent, with no final answer yet.
        Sent = "sent",
        /// The network has applied it.
        Done = "done",
        /// The network has applied it without effect, or refused it for good.
        Failed = "failed",
        /// Its time is over, and the network does not have it.
        Expired = "expired",
    }
}

impl EnvelopeStatus {
    /// Whether the network may still apply it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::WaitingSignatures | Self::Intended | Self::Sent => true,
            Self::Done | Self::Failed | Self::Expired => false,
        }
    }
}

words! {
    /// Where a refund stands.
    pub enum RefundStatus: "status of a refund" {
        /// Decided, and to be carried out.
        Open = "open",
        /// The money is back.
        Done = "done",
        /// It could not be carried out: a person must see to it.
        Failed = "failed",
    }
}
