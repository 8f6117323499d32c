//! The bank itself: what it answers, from its books.

use axum::http::Method;
use serde_json::{Value, json};

use super::deposits::Deposits;
use super::endpoint::BankEndpoint;
use super::money::Currencies;
use super::options::{BankOptions, BankQuirks};
use super::payouts::{Ordered, Payouts};
use super::signature::Secret;
use super::{admin, reading};
use crate::random::Chance;
use crate::service::{Answer, Asked, Log, Outcome, Simulation};

/// The books of a bank that speaks railpoll's http contract, version 1.
#[derive(Debug)]
pub struct BankBooks {
    log: Log<BankEndpoint>,
    pub(super) secret: Secret,
    pub(super) currencies: Currencies,
    pub(super) deposits: Deposits,
    pub(super) payouts: Payouts,
    /// Its peculiarities.
    pub quirks: BankQuirks,
}

/// Why a request is refused. Each of them is a violation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: u16,
    code: &'static str,
    reason: String,
}

impl Problem {
    /// 400: the request is not as the contract has it.
    pub(super) fn malformed(reason: String) -> Self {
        Self { status: 400, code: "malformed", reason }
    }

    fn answer(&self) -> Answer {
        let body = json!({"code": self.code, "reason": self.reason}).to_string();
        Answer { status: self.status, body }
    }
}

impl BankBooks {
    pub(super) fn new(options: &BankOptions) -> Self {
        let mut chance = Chance::new(options.seed ^ 0xBA4C);
        let secret: Vec<u8> = (0..4).flat_map(|_| chance.next().to_be_bytes()).collect();
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&secret);
        Self {
            log: Log::default(),
            secret: Secret::new(bytes),
            currencies: Currencies::new(options.currencies.clone()),
            deposits: Deposits::new(options.customers.clone(), options.seed ^ 2),
            payouts: Payouts::new(
                options.course.clone(),
                options.courses.clone(),
                options.seed ^ 3,
            ),
            quirks: options.quirks.clone(),
        }
    }

    fn call(&mut self, asked: &Asked<'_, BankEndpoint>) -> Result<String, Problem> {
        match asked.endpoint {
            BankEndpoint::Config => {
                self.check(asked)?;
                let codes: Vec<&str> = self.currencies.codes().collect();
                let config = json!({"name": "railpoll-rail", "version": 1, "currencies": codes});
                Ok(config.to_string())
            }
            BankEndpoint::DepositsLookup => {
                self.check(asked)?;
                self.look_up_deposits(asked.body)
            }
            BankEndpoint::Payouts => {
                self.check(asked)?;
                self.pay_out(asked)
            }
            BankEndpoint::PayoutsLookup => {
                self.check(asked)?;
                self.look_up_payouts(asked)
            }
            BankEndpoint::AdminReceive
            | BankEndpoint::AdminAnnounce
            | BankEndpoint::AdminFail
            | BankEndpoint::AdminBooks => admin::answer(self, asked),
            BankEndpoint::Unknown => {
                let reason = format!("there is nothing at {}", asked.uri.path());
                Err(Problem { status: 404, code: "not_found", reason })
            }
        }
    }

    /// What every call of the contract must be like.
    fn check(&self, asked: &Asked<'_, BankEndpoint>) -> Result<(), Problem> {
        self.secret.check(asked.headers, asked.body, asked.now).map_err(|reason| Problem {
            status: 401,
            code: "signature",
            reason,
        })?;
        if let Some(query) = asked.uri.query() {
            return Err(Problem::malformed(format!("no call takes parameters: [{query}]")));
        }
        let json = asked.header("content-type").unwrap_or_default();
        if !asked.body.is_empty() && json.split(';').next() != Some("application/json") {
            return Err(Problem::malformed(format!("Content-Type is [{json}]")));
        }
        Ok(())
    }

    fn look_up_deposits(&mut self, body: &[u8]) -> Result<String, Problem> {
        let expected = reading::deposits(body, &self.currencies).map_err(Problem::malformed)?;
        let mut found = Vec::with_capacity(expected.len());
        for deposit in &expected {
            let one = self.deposits.look_up(deposit, &self.currencies);
            if one.known || !self.quirks.leave_out_unknown {
                found.push(self.dressed(one.answer));
            }
        }
        Ok(json!({ "deposits": found }).to_string())
    }

    fn look_up_payouts(&mut self, asked: &Asked<'_, BankEndpoint>) -> Result<String, Problem> {
        let keys = reading::keys(asked.body).map_err(Problem::malformed)?;
        let mut found = Vec::with_capacity(keys.len());
        for key in &keys {
            let told = match &self.quirks.cannot_tell {
                Some(reason) => {
                    Some(json!({"key": key, "status": "cannot_tell", "reason": reason}))
                }
                None => self.payouts.look_up(key, asked.now, &self.currencies),
            };
            match told {
                Some(told) => found.push(self.dressed(told)),
                None if self.quirks.leave_out_unknown => {}
                None => found.push(json!({"key": key, "status": "not_received"})),
            }
        }
        Ok(json!({ "payouts": found }).to_string())
    }

    fn pay_out(&mut self, asked: &Asked<'_, BankEndpoint>) -> Result<String, Problem> {
        let header = asked.header("idempotency-key");
        let (key, order) =
            reading::payout(asked.body, header, &self.currencies).map_err(Problem::malformed)?;
        let about = format!("the key {key} was used for another payout than this one");
        match self.payouts.order(key, order, asked.now, &self.currencies) {
            Ordered::Answer(answer) => Ok(answer),
            Ordered::OtherOrder => Err(Problem { status: 409, code: "key_reused", reason: about }),
        }
    }

    /// Adds what the contract does not name, where it is asked for.
    fn dressed(&self, mut answer: Value) -> Value {
        if self.quirks.extra_fields {
            answer["branch"] = json!({"name": "Loopback", "number": 127});
        }
        answer
    }
}

impl Simulation for BankBooks {
    type Endpoint = BankEndpoint;
    type Held = ();

    fn endpoint(method: &Method, path: &str) -> BankEndpoint {
        BankEndpoint::of(method, path)
    }

    fn spared(endpoint: BankEndpoint) -> bool {
        use BankEndpoint::{AdminAnnounce, AdminBooks, AdminFail, AdminReceive};
        matches!(endpoint, AdminReceive | AdminAnnounce | AdminFail | AdminBooks)
    }

    fn subjects(request: &Asked<'_, BankEndpoint>) -> Vec<String> {
        reading::ids(request.body)
    }

    fn answer(&mut self, request: &Asked<'_, BankEndpoint>, (): &mut ()) -> Outcome<Self> {
        Outcome::Answer(match self.call(request) {
            Ok(body) => Answer::ok(body),
            Err(problem) => {
                self.log.violation(request.endpoint, &problem.reason);
                problem.answer()
            }
        })
    }

    fn log(&mut self) -> &mut Log<BankEndpoint> {
        &mut self.log
    }
}
