//! Everything behind the lock, and the answers that need no waiting.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::history::{Header, History};
use super::keys::{Key, hash_of};
use super::ledger::Ledger;
use super::options::{Closing, HorizonRequest, StreamFault, StreamRates, SubmitFault, SubmitRates};
use super::overlap::Overlaps;
use super::problem::Problem;
use super::query::{Cursor, Query, page};
use super::{overview, render, rest};
use crate::Clock;
use crate::HookAnswer;
use crate::faults::{Faults, Reply};
use crate::random::Chance;

/// Violations past this many are counted, and not kept.
const KEPT: usize = 100_000;

/// Called for each request, before and after it is carried out.
pub(super) type Hook = Arc<dyn Fn(&HorizonRequest) -> HookAnswer + Send + Sync>;

/// Changes what is told of a thing.
pub(super) type Distortion = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// An answer: status and JSON.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// What clients did.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) requests: u64,
    pub(super) by_endpoint: BTreeMap<Endpoint, u64>,
    pub(super) answers: BTreeMap<(Endpoint, u16), u64>,
    pub(super) violations: Vec<String>,
    pub(super) violation_count: u64,
    /// Envelopes that were posted, again or for the first time.
    pub(super) submissions: u64,
    pub(super) faults: BTreeMap<String, u64>,
}

impl Record {
    pub(super) fn violation(&mut self, what: String) {
        self.violation_count += 1;
        if self.violations.len() < KEPT {
            self.violations.push(what);
        }
    }
}

/// The simulated network and the Horizon in front of it.
pub(super) struct Network {
    pub(super) clock: Clock,
    pub(super) passphrase: String,
    /// `http://…`, without a slash at the end.
    pub(super) base: String,
    pub(super) closing: Closing,
    pub(super) ledger: Ledger,
    pub(super) faults: Faults<Endpoint>,
    pub(super) submit_rates: SubmitRates,
    pub(super) submit_script: VecDeque<SubmitFault>,
    pub(super) stream_rates: StreamRates,
    pub(super) stream_script: VecDeque<StreamFault>,
    pub(super) chance: Chance,
    pub(super) record: Record,
    pub(super) overlaps: Overlaps,
    pub(super) hook: Option<Hook>,
    /// How long every request takes.
    pub(super) latency: Duration,
    /// Streams that are open now.
    pub(super) streams: usize,
    /// Lists have no entry before this ledger.
    pub(super) elder: u32,
    /// Lists of payments and transactions are so many ledgers behind all else that is told.
    pub(super) list_lag: u32,
    /// Replies to requests about one thing: the endpoint, the thing, how often, and the reply.
    pub(super) aimed: Vec<(Endpoint, String, u32, Reply)>,
    /// Things are told otherwise than they are.
    pub(super) distortion: Option<Distortion>,
}

impl Network {
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// What goes wrong with the next submission.
    pub(super) fn submit_fault(&mut self) -> Option<SubmitFault> {
        let scripted = self.submit_script.pop_front();
        let fault = scripted.or_else(|| self.submit_rates.draw(&mut self.chance))?;
        self.count_fault(&format!("{fault:?}"));
        Some(fault)
    }

    /// What goes wrong with the next stream.
    pub(super) fn stream_fault(&mut self) -> Option<StreamFault> {
        let scripted = self.stream_script.pop_front();
        let fault = scripted.or_else(|| self.stream_rates.draw(&mut self.chance))?;
        let name = format!("{fault:?}");
        self.count_fault(name.split('(').next().unwrap_or_default());
        Some(fault)
    }

    fn count_fault(&mut self, name: &str) {
        *self.record.faults.entry(name.to_owned()).or_default() += 1;
    }

    /// What a request about a thing gets in place of its right answer.
    pub(super) fn reply(&mut self, endpoint: Endpoint, about: Option<&str>) -> Option<Reply> {
        self.aimed.retain(|(_, _, times, _)| *times > 0);
        let mut aimed = self.aimed.iter_mut();
        let aimed =
            aimed.find(|(at, thing, _, _)| *at == endpoint && Some(thing.as_str()) == about);
        let Some((_, _, times, reply)) = aimed else { return self.faults.reply(&endpoint, None) };
        *times -= 1;
        let reply = reply.clone();
        self.faults.note(&reply);
        Some(reply)
    }

