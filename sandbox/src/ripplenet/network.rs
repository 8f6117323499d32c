//! The network itself: everything behind the lock, and the answer to each request.

use std::collections::BTreeSet;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::books::{Books, step};
use super::calls::Calls;
use super::endpoint::{Endpoint, id};
use super::envelope::envelope;
use super::list;
use super::moves::{Operation, PaymentState};
use super::options::Quirks;
use super::partner::Automation;
use super::payment::Payment;
use super::problem::Problem;
use super::query::Query;
use super::render::{Renderer, Style};
use crate::random::Chance;
use crate::service::{Answer, Asked, Log, Outcome, Simulation};
use crate::tokens::{Bearer, Tokens};

/// The state of the simulated network. What can be changed while it runs is public.
pub struct Network {
    /// How it differs from its documentation.
    pub quirks: Quirks,
    /// The query strings of list requests, if they are to be kept: from when on is up to who sets it.
    pub queries: Option<Vec<String>>,
    pub(super) tokens: Tokens,
    pub(super) books: Books,
    pub(super) renderer: Renderer,
    pub(super) calls: Calls,
    pub(super) log: Log<Endpoint>,
    pub(super) chance: Chance,
    pub(super) automation: Option<Automation>,
    /// When which settlement takes effect.
    pub(super) settling: BTreeSet<(i64, u32)>,
}

impl Network {
    /// Lets happen what has become due by itself.
    pub(super) fn advance(&mut self, now: i64) {
        self.books.reveal_due(now);
        while let Some((at, serial)) = self.settling.first().copied()
            && at <= now
        {
            self.settling.remove(&(at, serial));
            // It may have expired or been moved meanwhile.
            let waits = self.books.get(serial).is_some_and(|payment| {
                Operation::Settle.leads_to(payment.role, payment.state).is_some()
            });
            if !waits {
                continue;
            }
            self.change(serial, now, |payment, at| {
                payment.more().settles_at = None;
                step(payment, PaymentState::Prepared, at, false);
            });
        }
    }

    /// Changes a payment; `how` gets the time to write on it.
    pub(super) fn change(&mut self, serial: u32, now: i64, how: impl FnOnce(&mut Payment, i64)) {
        let Some(payment) = self.books.get(serial) else { return };
        let (before, last) = (payment.state, payment.modified_at);
        let coarse = i64::try_from(self.quirks.coarse_clock.as_millis()).unwrap_or(0);
        let at = stamp(now, last, coarse);
        let hide_until = self.hide_until(now);
        self.books.change(serial, hide_until, |payment| how(payment, at));
        let moved = self.books.get(serial).filter(|payment| payment.state != before);
        if let (Some(payment), Some(automation)) = (moved, &mut self.automation) {
            automation.plan(payment, now);
        }
    }

    /// Until when lists hide a change made now; nothing for one that shows at once.
    fn hide_until(&mut self, now: i64) -> Option<i64> {
        if !self.chance.per_mille(self.quirks.late) {
            return None;
        }
        self.log.fault("late");
        let most = i64::try_from(self.quirks.late_for.as_millis()).unwrap_or(i64::MAX);
        Some(now.saturating_add(self.chance.within((1, most.max(1)))))
    }

    /// Moves a payment, as the network or the partner does.
    pub(super) fn move_to(&mut self, serial: u32, state: PaymentState, now: i64) {
        self.change(serial, now, |payment, at| step(payment, state, at, true));
    }

    /// Takes a new payment in.
    pub(super) fn enter(&mut self, payment: Payment, now: i64) -> u32 {
        let hide_until = self.hide_until(now);
        if let Some(automation) = &mut self.automation {
            automation.plan(&payment, now);
        }
        self.books.add(payment, hide_until)
    }

    fn carry_out(&mut self, asked: &Asked<'_, Endpoint>) -> Result<String, Problem> {
        let now = asked.now.timestamp_millis();
        match self.tokens.check(asked.header("authorization"), now) {
            Bearer::Good => {}
            Bearer::Stale => return Err(Problem::unauthorized("The token is not valid.", false)),
            Bearer::Missing => return Err(Problem::unauthorized("No bearer token.", true)),
        }
        let parameters = asked
            .parameters()
            .ok_or_else(|| Problem::malformed("The query of the address cannot be read."))?;
        if !parameters.is_empty() && asked.endpoint != Endpoint::List {
            return Err(Problem::malformed("This call takes no parameters."));
        }
        match asked.endpoint {
            Endpoint::Token | Endpoint::Unknown => Err(Problem {
                violation: true,
                ..Problem::not_found("There is nothing at this address.".to_owned())
            }),
            Endpoint::Health => Ok(json!({"healthy": true, "services": []}).to_string()),
            Endpoint::List => {
                if let Some(queries) = &mut self.queries {
                    queries.push(asked.uri.query().unwrap_or_default().to_owned());
                }
                self.page(&parameters)
            }
            Endpoint::Get => Ok(self.document(self.find(asked.uri.path())?)),
            Endpoint::Operation(operation) => {
                let serial = self.find(asked.uri.path())?;
                self.operate(operation, serial, asked)?;
                Ok(self.document(serial))
            }
        }
    }

