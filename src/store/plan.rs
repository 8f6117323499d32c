//! What a page of sightings changes in the database: decided here, without it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64;

use super::Scope;
use crate::engine::{
    Alert, AlertName, BadRow, Change, Event, EventType, Known, Payment, PaymentState, Row,
    StatusChange, Tally, Trail, compare, events_of, statuses_of,
};

/// Raw rows are kept up to this many bytes.
const RAW_MAX: usize = 64 * 1024;

/// Everything that a page brings.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) stored: Vec<Stored<'a>>,
    pub(super) statuses: Vec<(&'a str, StatusChange)>,
    pub(super) events: Vec<Event>,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) alerts: Vec<Alert>,
    /// By how much the number of payments in a state and role changes.
    pub(super) counts: BTreeMap<(String, String), i64>,
    pub(super) tally: Tally,
}

/// A payment to be stored as the newest version.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) payment: &'a Payment,
    pub(super) version: i64,
}

/// A row to be set aside.
#[derive(Debug)]
pub(super) struct Quarantined {
    pub(super) payment_id: Option<String>,
    pub(super) raw: String,
    pub(super) raw_hash: i64,
    pub(super) reason: String,
}

impl Quarantined {
    fn new(payment_id: Option<String>, raw: &str, reason: String) -> Self {
        let mut end = std::cmp::min(raw.len(), RAW_MAX);
        while !raw.is_char_boundary(end) {
            end -= 1;
        }
        let raw_hash = xxh3_64(raw.as_bytes()).cast_signed();
        // PostgreSQL's text takes no NUL; a row with one is rubbish, and its rest is worth keeping.
        let kept = raw.get(..end).unwrap_or_default().replace('\0', "\u{fffd}");
        Self { payment_id, raw: kept, raw_hash, reason }
    }
}

/// Decides what `rows` change, beside what is `known`. A payment stands in `rows` once at the most.
pub(super) fn plan<'a>(
    scope: &Scope,
    rows: &[&'a Row],
    known: &HashMap<String, Known>,
    trail: Trail,
    now: DateTime<Utc>,
) -> Plan<'a> {
    let mut plan = Plan::default();
    for row in rows {
        match row {
            Row::Payment(payment) => {
                let known = known.get(&payment.payment_id);
                plan.add(scope, payment, known, trail, now);
            }
            Row::Bad(bad) => plan.set_aside(bad),
        }
    }
    plan
}

impl<'a> Plan<'a> {
    fn add(
        &mut self,
        scope: &Scope,
        payment: &'a Payment,
        known: Option<&Known>,
        trail: Trail,
        now: DateTime<Utc>,
    ) {
        let change = compare(known, payment);
        self.tally.count(change);
        for status in statuses_of(known, payment, change, trail) {
            self.statuses.push((&payment.payment_id, status));
        }
        let events = events_of(&scope.network, known, payment, change, now);
        for event in events.iter().filter(|event| event.event_type == EventType::PaymentAmount) {
            self.alerts.push(Alert {
                name: AlertName::AmountChanged,
                subject: payment.payment_id.clone(),
                detail: format!("the amount was recorded otherwise before: {}", event.data),
            });
        }
        self.events.extend(events);
        match change {
            Change::New | Change::Changed | Change::Silent => {
                let version = known.map_or(1, |known| known.version + 1);
                self.stored.push(Stored { payment, version });
                if let Some(known) = known {
                    self.recount(known.state.as_str(), known.connector_role.as_str(), -1);
                }
                self.recount(payment.state.as_str(), payment.connector_role.as_str(), 1);
                self.tell_of_unknown_state(payment, trail);
            }
            Change::Illegal => {
                let from = known.map_or("?", |known| known.state.as_str());
                let reason = format!("it was {from} and can never become {}", payment.state);
                let id = Some(payment.payment_id.clone());
                self.quarantined.push(Quarantined::new(id, &payment.document, reason));
            }
            Change::Unchanged | Change::Stale => {}
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
            let id = Some(payment.payment_id.clone());
            self.quarantined.push(Quarantined::new(id, &payment.document, reason));
        }
    }

    fn set_aside(&mut self, bad: &BadRow) {
        self.tally.quarantined += 1;
        let row = Quarantined::new(bad.payment_id.clone(), &bad.raw, bad.reason.clone());
        self.quarantined.push(row);
    }

    fn recount(&mut self, state: &str, role: &str, by: i64) {
        *self.counts.entry((state.to_owned(), role.to_owned())).or_default() += by;
    }
}

/// Cuts `rows` into runs in which each payment stands once: one statement can store a run.
pub(super) fn runs<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Vec<&'a Row>> {
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
