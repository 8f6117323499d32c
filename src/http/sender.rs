//! The requests of one client: paced by its bucket, observed, and tried as often as the answer table says.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Call, Spent, Unsent, Verdict, judge};
use super::bucket::Bucket;
use super::closed::{Closed, Wish};
use super::cut::printable;
use super::error::CallError;
use super::problem::{brief, text};
use super::request::Request;
use super::server_clock::ServerClock;
use super::transport::{Lost, Open, Received, Transport};
use super::trouble::told;
use crate::engine::{Backoff, Clock, RetryPolicy};

/// A shorter wish to be left alone is not worth remembering beyond this process.
const WISH_MIN: Duration = Duration::from_secs(1);
/// So much of a body goes to the log, at debug.
const BODY_LOGGED: usize = 2048;
/// One exchange with a network or a rail, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSeen {
    /// What was asked, in a word: `list`, `get`, `token`, `payouts`, an operation's name.
    pub endpoint: &'static str,
    /// The HTTP status, or the exit code of a program; none if no answer came.
    pub status: Option<u16>,
    /// From sending to the last byte of the answer.
    pub took: Duration,
}

/// What every request of one client shares.
pub(crate) struct HttpSettings {
    /// The configured name of the network or rail, for the log.
    pub(crate) name: String,
    /// The key in its settings that has the address.
    pub(crate) address: &'static str,
    /// For one exchange, from connecting to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// None: they are not paced.
    pub(crate) requests_per_second: Option<u32>,
    pub(crate) retry: RetryPolicy,
    /// Headers that are made anew for each try, such as a signature with its time.
    pub(crate) sign: Option<Sign>,
}

/// Makes headers for a request that is about to be sent.
pub(crate) type Sign = Box<dyn Fn(&Request, DateTime<Utc>) -> HeaderMap + Send + Sync>;

/// What a request bears to be let in.
#[derive(Clone, Copy)]
pub(crate) struct Bearer<'a> {
    pub(crate) header: &'a HeaderValue,
    /// Whether it was fetched because of a 401.
    pub(crate) is_new: bool,
}

/// What reads a good answer: a function, or what lets others go on meanwhile, where reading takes long.
pub(crate) trait AnswerReader<T>: Sync {
    /// What the answer tells, or why it cannot be read.
    fn read(&self, received: &Received) -> impl Future<Output = Result<T, String>> + Send;
}

impl<T: Send, F: Fn(&Received) -> Result<T, String> + Sync> AnswerReader<T> for F {
    fn read(&self, received: &Received) -> impl Future<Output = Result<T, String>> + Send {
        std::future::ready(self(received))
    }
}

/// Why a request ended without a value.
pub(crate) enum Stop {
    /// The token is refused: to be run again with a new one.
    NewToken(String),
    /// An operation that was surely not applied, for something else is in the way.
    Busy(String),
    /// An operation that may have been applied.
    Unclear(String),
    /// Anything else.
    Error(CallError),
}

impl Stop {
    /// The same as an error, for a call that has no finer answer.
    pub(crate) fn into_error(self) -> CallError {
        match self {
            Self::NewToken(why) => CallError::Credentials(why),
            Self::Busy(why) | Self::Unclear(why) => CallError::Unavailable(why),
            Self::Error(error) => error,
        }
    }
}

/// Sends the requests of one client.
pub(crate) struct Http {
    transport: Transport,
    pub(super) settings: HttpSettings,
    bucket: Option<Mutex<Bucket>>,
    started: Instant,
    pub(crate) clock: Clock,
    server_clock: Mutex<ServerClock>,
    closed: Mutex<Closed>,
    observer: Box<dyn Fn(&RequestSeen) + Send + Sync>,
}

