//! The client of `RippleNet`'s server API, version 4.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod requests;
#[cfg(test)]
mod tests;
mod tokens;
mod wire;

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::requests::Requests;
use self::tokens::{Credentials, Tokens};
use super::NetworkError;
use crate::engine::{
    Clock, ConnectorRole, Listing, Operation, PaymentState, RetryPolicy, Row, Window,
};
use crate::http::{
    AnswerReader, Bearer, Call, Http, HttpSettings, Received, Request, RequestSeen, Stop, Wish,
    object, url_of,
};

pub use wire::{PARTIES, party_names, sender_user_info, too_large};

/// So many rows of a page are read before others may go on: some tenths of a millisecond.
const READ_AT_ONCE: usize = 8;

/// How to reach a tenant.
#[derive(Debug)]
pub struct ClientOptions {
    /// The configured name of the network, for the log.
    pub network: String,
    /// The tenant's URL, with or without `/v4`.
    pub base_url: String,
    /// Where tokens are fetched. Not derived from `base_url`: deployments differ.
    pub token_url: String,
    /// What the tokens are for, such as `urn:ripplexcurrent-test:acme`.
    pub audience: String,
    /// Who we are.
    pub client_id: String,
    /// What only we know.
    pub client_secret: SecretString,
    /// Our node's part in the payments that are listed, and of a payment that does not tell it.
    pub connector_role: ConnectorRole,
    /// For one request, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Requests in a second, with a burst of as many. At least 1.
    pub requests_per_second: u32,
    /// How often and how far apart a request is tried.
    pub retry: RetryPolicy,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationAnswer {
    /// Applied: the payment as it is now.
    Done(Box<Row>),
    /// Surely not applied, and never will be.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The network's own words.
        reason: String,
    },
    /// Surely not applied by this request, for another is in progress or the network has no time: look again later.
    Busy {
        /// The network's own words.
        why: String,
    },
    /// It may have been applied, or not: only a look at the payment can tell.
    Unknown {
        /// What went wrong.
        why: String,
    },
}

/// A client of one tenant. It can be shared: all its calls share one token, one bucket and one set of connections.
///
/// Every call is bounded: each try by the timeout, the tries by the policy. A call may be dropped at any time; an
/// operation that is dropped may have been applied.
pub struct Client {
    http: Http,
    tokens: Tokens,
    requests: Requests,
    connector_role: ConnectorRole,
}

/// The answer of `GET /health`.
#[derive(Deserialize)]
struct Health<'a> {
    #[serde(borrow)]
    healthy: Option<&'a RawValue>,
}

/// Reads a page, and lets others go on meanwhile: the page before it is being stored.
struct PageReader<'a> {
    client: &'a Client,
    window: &'a Window,
}

impl AnswerReader<Listing> for PageReader<'_> {
    async fn read(&self, received: &Received) -> Result<Listing, String> {
        let now = self.client.http.server_time();
        let page = wire::Page::cut(&received.body, self.window)?;
        let (role, mut rows) = (&self.client.connector_role, Vec::new());
        for some in page.rows().chunks(READ_AT_ONCE) {
            rows.extend(some.iter().map(|raw| wire::row(raw, role)));
            tokio::task::yield_now().await;
        }
        page.listing(rows, Some(now))
    }
}

