//! A rail behind a service that speaks railpoll's contract over HTTP. Every request is signed.

#[cfg(test)]
mod example;
mod outcome;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::Semaphore;
use uuid::Uuid;

#[cfg(any(test, fuzzing))]
pub(super) use self::outcome::outcome as outcome_of;
use self::outcome::{lost, outcome};
use super::contract::{
    ask_deposits, ask_pay_out, ask_payouts, read_arrivals, read_config, read_reports,
};
use super::{
    Arrivals, ExpectedDeposit, Payout, PayoutOutcome, PayoutRef, PayoutReport, Rail, RailError,
    Signer,
};
use crate::engine::{Clock, RetryPolicy};
use crate::http::{Body, Call, Http, HttpSettings, Received, Request, RequestSeen, Wish, extended};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How to reach a service.
#[derive(Debug)]
pub struct HttpRailOptions {
    /// The configured name of the rail, for the log.
    pub name: String,
    /// What the contract's paths are put behind.
    pub url: Url,
    /// What requests are signed with: `whsec_…`, or several of them.
    pub secret: SecretString,
    /// The currencies that it has to serve.
    pub currencies: Vec<String>,
    /// For one exchange, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// The most calls under way at once. At least 1.
    pub parallel: usize,
    /// How often and how far apart a question is asked. An order to pay is never repeated.
    pub retry: RetryPolicy,
}

/// A client of one service.
pub struct HttpRail {
    http: Http,
    url: Url,
    currencies: Vec<String>,
    gate: Semaphore,
}

impl HttpRail {
    /// A client that has sent nothing yet. `observer` is told of each exchange, on the caller's task: it must be quick.
    ///
    /// # Errors
    /// [`RailError::Options`] if the secret is none, or TLS cannot be set up.
    pub fn new(
        options: HttpRailOptions,
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, RailError> {
        let signer = Signer::new(&options.secret).map_err(RailError::Options)?;
        let settings = HttpSettings {
            name: options.name,
            address: "url",
            timeout: options.timeout,
            requests_per_second: None,
            retry: options.retry,
            sign: Some(Box::new(move |request, now| signature(&signer, request, now))),
        };
        Ok(Self {
            http: Http::new(settings, &[&options.url], clock, observer)?,
            url: options.url,
            currencies: options.currencies,
            gate: Semaphore::new(options.parallel.max(1)),
        })
    }

    /// A question or an order. Its id is the same on each of its tries.
    fn request(
        &self,
        endpoint: &'static str,
        path: &[&str],
        ask: Option<&impl Serialize>,
    ) -> Result<Request, RailError> {
        let wrong = |why: String| RailError::Options(format!("the request cannot be made: {why}"));
        let body = ask.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| wrong(error.to_string()))?.map(Body::json);
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let id = HeaderValue::try_from(Uuid::new_v4().to_string());
        let id = id.map_err(|error| wrong(error.to_string()))?;
        Ok(Request {
            headers: HeaderMap::from_iter([(ID, id)]),
            body,
            ..Request::new(endpoint, method, extended(&self.url, path))
        })
    }

    async fn look<T: Send>(
        &self,
        request: Result<Request, RailError>,
        read: impl Fn(&Received) -> Result<T, String> + Sync,
    ) -> Result<T, RailError> {
        let request = request?;
        // The gate is never closed, so there is always a permit.
        let _permit = self.gate.acquire().await.ok();
        let answer = self.http.run(Call::Repeatable, &request, None, &read).await;
        answer.map_err(|stop| self.explained(stop.into_error()))
    }

    /// A signature is good for minutes only: where our clock and the rail's are further apart, it is refused for that, and not
    /// for the secret, which nobody need renew. It passes as soon as the clocks agree.
    fn explained(&self, error: RailError) -> RailError {
        let (RailError::Credentials(why) | RailError::Forbidden(why)) = &error else {
            return error;
        };
        if !self.http.is_heard_far_off() {
            return error;
        }
        RailError::Unavailable(format!(
            "{why}: its clock and ours are more than 2 minutes apart, and a signature is good for minutes only; see whether \
             this host keeps time"
        ))
    }

    async fn order(&self, payout: &Payout) -> PayoutOutcome {
        let request = self.request("pay_out", &["payouts"], Some(&ask_pay_out(payout)));
        let key = HeaderValue::try_from(payout.key.as_str());
        let request = match (request, key) {
            (Ok(mut request), Ok(key)) => {
                request.headers.insert(IDEMPOTENCY_KEY, key);
                request.of(&payout.key)
            }
            (Err(error), _) => return PayoutOutcome::NotSent(error),
            (Ok(_), Err(error)) => {
                let why = format!("the key of the payout cannot be sent: {error}");
                return PayoutOutcome::NotSent(RailError::Options(why));
            }
        };
        let _permit = self.gate.acquire().await.ok();
        match self.http.once(Call::Operation, &request, None).await {
            Ok(received) => {
                self.http.log_body(Call::Operation, &request, &received);
                match outcome(&received) {
                    PayoutOutcome::NotSent(error) => PayoutOutcome::NotSent(self.explained(error)),
                    told @ (PayoutOutcome::Told(_) | PayoutOutcome::Unknown { .. }) => told,
                }
            }
            Err(nothing) => lost(nothing),
        }
    }
}

/// The headers of one try.
fn signature(signer: &Signer, request: &Request, now: DateTime<Utc>) -> HeaderMap {
    let id = request.headers.get(ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let body = request.body.as_ref().map_or(&[][..], |body| &body.bytes);
    let signature = signer.sign(id, now.timestamp(), body);
    let mut headers = HeaderMap::from_iter([(TIMESTAMP, HeaderValue::from(now.timestamp()))]);
    // A version and base64 always fit into a header; what bears no signature is refused.
    headers.extend(HeaderValue::try_from(signature).ok().map(|signature| (SIGNATURE, signature)));
    headers
}

#[async_trait]
impl Rail for HttpRail {
    async fn deposits(
        &self,
        asked: &[ExpectedDeposit],
        _cursor: Option<&str>,
    ) -> Result<Arrivals, RailError> {
        let request = self.request("deposits", &["deposits", "lookup"], Some(&ask_deposits(asked)));
        let read = |received: &Received| read_arrivals(&received.body, asked);
        let answers = self.look(request, read).await?;
        Ok(Arrivals { answers, ..Arrivals::default() })
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
        let request = self.request("payouts", &["payouts", "lookup"], Some(&ask_payouts(asked)));
        self.look(request, |received| read_reports(&received.body, asked)).await
    }

    async fn check(&self) -> Result<(), RailError> {
        let request = self.request("config", &["config"], None::<&()>);
        let request = request.map(Request::general);
        let config = self.look(request, |received| read_config(&received.body)).await?;
        config.check(&self.currencies)
    }
}
