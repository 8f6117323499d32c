//! A network whose list moves while it is read.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use chrono::{DateTime, Utc};

use super::index::Index;
use super::traffic::{Happening, Schedule};
use super::{BEGINNING, MILLI, Random, SECOND, Traffic, time};
use crate::collect::Source;
use crate::engine::{BadRow, ConnectorRole, Listing, Money, Payment, PaymentState, Row, Window};

/// How the network answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habits {
    /// Bounds are in the range.
    pub(super) inclusive: bool,
    /// Times are cut down to milliseconds before they are compared with bounds.
    pub(super) cuts_down: bool,
    /// Range parameters are passed over.
    pub(super) ignores_range: bool,
    /// The bound `before` is cut down to seconds.
    pub(super) coarse: bool,
    /// The newest come first, whatever was asked.
    pub(super) newest_first: bool,
    /// The answer does not tell the network's time.
    pub(super) timeless: bool,
    /// No page is longer, whatever was asked.
    pub(super) rows_max: Option<usize>,
    /// Half the time of a request, in microseconds.
    pub(super) half_trip: i64,
}

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

/// What is decided and not yet visible: when it will be, of which payment, and its new time.
type Late = Reverse<(i64, u32, i64)>;

pub(super) struct World {
    pub(super) now: i64,
    habits: Habits,
    random: Random,
    schedule: Schedule,
    pub(super) entries: Vec<Entry>,
    index: Index,
    /// Those in the list, the oldest first.
    present: BTreeSet<u32>,
    /// The same in no order, to pick one by chance.
    crowd: Vec<u32>,
    late: BinaryHeap<Late>,
    last_change: i64,
    requests: u64,
    /// Payments asked for by their ids.
    gets: u64,
    fails_at: Option<u64>,
    /// One happens before each request.
    script: Vec<(Happening, usize)>,
    template: Payment,
}

/// The network, as a client sees it.
pub(super) struct Network(RefCell<World>);

/// What a broken connection looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Network {
    pub(super) fn new(seed: u64, habits: Habits, traffic: Traffic) -> Self {
        let mut random = Random(seed);
        Self(RefCell::new(World {
            now: BEGINNING,
            habits,
            schedule: Schedule::new(traffic, BEGINNING, &mut random),
            random,
            entries: Vec::new(),
            index: Index::default(),
            present: BTreeSet::new(),
            crowd: Vec::new(),
            late: BinaryHeap::new(),
            last_change: BEGINNING,
            requests: 0,
            gets: 0,
            fails_at: None,
            script: Vec::new(),
            template: template(),
        }))
    }

    /// A network on which nothing happens, with one payment for each time.
    pub(super) fn still(habits: Habits, times: impl IntoIterator<Item = i64>) -> Self {
        let network = Self::new(1, habits, Traffic::default());
        for at in times {
            network.put(at, false);
        }
        network
    }

    /// Puts a payment into the list that was modified at `at`.
    pub(super) fn put(&self, at: i64, is_bad: bool) {
        let mut world = self.0.borrow_mut();
        let id = world.begin(at, is_bad);
        world.show(id, at, at);
    }

    pub(super) fn script(&self, script: Vec<(Happening, usize)>) {
        self.0.borrow_mut().script = script;
    }

    pub(super) fn fail_at(&self, request: Option<u64>) {
        self.0.borrow_mut().fails_at = request;
    }

    pub(super) fn advance(&self, micros: i64) {
        let mut world = self.0.borrow_mut();
        let until = world.now + micros;
        world.advance(until);
    }

    pub(super) fn now(&self) -> i64 {
        self.0.borrow().now
    }

    pub(super) fn requests(&self) -> u64 {
        self.0.borrow().requests
    }

    pub(super) fn gets(&self) -> u64 {
        self.0.borrow().gets
    }

    /// Ids of the payments that are in the list.
    pub(super) fn present(&self) -> Vec<u32> {
        self.0.borrow().present.iter().copied().collect()
    }

    pub(super) fn leave(&self, id: u32) {
        let mut world = self.0.borrow_mut();
        let now = world.now;
        world.leave(id, now);
    }

    /// Writes into the book which payments were in the list from `since` to now.
    pub(super) fn mark_due(&self, since: i64) {
        let mut world = self.0.borrow_mut();
        let World { entries, present, .. } = &mut *world;
        for id in present.iter() {
            let entry = &mut entries[*id as usize];
            entry.is_due |= entry.visible_since.is_some_and(|visible| visible <= since);
        }
    }

    /// Ids of the payments that were in the list during one whole run.
    pub(super) fn due(&self) -> Vec<u32> {
        let world = self.0.borrow();
        let due = (0..).zip(&world.entries).filter(|(_, entry)| entry.is_due);
        due.map(|(id, _)| id).collect()
    }

    /// What the network would say of a payment now.
    pub(super) fn row(&self, id: u32) -> Row {
        self.0.borrow().row(id)
    }
}

