//! A client of the GNU Taler Wire Gateway, interfaces 0 to 5.
//!
//! What comes in is a feed by row id, matched by its subject. A payout is a transfer whose numbers are made of the
//! payout's key: the gateway takes the same order again for the same transfer, so a lost answer is got by asking again.

mod amount;
mod auth;
mod base32;
mod config;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod history;
#[cfg(test)]
mod sandbox;
mod status;
#[cfg(test)]
mod tests;
mod transfer;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use reqwest::header::HeaderValue;
use reqwest::{Method, Url};
use tokio::sync::{OnceCell, Semaphore};

pub use self::auth::GatewayAuth;
use self::config::Config;
use self::history::Source;
use self::transfer::Transfer;
use super::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, Rail, RailError,
};
use crate::engine::{Clock, PayoutState, RetryPolicy};
use crate::http::{
    Bearer, Body, Call, Http, HttpSettings, Lost, Received, Request, RequestSeen, Stop, Wish,
    extended,
};

/// Rows in a page of the history.
const PAGE: i64 = 500;

/// How to reach a gateway.
#[derive(Debug)]
pub struct WireGatewayOptions {
    /// The configured name of the rail, for the log and as the source of what comes in.
    pub name: String,
    /// Its base URL, such as `https://bank.example/accounts/ours/taler-wire-gateway/`.
    pub url: Url,
    /// How it knows us.
    pub auth: GatewayAuth,
    /// What it is told with each transfer.
    pub exchange_base_url: Url,
    /// The currencies that it has to serve. A gateway serves one.
    pub currencies: Vec<String>,
    /// For one exchange, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// How long the gateway may wait for something to come before it tells that nothing did, on top of the timeout.
    /// Zero: not at all.
    pub long_poll: Duration,
    /// The most calls under way at once. At least 1.
    pub parallel: usize,
    /// How often and how far apart a question is asked. An order to pay is never repeated.
    pub retry: RetryPolicy,
}

/// A client of one gateway.
pub struct WireGateway {
    name: String,
    http: Http,
    url: Url,
    authorization: Option<HeaderValue>,
    exchange_base_url: Url,
    currencies: Vec<String>,
    long_poll: Duration,
    parallel: usize,
    gate: Semaphore,
    config: OnceCell<Config>,
}

