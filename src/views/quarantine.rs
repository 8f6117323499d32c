//! Rows that were set aside.

use serde::Serialize;

use super::{Viewed, view};
use crate::engine::iso;
use crate::store::QuarantinedRow;

view! {
    /// A row that was set aside.
    pub(crate) struct QuarantinedJson<'a> {
        id: i64,
        poller: &'a str,
        place: &'a str,
        payment_id: Option<&'a str>,
        reason: &'a str,
        first_seen_at: String,
        last_seen_at: String,
        seen: u64,
        resolved_at: Option<String>,
        resolution: Option<&'a str>,
    }
}

/// The same with the row as it came.
#[derive(Debug, Serialize)]
pub(crate) struct QuarantinedWholeJson<'a> {
    #[serde(flatten)]
    row: QuarantinedJson<'a>,
    raw: &'a str,
}

impl<'a> From<&'a QuarantinedRow> for QuarantinedJson<'a> {
    fn from(row: &'a QuarantinedRow) -> Self {
        Self {
            id: row.quarantine_id,
            poller: &row.poller,
            place: &row.network,
            payment_id: row.payment_id.as_deref(),
            reason: &row.reason,
            first_seen_at: iso(row.first_seen_at),
            last_seen_at: iso(row.last_seen_at),
            seen: row.seen,
            resolved_at: row.resolved_at.map(iso),
            resolution: row.resolution.as_deref(),
        }
    }
}

impl<'a> From<&'a QuarantinedRow> for QuarantinedWholeJson<'a> {
    fn from(row: &'a QuarantinedRow) -> Self {
        Self { row: row.into(), raw: &row.raw }
    }
}

impl Viewed for QuarantinedRow {
    type View<'a> = QuarantinedJson<'a>;
    const KEYS: &'static [&'static str] = QuarantinedJson::KEYS;

    fn view(&self) -> QuarantinedJson<'_> {
        self.into()
    }
}
