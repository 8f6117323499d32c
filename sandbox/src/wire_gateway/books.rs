//! The gateway itself: what it answers, from its books.

use std::collections::HashSet;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::amount::{Amount, units};
use super::endpoint::{self, GatewayEndpoint};
use super::history::{CreditKind, Incoming, RowIds, Rows, time};
use super::options::{GatewayAuth, GatewayOptions, GatewayQuirks, ParameterNames, Protocol};
use super::problem::{
    MALFORMED, MISSING, NO_SUCH_ENDPOINT, NO_SUCH_TRANSFER, Problem, RESERVE_REUSED,
    UNKNOWN_ACCOUNT, UNKNOWN_CREDITOR,
};
use super::query::{List, Range, parameters};
use super::reading::{self, Credit};
use super::transfers::Transfers;
use super::{auth, base32};
use crate::service::{Answer, Asked, Log, Outcome, Simulation};

/// The account that the gateway is for.
pub(super) const ACCOUNT: &str = "payto://x-taler-bank/localhost/exchange?receiver-name=Exchange";

/// The most rows in one answer, unless another number is asked for.
const PAGE: usize = 1024;

/// What a call comes to: an answer, or nothing to tell for so long as the client waits.
enum Told {
    Body(Value),
    /// 204, or an empty list of this name.
    Nothing(&'static str),
    /// Nothing yet.
    Wait(Range),
}

/// The books of a Taler wire gateway.
#[derive(Debug)]
pub struct GatewayBooks {
    log: Log<GatewayEndpoint>,
    pub(super) currency: String,
    protocol: Protocol,
    names: ParameterNames,
    /// Whom it lets in.
    pub auth: GatewayAuth,
    /// Its peculiarities.
    pub quirks: GatewayQuirks,
    pub(super) transfers: Transfers,
    pub(super) incoming: Rows<Incoming>,
    pub(super) received: u128,
    /// Row ids of what comes in and what goes out: one sequence.
    pub(super) history: RowIds,
    /// Keys of reserves that money came in for.
    reserves: HashSet<[u8; 32]>,
    /// Accounts that there are not.
    pub(super) missing: HashSet<String>,
}

impl GatewayBooks {
    /// # Errors
    ///
    /// When the balance is no amount.
    pub(super) fn new(options: &GatewayOptions) -> Result<Self, String> {
        let balance = options
            .balance
            .as_deref()
            .map(|text| units(text).ok_or_else(|| format!("the balance [{text}] is no amount")));
        Ok(Self {
            log: Log::default(),
            currency: options.currency.clone(),
            protocol: options.protocol,
            names: options.names,
            auth: options.auth.clone(),
            quirks: options.quirks.clone(),
            transfers: Transfers::new(
                options.stages.clone(),
                balance.transpose()?,
                options.seed ^ 2,
            ),
            incoming: Rows::default(),
            received: 0,
            history: RowIds::new(100, options.seed ^ 3),
            reserves: HashSet::new(),
            missing: HashSet::new(),
        })
    }

    fn call(&mut self, asked: &Asked<'_, GatewayEndpoint>) -> Result<Told, Problem> {
        let endpoint = self.spoken(asked)?;
        if endpoint != GatewayEndpoint::Config || self.quirks.auth_on_config {
            auth::check(&self.auth, asked.header("authorization"))?;
        }
        let now = asked.now;
        self.transfers.advance(now, &mut self.history);
        match endpoint {
            GatewayEndpoint::Config => Ok(Told::Body(self.config())),
            GatewayEndpoint::Transfer => self.transfer(asked.body, now),
            GatewayEndpoint::Transfers => self.list_transfers(asked),
            GatewayEndpoint::TransferById => self.look_up(asked.uri.path(), now),
            GatewayEndpoint::Incoming => {
                let range = Range::read(asked.uri, List::History(self.names))?;
                Ok(self.list_incoming(range))
            }
            GatewayEndpoint::Outgoing => {
                let range = Range::read(asked.uri, List::History(self.names))?;
                Ok(self.list_outgoing(range))
            }
            GatewayEndpoint::AccountCheck => self.check_account(asked),
            GatewayEndpoint::AddIncoming => {
                let credit = reading::add_incoming(asked.body, &self.currency)?;
                if self.reserves.contains(&credit.key) {
                    let what = "money has come in for this reserve before".to_owned();
                    return Err(RESERVE_REUSED.of(what));
                }
                Ok(self.credited(CreditKind::Reserve, credit, now))
            }
            GatewayEndpoint::AddKycauth => {
                let credit = reading::add_kycauth(asked.body, &self.currency)?;
                Ok(self.credited(CreditKind::KycAuth, credit, now))
            }
            GatewayEndpoint::Unknown => Err(nothing_at(asked)),
        }
    }

