//! What the sender tells of the parties to a payment.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::scalar::{Raw, text, time};
use crate::engine::{UserInfo, members};
use crate::http::brief;

/// One entry of the sender's node that has data, and when it was made.
struct Entry<'a> {
    json: &'a RawValue,
    at: Option<DateTime<Utc>>,
}

/// The data of the sender and the beneficiary that the sender's node gave with a payment: those of its latest repair,
/// else those that it accepted with.
///
/// It is read node by node, so that what another node has written decides nothing. They are called absent only where the
/// document shows that there are none.
#[must_use]
pub fn sender_user_info(document: &str) -> UserInfo {
    match told(document) {
        Ok(Some(raw)) => UserInfo::Told(raw.to_owned()),
        Ok(None) => UserInfo::Absent,
        Err(why) => UserInfo::Unreadable(brief(&why)),
    }
}

fn told(document: &str) -> Result<Option<&RawValue>, String> {
    let document: &RawValue =
        serde_json::from_str(document).map_err(|error| format!("the document: {error}"))?;
    let sender = sender(document)?;
    let mut nodes = Vec::new();
    for node in many("user_info", one(document, "user_info")?)? {
        let address = one(node, "node_address")?.ok_or("an entry of user_info names no node")?;
        if text("node_address", address)? == sender {
            nodes.push(node);
        }
    }
    let repaired = latest(&nodes, "retry_accept")?;
    let told = match repaired {
        Some(json) => Some(json),
        None => latest(&nodes, "accepted")?,
    };
    match told.map(RawValue::get) {
        // The network's own example of nothing.
        Some(json) if is_empty_list(json) => Ok(serde_json::from_str("{}").ok()),
        Some(json) if !json.starts_with('{') => {
            Err("what the sender's node gave is not an object".to_owned())
        }
        Some(_) | None => Ok(told),
    }
}

/// The node that sends.
fn sender(document: &RawValue) -> Result<String, String> {
    let missing = || "contract.quote.sender_address is missing".to_owned();
    let contract = one(document, "contract")?.ok_or_else(missing)?;
    let quote = one(contract, "quote")?.ok_or_else(missing)?;
    let address = one(quote, "sender_address")?.ok_or_else(missing)?;
    let address = text("sender_address", address)?;
    match address.rsplit_once('@') {
        Some((_, node)) => Ok(node.to_owned()),
        None => Err("contract.quote.sender_address names no node".to_owned()),
    }
}

/// What the latest entry of that `name` gives, of those that give anything; of those at one time, the last.
fn latest<'a>(nodes: &[&'a RawValue], name: &str) -> Result<Option<&'a RawValue>, String> {
    let mut entries = Vec::new();
    for node in nodes {
        for entry in many(name, one(node, name)?)? {
            if let Some(json) = one(entry, "json")? {
                entries.push((json, one(entry, "created_at")?));
            }
        }
    }
    if let [(json, _)] = entries[..] {
        // A time that nobody needs decides nothing.
        return Ok(Some(json));
    }
    let dated =
        entries.into_iter().map(|(json, at)| Ok(Entry { json, at: time("created_at", at)? }));
    let dated: Vec<Entry<'_>> = dated.collect::<Result<_, String>>()?;
    Ok(dated.into_iter().max_by_key(|entry| entry.at).map(|entry| entry.json))
}

/// The things of a list, or the one that stands in place of a list of one. Nulls are nothing.
fn many<'a>(name: &str, raw: Raw<'a>) -> Result<Vec<&'a RawValue>, String> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(vec![raw]),
        Some(b'[') => serde_json::from_str::<Vec<Option<&RawValue>>>(raw.get())
            .map(|list| list.into_iter().flatten().collect())
            .map_err(|error| format!("{name}: {error}")),
        _ => Err(format!("{name} is neither a list nor an object")),
    }
}

fn is_empty_list(json: &str) -> bool {
    json.strip_prefix('[').and_then(|rest| rest.trim_start().strip_prefix(']')).is_some()
}

/// A member of an object; none if it is absent or null. Which of two is meant, nobody can tell.
fn one<'a>(raw: &'a RawValue, name: &str) -> Result<Raw<'a>, String> {
    let members = members(raw).map_err(|error| format!("where `{name}` should be: {error}"))?;
    let mut found = members.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    let value = found.next();
    if found.next().is_some() {
        return Err(format!("`{name}` is there twice"));
    }
    Ok(value.filter(|value| value.get() != "null"))
}

/// The names of people and companies that the nodes told each other with a payment, in small letters.
///
/// They stand in the parties' data under keys that speak of a name, such as `Nm`, `first_name` or `beneficiaryName`; how
/// these are called is agreed between partners. None if the document cannot be read.
#[must_use]
pub fn party_names(document: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Parties {
        user_info: Option<Value>,
    }
    let mut names = Vec::new();
    if let Ok(Parties { user_info: Some(told) }) = serde_json::from_str(document) {
        collect_names(&told, &mut names);
    }
    names
}

fn collect_names(told: &Value, names: &mut Vec<String>) {
    match told {
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.to_lowercase();
                let is_name = key == "nm" || key.contains("name");
                match value.as_str().filter(|_| is_name) {
                    Some(name) => names.push(name.to_lowercase()),
                    None => collect_names(value, names),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
