//! What kind of transfer it is, and who speaks of it in which protocol.

use std::fmt;
use std::str::FromStr;

/// Which way the money goes, and whether it changes its asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferKind {
    /// From a rail to a network.
    Deposit,
    /// The same, into another asset.
    DepositExchange,
    /// From a network to a rail, for the customer who pays it in.
    Withdrawal,
    /// The same, into another currency.
    WithdrawalExchange,
    /// From a network to a rail, for somebody else: a payment that another institution sends.
    Send,
}

impl TransferKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Deposit,
        Self::DepositExchange,
        Self::Withdrawal,
        Self::WithdrawalExchange,
        Self::Send,
    ];

    /// The word in tables, files and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::DepositExchange => "deposit-exchange",
            Self::Withdrawal => "withdrawal",
            Self::WithdrawalExchange => "withdrawal-exchange",
            Self::Send => "send",
        }
    }

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

impl fmt::Display for TransferKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TransferKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no kind of transfer `{word}`; there are: {known}")
        })
    }
}

/// The Stellar ecosystem proposal under which a transfer was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Programmatic deposits and withdrawals.
    Sep6,
    /// Interactive deposits and withdrawals.
    Sep24,
    /// Payments between institutions.
    Sep31,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::Sep6, Self::Sep24, Self::Sep31];

    /// The word in tables, files and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sep6 => "sep6",
            Self::Sep24 => "sep24",
            Self::Sep31 => "sep31",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == word).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no protocol `{word}`; there are: {known}")
        })
    }
}
