//! What there is on a simulated network, and what happens to it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::index::Index;
use super::traffic::{Happening, Schedule};
use super::{BEGINNING, Random, SECOND, Traffic, time};
use crate::engine::{BadRow, ConnectorRole, Money, Payment, PaymentState, Row};

/// A payment, and what the book says of it.
pub(super) struct Entry {
    pub(super) modified_at: i64,
    version: i64,
    /// Since when it can be seen in the list; `None`: not yet.
    pub(super) visible_since: Option<i64>,
    pub(super) left_at: Option<i64>,
    /// Its row cannot be understood.
    is_bad: bool,
    /// Where it is in the crowd.
    place: usize,
    /// It was in the list during one whole run.
    pub(super) is_due: bool,
}

impl Entry {
    fn is_listed(&self) -> bool {
        self.visible_since.is_some() && self.left_at.is_none()
    }
}

/// What is decided and not yet visible: when it will be, of which payment, and its new time.
type Late = Reverse<(i64, u32, i64)>;

/// A world of payments, and a book of who was where when.
pub(super) struct World {
    pub(super) now: i64,
    /// How much the network's clock is ahead.
    pub(super) clock_set: i64,
    random: Random,
    schedule: Schedule,
    pub(super) entries: Vec<Entry>,
    pub(super) index: Index,
    /// Those in the list, in no order.
    pub(super) crowd: Vec<u32>,
    /// None before this one is in the list.
    oldest: u32,
    late: BinaryHeap<Late>,
    last_change: i64,
    template: Payment,
}

impl World {
    pub(super) fn new(seed: u64, traffic: Traffic) -> Self {
        let mut random = Random(seed);
        Self {
            now: BEGINNING,
            clock_set: 0,
            schedule: Schedule::new(traffic, BEGINNING, &mut random),
            random,
            entries: Vec::new(),
            index: Index::default(),
            crowd: Vec::new(),
            oldest: 0,
            late: BinaryHeap::new(),
            last_change: BEGINNING,
            template: template(),
        }
    }

    pub(super) fn advance(&mut self, until: i64) {
        loop {
            let shown = self.late.peek().map_or(i64::MAX, |Reverse((at, _, _))| *at);
            let limit = std::cmp::min(until, shown);
            if let Some((at, happening)) = self.schedule.next(limit, &mut self.random) {
                self.now = std::cmp::max(self.now, at);
                let which = self.random.index(usize::MAX >> 1);
                self.happen(happening, which);
            } else if shown <= until
                && let Some(Reverse((at, id, modified_at))) = self.late.pop()
            {
                self.now = std::cmp::max(self.now, at);
                self.show(id, modified_at, at);
            } else {
                self.now = until;
                return;
            }
        }
    }

    pub(super) fn happen(&mut self, happening: Happening, which: usize) {
        let traffic = self.schedule.traffic();
        let now = self.now;
        match happening {
            Happening::Entry => {
                let at = self.change_time();
                let id = self.begin(at, false);
                self.show_sooner_or_later(id, at);
            }
            Happening::Exit => {
                let id = if traffic.oldest_first { self.oldest() } else { self.pick(which) };
                if let Some(id) = id {
                    self.leave(id, now);
                }
            }
            Happening::Touch => {
                if let Some(id) = self.pick(which) {
                    let at = self.change_time();
                    self.show_sooner_or_later(id, at);
                }
            }
        }
    }

    /// The time by the network's clock.
    pub(super) fn clock(&self) -> i64 {
        self.now + self.clock_set
    }

    fn change_time(&mut self) -> i64 {
        let tie_percent = self.schedule.traffic().tie_percent;
        if tie_percent == 0 || self.random.below(100) >= tie_percent {
            self.last_change = self.clock();
        }
        self.last_change
    }

    fn pick(&self, which: usize) -> Option<u32> {
        self.crowd.get(which.checked_rem(self.crowd.len())?).copied()
    }

    fn oldest(&mut self) -> Option<u32> {
        while !self.entries.get(self.oldest as usize)?.is_listed() {
            self.oldest += 1;
        }
        Some(self.oldest)
    }

    pub(super) fn begin(&mut self, modified_at: i64, is_bad: bool) -> u32 {
        let id = u32::try_from(self.entries.len()).unwrap();
        self.entries.push(Entry {
            modified_at,
            version: 0,
            visible_since: None,
            left_at: None,
            is_bad,
            place: 0,
            is_due: false,
        });
        id
    }

    fn show_sooner_or_later(&mut self, id: u32, at: i64) {
        let traffic = self.schedule.traffic();
        if self.random.below(100) < traffic.late_percent {
            let shown = self.now + self.random.below(4 * SECOND);
            self.late.push(Reverse((shown, id, at)));
        } else {
            self.show(id, at, self.now);
        }
    }

    /// A new payment, or a new version of one, becomes visible.
    pub(super) fn show(&mut self, id: u32, modified_at: i64, now: i64) {
        let entry = &mut self.entries[id as usize];
        let is_older = entry.version > 0 && modified_at <= entry.modified_at;
        if entry.left_at.is_some() || is_older {
            return;
        }
        if entry.visible_since.is_none() {
            self.oldest = std::cmp::min(self.oldest, id);
            entry.visible_since = Some(now);
            entry.place = self.crowd.len();
            self.crowd.push(id);
        } else {
            self.index.remove(entry.modified_at, id);
        }
        entry.modified_at = modified_at;
        entry.version += 1;
        self.index.insert(modified_at, id);
    }

    pub(super) fn leave(&mut self, id: u32, now: i64) {
        let entry = &mut self.entries[id as usize];
        if entry.is_listed() {
            self.index.remove(entry.modified_at, id);
            entry.left_at = Some(now);
            let place = entry.place;
            self.crowd.swap_remove(place);
            if let Some(moved) = self.crowd.get(place) {
                self.entries[*moved as usize].place = place;
            }
        }
    }

    pub(super) fn row(&self, id: u32) -> Row {
        let entry = &self.entries[id as usize];
        if entry.is_bad {
            return Row::Bad(BadRow {
                modified_at: None,
                payment_id: Some(id.to_string()),
                raw: "?".to_owned(),
                reason: "no modified_at".to_owned(),
            });
        }
        let mut payment = self.template.clone();
        payment.payment_id = id.to_string();
        payment.modified_at =
            time(entry.left_at.map_or(entry.modified_at, |left| left + self.clock_set));
        if entry.left_at.is_some() {
            payment.state = PaymentState::Locked;
        }
        payment.hash = entry.version;
        Row::Payment(Box::new(payment))
    }
}

fn template() -> Payment {
    Payment {
        payment_id: String::new(),
        state: PaymentState::Accepted,
        sub_states: Vec::new(),
        connector_role: ConnectorRole::Receiving,
        money: Money { amount: "10".parse().unwrap(), currency: "USD".to_owned() },
        payout: None,
        created_at: None,
        modified_at: time(0),
        expires_at: None,
        locked_here: false,
        returns: None,
        returned_by: None,
        end_to_end_id: None,
        reached: Vec::new(),
        document: String::new(),
        parties: crate::engine::Parties::NONE,
        hash: 0,
    }
}
