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

/// How far a transfer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its money has not come in yet, and is expected.
    Agreeing,
    /// Its money is on its way: in, on, or back.
    UnderWay,
    /// It waits for a person.
    Held,
    /// It is over: nothing but a person's decision moves it on.
    Over(End),
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The money is where it was to go.
    Paid,
    /// It went back.
    Returned,
    /// None came.
    Nothing,
    /// It failed, and money may be with us.
    Failed,
}

impl TransferStatus {
    /// How far it has come: the one list of all statuses, for whoever need not tell them apart.
    #[must_use]
    pub const fn phase(self) -> Phase {
        match self {
            Self::Incomplete
            | Self::PendingUser
            | Self::PendingUserTransferStart
            | Self::PendingSender => Phase::Agreeing,
            Self::PendingUserTransferComplete
            | Self::PendingExternal
            | Self::PendingAnchor
            | Self::PendingStellar
            | Self::PendingTrust
            | Self::PendingReceiver
            | Self::PendingTransactionInfoUpdate
            | Self::PendingCustomerInfoUpdate => Phase::UnderWay,
            Self::OnHold => Phase::Held,
            Self::Completed => Phase::Over(End::Paid),
            Self::Refunded => Phase::Over(End::Returned),
            Self::Expired | Self::NoMarket | Self::TooSmall | Self::TooLarge => {
                Phase::Over(End::Nothing)
            }
            Self::Error => Phase::Over(End::Failed),
        }
    }

    /// Whether it is over: nothing but a person's decision moves it on.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self.phase(), Phase::Over(_))
    }

    /// Whether the money has not come in yet, and is expected.
    #[must_use]
    pub const fn is_waiting_for_money(self) -> bool {
        matches!(self.phase(), Phase::Agreeing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_its_status() {
        for status in TransferStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("paid".parse::<TransferStatus>().is_err());
    }
}
