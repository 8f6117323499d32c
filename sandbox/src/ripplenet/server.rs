//! The HTTP side: reading a request, injecting faults, calling hooks.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;
use uuid::Uuid;

use super::endpoint::Endpoint;
use super::network::{Answer, Asked, Hook, Network};
use super::options::{HookAnswer, Phase, RequestInfo};
use crate::Clock;
use crate::faults::Reply;
use crate::wire::Wire;

/// The longest body that a request may have.
const LONGEST_BODY: usize = 1 << 20;

const WEB_PAGE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
                        <body><h1>We will be back soon</h1></body></html>";

/// What the server and every handle share.
pub(super) struct Shared {
    network: Mutex<Network>,
    clock: Clock,
    stopped: watch::Receiver<bool>,
}

/// What is known of a request before it is carried out.
struct Arrival {
    info: RequestInfo,
    reply: Option<Reply>,
    hook: Option<Hook>,
}

impl Arrival {
    fn hook_cuts(&self, phase: Phase) -> bool {
        let info = RequestInfo { phase, ..self.info };
        self.hook.as_ref().is_some_and(|hook| hook(&info) == HookAnswer::Cut)
    }
}

impl Shared {
    pub(super) fn new(network: Network, stopped: watch::Receiver<bool>) -> Self {
        Self { clock: network.clock.clone(), network: Mutex::new(network), stopped }
    }

    /// The network. A panic elsewhere does not make it worse than it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns once the sandbox is stopped or no handle is left.
    pub(super) async fn until_stopped(&self) {
        let mut stopped = self.stopped.clone();
        // An error says that the last handle is gone: the same.
        drop(stopped.wait_for(|stopped| *stopped).await.map(|stopped| *stopped));
    }

    fn arrive(&self, endpoint: Endpoint, id: Option<&str>, query: &str) -> Arrival {
        let mut network = self.lock();
        let n = network.record.request(endpoint, query);
        let payment_id = id.and_then(|id| id.parse::<Uuid>().ok());
        Arrival {
            info: RequestInfo { n, endpoint, payment_id, phase: Phase::BeforeApply },
            reply: network.faults.reply(&endpoint, id),
            hook: network.hook.clone(),
        }
    }

    fn respond(
        &self,
        endpoint: Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: Body,
    ) -> Response {
        self.lock().record.answer(endpoint, status);
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Handles one request from its first byte to its answer, or to the end of the connection.
pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        shared.lock().record.violation("a body that ends early or has more than 1 MB".to_owned());
        return cut(&wire);
    };
    let (endpoint, id) = Endpoint::of(&parts.method, parts.uri.path());
    let arrival = shared.arrive(endpoint, id, parts.uri.query().unwrap_or_default());
    if arrival.hook_cuts(Phase::BeforeApply) {
        return cut(&wire);
    }
    let html = [("Content-Type".to_owned(), "text/html".to_owned())];
    match &arrival.reply {
        Some(Reply::Status { status, headers, body }) => {
            return shared.respond(endpoint, *status, headers, Body::from(body.clone()));
        }
        Some(Reply::Html) => return shared.respond(endpoint, 200, &html, Body::from(WEB_PAGE)),
        Some(Reply::CutBefore) => return cut(&wire),
        Some(Reply::Hang) => {
            shared.until_stopped().await;
            return cut(&wire);
        }
        Some(Reply::Slow(delay)) => tokio::time::sleep(*delay).await,
        Some(
            Reply::StatusAfter(_)
            | Reply::CutAfter
            | Reply::HangAfter
            | Reply::Truncated
            | Reply::Huge
            | Reply::Body(_)
            | Reply::Bytes(_),
        )
        | None => {}
    }
    let answer = shared.lock().answer(&asked(endpoint, id, &parts, &body));
    if arrival.hook_cuts(Phase::AfterApply) {
        return cut(&wire);
    }
    let body = match arrival.reply {
        Some(Reply::StatusAfter(status)) => {
            return shared.respond(endpoint, status, &[], Body::empty());
        }
        Some(Reply::CutAfter) => return cut(&wire),
        Some(Reply::HangAfter) => {
            shared.until_stopped().await;
            return cut(&wire);
        }
        Some(Reply::Truncated) => Body::from(half(&answer)),
        Some(Reply::Huge) => huge(),
        Some(Reply::Body(body)) => return shared.respond(endpoint, 200, &[], Body::from(body)),
        Some(Reply::Bytes(body)) => return shared.respond(endpoint, 200, &[], Body::from(body)),
        Some(
            Reply::Status { .. } | Reply::CutBefore | Reply::Hang | Reply::Slow(_) | Reply::Html,
        )
        | None => Body::from(answer.body),
    };
    shared.respond(endpoint, answer.status, &[], body)
}

fn asked<'a>(
    endpoint: Endpoint,
    id: Option<&'a str>,
    parts: &'a Parts,
    body: &'a Bytes,
) -> Asked<'a> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    Asked {
        endpoint,
        id,
        parameters: Query::try_from_uri(&parts.uri).ok().map(|Query(pairs)| pairs),
        accept: header(ACCEPT).unwrap_or_default(),
        authorization: header(AUTHORIZATION),
        content_type: header(CONTENT_TYPE).unwrap_or_default(),
        body,
    }
}

/// Ends the connection: the response made here never reaches the wire.
fn cut(wire: &Wire) -> Response {
    wire.cut();
    StatusCode::OK.into_response()
}

fn half(answer: &Answer) -> String {
    let middle = answer.body.floor_char_boundary(answer.body.len() / 2);
    answer.body[..middle].to_owned()
}

/// 50 MB that begin like a page.
fn huge() -> Body {
    const PART: usize = 50_000;
    let part = Bytes::from(vec![b' '; PART]);
    let begin = Bytes::from_static(b"{\"content\":[");
    let parts = std::iter::once(begin).chain(std::iter::repeat_n(part, 50_000_000 / PART));
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}
