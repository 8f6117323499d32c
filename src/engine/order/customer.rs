//! Whose orders they are, and which wallets pay for them.

use super::{Order, OrderKey, PayTo};
use crate::engine::words;

/// Somebody who orders. Made by the first order or credit note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Customer {
    /// The configured shop's name.
    pub shop: String,
    /// The shop's id of the customer.
    pub customer_id: String,
}

impl Customer {
    /// The customer of this id at this shop.
    #[must_use]
    pub fn new(shop: impl Into<String>, customer_id: impl Into<String>) -> Self {
        Self { shop: shop.into(), customer_id: customer_id.into() }
    }

    /// Whose order this is.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self::new(&order.key.shop, &order.customer_id)
    }
}

/// The customer id of somebody without one: each such order has a customer of its own.
#[must_use]
pub fn guest(order: &OrderKey) -> String {
    format!("guest:{}", order.order_id)
}

/// The wallet of a customer's credit notes, where the network has none of its own for that. Customers of two shops are two,
/// whatever their ids.
#[must_use]
pub fn credit_wallet(customer: &Customer) -> String {
    format!("credit:{}/{}", customer.shop, customer.customer_id)
}

/// Whose credit money is, by the order that it names and who sent it. None: nobody's, for nobody is known.
///
/// What comes with a memo, or to an order's own address, may be sent by an exchange that pays for many: it is the customer's
/// own, so that what is left of it pays nobody else's orders.
#[must_use]
pub fn payer_wallet(order: Option<&Order>, sender: Option<&str>) -> Option<String> {
    match order.map(|order| (order.pay_to, order)) {
        Some((PayTo::Memo | PayTo::Address, order)) => Some(credit_wallet(&Customer::of(order))),
        Some((PayTo::Wallet, _)) | None => sender.map(ToOwned::to_owned),
    }
}

words! {
    /// Who says that a wallet is a customer's.
    pub enum LinkOrigin: "origin of a link" {
        /// Whoever holds the wallet: a claim from outside, or money that names an order. Order ids can be guessed, so it
        /// lets the wallet pay, and shows it nothing.
        Payer = "payer",
        /// The shop, in its own signed note, or a person. The wallet's owner may read the customer's other orders.
        Shop = "shop",
    }
}

/// That a wallet pays for a customer. Many to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletLink {
    /// Which wallet.
    pub wallet: String,
    /// Whose orders it pays.
    pub customer: Customer,
    /// Who says so.
    pub origin: LinkOrigin,
}

impl WalletLink {
    /// Whether the wallet's owner may read all of the customer's orders.
    #[must_use]
    pub const fn may_read(&self) -> bool {
        match self.origin {
            LinkOrigin::Shop => true,
            LinkOrigin::Payer => false,
        }
    }
}

/// The origin of a link that is `known` when it is told anew: none if nothing changes. What the shop says stays.
#[must_use]
pub fn linked(known: Option<LinkOrigin>, told: LinkOrigin) -> Option<LinkOrigin> {
    known.is_none_or(|known| told > known).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::super::OrderStatus;
    use super::super::fixtures::order;
    use super::*;

    #[test]
    fn a_link_is_made_once_and_the_shops_word_stays() {
        use LinkOrigin::{Payer, Shop};
        assert_eq!(linked(None, Payer), Some(Payer));
        assert_eq!(linked(Some(Payer), Payer), None);
        assert_eq!(linked(Some(Payer), Shop), Some(Shop));
        assert_eq!(linked(Some(Shop), Payer), None);
        assert_eq!(linked(Some(Shop), Shop), None);
    }

    #[test]
    fn whoever_guesses_an_order_reads_no_other() {
        let link = |origin| WalletLink {
            wallet: "eve".to_owned(),
            customer: Customer::new("shop", "alice"),
            origin,
        };
        assert!(!link(LinkOrigin::Payer).may_read());
        assert!(link(LinkOrigin::Shop).may_read());
    }

    #[test]
    fn an_exchange_that_pays_for_many_is_nobodys_wallet() {
        let by_wallet = order("1", "alice", "10", OrderStatus::New);
        let by_memo = Order { pay_to: PayTo::Memo, ..by_wallet.clone() };
        let alices = Some("credit:shop/alice".to_owned());
        assert_eq!(payer_wallet(Some(&by_memo), Some("exchange")), alices);
        assert_eq!(payer_wallet(Some(&by_memo), None), alices);
        assert_eq!(payer_wallet(Some(&by_wallet), Some("a")).as_deref(), Some("a"));
        assert_eq!(payer_wallet(None, None), None);
    }

    #[test]
    fn customers_of_two_shops_share_no_credit() {
        let wallets = ["a", "b"].map(|shop| credit_wallet(&Customer::new(shop, "1")));
        assert_eq!(wallets, ["credit:a/1", "credit:b/1"]);
        assert_eq!(guest(&OrderKey::new("a", "7")), "guest:7");
    }
}