    /// The endpoint, if this version of the protocol has it.
    fn spoken(&self, asked: &Asked<'_, GatewayEndpoint>) -> Result<GatewayEndpoint, Problem> {
        let since = match asked.endpoint {
            GatewayEndpoint::Transfers | GatewayEndpoint::TransferById => 3,
            GatewayEndpoint::AccountCheck => 4,
            GatewayEndpoint::Config
            | GatewayEndpoint::Transfer
            | GatewayEndpoint::Incoming
            | GatewayEndpoint::Outgoing
            | GatewayEndpoint::AddIncoming
            | GatewayEndpoint::AddKycauth
            | GatewayEndpoint::Unknown => 0,
        };
        if self.protocol.current < since { Err(nothing_at(asked)) } else { Ok(asked.endpoint) }
    }

    fn config(&self) -> Value {
        let Protocol { current, revision, age } = self.protocol;
        let mut config = json!({
            "name": "taler-wire-gateway",
            "version": format!("{current}:{revision}:{age}"),
            "currency": self.currency,
            "implementation": "urn:railpoll:sandbox",
        });
        if current >= 4 {
            config["support_account_check"] = true.into();
        }
        config
    }

    fn transfer(&mut self, body: &[u8], now: DateTime<Utc>) -> Result<Told, Problem> {
        let order = reading::transfer(body, &self.currency, self.protocol.current)?;
        if self.missing.contains(&order.credit_account) {
            let what = format!("there is no account {}", order.credit_account);
            return Err(UNKNOWN_CREDITOR.of(what));
        }
        self.transfers.order(order, now, &mut self.history).map(Told::Body)
    }

    fn list_transfers(&mut self, asked: &Asked<'_, GatewayEndpoint>) -> Result<Told, Problem> {
        let range = Range::read(asked.uri, List::Transfers)?;
        let most = self.most();
        let found = self.transfers.list(&range, most, asked.now, &mut self.history);
        if found.is_empty() {
            return Ok(Told::Nothing("transfers"));
        }
        Ok(Told::Body(json!({"transfers": found, "debit_account": ACCOUNT})))
    }

    fn look_up(&mut self, path: &str, now: DateTime<Utc>) -> Result<Told, Problem> {
        let text = endpoint::row(path).unwrap_or_default();
        let row_id: u64 =
            text.parse().map_err(|_| MALFORMED.of(format!("row_id [{text}] is no number")))?;
        let told = self.transfers.look_up(row_id, now, &mut self.history);
        told.map(Told::Body)
            .ok_or_else(|| NO_SUCH_TRANSFER.of(format!("there is no transfer {row_id}")))
    }

    fn list_incoming(&self, range: Range) -> Told {
        let found = self.incoming.range(&range, self.most());
        if found.is_empty() {
            return Told::Wait(range);
        }
        let rows: Vec<Value> = found.iter().map(|(row_id, row)| row.json(*row_id)).collect();
        Told::Body(json!({"incoming_transactions": rows, "credit_account": ACCOUNT}))
    }

    fn list_outgoing(&self, range: Range) -> Told {
        let found = self.transfers.outgoing.range(&range, self.most());
        if found.is_empty() {
            return Told::Wait(range);
        }
        let rows: Vec<Value> = found
            .iter()
            .filter_map(|(row_id, row)| self.transfers.outgoing_json(*row_id, row))
            .collect();
        Told::Body(json!({"outgoing_transactions": rows, "debit_account": ACCOUNT}))
    }

