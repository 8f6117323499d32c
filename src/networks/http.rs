//! The requests of one network: paced by its bucket, observed, and tried as often as the answer table says.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::time::{Instant, sleep};

use super::NetworkError;
use super::answer::{Answer, Call, Spent, Verdict, judge};
use super::bucket::Bucket;
use super::problem::{brief, text};
use super::transport::{Lost, Received, Request, Transport};
use crate::engine::{Clock, RetryPolicy};

/// So much of a body goes to the log, at debug.
const BODY_LOGGED: usize = 2048;
/// One exchange with a network, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSeen {
    /// What was asked: `list`, `get`, `token`, `health`, `labels`, or the operation's name.
    pub endpoint: &'static str,
    /// The HTTP status; none if no answer came.
    pub status: Option<u16>,
    /// From sending to the last byte of the body.
    pub took: Duration,
}

/// What every request of one network shares.
pub(super) struct Settings {
    pub(super) network: String,
    pub(super) timeout: Duration,
    pub(super) requests_per_second: u32,
    pub(super) retry: RetryPolicy,
}

/// What a request bears to be let in.
#[derive(Clone, Copy)]
pub(super) struct Bearer<'a> {
    pub(super) header: &'a HeaderValue,
    /// Whether it was fetched because of a 401.
    pub(super) is_new: bool,
}

/// Why a request ended without a value.
pub(super) enum Stop {
    /// The network refuses the token: to be run again with a new one.
    NewToken(String),
    /// An operation that was surely not applied, for something else is in the way.
    Busy(String),
    /// An operation that may have been applied.
    Unclear(String),
    /// Anything else.
    Error(NetworkError),
}

impl Stop {
    /// The same as an error, for a call that has no finer answer.
    pub(super) fn into_error(self) -> NetworkError {
        match self {
            Self::NewToken(why) => NetworkError::Credentials(why),
            Self::Busy(why) | Self::Unclear(why) => NetworkError::Unavailable(why),
            Self::Error(error) => error,
        }
    }
}

/// Sends the requests of one network.
pub(super) struct Http {
    transport: Transport,
    settings: Settings,
    bucket: Mutex<Bucket>,
    started: Instant,
    pub(super) clock: Clock,
    /// The network's clock minus ours, in milliseconds.
    offset: AtomicI64,
    observer: Box<dyn Fn(&RequestSeen) + Send + Sync>,
}

impl Http {
    /// A sender for the hosts of `urls`.
    ///
    /// # Errors
    /// The TLS roots of the machine cannot be read.
    pub(super) fn new(
        settings: Settings,
        urls: [&Url; 2],
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, NetworkError> {
        let transport = Transport::new(settings.timeout, urls).map_err(|why| {
            NetworkError::Options(format!("the HTTP client cannot be set up: {why}"))
        })?;
        Ok(Self {
            transport,
            bucket: Mutex::new(Bucket::new(settings.requests_per_second)),
            settings,
            started: Instant::now(),
            clock,
            offset: AtomicI64::new(0),
            observer: Box::new(observer),
        })
    }

    /// The network's clock minus ours, when it last told its time. Zero before that. Good to about a second.
    pub(super) fn server_offset(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.offset.load(Ordering::Relaxed))
    }

    /// Sends `request`, again where the answer table says so, and reads a good answer with `read`.
    pub(super) async fn run<T>(
        &self,
        call: Call,
        request: &Request,
        bearer: Option<Bearer<'_>>,
        read: impl Fn(&Received) -> Result<T, String>,
    ) -> Result<T, Stop> {
        let mut backoff = self.settings.retry.start();
        loop {
            let (answer, why) = match self.exchange(request, bearer).await {
                Ok(received) if (200..300).contains(&received.status) => match read(&received) {
                    Ok(value) => return Ok(value),
                    Err(why) => {
                        self.log_body(call, request, &received);
                        (Answer::Unreadable, why)
                    }
                },
                Ok(received) => {
                    self.log_body(call, request, &received);
                    let Received { status, retry_after, .. } = received;
                    (Answer::Status { status, retry_after }, text(status, &received.body))
                }
                Err(lost) => lost.tell(),
            };
            let why = brief(&why);
            let endpoint = request.endpoint;
            tracing::debug!(
                network = self.settings.network,
                endpoint,
                ?answer,
                why,
                "no good answer"
            );
            return Err(match judge(call, answer, bearer.is_some_and(|bearer| bearer.is_new)) {
                Verdict::Retry { asked, spent } => match (backoff.next_delay(asked), spent) {
                    (Some(delay), _) => {
                        sleep(delay).await;
                        continue;
                    }
                    (None, Spent::Unavailable) => Stop::Error(NetworkError::Unavailable(why)),
                    (None, Spent::Unreadable) => Stop::Error(NetworkError::Unreadable(why)),
                    (None, Spent::Busy) => Stop::Busy(why),
                },
                Verdict::NewToken => Stop::NewToken(why),
                Verdict::CredentialsRefused => Stop::Error(NetworkError::Credentials(why)),
                Verdict::Forbidden => Stop::Error(NetworkError::Forbidden(why)),
                Verdict::Refused { status } => {
                    Stop::Error(NetworkError::Refused { status, problem: why })
                }
                Verdict::Busy => Stop::Busy(why),
                Verdict::Unclear => Stop::Unclear(why),
            });
        }
    }

    /// Waits for a place in the bucket, then for one answer, and tells the observer.
    async fn exchange(
        &self,
        request: &Request,
        bearer: Option<Bearer<'_>>,
    ) -> Result<Received, Lost> {
        let wait = {
            let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
            bucket.take(self.started.elapsed())
        };
        // A sleep of no time at all would last until the timer's next millisecond.
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let start = Instant::now();
        let mut status = None;
        let header = bearer.map(|bearer| bearer.header);
        let received = self.transport.send(request, header, &self.clock, &mut status).await;
        let seen = RequestSeen { endpoint: request.endpoint, status, took: start.elapsed() };
        (self.observer)(&seen);
        // Tokens may come from another host, with a clock of its own.
        if let (Ok(Received { server_time: Some(time), .. }), Some(_)) = (&received, bearer) {
            let offset = *time - self.clock.now();
            self.offset.store(offset.num_milliseconds(), Ordering::Relaxed);
        }
        received
    }

    /// Keeps the beginning of a body in the log, at debug. Never one of the token endpoint.
    fn log_body(&self, call: Call, request: &Request, received: &Received) {
        if call == Call::Token {
            return;
        }
        let start = received.body.get(..BODY_LOGGED).unwrap_or(&received.body);
        tracing::debug!(
            network = self.settings.network,
            endpoint = request.endpoint,
            status = received.status,
            body = %String::from_utf8_lossy(start),
            "answer"
        );
    }
}
