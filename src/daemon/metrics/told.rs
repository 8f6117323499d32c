//! What metrics are told.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Labels, Metrics, labels, with};
use crate::engine::decide::rules::rules;
use crate::engine::{AlertName, Poller, SweepOutcome, TransferStatus};
use crate::jobs::{Note, SweepReport};
use crate::networks::RequestSeen;
use crate::store::{OpenAlert, Promised, ReviewsWaiting, Scope, TransferCount};

/// What the handing over of a payout is called among operations.
const PAY_OUT: &str = "pay_out";

fn of_operation(scope: &Scope, operation: &str, result: &str) -> Labels {
    let mut labels = with(scope, "operation", operation);
    labels.push(("result", result.to_owned()));
    labels
}

impl Metrics {
    /// Counts a request.
    pub fn request(&self, place: &str, request: &RequestSeen) {
        let status = request.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let endpoint = ("endpoint", request.endpoint.to_owned());
        let place = ("place", place.to_owned());
        let labels = vec![place.clone(), endpoint.clone(), ("status", status)];
        self.requests.get_or_create(&labels).inc();
        let took = request.took.as_secs_f64();
        self.request_duration.get_or_create(&vec![place, endpoint]).observe(took);
    }

    /// Counts what a sweep tells.
    pub fn note(&self, scope: &Scope, note: &Note) {
        let with = |name, value: &str| with(scope, name, value);
        match note {
            Note::Operation { operation, result, .. } => {
                self.operations.get_or_create(&of_operation(scope, operation, result)).inc();
            }
            Note::Payout { result, .. } => {
                self.operations.get_or_create(&of_operation(scope, PAY_OUT, result)).inc();
            }
            Note::Transfer { status, .. } => {
                self.transfers_moved.get_or_create(&with("status", status)).inc();
            }
            Note::Incoming { verdict, .. } => {
                self.incoming.get_or_create(&with("verdict", verdict)).inc();
            }
            Note::ChannelsInUse(channels) => {
                let channels = i64::try_from(*channels).unwrap_or(i64::MAX);
                self.channels_in_use.get_or_create(&labels(scope)).set(channels);
            }
            Note::Progress | Note::Review { .. } | Note::Would { .. } => {}
        }
    }

    /// Counts a sweep.
    pub fn sweep(
        &self,
        scope: &Scope,
        report: &SweepReport,
        is_success: bool,
        took: Duration,
        now: DateTime<Utc>,
    ) {
        let own = labels(scope);
        let with = |name, value: &str| with(scope, name, value);
        self.sweeps.get_or_create(&with("outcome", report.outcome.as_str())).inc();
        self.sweep_duration.get_or_create(&own).observe(took.as_secs_f64());
        let tally = &report.tally;
        let changes = [
            ("new", tally.new),
            ("changed", tally.changed),
            ("unchanged", tally.unchanged),
            ("stale", tally.stale),
        ];
        for (change, count) in changes {
            self.collected.get_or_create(&with("change", change)).inc_by(count);
        }
        if let Some(newest) = report.newest {
            let lag = (now - newest).to_std().unwrap_or_default();
            self.source_lag.get_or_create(&own).set(lag.as_secs_f64());
        }
        self.standing(&report.standing, now);
        let is_of_payments = scope.poller.is_of_payments();
        if is_of_payments {
            self.reconcile_found.get_or_create(&own).inc_by(report.found_by_reconcile);
        }
        if is_success {
            self.last_success(scope, Some(now));
            if is_of_payments {
                self.payments(scope, report.open, report.difference);
            } else {
                let open = i64::try_from(report.open).unwrap_or(i64::MAX);
                self.transfers_open.get_or_create(&own).set(open);
            }
        }
    }

    /// Sets where the transfers of each rail stand. A status that nothing stands in any more is told as such.
    pub fn standing(&self, standing: &[TransferCount], now: DateTime<Utc>) {
        let rails: BTreeSet<&String> = standing.iter().map(|count| &count.rail).collect();
        for rail in rails {
            for status in TransferStatus::ALL {
                let there = |count: &&TransferCount| &count.rail == rail && count.status == status;
                let there = || standing.iter().filter(there);
                let transfers: u64 = there().map(|count| count.transfers).sum();
                let labels = vec![("place", rail.clone()), ("status", status.to_string())];
                let transfers = i64::try_from(transfers).unwrap_or(i64::MAX);
                self.in_status.get_or_create(&labels).set(transfers);
                if !status.is_final() {
                    let oldest = there().filter_map(|count| count.oldest).min();
                    let age = oldest.map(|oldest| (now - oldest).to_std().unwrap_or_default());
                    let age = age.unwrap_or_default().as_secs_f64();
                    self.oldest_open.get_or_create(&labels).set(age);
                }
            }
        }
    }

    /// Counts a refusal of the database.
    pub fn database_error(&self, scope: &Scope) {
        self.database_errors.get_or_create(&labels(scope)).inc();
    }

