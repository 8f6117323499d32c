//! Payouts: each order by its key, what became of it, and where the money went.

use std::collections::{BTreeMap, HashMap};

use bigdecimal::BigDecimal;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::money::Currencies;
use super::options::Course;
use super::payout::{PayoutRecord, PayoutStatus};
use super::reading::Order;
use crate::random::Chance;

/// A payout and what will become of it.
#[derive(Debug)]
struct Entry {
    record: PayoutRecord,
    order: Order,
    /// The answer to the order, the same each time.
    answer: String,
    course: Course,
    /// When this leg of the course began, and how often it was looked up since.
    since: DateTime<Utc>,
    lookups: u32,
}

/// What an order comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ordered {
    Answer(String),
    /// The key was used for another order.
    OtherOrder,
}

/// The books of what goes out.
#[derive(Debug)]
pub(super) struct Payouts {
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
    /// By what they are for: a transfer, or a refund that has none.
    by_transfer: HashMap<String, Vec<usize>>,
    /// What has left, by currency and beneficiary.
    paid: BTreeMap<(String, String), BigDecimal>,
    pub(super) course: Course,
    pub(super) courses: Vec<(u32, Course)>,
    /// Courses for payouts of one transfer.
    aimed: HashMap<String, Course>,
    seed: u64,
    /// The keys of so many entries are not known again when they are ordered.
    forgotten: usize,
}

impl Payouts {
    pub(super) fn new(course: Course, courses: Vec<(u32, Course)>, seed: u64) -> Self {
        Self {
            entries: Vec::new(),
            by_key: HashMap::new(),
            by_transfer: HashMap::new(),
            paid: BTreeMap::new(),
            course,
            courses,
            aimed: HashMap::new(),
            seed,
            forgotten: 0,
        }
    }

    /// From now on the keys of all orders until now make new payouts. What became of them is still told.
    pub(super) fn forget_keys(&mut self) {
        self.forgotten = self.entries.len();
    }

    pub(super) fn aim(&mut self, transfer_id: String, course: Course) {
        self.aimed.insert(transfer_id, course);
    }

    /// Takes an order. The same order with the same key has been taken already, and is answered as it was.
    pub(super) fn order(
        &mut self,
        key: String,
        order: Order,
        now: DateTime<Utc>,
        currencies: &Currencies,
    ) -> Ordered {
        let known = self.by_key.get(&key).filter(|at| **at >= self.forgotten);
        if let Some(entry) = known.and_then(|at| self.entries.get_mut(*at)) {
            entry.record.ordered += 1;
            if entry.order != order {
                return Ordered::OtherOrder;
            }
            return Ordered::Answer(entry.answer.clone());
        }
        let about = order.transfer_id.clone().or_else(|| order.refund_id.clone());
        let about = about.unwrap_or_default();
        let course = self.course_of(&key, &about);
        let at = self.entries.len();
        let record = PayoutRecord {
            key: key.clone(),
            is_refund: order.is_refund,
            transfer_id: order.transfer_id.clone(),
            refund_id: order.refund_id.clone(),
            incoming_id: order.incoming_id.clone(),
            amount: order.amount.clone(),
            currency: order.currency.clone(),
            beneficiary: order.beneficiary.to_string(),
            subject: order.subject.clone(),
            status: PayoutStatus::of(&course),
            reference: format!("OUT-{:08}", at + 1),
            ordered: 1,
            looked_up: 0,
            at: now,
        };
        self.by_key.insert(key, at);
        self.by_transfer.entry(about).or_default().push(at);
        if record.status.is_paid() {
            *self.money(&record) += &record.amount;
        }
        let answer = self.tell(&record, &course, currencies).to_string();
        let told = answer.clone();
        self.entries.push(Entry { record, order, answer, course, since: now, lookups: 0 });
        Ordered::Answer(told)
    }

    fn course_of(&self, key: &str, transfer_id: &str) -> Course {
        if let Some(course) = self.aimed.get(transfer_id) {
            return course.clone();
        }
        let courses = self.courses.iter().map(|(rate, course)| (*rate, course));
        Chance::about(self.seed, key).one_of(courses).unwrap_or(&self.course).clone()
    }

