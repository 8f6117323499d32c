//! Orders and money for the tests of this module.

use super::{
    IncomingMoney, MoneyVerdict, NewOrder, Order, OrderKey, OrderStatus, OrderTerms, PayTo,
    Reference,
};
use crate::engine::fixtures::at;
use crate::engine::{IncomingKey, IncomingKind, IncomingStatus};

/// An order of the shop `shop`, in `xtr`.
pub(super) fn new(order_id: &str, customer: &str, price: &str) -> NewOrder {
    NewOrder {
        key: OrderKey::new("shop", order_id),
        alt_id: None,
        customer_id: Some(customer.to_owned()),
        price: price.parse().unwrap(),
        asset: "xtr".to_owned(),
        original_price: None,
        currency: None,
        rate_id: None,
        pay_to: PayTo::Wallet,
        address: None,
        memo: None,
        created_at: at(0),
    }
}

pub(super) fn order(order_id: &str, customer: &str, price: &str, status: OrderStatus) -> Order {
    Order { status, ..new(order_id, customer, price).begun(&OrderTerms::default(), at(0)) }
}

/// Money on `tari` that is seen; `names` no order if that is empty.
pub(super) fn money(id: &str, wallet: &str, amount: &str, names: &str) -> IncomingMoney {
    let names = Some(names.to_owned()).filter(|names| !names.is_empty());
    IncomingMoney {
        key: IncomingKey { source: "tari".to_owned(), incoming_id: id.to_owned() },
        kind: IncomingKind::OnChain,
        status: IncomingStatus::Received,
        wallet: wallet.to_owned(),
        asset: "xtr".to_owned(),
        amount: amount.parse().unwrap(),
        reference: Reference { address: None, texts: Vec::from_iter(names) },
        order: None,
        verdict: MoneyVerdict::Credit,
        received_at: at(0),
    }
}
