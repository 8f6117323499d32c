//! The bodies of requests, read strictly.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::amount::Amount;
use super::base32;
use super::problem::{BAD_JSON, BAD_PAYTO, MALFORMED, OTHER_CURRENCY, Problem};
use crate::body::object;

/// A transfer as it was ordered. Two with one `request_uid` are the same order when these are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) request_uid: [u8; 64],
    pub(super) amount: Amount,
    pub(super) exchange_base_url: String,
    pub(super) metadata: Option<String>,
    pub(super) wtid: [u8; 32],
    pub(super) credit_account: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferBody {
    request_uid: String,
    amount: String,
    exchange_base_url: String,
    #[serde(default)]
    metadata: Option<String>,
    wtid: String,
    credit_account: String,
}

/// Reads `POST /transfer`. Metadata mean something from interface 5 on.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn transfer(body: &[u8], currency: &str, interface: u32) -> Result<Order, Problem> {
    let body: TransferBody = json(body)?;
    let url = &body.exchange_base_url;
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let good = |address: &str| address.len() > 1 && address.ends_with('/') && plain(address);
    if !address.is_some_and(good) {
        let what = format!("exchange_base_url [{url}] is no http address that ends with /");
        return Err(MALFORMED.of(what));
    }
    if let Some(metadata) = &body.metadata {
        let known = |letter: u8| letter.is_ascii_alphanumeric() || b"-.:".contains(&letter);
        if !(1..=40).contains(&metadata.len()) || !metadata.bytes().all(known) {
            let what = format!("metadata [{metadata}] is not 1 to 40 of [a-zA-Z0-9-.:]");
            return Err(MALFORMED.of(what));
        }
    }
    Ok(Order {
        request_uid: bytes("request_uid", &body.request_uid)?,
        amount: amount(&body.amount, currency)?,
        exchange_base_url: body.exchange_base_url,
        metadata: body.metadata.filter(|_| interface >= 5),
        wtid: bytes("wtid", &body.wtid)?,
        credit_account: payto(body.credit_account)?,
    })
}

/// Money that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credit {
    pub(super) amount: Amount,
    /// The public key of a reserve or an account.
    pub(super) key: [u8; 32],
    pub(super) debit_account: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddIncoming {
    amount: String,
    reserve_pub: String,
    debit_account: String,
}

/// Reads `POST /admin/add-incoming`.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn add_incoming(body: &[u8], currency: &str) -> Result<Credit, Problem> {
    let AddIncoming { amount: sum, reserve_pub, debit_account } = json(body)?;
    let key = bytes("reserve_pub", &reserve_pub)?;
    Ok(Credit { amount: amount(&sum, currency)?, key, debit_account: payto(debit_account)? })
}

/// The ids in a body that faults can be aimed at, whatever else is in it.
pub(super) fn ids(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Loose {
        #[serde(default)]
        request_uid: Option<String>,
        #[serde(default)]
        wtid: Option<String>,
        #[serde(default)]
        metadata: Option<String>,
        #[serde(default)]
        credit_account: Option<String>,
    }
    let Ok(loose) = serde_json::from_slice::<Loose>(body) else { return Vec::new() };
    let ids = [loose.request_uid, loose.wtid, loose.metadata, loose.credit_account];
    ids.into_iter().flatten().collect()
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    object(body).map_err(|what| BAD_JSON.of(what))
}

fn bytes<const N: usize>(name: &str, text: &str) -> Result<[u8; N], Problem> {
    base32::decode(text)
        .ok_or_else(|| MALFORMED.of(format!("{name} [{text}] is not {N} bytes in base32")))
}

/// Reads an amount of more than nothing.
pub(super) fn amount(text: &str, currency: &str) -> Result<Amount, Problem> {
    let amount = Amount::read(text)
        .map_err(|_| MALFORMED.of(format!("amount [{text}] is not as it is written")))?;
    if amount.currency != currency {
        return Err(OTHER_CURRENCY.of(format!("amount [{text}] is not in {currency}")));
    }
    if amount.units == 0 {
        return Err(MALFORMED.of(format!("amount [{text}] is nothing")));
    }
    Ok(amount)
}

/// Reads an account: a whole `payto` address, with the receiver's name.
pub(super) fn payto(text: String) -> Result<String, Problem> {
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    let account = path.strip_prefix("payto://").and_then(|path| path.split_once('/'));
    let whole = account.is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty());
    let name =
        |pair: &str| pair.strip_prefix("receiver-name=").is_some_and(|name| !name.is_empty());
    if whole && plain(&text) && query.split('&').any(name) {
        return Ok(text);
    }
    Err(BAD_PAYTO.of(format!("[{text}] is no whole payto address with a receiver-name")))
}

fn plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_whole() {
        for text in [
            "payto://iban/DE75512108001245126199?receiver-name=Kim",
            "payto://x-taler-bank/localhost/kim?message=a&receiver-name=Kim%20Li",
        ] {
            assert!(payto(text.to_owned()).is_ok(), "{text}");
        }
        for text in [
            "",
            "DE75512108001245126199",
            "payto://iban",
            "payto://iban/?receiver-name=Kim",
            "payto://iban/DE75",
            "payto://iban/DE75?receiver-name=",
            "payto://iban/DE75?name=Kim",
            "payto://iban/DE75?receiver-name=Kim Li",
            "PAYTO://iban/DE75?receiver-name=Kim",
        ] {
            assert!(payto(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn ids_are_found_whatever_else_is_wrong() {
        assert_eq!(ids(br#"{"wtid": "W", "metadata": "m", "amount": 7}"#), ["W", "m"]);
        assert_eq!(ids(b"[]"), [""; 0]);
    }
}
