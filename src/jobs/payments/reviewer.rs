//! Asking somebody else for a decision: a service over HTTP, or a program.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::answer::{decision, idempotency_key, question};
use crate::config::ReviewMode;
use crate::engine::{Decision, ReasonType, asked_pause};
use crate::http::{Clients, Wish, wish_at};
use crate::program::{Ended, Program};
use crate::store::Due;

/// A reviewer's answer is a line of JSON. More than this is none.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// Who decides, ready to be asked.
#[derive(Debug)]
pub(super) enum Reviewer {
    /// A person, later.
    Person,
    /// Whatever is complete and in time is approved.
    Automatic,
    /// Somebody else is asked.
    Asked(Arc<Service>),
}

/// Somebody else who decides.
#[derive(Debug)]
pub(super) enum Service {
    /// A service over HTTP.
    Http {
        client: Clients,
        url: reqwest::Url,
        timeout: Duration,
        /// Until when it has asked to be left alone.
        quiet_until: Mutex<Option<Instant>>,
    },
    /// A program.
    Command(Program),
}

impl Reviewer {
    /// The reviewer that the settings name.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new(mode: &ReviewMode) -> Result<Self, String> {
        Ok(match mode {
            ReviewMode::Manual => Self::Person,
            ReviewMode::Automatic => Self::Automatic,
            ReviewMode::Http { url, timeout } => {
                let client = Clients::new(*timeout, &[url])
                    .map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
                Self::Asked(Arc::new(Service::Http {
                    client,
                    url: url.clone(),
                    timeout: *timeout,
                    quiet_until: Mutex::default(),
                }))
            }
            ReviewMode::Command { program, args, timeout } => {
                let (program, args, timeout) = (program.clone(), args.clone(), *timeout);
                let program = Program { program, args, timeout, answer_max: ANSWER_MAX_BYTES };
                Self::Asked(Arc::new(Service::Command(program)))
            }
        })
    }

    /// The name under which its decisions are recorded.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Automatic => "automatic",
            Self::Asked(service) => service.name(),
        }
    }

    /// Whether a person decides about everything.
    pub(super) const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }

    /// Somebody else who is asked.
    pub(super) fn service(&self) -> Option<&Service> {
        match self {
            Self::Person | Self::Automatic => None,
            Self::Asked(service) => Some(service),
        }
    }

    /// How long an answer can take.
    pub(super) fn patience(&self) -> Duration {
        self.service().map_or(Duration::ZERO, Service::timeout)
    }
}

impl Service {
    /// The name under which its decisions are recorded.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Command(_) => "command",
        }
    }

    const fn timeout(&self) -> Duration {
        match self {
            Self::Http { timeout, .. } | Self::Command(Program { timeout, .. }) => *timeout,
        }
    }

    /// Its wish to be left alone, as long as it lasts.
    pub(super) fn wish(&self) -> Option<Wish> {
        let Self::Http { url, quiet_until, .. } = self else { return None };
        let until = *quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| Wish { place: place_of(url), left })
    }

    /// Heeds what it has asked of another process.
    pub(super) fn remember(&self, wishes: &[Wish]) {
        let Self::Http { url, quiet_until, .. } = self else { return };
        let place = place_of(url);
        for wish in wishes.iter().filter(|wish| wish.place == place) {
            keep_quiet(quiet_until, wish.left);
        }
    }

    /// Asks for a decision.
    ///
    /// # Errors
    /// Why there is no decision: the caller holds the payment.
    pub(super) async fn decide(
        &self,
        network: &str,
        due: &Due,
        user_info: Option<&RawValue>,
        document: &str,
        decline_type: ReasonType,
        now: DateTime<Utc>,
    ) -> Result<Decision, String> {
        let ask = || question(network, due, user_info, document);
        let answer = match self {
            Self::Http { client, url, timeout, quiet_until } => {
                if self.wish().is_some() {
                    return Err(format!("{url} has asked to be left alone for a while"));
                }
                let posted =
                    post((client, *timeout), url, idempotency_key(network, due), ask(), now).await;
                posted.map_err(|(why, wish)| {
                    if let Some(wish) = wish {
                        keep_quiet(quiet_until, wish);
                    }
                    why
                })?
            }
            Self::Command(program) => run(program, &ask()).await?,
        };
        decision(&answer, decline_type, now)
    }
}

/// The name by which a reviewer's wish is kept, beside the network's own.
fn place_of(url: &reqwest::Url) -> String {
    format!("reviewer {}", url.origin().ascii_serialization())
}

/// Nothing is asked for as long as that, or as anybody bears.
fn keep_quiet(quiet_until: &Mutex<Option<Instant>>, wish: Duration) {
    let until = Instant::now() + asked_pause(wish);
    *quiet_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
}

async fn post(
    (client, timeout): (&Clients, Duration),
    url: &reqwest::Url,
    key: String,
    body: String,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, (String, Option<Duration>)> {
    let failed =
        |error: reqwest::Error| (format!("{url} did not answer: {}", error.without_url()), None);
    let mut response = client
        .request(reqwest::Method::POST, url.clone())
        .map_err(|why| (why, None))?
        .timeout(timeout)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("idempotency-key", key)
        .body(body)
        .send()
        .await
        .map_err(failed)?;
    if response.status() != reqwest::StatusCode::OK {
        let wish = matches!(response.status().as_u16(), 429 | 503)
            .then(|| wish_at(response.headers(), now))
            .flatten();
        return Err((format!("{url} answered {}", response.status()), wish));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > ANSWER_MAX_BYTES {
            return Err((format!("{url} answered more than {ANSWER_MAX_BYTES} bytes"), None));
        }
    }
    Ok(answer)
}

async fn run(program: &Program, question: &str) -> Result<Vec<u8>, String> {
    match program.run(question.as_bytes()).await {
        Ended::Answered(answer) => Ok(answer),
        Ended::NotNow(why) | Ended::NotStarted { why, .. } | Ended::Unclear { why, .. } => Err(why),
    }
}