    /// What the bank tells of a key. Nothing: it was never used.
    pub(super) fn look_up(
        &mut self,
        key: &str,
        now: DateTime<Utc>,
        currencies: &Currencies,
    ) -> Option<Value> {
        let at = *self.by_key.get(key)?;
        let entry = self.entries.get_mut(at)?;
        entry.record.looked_up += 1;
        let next = match &entry.course {
            Course::Initiate { lookups, after, then } => {
                let since = now.signed_duration_since(entry.since);
                let passed = since >= TimeDelta::from_std(*after).unwrap_or(TimeDelta::MAX);
                let heard = entry.lookups >= *lookups;
                entry.lookups = entry.lookups.saturating_add(1);
                (passed && heard).then(|| then.as_ref().clone())
            }
            Course::Deliver | Course::Fail { .. } | Course::NeedInformation { .. } => None,
        };
        if let Some(next) = next {
            self.turn(at, next, now);
        }
        let entry = self.entries.get(at)?;
        let mut told = self.tell(&entry.record, &entry.course, currencies);
        told["key"] = key.into();
        Some(told)
    }

    /// Ends the last payout of a transfer that is on its way. False: there is none.
    pub(super) fn conclude(
        &mut self,
        transfer_id: &str,
        course: Course,
        now: DateTime<Utc>,
    ) -> bool {
        let open = self.by_transfer.get(transfer_id).into_iter().flatten().rev().copied();
        let mut open = open.filter(|at| {
            let entry = self.entries.get(*at);
            entry.is_some_and(|entry| entry.record.status == PayoutStatus::Initiated)
        });
        let Some(at) = open.next() else { return false };
        self.turn(at, course, now);
        true
    }

    /// Puts a payout on another course; the money follows.
    fn turn(&mut self, at: usize, course: Course, now: DateTime<Utc>) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        let before = entry.record.status;
        entry.record.status = PayoutStatus::of(&course);
        (entry.course, entry.since, entry.lookups) = (course, now, 0);
        let record = entry.record.clone();
        match (before.is_paid(), record.status.is_paid()) {
            (true, false) => *self.money(&record) -= &record.amount,
            (false, true) => *self.money(&record) += &record.amount,
            (true, true) | (false, false) => {}
        }
    }

    fn money(&mut self, record: &PayoutRecord) -> &mut BigDecimal {
        let whose = (record.currency.clone(), record.beneficiary.clone());
        self.paid.entry(whose).or_default()
    }

    fn tell(&self, record: &PayoutRecord, course: &Course, currencies: &Currencies) -> Value {
        let mut told = match course {
            Course::Deliver => json!({
                "reference": record.reference,
                "amount": currencies.text(&record.amount, &record.currency),
                "fee": Value::Null,
            }),
            Course::Initiate { .. } => json!({ "reference": record.reference }),
            Course::Fail { code, reason } => json!({ "code": code, "reason": reason }),
            Course::NeedInformation { about, message, fields } => {
                json!({ "about": about, "message": message, "fields": fields })
            }
        };
        told["status"] = record.status.as_str().into();
        told
    }

    /// Every payout, in the order of their orders.
    pub(super) fn all(&self) -> impl Iterator<Item = &PayoutRecord> {
        self.entries.iter().map(|entry| &entry.record)
    }

    /// How many payouts there are.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// The payout with this key.
    pub(super) fn with_key(&self, key: &str) -> Option<&PayoutRecord> {
        let entry = self.entries.get(*self.by_key.get(key)?)?;
        Some(&entry.record)
    }

    /// The payouts of a transfer, in the order of their orders.
    pub(super) fn of(&self, transfer_id: &str) -> impl Iterator<Item = &PayoutRecord> {
        let all = self.by_transfer.get(transfer_id).into_iter().flatten();
        all.filter_map(|at| self.entries.get(*at)).map(|entry| &entry.record)
    }

    /// The transfers for which money left more than once, and how often.
    pub(super) fn paid_more_than_once(&self) -> Vec<(String, usize)> {
        let mut found: Vec<(String, usize)> = self
            .by_transfer
            .keys()
            .map(|id| (id.clone(), self.of(id).filter(|record| record.status.is_paid()).count()))
            .filter(|(_, times)| *times > 1)
            .collect();
        found.sort_unstable();
        found
    }

    /// What has left, by currency and beneficiary.
    pub(super) fn paid(&self) -> &BTreeMap<(String, String), BigDecimal> {
        &self.paid
    }
}
