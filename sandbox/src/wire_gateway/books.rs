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
    MALFORMED, NO_SUCH_ENDPOINT, NO_SUCH_TRANSFER, Problem, RESERVE_REUSED, UNKNOWN_CREDITOR,
};
use super::query::Range;
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
    /// Row ids of what comes in.
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
        let endpoint = asked.endpoint;
        if endpoint != GatewayEndpoint::Config || self.quirks.auth_on_config {
            auth::check(&self.auth, asked.header("authorization"))?;
        }
        let now = asked.now;
        self.transfers.advance(now);
        match endpoint {
            GatewayEndpoint::Config => Ok(Told::Body(self.config())),
            GatewayEndpoint::Transfer => self.transfer(asked.body, now),
            // Older gateways do not have it.
            GatewayEndpoint::TransferById if self.protocol.current < 3 => Err(nothing_at(asked)),
            GatewayEndpoint::TransferById => self.look_up(asked.uri.path(), now),
            GatewayEndpoint::Incoming => {
                let range = Range::read(asked.uri, self.names)?;
                Ok(self.list_incoming(range))
            }
            GatewayEndpoint::AddIncoming => {
                let credit = reading::add_incoming(asked.body, &self.currency)?;
                if self.reserves.contains(&credit.key) {
                    let what = "money has come in for this reserve before".to_owned();
                    return Err(RESERVE_REUSED.of(what));
                }
                let row_id = self.credit(CreditKind::Reserve, credit, None, now);
                Ok(Told::Body(json!({"timestamp": time(now), "row_id": row_id})))
            }
            GatewayEndpoint::Unknown => Err(nothing_at(asked)),
        }
    }

    fn config(&self) -> Value {
        let Protocol { current, revision, age } = self.protocol;
        json!({
            "name": "taler-wire-gateway",
            "version": format!("{current}:{revision}:{age}"),
            "currency": self.currency,
            "implementation": "urn:railpoll:sandbox",
        })
    }

    fn transfer(&mut self, body: &[u8], now: DateTime<Utc>) -> Result<Told, Problem> {
        let order = reading::transfer(body, &self.currency, self.protocol.current)?;
        if self.missing.contains(&order.credit_account) {
            let what = format!("there is no account {}", order.credit_account);
            return Err(UNKNOWN_CREDITOR.of(what));
        }
        self.transfers.order(order, now).map(Told::Body)
    }

    fn look_up(&mut self, path: &str, now: DateTime<Utc>) -> Result<Told, Problem> {
        let text = endpoint::row(path).unwrap_or_default();
        let row_id: u64 =
            text.parse().map_err(|_| MALFORMED.of(format!("row_id [{text}] is no number")))?;
        let told = self.transfers.look_up(row_id, now);
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

    fn most(&self) -> usize {
        if self.quirks.page == 0 { PAGE } else { self.quirks.page }
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
        match told {
            Told::Body(body) => Outcome::Answer(Answer::ok(body.to_string())),
            Told::Wait(range) if range.ascending && !asked.waited && !range.patience.is_zero() => {
                Outcome::Wait(range.patience)
            }
            Told::Wait(_) if self.quirks.empty_lists => {
                Outcome::Answer(Answer::ok(json!({ "incoming_transactions": [] }).to_string()))
            }
            Told::Wait(_) => Outcome::Answer(Answer { status: 204, body: String::new() }),
        }
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
        endpoint == GatewayEndpoint::AddIncoming
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
