//! The client against servers on loopback, each of which behaves in one way.

mod answers;
mod faults;
mod tokens;

use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request as HttpRequest, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;

const PAGE: &str = include_str!("../fixtures/payments-page.json");
const ID: &str = "f293947c-9067-47d7-a69e-6658070ed482";
const WINDOW: Window = Window { after: None, before: None, page: 0, size: 100 };
const SHORT: Duration = Duration::from_millis(100);

/// A request as a server saw it.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    query: String,
    token: String,
    body: String,
    /// Which request to this path it is, from 1.
    nth: usize,
}

#[derive(Clone)]
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that gives out the tokens t1, t2, … unless `answer` does, and 404 for the rest.
    async fn start(
        answer: impl Fn(&Seen) -> Option<Response> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, seen: Arc::default() };
        let books = server.clone();
        let router = Router::new().fallback(move |request: HttpRequest<Body>| {
            let (books, answer) = (books.clone(), answer.clone());
            async move {
                let seen = books.note(request).await;
                answer(&seen).unwrap_or_else(|| match seen.path.as_str() {
                    "/oauth/token" => {
                        let token = format!("t{}", seen.nth);
                        ok(json!({ "access_token": token, "expires_in": 3600 }))
                    }
                    _ => StatusCode::NOT_FOUND.into_response(),
                })
            }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    async fn note(&self, request: HttpRequest<Body>) -> Seen {
        let (head, body) = request.into_parts();
        let token = head.headers.get("authorization").map(|value| value.to_str().unwrap());
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let token = token.unwrap_or_default().to_owned();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let mut all = self.seen.lock().unwrap();
        let nth = all.iter().filter(|seen| seen.path == path).count() + 1;
        let seen = Seen { path, query, token, body, nth };
        all.push(seen.clone());
        seen
    }

    fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path.ends_with(path)).cloned().collect()
    }

    fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    fn client_with(&self, change: impl Fn(&mut ClientOptions)) -> Client {
        let mut options = self.options();
        change(&mut options);
        Client::new(options, Clock::system(), |_| {}).unwrap()
    }

    fn options(&self) -> ClientOptions {
        ClientOptions {
            network: "acme".to_owned(),
            base_url: self.url.clone(),
            token_url: format!("{}/oauth/token", self.url),
            audience: "urn:ripplexcurrent-test:acme".to_owned(),
            client_id: "id".to_owned(),
            client_secret: "s3cret".into(),
            connector_role: ConnectorRole::Receiving,
            timeout: Duration::from_secs(10),
            requests_per_second: 10_000,
            retry: RetryPolicy { max_attempts: 3, max_interval: Duration::from_millis(2) },
        }
    }
}

fn ok(body: Value) -> Response {
    body.to_string().into_response()
}

fn status(status: u16) -> Option<Response> {
    Some(StatusCode::from_u16(status).unwrap().into_response())
}

fn page() -> Option<Response> {
    Some(PAGE.into_response())
}

fn payment() -> Option<Response> {
    let page: Value = serde_json::from_str(PAGE).unwrap();
    Some(ok(page["content"][0].clone()))
}

fn is_token(seen: &Seen) -> bool {
    seen.path == "/oauth/token"
}

async fn list(client: &Client) -> Result<Listing, NetworkError> {
    client.list(&PaymentState::Accepted, &WINDOW).await
}

async fn lock(client: &Client) -> Result<OperationAnswer, NetworkError> {
    client.operate(ID, &Operation::Lock, Some("ours")).await
}

fn is_unknown(answer: &Result<OperationAnswer, NetworkError>) -> bool {
    matches!(answer, Ok(OperationAnswer::Unknown { .. }))
}
