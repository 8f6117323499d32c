//! Orders and their money as they come out of the database.

use serde::{Deserialize, Serialize};

use crate::engine::Claimant;
use crate::engine::books::Balance;
use crate::engine::order::{IncomingMoney, MoneyVerdict, Order, OrderKey, Reference};
use crate::store::StoreError;
use crate::store::db::values::Row;
use crate::store::transfers::incoming::IncomingRow;

pub(super) fn order_from(row: &Row) -> Result<Order, StoreError> {
    Ok(Order {
        arrival: row.int("number")?,
        key: OrderKey { shop: row.text("shop")?, order_id: row.text("order_id")? },
        alt_id: row.maybe_text("alt_id")?,
        customer_id: row.text("customer_id")?,
        status: row.parsed("status")?,
        version: row.int("version")?,
        price: row.amount("price")?,
        asset: row.text("asset")?,
        original_price: row.maybe_text("original_price")?,
        currency: row.maybe_text("currency")?,
        rate_id: row.maybe_text("rate_id")?,
        pay_to: row.parsed("pay_to")?,
        address: row.maybe_text("address")?,
        memo: row.maybe_text("memo")?,
        claimant: row.maybe_text("claimant")?,
        short_by: row.maybe_amount("short_by")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        paid_at: row.maybe_time("paid_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What money names, as it was read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    address: Option<String>,
    texts: Vec<String>,
}

impl From<&Reference> for Names {
    fn from(reference: &Reference) -> Self {
        Self { address: reference.address.clone(), texts: reference.texts.clone() }
    }
}

/// The row as money for orders. None: it is none of theirs.
pub(super) fn money_from(
    row: &Row,
    incoming: &IncomingRow,
) -> Result<Option<IncomingMoney>, StoreError> {
    let Some(wallet) = row.maybe_text("wallet")? else { return Ok(None) };
    let names: Names = match row.maybe_json_text("names")? {
        Some(text) => serde_json::from_str(&text).map_err(|_| StoreError::Unreadable {
            column: "names".to_owned(),
            value: text.clone(),
        })?,
        None => Names::default(),
    };
    let amount = incoming.incoming.amount.clone();
    let is_owed = row.int("owed")? == 1;
    Ok(Some(IncomingMoney {
        key: incoming.incoming.key(),
        kind: incoming.kind,
        status: incoming.status,
        wallet,
        asset: row.text("asset_name")?,
        amount: if is_owed { Balance::debt(amount) } else { Balance::of(amount) },
        reference: Reference { address: names.address, texts: names.texts },
        order: match &incoming.claimant {
            Some(Claimant::Order { shop, order_id }) => Some(OrderKey::new(shop, order_id)),
            Some(Claimant::Transfer(_)) | None => None,
        },
        verdict: verdict_from(&incoming.verdict)?,
        received_at: incoming.incoming.at,
    }))
}

fn verdict_from(word: &str) -> Result<MoneyVerdict, StoreError> {
    word.parse().map_err(|_| StoreError::Unreadable {
        column: "verdict".to_owned(),
        value: word.to_owned(),
    })
}
