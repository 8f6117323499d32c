//! Where an order stands, and how it is to be paid.

use crate::engine::words;

words! {
    /// Where an order stands.
    pub enum OrderStatus: "status of an order" {
        /// Nobody is known to pay it.
        Unclaimed = "unclaimed",
        /// Somebody is, and has not paid it.
        New = "new",
        /// It is paid. That is for ever: what goes back is an amount beside it.
        Paid = "paid",
        /// Its time is over.
        Expired = "expired",
        /// The shop or a person has ended it.
        Cancelled = "cancelled",
    }
}

impl OrderStatus {
    /// Whether money is expected.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Unclaimed | Self::New => true,
            Self::Paid | Self::Expired | Self::Cancelled => false,
        }
    }
}

words! {
    /// How an order is to be paid.
    pub enum PayTo: "way to pay" {
        /// To an account of ours, with a memo.
        Memo = "memo",
        /// To an address of its own.
        Address = "address",
        /// By any wallet that is linked to its customer, or that names it.
        Wallet = "wallet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_its_status() {
        for status in OrderStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("New".parse::<OrderStatus>().is_err());
        let open = OrderStatus::ALL.into_iter().filter(|status| status.is_open());
        assert_eq!(Vec::from_iter(open), [OrderStatus::Unclaimed, OrderStatus::New]);
    }
}
