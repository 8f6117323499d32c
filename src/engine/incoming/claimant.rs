//! Whose incoming money is.

use std::fmt;

use crate::engine::words;

words! {
    /// What money that reached us may be for.
    pub enum ClaimantKind: "kind of claimant" {
        /// A two-legged job of ours.
        Transfer = "transfer",
        /// Money that a shop expects.
        Order = "order",
    }
}

/// What money that reached us is, or seems to be, for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// A transfer, by its id.
    Transfer(String),
    /// An order.
    Order {
        /// The configured shop's name.
        shop: String,
        /// The shop's name for it.
        order_id: String,
    },
}

impl Claimant {
    /// Which kind.
    #[must_use]
    pub const fn kind(&self) -> ClaimantKind {
        match self {
            Self::Transfer(_) => ClaimantKind::Transfer,
            Self::Order { .. } => ClaimantKind::Order,
        }
    }

    /// Its id: an order's is its shop's.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Transfer(id) => id,
            Self::Order { order_id, .. } => order_id,
        }
    }

    /// The shop whose order it is.
    #[must_use]
    pub fn shop(&self) -> Option<&str> {
        match self {
            Self::Transfer(_) => None,
            Self::Order { shop, .. } => Some(shop),
        }
    }

    /// The transfer that it is.
    #[must_use]
    pub fn transfer_id(&self) -> Option<&str> {
        match self {
            Self::Transfer(id) => Some(id),
            Self::Order { .. } => None,
        }
    }
}

impl fmt::Display for Claimant {
    /// As the subjects of events name it: `transfer/ID`, `order/SHOP/ID`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transfer(id) => write!(f, "transfer/{id}"),
            Self::Order { shop, order_id } => write!(f, "order/{shop}/{order_id}"),
        }
    }
}

/// What an incoming payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// What this claimant waits for.
    Matched(Claimant),
    /// More money for a claimant that has its own.
    Second(Claimant),
    /// Nobody waits for it.
    UnknownMemo,
    /// For this claimant, in another asset than it takes.
    WrongAsset(Claimant),
    /// For this claimant, which no longer waits.
    TooLate(Claimant),
}

impl Match {
    /// The word in the column `verdict`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Matched(_) => "matched",
            Self::Second(_) => "second",
            Self::UnknownMemo => "unknown_memo",
            Self::WrongAsset(_) => "wrong_asset",
            Self::TooLate(_) => "too_late",
        }
    }

    /// Whom it speaks of.
    #[must_use]
    pub const fn claimant(&self) -> Option<&Claimant> {
        match self {
            Self::Matched(one) | Self::Second(one) | Self::WrongAsset(one) | Self::TooLate(one) => {
                Some(one)
            }
            Self::UnknownMemo => None,
        }
    }

    /// The transfer that it speaks of.
    #[must_use]
    pub fn transfer_id(&self) -> Option<&str> {
        self.claimant().and_then(Claimant::transfer_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimant_is_named_as_the_subjects_of_events_name_it() {
        let order = Claimant::Order { shop: "acme".to_owned(), order_id: "1001".to_owned() };
        let transfer = Claimant::Transfer("t1".to_owned());
        assert_eq!((order.to_string().as_str(), order.id()), ("order/acme/1001", "1001"));
        assert_eq!((transfer.to_string().as_str(), transfer.id()), ("transfer/t1", "t1"));
        assert_eq!((order.shop(), transfer.shop()), (Some("acme"), None));
        assert_eq!(Match::Second(order).transfer_id(), None);
        assert_eq!(Match::Second(transfer).transfer_id(), Some("t1"));
    }
}
