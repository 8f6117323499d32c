//! What came in, by row.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::amount::Amount;
use super::query::Range;
use crate::random::Chance;

/// Rows of one account, whose ids rise with gaps, as those of a bank with many accounts do.
#[derive(Debug)]
pub(super) struct Rows<T> {
    rows: Vec<(u64, T)>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<T> Rows<T> {
    pub(super) fn push(&mut self, row_id: u64, row: T) {
        self.rows.push((row_id, row));
    }

    pub(super) fn all(&self) -> &[(u64, T)] {
        &self.rows
    }

    /// The rows of a range, of which no more than `most` are told at once.
    pub(super) fn range(&self, range: &Range, most: usize) -> Vec<&(u64, T)> {
        let count = range.limit.min(most);
        if range.ascending {
            let after = range.offset.unwrap_or(0);
            let from = self.rows.partition_point(|(row_id, _)| *row_id <= after);
            return self.rows.iter().skip(from).take(count).collect();
        }
        let before = range.offset.unwrap_or(u64::MAX);
        let to = self.rows.partition_point(|(row_id, _)| *row_id < before);
        self.rows.iter().take(to).rev().take(count).collect()
    }
}

/// Ids that rise with gaps.
#[derive(Debug)]
pub(super) struct RowIds {
    last: u64,
    chance: Chance,
}

impl RowIds {
    /// Ids behind `first`.
    pub(super) fn new(first: u64, seed: u64) -> Self {
        Self { last: first, chance: Chance::new(seed) }
    }

    /// The last one that was given.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn next(&mut self) -> u64 {
        self.last += 1 + self.chance.below(3);
        self.last
    }
}

/// What a credit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CreditKind {
    Reserve,
    KycAuth,
}

/// Money that came in.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    pub(super) kind: CreditKind,
    pub(super) at: DateTime<Utc>,
    pub(super) amount: Amount,
    pub(super) fee: Option<Amount>,
    /// The key in base32, as it was written.
    pub(super) key: String,
    pub(super) debit_account: String,
}

impl Incoming {
    pub(super) fn json(&self, row_id: u64) -> Value {
        let (kind, name) = match self.kind {
            CreditKind::Reserve => ("RESERVE", "reserve_pub"),
            CreditKind::KycAuth => ("KYCAUTH", "account_pub"),
        };
        let mut row = json!({
            "type": kind,
            "row_id": row_id,
            "date": time(self.at),
            "amount": self.amount.to_string(),
            "debit_account": self.debit_account,
            name: self.key,
        });
        if let Some(fee) = &self.fee {
            row["credit_fee"] = json!(fee.to_string());
        }
        row
    }
}

/// A time as Taler writes it.
pub(super) fn time(at: DateTime<Utc>) -> Value {
    json!({ "t_s": at.timestamp() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ids(limit: usize, ascending: bool, offset: Option<u64>) -> Vec<u64> {
        let mut rows = Rows::default();
        for row_id in [3, 4, 7, 9] {
            rows.push(row_id, ());
        }
        let range = Range { limit, ascending, offset, patience: Duration::ZERO };
        rows.range(&range, 3).iter().map(|(row_id, ())| *row_id).collect()
    }

    #[test]
    fn the_offset_is_not_part_of_the_range() {
        assert_eq!(ids(2, true, None), [3, 4]);
        assert_eq!(ids(2, true, Some(4)), [7, 9]);
        assert_eq!(ids(2, true, Some(5)), [7, 9]);
        assert_eq!(ids(9, true, Some(9)), [0; 0]);
        assert_eq!(ids(2, false, None), [9, 7]);
        assert_eq!(ids(2, false, Some(7)), [4, 3]);
        assert_eq!(ids(9, false, None), [9, 7, 4], "no more than the gateway tells at once");
        assert_eq!(ids(9, false, Some(3)), [0; 0]);
    }

    #[test]
    fn row_ids_rise_with_gaps() {
        let mut ids = RowIds::new(100, 1);
        let told: Vec<u64> = (0..100).map(|_| ids.next()).collect();
        assert!(told.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(told[99] > 250 && told[0] > 100, "{told:?}");
    }
}
