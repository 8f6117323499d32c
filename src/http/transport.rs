//! One request and its answer over HTTP, bounded in time and size.

use std::error::Error;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, Url};
use rustls::InvalidMessage;
use tokio::time::{Instant, timeout_at};

use super::CallError;
use super::answer::{Answer, Unsent};
use super::clients::Clients;
use super::headers::{date, wish};
use super::request::{Body, Request};
use crate::engine::Clock;

/// No page is larger: 100 payments of 300 kB. Reading stops here.
const BODY_MAX: usize = 32 * 1024 * 1024;
/// So much is kept of an answer that is larger: it may tell what it is about.
const BEGINNING_MAX: usize = 64 * 1024;
/// A whole answer.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// The other side's time when it answered, to the second.
    pub(crate) server_time: Option<DateTime<Utc>>,
    pub(crate) body: Vec<u8>,
}

/// An answer whose body never ends by itself, such as a stream of events. Dropping it closes the connection.
pub(crate) struct Open(Response);

/// Why there is no whole answer.
pub(crate) enum Lost {
    Timeout(Duration),
    Cut(String),
    NotSent(Unsent, String),
    /// How large it is, in words, and how it begins.
    TooLarge(String, Vec<u8>),
}

/// Connections to the hosts of one client.
pub(super) struct Transport {
    clients: Clients,
    timeout: Duration,
}

impl Transport {
    /// Connections to the hosts of `urls`, with `timeout` for each request. Says why if TLS cannot be set up.
    pub(super) fn new(timeout: Duration, urls: &[&Url]) -> Result<Self, String> {
        Ok(Self { clients: Clients::new(timeout, urls)?, timeout })
    }

    /// Sends `request` once, and waits for the answer until the end of its body, no longer than the timeout.
    ///
    /// `seen` is set to the status as soon as it is there.
    pub(super) async fn send(
        &self,
        request: &Request,
        headers: HeaderMap,
        clock: &Clock,
        seen: &mut Option<u16>,
    ) -> Result<Received, Lost> {
        let timeout = self.timeout + request.held;
        let deadline = Instant::now() + timeout;
        let mut response = match timeout_at(deadline, self.begin(request, headers)).await {
            Ok(begun) => begun?,
            Err(_) => return Err(Lost::Timeout(timeout)),
        };
        let status = response.status().as_u16();
        *seen = Some(status);
        let server_time = date(response.headers());
        let retry_after = wish(response.headers(), clock);
        let body = match timeout_at(deadline, body_of(&mut response, timeout)).await {
            Ok(Ok(body)) => body,
            // A refusal is a refusal, whatever became of its words.
            Ok(Err(_)) | Err(_) if !response.status().is_success() => Vec::new(),
            Ok(Err(lost)) => return Err(lost),
            Err(_) => return Err(Lost::Timeout(timeout)),
        };
        Ok(Received { status, retry_after, server_time, body })
    }

    /// Sends `request` once, and waits no longer than the timeout for the head of an answer, whose body comes bit by bit.
    pub(super) async fn open(
        &self,
        request: &Request,
        headers: HeaderMap,
        seen: &mut Option<u16>,
    ) -> Result<Open, Lost> {
        let begun = tokio::time::timeout(self.timeout, self.begin(request, headers)).await;
        let response = begun.map_err(|_| Lost::Timeout(self.timeout))??;
        *seen = Some(response.status().as_u16());
        Ok(Open(response))
    }

    async fn begin(&self, request: &Request, headers: HeaderMap) -> Result<Response, Lost> {
        let builder = self.clients.request(request.method.clone(), request.url.clone());
        let builder = builder.map_err(|why| Lost::NotSent(Unsent::Left, why))?;
        let builder = builder.headers(request.headers.clone()).headers(headers);
        let builder = match &request.body {
            Some(Body { content_type, bytes }) => {
                builder.header(CONTENT_TYPE, *content_type).body(bytes.clone())
            }
            None => builder,
        };
        builder.send().await.map_err(|error| Lost::from_error(error, self.timeout + request.held))
    }
}

impl Open {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(super) fn retry_after(&self, clock: &Clock) -> Option<Duration> {
        wish(self.0.headers(), clock)
    }

    /// The next bytes, as they come. None at the end. May be dropped while it waits: no byte is lost.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        let chunk = self.0.chunk().await.map_err(|error| CallError::Unavailable(chain(error)))?;
        Ok(chunk.map(Vec::from))
    }
}

impl Lost {
    fn from_error(error: reqwest::Error, timeout: Duration) -> Self {
        if error.is_connect() {
            let unsent = if speaks_no_tls(&error) { Unsent::NoTls } else { Unsent::Nobody };
            Self::NotSent(unsent, chain(error))
        } else if error.is_timeout() {
            Self::Timeout(timeout)
        } else {
            Self::Cut(chain(error))
        }
    }

    /// Why, in words.
    pub(crate) fn why(self) -> String {
        self.tell().1
    }

    /// The answer that this is, why, and how it begins if it is too large.
    pub(super) fn tell(self) -> (Answer, String, Vec<u8>) {
        match self {
            Self::Timeout(after) => {
                (Answer::Timeout, format!("no whole answer within {after:?}"), Vec::new())
            }
            Self::Cut(why) => (Answer::Cut, why, Vec::new()),
            Self::NotSent(unsent, why) => (Answer::NotSent(unsent), why, Vec::new()),
            Self::TooLarge(why, beginning) => (Answer::TooLarge, why, beginning),
        }
    }
}

/// The body, as far as it is not larger than any page.
async fn body_of(response: &mut Response, timeout: Duration) -> Result<Vec<u8>, Lost> {
    let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
    let too_large = |mut beginning: Vec<u8>| {
        beginning.truncate(BEGINNING_MAX);
        let why = if announced > BODY_MAX {
            format!("the answer has {announced} bytes, more than {BODY_MAX}")
        } else {
            format!("the answer is larger than {BODY_MAX} bytes")
        };
        Lost::TooLarge(why, beginning)
    };
    let most = if announced > BODY_MAX { BEGINNING_MAX } else { BODY_MAX };
    let mut body = Vec::with_capacity(std::cmp::min(announced, most));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > most => {
                body.extend_from_slice(&chunk);
                return Err(too_large(body));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Lost::from_error(error, timeout)),
        }
    }
}

/// Whether a connection failed because the other side answers a TLS client in something else than TLS.
fn speaks_no_tls(error: &reqwest::Error) -> bool {
    let no_tls = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
    error.source().and_then(tls_error).is_some_and(|error| *error == no_tls)
}

/// The error of TLS that is behind another one. What an IO error was made from is no source of it.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => tls_error(inner),
        None => error.source().and_then(tls_error),
    }
}

/// An error with its causes, without the URL, in which ids may stand.
pub(super) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
