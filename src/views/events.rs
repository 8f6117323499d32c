//! Events.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Viewed, embedded};
use crate::engine::iso;
use crate::store::StoredEvent;

/// An event.
#[derive(Debug, Serialize)]
pub(crate) struct EventJson<'a> {
    id: i64,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: &'a str,
    version: i64,
    at: String,
    data: Box<RawValue>,
}

impl Viewed for StoredEvent {
    type View<'a> = EventJson<'a>;
    const KEYS: &'static [&'static str] = &["id", "type", "subject", "version", "at", "data"];

    fn view(&self) -> EventJson<'_> {
        EventJson {
            id: self.id,
            event_type: &self.event_type,
            subject: &self.subject,
            version: self.version,
            at: iso(self.occurred_at),
            data: embedded(&self.data),
        }
    }
}
