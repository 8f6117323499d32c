//! Where a transfer stands. The words are those of the Stellar ecosystem proposals.

use std::fmt;
use std::str::FromStr;

/// Where a transfer stands, as its customer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferStatus {
    /// The customer has not told all that is needed.
    Incomplete,
    /// The customer is to pay in.
    PendingUserTransferStart,
    /// The money waits to be picked up by the customer.
    PendingUserTransferComplete,
    /// The rail has it: a deposit that is seen and not settled, or a payout that is on its way.
    PendingExternal,
    /// The money is in; we are to send it on.
    PendingAnchor,
    /// It is on its way on the network.
    PendingStellar,
    /// The receiving account has no trustline for the asset.
    PendingTrust,
    /// The customer is to do something that `message` tells.
    PendingUser,
    /// The sending institution is to pay in.
    PendingSender,
    /// The sending institution has paid; we are to pay the beneficiary.
    PendingReceiver,
    /// Facts about the transfer are to be corrected.
    PendingTransactionInfoUpdate,
    /// Facts about the customer are to be corrected.
    PendingCustomerInfoUpdate,
    /// It waits for a person.
    OnHold,
    /// Done.
    Completed,
    /// The money went back.
    Refunded,
    /// Nothing came in time.
    Expired,
    /// There was no price for it.
    NoMarket,
    /// The amount is below what is taken.
    TooSmall,
    /// The amount is above what is taken.
    TooLarge,
    /// It failed; `message` tells why.
    Error,
}

impl TransferStatus {
    /// Every status.
    pub const ALL: [Self; 20] = [
        Self::Incomplete,
        Self::PendingUserTransferStart,
        Self::PendingUserTransferComplete,
        Self::PendingExternal,
        Self::PendingAnchor,
        Self::PendingStellar,
        Self::PendingTrust,
        Self::PendingUser,
        Self::PendingSender,
        Self::PendingReceiver,
        Self::PendingTransactionInfoUpdate,
        Self::PendingCustomerInfoUpdate,
        Self::OnHold,
        Self::Completed,
        Self::Refunded,
        Self::Expired,
        Self::NoMarket,
        Self::TooSmall,
        Self::TooLarge,
        Self::Error,
    ];

    /// The word in tables, files and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::PendingUserTransferStart => "pending_user_transfer_start",
            Self::PendingUserTransferComplete => "pending_user_transfer_complete",
            Self::PendingExternal => "pending_external",
            Self::PendingAnchor => "pending_anchor",
            Self::PendingStellar => "pending_stellar",
            Self::PendingTrust => "pending_trust",
            Self::PendingUser => "pending_user",
            Self::PendingSender => "pending_sender",
            Self::PendingReceiver => "pending_receiver",
            Self::PendingTransactionInfoUpdate => "pending_transaction_info_update",
            Self::PendingCustomerInfoUpdate => "pending_customer_info_update",
            Self::OnHold => "on_hold",
            Self::Completed => "completed",
            Self::Refunded => "refunded",
            Self::Expired => "expired",
            Self::NoMarket => "no_market",
            Self::TooSmall => "too_small",
            Self::TooLarge => "too_large",
            Self::Error => "error",
        }
    }

    /// Whether it is over: nothing but a person's decision moves it on.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Completed
            | Self::Refunded
            | Self::Expired
            | Self::NoMarket
            | Self::TooSmall
            | Self::TooLarge
            | Self::Error => true,
            Self::Incomplete
            | Self::PendingUserTransferStart
            | Self::PendingUserTransferComplete
            | Self::PendingExternal
            | Self::PendingAnchor
            | Self::PendingStellar
            | Self::PendingTrust
            | Self::PendingUser
            | Self::PendingSender
            | Self::PendingReceiver
            | Self::PendingTransactionInfoUpdate
            | Self::PendingCustomerInfoUpdate
            | Self::OnHold => false,
        }
    }

    /// Whether the money has not come in yet, and is expected.
    #[must_use]
    pub const fn is_waiting_for_money(self) -> bool {
        match self {
            Self::Incomplete
            | Self::PendingUser
            | Self::PendingUserTransferStart
            | Self::PendingSender => true,
            Self::PendingUserTransferComplete
            | Self::PendingExternal
            | Self::PendingAnchor
            | Self::PendingStellar
            | Self::PendingTrust
            | Self::PendingReceiver
            | Self::PendingTransactionInfoUpdate
            | Self::PendingCustomerInfoUpdate
            | Self::OnHold
            | Self::Completed
            | Self::Refunded
            | Self::Expired
            | Self::NoMarket
            | Self::TooSmall
            | Self::TooLarge
            | Self::Error => false,
        }
    }
}

impl fmt::Display for TransferStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TransferStatus {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no status `{word}`; there are: {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_its_status() {
        for status in TransferStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert!(!(status.is_final() && status.is_waiting_for_money()), "{status}");
        }
        assert!("paid".parse::<TransferStatus>().is_err());
    }
}
