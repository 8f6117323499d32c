//! The bodies of the contract's calls, read strictly: every field of the right type, and no other.

use std::collections::HashSet;

use bigdecimal::BigDecimal;
use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;

use super::money::Currencies;
use crate::body::object;

/// The longest id of a transfer, and the longest key.
const LONGEST_ID: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepositsLookup {
    deposits: Vec<ExpectedDeposit>,
}

/// A deposit that is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedDeposit {
    pub(super) transfer_id: String,
    #[serde(default)]
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) amount: Option<String>,
    pub(super) currency: String,
    pub(super) since: String,
}

/// A payout as it was ordered. Two with one key are the same order when these are equal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    pub(super) is_refund: bool,
    pub(super) transfer_id: Option<String>,
    pub(super) refund_id: Option<String>,
    pub(super) incoming_id: Option<String>,
    pub(super) amount: BigDecimal,
    /// The amount as it was written.
    pub(super) amount_text: String,
    pub(super) currency: String,
    pub(super) beneficiary: Value,
    pub(super) subject: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutBody {
    key: String,
    purpose: OrderPurpose,
    transfer_id: Option<String>,
    refund_id: Option<String>,
    incoming_id: Option<String>,
    amount: String,
    currency: String,
    beneficiary: Value,
    #[serde(default)]
    subject: Option<String>,
    attempt: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OrderPurpose {
    Payout,
    Refund,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutsLookup {
    keys: Vec<String>,
}

/// Reads `POST deposits/lookup`.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn deposits(
    body: &[u8],
    currencies: &Currencies,
) -> Result<Vec<ExpectedDeposit>, String> {
    let DepositsLookup { deposits } = object(body)?;
    let mut seen = HashSet::with_capacity(deposits.len());
    for deposit in &deposits {
        let id = &deposit.transfer_id;
        identifier("transfer_id", id)?;
        if !seen.insert(id) {
            return Err(format!("transfer [{id}] is asked about twice in one call"));
        }
        currencies.decimals(&deposit.currency)?;
        if let Some(amount) = &deposit.amount {
            currencies.amount(amount, &deposit.currency)?;
        }
        if deposit.subject.as_deref() == Some("") {
            return Err(format!("the subject of transfer [{id}] is empty"));
        }
        if DateTime::parse_from_rfc3339(&deposit.since).is_err() {
            return Err(format!("since [{}] is no time as RFC 3339 has it", deposit.since));
        }
    }
    Ok(deposits)
}

/// Reads `POST payouts`: the key, which the header must name too, and the order.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn payout(
    body: &[u8],
    idempotency_key: Option<&str>,
    currencies: &Currencies,
) -> Result<(String, Order), String> {
    let payout: PayoutBody = object(body)?;
    identifier("key", &payout.key)?;
    if idempotency_key != Some(payout.key.as_str()) {
        let header = idempotency_key.unwrap_or("(none)");
        return Err(format!("Idempotency-Key is {header}, the key is {}", payout.key));
    }
    payout.expect_names()?;
    let amount = currencies.ordered(&payout.amount, &payout.currency)?;
    let nobody = match &payout.beneficiary {
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => true,
    };
    if nobody {
        return Err("there is no beneficiary".to_owned());
    }
    if payout.attempt == 0 {
        return Err("attempts are counted from 1".to_owned());
    }
    let order = Order {
        is_refund: payout.purpose == OrderPurpose::Refund,
        transfer_id: payout.transfer_id,
        refund_id: payout.refund_id,
        incoming_id: payout.incoming_id,
        amount,
        amount_text: payout.amount,
        currency: payout.currency,
        beneficiary: payout.beneficiary,
        subject: payout.subject,
    };
    Ok((payout.key, order))
}

impl PayoutBody {
    /// A payout is a transfer's. A refund has a name of its own, and is of a transfer's money or of what came for none.
    fn expect_names(&self) -> Result<(), String> {
        let Self { purpose, transfer_id, refund_id, incoming_id, .. } = self;
        for (name, id) in [("transfer_id", transfer_id), ("refund_id", refund_id)] {
            id.as_ref().map_or(Ok(()), |id| identifier(name, id))?;
        }
        let has = (transfer_id.is_some(), refund_id.is_some(), incoming_id.is_some());
        match (purpose, has) {
            (OrderPurpose::Payout, (true, false, false))
            | (OrderPurpose::Refund, (true, true, false) | (false, true, true)) => Ok(()),
            (OrderPurpose::Payout, _) => Err("a payout has a transfer_id, and no other".to_owned()),
            (OrderPurpose::Refund, _) => {
                Err("a refund has a refund_id, and a transfer_id or an incoming_id".to_owned())
            }
        }
    }
}

/// Reads `POST payouts/lookup`.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn keys(body: &[u8]) -> Result<Vec<String>, String> {
    let PayoutsLookup { keys } = object(body)?;
    let mut seen = HashSet::with_capacity(keys.len());
    for key in &keys {
        identifier("key", key)?;
        if !seen.insert(key) {
            return Err(format!("key [{key}] is asked about twice in one call"));
        }
    }
    Ok(keys)
}

/// The ids in a body that faults can be aimed at, whatever else is in it: of transfers, and keys.
pub(super) fn ids(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Loose {
        #[serde(default)]
        transfer_id: Option<String>,
        #[serde(default)]
        refund_id: Option<String>,
        #[serde(default)]
        key: Option<String>,
        #[serde(default)]
        keys: Vec<String>,
        #[serde(default)]
        deposits: Vec<Loose>,
    }
    let Ok(loose) = serde_json::from_slice::<Loose>(body) else { return Vec::new() };
    let inner = loose.deposits.into_iter().filter_map(|deposit| deposit.transfer_id);
    let names = loose.transfer_id.into_iter().chain(loose.refund_id);
    names.chain(loose.key).chain(loose.keys).chain(inner).collect()
}

fn identifier(name: &str, text: &str) -> Result<(), String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(good) {
        return Ok(());
    }
    Err(format!("{name} [{text}] is not 1 to {LONGEST_ID} of [A-Za-z0-9._:-]"))
}
