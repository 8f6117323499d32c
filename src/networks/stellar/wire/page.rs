//! Pages of records.

use reqwest::Url;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::is_place;
use super::payment::{StreamRecord, Watched, record};
use crate::http::Cut;

/// Reads a page of an account's payments. A record that cannot be understood is one of them, as it came.
///
/// # Errors
/// It is no page.
pub(in crate::networks::stellar) fn page(
    body: &[u8],
    watched: Watched<'_>,
) -> Result<Vec<StreamRecord>, String> {
    let page = Cut::object(body)?;
    let records = page.inner("_embedded")?.list("records")?;
    let records = records.into_iter().map(|raw| record(raw, watched, None));
    let mut records: Vec<StreamRecord> = records.collect();
    if let Some(last) = records.last_mut().filter(|last| last.cursor.is_none()) {
        last.cursor = page.raw("_links").and_then(behind);
    }
    Ok(records)
}

/// Where to go on behind a page, as the page tells it.
fn behind(links: &RawValue) -> Option<String> {
    let links: Value = serde_json::from_str(links.get()).ok()?;
    let next = Url::parse(links.pointer("/next/href")?.as_str()?).ok()?;
    let cursor = next.query_pairs().find(|(name, _)| name == "cursor")?.1.into_owned();
    is_place(&cursor).then_some(cursor)
}
