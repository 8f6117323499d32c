//! The HTTP side: reading a request, injecting faults, calling hooks.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Query as Parameters, Request, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, DATE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::endpoint::Endpoint;
use super::network::{Answer, Hook, List, Network};
use super::options::{HorizonRequest, Patience};
use super::problem::Problem;
use super::query::{Query, cursor};
use super::{stream as events, submit};
use crate::Clock;
use crate::faults::Reply;
use crate::service::Power;
use crate::wire::Wire;
use crate::{HookAnswer, Phase};

/// The longest body that a request may have.
const LONGEST_BODY: usize = 1 << 20;

const WEB_PAGE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
                        <body><h1>We will be back soon</h1></body></html>";

/// What the server and every handle share.
pub(super) struct Shared {
    network: Mutex<Network>,
    clock: Clock,
    pub(super) network_id: [u8; 32],
    pub(super) patience: Patience,
    /// Told whenever anything may have changed.
    changes: watch::Sender<()>,
    /// Told whenever Horizon may know more: thousands may wait for that, and not for every request.
    news: watch::Sender<()>,
    power: watch::Receiver<Power>,
}

/// What is known of a request before it is carried out.
struct Arrival {
    request: HorizonRequest,
    reply: Option<Reply>,
    hook: Option<Hook>,
    latency: Duration,
}

impl Arrival {
    fn hook_cuts(&self, phase: Phase) -> bool {
        let Some(hook) = &self.hook else { return false };
        hook(&HorizonRequest { phase, ..self.request.clone() }) == HookAnswer::Cut
    }
}

impl Shared {
    pub(super) fn new(network: Network, patience: Patience, power: watch::Receiver<Power>) -> Self {
        Self {
            clock: network.clock.clone(),
            network_id: network.ledger.network_id,
            network: Mutex::new(network),
            patience,
            changes: watch::Sender::new(()),
            news: watch::Sender::new(()),
            power,
        }
    }

    /// The network. A panic elsewhere does not make it worse than it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for anything to happen.
    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Wakes whoever waits for a ledger, too.
    pub(super) fn ledger_closed(&self) {
        self.news.send_replace(());
        self.changed();
    }

    /// Hears of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Hears of every ledger from now on.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Returns once the sandbox is stopped or no handle is left.
    pub(super) async fn until_stopped(&self) {
        let mut power = self.power.clone();
        // An error says that the last handle is gone: the same.
        drop(power.wait_for(|power| *power == Power::Stopped).await.map(|power| *power));
    }

    fn arrive(&self, endpoint: Endpoint, about: Option<&str>) -> Arrival {
        let mut network = self.lock();
        network.record.requests += 1;
        *network.record.by_endpoint.entry(endpoint).or_default() += 1;
        let n = network.record.requests;
        let reply = match endpoint {
            // Those who steer must be able to.
            Endpoint::Sandbox | Endpoint::Friendbot => None,
            Endpoint::Root
            | Endpoint::FeeStats
            | Endpoint::Ledgers
            | Endpoint::Ledger
            | Endpoint::Account
            | Endpoint::AccountPayments
            | Endpoint::AccountTransactions
            | Endpoint::Payments
            | Endpoint::Transactions
            | Endpoint::Transaction
            | Endpoint::Submit
            | Endpoint::SubmitAsync
            | Endpoint::ClaimableBalance
            | Endpoint::Unknown => network.reply(endpoint, about),
        };
        let about = about.map(str::to_owned);
        let request = HorizonRequest { n, endpoint, about, phase: Phase::BeforeApply };
        Arrival { request, reply, hook: network.hook.clone(), latency: network.latency }
    }

