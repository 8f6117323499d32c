//! Misbehaviour on demand: by chance at given rates, or scripted answer by answer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::random::Chance;

/// How often what goes wrong, each per 1000 requests (or changes, or payments), and how badly.
///
/// The rates of what happens to a request share one draw: together they should not pass 1000.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// Requests answered with 500, and not carried out.
    pub status_500: u32,
    /// Requests answered with 500, though they were carried out.
    pub status_500_after: u32,
    /// Requests answered with 502, and not carried out.
    pub status_502: u32,
    /// Requests answered with 429 and `Retry-After`, and not carried out.
    pub status_429: u32,
    /// Requests answered with 503 and `Retry-After`, and not carried out.
    pub status_503: u32,
    /// The seconds in `Retry-After`.
    pub retry_after: u32,
    /// Connections cut before the request is carried out.
    pub cut_before: u32,
    /// Connections cut after it was carried out: the answer is lost.
    pub cut_after: u32,
    /// Requests that are never answered, and not carried out.
    pub hang: u32,
    /// Requests answered late.
    pub slow: u32,
    /// How late.
    pub slow_for: Duration,
    /// Requests answered with 200 and a web page, and not carried out.
    pub html: u32,
    /// Answers of which half is missing, though the request was carried out.
    pub truncated: u32,
    /// Answers of 50 MB, though the request was carried out.
    pub huge: u32,
    /// Changes that lists show late, though with the time at which they were made. A payment that is asked for by its
    /// id is told as it is.
    pub late: u32,
    /// How late at most.
    pub late_for: Duration,
    /// New payments that come with a garbage row in the same list.
    pub garbage: u32,
}

/// What a request gets in place of its right answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// This answer; the request is not carried out.
    Status {
        /// The HTTP status.
        status: u16,
        /// Further headers, such as `Retry-After`.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: String,
    },
    /// The request is carried out, and this HTTP status is all that is answered.
    StatusAfter(u16),
    /// The connection is cut before the request is carried out.
    CutBefore,
    /// The request is carried out, and the connection cut before the answer.
    CutAfter,
    /// No answer ever; the request is not carried out.
    Hang,
    /// The request is carried out, and no answer ever comes.
    HangAfter,
    /// The right answer, this much later.
    Slow(Duration),
    /// 200 and a web page, as a proxy under maintenance gives it; not carried out.
    Html,
    /// Carried out, and the first half of the right answer.
    Truncated,
    /// Carried out, and 50 MB of JSON that is never closed.
    Huge,
    /// Carried out, and 200 with this body in place of the right one.
    Body(String),
    /// The same with a body that need not be text.
    Bytes(Vec<u8>),
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: String::new() }
    }

    /// An answer with `Retry-After`: seconds, or a date as HTTP writes it.
    #[must_use]
    pub fn retry_after(status: u16, when: impl Into<String>) -> Self {
        let headers = vec![("Retry-After".to_owned(), when.into())];
        Self::Status { status, headers, body: String::new() }
    }

    fn name(&self) -> String {
        match self {
            Self::Status { status, .. } => format!("status {status}"),
            Self::StatusAfter(status) => format!("status {status} after"),
            Self::CutBefore => "cut before".to_owned(),
            Self::CutAfter => "cut after".to_owned(),
            Self::Hang => "hang".to_owned(),
            Self::HangAfter => "hang after".to_owned(),
            Self::Slow(_) => "slow".to_owned(),
            Self::Html => "html".to_owned(),
            Self::Truncated => "truncated".to_owned(),
            Self::Huge => "huge".to_owned(),
            Self::Body(_) | Self::Bytes(_) => "body".to_owned(),
        }
    }
}

/// A reply that requests to an endpoint get, of all or of those about one id.
#[derive(Debug)]
struct Scripted<E> {
    endpoint: E,
    id: Option<String>,
    times: u32,
    reply: Reply,
}

/// The script, the rates and what came of them. `E` names an endpoint.
#[derive(Debug)]
pub(super) struct Faults<E> {
    rates: FaultRates,
    script: Vec<Scripted<E>>,
    chance: Chance,
    injected: BTreeMap<String, u64>,
}

impl<E: PartialEq> Faults<E> {
    pub(super) fn new(rates: FaultRates, seed: u64) -> Self {
        Self { rates, script: Vec::new(), chance: Chance::new(seed), injected: BTreeMap::new() }
    }

    pub(super) fn set_rates(&mut self, rates: FaultRates) {
        self.rates = rates;
    }

    pub(super) fn script(&mut self, endpoint: E, times: u32, reply: Reply) {
        self.script.push(Scripted { endpoint, id: None, times, reply });
    }

    /// The same for requests about one id; it comes before what meets all.
    pub(super) fn aim(&mut self, endpoint: E, id: &str, times: u32, reply: Reply) {
        self.script.push(Scripted { endpoint, id: Some(id.to_owned()), times, reply });
    }

    pub(super) fn clear_script(&mut self) {
        self.script.clear();
    }

    /// How often each fault was injected.
    pub(super) fn injected(&self) -> &BTreeMap<String, u64> {
        &self.injected
    }

