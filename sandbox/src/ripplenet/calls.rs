//! The calls that named a payment, carried out or refused.

use std::collections::HashMap;

use super::moves::Operation;

/// A call that changed a payment, or was refused. Times in ms.
#[derive(Debug, Clone)]
pub(super) struct CallEntry {
    pub(super) at: i64,
    pub(super) serial: u32,
    pub(super) operation: Operation,
    /// Nothing: it was carried out.
    pub(super) refused: Option<Box<str>>,
}

/// All of them, in order.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) all: Vec<CallEntry>,
    accepted: HashMap<(u32, Operation), u64>,
}

impl Calls {
    pub(super) fn add(
        &mut self,
        at: i64,
        serial: u32,
        operation: Operation,
        refused: Option<Box<str>>,
    ) {
        if refused.is_none() {
            *self.accepted.entry((serial, operation)).or_default() += 1;
        }
        self.all.push(CallEntry { at, serial, operation, refused });
    }

    /// How often the operation was carried out on the payment.
    pub(super) fn accepted(&self, serial: u32, operation: Operation) -> u64 {
        self.accepted.get(&(serial, operation)).copied().unwrap_or(0)
    }

    /// Every (payment, operation) that was carried out more than once, and how often.
    pub(super) fn more_than_once(&self) -> Vec<(u32, Operation, u64)> {
        let repeated = self.accepted.iter().filter(|(_, times)| **times > 1);
        let mut found: Vec<_> =
            repeated.map(|((serial, operation), times)| (*serial, *operation, *times)).collect();
        found.sort_unstable();
        found
    }
}
