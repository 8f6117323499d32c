//! What was in which ledger, in order, as Horizon lists it.

use std::collections::HashMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use stellar_xdr::TransactionResult;

use super::envelope::Envelope;
use super::keys::Key;
use super::movement::{Kind, Movement};

/// A closed ledger.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) sequence: u32,
    pub(super) closed_at: DateTime<Utc>,
    pub(super) successful: u32,
    pub(super) failed: u32,
    pub(super) operations: u32,
    /// Operations that it had room for.
    pub(super) capacity: u32,
    /// Stroops per operation that were charged.
    pub(super) rate: i64,
}

/// A transaction that is in a ledger.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) toid: u64,
    pub(super) ledger: u32,
    pub(super) closed_at: DateTime<Utc>,
    pub(super) envelope: Envelope,
    pub(super) result: TransactionResult,
    pub(super) successful: bool,
}

/// An operation that has moved money.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) toid: u64,
    /// The index of its transaction.
    pub(super) transaction: usize,
    pub(super) movement: Movement,
}

impl Moved {
    /// Whether Horizon counts it among the payments.
    pub(super) fn is_payment(&self) -> bool {
        match self.movement.kind {
            Kind::CreateAccount | Kind::Payment => true,
            Kind::ClaimableBalance { .. } | Kind::Claim { .. } => false,
        }
    }
}

/// Everything that has happened.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) ledgers: Vec<Header>,
    pub(super) transactions: Vec<Applied>,
    pub(super) moved: Vec<Moved>,
    by_hash: HashMap<[u8; 32], usize>,
    transactions_of: HashMap<Key, Vec<usize>>,
    payments_of: HashMap<Key, Vec<usize>>,
}

/// The paging token of an operation: ledger, transaction and operation, each from 1. 0: of what contains it.
pub(super) fn toid(ledger: u32, transaction: usize, operation: usize) -> u64 {
    let part = |number: usize, bits: u32| u64::try_from(number).unwrap_or(0) & ((1 << bits) - 1);
    u64::from(ledger) << 32 | part(transaction, 20) << 12 | part(operation, 12)
}

impl History {
    /// Adds a transaction with the money that it has moved: operation (from 0) and movement.
    pub(super) fn add(&mut self, applied: Applied, movements: Vec<(usize, Movement)>) {
        let index = self.transactions.len();
        self.by_hash.insert(applied.envelope.hash(), index);
        self.by_hash.insert(applied.envelope.inner_hash, index);
        let mut parties = vec![applied.envelope.source(), applied.envelope.fee_source()];
        for (operation, movement) in movements {
            let at = self.moved.len();
            let (from, to) = (Key::from(&movement.from), Key::from(&movement.to));
            parties.extend([from, to]);
            let toid = applied.toid + u64::try_from(operation + 1).unwrap_or(0);
            let moved = Moved { toid, transaction: index, movement };
            if moved.is_payment() {
                self.payments_of.entry(from).or_default().push(at);
                if to != from {
                    self.payments_of.entry(to).or_default().push(at);
                }
            }
            self.moved.push(moved);
        }
        parties.sort_unstable();
        parties.dedup();
        for party in parties {
            self.transactions_of.entry(party).or_default().push(index);
        }
        self.transactions.push(applied);
    }

    /// The transaction with this hash, with or without its fee bump.
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<&Applied> {
        self.by_hash.get(hash).map(|index| &self.transactions[*index])
    }

    /// The payments of an account: indices into `moved`.
    pub(super) fn payments(&self, of: Key) -> &[usize] {
        self.payments_of.get(&of).map_or(&[], Vec::as_slice)
    }

    /// The transactions of an account: indices into `transactions`.
    pub(super) fn transactions(&self, of: Key) -> &[usize] {
        self.transactions_of.get(&of).map_or(&[], Vec::as_slice)
    }

    /// The part of a list, sorted by paging token, that lies between two tokens. Neither end belongs to it.
    pub(super) fn between(
        list: &[usize],
        token: impl Fn(usize) -> u64,
        after: u64,
        before: u64,
    ) -> Range<usize> {
        let start = list.partition_point(|index| token(*index) <= after);
        let end = list.partition_point(|index| token(*index) < before);
        start..end.max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paging_token_is_three_numbers() {
        assert_eq!(toid(1, 0, 0), 4_294_967_296);
        assert_eq!(toid(53, 1, 2), 53 << 32 | 1 << 12 | 2);
    }

    #[test]
    fn a_part_of_a_list_lies_between_its_ends() {
        let list = [1, 2, 5, 9];
        let between = |after, before| {
            History::between(&list, |index| u64::try_from(index).unwrap(), after, before)
        };
        assert_eq!(between(0, u64::MAX), 0..4);
        assert_eq!(between(2, 9), 2..3);
        assert_eq!(between(9, 3), 4..4);
    }
}
