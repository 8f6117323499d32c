//! The client of Horizon, the HTTP face of a Stellar network.

use std::time::Duration;

use reqwest::{Method, Url};

use super::account::AccountState;
use super::envelope::NetworkId;
use super::parts::in_parts;
use super::past::PastRecord;
use super::rules::{FoundTransaction, Ledger, LookUp, SubmitAnswer};
use super::stream::PaymentStream;
use super::wire::{self, FeeStats, ReceivedClaim, Root, StreamRecord, Watched};
use crate::engine::{Clock, Incoming, RetryPolicy};
use crate::http::{
    Body, Call, Http, HttpSettings, Lost, Received, Request, RequestSeen, Stop, Wish, brief,
    extended, problem_text, url_of,
};
use crate::networks::NetworkError;

/// Horizon answers a submission when the ledger has closed, so it is waited for so much longer than for other answers.
const SUBMIT_HELD: Duration = Duration::from_secs(20);
/// Horizon gives no more records in a page.
const PAGE_MAX: u32 = 200;

/// How to reach a network.
#[derive(Debug)]
pub struct HorizonOptions {
    /// The configured name of the network, for the log and for what came in.
    pub network: String,
    /// Where Horizon is, with or without a slash at the end.
    pub horizon_url: String,
    /// Which network it must be: every signature is for this one alone.
    pub passphrase: String,
    /// For one answer, from connecting to its last byte.
    pub timeout: Duration,
    /// Requests in a second, with a burst of as many. At least 1.
    pub requests_per_second: u32,
    /// How often and how far apart a question is asked. A submission is sent once.
    pub retry: RetryPolicy,
}

/// A client of one Horizon. It can be shared: all its calls share one bucket and one set of connections.
///
/// Every call is bounded in time, and may be dropped at any time; an envelope that is dropped may have been taken.
pub struct Horizon {
    http: Http,
    base: Url,
    network: String,
    passphrase: String,
}

impl Horizon {
    /// A client that has sent nothing yet. `observer` is told of each exchange, on the caller's task: it must be quick.
    ///
    /// # Errors
    /// [`NetworkError::Options`] if the URL is none, or TLS cannot be set up.
    pub fn new(
        options: HorizonOptions,
        clock: Clock,
        observer: impl Fn(&RequestSeen) + Send + Sync + 'static,
    ) -> Result<Self, NetworkError> {
        let base = url_of("horizon_url", &options.horizon_url)?;
        let settings = HttpSettings {
            name: options.network.clone(),
            address: "horizon_url",
            timeout: options.timeout,
            requests_per_second: Some(options.requests_per_second),
            retry: options.retry,
            sign: None,
        };
        let http = Http::new(settings, &[&base], clock, observer)?;
        let HorizonOptions { network, passphrase, .. } = options;
        Ok(Self { http, base, network, passphrase })
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

    /// Which network our signatures are for.
    #[must_use]
    pub fn network_id(&self) -> NetworkId {
        NetworkId::new(&self.passphrase)
    }

    /// What Horizon says of itself.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn root(&self) -> Result<Root, NetworkError> {
        self.ask(&self.request("root", &[]).general(), |received| wire::root(&received.body)).await
    }

    /// The same, if it is the configured network: to be asked before anything is signed.
    ///
    /// # Errors
    /// [`NetworkError::Options`] if it is another network; else see [`NetworkError`].
    pub async fn check(&self) -> Result<Root, NetworkError> {
        let root = self.root().await?;
        if root.network_passphrase == self.passphrase {
            return Ok(root);
        }
        let (theirs, ours) = (brief(&root.network_passphrase), &self.passphrase);
        Err(NetworkError::Options(format!(
            "horizon_url is of the network `{theirs}`, passphrase says `{ours}`"
        )))
    }