impl Http {
    /// A sender for the hosts of `urls`.
    ///
    /// # Errors
    /// The TLS roots of the machine cannot be read.
    pub(crate) fn new(
        settings: HttpSettings,
        urls: &[&Url],
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, CallError> {
        let transport = Transport::new(settings.timeout, urls).map_err(|why| {
            CallError::Options(format!("the HTTP client cannot be set up: {why}"))
        })?;
        Ok(Self {
            transport,
            bucket: settings.requests_per_second.map(|rate| Mutex::new(Bucket::new(rate))),
            settings,
            started: Instant::now(),
            clock,
            server_clock: Mutex::default(),
            closed: Mutex::default(),
            observer: Box::new(observer),
        })
    }

    /// The other side's clock minus ours, as far as it is known and believed: to judge deadlines by. Good to about a second.
    pub(crate) fn server_offset(&self) -> TimeDelta {
        held(&self.server_clock).believed()
    }

    /// The other side's time now, or an earlier one: what was changed before it is surely told.
    pub(crate) fn server_time(&self) -> DateTime<Utc> {
        let offset = held(&self.server_clock).cautious();
        self.clock.now().checked_add_signed(offset).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// The other side's clock minus ours, where that is too much to be believed.
    pub(crate) fn doubted_offset(&self) -> Option<TimeDelta> {
        held(&self.server_clock).doubted()
    }

    /// Whether the newest answer, also a refusal, has a time that is minutes from ours.
    pub(crate) fn is_heard_far_off(&self) -> bool {
        held(&self.server_clock).is_heard_far_off()
    }

    /// Sends `request`, again where the answer table says so, and reads a good answer with `read`.
    pub(crate) async fn run<T>(
        &self,
        call: Call,
        request: &Request,
        bearer: Option<Bearer<'_>>,
        read: &impl AnswerReader<T>,
    ) -> Result<T, Stop> {
        let mut backoff = self.settings.retry.start();
        loop {
            let (answer, why, beginning) =
                match self.once(call, request, bearer.map(|bearer| bearer.header)).await {
                    Ok(received) if (200..300).contains(&received.status) => {
                        match read.read(&received).await {
                            Ok(value) => return Ok(value),
                            Err(why) => {
                                self.log_body(call, request, &received);
                                (Answer::Unreadable, why, Vec::new())
                            }
                        }
                    }
                    Ok(received) => {
                        self.log_body(call, request, &received);
                        let Received { status, retry_after, .. } = received;
                        (
                            Answer::Status { status, retry_after },
                            text(status, &received.body),
                            Vec::new(),
                        )
                    }
                    Err(lost) => lost.tell(),
                };
            let why = brief(&why);
            let endpoint = request.endpoint;
            tracing::debug!(place = self.settings.name, endpoint, %answer, why, "no good answer");
            return Err(match judge(call, answer, bearer.is_some_and(|bearer| bearer.is_new)) {
                Verdict::Retry { asked, spent } => {
                    match (self.delay(request, &mut backoff, asked), spent) {
                        (Some(delay), _) => {
                            sleep(delay).await;
                            continue;
                        }
                        (None, Spent::Unavailable) => {
                            Stop::Error(self.unavailable(call, request, answer, &why))
                        }
                        (None, Spent::Unreadable) => {
                            Stop::Error(CallError::Unreadable(told(request, &why)))
                        }
                        (None, Spent::Busy) => Stop::Busy(why),
                    }
                }
                Verdict::NewToken => Stop::NewToken(told(request, &why)),
                Verdict::CredentialsRefused => {
                    // Where nobody knows us may be another place than we think.
                    let setting = self.setting(call);
                    let why = match call {
                        Call::Token => format!("{why}; asked at {setting}"),
                        Call::Repeatable | Call::Operation => why,
                    };
                    Stop::Error(CallError::Credentials(told(request, &why)))
                }
                Verdict::Forbidden => Stop::Error(CallError::Forbidden(told(request, &why))),
                Verdict::Refused { status } => {
                    Stop::Error(self.refused(call, request, status, why))
                }
                Verdict::TooLarge => Stop::Error(CallError::TooLarge {
                    problem: told(request, &why),
                    beginning: printable(&beginning).into_owned(),
                }),
                Verdict::Busy => Stop::Busy(why),
                Verdict::Unclear => Stop::Unclear(why),
            });
        }
    }

    /// When to try again; none if not now. One thing that is to be left alone for longer than an answer may take is not waited
    /// for: others are.
    fn delay(
        &self,
        request: &Request,
        backoff: &mut Backoff,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let is_long = asked.is_some_and(|asked| asked > self.settings.timeout);
        if is_long && request.thing.is_some() {
            return None;
        }
        backoff.next_delay(asked)
    }

    /// Sends `request` once, when the bucket has a place for it, and tells the observer. What the answer means is the
    /// caller's to say. Nothing is sent where the other side has asked to be left alone for longer than an answer may take.
    pub(crate) async fn once(
        &self,
        call: Call,
        request: &Request,
        authorization: Option<&HeaderValue>,
    ) -> Result<Received, Lost> {
        self.wait(request).await?;
        let asked_at = self.clock.now();
        let mut headers = self.signed(request, asked_at);
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let start = Instant::now();
        let mut status = None;
        let received = self.transport.send(request, headers, &self.clock, &mut status).await;
        let seen = RequestSeen { endpoint: request.endpoint, status, took: start.elapsed() };
        (self.observer)(&seen);
        if let Ok(received) = &received {
            self.learn(call, received, asked_at);
            let Received { status, retry_after, .. } = *received;
            held(&self.closed).note(request.asked(), status, retry_after, Instant::now());
        }
        received
    }

    /// Who has asked to be left alone for longer than a moment: to be remembered by the next process.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        let mut wishes = held(&self.closed).wishes(Instant::now());
        wishes.retain(|wish| wish.left > WISH_MIN);
        wishes
    }

    /// Heeds what another process was asked.
    pub(crate) fn remember(&self, wishes: &[Wish]) {
        let mut closed = held(&self.closed);
        wishes.iter().for_each(|wish| closed.remember(wish, Instant::now()));
    }

    /// Sends `request` once, for an answer that comes bit by bit.
    ///
    /// # Errors
    /// There is none, or it is no good one.
    pub(crate) async fn open(&self, request: &Request) -> Result<Open, CallError> {
        let unavailable = |lost: Lost| CallError::Unavailable(lost.why());
        self.wait(request).await.map_err(unavailable)?;
        let start = Instant::now();
        let mut status = None;
        let opened =
            self.transport.open(request, self.signed(request, self.clock.now()), &mut status).await;
        let seen = RequestSeen { endpoint: request.endpoint, status, took: start.elapsed() };
        (self.observer)(&seen);
        let open = opened.map_err(|lost| {
            let (answer, why, _) = lost.tell();
            self.unavailable(Call::Repeatable, request, answer, &brief(&why))
        })?;
        let status = open.status();
        let wish = open.retry_after(&self.clock);
        held(&self.closed).note(request.asked(), status, wish, Instant::now());
        if (200..300).contains(&status) {
            return Ok(open);
        }
        let why = told(request, &text(status, &[]));
        let answer = Answer::Status { status, retry_after: None };
        Err(match judge(Call::Repeatable, answer, true) {
            Verdict::NewToken | Verdict::CredentialsRefused => CallError::Credentials(why),
            Verdict::Forbidden => CallError::Forbidden(why),
            Verdict::Refused { status } => CallError::Refused { status, problem: why },
            Verdict::Retry { .. } | Verdict::TooLarge | Verdict::Busy | Verdict::Unclear => {
                CallError::Unavailable(why)
            }
        })
    }

    /// Waits until the other side may be asked again, and for a place in the bucket.
    ///
    /// A wish to be left alone for longer than an answer may take is not waited for here: the request has not been sent.
    async fn wait(&self, request: &Request) -> Result<(), Lost> {
        let pause = held(&self.closed).pause(request.asked(), Instant::now());
        if pause > self.settings.timeout {
            let seconds = pause.as_secs();
            return Err(Lost::NotSent(
                Unsent::Left,
                format!("it has asked to be left alone for {seconds} s more (Retry-After)"),
            ));
        }
        let wait = self
            .bucket
            .as_ref()
            .map_or(Duration::ZERO, |bucket| held(bucket).take(self.started.elapsed() + pause));
        let wait = wait + pause;
        // A sleep of no time at all would last until the timer's next millisecond.
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Ok(())
    }

    /// The headers that `request` is signed with, if it is.
    fn signed(&self, request: &Request, now: DateTime<Utc>) -> HeaderMap {
        match &self.settings.sign {
            Some(sign) => sign(request, now),
            None => HeaderMap::new(),
        }
    }

    /// Takes the other side's time from a good answer: others may come from something on the way, and tokens from another
    /// host with a clock of its own. What is refused for its time bore that of `asked_at`: our clock may have been set since.
    fn learn(&self, call: Call, received: &Received, asked_at: DateTime<Utc>) {
        let is_its_own = (200..300).contains(&received.status) && call != Call::Token;
        let Some(told) = received.server_time else { return };
        let (mut server, now) = (held(&self.server_clock), self.clock.now());
        server.hear(told, asked_at);
        if is_its_own {
            server.learn(told, now);
        }
    }

    /// Keeps the beginning of a body in the log, at debug. Never one of the token endpoint.
    pub(crate) fn log_body(&self, call: Call, request: &Request, received: &Received) {
        if call == Call::Token {
            return;
        }
        let start = received.body.get(..BODY_LOGGED).unwrap_or(&received.body);
        tracing::debug!(
            place = self.settings.name,
            endpoint = request.endpoint,
            status = received.status,
            body = %String::from_utf8_lossy(start),
            "answer"
        );
    }
}

/// What a lock holds. A thread that died with it has left it whole: each change is one call.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
