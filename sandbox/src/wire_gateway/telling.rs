//! What the gateway tells of its transfers.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::history::{RowIds, time};
use super::query::Range;
use super::transfers::{Entry, Outgoing, Transfers};

impl Transfers {
    /// `GET /transfers/{row_id}`. Nothing: there is no such row.
    pub(super) fn look_up(
        &mut self,
        row_id: u64,
        now: DateTime<Utc>,
        history: &mut RowIds,
    ) -> Option<Value> {
        let at = *self.by_row.get(&row_id)?;
        self.tick(at, now, history);
        let entry = self.entries.get(at)?;
        let mut told = outline(entry);
        drop(told.remove("row_id"));
        told.insert("exchange_base_url".to_owned(), json!(entry.order.exchange_base_url));
        told.insert("wtid".to_owned(), json!(entry.record.wtid));
        if let Some(message) = &entry.message {
            told.insert("status_msg".to_owned(), json!(message));
        }
        if let Some(metadata) = &entry.order.metadata {
            told.insert("metadata".to_owned(), json!(metadata));
        }
        Some(Value::Object(told))
    }

    /// Lets a transfer go on, and counts a lookup of what it is then.
    fn tick(&mut self, at: usize, now: DateTime<Utc>, history: &mut RowIds) {
        self.go_on(at, now, history);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.record.looked_up += 1;
            entry.lookups = entry.lookups.saturating_add(1);
        }
    }

    /// `GET /transfers`.
    pub(super) fn list(
        &mut self,
        range: &Range,
        most: usize,
        now: DateTime<Utc>,
        history: &mut RowIds,
    ) -> Vec<Value> {
        let found = self.found(range, most);
        for at in &found {
            self.tick(*at, now, history);
        }
        let entries = found.iter().filter_map(|at| self.entries.get(*at));
        // One that went on just now may have left the status that was asked for.
        let asked =
            |entry: &&Entry| range.status.is_none_or(|status| status == entry.record.status);
        entries.filter(asked).map(|entry| Value::Object(outline(entry))).collect()
    }

    /// The transfers of a range: their rows rise with their places.
    fn found(&self, range: &Range, most: usize) -> Vec<usize> {
        let count = range.limit.min(most);
        let (from, to) = match (range.ascending, range.offset) {
            (true, Some(offset)) => (self.place(|row_id| row_id <= offset), self.entries.len()),
            (false, Some(offset)) => (0, self.place(|row_id| row_id < offset)),
            (true | false, None) => (0, self.entries.len()),
        };
        let places: Box<dyn DoubleEndedIterator<Item = usize>> = match range.status {
            None => Box::new(from..to),
            Some(status) => match self.by_status.get(&status) {
                None => return Vec::new(),
                Some(some) => Box::new(some.range(from..to).copied()),
            },
        };
        if range.ascending {
            places.take(count).collect()
        } else {
            places.rev().take(count).collect()
        }
    }

    fn place(&self, before: impl Fn(u64) -> bool) -> usize {
        self.entries.partition_point(|entry| before(entry.record.row_id))
    }

    /// A row of the history of what went out.
    pub(super) fn outgoing_json(&self, row_id: u64, outgoing: &Outgoing) -> Option<Value> {
        let entry = self.entries.get(outgoing.at)?;
        let mut row = json!({
            "row_id": row_id,
            "date": time(outgoing.on),
            "amount": entry.order.amount.to_string(),
            "credit_account": entry.record.credit_account,
            "wtid": entry.record.wtid,
            "exchange_base_url": entry.order.exchange_base_url,
        });
        if let (Some(metadata), Some(fields)) = (&entry.order.metadata, row.as_object_mut()) {
            fields.insert("metadata".to_owned(), json!(metadata));
        }
        Some(row)
    }
}

/// What both a list and a lookup tell.
fn outline(entry: &Entry) -> Map<String, Value> {
    let record = &entry.record;
    Map::from_iter([
        ("row_id".to_owned(), json!(record.row_id)),
        ("status".to_owned(), json!(record.status.as_str())),
        ("amount".to_owned(), json!(entry.order.amount.to_string())),
        ("credit_account".to_owned(), json!(record.credit_account)),
        ("timestamp".to_owned(), time(record.at)),
    ])
}