impl Client {
    /// A client that has sent nothing yet. `observer` is told of each exchange, on the caller's task: it must be quick.
    ///
    /// # Errors
    /// [`NetworkError::Options`] if a URL is none, or TLS cannot be set up.
    pub fn new(
        options: ClientOptions,
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, NetworkError> {
        let requests = Requests::new(&options.base_url)?;
        let token_url = url_of("token_url", &options.token_url)?;
        let settings = HttpSettings {
            name: options.network,
            address: "base_url",
            timeout: options.timeout,
            requests_per_second: Some(options.requests_per_second),
            retry: options.retry,
            sign: None,
        };
        let http = Http::new(settings, &[requests.base(), &token_url], clock, observer)?;
        let tokens = Tokens::new(Credentials {
            token_url,
            audience: options.audience,
            client_id: options.client_id,
            client_secret: options.client_secret,
        });
        Ok(Self { http, tokens, requests, connector_role: options.connector_role })
    }

    /// Who has asked to be left alone, for whoever comes after this client.
    #[must_use]
    pub fn wishes(&self) -> Vec<Wish> {
        self.http.wishes()
    }

    /// Heeds what a client before this one was asked.
    pub fn remember(&self, wishes: &[Wish]) {
        self.http.remember(wishes);
    }

    /// One page of the payments in `state`, oldest change first.
    ///
    /// A row that cannot be understood is in the list as [`Row::Bad`].
    ///
    /// # Errors
    /// See [`NetworkError`]. A page that contradicts itself or the question is `Unreadable`.
    pub async fn list(
        &self,
        state: &PaymentState,
        window: &Window,
    ) -> Result<Listing, NetworkError> {
        let request = self.requests.list(state, &self.connector_role, window);
        let read = PageReader { client: self, window };
        self.run(Call::Repeatable, &request, &read).await.map_err(Stop::into_error)
    }

    /// One payment as it is now.
    ///
    /// # Errors
    /// See [`NetworkError`]. A payment that does not exist is `Refused` with 404.
    pub async fn get(&self, payment_id: &str) -> Result<Row, NetworkError> {
        let request = self.requests.get(payment_id)?;
        self.repeatable(&request, |received| {
            wire::single(&received.body, payment_id, &self.connector_role)
        })
        .await
    }

    /// Carries out `operation`, and sends it again only if it was surely not applied.
    ///
    /// `internal_id` is our own id of the payment, at most 128 characters; only a lock takes it.
    ///
    /// # Errors
    /// See [`NetworkError`]. After an error the operation was surely not applied.
    pub async fn operate(
        &self,
        payment_id: &str,
        operation: &Operation,
        internal_id: Option<&str>,
    ) -> Result<OperationAnswer, NetworkError> {
        let request = self.requests.operation(payment_id, operation, internal_id)?;
        let read = |received: &Received| {
            wire::single(&received.body, payment_id, &self.connector_role).map(Box::new)
        };
        match self.run(Call::Operation, &request, &read).await {
            Ok(row) => Ok(OperationAnswer::Done(row)),
            Err(Stop::Busy(why)) => Ok(OperationAnswer::Busy { why }),
            Err(Stop::Unclear(why)) => Ok(OperationAnswer::Unknown { why }),
            Err(Stop::Error(NetworkError::Refused { status, problem })) => {
                Ok(OperationAnswer::Refused { status, reason: problem })
            }
            Err(stop @ (Stop::Error(_) | Stop::NewToken(_))) => Err(stop.into_error()),
        }
    }

    /// Puts labels on a payment. Only our own node sees them.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn put_labels(&self, payment_id: &str, labels: &[&str]) -> Result<(), NetworkError> {
        let request = self.requests.labels(Method::PUT, payment_id, labels)?;
        self.repeatable(&request, |_| Ok(())).await
    }

    /// Takes labels off a payment.
    ///
    /// # Errors
    /// See [`NetworkError`]. A label that is not there is `Refused` with 404, also when an earlier try took it off.
    pub async fn delete_labels(
        &self,
        payment_id: &str,
        labels: &[&str],
    ) -> Result<(), NetworkError> {
        let request = self.requests.labels(Method::DELETE, payment_id, labels)?;
        self.repeatable(&request, |_| Ok(())).await
    }

    /// Whether the network says that it is well.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn health(&self) -> Result<bool, NetworkError> {
        self.repeatable(&self.requests.health(), |received| {
            let health: Health<'_> = object(&received.body)?;
            wire::flag(health.healthy).ok_or_else(|| "the answer does not say `healthy`".to_owned())
        })
        .await
    }

    /// The network's clock minus ours, from the `Date` of its latest answers. Zero before any, and where it is too much to be
    /// believed. Good to about a second.
    #[must_use]
    pub fn server_offset(&self) -> TimeDelta {
        self.http.server_offset()
    }

    /// The network's clock minus ours, where that is too much to be believed: one of them is wrong.
    #[must_use]
    pub fn doubted_offset(&self) -> Option<TimeDelta> {
        self.http.doubted_offset()
    }

    async fn repeatable<T: Send>(
        &self,
        request: &Request,
        read: impl Fn(&Received) -> Result<T, String> + Sync,
    ) -> Result<T, NetworkError> {
        self.run(Call::Repeatable, request, &read).await.map_err(Stop::into_error)
    }

    /// Runs a request with the token, and once more with a new one if the network refuses it. A token with which we were not
    /// let in is not used again: the next call begins with a new one, which may be allowed more.
    async fn run<T>(
        &self,
        call: Call,
        request: &Request,
        read: &impl AnswerReader<T>,
    ) -> Result<T, Stop> {
        let token = self.tokens.get(&self.http, None).await.map_err(Stop::Error)?;
        let bearer = Bearer { header: &token.header, is_new: false };
        match self.http.run(call, request, Some(bearer), read).await {
            Err(Stop::NewToken(_)) => {}
            ended => return self.unless_shut_out(ended, token.serial).await,
        }
        let token = self.tokens.get(&self.http, Some(token.serial)).await.map_err(Stop::Error)?;
        let bearer = Bearer { header: &token.header, is_new: true };
        let ended = self.http.run(call, request, Some(bearer), read).await;
        self.unless_shut_out(ended, token.serial).await
    }

    /// The same, without the token if it was of no use.
    async fn unless_shut_out<T>(&self, ended: Result<T, Stop>, serial: u64) -> Result<T, Stop> {
        if let Err(Stop::Error(NetworkError::Credentials(_) | NetworkError::Forbidden(_))) = &ended
        {
            self.tokens.forget(serial).await;
        }
        ended
    }
}
