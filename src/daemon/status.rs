//! What systemd shows as the state of the service: the last sweep and the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sd_notify::NotifyState;

use super::heartbeat::tell_systemd;
use super::worker::name_of;
use crate::store::{Scope, SweepRow};

/// The status line of this process, a part for each worker.
#[derive(Debug, Clone, Default)]
pub(super) struct Status(Arc<Mutex<BTreeMap<Scope, String>>>);

impl Status {
    pub(super) fn standing_by(&self, scope: &Scope, holder: &str) {
        self.set(scope, format!("standing by for {holder}"));
    }

    pub(super) fn swept(&self, scope: &Scope, row: &SweepRow, next: Option<DateTime<Utc>>) {
        let at = row.finished_at.format("%H:%M:%S");
        let (new, changed) = (row.tally.new, row.tally.changed);
        let next = next.map(|next| format!(", next {}", next.format("%H:%M:%S")));
        let next = next.unwrap_or_default();
        self.set(
            scope,
            match &row.error {
                None => format!("{} {at}, {new} new, {changed} changed{next}", row.outcome),
                Some(error) => format!("{} at {at}: {error}{next}", row.outcome),
            },
        );
    }

    fn set(&self, scope: &Scope, text: String) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(scope.clone(), text);
        let line: Vec<String> =
            parts.iter().map(|(scope, text)| format!("{}: {text}", name_of(scope))).collect();
        drop(parts);
        tell_systemd(&[NotifyState::Status(&line.join("; "))]);
    }
}
