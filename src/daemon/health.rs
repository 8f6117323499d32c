//! `/metrics`, `/healthz` and `/readyz`, for whoever watches.

use std::io;
use std::net;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::heartbeat::Heartbeat;
use super::metrics::Metrics;
use crate::store::Store;

/// A database that does not answer for so long is not ready.
const DATABASE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the pages tell of.
#[derive(Clone)]
pub(super) struct Health {
    pub(super) store: Store,
    pub(super) metrics: Metrics,
    pub(super) heartbeat: Heartbeat,
}

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
        if let Err(error) = axum::serve(listener, pages).await {
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
    if health.heartbeat.is_alive() {
        (StatusCode::OK, "alive\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "a poller stands still\n")
    }
}

/// Whether it can do its work: pages are served only once all that a worker needs was there.
async fn readyz(State(health): State<Health>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(DATABASE_ANSWERS_WITHIN, health.store.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
