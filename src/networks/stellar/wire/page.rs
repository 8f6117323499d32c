//! Pages of records.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::payment::{StreamRecord, Watched, record};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "_embedded")]
    embedded: Embedded<'a>,
}

#[derive(Deserialize)]
struct Embedded<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

/// Reads a page of an account's payments. A record that cannot be understood is one of them, as it came.
///
/// # Errors
/// It is no page, or a record has no paging token: then nobody could go on behind it.
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
    page.embedded.records.iter().map(|raw| record(raw.get(), watched)).collect()
}
