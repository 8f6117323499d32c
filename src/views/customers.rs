//! Customers: their orders, their wallets, and their credit.

use std::collections::BTreeMap;

use super::orders::{CreditJson, PayerJson};
use super::{Viewed, view};
use crate::engine::books::Balance;
use crate::engine::order::OrderStatus;
use crate::engine::{Keyed, iso, keyed};
use crate::store::{CustomerRow, OrderRow};

view! {
    /// A customer.
    pub(crate) struct CustomerJson<'a> {
        shop: &'a str,
        customer_id: &'a str,
        created_at: String,
        orders: Keyed,
        credits: Vec<CreditJson<'a>>,
        payers: Vec<PayerJson<'a>>,
    }
}

/// What a customer has: the sum over all wallets that pay for them, in each asset.
pub(crate) fn credits_of(row: &CustomerRow) -> BTreeMap<&str, Balance> {
    let mut sums: BTreeMap<&str, Balance> = BTreeMap::new();
    for (asset, credit) in row.payers.iter().flat_map(|payer| &payer.credits) {
        let sum = sums.entry(asset).or_insert_with(Balance::zero);
        *sum = sum.plus(credit);
    }
    sums
}

impl<'a> From<&'a CustomerRow> for CustomerJson<'a> {
    fn from(row: &'a CustomerRow) -> Self {
        let count = |status: OrderStatus| {
            let found = row.orders.iter().find(|(one, _)| *one == status);
            found.map_or(0, |(_, count)| *count)
        };
        let orders = OrderStatus::ALL.into_iter();
        let orders =
            orders.fold(Keyed::default(), |all, status| all.with(status.as_str(), &count(status)));
        let credit =
            |(asset, credit): (&'a str, Balance)| CreditJson { asset, credit: credit.to_string() };
        Self {
            shop: &row.customer.shop,
            customer_id: &row.customer.customer_id,
            created_at: iso(row.created_at),
            orders,
            credits: credits_of(row).into_iter().map(credit).collect(),
            payers: row.payers.iter().map(PayerJson::from).collect(),
        }
    }
}

impl Viewed for CustomerRow {
    type View<'a> = CustomerJson<'a>;
    const KEYS: &'static [&'static str] = CustomerJson::KEYS;

    fn view(&self) -> CustomerJson<'_> {
        self.into()
    }
}

/// A customer with the orders that are open.
pub(crate) fn customer_whole_json(row: &CustomerRow, open: &[OrderRow]) -> Keyed {
    let told = CustomerJson::from(row);
    let open: Vec<Keyed> = open.iter().map(Viewed::view).collect();
    keyed! {
        "shop": told.shop,
        "customer_id": told.customer_id,
        "created_at": told.created_at,
        "orders": told.orders,
        "credits": told.credits,
        "payers": told.payers,
        "open_orders": open,
    }
}
