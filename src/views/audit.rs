//! What operators did.

use serde_json::value::RawValue;

use super::{Viewed, embedded, view};
use crate::engine::iso;
use crate::store::AuditRow;

view! {
    /// What an operator did.
    pub(crate) struct AuditJson<'a> {
        id: i64,
        at: String,
        by: &'a str,
        evidence: &'a str,
        uid: i64,
        login_uid: Option<i64>,
        host: &'a str,
        origin: &'a str,
        action: &'a str,
        subject: &'a str,
        reason: Option<&'a str>,
        details: Box<RawValue>,
    }
}

impl<'a> From<&'a AuditRow> for AuditJson<'a> {
    fn from(row: &'a AuditRow) -> Self {
        Self {
            id: row.audit_id,
            at: iso(row.at),
            by: &row.name,
            evidence: row.evidence.as_str(),
            uid: row.uid,
            login_uid: row.login_uid,
            host: &row.host,
            origin: &row.origin,
            action: &row.action,
            subject: &row.subject,
            reason: row.reason.as_deref(),
            details: embedded(&row.details),
        }
    }
}

impl Viewed for AuditRow {
    type View<'a> = AuditJson<'a>;
    const KEYS: &'static [&'static str] = AuditJson::KEYS;

    fn view(&self) -> AuditJson<'_> {
        self.into()
    }
}
