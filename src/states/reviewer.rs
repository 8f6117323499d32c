//! Asking somebody else for a decision: a service over HTTP, or a program.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::answer::{decision, idempotency_key, question};
use crate::config::ReviewMode;
use crate::engine::{Decision, ReasonType};
use crate::http::Clients;
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
    /// A service.
    Http { client: Clients, url: reqwest::Url, timeout: Duration },
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
                Self::Http { client, url: url.clone(), timeout: *timeout }
            }
            ReviewMode::Command { program, args, timeout } => Self::Command(Program {
                program: program.clone(),
                args: args.clone(),
                timeout: *timeout,
                answer_max: ANSWER_MAX_BYTES,
            }),
        })
    }

    /// The name under which its decisions are recorded.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Automatic => "automatic",
            Self::Http { .. } => "http",
            Self::Command(_) => "command",
        }
    }

    /// Whether a person decides about everything.
    pub(super) const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }

    /// How long an answer can take.
    pub(super) const fn patience(&self) -> Duration {
        match self {
            Self::Person | Self::Automatic => Duration::ZERO,
            Self::Http { timeout, .. } | Self::Command(Program { timeout, .. }) => *timeout,
        }
    }

    /// Asks for a decision. None: a person will decide.
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
    ) -> Result<Option<Decision>, String> {
        let ask = || question(network, due, user_info, document);
        let answer = match self {
            Self::Person => return Ok(None),
            Self::Automatic => return Ok(Some(Decision::Approve)),
            Self::Http { client, url, timeout } => {
                post((client, *timeout), url, idempotency_key(network, due), ask()).await?
            }
            Self::Command(program) => run(program, &ask()).await?,
        };
        decision(&answer, decline_type, now).map(Some)
    }
}

async fn post(
    (client, timeout): (&Clients, Duration),
    url: &reqwest::Url,
    key: String,
    body: String,
) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| format!("{url} did not answer: {}", error.without_url());
    let mut response = client
        .request(reqwest::Method::POST, url.clone())?
        .timeout(timeout)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("idempotency-key", key)
        .body(body)
        .send()
        .await
        .map_err(failed)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("{url} answered {}", response.status()));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > ANSWER_MAX_BYTES {
            return Err(format!("{url} answered more than {ANSWER_MAX_BYTES} bytes"));
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
