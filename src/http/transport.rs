//! One request and its answer over HTTP, bounded in time and size.

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{
    ACCEPT, AGE, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Method, Response, Url, redirect};
use tokio::time::{Instant, timeout_at};

use super::CallError;
use super::answer::Answer;
use super::closed::Asked;
use crate::engine::Clock;

/// No page is larger: 100 payments of 300 kB. Reading stops here.
const BODY_MAX: usize = 32 * 1024 * 1024;
/// So much is kept of an answer that is larger: it may tell what it is about.
const BEGINNING_MAX: usize = 64 * 1024;
/// Connections idle for longer are not trusted: gateways cut them from 60 s on, and a cut leaves an operation unclear.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// A host that does not answer the first packet by then is not there, however long a page may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A request, ready to be sent as often as need be.
pub(crate) struct Request {
    /// What is asked, in a word, for log and metrics.
    pub(crate) endpoint: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Beyond those that every request has.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Body>,
    /// How long the other side may hold its answer back, as it is asked to. On top of the timeout.
    pub(crate) held: Duration,
    /// Whether it is about no single thing: then a refusal says that the address is wrong.
    pub(crate) is_general: bool,
    /// The one thing that it is about: what it is asked to leave alone is that thing.
    pub(crate) thing: Option<String>,
}

/// What a request brings.
pub(crate) struct Body {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    pub(crate) fn json(bytes: Vec<u8>) -> Self {
        Self { content_type: "application/json", bytes }
    }
}

impl Request {
    /// A request with nothing but its URL.
    pub(crate) fn new(endpoint: &'static str, method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        let held = Duration::ZERO;
        Self { endpoint, method, url, headers, body: None, held, is_general: false, thing: None }
    }

    /// The same, about no single thing.
    pub(crate) fn general(self) -> Self {
        Self { is_general: true, ..self }
    }

    /// The same, about one thing alone.
    pub(crate) fn of(self, thing: impl Into<String>) -> Self {
        Self { thing: Some(thing.into()), ..self }
    }

    /// What it is about, as far as a wish to be left alone goes.
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked { url: &self.url, thing: self.thing.as_deref() }
    }
}

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
    NotSent(String),
    /// How large it is, in words, and how it begins.
    TooLarge(String, Vec<u8>),
}

/// Connections to the hosts of one client.
pub(super) struct Transport {
    clients: Clients,
    timeout: Duration,
}

/// The one way in which anything here talks HTTP. Copies share connections.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    /// For the machine's own loopback, which no proxy can reach, or is to see.
    near: Option<reqwest::Client>,
    far: Option<reqwest::Client>,
}

impl Clients {
    /// What talks to the hosts of `urls`, of which each connects within `timeout`. Says why if TLS cannot be set up.
    pub(crate) fn new(timeout: Duration, urls: &[&Url]) -> Result<Self, String> {
        let of = |is_near: bool| {
            let urls: Vec<&Url> =
                urls.iter().copied().filter(|url| is_loopback(url) == is_near).collect();
            let client = (!urls.is_empty()).then(|| build(timeout, &urls, is_near));
            client.transpose().map_err(chain)
        };
        Ok(Self { near: of(true)?, far: of(false)? })
    }

    /// Begins a request to one of these hosts.
    ///
    /// # Errors
    /// It is none of them.
    pub(crate) fn request(
        &self,
        method: Method,
        url: Url,
    ) -> Result<reqwest::RequestBuilder, String> {
        let client = if is_loopback(&url) { &self.near } else { &self.far };
        let client = client.as_ref().ok_or("nothing was set up for this host")?;
        Ok(client.request(method, url))
    }
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
        let builder = builder.map_err(Lost::NotSent)?;
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
            Self::NotSent(chain(error))
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
            Self::NotSent(why) => (Answer::NotSent, why, Vec::new()),
            Self::TooLarge(why, beginning) => (Answer::TooLarge, why, beginning),
        }
    }
}

