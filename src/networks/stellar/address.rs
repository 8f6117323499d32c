//! Addresses: accounts (`G…`), and accounts with a sub-account's number in them (`M…`).

use std::fmt;
use std::str::FromStr;

use stellar_xdr::{AccountId, MuxedAccount, MuxedAccountMed25519, PublicKey, Uint256};
use thiserror::Error;

/// Where money goes to or comes from: an account, or a numbered sub-account that the account's owner keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(MuxedAccount);

/// A text that is no address of an account.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("`{0}` is not the address of a Stellar account: G… or M… is expected")]
pub struct NoAddress(String);

impl Address {
    /// The account itself, `G…`.
    #[must_use]
    pub fn account(&self) -> String {
        self.account_id().to_string()
    }

    /// The number of the sub-account, of an address `M…`.
    #[must_use]
    pub const fn muxed_id(&self) -> Option<u64> {
        match &self.0 {
            MuxedAccount::Ed25519(_) => None,
            MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id, .. }) => Some(*id),
        }
    }

    pub(super) fn account_id(&self) -> AccountId {
        AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(*self.key())))
    }

    /// The public key of the account.
    pub(super) const fn key(&self) -> &[u8; 32] {
        match &self.0 {
            MuxedAccount::Ed25519(Uint256(key))
            | MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { ed25519: Uint256(key), .. }) => key,
        }
    }

    pub(super) fn to_xdr(&self) -> MuxedAccount {
        self.0.clone()
    }

    pub(super) const fn from_xdr(account: MuxedAccount) -> Self {
        Self(account)
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        text.parse().map(Self).map_err(|_| NoAddress(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the examples of SEP-23.
    const ACCOUNT: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
    const MUXED: &str = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAE2JUG6";
    const MUXED_HIGH: &str =
        "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK";

    #[test]
    fn both_kinds_come_back_as_they_came() {
        let account: Address = ACCOUNT.parse().unwrap();
        assert_eq!((account.account().as_str(), account.muxed_id()), (ACCOUNT, None));
        let muxed: Address = MUXED.parse().unwrap();
        assert_eq!((muxed.account().as_str(), muxed.muxed_id()), (ACCOUNT, Some(1234)));
        let high: Address = MUXED_HIGH.parse().unwrap();
        assert_eq!(high.muxed_id(), Some(1 << 63));
        for (address, text) in [(account, ACCOUNT), (muxed, MUXED), (high, MUXED_HIGH)] {
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_account_is_refused() {
        let wrong_sum = ACCOUNT.replace("SGZ", "SGA");
        let seed = "SBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHXL7";
        let contract = "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE";
        for text in ["", "G", &wrong_sum, seed, contract, &format!(" {ACCOUNT}")] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
