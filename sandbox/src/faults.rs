//! Misbehaviour on demand: by chance at given rates, or scripted answer by answer.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use super::random::Chance;

/// How often what goes wrong, each per 1000 requests, and how badly.
///
/// All rates share one draw: together they should not pass 1000.
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
    /// The seconds in `Retry-After`.
    pub retry_after: u32,
    /// Connections cut before the request is carried out.
    pub cut_before: u32,
    /// Connections cut after it was carried out: the answer is lost.
    pub cut_after: u32,
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

    pub(crate) fn name(&self) -> String {
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

/// What is aimed at: the requests to an endpoint about one id, or all of them.
type Target<E> = (E, Option<String>);

/// The scripts and the rates. `E` names an endpoint.
#[derive(Debug)]
pub(super) struct Faults<E> {
    pub(super) rates: FaultRates,
    /// Replies to come, each for so many requests.
    scripts: HashMap<Target<E>, VecDeque<(u32, Reply)>>,
    chance: Chance,
}

impl<E: Copy + Eq + Hash> Faults<E> {
    pub(super) fn new(rates: FaultRates, seed: u64) -> Self {
        Self { rates, scripts: HashMap::new(), chance: Chance::new(seed) }
    }

    /// The next `times` requests to the endpoint, about this id if there is one, get this reply.
    pub(super) fn aim(&mut self, endpoint: E, id: Option<String>, times: u32, reply: Reply) {
        if times > 0 {
            self.scripts.entry((endpoint, id)).or_default().push_back((times, reply));
        }
    }

    /// Whether a reply is for requests about one id.
    pub(super) fn is_aimed(&self) -> bool {
        self.scripts.keys().any(|(_, id)| id.is_some())
    }

    pub(super) fn clear_scripts(&mut self) {
        self.scripts.clear();
    }

    /// What happens to a request: what is aimed at one of its ids first, then the script, then chance. Nothing: the
    /// right answer.
    pub(super) fn reply(&mut self, endpoint: E, about: &[String]) -> Option<Reply> {
        let targets = about.iter().map(|id| Some(id.clone())).chain([None]);
        targets
            .into_iter()
            .find_map(|target| self.scripted(&(endpoint, target)))
            .or_else(|| self.by_chance())
    }

    fn scripted(&mut self, target: &Target<E>) -> Option<Reply> {
        let script = self.scripts.get_mut(target)?;
        let (times, reply) = script.front_mut()?;
        let reply = reply.clone();
        *times -= 1;
        if *times == 0 {
            script.pop_front();
        }
        if script.is_empty() {
            self.scripts.remove(target);
        }
        Some(reply)
    }

    fn by_chance(&mut self) -> Option<Reply> {
        let rates = &self.rates;
        let seconds = rates.retry_after.to_string();
        self.chance.one_of([
            (rates.status_500, Reply::status(500)),
            (rates.status_500_after, Reply::StatusAfter(500)),
            (rates.status_502, Reply::status(502)),
            (rates.status_429, Reply::retry_after(429, seconds)),
            (rates.cut_before, Reply::CutBefore),
            (rates.cut_after, Reply::CutAfter),
            (rates.slow, Reply::Slow(rates.slow_for)),
            (rates.html, Reply::Html),
            (rates.truncated, Reply::Truncated),
            (rates.huge, Reply::Huge),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_followed_in_order_and_then_forgotten() {
        let mut faults = Faults::new(FaultRates::default(), 1);
        faults.aim("list", None, 2, Reply::CutAfter);
        faults.aim("list", None, 1, Reply::Hang);
        faults.aim("get", None, 1, Reply::Html);
        assert_eq!(faults.reply("list", &[]), Some(Reply::CutAfter));
        assert_eq!(faults.reply("get", &[]), Some(Reply::Html));
        assert_eq!(faults.reply("list", &[]), Some(Reply::CutAfter));
        assert_eq!(faults.reply("list", &[]), Some(Reply::Hang));
        assert_eq!(faults.reply("list", &[]), None);
    }

    #[test]
    fn a_script_for_one_id_meets_no_other() {
        let mut faults = Faults::new(FaultRates::default(), 1);
        let [a, b] = ["a", "b"].map(|id| [id.to_owned()]);
        faults.aim("get", None, 1, Reply::Html);
        faults.aim("get", Some("a".to_owned()), 2, Reply::Hang);
        assert_eq!(faults.reply("get", &a), Some(Reply::Hang));
        assert_eq!(faults.reply("list", &a), None);
        assert_eq!(faults.reply("get", &b), Some(Reply::Html));
        assert_eq!(faults.reply("get", &b), None);
        assert_eq!(faults.reply("get", &a), Some(Reply::Hang));
        assert_eq!(faults.reply("get", &a), None);
        assert!(!faults.is_aimed());
    }

    #[test]
    fn rates_are_kept_and_repeat_with_the_seed() {
        let rates = FaultRates { status_500: 100, cut_after: 50, ..FaultRates::default() };
        let run = |seed| {
            let mut faults = Faults::new(rates.clone(), seed);
            (0..10_000).filter_map(|_| faults.reply((), &[])).collect::<Vec<_>>()
        };
        let replies = run(5);
        let count = |reply: Reply| replies.iter().filter(|one| **one == reply).count();
        assert!((800..1200).contains(&count(Reply::status(500))));
        assert!((400..600).contains(&count(Reply::CutAfter)));
        assert_eq!(replies, run(5));
    }
}