/// The HTTP client. Redirects are off, for credentials must not wander to another host.
fn build(
    timeout: Duration,
    urls: &[&Url],
    is_near: bool,
) -> Result<reqwest::Client, reqwest::Error> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // A second client built at the same time may be first: either way there is one then.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("railpoll/", env!("CARGO_PKG_VERSION")))
        .default_headers(
            [(ACCEPT, HeaderValue::from_static("application/json"))].into_iter().collect(),
        )
        .redirect(redirect::Policy::none())
        // Retries are ours alone: see answer.rs.
        .retry(reqwest::retry::never())
        .connect_timeout(std::cmp::min(timeout, CONNECT_MAX))
        .pool_idle_timeout(IDLE_MAX);
    if is_near {
        builder = builder.no_proxy();
    }
    if urls.iter().all(|url| url.scheme() == "http") {
        // Without TLS no roots are needed, and a machine without any is no obstacle.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Names that this machine's own table gives to its loopback, as it was when we began.
static NEAR: LazyLock<HashSet<String>> =
    LazyLock::new(|| near_names(&fs::read_to_string("/etc/hosts").unwrap_or_default()));

/// Whether a URL leads to the machine's own loopback: by its address, or by a name that means it everywhere or here.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => {
            host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
                || host.ends_with(".localhost")
                || NEAR.contains(host)
        }
        None => false,
    }
}

/// The names that a table of hosts gives to addresses of the loopback, and to no others.
fn near_names(table: &str) -> HashSet<String> {
    let (mut near, mut far) = (HashSet::new(), HashSet::new());
    for line in table.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else {
            continue;
        };
        let names = if address.is_loopback() { &mut near } else { &mut far };
        names.extend(words.map(str::to_ascii_lowercase));
    }
    near.retain(|name| !far.contains(name));
    near
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

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The time that an answer tells, which is that of its making: what a cache has kept since then is added.
fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(header(headers, &DATE)?.trim()).ok()?;
    let age: u32 = header(headers, &AGE).and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    date.to_utc().checked_add_signed(TimeDelta::seconds(i64::from(age)))
}

/// For how long the other side wishes to be left alone. A date counts from the answer's own, for our clocks may differ.
fn wish(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    wish_at(headers, clock.now())
}

/// The same for who knows the time.
pub(crate) fn wish_at(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    retry_after(header(headers, &RETRY_AFTER)?, date(headers).unwrap_or(now))
}

/// A `Retry-After` as a time from now: seconds, or a date. A date that has passed is no wait at all.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

/// An error with its causes, without the URL, in which ids may stand.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap().to_utc();
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:00:00 GMT"), Some(0));
        for rubbish in ["", "-1", "1.5", "soon", "2026-01-02T03:05:05Z"] {
            assert_eq!(seconds(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn what_a_cache_has_kept_is_as_old_as_it_says() {
        let date = |age: Option<&'static str>| {
            let told = HeaderValue::from_static("Fri, 02 Jan 2026 03:04:05 GMT");
            let mut headers = HeaderMap::from_iter([(DATE, told)]);
            headers.extend(age.map(|age| (AGE, HeaderValue::from_static(age))));
            date(&headers).unwrap().to_rfc3339()
        };
        assert_eq!(date(None), "2026-01-02T03:04:05+00:00");
        assert_eq!(date(Some("55")), "2026-01-02T03:05:00+00:00");
        assert_eq!(date(Some("-1")), "2026-01-02T03:04:05+00:00");
    }

    #[test]
    fn names_of_this_machine_are_near() {
        let table = "127.0.0.1 localhost\n127.0.1.1\tMyHost myhost.lan # 10.0.0.1 no\n\n::1 six\n10.0.0.7 far six\nx y";
        let mut near: Vec<String> = near_names(table).into_iter().collect();
        near.sort_unstable();
        assert_eq!(near, ["localhost", "myhost", "myhost.lan"]);
        let url = |url: &str| Url::parse(url).unwrap();
        assert!(is_loopback(&url("http://reviewer.localhost:8080/")));
        assert!(!is_loopback(&url("http://notlocalhost/")));
    }

    #[test]
    fn loopback_is_known() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in
            ["http://127.0.0.1:80/v4", "http://127.9.9.9", "https://localhost", "http://[::1]:1/"]
        {
            assert!(loopback(url), "{url}");
        }
        for url in ["https://acme.example", "http://10.0.0.1", "http://localhost.evil.example"] {
            assert!(!loopback(url), "{url}");
        }
    }
}
