//! What kind of transfer it is, and who speaks of it in which protocol.

use crate::engine::words;

words! {
    /// Which way the money goes, and whether it changes its asset.
    pub enum TransferKind: "kind of transfer" {
        /// From a rail to a network.
        Deposit = "deposit",
        /// The same, into another asset.
        DepositExchange = "deposit-exchange",
        /// From a network to a rail, for the customer who pays it in.
        Withdrawal = "withdrawal",
        /// The same, into another currency.
        WithdrawalExchange = "withdrawal-exchange",
        /// From a network to a rail, for somebody else: a payment that another institution sends.
        Send = "send",
    }
}

impl TransferKind {
    /// Whether the money comes in on a rail. Else it comes in on a network.
    #[must_use]
    pub const fn is_deposit(self) -> bool {
        match self {
            Self::Deposit | Self::DepositExchange => true,
            Self::Withdrawal | Self::WithdrawalExchange | Self::Send => false,
        }
    }

    /// Whether what goes out is of another asset than what comes in, at a price that was agreed before.
    #[must_use]
    pub const fn is_exchange(self) -> bool {
        match self {
            Self::DepositExchange | Self::WithdrawalExchange => true,
            Self::Deposit | Self::Withdrawal | Self::Send => false,
        }
    }
}

words! {
    /// The Stellar ecosystem proposal under which a transfer was agreed.
    pub enum Protocol: "protocol" {
        /// Programmatic deposits and withdrawals.
        Sep6 = "sep6",
        /// Interactive deposits and withdrawals.
        Sep24 = "sep24",
        /// Payments between institutions.
        Sep31 = "sep31",
    }
}
