//! What the gateway tells of its transfers.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

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
        told["exchange_base_url"] = json!(entry.order.exchange_base_url);
        told["wtid"] = json!(entry.record.wtid);
        if let Some(message) = &entry.message {
            told["status_msg"] = json!(message);
        }
        if let Some(metadata) = &entry.order.metadata {
            told["metadata"] = json!(metadata);
        }
        Some(told)
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
        let with_row = |entry: &Entry| {
            let mut told = outline(entry);
            told["row_id"] = entry.record.row_id.into();
            told
        };
        entries.filter(asked).map(with_row).collect()
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
        if let Some(metadata) = &entry.order.metadata {
            row["metadata"] = json!(metadata);
        }
        Some(row)
    }
}

/// What both a list and a lookup tell.
fn outline(entry: &Entry) -> Value {
    let record = &entry.record;
    json!({
        "status": record.status.as_str(),
        "amount": entry.order.amount.to_string(),
        "credit_account": record.credit_account,
        "timestamp": time(record.at),
    })
}
