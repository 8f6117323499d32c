//! `/metrics`, `/healthz` and `/readyz`, for whoever watches.

use std::io;
use std::net;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use super::heartbeat::Heartbeat;
use super::metrics::{Format, Metrics};
use super::visitors::Visitors;
use crate::store::{Scope, Store};

/// A database that has not written for so long is not ready.
const DATABASE_WRITES_WITHIN: Duration = Duration::from_secs(2);
/// However many ask, the database is asked no more often.
const ASKED_EVERY: Duration = Duration::from_secs(1);

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

async fn metrics(State(health): State<Health>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::wanted(accept);
    ([(header::CONTENT_TYPE, format.content_type())], health.metrics.text(format))
}

/// What is told of a process that is well. That nothing goes out is no reason to restart it.
fn well(health: &Health, word: &str) -> (StatusCode, String) {
    let held = "the database was restored, and nothing goes out: see `railpoll restored`\n";
    let held = if health.metrics.is_held() { held } else { "" };
    (StatusCode::OK, format!("{word}\n{held}"))
}

fn unwell(why: &str) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, why.to_owned())
}

/// Whether the process gets on. A network that is down is no reason to restart it: the alerts tell of that.
async fn healthz(State(health): State<Health>) -> (StatusCode, String) {
    health.heartbeat.trouble().map_or_else(|| well(&health, "alive"), unwell)
}

/// Whether it can do its work: pages are served only once all that a worker needs was there.
async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    // A row may find room on a disk that has none for a sweep.
    if let Some(why) = health.heartbeat.trouble() {
        return unwell(why);
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
        well(&health, "ready")
    } else {
        unwell("the database takes no writes, or does not answer\n")
    }
}
