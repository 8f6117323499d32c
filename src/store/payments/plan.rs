//! What a page of sightings changes in the database: decided here, without it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::admit::ID_MAX;
use super::known::OnRecord;
use crate::engine::{
    Alert, AlertName, BadRow, Basis, Change, Event, EventType, Known, Payment, PaymentState, Row,
    StatusChange, Tally, Trail, compare, events_of, statuses_of,
};
use crate::store::Scope;
use crate::store::db::values::without_nul;

/// Raw rows are kept up to this many bytes.
const RAW_MAX: usize = 64 * 1024;
/// Reasons, which may quote the row, up to this many.
const REASON_MAX: usize = 2 * 1024;

/// Everything that a page brings.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// The payments that get a number, and which.
    pub(super) numbered: Vec<(i64, &'a str)>,
    pub(in crate::store) stored: Vec<Stored<'a>>,
    /// Statuses of the payments with these numbers.
    pub(super) statuses: Vec<(i64, StatusChange)>,
    pub(in crate::store) events: Vec<Event>,
    pub(in crate::store) quarantined: Vec<Quarantined>,
    pub(in crate::store) alerts: Vec<Alert>,
    /// The payments whose amounts changed while they are under way.
    pub(super) repriced: Vec<&'a str>,
    /// The payments that are no longer what was decided on.
    pub(super) voided: Vec<Voided<'a>>,
    /// By how much the number of payments in a state and role changes.
    pub(in crate::store) counts: BTreeMap<(String, String), i64>,
    pub(in crate::store) tally: Tally,
}

/// A payment to be stored as the newest version.
#[derive(Debug)]
pub(in crate::store) struct Stored<'a> {
    pub(in crate::store) payment: &'a Payment,
    pub(super) number: i64,
    pub(in crate::store) version: i64,
}

/// A payment whose money would go elsewhere than was decided, or that is another sum.
#[derive(Debug)]
pub(super) struct Voided<'a> {
    pub(in crate::store) payment: &'a Payment,
    /// What it is now.
    pub(in crate::store) is: Basis,
    /// Whether it is in the state in which it was decided on.
    pub(super) in_state: bool,
    /// Whether its amount changed: then a person is to look, whoever decided.
    pub(super) is_repriced: bool,
}

/// A row to be set aside.
#[derive(Debug)]
pub(in crate::store) struct Quarantined {
    pub(in crate::store) payment_id: Option<String>,
    pub(in crate::store) modified_at: Option<DateTime<Utc>>,
    pub(in crate::store) raw: String,
    pub(in crate::store) raw_hash: i64,
    pub(in crate::store) reason: String,
    /// Whether it contradicts what is known now, whatever was stored since it was first set aside.
    pub(in crate::store) contradicts: bool,
}

impl Quarantined {
    fn of(bad: &BadRow) -> Self {
        let id = bad.payment_id.as_deref();
        let raw_hash = hash_of(id, &bad.raw);
        Self {
            payment_id: id.map(|id| keep(id, ID_MAX)),
            modified_at: bad.modified_at,
            raw: keep(&bad.raw, RAW_MAX),
            raw_hash,
            reason: keep(&bad.reason, REASON_MAX),
            contradicts: false,
        }
    }

    fn of_payment(payment: &Payment, reason: &str, contradicts: bool) -> Self {
        let raw_hash = hash_of(Some(&payment.payment_id), &payment.document);
        Self {
            payment_id: Some(keep(&payment.payment_id, ID_MAX)),
            modified_at: Some(payment.modified_at),
            raw: keep(&payment.document, RAW_MAX),
            raw_hash,
            reason: keep(reason, REASON_MAX),
            contradicts,
        }
    }
}

fn hash_of(payment_id: Option<&str>, raw: &str) -> i64 {
    let id_hash = xxh3_64(payment_id.unwrap_or_default().as_bytes());
    xxh3_64_with_seed(raw.as_bytes(), id_hash).cast_signed()
}

/// The beginning of a text that came from outside, without what PostgreSQL's text does not take.
fn keep(text: &str, most: usize) -> String {
    let mut end = std::cmp::min(text.len(), most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    without_nul(text.get(..end).unwrap_or_default()).into_owned()
}

/// Decides what `rows` change, beside what is on record. A payment stands in `rows` once at the most.
pub(super) fn plan<'a>(
    scope: &Scope,
    rows: &[&'a Row],
    mut found: OnRecord,
    trail: Trail,
    now: DateTime<Utc>,
) -> Plan<'a> {
    let mut plan = Plan::default();
    for row in rows {
        match row {
            Row::Payment(payment) => {
                let number = plan.number(&mut found, payment);
                let known = found.known.get(&payment.payment_id);
                plan.add(scope, (number, payment), known, trail, now);
            }
            Row::Bad(bad) => plan.set_aside(bad),
        }
    }
    plan
}

