//! A rail behind a program that speaks railpoll's contract: one question on its standard input, one answer on its
//! standard output, one run for each. It is started as it is, never by a shell.

#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::contract::{
    Question, after_payout, ask_deposits, ask_pay_out, ask_payouts, read_arrivals, read_config,
    read_payout, read_reports,
};
use super::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, Rail, RailError,
    RequestSeen,
};
use crate::engine::RetryPolicy;
use crate::program::{Ended, Program};

/// No answer is larger.
const ANSWER_MAX: usize = 8 * 1024 * 1024;

/// How to run a program.
#[derive(Debug, Clone)]
pub struct CommandRailOptions {
    /// The configured name of the rail, for the log.
    pub name: String,
    /// The program: a path, or a name that is looked for in `PATH`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The currencies that it has to serve.
    pub currencies: Vec<String>,
    /// For one run. After it the program is killed, with all that it has started.
    pub timeout: Duration,
    /// The most runs at once. At least 1.
    pub parallel: usize,
    /// How often and how far apart a question is asked. An order to pay is never repeated.
    pub retry: RetryPolicy,
}

/// A program that moves money.
pub struct CommandRail {
    name: String,
    program: Program,
    currencies: Vec<String>,
    retry: RetryPolicy,
    gate: Semaphore,
    observer: Box<dyn Fn(&RequestSeen) + Send + Sync>,
}

impl CommandRail {
    /// A rail that has started nothing yet. `observer` is told of each run, on the caller's task: it must be quick.
    ///
    /// # Errors
    /// [`RailError::Options`] if there is no name of a program.
    pub fn new(
        options: CommandRailOptions,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, RailError> {
        if options.program.is_empty() {
            return Err(RailError::Options("no program is named".to_owned()));
        }
        Ok(Self {
            name: options.name,
            program: Program {
                program: options.program,
                args: options.args,
                timeout: options.timeout,
                answer_max: ANSWER_MAX,
            },
            currencies: options.currencies,
            retry: options.retry,
            gate: Semaphore::new(options.parallel.max(1)),
            observer: Box::new(observer),
        })
    }

    /// One run.
    async fn ask(&self, call: &'static str, ask: &impl Serialize) -> Ended {
        let question = match serde_json::to_vec(&Question { call, ask }) {
            Ok(question) => question,
            Err(error) => {
                let why = format!("the question cannot be made: {error}");
                return Ended::NotStarted { why, is_mistake: true };
            }
        };
        // The gate is never closed, so there is always a permit.
        let _permit = self.gate.acquire().await.ok();
        let start = Instant::now();
        let ended = self.program.run(&question).await;
        let status = ended.exit_code();
        (self.observer)(&RequestSeen { endpoint: call, status, took: start.elapsed() });
        tracing::debug!(place = self.name, endpoint = call, status, "the program ended");
        ended
    }

    /// A question, asked again until there is an answer that can be read.
    async fn look<T>(
        &self,
        call: &'static str,
        ask: &impl Serialize,
        read: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, RailError> {
        let mut backoff = self.retry.start();
        loop {
            let error = match self.ask(call, ask).await {
                Ended::Answered(answer) => match read(&answer) {
                    Ok(value) => return Ok(value),
                    Err(why) => RailError::Unreadable(why),
                },
                Ended::NotStarted { why, is_mistake: true } => return Err(RailError::Options(why)),
                Ended::NotStarted { why, is_mistake: false }
                | Ended::NotNow(why)
                | Ended::Unclear { why, .. } => RailError::Unavailable(why),
            };
            match backoff.next_delay(None) {
                Some(delay) => sleep(delay).await,
                None => return Err(error),
            }
        }
    }

    async fn order(&self, payout: &Payout) -> PayoutOutcome {
        match self.ask("pay_out", &ask_pay_out(payout)).await {
            Ended::Answered(answer) => after_payout(read_payout(&answer)),
            Ended::NotStarted { why, is_mistake: true } => {
                PayoutOutcome::NotSent(RailError::Options(why))
            }
            Ended::NotStarted { why, is_mistake: false } | Ended::NotNow(why) => {
                PayoutOutcome::NotSent(RailError::Unavailable(why))
            }
            Ended::Unclear { why, .. } => PayoutOutcome::Unknown { reason: why },
        }
    }
}

/// A question with nothing but its name.
#[derive(Serialize)]
struct Nothing {}

#[async_trait]
impl Rail for CommandRail {
    async fn deposits(
        &self,
        asked: &[ExpectedDeposit],
        _cursor: Option<&str>,
    ) -> Result<Arrivals, RailError> {
        let read = |answer: &[u8]| read_arrivals(answer, asked);
        let answers = self.look("deposits", &ask_deposits(asked), read).await?;
        Ok(Arrivals { answers, ..Arrivals::default() })
    }

    async fn pay_out(&self, payout: &Payout) -> PayoutOutcome {
        self.order(payout).await
    }

    async fn payouts(&self, asked: &[PayoutRef]) -> Result<Vec<PayoutReport>, RailError> {
        let read = |answer: &[u8]| read_reports(answer, asked);
        self.look("payouts", &ask_payouts(asked), read).await
    }

    async fn check(&self) -> Result<(), RailError> {
        self.look("check", &Nothing {}, read_config).await?.check(&self.currencies)
    }
}