    /// Says that an alert stands that the database cannot be told of yet.
    pub fn untold(&self, scope: &Scope, name: AlertName) {
        let labels = with(scope, "name", name.as_str());
        self.alerts.get_or_create(&labels).set(1);
    }

    /// Counts a reading of a new configuration.
    pub fn reloaded(&self, is_used: bool) {
        let result = if is_used { "done" } else { "refused" };
        self.reloads.get_or_create(&vec![("result", result.to_owned())]).inc();
        self.last_reload_successful.set(i64::from(is_used));
    }

    /// A worker begins, and stands by: what it may count begins at zero.
    pub fn begin(&self, scope: &Scope) {
        self.lease(scope, false);
        drop(self.database_errors.get_or_create(&labels(scope)));
        for outcome in SweepOutcome::ALL {
            drop(self.sweeps.get_or_create(&with(scope, "outcome", outcome.as_str())));
        }
        let results = |operation: &str, results: &[&str]| {
            for result in results {
                drop(self.operations.get_or_create(&of_operation(scope, operation, result)));
            }
        };
        if let Some(acts) = rules(scope.poller).and_then(|rules| rules.acts.as_ref()) {
            for operation in [acts.approve.name(), "reject", "fail"] {
                results(operation, &["done", "refused", "unknown"]);
            }
        }
        if scope.poller == Poller::Outgoing {
            results(PAY_OUT, &["done", "initiated", "refused", "unknown", "busy"]);
        }
        if scope.poller.is_of_payments() {
            for change in ["new", "changed", "unchanged", "stale"] {
                drop(self.collected.get_or_create(&with(scope, "change", change)));
            }
        }
    }

    /// Sets whether the lease is held. Whoever holds none does not know how sweeps go.
    pub fn lease(&self, scope: &Scope, is_held: bool) {
        let labels = labels(scope);
        self.lease_held.get_or_create(&labels).set(i64::from(is_held));
        if !is_held {
            self.last_success.remove(&labels);
        }
    }

    /// Sets when the last sweep without an error ended; the beginning of time if there was none.
    pub fn last_success(&self, scope: &Scope, at: Option<DateTime<Utc>>) {
        let at = at.map_or(0, |at| at.timestamp());
        self.last_success.get_or_create(&labels(scope)).set(at);
    }

    /// Sets how many payments wait for a person, and until when.
    pub fn reviews(&self, scope: &Scope, waiting: &[ReviewsWaiting], now: DateTime<Utc>) {
        for review in ["pending", "held"] {
            let found = waiting.iter().find(|found| found.review == review);
            let count = found.map_or(0, |found| i64::try_from(found.count).unwrap_or(i64::MAX));
            self.reviews_waiting.get_or_create(&with(scope, "review", review)).set(count);
        }
        match waiting.iter().filter_map(|found| found.first).min() {
            Some(first) => {
                let left = (first - now).to_std().unwrap_or_default().as_secs_f64();
                self.nearest_deadline.get_or_create(&labels(scope)).set(left);
            }
            None => drop(self.nearest_deadline.remove(&labels(scope))),
        }
    }

    /// Sets whether nothing goes out, because the database was restored.
    pub fn held(&self, is_held: bool) {
        self.database_held.set(i64::from(is_held));
    }

    /// Whether nothing goes out, because the database was restored.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.database_held.get() == 1
    }

    /// Sets how many payments are in a poller's states, and by how many the network's count differs.
    pub fn payments(&self, scope: &Scope, in_state: u64, difference: i64) {
        let in_state = i64::try_from(in_state).unwrap_or(i64::MAX);
        self.in_state.get_or_create(&labels(scope)).set(in_state);
        self.drift.get_or_create(&labels(scope)).set(difference);
    }

    /// Sets how many rows are set aside.
    pub fn quarantined(&self, scope: &Scope, rows: u64) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.quarantined.get_or_create(&labels(scope)).set(rows);
    }

    /// Sets who of all is silent. One who is gone cannot tell of it.
    pub fn silent(&self, promised: &[Promised]) {
        let late: BTreeSet<Scope> =
            promised.iter().filter(|one| one.is_late).map(|one| one.scope.clone()).collect();
        let mut before = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let told = promised.iter().map(|one| &one.scope).chain(before.iter());
        for scope in told {
            let labels = with(scope, "name", AlertName::PollerSilent.as_str());
            self.alerts.get_or_create(&labels).set(i64::from(late.contains(scope)));
        }
        *before = late;
    }

    /// Sets which alerts of a poller and network stand.
    pub fn alerts(&self, scope: &Scope, open: &[OpenAlert]) {
        for name in AlertName::ALL {
            let own = |alert: &&OpenAlert| alert.name == name.as_str();
            let labels = with(scope, "name", name.as_str());
            let stands = i64::from(open.iter().any(|alert| own(&alert)));
            self.alerts.get_or_create(&labels).set(stands);
        }
    }
}