    fn respond(
        &self,
        endpoint: Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: Body,
    ) -> Response {
        *self.lock().record.answers.entry((endpoint, status)).or_default() += 1;
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
        let kind = if status < 400 { "application/hal+json" } else { "application/problem+json" };
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    /// An answer that stands in for the right one.
    fn respond_instead(
        &self,
        endpoint: Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) -> Response {
        let mut headers = headers.to_vec();
        if status == 429 {
            let wait = headers.iter().find(|(name, _)| name == "Retry-After");
            let wait = wait.map_or_else(|| "1".to_owned(), |(_, wait)| wait.clone());
            let pair = |name: &str, value: String| (name.to_owned(), value);
            headers.push(pair("X-RateLimit-Limit", "3600".to_owned()));
            headers.push(pair("X-RateLimit-Remaining", "0".to_owned()));
            headers.push(pair("X-RateLimit-Reset", wait));
        }
        let body =
            if body.is_empty() { Problem::of_status(status).body() } else { body.to_owned() };
        self.respond(endpoint, status, &headers, Body::from(body))
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
    let (endpoint, about) = Endpoint::of(&parts.method, parts.uri.path());
    let arrival = shared.arrive(endpoint, about);
    shared.changed();
    if arrival.hook_cuts(Phase::BeforeApply) {
        return cut(&wire);
    }
    if arrival.latency > Duration::ZERO {
        tokio::time::sleep(arrival.latency).await;
    }
    let html = [("Content-Type".to_owned(), "text/html".to_owned())];
    match &arrival.reply {
        Some(Reply::Status { status, headers, body }) => {
            return shared.respond_instead(endpoint, *status, headers, body);
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
    if let Some(response) = stream_if_asked(&shared, endpoint, about, &parts) {
        return response;
    }
    let answer = answer(&shared, endpoint, about, &parts, &body).await;
    shared.changed();
    if arrival.hook_cuts(Phase::AfterApply) {
        return cut(&wire);
    }
    let body = match arrival.reply {
        Some(Reply::StatusAfter(status)) => {
            return shared.respond_instead(endpoint, status, &[], "");
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
        | None => {
            shared.lock().goes_out(endpoint, &answer);
            Body::from(answer.body)
        }
    };
    shared.respond(endpoint, answer.status, &[], body)
}

async fn answer(
    shared: &Shared,
    endpoint: Endpoint,
    about: Option<&str>,
    parts: &Parts,
    body: &[u8],
) -> Answer {
    match endpoint {
        Endpoint::Submit | Endpoint::SubmitAsync => {
            submit::submit(shared, endpoint, header(parts, &CONTENT_TYPE), body).await
        }
        Endpoint::Root
        | Endpoint::FeeStats
        | Endpoint::Ledgers
        | Endpoint::Ledger
        | Endpoint::Account
        | Endpoint::AccountPayments
        | Endpoint::AccountTransactions
        | Endpoint::Payments
        | Endpoint::Transactions
        | Endpoint::Transaction
        | Endpoint::ClaimableBalance
        | Endpoint::Friendbot
        | Endpoint::Sandbox
        | Endpoint::Unknown => {
            let parameters = parameters(parts);
            shared.lock().answer(endpoint, about, parts.uri.path(), parameters.as_deref())
        }
    }
}

/// The answer to a request for a list that wants events.
fn stream_if_asked(
    shared: &Arc<Shared>,
    endpoint: Endpoint,
    about: Option<&str>,
    parts: &Parts,
) -> Option<Response> {
    if !header(parts, &ACCEPT).contains("text/event-stream") {
        return None;
    }
    let list = List::of(endpoint, about.unwrap_or_default()).ok()??;
    let opened = parameters(parts)
        .ok_or_else(|| Problem::bad_request("query", "it cannot be read"))
        .and_then(|parameters| Query::read(&parameters))
        .and_then(|mut query| {
            // What a client has seen last counts more than where it once began.
            let last = HeaderName::from_static("last-event-id");
            match header(parts, &last) {
                "" => {}
                id => query.cursor = cursor(id)?,
            }
            events::open(shared, list, query)
        });
    let kind = [("Content-Type".to_owned(), "text/event-stream".to_owned())];
    Some(match opened {
        Ok(body) => {
            let mut response = shared.respond(endpoint, 200, &kind, body);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Err(problem) => {
            let answer = shared.lock().refuse(endpoint, &problem);
            shared.respond(endpoint, answer.status, &[], Body::from(answer.body))
        }
    })
}

fn parameters(parts: &Parts) -> Option<Vec<(String, String)>> {
    Parameters::try_from_uri(&parts.uri).ok().map(|Parameters(pairs)| pairs)
}

fn header<'a>(parts: &'a Parts, name: &HeaderName) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
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
    let begin = Bytes::from_static(b"{\"_embedded\":{\"records\":[");
    let parts = std::iter::once(begin).chain(std::iter::repeat_n(part, 50_000_000 / PART));
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}
