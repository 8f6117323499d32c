//! Metrics, in Prometheus' text format.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::engine::{AlertName, TransferStatus};
use crate::networks::RequestSeen;
use crate::states::{Note, SweepReport};
use crate::store::{OpenAlert, Promised, Scope, TransferCount};

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of this process. Copies count into the same.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    sweeps: Family<Labels, Counter>,
    sweep_duration: Family<Labels, Histogram, Buckets>,
    last_success: Family<Labels, Gauge>,
    source_lag: Family<Labels, Seconds>,
    collected: Family<Labels, Counter>,
    in_state: Family<Labels, Gauge>,
    transfers_open: Family<Labels, Gauge>,
    in_status: Family<Labels, Gauge>,
    oldest_open: Family<Labels, Seconds>,
    transfers_moved: Family<Labels, Counter>,
    incoming: Family<Labels, Counter>,
    channels_in_use: Family<Labels, Gauge>,
    drift: Family<Labels, Gauge>,
    reconcile_found: Family<Labels, Counter>,
    quarantined: Family<Labels, Gauge>,
    operations: Family<Labels, Counter>,
    requests: Family<Labels, Counter>,
    request_duration: Family<Labels, Histogram, Buckets>,
    alerts: Family<Labels, Gauge>,
    database_errors: Family<Labels, Counter>,
    reloads: Family<Labels, Counter>,
    /// Who was silent when it was looked last.
    silent: Arc<Mutex<BTreeSet<Scope>>>,
}

/// Upper bounds of a histogram's buckets, in seconds.
#[derive(Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

