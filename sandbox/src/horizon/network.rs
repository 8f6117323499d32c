//! Everything behind the lock, and the answer to each request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::endpoint::HorizonEndpoint;
use super::keys::{Key, hash_of};
use super::ledger::Ledger;
use super::list::List;
use super::options::{Closing, StreamFault, StreamRates, SubmitFault, SubmitRates};
use super::overlap::Overlaps;
use super::problem::Problem;
use super::query::{Query, page};
use super::submit::Submission;
use super::{overview, render, rest};
use crate::random::Chance;
use crate::service::{Answer, Asked, Log, Outcome, Simulation};

/// Changes what is told of a thing.
pub(super) type Distortion = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// The simulated network and the Horizon in front of it. What can be changed while it runs is public.
pub struct HorizonNetwork {
    /// The ledger behind it.
    pub ledger: Ledger,
    /// When ledgers close. [`Closing::Every`] has an effect only if the sandbox was started with it.
    pub closing: Closing,
    /// How long `POST /transactions` waits for the ledger before it answers 504.
    pub submit_timeout: Duration,
    /// How long a stream lives before it ends with `byebye`.
    pub stream_lifetime: Duration,
    /// After how long a client is told to open a broken stream again.
    pub stream_retry: Duration,
    /// Faults of submissions by chance.
    pub submit_faults: SubmitRates,
    /// Faults of streams by chance.
    pub stream_faults: StreamRates,
    /// Horizon forgets what was before this ledger: an older cursor gets 410.
    pub elder: u32,
    /// Lists of payments and transactions, and the streams of them, are so many ledgers behind all else that is told: so
    /// it is where one address has several servers, and lists come from one that is behind.
    pub list_lag: u32,
    pub(super) passphrase: String,
    /// `http://…`, without a slash at the end.
    pub(super) base: String,
    pub(super) submit_script: VecDeque<SubmitFault>,
    pub(super) stream_script: VecDeque<StreamFault>,
    pub(super) chance: Chance,
    pub(super) log: Log<HorizonEndpoint>,
    /// Envelopes that were posted, again or for the first time.
    pub(super) submissions: u64,
    pub(super) overlaps: Overlaps,
    /// Streams that are open now.
    pub(super) streams: usize,
    /// Things are told otherwise than they are.
    pub(super) distortion: Option<Distortion>,
}

impl HorizonNetwork {
    /// Everything is gone, as when a test network is reset: ledgers count from 2, and cursors lie beyond the end.
    pub fn reset(&mut self, now: DateTime<Utc>) {
        self.ledger.reset(now);
        self.overlaps = Overlaps::default();
        self.elder = 0;
    }

    /// What goes wrong with the next submission.
    pub(super) fn submit_fault(&mut self) -> Option<SubmitFault> {
        let scripted = self.submit_script.pop_front();
        let fault = scripted.or_else(|| self.submit_faults.draw(&mut self.chance))?;
        self.log.fault(&format!("{fault:?}"));
        Some(fault)
    }

    /// What goes wrong with the next stream.
    pub(super) fn stream_fault(&mut self) -> Option<StreamFault> {
        let scripted = self.stream_script.pop_front();
        let fault = scripted.or_else(|| self.stream_faults.draw(&mut self.chance))?;
        let name = format!("{fault:?}");
        self.log.fault(name.split('(').next().unwrap_or_default());
        Some(fault)
    }

    /// The answer for a problem; a violation is noted.
    pub(super) fn refuse(&mut self, endpoint: HorizonEndpoint, problem: &Problem) -> Answer {
        if problem.violation {
            self.log.violation(endpoint, &problem.told());
        }
        problem.answer()
    }

    fn look(&mut self, asked: &Asked<'_, HorizonEndpoint>, about: &str) -> Result<Value, Problem> {
        let parameters =
            asked.parameters().ok_or_else(|| Problem::bad_request("query", "it cannot be read"))?;
        if let Some(list) = List::of(asked.endpoint, about)? {
            let query = Query::read(&parameters)?;
            let (records, places) = self.told(list, &query)?;
            return Ok(page(&self.base, asked.uri.path(), &query, records, &places));
        }
        if asked.endpoint == HorizonEndpoint::Friendbot {
            return rest::friendbot(self, &parameters);
        }
        if asked.endpoint == HorizonEndpoint::Sandbox {
            return rest::sandbox(self, about, &parameters, asked.now);
        }
        if let Some((name, _)) = parameters.first() {
            return Err(Problem::bad_request(name, "this address takes no parameters"));
        }
        let mut found = self.find(asked.endpoint, about)?.ok_or_else(Problem::not_found)?;
        self.distort_one(&mut found);
        Ok(found)
    }