    /// What happens to a request: the script first, then chance. Nothing: the right answer.
    pub(super) fn reply(&mut self, endpoint: &E, id: Option<&str>) -> Option<Reply> {
        let aimed = id.and_then(|id| self.scripted(endpoint, Some(id)));
        let reply = aimed.or_else(|| self.scripted(endpoint, None)).or_else(|| self.by_chance())?;
        self.note(&reply);
        Some(reply)
    }

    /// Counts a fault.
    pub(super) fn note(&mut self, reply: &Reply) {
        *self.injected.entry(reply.name()).or_default() += 1;
    }

    fn scripted(&mut self, endpoint: &E, id: Option<&str>) -> Option<Reply> {
        self.script.retain(|scripted| scripted.times > 0);
        let meets = |one: &&mut Scripted<E>| one.endpoint == *endpoint && one.id.as_deref() == id;
        let scripted = self.script.iter_mut().find(meets)?;
        scripted.times -= 1;
        Some(scripted.reply.clone())
    }

    fn by_chance(&mut self) -> Option<Reply> {
        let rates = &self.rates;
        let seconds = rates.retry_after.to_string();
        let choices = [
            (rates.status_500, Reply::status(500)),
            (rates.status_500_after, Reply::StatusAfter(500)),
            (rates.status_502, Reply::status(502)),
            (rates.status_429, Reply::retry_after(429, seconds.clone())),
            (rates.status_503, Reply::retry_after(503, seconds)),
            (rates.cut_before, Reply::CutBefore),
            (rates.cut_after, Reply::CutAfter),
            (rates.hang, Reply::Hang),
            (rates.slow, Reply::Slow(rates.slow_for)),
            (rates.html, Reply::Html),
            (rates.truncated, Reply::Truncated),
            (rates.huge, Reply::Huge),
        ];
        if choices.iter().all(|(rate, _)| *rate == 0) {
            return None;
        }
        let mut drawn = self.chance.below(1000);
        for (rate, reply) in choices {
            if drawn < u64::from(rate) {
                return Some(reply);
            }
            drawn -= u64::from(rate);
        }
        None
    }

    /// How many ms lists hide a change; nothing for one that shows at once.
    pub(super) fn lateness(&mut self) -> Option<i64> {
        let most = i64::try_from(self.rates.late_for.as_millis()).unwrap_or(i64::MAX);
        let late = self.chance.per_mille(self.rates.late);
        late.then(|| self.count("late", |chance| chance.within((1, most.max(1)))))
    }

    /// Whether a new payment comes with a garbage row.
    pub(super) fn garbage(&mut self) -> bool {
        let garbage = self.chance.per_mille(self.rates.garbage);
        if garbage {
            self.count("garbage row", |_| ());
        }
        garbage
    }

    fn count<T>(&mut self, name: &str, then: impl FnOnce(&mut Chance) -> T) -> T {
        *self.injected.entry(name.to_owned()).or_default() += 1;
        then(&mut self.chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_followed_in_order_and_then_forgotten() {
        let mut faults = Faults::new(FaultRates::default(), 1);
        faults.script("list", 2, Reply::CutAfter);
        faults.script("list", 1, Reply::Hang);
        faults.script("get", 1, Reply::Html);
        assert_eq!(faults.reply(&"list", None), Some(Reply::CutAfter));
        assert_eq!(faults.reply(&"get", None), Some(Reply::Html));
        assert_eq!(faults.reply(&"list", None), Some(Reply::CutAfter));
        assert_eq!(faults.reply(&"list", None), Some(Reply::Hang));
        assert_eq!(faults.reply(&"list", None), None);
        assert_eq!(faults.injected()["cut after"], 2);
    }

    #[test]
    fn a_script_for_one_id_meets_no_other() {
        let mut faults = Faults::new(FaultRates::default(), 1);
        faults.script("get", 1, Reply::Html);
        faults.aim("get", "a", 2, Reply::Hang);
        assert_eq!(faults.reply(&"get", Some("a")), Some(Reply::Hang));
        assert_eq!(faults.reply(&"list", Some("a")), None);
        assert_eq!(faults.reply(&"get", Some("b")), Some(Reply::Html));
        assert_eq!(faults.reply(&"get", Some("b")), None);
        assert_eq!(faults.reply(&"get", Some("a")), Some(Reply::Hang));
        assert_eq!(faults.reply(&"get", Some("a")), None);
    }

    #[test]
    fn rates_are_kept_and_repeat_with_the_seed() {
        let rates = FaultRates { status_500: 100, cut_after: 50, ..FaultRates::default() };
        let run = |seed| {
            let mut faults = Faults::new(rates.clone(), seed);
            for _ in 0..10_000 {
                drop(faults.reply(&(), None));
            }
            faults.injected().clone()
        };
        let injected = run(5);
        assert!((800..1200).contains(&injected["status 500"]), "{injected:?}");
        assert!((400..600).contains(&injected["cut after"]), "{injected:?}");
        assert_eq!(injected, run(5));
    }

    #[test]
    fn lateness_stays_within_its_bound() {
        let rates =
            FaultRates { late: 1000, late_for: Duration::from_secs(4), ..FaultRates::default() };
        let mut faults: Faults<()> = Faults::new(rates, 1);
        for _ in 0..100 {
            assert!((1..=4_000).contains(&faults.lateness().unwrap()));
        }
    }
}