    fn page(&self, parameters: &[(String, String)]) -> Result<String, Problem> {
        let mut query = Query::read(parameters)?;
        if self.quirks.ignore_range {
            (query.after, query.before) = (None, None);
        }
        if self.quirks.ignore_sort {
            query.ascending = false;
        }
        let page = list::page(&self.books, &query, self.quirks.inclusive_bounds);
        let style = self.style();
        let mut rows = String::with_capacity(page.serials.len() * 6_000);
        for payment in page.serials.iter().filter_map(|serial| self.books.shown(*serial)) {
            rows.push_str(if rows.is_empty() { "" } else { "," });
            self.renderer.write(&mut rows, payment, style);
        }
        Ok(envelope(&query, &rows, page.serials.len(), page.total, style.plain_numbers))
    }

    /// The whole payment as JSON.
    pub(super) fn document(&self, serial: u32) -> String {
        let mut out = String::with_capacity(6_000);
        if let Some(payment) = self.books.get(serial) {
            self.renderer.write(&mut out, payment, self.style());
        }
        out
    }

    const fn style(&self) -> Style {
        Style { plain_numbers: self.quirks.plain_numbers, stage_dates: !self.quirks.no_stage_dates }
    }

    fn find(&self, path: &str) -> Result<u32, Problem> {
        let id: Uuid = id(path).unwrap_or_default().parse().map_err(|_| {
            Problem::malformed("The request parameter [payment_id] is not in the correct format.")
        })?;
        self.serial(id).ok_or_else(|| Problem::not_found(format!("There is no payment {id}.")))
    }

    /// The payment with this id.
    pub(super) fn serial(&self, id: Uuid) -> Option<u32> {
        self.books.ids.find(id).filter(|serial| self.books.get(*serial).is_some())
    }
}

impl Simulation for Network {
    type Endpoint = Endpoint;
    type Held = ();

    fn endpoint(method: &Method, path: &str) -> Endpoint {
        Endpoint::of(method, path)
    }

    fn subjects(request: &Asked<'_, Endpoint>) -> Vec<String> {
        id(request.uri.path()).map(str::to_owned).into_iter().collect()
    }

    fn answer(&mut self, asked: &Asked<'_, Endpoint>, (): &mut ()) -> Outcome<Self> {
        let now = asked.now.timestamp_millis();
        self.advance(now);
        if asked.endpoint == Endpoint::Token {
            let content_type = asked.header("content-type").unwrap_or_default();
            let answer = self.tokens.ask(content_type, asked.body, now);
            if let Some(what) = answer.violation {
                self.log.violation(asked.endpoint, &what);
            }
            return Outcome::Answer(Answer { status: answer.status, body: answer.body });
        }
        let accept = asked.header("accept").unwrap_or_default();
        if !accept.contains("application/json") {
            self.log.violation(asked.endpoint, &format!("Accept is [{accept}]"));
        }
        Outcome::Answer(match self.carry_out(asked) {
            Ok(body) => Answer::ok(body),
            Err(problem) => {
                if problem.violation {
                    self.log.violation(asked.endpoint, &problem.detail);
                }
                Answer { status: problem.status, body: problem.body() }
            }
        })
    }

    fn log(&mut self) -> &mut Log<Endpoint> {
        &mut self.log
    }
}

/// The time that a change made at `now` carries: later than the payment's `last`, unless the clock is coarse.
fn stamp(now: i64, last: i64, coarse: i64) -> i64 {
    if coarse > 1 {
        return (now - now.rem_euclid(coarse)).max(last);
    }
    now.max(last.saturating_add(1))
}

/// The time of some milliseconds since 1970.
pub(super) fn time_of(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_always_later_than_the_last_unless_the_clock_is_coarse() {
        assert_eq!(stamp(5_000, 4_000, 0), 5_000);
        assert_eq!(stamp(5_000, 5_000, 0), 5_001);
        assert_eq!(stamp(5_999, 5_000, 1_000), 5_000);
        assert_eq!(stamp(5_999, 5_500, 1_000), 5_500);
    }
}
