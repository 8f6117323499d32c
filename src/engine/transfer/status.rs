//! Where a transfer stands. The words are those of the Stellar ecosystem proposals.

use crate::engine::words;

words! {
    /// Where a transfer stands, as its customer is told.
    pub enum TransferStatus: "status" {
        /// The customer has not told all that is needed.
        Incomplete = "incomplete",
        /// The customer is to pay in.
        PendingUserTransferStart = "pending_user_transfer_start",
        /// The money waits to be picked up by the customer.
        PendingUserTransferComplete = "pending_user_transfer_complete",
        /// The rail has it: a deposit that is seen and not settled, or a payout that is on its way.
        PendingExternal = "pending_external",
        /// The money is in; we are to send it on.
        PendingAnchor = "pending_anchor",
        /// It is on its way on the network.
        PendingStellar = "pending_stellar",
        /// The receiving account has no trustline for the asset.
        PendingTrust = "pending_trust",
        /// The customer is to do something that `message` tells.
        PendingUser = "pending_user",
        /// The sending institution is to pay in.
        PendingSender = "pending_sender",
        /// The sending institution has paid; we are to pay the beneficiary.
        PendingReceiver = "pending_receiver",
        /// Facts about the transfer are to be corrected.
        PendingTransactionInfoUpdate = "pending_transaction_info_update",
        /// Facts about the customer are to be corrected.
        PendingCustomerInfoUpdate = "pending_customer_info_update",
        /// It waits for a person.
        OnHold = "on_hold",
        /// Done.
        Completed = "completed",
        /// The money went back.
        Refunded = "refunded",
        /// Nothing came in time.
        Expired = "expired",
        /// There was no price for it.
        NoMarket = "no_market",
        /// The amount is below what is taken.
        TooSmall = "too_small",
        /// The amount is above what is taken.
        TooLarge = "too_large",
        /// It failed; `message` tells why.
        Error = "error",
    }
}

impl TransferStatus {
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
