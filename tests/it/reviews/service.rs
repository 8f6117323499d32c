//! A review service of the user's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::support::world::World;

/// A question as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What the service does with a question.
pub(crate) enum Reply {
    Answer(Response),
    /// Nothing, ever.
    Silence,
    /// This, once it is let go.
    Later(Arc<Notify>, Response),
}

/// An answer of 200.
pub(crate) fn ok(body: impl Into<String>) -> Reply {
    Reply::Answer(body.into().into_response())
}

/// Any other answer.
pub(crate) fn status(status: u16, body: &'static str) -> Reply {
    Reply::Answer((StatusCode::from_u16(status).unwrap(), body).into_response())
}

/// The service, for as long as this lives.
pub(crate) struct Service {
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Where it is.
    pub(crate) base: String,
}

impl Service {
    /// Answers the n-th question, from 0, with `answer(n, …)`.
    pub(crate) fn start(
        world: &World,
        answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (record, answer) = (Arc::clone(&asked), Arc::new(answer));
        let handle = move |request: Request| {
            let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
                let body = serde_json::from_slice(&body).unwrap();
                let question =
                    Asked { path: parts.uri.path().to_owned(), headers: parts.headers, body };
                let number = {
                    let mut all = record.lock().unwrap();
                    all.push(question.clone());
                    all.len() - 1
                };
                match answer(number, &question) {
                    Reply::Answer(response) => response,
                    Reply::Later(gate, response) => {
                        gate.notified().await;
                        response
                    }
                    Reply::Silence => {
                        tokio::time::sleep(Duration::from_secs(3600)).await;
                        StatusCode::GONE.into_response()
                    }
                }
            }
        };
        let base = world.wait(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move {
                axum::serve(listener, Router::new().fallback(handle)).await.unwrap();
            });
            base
        });
        Self { asked, base }
    }

    /// Every question so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often it was asked about a payment.
    pub(crate) fn asked_about(&self, id: Uuid) -> usize {
        let id = id.to_string();
        self.asked().iter().filter(|asked| asked.body["payment_id"] == id).count()
    }

    /// One sweep of the poller that asks it.
    pub(crate) fn sweep(&self, world: &World) {
        let url = format!("pollers.accepted.review.url={}/review", self.base);
        let sets = [
            "pollers.accepted.review.mode=http",
            "pollers.accepted.review.timeout=500ms",
            url.as_str(),
        ];
        world.once("accepted", &sets).expect(0);
    }
}
