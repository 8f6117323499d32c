//! Pages of records.

use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::payment::{StreamRecord, Watched, record};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "_embedded")]
    embedded: Embedded<'a>,
    #[serde(default, rename = "_links")]
    links: Value,
}

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

/// Reads a page of an account's payments. A record that cannot be understood is one of them, as it came.
///
/// # Errors
/// It is no page.
pub(in crate::networks::stellar) fn page(
    body: &[u8],
    watched: Watched<'_>,
) -> Result<Vec<StreamRecord>, String> {
    let text = str::from_utf8(body).map_err(|error| format!("the answer is not UTF-8: {error}"))?;
    // serde would take a list for a struct.
    if !text.trim_start().starts_with('{') {
        return Err("the answer is not a JSON object".to_owned());
    }
    let page: Page<'_> = serde_json::from_str(text)
        .map_err(|error| format!("the answer cannot be read: {error}"))?;
    let records = page.embedded.records.iter().map(|raw| record(raw.get(), watched, None));
    let mut records: Vec<StreamRecord> = records.collect();
    if let Some(last) = records.last_mut().filter(|last| last.cursor.is_none()) {
        last.cursor = behind(&page.links);
    }
    Ok(records)
}

/// Where to go on behind a page, as the page tells it.
fn behind(links: &Value) -> Option<String> {
    let next = Url::parse(links.pointer("/next/href")?.as_str()?).ok()?;
    let cursor = next.query_pairs().find(|(name, _)| name == "cursor")?.1.into_owned();
    let is_place = !cursor.is_empty() && cursor.bytes().all(|byte| byte.is_ascii_digit());
    is_place.then_some(cursor)
}
