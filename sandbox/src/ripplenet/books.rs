//! The network's own books: every payment, the lists it appears in, and its true history.

use std::collections::{BTreeSet, HashMap};

use super::index::{Key, SortedKeys};
use super::moves::{PaymentState, Role};
use super::payment::{Ids, Payment, Step};

/// A version that lists still show although the payment has moved on.
#[derive(Debug)]
struct Hidden {
    /// Nothing for a payment that no list has shown yet.
    shown: Option<Box<Payment>>,
    until: i64,
}

/// All payments, and an ordered list per state and role.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ids: Ids,
    payments: Vec<Payment>,
    lists: [[SortedKeys; Role::ALL.len()]; PaymentState::ALL.len()],
    counts: [u64; PaymentState::ALL.len()],
    hidden: HashMap<u32, Hidden>,
    /// When which hidden change is due to show.
    due: BTreeSet<(i64, u32)>,
}

impl Books {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            ids: Ids { seed },
            payments: Vec::new(),
            lists: Default::default(),
            counts: Default::default(),
            hidden: HashMap::new(),
            due: BTreeSet::new(),
        }
    }

    /// The serial number that the next payment gets.
    pub(super) fn next_serial(&self) -> u32 {
        u32::try_from(self.payments.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.payments.reserve(more);
    }

    /// Every payment, and the rows that are none, in the order of their making.
    pub(super) fn payments(&self) -> &[Payment] {
        &self.payments
    }

    pub(super) fn get(&self, serial: u32) -> Option<&Payment> {
        self.payments.get(serial as usize)
    }

    /// The version that lists show.
    pub(super) fn shown(&self, serial: u32) -> Option<&Payment> {
        match self.hidden.get(&serial) {
            None => self.get(serial),
            Some(hidden) => hidden.shown.as_deref(),
        }
    }

    pub(super) fn list(&self, state: PaymentState, role: Role) -> &SortedKeys {
        &self.lists[state.index()][role.index()]
    }

    /// How many payments truly are in the state.
    pub(super) fn count(&self, state: PaymentState) -> u64 {
        self.counts[state.index()]
    }

    /// The payment that a key of a list stands for.
    pub(super) fn serial_of(&self, key: Key) -> u32 {
        self.ids.serial(key.1)
    }

    /// Takes a payment with the next serial number in. Lists show it once `hide_until` has come.
    pub(super) fn add(&mut self, payment: Payment, hide_until: Option<i64>) -> u32 {
        let serial = self.next_serial();
        if payment.raw().is_none() {
            self.counts[payment.state.index()] += 1;
        }
        match hide_until {
            None => self.enlist(&payment),
            Some(until) => {
                self.hidden.insert(serial, Hidden { shown: None, until });
                self.due.insert((until, serial));
            }
        }
        self.payments.push(payment);
        serial
    }

    /// Changes a payment. Lists show the change once `hide_until` has come.
    pub(super) fn change(
        &mut self,
        serial: u32,
        hide_until: Option<i64>,
        how: impl FnOnce(&mut Payment),
    ) {
        // One change waits at a time: as with row locks, the next one begins after the last is seen.
        self.reveal(serial);
        let Some(mut payment) = self.payments.get(serial as usize).cloned() else { return };
        let before = payment.clone();
        how(&mut payment);
        if before.raw().is_none() {
            self.counts[before.state.index()] -= 1;
        }
        if payment.raw().is_none() {
            self.counts[payment.state.index()] += 1;
        }
        match hide_until {
            None => {
                self.delist(&before);
                self.enlist(&payment);
            }
            Some(until) => {
                self.hidden.insert(serial, Hidden { shown: Some(Box::new(before)), until });
                self.due.insert((until, serial));
            }
        }
        self.payments[serial as usize] = payment;
    }

    /// Lets the lists show every change that is due.
    pub(super) fn reveal_due(&mut self, now: i64) {
        while let Some((until, serial)) = self.due.first().copied()
            && until <= now
        {
            self.reveal(serial);
        }
    }

    fn reveal(&mut self, serial: u32) {
        let Some(hidden) = self.hidden.remove(&serial) else { return };
        self.due.remove(&(hidden.until, serial));
        if let Some(shown) = hidden.shown {
            self.delist(&shown);
        }
        if let Some(payment) = self.payments.get(serial as usize) {
            let key = self.key(payment);
            self.lists[payment.state.index()][payment.role.index()].insert(key);
        }
    }

    fn enlist(&mut self, payment: &Payment) {
        let key = self.key(payment);
        self.lists[payment.state.index()][payment.role.index()].insert(key);
    }

    fn delist(&mut self, payment: &Payment) {
        let key = self.key(payment);
        self.lists[payment.state.index()][payment.role.index()].remove(key);
    }

    fn key(&self, payment: &Payment) -> Key {
        (payment.modified_at, self.ids.rank(payment.serial))
    }
}

/// Moves a payment: its state, its time and its history.
pub(super) fn step(payment: &mut Payment, state: PaymentState, at: i64, by_network: bool) {
    payment.state = state;
    payment.modified_at = at;
    payment.history.push(Step { at, state, by_network });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(books: &mut Books, hide_until: Option<i64>) -> u32 {
        let serial = books.next_serial();
        let payment = Payment::new(serial, Role::Receiving, PaymentState::Accepted, 1_000, 1);
        books.add(payment, hide_until)
    }

    fn listed(books: &Books, state: PaymentState) -> usize {
        books.list(state, Role::Receiving).len()
    }

    #[test]
    fn a_move_takes_a_payment_from_one_list_to_the_other() {
        let mut books = Books::new(1);
        let serial = one(&mut books, None);
        books.change(serial, None, |p| step(p, PaymentState::Locked, 2_000, true));
        assert_eq!(listed(&books, PaymentState::Accepted), 0);
        assert_eq!(listed(&books, PaymentState::Locked), 1);
        assert_eq!(books.count(PaymentState::Locked), 1);
        assert_eq!(books.shown(serial).unwrap().modified_at, 2_000);
    }

    #[test]
    fn a_hidden_change_shows_late_with_its_early_time() {
        let mut books = Books::new(1);
        let serial = one(&mut books, None);
        books.change(serial, Some(5_000), |p| step(p, PaymentState::Locked, 2_000, true));
        assert_eq!(books.count(PaymentState::Locked), 1);
        books.reveal_due(4_999);
        assert_eq!(listed(&books, PaymentState::Locked), 0);
        assert_eq!(books.shown(serial).unwrap().state, PaymentState::Accepted);
        books.reveal_due(5_000);
        assert_eq!(listed(&books, PaymentState::Accepted), 0);
        assert_eq!(listed(&books, PaymentState::Locked), 1);
        assert_eq!(books.shown(serial).unwrap().modified_at, 2_000);
    }

    #[test]
    fn a_hidden_newcomer_is_in_no_list() {
        let mut books = Books::new(1);
        let serial = one(&mut books, Some(3_000));
        assert!(books.shown(serial).is_none());
        assert_eq!(listed(&books, PaymentState::Accepted), 0);
        books.change(serial, None, |p| step(p, PaymentState::Failed, 2_000, true));
        assert_eq!(listed(&books, PaymentState::Accepted), 0);
        assert_eq!(listed(&books, PaymentState::Failed), 1);
        books.reveal_due(10_000);
        assert_eq!(listed(&books, PaymentState::Failed), 1);
    }
}