const SWEEP_SECONDS: Buckets = Buckets(&[0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0, 1800.0]);
const REQUEST_SECONDS: Buckets = Buckets(&[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let sweep_duration = Family::new_with_constructor(SWEEP_SECONDS);
        let request_duration = Family::new_with_constructor(REQUEST_SECONDS);
        let mut metrics = Self {
            registry: Arc::default(),
            sweeps: Family::default(),
            sweep_duration,
            last_success: Family::default(),
            source_lag: Family::default(),
            collected: Family::default(),
            in_state: Family::default(),
            transfers_open: Family::default(),
            in_status: Family::default(),
            oldest_open: Family::default(),
            transfers_moved: Family::default(),
            incoming: Family::default(),
            channels_in_use: Family::default(),
            drift: Family::default(),
            reconcile_found: Family::default(),
            quarantined: Family::default(),
            operations: Family::default(),
            requests: Family::default(),
            request_duration,
            alerts: Family::default(),
            database_errors: Family::default(),
            reloads: Family::default(),
            silent: Arc::default(),
        };
        for result in ["done", "refused"] {
            drop(metrics.reloads.get_or_create(&vec![("result", result.to_owned())]));
        }
        metrics.registry = Arc::new(metrics.register());
        metrics
    }

    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("railpoll");
        all.register("sweeps", "Sweeps by how they ended", self.sweeps.clone());
        let help = "From the start of a sweep to its end";
        all.register_with_unit("sweep_duration", help, Unit::Seconds, self.sweep_duration.clone());
        let help = "When the last sweep without an error ended";
        let success = self.last_success.clone();
        all.register_with_unit("last_success_timestamp", help, Unit::Seconds, success);
        let help = "Age of the newest change at the network that was read";
        all.register_with_unit("source_lag", help, Unit::Seconds, self.source_lag.clone());
        let help = "Sightings of payments by what they were";
        all.register("payments_collected", help, self.collected.clone());
        let help = "Payments in the poller's states, as far as we know";
        all.register("payments_in_state", help, self.in_state.clone());
        let help = "Transfers that wait for the poller, as far as we know";
        all.register("transfers_open", help, self.transfers_open.clone());
        let help = "Moves of transfers by the status that they came to";
        all.register("transfers_moved", help, self.transfers_moved.clone());
        let help = "Payments that came by what they were";
        all.register("incoming", help, self.incoming.clone());
        let help = "Channel accounts with a transaction on its way";
        all.register("channels_in_use", help, self.channels_in_use.clone());
        all.register("transfers_in_status", "Transfers where they stand", self.in_status.clone());
        let help = "Age of the oldest transfer that is not over";
        all.register_with_unit("oldest_open", help, Unit::Seconds, self.oldest_open.clone());
        let help = "The network's count of payments minus ours";
        all.register("drift", help, self.drift.clone());
        let help = "Payments that only a reconcile has found";
        all.register("reconcile_found", help, self.reconcile_found.clone());
        all.register("quarantined", "Rows that are set aside", self.quarantined.clone());
        all.register("operations", "Operations by what came of them", self.operations.clone());
        all.register("network_requests", "Requests by answer", self.requests.clone());
        let (name, help) = ("network_request_duration", "From sending to the answer's last byte");
        all.register_with_unit(name, help, Unit::Seconds, self.request_duration.clone());
        all.register("alert", "1 while the alert stands", self.alerts.clone());
        let help = "Leases, sweeps and records of sweeps that the database refused";
        all.register("database_errors", help, self.database_errors.clone());
        let help = "Readings of a new configuration by what came of them";
        all.register("reloads", help, self.reloads.clone());
        all
    }

    /// All of them as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics cannot be written");
        }
        text
    }

    /// Counts a request.
    pub fn request(&self, network: &str, request: &RequestSeen) {
        let status = request.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let endpoint = ("endpoint", request.endpoint.to_owned());
        let network = ("network", network.to_owned());
        let labels = vec![network.clone(), endpoint.clone(), ("status", status)];
        self.requests.get_or_create(&labels).inc();
        let took = request.took.as_secs_f64();
        self.request_duration.get_or_create(&vec![network, endpoint]).observe(took);
    }

    /// Counts what a sweep tells.
    pub fn note(&self, scope: &Scope, note: &Note) {
        let with = |pairs: &[(&'static str, &str)]| {
            let mut labels = labels(scope);
            labels.extend(pairs.iter().map(|(name, value)| (*name, (*value).to_owned())));
            labels
        };
        match note {
            Note::Operation { operation, result, .. } => {
                let labels = with(&[("operation", operation), ("result", result)]);
                self.operations.get_or_create(&labels).inc();
            }
            Note::Payout { result, .. } => {
                let labels = with(&[("operation", "pay_out"), ("result", result)]);
                self.operations.get_or_create(&labels).inc();
            }
            Note::Transfer { status, .. } => {
                self.transfers_moved.get_or_create(&with(&[("status", status)])).inc();
            }
            Note::Incoming { verdict, .. } => {
                self.incoming.get_or_create(&with(&[("verdict", verdict)])).inc();
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
        let with = |name, value: &str| {
            let mut labels = own.clone();
            labels.push((name, value.to_owned()));
            labels
        };
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
            self.last_success.get_or_create(&own).set(now.timestamp());
            let open = i64::try_from(report.open).unwrap_or(i64::MAX);
            if is_of_payments {
                self.drift.get_or_create(&own).set(report.difference);
                self.in_state.get_or_create(&own).set(open);
            } else {
                self.transfers_open.get_or_create(&own).set(open);
            }
        }
    }

    /// Sets where the transfers of each rail stand. A status that nothing stands in any more is told as such.
    fn standing(&self, standing: &[TransferCount], now: DateTime<Utc>) {
        let rails: BTreeSet<&String> = standing.iter().map(|count| &count.rail).collect();
        for rail in rails {
            for status in TransferStatus::ALL {
                let there = |count: &&TransferCount| &count.rail == rail && count.status == status;
                let there = || standing.iter().filter(there);
                let transfers: u64 = there().map(|count| count.transfers).sum();
                let labels = vec![("rail", rail.clone()), ("status", status.to_string())];
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
        let mut labels = labels(scope);
        labels.push(("name", name.as_str().to_owned()));
        self.alerts.get_or_create(&labels).set(1);
    }

    /// Counts a reading of a new configuration.
    pub fn reloaded(&self, is_used: bool) {
        let result = if is_used { "done" } else { "refused" };
        self.reloads.get_or_create(&vec![("result", result.to_owned())]).inc();
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
            let mut labels = labels(scope);
            labels.push(("name", AlertName::PollerSilent.as_str().to_owned()));
            self.alerts.get_or_create(&labels).set(i64::from(late.contains(scope)));
        }
        *before = late;
    }

    /// Sets which alerts of a poller and network stand.
    pub fn alerts(&self, scope: &Scope, open: &[OpenAlert]) {
        for name in AlertName::ALL {
            let own = |alert: &&OpenAlert| alert.name == name.as_str();
            let mut labels = labels(scope);
            labels.push(("name", name.as_str().to_owned()));
            let stands = i64::from(open.iter().any(|alert| own(&alert)));
            self.alerts.get_or_create(&labels).set(stands);
        }
    }
}

fn labels(scope: &Scope) -> Labels {
    vec![("poller", scope.poller.to_string()), ("network", scope.network.clone())]
}