impl<'a> Plan<'a> {
    /// Whether nothing of what it stores can be there already.
    pub(super) fn is_all_new(&self) -> bool {
        let Some((first, _)) = self.numbered.first() else { return false };
        self.stored.iter().all(|stored| stored.version == 1 && stored.number >= *first)
            && self.statuses.iter().all(|(number, _)| number >= first)
    }

    /// The payment's number: the one that it has, or the next.
    fn number(&mut self, found: &mut OnRecord, payment: &'a Payment) -> i64 {
        found.numbers.get(&payment.payment_id).copied().unwrap_or_else(|| {
            found.newest += 1;
            self.numbered.push((found.newest, &payment.payment_id));
            found.newest
        })
    }

    fn add(
        &mut self,
        scope: &Scope,
        (number, payment): (i64, &'a Payment),
        known: Option<&Known>,
        trail: Trail,
        now: DateTime<Utc>,
    ) {
        let change = compare(known, payment, trail);
        self.tally.count(change);
        let first = self.statuses.len();
        for status in statuses_of(known, payment, change, trail) {
            let is_same = |(_, other): &(i64, StatusChange)| {
                other.status == status.status && other.reached_at == status.reached_at
            };
            if !self.statuses[first..].iter().any(is_same) {
                self.statuses.push((number, status));
            }
        }
        let events = events_of(&scope.network, known, payment, change, now);
        for event in events.iter().filter(|event| event.event_type == EventType::PaymentAmount) {
            let detail = format!("the amount was recorded otherwise before: {}", event.data);
            let alert = Alert::of(AlertName::AmountChanged, detail);
            self.alerts.push(alert.about(&payment.payment_id));
            if !payment.state.is_over() {
                self.repriced.push(&payment.payment_id);
            }
        }
        self.events.extend(events);
        match change {
            Change::New | Change::Changed | Change::Silent => {
                let version = known.map_or(1, |known| known.version + 1);
                self.stored.push(Stored { payment, number, version });
                if let Some(known) = known {
                    self.compare_basis(known, payment);
                    self.recount(known.state.as_str(), known.connector_role.as_str(), -1);
                }
                self.recount(payment.state.as_str(), payment.connector_role.as_str(), 1);
                self.tell_of_unknown_state(payment, trail);
            }
            Change::Illegal => {
                let from = known.map_or("?", |known| known.state.as_str());
                let reason = format!("it was {from} and can never become {}", payment.state);
                self.quarantined.push(Quarantined::of_payment(payment, &reason, true));
            }
            Change::Unchanged | Change::Stale => {}
        }
    }

    /// A decision is on what was shown. What is decided on rarely changes, so this is looked at only where something was
    /// decided.
    fn compare_basis(&mut self, known: &Known, payment: &'a Payment) {
        let Some(decided_on) = &known.basis else { return };
        let is = Basis::of_payment(payment);
        if is.digest != *decided_on {
            let in_state = known.state == payment.state;
            let is_repriced = known.money != payment.money;
            self.voided.push(Voided { payment, is, in_state, is_repriced });
        }
    }

    /// A payment in a state that nobody knows is stored as it came, and set aside too: no poller owns it, so a person
    /// is to hear of it, and the list in which it came is to be counted with it.
    fn tell_of_unknown_state(&mut self, payment: &Payment, trail: Trail) {
        let is_listed = match trail {
            Trail::List | Trail::Reconcile => true,
            Trail::Get | Trail::Operation | Trail::Inferred | Trail::Late => false,
        };
        if is_listed && let PaymentState::Other(word) = &payment.state {
            let reason = format!("its state {word} is not known: it is recorded, and not acted on");
            self.quarantined.push(Quarantined::of_payment(payment, &reason, false));
        }
    }

    fn set_aside(&mut self, bad: &BadRow) {
        self.tally.quarantined += 1;
        self.quarantined.push(Quarantined::of(bad));
    }

    fn recount(&mut self, state: &str, role: &str, by: i64) {
        *self.counts.entry((state.to_owned(), role.to_owned())).or_default() += by;
    }
}

/// Cuts `rows` into runs in which each payment stands once: one statement can store a run.
pub(in crate::store) fn runs<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Vec<&'a Row>> {
    let mut runs: Vec<Vec<&Row>> = vec![Vec::new()];
    let mut seen = std::collections::HashSet::new();
    for row in rows {
        if let Row::Payment(payment) = row
            && !seen.insert(payment.payment_id.as_str())
        {
            runs.push(Vec::new());
            seen.clear();
            seen.insert(payment.payment_id.as_str());
        }
        if let Some(run) = runs.last_mut() {
            run.push(row);
        }
    }
    runs
}
