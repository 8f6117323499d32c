//! `/metrics`, `/healthz` and `/readyz`, for whoever watches.

use std::io;
use std::net;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use super::heartbeat::Heartbeat;
use super::metrics::Metrics;
use super::visitors::Visitors;
use crate::store::{Scope, Store};

/// A database that has not written for so long is not ready.
const DATABASE_WRITES_WITHIN: Duration = Duration::from_secs(2);
/// However many ask, the database is asked no more often.
const ASKED_EVERY: Duration = Duration::from_secs(1);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the pages tell of.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) store: Store,
    pub(super) metrics: Metrics,
    pub(super) heartbeat: Heartbeat,
    /// What the process works for: a row of it is written to see that the database takes writes.
    pub(super) scope: Option<Scope>,
    pub(super) last_write: LastWrite,
}

/// When the database was asked last whether it takes writes, and its answer. Whoever asks meanwhile waits for the same.
pub(super) type LastWrite = Arc<Mutex<Option<(Instant, bool)>>>;

/// A server; it ends when this is dropped.
pub(super) struct Server(AbortHandle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves on `listener`, which does not block.
///
/// # Errors
/// The system has no more to give.
pub(super) fn serve(listener: net::TcpListener, health: Health) -> io::Result<Server> {
    let listener = TcpListener::from_std(listener)?;
    let pages = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(health);
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(Visitors::new(listener), pages).await {
            tracing::error!(%error, "the health pages are gone");
        }
    });
    Ok(Server(serving.abort_handle()))
}

async fn metrics(State(health): State<Health>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], health.metrics.text())
}

/// Whether the process gets on. A network that is down is no reason to restart it: the alerts tell of that.
async fn healthz(State(health): State<Health>) -> (StatusCode, &'static str) {
    match health.heartbeat.trouble() {
        None => (StatusCode::OK, "alive\n"),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// Whether it can do its work: pages are served only once all that a worker needs was there.
async fn readyz(State(health): State<Health>) -> (StatusCode, &'static str) {
    // A row may find room on a disk that has none for a sweep.
    if let Some(why) = health.heartbeat.trouble() {
        return (StatusCode::SERVICE_UNAVAILABLE, why);
    }
    let mut last = health.last_write.lock().await;
    let writes = match *last {
        Some((at, writes)) if at.elapsed() < ASKED_EVERY => writes,
        Some(_) | None => {
            let write = health.store.probe(health.scope.as_ref());
            let writes =
                matches!(tokio::time::timeout(DATABASE_WRITES_WITHIN, write).await, Ok(Ok(())));
            *last = Some((Instant::now(), writes));
            writes
        }
    };
    if writes {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database takes no writes, or does not answer\n")
    }
}
