//! What the sender tells of the parties to a payment.

use serde::Deserialize;
use serde_json::Value;

use super::scalar::{Raw, text, time};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    contract: Option<Contract<'a>>,
    user_info: Option<Vec<Option<Node<'a>>>>,
}

#[derive(Deserialize)]
struct Contract<'a> {
    #[serde(borrow)]
    quote: Option<Quote<'a>>,
}

#[derive(Deserialize)]
struct Quote<'a> {
    #[serde(borrow)]
    sender_address: Raw<'a>,
}

#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    node_address: Raw<'a>,
    accepted: Option<Vec<Option<Entry<'a>>>>,
    retry_accept: Option<Vec<Option<Entry<'a>>>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    json: Raw<'a>,
    created_at: Raw<'a>,
}

/// The data of the sender and the beneficiary that the sender's node gave with a payment.
///
/// Those of its latest repair, else those that it accepted with. None if there are none, or the document cannot be
/// read.
#[must_use]
pub fn sender_user_info(document: &str) -> Option<Value> {
    let document: Document<'_> = serde_json::from_str(document).ok()?;
    let address = text("", document.contract?.quote?.sender_address?).ok()?;
    let (_, sender) = address.rsplit_once('@')?;
    let nodes = document.user_info.iter().flatten().flatten();
    let told: Vec<_> = nodes
        .filter(|node| {
            node.node_address.and_then(|raw| text("", raw).ok()).is_some_and(|node| node == sender)
        })
        .collect();
    let repaired = told.iter().flat_map(|node| node.retry_accept.iter().flatten().flatten());
    let accepted = told.iter().flat_map(|node| node.accepted.iter().flatten().flatten());
    let json = latest(repaired).or_else(|| latest(accepted))?;
    serde_json::from_str(json).ok()
}

/// The JSON of the latest entry that has any; of those at one time, or without a time, the last.
fn latest<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> Option<&'a str> {
    let told = entries.filter_map(|entry| {
        let at = time("", entry.created_at).ok().flatten();
        Some((at, entry.json?.get()))
    });
    told.max_by_key(|(at, _)| *at).map(|(_, json)| json)
}
