//! Asking somebody else for a decision: a service over HTTP, or a program.

use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::answer::{decision, idempotency_key, question};
use crate::config::ReviewMode;
use crate::engine::{Decision, ReasonType};
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
    Http { client: reqwest::Client, url: reqwest::Url, timeout: Duration },
    /// A program.
    Command { program: String, args: Vec<String>, timeout: Duration },
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
                let client = reqwest::Client::builder()
                    .timeout(*timeout)
                    .redirect(reqwest::redirect::Policy::none())
                    .build()
                    .map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
                Self::Http { client, url: url.clone(), timeout: *timeout }
            }
            ReviewMode::Command { program, args, timeout } => {
                Self::Command { program: program.clone(), args: args.clone(), timeout: *timeout }
            }
        })
    }

    /// The name under which its decisions are recorded.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Automatic => "automatic",
            Self::Http { .. } => "http",
            Self::Command { .. } => "command",
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
            Self::Http { timeout, .. } | Self::Command { timeout, .. } => *timeout,
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
        user_info: Option<&Value>,
        document: &str,
        decline_type: ReasonType,
        now: DateTime<Utc>,
    ) -> Result<Option<Decision>, String> {
        let ask = || question(network, due, user_info, document).to_string();
        let answer = match self {
            Self::Person => return Ok(None),
            Self::Automatic => return Ok(Some(Decision::Approve)),
            Self::Http { client, url, .. } => {
                post(client, url, idempotency_key(network, due), ask()).await?
            }
            Self::Command { program, args, timeout: limit } => {
                timeout(*limit, run(program, args, ask()))
                    .await
                    .map_err(|_| format!("`{program}` did not answer within {limit:?}"))??
            }
        };
        decision(&answer, decline_type, now).map(Some)
    }
}

async fn post(
    client: &reqwest::Client,
    url: &reqwest::Url,
    key: String,
    body: String,
) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| format!("{url} did not answer: {}", error.without_url());
    let mut response = client
        .post(url.clone())
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

async fn run(program: &str, args: &[String], question: String) -> Result<Vec<u8>, String> {
    let failed = |what: &str, error: std::io::Error| format!("`{program}` {what}: {error}");
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("cannot be started", error))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // The program may answer without having read the question, and then the pipe breaks: that is its affair.
    let tell = async move {
        if let Some(mut stdin) = stdin
            && let Err(error) = stdin.write_all(question.as_bytes()).await
        {
            tracing::debug!(%error, "the review program did not read its question");
        }
    };
    let hear = async move {
        let mut answer = Vec::new();
        if let Some(stdout) = stdout {
            let limit = u64::try_from(ANSWER_MAX_BYTES).unwrap_or(u64::MAX);
            stdout.take(limit.saturating_add(1)).read_to_end(&mut answer).await?;
        }
        Ok(answer)
    };
    let ((), answer, status) = tokio::join!(tell, hear, child.wait());
    let answer = answer.map_err(|error: std::io::Error| failed("cannot be heard", error))?;
    let status = status.map_err(|error| failed("cannot be waited for", error))?;
    if !status.success() {
        return Err(format!("`{program}` ended with {status}"));
    }
    // The beginning of an answer is not an answer.
    if answer.len() > ANSWER_MAX_BYTES {
        return Err(format!("`{program}` answered more than {ANSWER_MAX_BYTES} bytes"));
    }
    Ok(answer)
}