    /// Closes a ledger with what waits.
    pub(super) fn close(&mut self) {
        let now = self.now();
        self.ledger.close(now);
    }

    /// Answers a request that reads.
    pub(super) fn answer(
        &mut self,
        endpoint: Endpoint,
        about: Option<&str>,
        path: &str,
        parameters: Option<&[(String, String)]>,
    ) -> Answer {
        let answered = match parameters {
            Some(parameters) => self.read(endpoint, about.unwrap_or_default(), path, parameters),
            None => Err(Problem::bad_request("query", "it cannot be read")),
        };
        match answered {
            Ok(value) => Answer { status: 200, body: value.to_string() },
            Err(problem) => self.refuse(endpoint, &problem),
        }
    }

    /// The answer for a problem; a violation is noted.
    pub(super) fn refuse(&mut self, endpoint: Endpoint, problem: &Problem) -> Answer {
        if problem.violation {
            self.record.violation(format!("{endpoint:?}: {}", problem.told()));
        }
        Answer { status: problem.status, body: problem.body() }
    }

    fn read(
        &mut self,
        endpoint: Endpoint,
        about: &str,
        path: &str,
        parameters: &[(String, String)],
    ) -> Result<Value, Problem> {
        if let Some(list) = List::of(endpoint, about)? {
            let query = Query::read(parameters)?;
            let (records, places) = self.told(list, &query)?;
            return Ok(page(&self.base, path, &query, records, &places));
        }
        if endpoint != Endpoint::Friendbot
            && endpoint != Endpoint::Sandbox
            && let Some((name, _)) = parameters.first()
        {
            return Err(Problem::bad_request(name, "this address takes no parameters"));
        }
        let base = self.base.as_str();
        let ledger = &self.ledger;
        let found = match endpoint {
            Endpoint::Root => Some(overview::root(base, ledger, &self.passphrase, self.elder)),
            Endpoint::FeeStats => Some(overview::fee_stats(ledger)),
            Endpoint::Ledger => {
                let number: u32 = about
                    .parse()
                    .map_err(|_| Problem::bad_request("ledger_id", "it is no number"))?;
                let seen = number <= ledger.visible().sequence;
                let mut ledgers = ledger.history.ledgers.iter();
                let header = ledgers.find(|header| header.sequence == number && seen);
                header.map(|header| overview::ledger(base, header))
            }
            Endpoint::Account => {
                let key = account_key(about)?;
                let seen = ledger.visible();
                let account = ledger.state.account_after(key, seen.sequence);
                account.map(|account| overview::account(base, key, account, seen))
            }
            Endpoint::Transaction => self.transaction(about)?,
            Endpoint::ClaimableBalance => {
                let id = about.strip_prefix("00000000").and_then(hash_of);
                let id = id.ok_or_else(|| Problem::bad_request("id", "it is no balance id"))?;
                let balance = ledger.state.claimable_after(&id, ledger.visible().sequence);
                balance.map(|balance| overview::claimable(base, &id, balance))
            }
            Endpoint::Friendbot => return rest::friendbot(self, parameters),
            Endpoint::Sandbox => return rest::sandbox(self, about, parameters),
            Endpoint::Ledgers
            | Endpoint::AccountPayments
            | Endpoint::AccountTransactions
            | Endpoint::Payments
            | Endpoint::Transactions
            | Endpoint::Submit
            | Endpoint::SubmitAsync
            | Endpoint::Unknown => return Err(Problem::no_such_address()),
        };
        let mut found = found.ok_or_else(Problem::not_found)?;
        self.distort(&mut found);
        Ok(found)
    }

    /// Tells a thing otherwise than it is, if that is wanted.
    fn distort(&self, told: &mut Value) {
        if let Some(distortion) = &self.distortion {
            distortion(told);
        }
    }

    /// The transaction with this hash, once it is found.
    fn transaction(&mut self, about: &str) -> Result<Option<Value>, Problem> {
        let hash = hash_of(about).ok_or_else(|| Problem::bad_request("tx_id", "it is no hash"))?;
        let found = self.ledger.found(&hash);
        let told = found.map(|applied| render::transaction_by(&self.base, applied, hash));
        if told.is_none() && self.ledger.seen(&hash).is_some() {
            self.count_fault("FoundLate");
        }
        Ok(told)
    }

