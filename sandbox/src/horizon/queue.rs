//! Transactions that wait for a ledger: one per source account, as stellar-core keeps them.

use std::collections::HashMap;

use super::check::Proven;
use super::envelope::Envelope;
use super::keys::Key;

/// A fee bump takes the place of what waits if it bids this many times as much.
const REPLACE_FACTOR: i128 = 10;
/// So many ledgers' worth of operations may wait.
const LEDGERS_WAITING: usize = 4;
/// What was in none of so many ledgers is forgotten.
const PATIENCE: u32 = 4;

/// A transaction that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) envelope: Envelope,
    pub(super) proven: Proven,
    /// Ledgers that closed without it.
    age: u32,
}

impl Waiting {
    pub(super) fn new(envelope: Envelope, proven: Proven) -> Self {
        Self { envelope, proven, age: 0 }
    }
}

/// Whether there is room for a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may come in, if it is valid. What waits from the same source goes.
    Yes,
    /// It waits already.
    Duplicate,
    /// Another one of the same source waits.
    TryAgainLater,
    /// One with a later sequence waits.
    Older,
    /// It would need this fee, in stroops.
    Dearer(i64),
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: HashMap<Key, Waiting>,
    operations: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn has(&self, hash: &[u8; 32]) -> bool {
        self.waiting.values().any(|waiting| waiting.envelope.hash() == *hash)
    }

    /// Whether `envelope` could come in; `capacity` is how many operations a ledger takes.
    pub(super) fn room(&self, envelope: &Envelope, capacity: usize) -> Room {
        if let Some(waiting) = self.waiting.get(&envelope.source()) {
            return beside(envelope, &waiting.envelope);
        }
        let full = capacity.saturating_mul(LEDGERS_WAITING);
        if self.operations + operations(envelope) <= full {
            return Room::Yes;
        }
        let cheapest = self.waiting.values().map(|waiting| waiting.envelope.rate()).min();
        match cheapest {
            Some(rate) if envelope.rate() <= rate => {
                Room::Dearer(rate.saturating_add(1).saturating_mul(envelope.priced_operations()))
            }
            Some(_) | None => Room::Yes,
        }
    }

    /// Takes a valid transaction in. Gives the hashes of those that had to go for it.
    pub(super) fn push(
        &mut self,
        envelope: Envelope,
        proven: Proven,
        capacity: usize,
    ) -> Vec<[u8; 32]> {
        let mut gone = Vec::new();
        let (source, more) = (envelope.source(), operations(&envelope));
        if let Some(waiting) = self.waiting.insert(source, Waiting::new(envelope, proven)) {
            self.operations -= operations(&waiting.envelope);
            gone.push(waiting.envelope.hash());
        }
        self.operations += more;
        while self.operations > capacity.saturating_mul(LEDGERS_WAITING).max(more) {
            let others = self.waiting.iter().filter(|(key, _)| **key != source);
            let cheapest = others.min_by_key(|(key, waiting)| (waiting.envelope.rate(), **key));
            let Some(key) = cheapest.map(|(key, _)| *key) else { break };
            gone.extend(self.remove(key).map(|waiting| waiting.envelope.hash()));
        }
        gone
    }

    fn remove(&mut self, source: Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(&source)?;
        self.operations -= operations(&waiting.envelope);
        Some(waiting)
    }

    /// Takes out what the next ledger has room for, the best bids first.
    pub(super) fn take(&mut self, capacity: usize) -> Vec<Waiting> {
        let mut order: Vec<(i64, [u8; 32], Key)> = self
            .waiting
            .iter()
            .map(|(key, waiting)| (-waiting.envelope.rate(), waiting.envelope.hash(), *key))
            .collect();
        order.sort_unstable();
        let mut taken = Vec::new();
        let mut room = capacity;
        for (_, _, key) in order {
            let Some(size) = self.waiting.get(&key).map(|waiting| operations(&waiting.envelope))
            else {
                continue;
            };
            // One that is larger than a ledger would wait for ever.
            if size <= room || (taken.is_empty() && size > capacity) {
                taken.extend(self.remove(key));
                room = room.saturating_sub(size);
            }
        }
        taken
    }

    /// Another ledger has closed. Gives the hashes of those that have waited too long.
    pub(super) fn grow_old(&mut self) -> Vec<[u8; 32]> {
        for waiting in self.waiting.values_mut() {
            waiting.age += 1;
        }
        let old: Vec<Key> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.age >= PATIENCE)
            .map(|(key, _)| *key)
            .collect();
        old.into_iter().filter_map(|key| self.remove(key)).map(|old| old.envelope.hash()).collect()
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn operations(envelope: &Envelope) -> usize {
    envelope.transaction.operations.len()
}

/// What becomes of `envelope` when `waiting` is there, from the same source.
fn beside(envelope: &Envelope, waiting: &Envelope) -> Room {
    if envelope.hash() == waiting.hash() {
        return Room::Duplicate;
    }
    if envelope.sequence() < waiting.sequence() {
        return Room::Older;
    }
    if envelope.bump.is_none() || envelope.sequence() != waiting.sequence() {
        return Room::TryAgainLater;
    }
    // Per operation, and exactly: no rounding.
    let bid = i128::from(envelope.bid()) * i128::from(waiting.priced_operations());
    let least =
        REPLACE_FACTOR * i128::from(waiting.bid()) * i128::from(envelope.priced_operations());
    if bid >= least {
        return Room::Yes;
    }
    let per = i128::from(waiting.priced_operations().max(1));
    Room::Dearer(i64::try_from((least + per - 1) / per).unwrap_or(i64::MAX))
}
