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
use chrono::{DateTime, Utc};
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::port::Wire;
use super::state::{Arrival, State};
use super::{Answer, Asked, Feed, Outcome, Phase, Power, Simulation, feed};
use crate::Clock;
use crate::faults::Reply;

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
    /// Told whenever those who wait may hear more: thousands may wait for that, and not for every request.
    news: watch::Sender<()>,
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
        let (changes, news) = (watch::Sender::new(()), watch::Sender::new(()));
        Self { state: Mutex::new(state), clock, changes, news, power }
    }

    /// The service. A panic elsewhere does not make it worse than it is.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for something to happen.
    pub(super) fn changed(&self) {
        self.changes.send_replace(());
    }

    /// Changes the service at its time, and wakes whoever waits.
    pub(super) fn change<T>(&self, how: impl FnOnce(&mut S, DateTime<Utc>) -> T) -> T {
        let now = self.clock.now();
        let changed = {
            let simulation = &mut self.lock().simulation;
            let changed = how(simulation, now);
            simulation.touched();
            changed
        };
        self.news.send_replace(());
        self.changed();
        changed
    }

    /// Hears of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Hears of all news from now on.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Returns once the service is stopped or no handle is left.
    pub(super) async fn until_stopped(&self) {
        let mut power = self.power.clone();
        // An error says that the last handle is gone: the same.
        drop(power.wait_for(|power| *power == Power::Stopped).await.map(|power| *power));
    }

    /// Returns what the service is, once it does not serve.
    async fn until_off(&self) -> Power {
        let mut power = self.power.clone();
        let off = power.wait_for(|power| *power != Power::On).await;
        // An error says that no handle is left.
        off.map_or(Power::Stopped, |power| *power)
    }

    /// Asks for the answer, and wakes who waits if there is news in it.
    fn ask(&self, call: &Call<S::Endpoint>, waited: bool, held: &mut S::Held) -> Outcome<S> {
        let (outcome, is_news) = {
            let simulation = &mut self.lock().simulation;
            let before = simulation.news();
            let outcome = simulation.answer(&call.asked(&self.clock, waited), held);
            (outcome, simulation.news() != before)
        };
        if is_news {
            self.news.send_replace(());
        }
        self.changed();
        outcome
    }

    /// Carries the request out, waits where it has to, and calls the hook. Nothing: the connection is cut.
    async fn carry_out(
        &self,
        call: &Call<S::Endpoint>,
        arrival: &Arrival<S::Endpoint>,
    ) -> Option<Done<S>> {
        let (mut held, mut until, mut waited) = (S::Held::default(), None, false);
        let answer = loop {
            // Heard from before the question on: news in between is not missed.
            let mut news = self.news();
            match self.ask(call, waited, &mut held) {
                Outcome::Answer(answer) => break answer,
                Outcome::Feed(feed) => return Some(Done::Feed(feed)),
                Outcome::Wait(_) if waited => return None,
                Outcome::Wait(patience) => {
                    let until = *until.get_or_insert_with(|| Instant::now() + patience);
                    waited = tokio::select! {
                        _ = news.changed() => Instant::now() >= until,
                        () = tokio::time::sleep_until(until) => true,
                        off = self.until_off() => match off {
                            // Who stops lets its requests finish; who goes down does not.
                            Power::On | Power::Stopped => true,
                            Power::Down => return None,
                        }
                    }
                }
            }
        };
        (!arrival.hook_cuts(Phase::AfterApply)).then_some(Done::Answer(answer))
    }

    fn respond(
        &self,
        endpoint: S::Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: Body,
    ) -> Response {
        self.lock().simulation.log().answer(endpoint, status);
        self.changed();
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let date = self.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(DATE, date);
        }
        if status != 204 {
            let kind = HeaderValue::from_static(S::media_type(status));
            response.headers_mut().insert(CONTENT_TYPE, kind);
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

    /// A status in place of the right answer.
    fn respond_instead(
        &self,
        endpoint: S::Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) -> Response {
        let (mut headers, mut body) = (headers.to_vec(), body.to_owned());
        S::dress(status, &mut headers, &mut body);
        self.respond(endpoint, status, &headers, Body::from(body))
    }
}

/// What has come of a request that was carried out.
enum Done<S> {
    Answer(Answer),
    Feed(Box<dyn Feed<S>>),
}

/// Handles one request from its first byte to its answer, or to the end of the connection.
pub(super) async fn handle<S: Simulation>(
    Shared(core): Shared<Arc<Core<S>>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        let what = "a body that ends early or is too long".to_owned();
        core.lock().simulation.log().broken_rule(what);
        return cut(&wire);
    };
    let (arrival, call) = {
        let mut state = core.lock();
        let endpoint = S::endpoint(&parts.method, parts.uri.path());
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
            return core.respond_instead(endpoint, *status, headers, body);
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
    match in_time(&core, call, arrival).await {
        Some(Done::Answer(answer)) => answered(&core, endpoint, answer, reply, &wire).await,
        Some(Done::Feed(feed)) => {
            let headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            core.respond(endpoint, 200, &headers, feed::body(&core, feed))
        }
        None => cut(&wire),
    }
}

/// Carries a request out after its delay, even when the client has stopped waiting for it.
async fn in_time<S: Simulation>(
    core: &Arc<Core<S>>,
    call: Call<S::Endpoint>,
    arrival: Arrival<S::Endpoint>,
) -> Option<Done<S>> {
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
        Some(Reply::StatusAfter(status)) => core.respond_instead(endpoint, status, &[], ""),
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
        | None => {
            core.lock().simulation.goes_out(endpoint, &answer);
            core.respond(endpoint, answer.status, &[], Body::from(answer.body))
        }
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