impl World {
    fn advance(&mut self, until: i64) {
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

    fn happen(&mut self, happening: Happening, which: usize) {
        let traffic = self.schedule.traffic();
        let now = self.now;
        match happening {
            Happening::Entry => {
                let at = self.change_time();
                let id = self.begin(at, false);
                self.show_sooner_or_later(id, at);
            }
            Happening::Exit => {
                let oldest = self.present.first().copied().filter(|_| traffic.oldest_first);
                if let Some(id) = oldest.or(self.pick(which)) {
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

    fn change_time(&mut self) -> i64 {
        let tie_percent = self.schedule.traffic().tie_percent;
        if tie_percent == 0 || self.random.below(100) >= tie_percent {
            self.last_change = self.now;
        }
        self.last_change
    }

    fn pick(&self, which: usize) -> Option<u32> {
        self.crowd.get(which.checked_rem(self.crowd.len())?).copied()
    }

    fn begin(&mut self, modified_at: i64, is_bad: bool) -> u32 {
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
    fn show(&mut self, id: u32, modified_at: i64, now: i64) {
        let entry = &mut self.entries[id as usize];
        let is_older = entry.version > 0 && modified_at <= entry.modified_at;
        if entry.left_at.is_some() || is_older {
            return;
        }
        if self.present.insert(id) {
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

    fn leave(&mut self, id: u32, now: i64) {
        if self.present.remove(&id) {
            let entry = &mut self.entries[id as usize];
            self.index.remove(entry.modified_at, id);
            entry.left_at = Some(now);
            let place = entry.place;
            self.crowd.swap_remove(place);
            if let Some(moved) = self.crowd.get(place) {
                self.entries[*moved as usize].place = place;
            }
        }
    }

    fn row(&self, id: u32) -> Row {
        let entry = &self.entries[id as usize];
        if entry.is_bad {
            return Row::Bad(BadRow {
                payment_id: Some(id.to_string()),
                modified_at: None,
                raw: "?".to_owned(),
                reason: "no modified_at".to_owned(),
            });
        }
        let mut payment = self.template.clone();
        payment.payment_id = id.to_string();
        payment.modified_at = time(entry.left_at.unwrap_or(entry.modified_at));
        if entry.left_at.is_some() {
            payment.state = PaymentState::Locked;
        }
        payment.hash = entry.version;
        Row::Payment(Box::new(payment))
    }

    fn request(&mut self) -> Result<(), Broken> {
        self.requests += 1;
        if !self.script.is_empty() {
            let (happening, which) = self.script.remove(0);
            self.happen(happening, which);
        }
        let half_trip = self.habits.half_trip;
        self.advance(self.now + half_trip);
        if self.fails_at == Some(self.requests) { Err(Broken) } else { Ok(()) }
    }

    fn answer(&self, window: &Window) -> Listing {
        let habits = self.habits;
        let bound = |at: DateTime<Utc>| {
            let at = at.timestamp_micros();
            assert_eq!(at.rem_euclid(MILLI), 0, "bounds are sent in milliseconds");
            at
        };
        let second = |at: i64| if habits.coarse { at - at.rem_euclid(SECOND) } else { at };
        let cut = |at: i64| if habits.cuts_down { at - at.rem_euclid(MILLI) } else { at };
        let (after, before) = (window.after.map(bound), window.before.map(bound).map(second));
        let (after, before) = if habits.ignores_range { (None, None) } else { (after, before) };
        let is_out = |at: i64, edge: i64| at == edge && !habits.inclusive;
        let rows = self.index.between(
            |at| after.is_some_and(|after| cut(at) < after || is_out(cut(at), after)),
            |at| before.is_some_and(|before| cut(at) > before || is_out(cut(at), before)),
        );
        let size = std::cmp::min(window.size as usize, habits.rows_max.unwrap_or(usize::MAX));
        let skipped = usize::try_from(window.page).unwrap().saturating_mul(size);
        let in_order = 0..rows.len();
        let place = |at: usize| if habits.newest_first { rows.len() - 1 - at } else { at };
        let page = in_order.skip(skipped).take(size).map(|at| self.row(rows[place(at)].1));
        Listing {
            rows: page.collect(),
            last: skipped.saturating_add(size) >= rows.len(),
            total: rows.len() as u64,
            // As in the header `Date`: whole seconds.
            server_time: (!habits.timeless).then(|| time(self.now - self.now.rem_euclid(SECOND))),
        }
    }
}

impl Source for Network {
    type Error = Broken;

    async fn page(&self, window: &Window) -> Result<Listing, Broken> {
        let mut world = self.0.borrow_mut();
        world.request()?;
        let listing = world.answer(window);
        let back = world.now + world.habits.half_trip;
        world.advance(back);
        Ok(listing)
    }

    async fn get(&self, payment_id: &str) -> Result<Option<Row>, Broken> {
        let mut world = self.0.borrow_mut();
        world.request()?;
        world.gets += 1;
        let id: u32 = payment_id.parse().unwrap();
        let is_known = (id as usize) < world.entries.len();
        Ok(is_known.then(|| world.row(id)))
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
        hash: 0,
    }
}
