//! Orders, and what became of them.

use serde::Serialize;

use super::Viewed;
use super::incoming::IncomingJson;
use super::transfers::StatusJson;
use crate::engine::order::{OrderExplanation, OrderSettlement, order_json};
use crate::engine::{Keyed, iso, keyed};
use crate::store::{OrderDone, OrderRow, OrderStory, PayerRow, SettlementRow};

/// The keys of an order, as the engine tells it.
const KEYS: &[&str] = &[
    "shop",
    "order_id",
    "alt_id",
    "customer_id",
    "status",
    "price",
    "asset",
    "original_price",
    "currency",
    "pay_to",
    "address",
    "memo",
    "claimant",
    "received",
    "missing",
    "short_by",
    "created_at",
    "expires_at",
    "paid_at",
    "version",
];

impl Viewed for OrderRow {
    type View<'a> = Keyed;
    const KEYS: &'static [&'static str] = KEYS;

    fn view(&self) -> Keyed {
        order_json(&self.order, &self.named)
    }
}

/// What a wallet has paid of an order.
#[derive(Debug, Serialize)]
struct SettledJson<'a> {
    wallet: &'a str,
    asset: &'a str,
    amount: String,
    kind: &'static str,
    settled_at: String,
}

impl<'a> From<&'a SettlementRow> for SettledJson<'a> {
    fn from(row: &'a SettlementRow) -> Self {
        Self {
            wallet: &row.wallet,
            asset: &row.asset,
            amount: row.amount.to_string(),
            kind: row.kind.as_str(),
            settled_at: iso(row.settled_at),
        }
    }
}

/// A wallet that pays for a customer.
#[derive(Debug, Serialize)]
pub(super) struct PayerJson<'a> {
    wallet: &'a str,
    origin: &'static str,
    linked_at: String,
    credits: Vec<CreditJson<'a>>,
}

/// How much of an asset.
#[derive(Debug, Serialize)]
pub(super) struct CreditJson<'a> {
    pub(super) asset: &'a str,
    pub(super) credit: String,
}

impl<'a> From<&'a PayerRow> for PayerJson<'a> {
    fn from(row: &'a PayerRow) -> Self {
        let credits = row.credits.iter();
        Self {
            wallet: &row.wallet,
            origin: row.origin.as_str(),
            linked_at: iso(row.linked_at),
            credits: credits
                .map(|(asset, credit)| CreditJson { asset, credit: credit.to_string() })
                .collect(),
        }
    }
}

/// An order with its whole story.
pub(crate) fn order_story_json(story: &OrderStory) -> Keyed {
    let OrderStory { row, history, settlements, incoming, payers } = story;
    row.view().and(keyed! {
        "history": history.iter().map(StatusJson::from).collect::<Vec<_>>(),
        "settlements": settlements.iter().map(SettledJson::from).collect::<Vec<_>>(),
        "incoming": incoming.iter().map(IncomingJson::from).collect::<Vec<_>>(),
        "payers": payers.iter().map(PayerJson::from).collect::<Vec<_>>(),
    })
}

/// Why an order stands where it stands.
pub(crate) fn order_explained_json(row: &OrderRow, told: &OrderExplanation) -> Keyed {
    let key = &row.order.key;
    keyed! {
        "shop": key.shop,
        "order_id": key.order_id,
        "status": row.order.status.as_str(),
        "reason": told.why,
        "missing": told.missing.as_ref().map(ToString::to_string),
        "payers": told.payers,
        "money": told.money,
        "next": told.next,
        "at": told.when.map(iso),
    }
}

/// What was paid, each with its order.
pub(crate) fn settlements_json(settlements: &[OrderSettlement]) -> Vec<Keyed> {
    let one = |one: &OrderSettlement| {
        keyed! {
            "shop": one.order.shop,
            "order_id": one.order.order_id,
            "wallet": one.wallet,
            "asset": one.asset,
            "amount": one.amount.to_string(),
            "kind": one.kind.as_str(),
        }
    };
    settlements.iter().map(one).collect()
}

/// Which orders were paid.
pub(crate) fn paid_json(done: &OrderDone) -> Vec<Keyed> {
    let one = |order: &crate::engine::order::Order| {
        keyed! { "shop": order.key.shop, "order_id": order.key.order_id }
    };
    done.paid().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::Amount;
    use crate::engine::order::{Order, OrderKey, OrderStatus, PayTo};

    #[test]
    fn a_list_has_the_keys_of_an_order() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let order = Order {
            key: OrderKey::new("web", "7"),
            alt_id: None,
            customer_id: "bob".to_owned(),
            status: OrderStatus::New,
            version: 1,
            price: Amount::zero(),
            asset: "xtr".to_owned(),
            original_price: None,
            currency: None,
            rate_id: None,
            pay_to: PayTo::Wallet,
            address: None,
            memo: None,
            claimant: None,
            short_by: None,
            created_at: at,
            arrival: 1,
            expires_at: at,
            paid_at: None,
            updated_at: at,
        };
        let text = OrderRow { order, named: Amount::zero() }.view().to_string();
        let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        let mut at = 0;
        for key in KEYS {
            let found = text.find(&format!("\"{key}\":")).unwrap();
            assert!(found >= at, "{key} stands in its place");
            at = found;
        }
        assert_eq!(object.len(), KEYS.len());
    }
}
