//! The accounts of the books, as words.

use std::fmt;
use std::str::FromStr;

use crate::engine::words;

words! {
    /// What an account is for.
    pub enum AccountKind: "kind of account" {
        /// Where money comes from: a place. What it holds is what came there, with a minus.
        Received = "received",
        /// The credit of an address that pays.
        Wallet = "wallet",
        /// What was paid for an order.
        Order = "order",
        /// What we give of our own, and get.
        Operator = "operator",
        /// Money that has left us, or is on its way.
        Out = "out",
        /// A transfer's money, until it goes out.
        Transfer = "transfer",
        /// What we keep of transfers.
        Fees = "fees",
        /// Money of transfers that wait for a person.
        Held = "held",
        /// Money that came and is nobody's yet.
        Unmatched = "unmatched",
    }
}

/// An account: `wallet/ADDRESS`, `order/SHOP/ID`, `operator`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookAccount {
    /// `received/PLACE`
    Received(String),
    /// `wallet/ADDRESS`
    Wallet(String),
    /// `order/SHOP/ID`
    Order {
        /// The configured shop's name.
        shop: String,
        /// The shop's id of the order.
        order_id: String,
    },
    /// `operator`
    Operator,
    /// `out`
    Out,
    /// `transfer/ID`
    Transfer(String),
    /// `fees`
    Fees,
    /// `held`
    Held,
    /// `unmatched`
    Unmatched,
}

impl BookAccount {
    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Received(_) => AccountKind::Received,
            Self::Wallet(_) => AccountKind::Wallet,
            Self::Order { .. } => AccountKind::Order,
            Self::Operator => AccountKind::Operator,
            Self::Out => AccountKind::Out,
            Self::Transfer(_) => AccountKind::Transfer,
            Self::Fees => AccountKind::Fees,
            Self::Held => AccountKind::Held,
            Self::Unmatched => AccountKind::Unmatched,
        }
    }
}

impl fmt::Display for BookAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Received(name) | Self::Wallet(name) | Self::Transfer(name) => {
                write!(f, "{kind}/{name}")
            }
            Self::Order { shop, order_id } => write!(f, "{kind}/{shop}/{order_id}"),
            Self::Operator | Self::Out | Self::Fees | Self::Held | Self::Unmatched => {
                f.write_str(kind.as_str())
            }
        }
    }
}

impl FromStr for BookAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind, Some(name)),
            None => (text, None),
        };
        let kind: AccountKind = kind.parse()?;
        let named = || name.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        let account = match kind {
            AccountKind::Received => named().map(Self::Received),
            AccountKind::Wallet => named().map(Self::Wallet),
            AccountKind::Transfer => named().map(Self::Transfer),
            AccountKind::Order => {
                let parts = name.and_then(|name| name.split_once('/'));
                parts.filter(|(shop, id)| !shop.is_empty() && !id.is_empty()).map(|(shop, id)| {
                    Self::Order { shop: shop.to_owned(), order_id: id.to_owned() }
                })
            }
            AccountKind::Operator => name.is_none().then_some(Self::Operator),
            AccountKind::Out => name.is_none().then_some(Self::Out),
            AccountKind::Fees => name.is_none().then_some(Self::Fees),
            AccountKind::Held => name.is_none().then_some(Self::Held),
            AccountKind::Unmatched => name.is_none().then_some(Self::Unmatched),
        };
        account.ok_or_else(|| format!("`{text}` is no account of the kind {kind}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_as_it_is_written() {
        for text in [
            "received/tari",
            "wallet/credit:shop/bob",
            "order/shop/a/b",
            "operator",
            "out",
            "transfer/t:1",
            "fees",
            "held",
            "unmatched",
        ] {
            assert_eq!(text.parse::<BookAccount>().unwrap().to_string(), text);
        }
        for text in ["", "order/shop", "order//7", "wallet", "wallet/", "out/7", "purse/7"] {
            assert!(text.parse::<BookAccount>().is_err(), "{text}");
        }
    }
}