    /// The newest ledger.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn latest_ledger(&self) -> Result<Ledger, NetworkError> {
        let mut request = self.request("ledgers", &["ledgers"]).general();
        request.url.query_pairs_mut().append_pair("order", "desc").append_pair("limit", "1");
        self.ask(&request, |received| wire::latest_ledger(&received.body)).await
    }

    /// What was paid for operations in the last ledgers.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn fee_stats(&self) -> Result<FeeStats, NetworkError> {
        let request = self.request("fee_stats", &["fee_stats"]).general();
        self.ask(&request, |received| wire::fee_stats(&received.body)).await
    }

    /// The account `id`, `G…`. None if there is none.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn account(&self, id: &str) -> Result<Option<AccountState>, NetworkError> {
        let request = self.request("account", &["accounts", id]).of(id);
        found(self.ask(&request, |received| wire::account(&received.body, id)).await)
    }

    /// The transaction with this hash, or with a fee bump around it. None if it is not in the ledger: not yet, or never.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn transaction(&self, hash: &str) -> Result<Option<FoundTransaction>, NetworkError> {
        let request = self.request("transaction", &["transactions", hash]).of(hash);
        found(self.ask(&request, |received| wire::found(&received.body, hash)).await)
    }

    /// All that is needed to decide what became of an envelope, asked in the order that proves something.
    ///
    /// `hash` is the inner one's, also with a fee bump; `source` is the account whose sequence number it uses.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn look_up(&self, hash: &str, source: &str) -> Result<LookUp, NetworkError> {
        let latest = self.latest_ledger().await?;
        let source = self.account(source).await?.map(|account| account.source);
        let found = self.transaction(hash).await?;
        Ok(LookUp { latest, source, found })
    }

    /// What came after `cursor` to `account` and went from it, oldest first. From the beginning without a cursor.
    ///
    /// # Errors
    /// See [`NetworkError`]. A record that cannot be understood is in the page.
    pub async fn payments(
        &self,
        account: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StreamRecord>, NetworkError> {
        let ask = async |cursor: Option<String>, limit: u32| {
            let mut request = self.payments_of("payments", account, cursor.as_deref());
            request.url.query_pairs_mut().append_pair("limit", &limit.to_string());
            let watched = Watched { network: &self.network, account };
            match self.ask(&request, |received| wire::page(&received.body, watched)).await {
                Err(NetworkError::TooLarge { problem, beginning })
                    if limit == 1 && wire::too_large(&beginning, &problem).is_none() =>
                {
                    let bare = self.without_transaction(account, cursor.as_deref(), &problem).await;
                    bare.ok_or(NetworkError::TooLarge { problem, beginning })
                }
                page => page,
            }
        };
        let limit = limit.clamp(1, PAGE_MAX);
        let place_of = |record: &StreamRecord| record.cursor.clone();
        in_parts(limit, cursor, ask, wire::too_large, place_of).await
    }

    /// The same, as it comes. It ends often, and is then to be opened again behind the last record.
    ///
    /// # Errors
    /// See [`NetworkError`]. It is not tried again here.
    pub async fn stream(
        &self,
        account: &str,
        cursor: Option<&str>,
    ) -> Result<PaymentStream, NetworkError> {
        let request = self.payments_of("stream", account, cursor);
        PaymentStream::open(&self.http, request, &self.network, account).await
    }

    /// How much a claim was, and so the payment that it is.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub async fn claimed(&self, claim: &ReceivedClaim) -> Result<Incoming, NetworkError> {
        let id = claim.operation_id();
        let request = self.request("effects", &["operations", id, "effects"]).of(id);
        self.ask(&request, |received| wire::claimed(&received.body, claim)).await
    }

    /// The transactions of `account` before `cursor`, newest first, those that failed among them.
    ///
    /// # Errors
    /// See [`NetworkError`]. A record that cannot be understood is in the page.
    pub async fn transactions(
        &self,
        account: &str,
        cursor: Option<&str>,
    ) -> Result<Vec<PastRecord>, NetworkError> {
        let path = ["accounts", account, "transactions"];
        let ask = async |cursor: Option<String>, limit: u32| {
            let mut request = self.request("transactions", &path).of(account);
            let limit = limit.to_string();
            let cursor = cursor.as_deref().map(|cursor| ("cursor", cursor));
            let pairs = [("order", "desc"), ("include_failed", "true"), ("limit", limit.as_str())];
            request.url.query_pairs_mut().extend_pairs(pairs.into_iter().chain(cursor));
            self.ask(&request, |received| wire::past(&received.body)).await
        };
        let place_of = |past: &PastRecord| past.paging_token().map(str::to_owned);
        in_parts(PAGE_MAX, cursor, ask, wire::past_too_large, place_of).await
    }

    /// Sends an envelope, once. It must have been stored before: whatever happens here, it may have been taken.
    ///
    /// # Errors
    /// Nobody was there, or this Horizon does not take submissions from us: it was surely not taken by this call.
    pub async fn submit(&self, xdr_base64: &str) -> Result<SubmitAnswer, NetworkError> {
        let mut request = self.request("submit", &["transactions"]).of(xdr_base64);
        request.method = Method::POST;
        request.held = SUBMIT_HELD;
        request.body = Some(form(xdr_base64));
        let unclear = |why: String| Ok(SubmitAnswer::Unclear { why });
        match self.http.once(Call::Operation, &request, None).await {
            Ok(received) => submitted(&received),
            Err(Lost::NotSent(_, why)) => Err(NetworkError::Unavailable(why)),
            Err(Lost::Timeout(after)) => unclear(format!("no whole answer within {after:?}")),
            Err(Lost::Cut(why)) => unclear(why),
            Err(Lost::TooLarge(why, _)) => unclear(why),
        }
    }

    /// The record after `cursor` alone, which is too large with its transaction and does not tell its place: set aside, if it
    /// tells it without. What it carries would be missing, so it is never more.
    async fn without_transaction(
        &self,
        account: &str,
        cursor: Option<&str>,
        problem: &str,
    ) -> Option<Vec<StreamRecord>> {
        let mut request = self.request("payments", &["accounts", account, "payments"]).of(account);
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let pairs = [("order", "asc"), ("limit", "1")].into_iter().chain(cursor);
        request.url.query_pairs_mut().extend_pairs(pairs);
        let read = |received: &Received| {
            let record = wire::too_large(&String::from_utf8_lossy(&received.body), problem);
            record.ok_or_else(|| "the record does not tell its place".to_owned())
        };
        Some(vec![self.ask(&request, read).await.ok()?])
    }

    fn payments_of(&self, endpoint: &'static str, account: &str, cursor: Option<&str>) -> Request {
        let mut request = self.request(endpoint, &["accounts", account, "payments"]).of(account);
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let pairs = [("order", "asc"), ("join", "transactions")].into_iter().chain(cursor);
        request.url.query_pairs_mut().extend_pairs(pairs);
        request
    }

    fn request(&self, endpoint: &'static str, path: &[&str]) -> Request {
        Request::new(endpoint, Method::GET, extended(&self.base, path))
    }

    async fn ask<T: Send>(
        &self,
        request: &Request,
        read: impl Fn(&Received) -> Result<T, String> + Sync,
    ) -> Result<T, NetworkError> {
        self.http.run(Call::Repeatable, request, None, &read).await.map_err(Stop::into_error)
    }
}

/// What does not exist is no error.
fn found<T>(answer: Result<T, NetworkError>) -> Result<Option<T>, NetworkError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(NetworkError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `tx=…`, as a form. Of base64's letters, three mean something else there.
fn form(xdr_base64: &str) -> Body {
    let escaped = xdr_base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let content_type = "application/x-www-form-urlencoded";
    Body { content_type, bytes: format!("tx={escaped}").into_bytes() }
}

/// What an answer to a submission means.
fn submitted(received: &Received) -> Result<SubmitAnswer, NetworkError> {
    let Received { status, body, .. } = received;
    let why = || problem_text(*status, body);
    match status {
        200..=299 | 400 => match wire::submitted(*status, body) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(NetworkError::Refused { status: *status, problem: why() }),
            Err(why) => Ok(SubmitAnswer::Unclear { why }),
        },
        401 => Err(NetworkError::Credentials(why())),
        403 => Err(NetworkError::Forbidden(why())),
        // Not now, or nobody knows.
        408 | 409 | 423 | 425 | 429 => Ok(SubmitAnswer::Unclear { why: why() }),
        404..=499 | 402 => Err(NetworkError::Refused { status: *status, problem: why() }),
        _ => Ok(SubmitAnswer::Unclear { why: why() }),
    }
}
