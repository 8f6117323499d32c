//! Pages of records.

use reqwest::Url;
use serde_json::Value;

use super::fields::{is_place, salvaged};
use super::payment::{Content, StreamRecord, Watched, record};
use crate::http::{Cut, printable};

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
        last.cursor = behind(&page);
    }
    Ok(records)
}

/// The first record of a page that is too large to be read, of which this is the beginning: it is read as far as it goes, and
/// set aside. None if it does not even tell its place, for then nobody can go on behind it.
pub(in crate::networks::stellar) fn too_large(
    beginning: &str,
    problem: &str,
) -> Option<StreamRecord> {
    let raw = first_of(beginning)?;
    let cursor = salvaged(&Cut::beginning(raw), "paging_token", |fields, name| fields.place(name))?;
    let raw = printable(raw).into_owned();
    let content = Content::Unreadable { why: problem.to_owned(), raw };
    Some(StreamRecord { cursor: Some(cursor), content })
}

/// The first record of the beginning of a page. A number at the very end may go on, and is left out.
pub(super) fn first_of(beginning: &str) -> Option<&[u8]> {
    let beginning = beginning.trim_end_matches(|one: char| one.is_ascii_digit());
    let page = Cut::beginning(beginning.as_bytes());
    Cut::beginning(page.field("_embedded").ok()??).first_of("records")
}

/// Where to go on behind a page, as the page tells it.
pub(super) fn behind(page: &Cut<'_>) -> Option<String> {
    let links: Value = serde_json::from_str(page.raw("_links")?.get()).ok()?;
    let next = Url::parse(links.pointer("/next/href")?.as_str()?).ok()?;
    let cursor = next.query_pairs().find(|(name, _)| name == "cursor")?.1.into_owned();
    is_place(&cursor).then_some(cursor)
}
