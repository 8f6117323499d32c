//! The network itself: everything behind the lock, and the answer to each request.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::books::{Books, step};
use super::endpoint::Endpoint;
use super::envelope::envelope;
use super::list;
use super::moves::{Operation, PaymentState};
use super::options::{HookAnswer, Quirks, RequestInfo};
use super::partner::Automation;
use super::payment::Payment;
use super::problem::Problem;
use super::query::{Query, SortField};
use super::record::Record;
use super::render::{Renderer, Style};
use crate::Clock;
use crate::faults::Faults;
use crate::tokens::{Bearer, Tokens};

/// Called for each request, before and after it is carried out.
pub(super) type Hook = Arc<dyn Fn(&RequestInfo) -> HookAnswer + Send + Sync>;

/// One request, as far as the network looks at it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) endpoint: Endpoint,
    /// The payment's id as it stands in the path.
    pub(super) id: Option<&'a str>,
    /// Nothing: they cannot be read.
    pub(super) parameters: Option<Vec<(String, String)>>,
    pub(super) accept: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// A right answer: status and JSON.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// The state of the simulated network.
pub(super) struct Network {
    pub(super) clock: Clock,
    pub(super) books: Books,
    pub(super) renderer: Renderer,
    pub(super) tokens: Tokens,
    pub(super) faults: Faults<Endpoint>,
    pub(super) quirks: Quirks,
    pub(super) record: Record,
    pub(super) automation: Option<Automation>,
    /// When which settlement takes effect.
    pub(super) settling: BTreeSet<(i64, u32)>,
    pub(super) hook: Option<Hook>,
}

impl Network {
    /// The time in ms.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

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
        let hide_until = self.faults.lateness().map(|late| now.saturating_add(late));
        self.books.change(serial, hide_until, |payment| how(payment, at));
        let moved = self.books.get(serial).filter(|payment| payment.state != before);
        if let (Some(payment), Some(automation)) = (moved, &mut self.automation) {
            automation.plan(payment, now);
        }
    }

    /// Moves a payment, as the network or the partner does.
    pub(super) fn move_to(&mut self, serial: u32, state: PaymentState, now: i64) {
        self.change(serial, now, |payment, at| step(payment, state, at, true));
    }

    /// Takes a new payment in.
    pub(super) fn enter(&mut self, payment: Payment, now: i64) -> u32 {
        let hide_until = self.faults.lateness().map(|late| now.saturating_add(late));
        if let Some(automation) = &mut self.automation {
            automation.plan(&payment, now);
        }
        self.books.add(payment, hide_until)
    }

    /// Answers a request and does what it asks.
    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Answer {
        let now = self.now();
        self.advance(now);
        if asked.endpoint == Endpoint::Token {
            let answer = self.tokens.ask(asked.content_type, asked.body, now);
            if let Some(what) = answer.violation {
                self.record.violation(what);
            }
            return Answer { status: answer.status, body: answer.body };
        }
        if !asked.accept.contains("application/json") {
            let what = format!("{:?}: Accept is [{}]", asked.endpoint, asked.accept);
            self.record.violation(what);
        }
        match self.carry_out(asked, now) {
            Ok(body) => Answer { status: 200, body },
            Err(problem) => {
                if problem.violation {
                    self.record.violation(format!("{:?}: {}", asked.endpoint, problem.detail));
                }
                Answer { status: problem.status, body: problem.body() }
            }
        }
    }

    fn carry_out(&mut self, asked: &Asked<'_>, now: i64) -> Result<String, Problem> {
        match self.tokens.check(asked.authorization, now) {
            Bearer::Good => {}
            Bearer::Stale => return Err(Problem::unauthorized("The token is not valid.", false)),
            Bearer::Missing => return Err(Problem::unauthorized("No bearer token.", true)),
        }
        let parameters = asked
            .parameters
            .as_deref()
            .ok_or_else(|| Problem::malformed("The query of the address cannot be read."))?;
        if !parameters.is_empty() && !takes_parameters(asked.endpoint) {
            return Err(Problem::malformed("This call takes no parameters."));
        }
        match asked.endpoint {
            Endpoint::Token | Endpoint::Unknown => Err(Problem {
                violation: true,
                ..Problem::not_found("There is nothing at this address.".to_owned())
            }),
            Endpoint::Health => Ok(json!({"healthy": true, "services": []}).to_string()),
            Endpoint::List => self.page(parameters),
            Endpoint::Get => Ok(self.document(self.find(asked.id)?, true)),
            Endpoint::Operation(operation) => {
                let serial = self.find(asked.id)?;
                self.operate(operation, serial, parameters, asked, now)?;
                Ok(self.document(serial, true))
            }
        }
    }

    fn page(&self, parameters: &[(String, String)]) -> Result<String, Problem> {
        let mut query = Query::read(parameters)?;
        if self.quirks.ignore_range {
            query.range = None;
        }
        if self.quirks.ignore_sort {
            (query.sort, query.ascending) = (SortField::Modified, false);
        }
        let page = list::page(&self.books, &query, self.quirks.inclusive_bounds);
        let style = self.style(query.details);
        let mut rows = String::with_capacity(page.serials.len() * 6_000);
        for payment in page.serials.iter().filter_map(|serial| self.books.shown(*serial)) {
            rows.push_str(if rows.is_empty() { "" } else { "," });
            self.renderer.write(&mut rows, payment, style);
        }
        Ok(envelope(&query, &rows, page.serials.len(), page.total, style.plain_numbers))
    }

    /// The whole payment as JSON.
    pub(super) fn document(&self, serial: u32, details: bool) -> String {
        let mut out = String::with_capacity(6_000);
        if let Some(payment) = self.books.get(serial) {
            self.renderer.write(&mut out, payment, self.style(details));
        }
        out
    }

    fn style(&self, details: bool) -> Style {
        Style {
            plain_numbers: self.quirks.plain_numbers,
            stage_dates: !self.quirks.no_stage_dates,
            details,
        }
    }

    fn find(&self, id: Option<&str>) -> Result<u32, Problem> {
        let text = id.unwrap_or_default();
        let id: Uuid = text.parse().map_err(|_| {
            Problem::malformed("The request parameter [payment_id] is not in the correct format.")
        })?;
        self.serial(id).ok_or_else(|| Problem::not_found(format!("There is no payment {id}.")))
    }

    /// The payment with this id.
    pub(super) fn serial(&self, id: Uuid) -> Option<u32> {
        self.books.ids.find(id).filter(|serial| self.books.get(*serial).is_some())
    }
}

fn takes_parameters(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::List => true,
        Endpoint::Operation(operation) => operation.about_labels(),
        Endpoint::Token | Endpoint::Health | Endpoint::Get | Endpoint::Unknown => false,
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
