//! A network whose list moves while it is read.

use std::cell::RefCell;

use chrono::{DateTime, Utc};

use super::traffic::Happening;
use super::world::World;
use super::{MILLI, SECOND, Traffic, time};
use crate::collect::{Found, Source};
use crate::engine::{Listing, Row, Window};

/// How the network answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habits {
    /// The lower bound is in the range.
    pub(super) inclusive_below: bool,
    /// The upper one is.
    pub(super) inclusive_above: bool,
    /// Times are shown in milliseconds, however fine they are.
    pub(super) shows_millis: bool,
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

/// The network, as a client sees it.
pub(super) struct Network(RefCell<Desk>);

/// Where requests come in.
struct Desk {
    world: World,
    habits: Habits,
    requests: u64,
    /// Payments asked for by their ids.
    gets: u64,
    fails_at: Option<u64>,
    /// One happens before each request, the last one first.
    script: Vec<(Happening, usize)>,
}

/// What a broken connection looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Network {
    pub(super) fn new(seed: u64, habits: Habits, traffic: Traffic) -> Self {
        let world = World::new(seed, traffic);
        Self(RefCell::new(Desk {
            world,
            habits,
            requests: 0,
            gets: 0,
            fails_at: None,
            script: Vec::new(),
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
        let world = &mut self.0.borrow_mut().world;
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
        let world = &mut self.0.borrow_mut().world;
        let until = world.now + micros;
        world.advance(until);
    }

    pub(super) fn now(&self) -> i64 {
        self.0.borrow().world.now
    }

    pub(super) fn requests(&self) -> u64 {
        self.0.borrow().requests
    }

    pub(super) fn gets(&self) -> u64 {
        self.0.borrow().gets
    }

    /// Ids of the payments that are in the list.
    pub(super) fn present(&self) -> Vec<u32> {
        self.0.borrow().world.crowd.clone()
    }

    pub(super) fn leave(&self, id: u32) {
        let world = &mut self.0.borrow_mut().world;
        let now = world.now;
        world.leave(id, now);
    }

    /// Whether nothing happened to a payment after `time`.
    pub(super) fn is_settled_since(&self, id: u32, time: i64) -> bool {
        let entry = &self.0.borrow().world.entries[id as usize];
        entry.modified_at < time && entry.left_at.is_none_or(|left| left < time)
    }

    /// Writes into the book which payments were in the list from `since` to now, and returns them.
    pub(super) fn mark_due(&self, since: i64) -> Vec<u32> {
        let world = &mut self.0.borrow_mut().world;
        let World { entries, crowd, .. } = world;
        let is_due = |id: &u32| {
            let entry = &mut entries[*id as usize];
            let was_there = entry.visible_since.is_some_and(|visible| visible <= since);
            entry.is_due |= was_there;
            was_there
        };
        crowd.iter().copied().filter(is_due).collect()
    }

    /// Ids of the payments that were in the list during one whole run.
    pub(super) fn due(&self) -> Vec<u32> {
        let desk = self.0.borrow();
        let due = (0..).zip(&desk.world.entries).filter(|(_, entry)| entry.is_due);
        due.map(|(id, _)| id).collect()
    }

    /// What the network would say of a payment now.
    pub(super) fn row(&self, id: u32) -> Row {
        self.0.borrow().row(id)
    }

    /// A time as the network shows it.
    pub(super) fn shown(&self, at: i64) -> DateTime<Utc> {
        self.0.borrow().shown(at)
    }

    /// Sets the network's clock by so many microseconds.
    pub(super) fn set_clock(&self, by: i64) {
        self.0.borrow_mut().world.clock_set += by;
    }
}

impl Desk {
    fn shown(&self, at: i64) -> DateTime<Utc> {
        time(if self.habits.shows_millis { at - at.rem_euclid(MILLI) } else { at })
    }

    fn row(&self, id: u32) -> Row {
        let mut row = self.world.row(id);
        if let Row::Payment(payment) = &mut row {
            payment.modified_at = self.shown(payment.modified_at.timestamp_micros());
        }
        row
    }

    fn request(&mut self) -> Result<(), Broken> {
        self.requests += 1;
        if let Some((happening, which)) = self.script.pop() {
            self.world.happen(happening, which);
        }
        let half_trip = self.habits.half_trip;
        self.world.advance(self.world.now + half_trip);
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
        let rows = self.world.index.between(
            |at| after.is_some_and(|after| cut(at) < after + i64::from(!habits.inclusive_below)),
            |at| before.is_some_and(|before| cut(at) > before - i64::from(!habits.inclusive_above)),
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
            server_time: (!habits.timeless).then(|| {
                let told = self.world.clock();
                time(told - told.rem_euclid(SECOND))
            }),
        }
    }
}

impl Source for Network {
    type Error = Broken;

    async fn page(&self, window: &Window) -> Result<Listing, Broken> {
        let mut desk = self.0.borrow_mut();
        desk.request()?;
        let listing = desk.answer(window);
        let back = desk.world.now + desk.habits.half_trip;
        desk.world.advance(back);
        Ok(listing)
    }

    async fn get(&self, payment_id: &str) -> Result<Found, Broken> {
        let mut desk = self.0.borrow_mut();
        desk.request()?;
        desk.gets += 1;
        let id: u32 = payment_id.parse().unwrap();
        let is_known = (id as usize) < desk.world.entries.len();
        Ok(if is_known { Found::Row(Box::new(desk.row(id))) } else { Found::Gone })
    }
}