    /// The records of a list that Horizon knows, from the cursor on, as it tells them; and where each stands.
    pub(super) fn told(
        &self,
        list: List,
        query: &Query,
    ) -> Result<(Vec<Value>, Vec<String>), Problem> {
        let mut records = self.list(list, query)?;
        let token = |record: &Value| record["paging_token"].as_str().unwrap_or_default().to_owned();
        let places = records.iter().map(token).collect();
        for record in &mut records {
            self.distort(record);
        }
        Ok((records, places))
    }

    /// The same as they are.
    pub(super) fn list(&self, list: List, query: &Query) -> Result<Vec<Value>, Problem> {
        let (base, ledger) = (self.base.as_str(), &self.ledger);
        let history = &ledger.history;
        let end = ledger.horizon_end();
        let behind = u64::from(self.list_lag) << 32;
        let end = if list == List::Ledgers { end } else { end.saturating_sub(behind) };
        let elder = u64::from(self.elder) << 32;
        let (mut after, mut before) = (0, end);
        match (query.cursor, query.ascending) {
            (Cursor::None, _) => {}
            (Cursor::Now, true) => after = end,
            (Cursor::Now, false) => {}
            (Cursor::At(token), true) => after = token,
            (Cursor::At(token), false) => before = token.min(end),
        }
        if matches!(query.cursor, Cursor::At(token) if token < elder) {
            return Err(Problem::before_history());
        }
        after = after.max(elder.saturating_sub(1));
        let part = |list: &'_ [usize], token: &dyn Fn(usize) -> u64| {
            History::between(list, token, after, before)
        };
        let in_order = |range: Range<usize>| {
            let (start, end) = (range.start, range.end);
            range.map(move |at| if query.ascending { at } else { start + end - 1 - at })
        };
        Ok(match list {
            List::Payments(of) => {
                let all = history.payments(of);
                in_order(part(all, &|index| history.moved[index].toid))
                    .take(query.limit)
                    .map(|at| &history.moved[all[at]])
                    .map(|moved| render::payment(base, ledger, moved, query.join))
                    .collect()
            }
            List::Transactions(of) => {
                let all = history.transactions(of);
                in_order(part(all, &|index| history.transactions[index].toid))
                    .map(|at| &history.transactions[all[at]])
                    .filter(|applied| applied.successful || query.include_failed)
                    .take(query.limit)
                    .map(|applied| render::transaction(base, applied))
                    .collect()
            }
            List::Ledgers => {
                let token = |header: &Header| u64::from(header.sequence) << 32;
                let all = &history.ledgers;
                let start = all.partition_point(|header| token(header) <= after);
                let end = all.partition_point(|header| token(header) < before);
                in_order(start..end.max(start))
                    .take(query.limit)
                    .map(|at| overview::ledger(base, &all[at]))
                    .collect()
            }
        })
    }
}

/// A list that can be read in pages and as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Payments(Option<Key>),
    Transactions(Option<Key>),
    Ledgers,
}

impl List {
    /// Nothing, if the endpoint is no list.
    pub(super) fn of(endpoint: Endpoint, about: &str) -> Result<Option<Self>, Problem> {
        Ok(match endpoint {
            Endpoint::AccountPayments => Some(Self::Payments(Some(account_key(about)?))),
            Endpoint::AccountTransactions => Some(Self::Transactions(Some(account_key(about)?))),
            Endpoint::Payments => Some(Self::Payments(None)),
            Endpoint::Transactions => Some(Self::Transactions(None)),
            Endpoint::Ledgers => Some(Self::Ledgers),
            Endpoint::Root
            | Endpoint::FeeStats
            | Endpoint::Ledger
            | Endpoint::Account
            | Endpoint::Transaction
            | Endpoint::Submit
            | Endpoint::SubmitAsync
            | Endpoint::ClaimableBalance
            | Endpoint::Friendbot
            | Endpoint::Sandbox
            | Endpoint::Unknown => None,
        })
    }
}

fn account_key(text: &str) -> Result<Key, Problem> {
    text.parse().map_err(|()| Problem::bad_request("account_id", "it is no account id"))
}
