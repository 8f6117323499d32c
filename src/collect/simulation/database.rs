//! A database that keeps the newest version of each payment, and breaks when it is told to.

use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::index::Index;
use super::{Random, time};
use crate::collect::{Position, Sink};
use crate::engine::{Known, PaymentState, Row, Tally, Trail, compare};

/// When a database breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    /// Before this commit, counted from 1.
    Before(u64),
    /// After it, before anybody hears of it.
    After(u64),
}

/// What a crash looks like to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crashed;

#[derive(Default)]
struct Tables {
    /// By id.
    known: Vec<Option<Known>>,
    bad: BTreeSet<u32>,
    index: Index,
    position: Position,
    commits: u64,
    crash: Option<Crash>,
    trails: Vec<Trail>,
}

#[derive(Default)]
pub(super) struct Database(RefCell<Tables>);

impl Database {
    pub(super) fn crash(&self, crash: Option<Crash>) {
        let mut tables = self.0.borrow_mut();
        tables.commits = 0;
        tables.crash = crash;
    }

    pub(super) fn position(&self) -> Position {
        self.0.borrow().position
    }

    pub(super) fn save(&self, position: Position) {
        self.0.borrow_mut().position = position;
    }

    /// Whether it was ever stored, or set aside.
    pub(super) fn has_seen(&self, id: u32) -> bool {
        let tables = self.0.borrow();
        tables.known(id).is_some() || tables.bad.contains(&id)
    }

    /// The version that is stored: its state and time.
    pub(super) fn version(&self, id: u32) -> Option<(PaymentState, DateTime<Utc>)> {
        let tables = self.0.borrow();
        tables.known(id).map(|known| (known.state.clone(), known.modified_at))
    }

    /// Forgets a payment that it had.
    pub(super) fn lose(&self, id: u32) {
        let mut tables = self.0.borrow_mut();
        let known = tables.known[id as usize].take().expect("only what is there is lost");
        tables.index.remove(known.modified_at.timestamp_micros(), id);
    }

    /// Puts an older version in the place of the one that it had.
    pub(super) fn age(&self, id: u32, micros: i64) {
        let mut tables = self.0.borrow_mut();
        let Tables { known, index, .. } = &mut *tables;
        let known = known[id as usize].as_mut().expect("only what is there grows old");
        let at = known.modified_at.timestamp_micros();
        known.modified_at = time(at - micros);
        known.hash -= 1;
        index.remove(at, id);
        index.insert(at - micros, id);
    }

    /// Ids of what it believes to be in the list.
    pub(super) fn listed(&self) -> Vec<u32> {
        self.0.borrow().index.rows().iter().map(|(_, id)| *id).collect()
    }

    /// A payment that it believes to be in the list.
    pub(super) fn any(&self, random: &mut Random) -> u32 {
        let tables = self.0.borrow();
        let rows = tables.index.rows();
        rows[random.index(rows.len())].1
    }

    /// How the rows were stored, page by page.
    pub(super) fn trails(&self) -> Vec<Trail> {
        self.0.borrow().trails.clone()
    }

    fn between(
        tables: &Tables,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> &[(i64, u32)] {
        let (after, before) =
            (after.map(|at| at.timestamp_micros()), before.map(|at| at.timestamp_micros()));
        tables.index.between(
            |at| after.is_some_and(|after| at <= after),
            |at| before.is_some_and(|before| at >= before),
        )
    }
}

impl Tables {
    fn known(&self, id: u32) -> Option<&Known> {
        self.known.get(id as usize)?.as_ref()
    }

    fn store(&mut self, row: &Row, trail: Trail) -> Tally {
        let mut tally = Tally::default();
        let payment = match row {
            Row::Payment(payment) => payment,
            Row::Bad(bad) => {
                let id = bad.payment_id.as_ref().and_then(|id| id.parse::<u32>().ok());
                self.bad.extend(id);
                tally.quarantined += 1;
                return tally;
            }
        };
        let id: u32 = payment.payment_id.parse().unwrap();
        let known = self.known(id);
        let change = compare(known, payment, trail);
        tally.count(change);
        if change.is_stored() {
            if let Some(known) = known
                && known.state == PaymentState::Accepted
            {
                self.index.remove(known.modified_at.timestamp_micros(), id);
            }
            if payment.state == PaymentState::Accepted {
                self.index.insert(payment.modified_at.timestamp_micros(), id);
            }
            let known = Known {
                state: payment.state.clone(),
                connector_role: payment.connector_role.clone(),
                modified_at: payment.modified_at,
                hash: payment.hash,
                version: 1,
                sub_states: Vec::new(),
                money: payment.money.clone(),
                review: None,
                basis: None,
            };
            let place = id as usize;
            if self.known.len() <= place {
                self.known.resize(place + 1, None);
            }
            self.known[place] = Some(known);
        }
        tally
    }
}

impl Sink for Database {
    type Error = Crashed;

    async fn record(
        &self,
        rows: &[Row],
        cursor: Option<DateTime<Utc>>,
        trail: Trail,
    ) -> Result<Tally, Crashed> {
        let mut tables = self.0.borrow_mut();
        tables.commits += 1;
        if tables.crash == Some(Crash::Before(tables.commits)) {
            return Err(Crashed);
        }
        let mut tally = Tally::default();
        for row in rows {
            tally += tables.store(row, trail);
        }
        tables.trails.push(trail);
        if cursor.is_some() {
            tables.position.cursor = cursor;
        }
        if tables.crash == Some(Crash::After(tables.commits)) { Err(Crashed) } else { Ok(tally) }
    }

    async fn count(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
    ) -> Result<u64, Crashed> {
        Ok(Self::between(&self.0.borrow(), after, before).len() as u64)
    }

    async fn ids(
        &self,
        after: Option<DateTime<Utc>>,
        before: Option<DateTime<Utc>>,
        past: Option<&(String, DateTime<Utc>)>,
        limit: u32,
    ) -> Result<Vec<(String, DateTime<Utc>)>, Crashed> {
        let tables = self.0.borrow();
        let past = past.map(|(id, at)| (at.timestamp_micros(), id.parse::<u32>().unwrap()));
        let rows = Self::between(&tables, after, before).iter();
        let rows = rows.filter(|row| past.is_none_or(|past| **row > past));
        Ok(rows.take(limit as usize).map(|(at, id)| (id.to_string(), time(*at))).collect())
    }
}