    /// One thing, if Horizon knows it.
    fn find(&mut self, endpoint: HorizonEndpoint, about: &str) -> Result<Option<Value>, Problem> {
        let (base, ledger) = (self.base.as_str(), &self.ledger);
        let seen = ledger.visible();
        match endpoint {
            HorizonEndpoint::Root => {
                Ok(Some(overview::root(base, ledger, &self.passphrase, self.elder)))
            }
            HorizonEndpoint::FeeStats => Ok(Some(overview::fee_stats(ledger))),
            HorizonEndpoint::Account => {
                let key = account_key(about)?;
                let account = ledger.state.account_after(key, seen.sequence);
                Ok(account.map(|account| overview::account(base, key, account, seen)))
            }
            HorizonEndpoint::Transaction => self.transaction(about),
            HorizonEndpoint::ClaimableBalance => {
                let id = about.strip_prefix("00000000").and_then(hash_of);
                let id = id.ok_or_else(|| Problem::bad_request("id", "it is no balance id"))?;
                let balance = ledger.state.claimable_after(&id, seen.sequence);
                Ok(balance.map(|balance| overview::claimable(base, &id, balance)))
            }
            HorizonEndpoint::Ledgers
            | HorizonEndpoint::AccountPayments
            | HorizonEndpoint::AccountTransactions
            | HorizonEndpoint::Submit
            | HorizonEndpoint::SubmitAsync
            | HorizonEndpoint::Friendbot
            | HorizonEndpoint::Sandbox
            | HorizonEndpoint::Unknown => Err(Problem::no_such_address()),
        }
    }

    /// Tells a thing otherwise than it is, if that is wanted.
    pub(super) fn distort_one(&self, told: &mut Value) {
        if let Some(distortion) = &self.distortion {
            distortion(told);
        }
    }

    /// The transaction with this hash, once it is found.
    fn transaction(&mut self, about: &str) -> Result<Option<Value>, Problem> {
        let hash = hash_of(about).ok_or_else(|| Problem::bad_request("tx_id", "it is no hash"))?;
        let found = self.ledger.found(&hash);
        let told = found.map(|applied| render::transaction(&self.base, applied, hash));
        if told.is_none() && self.ledger.seen(&hash).is_some() {
            self.log.fault("FoundLate");
        }
        Ok(told)
    }
}

impl Simulation for HorizonNetwork {
    type Endpoint = HorizonEndpoint;
    type Held = Option<Submission>;

    fn endpoint(method: &Method, path: &str) -> HorizonEndpoint {
        HorizonEndpoint::of(method, path).0
    }

    fn spared(endpoint: HorizonEndpoint) -> bool {
        // Those who steer must be able to.
        matches!(endpoint, HorizonEndpoint::Sandbox | HorizonEndpoint::Friendbot)
    }

    fn subjects(asked: &Asked<'_, HorizonEndpoint>) -> Vec<String> {
        about(asked).map(str::to_owned).into_iter().collect()
    }

    fn answer(
        &mut self,
        asked: &Asked<'_, HorizonEndpoint>,
        held: &mut Option<Submission>,
    ) -> Outcome<Self> {
        let about = about(asked).unwrap_or_default();
        if matches!(asked.endpoint, HorizonEndpoint::Submit | HorizonEndpoint::SubmitAsync) {
            return self.submit(asked, held);
        }
        if asked.header("accept").is_some_and(|accept| accept.contains("text/event-stream"))
            && let Ok(Some(list)) = List::of(asked.endpoint, about)
        {
            return match self.open(asked, list) {
                Ok(stream) => Outcome::Feed(Box::new(stream)),
                Err(problem) => Outcome::Answer(self.refuse(asked.endpoint, &problem)),
            };
        }
        Outcome::Answer(match self.look(asked, about) {
            Ok(value) => Answer::ok(value.to_string()),
            Err(problem) => self.refuse(asked.endpoint, &problem),
        })
    }

    fn log(&mut self) -> &mut Log<HorizonEndpoint> {
        &mut self.log
    }

    fn news(&self) -> u64 {
        self.ledger.news
    }

    fn touched(&mut self) {
        self.ledger.ingest();
    }

    /// Who has asked for a transaction, and hears the answer, knows that it is applied.
    ///
    /// Lists do not count: they tell whoever watches an account, and not who waits for a transaction.
    fn goes_out(&mut self, endpoint: HorizonEndpoint, answer: &Answer) {
        if answer.status != 200
            || !matches!(endpoint, HorizonEndpoint::Submit | HorizonEndpoint::Transaction)
        {
            return;
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let hash = body["hash"].as_str().and_then(hash_of);
        let applied = hash.and_then(|hash| self.ledger.history.find(&hash));
        if let Some(applied) = applied.filter(|applied| applied.successful) {
            self.overlaps.tell(&applied.envelope.inner_hash);
        }
    }

    fn dress(status: u16, headers: &mut Vec<(String, String)>, body: &mut String) {
        if status == 429 {
            let wait = headers.iter().find(|(name, _)| name == "Retry-After");
            let wait = wait.map_or_else(|| "1".to_owned(), |(_, wait)| wait.clone());
            let limits = [("Limit", "3600"), ("Remaining", "0"), ("Reset", wait.as_str())];
            headers.extend(
                limits.map(|(name, value)| (format!("X-RateLimit-{name}"), value.to_owned())),
            );
        }
        if body.is_empty() {
            *body = Problem::of_status(status).body();
        }
    }

    fn media_type(status: u16) -> &'static str {
        if status < 400 { "application/hal+json" } else { "application/problem+json" }
    }

    fn clear_scripts(&mut self) {
        self.submit_script.clear();
        self.stream_script.clear();
    }
}

/// What the path names: an account, a hash.
fn about<'a>(asked: &Asked<'a, HorizonEndpoint>) -> Option<&'a str> {
    // The method does not matter for that.
    let path = asked.uri.path();
    let (_, by_get) = HorizonEndpoint::of(&Method::GET, path);
    by_get
}

pub(super) fn account_key(text: &str) -> Result<Key, Problem> {
    text.parse().map_err(|()| Problem::bad_request("account_id", "it is no account id"))
}
