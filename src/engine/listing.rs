//! A page of a network's list.

use chrono::{DateTime, Utc};

use super::Payment;

/// Which part of a list to ask for. The list is ordered by `modified_at`, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Only rows modified after this time. The bound itself is out, as the network's bounds are.
    pub after: Option<DateTime<Utc>>,
    /// Only rows modified before this time, which is out itself.
    pub before: Option<DateTime<Utc>>,
    /// Which page of that, from 0.
    pub page: u64,
    /// Rows in a page.
    pub size: u32,
}

/// One page of answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The rows, in the order of the answer.
    pub rows: Vec<Row>,
    /// Whether the network says that no page follows.
    pub last: bool,
    /// Rows in the whole window, on all pages.
    pub total: u64,
    /// The network's time when it answered.
    pub server_time: Option<DateTime<Utc>>,
}

impl Listing {
    /// The payments that could be read.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.rows.iter().filter_map(|row| match row {
            Row::Payment(payment) => Some(&**payment),
            Row::Bad(_) => None,
        })
    }
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// It could be read.
    Payment(Box<Payment>),
    /// It could not, and is to be set aside.
    Bad(BadRow),
}

/// A row that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The payment's id, if that much could be read.
    pub payment_id: Option<String>,
    /// When the network last changed it, if that much could be read.
    pub modified_at: Option<DateTime<Utc>>,
    /// The row as it came.
    pub raw: String,
    /// What is wrong with it.
    pub reason: String,
}
