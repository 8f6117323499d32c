//! Metrics, for Prometheus and whoever reads its formats.
//!
//! A daemon counts what it does. `railpoll status --openmetrics` tells the same figures of a database, as far as that knows
//! them, under the same names.

mod process;
mod text;
mod told;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use self::process::ProcessFigures;
use crate::store::Scope;

pub use text::Format;

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of this process. Copies count into the same.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    /// Of the process itself; none where the figures are those of a database.
    process: Option<ProcessFigures>,
    build_info: Family<Labels, Gauge>,
    lease_held: Family<Labels, Gauge>,
    reviews_waiting: Family<Labels, Gauge>,
    nearest_deadline: Family<Labels, Seconds>,
    database_held: Gauge,
    last_reload_successful: Gauge,
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

impl Metrics {
    /// Those of a daemon that starts now, all at zero.
    #[must_use]
    pub fn of_process(now: DateTime<Utc>) -> Self {
        let mut metrics = Self::empty();
        for result in ["done", "refused"] {
            drop(metrics.reloads.get_or_create(&vec![("result", result.to_owned())]));
        }
        metrics.last_reload_successful.set(1);
        let mut all = metrics.register();
        metrics.register_work(&mut all);
        metrics.registry = Arc::new(all);
        metrics.process = Some(ProcessFigures::new(now));
        metrics
    }

    /// Those that a database knows.
    #[must_use]
    pub fn of_database() -> Self {
        let mut metrics = Self::empty();
        metrics.registry = Arc::new(metrics.register());
        metrics
    }

    fn empty() -> Self {
        let build_info = Family::<Labels, Gauge>::default();
        let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
        build_info.get_or_create(&vec![version]).set(1);
        Self {
            registry: Arc::default(),
            process: None,
            build_info,
            lease_held: Family::default(),
            reviews_waiting: Family::default(),
            nearest_deadline: Family::default(),
            database_held: Gauge::default(),
            last_reload_successful: Gauge::default(),
            sweeps: Family::default(),
            sweep_duration: Family::new_with_constructor(SWEEP_SECONDS),
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
            request_duration: Family::new_with_constructor(REQUEST_SECONDS),
            alerts: Family::default(),
            database_errors: Family::default(),
            reloads: Family::default(),
            silent: Arc::default(),
        }
    }

    /// What is so, whoever tells it.
    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("railpoll");
        all.register("build_info", "1, by the program's version", self.build_info.clone());
        let help = "1 where the poller's lease is held";
        all.register("lease_held", help, self.lease_held.clone());
        let help = "When the last sweep without an error ended";
        let success = self.last_success.clone();
        all.register_with_unit("last_success_timestamp", help, Unit::Seconds, success);
        let help = "Payments in the poller's states, as far as we know";
        all.register("payments_in_state", help, self.in_state.clone());
        let help = "Payments that wait for a person's decision, or are held";
        all.register("reviews_waiting", help, self.reviews_waiting.clone());
        let help = "Until the nearest deadline of a payment that waits or is held";
        all.register_with_unit(
            "nearest_deadline",
            help,
            Unit::Seconds,
            self.nearest_deadline.clone(),
        );
        all.register("transfers_in_status", "Transfers where they stand", self.in_status.clone());
        let help = "Age of the oldest transfer that is not over";
        all.register_with_unit("oldest_open", help, Unit::Seconds, self.oldest_open.clone());
        let help = "The network's count of payments minus ours";
        all.register("drift", help, self.drift.clone());
        all.register("quarantined", "Rows that are set aside", self.quarantined.clone());
        all.register("alert", "1 while the alert stands", self.alerts.clone());
        let help = "1 while nothing goes out, because the database was restored";
        all.register("database_held", help, self.database_held.clone());
        all
    }

    /// What only a process knows that does it.
    fn register_work(&self, all: &mut Registry) {
        all.register("sweeps", "Sweeps by how they ended", self.sweeps.clone());
        let help = "From the start of a sweep to its end";
        all.register_with_unit("sweep_duration", help, Unit::Seconds, self.sweep_duration.clone());
        let help = "Age of the newest change at the network that was read";
        all.register_with_unit("source_lag", help, Unit::Seconds, self.source_lag.clone());
        let help = "Sightings of payments by what they were";
        all.register("payments_collected", help, self.collected.clone());
        let help = "Transfers that wait for the poller, as far as we know";
        all.register("transfers_open", help, self.transfers_open.clone());
        let help = "Moves of transfers by the status that they came to";
        all.register("transfers_moved", help, self.transfers_moved.clone());
        let help = "Payments that came by what they were";
        all.register("incoming", help, self.incoming.clone());
        let help = "Channel accounts with a transaction on its way";
        all.register("channels_in_use", help, self.channels_in_use.clone());
        let help = "Payments that only a reconcile has found";
        all.register("reconcile_found", help, self.reconcile_found.clone());
        all.register("operations", "Operations by what came of them", self.operations.clone());
        all.register("network_requests", "Requests by answer", self.requests.clone());
        let (name, help) = ("network_request_duration", "From sending to the answer's last byte");
        all.register_with_unit(name, help, Unit::Seconds, self.request_duration.clone());
        let help = "Leases, sweeps and records of sweeps that the database refused";
        all.register("database_errors", help, self.database_errors.clone());
        let help = "Readings of a new configuration by what came of them";
        all.register("reloads", help, self.reloads.clone());
        let help = "1 if the last reading of a new configuration was used, or there was none";
        all.register("last_reload_successful", help, self.last_reload_successful.clone());
    }

    /// All of them as text.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let written = encode_registry(&mut text, &self.registry)
            .and_then(|()| match &self.process {
                Some(process) => encode_registry(&mut text, process.read()),
                None => Ok(()),
            })
            .and_then(|()| encode_eof(&mut text));
        if let Err(error) = written {
            tracing::error!(%error, "metrics cannot be written");
        }
        format.of_open_metrics(text)
    }
}

fn labels(scope: &Scope) -> Labels {
    vec![("poller", scope.poller.to_string()), ("place", scope.network.clone())]
}

/// The labels of `scope`, and one more.
fn with(scope: &Scope, name: &'static str, value: &str) -> Labels {
    let mut labels = labels(scope);
    labels.push((name, value.to_owned()));
    labels
}
