//! The HTTP side: reading a request, injecting faults, calling hooks, waiting with an answer.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::header::{CONTENT_TYPE, DATE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::state::{Arrival, State};
use super::{Answer, Asked, Outcome, Phase, Power, Simulation};
use crate::Clock;
use crate::faults::Reply;
use crate::wire::Wire;

/// The longest body that a request may have: some 50,000 transfers in one lookup.
const LONGEST_BODY: usize = 16 << 20;

const WEB_PAGE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
                        <body><h1>We will be back soon</h1></body></html>";

/// What the server and every handle share.
pub(super) struct Core<S: Simulation> {
    state: Mutex<State<S>>,
    clock: Clock,
    /// Told whenever something may have changed.
    changes: watch::Sender<()>,
    power: watch::Receiver<Power>,
}

impl<S: Simulation> fmt::Debug for Core<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("power", &self.power).finish_non_exhaustive()
    }
}

/// One request as it came.
struct Call<E> {
    endpoint: E,
    parts: Parts,
    body: Bytes,
}

impl<E: Copy> Call<E> {
    fn asked(&self, clock: &Clock, waited: bool) -> Asked<'_, E> {
        Asked {
            endpoint: self.endpoint,
            uri: &self.parts.uri,
            headers: &self.parts.headers,
            body: &self.body,
            now: clock.now(),
            waited,
        }
    }
}

impl<S: Simulation> Core<S> {
    pub(super) fn new(state: State<S>, clock: Clock, power: watch::Receiver<Power>) -> Self {
        Self { state: Mutex::new(state), clock, changes: watch::Sender::new(()), power }
    }

    /// The service. A panic elsewhere does not make it worse than it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Wakes whoever waits for something to happen.
    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Hears of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Returns once the service is stopped or no handle is left.
    pub(super) async fn until_stopped(&self) {
        let mut power = self.power.clone();
        // An error says that the last handle is gone: the same.
        drop(power.wait_for(|power| *power == Power::Stopped).await.map(|power| *power));
    }

    /// Returns once the service does not serve, for whatever reason.
    async fn until_off(&self) {
        let mut power = self.power.clone();
        drop(power.wait_for(|power| *power != Power::On).await.map(|power| *power));
    }

    /// Carries the request out, waits where it has to, and calls the hook. Nothing: the hook cuts the connection.
    async fn carry_out(
        &self,
        call: &Call<S::Endpoint>,
        arrival: &Arrival<S::Endpoint>,
    ) -> Option<Answer> {
        let mut until = None;
        let answer = loop {
            // Heard from before the question on: a change in between is not missed.
            let mut changes = self.changes();
            let waited = until.is_some_and(|until| Instant::now() >= until);
            let outcome = self.lock().simulation.answer(&call.asked(&self.clock, waited));
            match outcome {
                Outcome::Answer(answer) => break answer,
                Outcome::Wait(patience) => {
                    let until = *until.get_or_insert_with(|| Instant::now() + patience);
                    tokio::select! {
                        _ = changes.changed() => {}
                        () = tokio::time::sleep_until(until) => {}
                        () = self.until_off() => return None,
                    }
                }
            }
        };
        if let Some(what) = &answer.violation {
            self.lock().log.violation(format!("{:?}: {what}", call.endpoint));
        }
        self.changed();
        (!arrival.hook_cuts(Phase::AfterApply)).then_some(answer)
    }

    fn respond(
        &self,
        endpoint: S::Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: Body,
    ) -> Response {
        self.lock().log.answer(endpoint, status);
        self.changed();
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
        if status != 204 {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
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
pub(super) async fn handle<S: Simulation>(
    Shared(core): Shared<Arc<Core<S>>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        core.lock().log.violation("a body that ends early or is too long".to_owned());
        return cut(&wire);
    };
    let (arrival, call) = {
        let mut state = core.lock();
        let endpoint = state.simulation.endpoint(&parts.method, parts.uri.path());
        let call = Call { endpoint, parts, body };
        (state.arrive(&call.asked(&core.clock, false)), call)
    };
    core.changed();
    if arrival.hook_cuts(Phase::BeforeApply) {
        return cut(&wire);
    }
    let endpoint = call.endpoint;
    match &arrival.reply {
        Some(Reply::Status { status, headers, body }) => {
            return core.respond(endpoint, *status, headers, Body::from(body.clone()));
        }
        Some(Reply::Html) => {
            let html = [("Content-Type".to_owned(), "text/html".to_owned())];
            return core.respond(endpoint, 200, &html, Body::from(WEB_PAGE));
        }
        Some(Reply::CutBefore) => return cut(&wire),
        Some(Reply::Hang) => {
            core.until_off().await;
            return cut(&wire);
        }
        Some(
            Reply::Slow(_)
            | Reply::StatusAfter(_)
            | Reply::CutAfter
            | Reply::HangAfter
            | Reply::Truncated
            | Reply::Huge
            | Reply::Body(_)
            | Reply::Bytes(_),
        )
        | None => {}
    }
    let reply = arrival.reply.clone();
    let Some(answer) = in_time(&core, call, arrival).await else { return cut(&wire) };
    answered(&core, endpoint, answer, reply, &wire).await
}

/// Carries a request out after its delay, even when the client has stopped waiting for it.
async fn in_time<S: Simulation>(
    core: &Arc<Core<S>>,
    call: Call<S::Endpoint>,
    arrival: Arrival<S::Endpoint>,
) -> Option<Answer> {
    if arrival.delay == Duration::ZERO {
        return core.carry_out(&call, &arrival).await;
    }
    let core = Arc::clone(core);
    let work = tokio::spawn(async move {
        tokio::time::sleep(arrival.delay).await;
        core.carry_out(&call, &arrival).await
    });
    work.await.ok().flatten()
}

/// What goes out for a request that was carried out.
async fn answered<S: Simulation>(
    core: &Core<S>,
    endpoint: S::Endpoint,
    answer: Answer,
    reply: Option<Reply>,
    wire: &Wire,
) -> Response {
    let plain = |body| core.respond(endpoint, 200, &[], body);
    match reply {
        Some(Reply::CutAfter) => cut(wire),
        Some(Reply::HangAfter) => {
            core.until_off().await;
            cut(wire)
        }
        Some(Reply::StatusAfter(status)) => core.respond(endpoint, status, &[], Body::empty()),
        Some(Reply::Body(body)) => plain(Body::from(body)),
        Some(Reply::Bytes(body)) => plain(Body::from(body)),
        Some(Reply::Truncated) => {
            let middle = answer.body.floor_char_boundary(answer.body.len() / 2);
            let half = answer.body[..middle].to_owned();
            core.respond(endpoint, answer.status, &[], Body::from(half))
        }
        Some(Reply::Huge) => plain(huge()),
        Some(
            Reply::Status { .. } | Reply::CutBefore | Reply::Hang | Reply::Slow(_) | Reply::Html,
        )
        | None => core.respond(endpoint, answer.status, &[], Body::from(answer.body)),
    }
}

/// Ends the connection: the response made here never reaches the wire.
fn cut(wire: &Wire) -> Response {
    wire.cut();
    StatusCode::OK.into_response()
}

/// 50 MB of JSON that is never closed.
fn huge() -> Body {
    const PART: usize = 50_000;
    let part = Bytes::from(vec![b' '; PART]);
    let begin = Bytes::from_static(b"{\"name\":[");
    let parts = std::iter::once(begin).chain(std::iter::repeat_n(part, 50_000_000 / PART));
    Body::from_stream(stream::iter(parts.map(Ok::<_, Infallible>)))
}
