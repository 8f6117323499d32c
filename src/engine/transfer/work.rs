//! The words for what is done for a transfer: payouts on rails, envelopes on networks, refunds.

use std::fmt;
use std::str::FromStr;

/// What a payout or a payment of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// The transfer's second leg.
    Payout,
    /// Money that goes back.
    Refund,
}

impl Purpose {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Payout, Self::Refund];

    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payout => "payout",
            Self::Refund => "refund",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is not one of {:?}", Self::ALL.map(Self::as_str)))
    }
}

/// Where a payout on a rail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayoutStatus {
    /// Written down, and perhaps being tried.
    Intended,
    /// The rail has it, and has not delivered.
    Initiated,
    /// The rail has delivered.
    Done,
    /// It was not done, and never will be.
    Refused,
    /// Tried, with no clear answer: the rail is asked before anything else.
    Unknown,
}

impl PayoutStatus {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Intended, Self::Initiated, Self::Done, Self::Refused, Self::Unknown];

    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Initiated => "initiated",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PayoutStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PayoutStatus {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is not one of {:?}", Self::ALL.map(Self::as_str)))
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

/// Where a signed transaction of ours stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvelopeStatus {
    /// Other signers must sign it before it can be sent.
    WaitingSignatures,
    /// Signed and stored, and perhaps being sent.
    Intended,
    /// Sent, with no final answer yet.
    Sent,
    /// The network has applied it.
    Done,
    /// The network has applied it without effect, or refused it for good.
    Failed,
    /// Its time is over, and the network does not have it.
    Expired,
}

impl EnvelopeStatus {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::WaitingSignatures,
        Self::Intended,
        Self::Sent,
        Self::Done,
        Self::Failed,
        Self::Expired,
    ];

    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitingSignatures => "waiting_signatures",
            Self::Intended => "intended",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for EnvelopeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EnvelopeStatus {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is not one of {:?}", Self::ALL.map(Self::as_str)))
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

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStatus {
    /// Decided, and to be carried out.
    Open,
    /// The money is back.
    Done,
    /// It could not be carried out: a person must see to it.
    Failed,
}

impl RefundStatus {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Failed];

    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for RefundStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RefundStatus {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == word);
        found.ok_or_else(|| format!("`{word}` is not one of {:?}", Self::ALL.map(Self::as_str)))
    }
}
