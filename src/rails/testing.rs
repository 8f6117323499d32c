//! Servers on loopback, each of which behaves in one way, for the tests of the rails.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use reqwest::Url;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Payout, PayoutOutcome, PayoutRef};
use crate::engine::{Purpose, RetryPolicy};

pub(super) const SHORT: Duration = Duration::from_millis(150);
pub(super) const RETRY: RetryPolicy =
    RetryPolicy { max_attempts: 3, max_interval: Duration::from_millis(2) };

/// A request as a server saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Which request to this path it is, from 1.
    pub(super) nth: usize,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that answers with `answer`.
    pub(super) async fn start(
        answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap()).parse().unwrap();
        let server = Self { url, seen: Arc::default() };
        let books = server.clone();
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (books, answer) = (books.clone(), answer.clone());
            async move { answer(&books.note(request).await) }
        });
        tokio::spawn(axum::serve(listener, router).into_future());
        server
    }

    async fn note(&self, request: Request<Body>) -> Seen {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix("/base").unwrap_or("outside").to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let mut all = self.seen.lock().unwrap();
        let nth = all.iter().filter(|seen| seen.path == path).count() + 1;
        let seen = Seen { method: head.method, path, query, headers: head.headers, body, nth };
        all.push(seen.clone());
        seen
    }

    pub(super) fn seen(&self, path: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }
}

/// A server that reads the head of each request, writes `answer`, and then cuts the connection or, if it is to hang,
/// never does anything again.
pub(super) async fn raw(answer: &'static str, hangs: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(say(stream, answer, hangs));
        }
    });
    url
}

async fn say(mut stream: TcpStream, answer: &str, hangs: bool) {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n")
        && stream.read_buf(&mut read).await.unwrap() > 0
    {}
    stream.write_all(answer.as_bytes()).await.unwrap();
    if hangs {
        std::future::pending::<()>().await;
    }
}

/// A place where nobody listens.
pub(super) async fn nowhere() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap()
}

pub(super) fn ok(body: &Value) -> Response {
    body.to_string().into_response()
}

pub(super) fn status(status: u16, body: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_owned()).into_response()
}

pub(super) fn payout(key: &str, currency: &str, beneficiary: &Value) -> Payout {
    Payout {
        key: key.to_owned(),
        purpose: Purpose::Payout,
        transfer_id: Some("t1".to_owned()),
        refund_id: None,
        incoming_id: None,
        amount: "10.50".parse().unwrap(),
        currency: currency.to_owned(),
        beneficiary: Some(RawValue::from_string(beneficiary.to_string()).unwrap()),
        subject: Some("thanks".to_owned()),
        attempt: 1,
    }
}

pub(super) fn reference(key: &str, reference: Option<&str>) -> PayoutRef {
    PayoutRef { key: key.to_owned(), reference: reference.map(ToOwned::to_owned) }
}

/// Why it is unknown, if it is.
pub(super) fn unknown(outcome: &PayoutOutcome) -> Option<&str> {
    match outcome {
        PayoutOutcome::Unknown { reason } => Some(reason),
        PayoutOutcome::Told(_) | PayoutOutcome::NotSent(_) => None,
    }
}