impl WireGateway {
    /// A client that has sent nothing yet. `observer` is told of each exchange, on the caller's task: it must be quick.
    ///
    /// # Errors
    /// [`RailError::Options`] if the credentials fit into no header, or TLS cannot be set up.
    pub fn new(
        options: WireGatewayOptions,
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, RailError> {
        let settings = HttpSettings {
            name: options.name.clone(),
            address: "url",
            timeout: options.timeout,
            requests_per_second: None,
            retry: options.retry,
            sign: None,
        };
        let parallel = options.parallel.max(1);
        Ok(Self {
            name: options.name,
            http: Http::new(settings, &[&options.url], clock, observer)?,
            url: options.url,
            authorization: options.auth.header()?,
            exchange_base_url: options.exchange_base_url,
            currencies: options.currencies,
            long_poll: options.long_poll,
            parallel,
            gate: Semaphore::new(parallel),
            config: OnceCell::new(),
        })
    }

    async fn look<T: Send>(
        &self,
        request: &Request,
        read: impl Fn(&Received) -> Result<T, String> + Sync,
    ) -> Result<T, RailError> {
        // What refuses these credentials will refuse them again: there are no newer ones.
        let bearer = self.authorization.as_ref().map(|header| Bearer { header, is_new: true });
        // The gate is never closed, so there is always a permit.
        let _permit = self.gate.acquire().await.ok();
        self.http.run(Call::Repeatable, request, bearer, &read).await.map_err(Stop::into_error)
    }

    /// What the gateway says of itself, asked once.
    async fn config(&self) -> Result<&Config, RailError> {
        self.config.get_or_try_init(|| self.ask_config()).await
    }

    async fn ask_config(&self) -> Result<Config, RailError> {
        let request =
            Request::new("config", Method::GET, extended(&self.url, &["config"])).general();
        let config = self.look(&request, |received| config::read(&received.body)).await??;
        config.serves(&self.currencies)?;
        Ok(config)
    }

    async fn history(&self, cursor: Option<&str>) -> Result<Arrivals, RailError> {
        let after = match cursor.map(str::parse).transpose() {
            Ok(after) => after.unwrap_or(0),
            Err(_) => {
                let why = "the stored cursor is not a row of a gateway".to_owned();
                return Err(RailError::Options(why));
            }
        };
        let source = Source { rail: &self.name, account: self.url.as_str() };
        let mut limit = PAGE;
        loop {
            let request = self.history_request(limit, after, self.long_poll);
            let read = |received: &Received| match received.status {
                204 => Ok(Arrivals::default()),
                _ => history::read(&received.body, &source, after),
            };
            match self.look(&request, read).await {
                Err(RailError::TooLarge { .. }) if limit > 1 => limit /= 2,
                Err(RailError::TooLarge { problem, beginning }) => {
                    // Where it does not even tell its number, nobody can ask for what is behind it.
                    let alone = history::too_large(&beginning, &problem, after);
                    return alone.ok_or(RailError::TooLarge { problem, beginning });
                }
                page => return page,
            }
        }
    }

    /// The newest row of the history.
    async fn newest_row(&self) -> Result<Arrivals, RailError> {
        let request = self.history_request(-1, 0, Duration::ZERO);
        let source = Source { rail: &self.name, account: self.url.as_str() };
        let read = |received: &Received| match received.status {
            204 => Ok(Arrivals::default()),
            _ => history::read(&received.body, &source, 0),
        };
        self.look(&request, read).await
    }

    /// Every parameter by its new name and by its old one: there are gateways that know only one of them. A `limit` below
    /// zero asks for the newest rows.
    fn history_request(&self, limit: i64, after: u64, held: Duration) -> Request {
        let mut url = extended(&self.url, &["history", "incoming"]);
        {
            let mut query = url.query_pairs_mut();
            let mut both = |new: &str, old: &str, value: String| {
                query.append_pair(new, &value).append_pair(old, &value);
            };
            both("limit", "delta", limit.to_string());
            if after > 0 {
                both("offset", "start", after.to_string());
            }
            if !held.is_zero() {
                both("timeout_ms", "long_poll_ms", held.as_millis().to_string());
            }
        }
        Request { held, ..Request::new("history", Method::GET, url).general() }
    }

    async fn order(&self, payout: &Payout) -> PayoutOutcome {
        let config = match self.config().await {
            Ok(config) => config,
            Err(error) => return PayoutOutcome::NotSent(error),
        };
        let transfer = match Transfer::new(payout, &self.exchange_base_url, config) {
            Ok(transfer) => transfer,
            Err(state) => return PayoutOutcome::Told(state),
        };
        let body = match serde_json::to_vec(&transfer) {
            Ok(body) => Some(Body::json(body)),
            Err(error) => {
                let why = format!("the order cannot be made: {error}");
                return PayoutOutcome::NotSent(RailError::Options(why));
            }
        };
        let url = extended(&self.url, &["transfer"]);
        let request =
            Request { body, ..Request::new("transfer", Method::POST, url).of(&payout.key) };
        let _permit = self.gate.acquire().await.ok();
        match self.http.once(Call::Operation, &request, self.authorization.as_ref()).await {
            Ok(received) => {
                self.http.log_body(Call::Operation, &request, &received);
                transfer::outcome(&received, payout.attempt)
            }
            Err(Lost::NotSent(_, why)) => PayoutOutcome::NotSent(RailError::Unavailable(why)),
            Err(lost @ (Lost::Timeout(_) | Lost::Cut(_) | Lost::TooLarge(..))) => {
                PayoutOutcome::Unknown { reason: lost.why() }
            }
        }
    }

    /// What became of one payout.
    async fn state(&self, asked: &PayoutRef) -> Result<PayoutState, RailError> {
        let Some(reference) = asked.reference.as_deref() else {
            // Its answer was lost. The order again, with the same numbers, is the way to get it.
            return Ok(PayoutState::NotReceived);
        };
        if reference.parse::<u64>().is_err() {
            let reason = format!("`{reference}` is not a row of a gateway");
            return Ok(PayoutState::CannotTell { reason });
        }
        let delivered = || PayoutState::Delivered {
            reference: Some(reference.to_owned()),
            fee: None,
            amount: None,
        };
        if !self.config().await?.tells_transfers() {
            // It took the order, and that is all that it ever tells.
            return Ok(delivered());
        }
        let url = extended(&self.url, &["transfers", reference]);
        let request = Request::new("transfers", Method::GET, url).of(reference);
        let read = |received: &Received| status::read(&received.body, &asked.key, reference);
        match self.look(&request, read).await {
            Err(RailError::Refused { status: 404, problem }) => {
                let reason = format!("the gateway took the order and does not know it: {problem}");
                Ok(PayoutState::CannotTell { reason })
            }
            told => told,
        }
    }

    /// What became of each payout. Of a row that could not be asked about, while others could, nothing newer is known
    /// than that the gateway took it: so it delays nobody.
    async fn states(&self, asked: &[PayoutRef]) -> Result<Vec<PayoutReport>, RailError> {
        let calls: Vec<_> = asked.iter().map(|payout| self.state(payout)).collect();
        let states: Vec<_> = stream::iter(calls).buffered(self.parallel).collect().await;
        if let Some(Err(error)) = states.first()
            && states.iter().all(Result::is_err)
        {
            return Err(error.clone());
        }
        let report = |(asked, state): (&PayoutRef, Result<PayoutState, RailError>)| PayoutReport {
            key: asked.key.clone(),
            state: state.unwrap_or_else(|error| {
                tracing::debug!(place = self.name, %error, "a row could not be asked about");
                PayoutState::Initiated { reference: asked.reference.clone() }
            }),
        };
        Ok(asked.iter().zip(states).map(report).collect())
    }
}

#[async_trait]
impl Rail for WireGateway {
    async fn deposits(
        &self,
        _asked: &[ExpectedDeposit],
        cursor: Option<&str>,
    ) -> Result<Arrivals, RailError> {
        self.history(cursor).await
    }