    fn most(&self) -> usize {
        if self.quirks.page == 0 { PAGE } else { self.quirks.page }
    }

    fn check_account(&self, asked: &Asked<'_, GatewayEndpoint>) -> Result<Told, Problem> {
        let mut told = parameters(asked.uri)?;
        let account = told.remove("account").ok_or_else(|| MISSING.of("account is missing"))?;
        let account = reading::payto(account)?;
        if self.missing.contains(&account) {
            return Err(UNKNOWN_ACCOUNT.of(format!("there is no account {account}")));
        }
        Ok(Told::Body(json!({})))
    }

    fn credited(&mut self, kind: CreditKind, credit: Credit, now: DateTime<Utc>) -> Told {
        let row_id = self.credit(kind, credit, None, now);
        Told::Body(json!({"timestamp": time(now), "row_id": row_id}))
    }

    /// Money comes in. Nothing is refused here: what others do is not the account's choice.
    pub(super) fn credit(
        &mut self,
        kind: CreditKind,
        credit: Credit,
        fee: Option<Amount>,
        now: DateTime<Utc>,
    ) -> u64 {
        let row_id = self.history.next();
        self.received += credit.amount.units;
        if kind == CreditKind::Reserve {
            self.reserves.insert(credit.key);
        }
        let row = Incoming {
            kind,
            at: now,
            amount: credit.amount,
            fee,
            key: base32::encode(&credit.key),
            debit_account: credit.debit_account,
        };
        self.incoming.push(row_id, row);
        row_id
    }

    fn told(&self, told: Told, asked: &Asked<'_, GatewayEndpoint>) -> Outcome<Self> {
        let list = match told {
            Told::Body(body) => return Outcome::Answer(Answer::ok(body.to_string())),
            Told::Nothing(list) => list,
            Told::Wait(range) => {
                let may_wait = range.ascending && !asked.waited && !self.quirks.no_long_polls;
                if may_wait && !range.patience.is_zero() {
                    return Outcome::Wait(range.patience);
                }
                let incoming = asked.endpoint == GatewayEndpoint::Incoming;
                if incoming { "incoming_transactions" } else { "outgoing_transactions" }
            }
        };
        Outcome::Answer(if self.quirks.empty_lists {
            Answer::ok(json!({ list: [] }).to_string())
        } else {
            Answer { status: 204, body: String::new() }
        })
    }
}

fn nothing_at(asked: &Asked<'_, GatewayEndpoint>) -> Problem {
    NO_SUCH_ENDPOINT.of(format!("there is nothing at {}", asked.uri.path()))
}

impl Simulation for GatewayBooks {
    type Endpoint = GatewayEndpoint;
    type Held = ();

    fn endpoint(method: &Method, path: &str) -> GatewayEndpoint {
        GatewayEndpoint::of(method, path)
    }

    fn spared(endpoint: GatewayEndpoint) -> bool {
        matches!(endpoint, GatewayEndpoint::AddIncoming | GatewayEndpoint::AddKycauth)
    }

    fn subjects(request: &Asked<'_, GatewayEndpoint>) -> Vec<String> {
        let row = endpoint::row(request.uri.path()).map(str::to_owned);
        row.into_iter().chain(reading::ids(request.body)).collect()
    }

    fn answer(&mut self, request: &Asked<'_, GatewayEndpoint>, (): &mut ()) -> Outcome<Self> {
        match self.call(request) {
            Ok(told) => self.told(told, request),
            Err(problem) => {
                if problem.is_violation() {
                    self.log.violation(request.endpoint, &problem.detail);
                }
                Outcome::Answer(problem.answer())
            }
        }
    }

    fn log(&mut self) -> &mut Log<GatewayEndpoint> {
        &mut self.log
    }

    fn news(&self) -> u64 {
        self.history.last()
    }
}