    async fn newest(&self) -> Result<Option<u64>, RailError> {
        let Arrivals { cursor, unreadable, .. } = self.newest_row().await?;
        if cursor.is_none() && !unreadable.is_empty() {
            // That is not the same as a history in which nothing has ever come.
            let why = "the newest row of the history does not tell its number".to_owned();
            return Err(RailError::Unreadable(why));
        }
        Ok(cursor.and_then(|row| row.parse().ok()))
    }

    fn knows_keys(&self) -> bool {
        false
    }

    fn wishes(&self) -> Vec<Wish> {
        self.http.wishes()
    }

    fn remember(&self, wishes: &[Wish]) {
        self.http.remember(wishes);
    }

    async fn pay_out(&self, payout: &Payout) -> PayoutOutcome {
        self.order(payout).await
    }

    async fn payouts(&self, asked: &[PayoutRef]) -> Result<Vec<PayoutReport>, RailError> {
        self.states(asked).await
    }

    async fn check(&self) -> Result<(), RailError> {
        self.config().await?;
        // What a gateway says of itself it tells everybody: only its history shows whether it lets us in. One that
        // keeps none has let us in, and so has one whose newest row is too large to be read.
        match self.newest_row().await {
            Ok(_) | Err(RailError::Refused { .. } | RailError::TooLarge { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
