//! Where the other side has asked to be left alone, and until when: `Retry-After`, kept for every request that follows.
//!
//! An answer to a call about one thing alone is about that thing. Only where several things get such an answer one after the
//! other, and nothing is answered well between them, is it about the host.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use crate::engine::{LIKE_AN_OUTAGE, asked_pause};

/// The name of a place is not longer where it is to be remembered.
const PLACE_MAX: usize = 512;

/// A wish to be left alone that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// A host, the beginning of URLs, or a host and one thing there.
    pub place: String,
    /// For how long from now.
    pub left: Duration,
}

/// What a request is about, as far as a wish to be left alone goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) url: &'a Url,
    /// The one thing that it is about; none: it is nobody's own.
    pub(super) thing: Option<&'a str>,
}

/// What is closed: by the beginning of its URL, or by host and thing.
#[derive(Debug, Default)]
pub(super) struct Closed {
    until: HashMap<String, Instant>,
    /// The things that were closed one after the other.
    in_a_row: BTreeSet<String>,
}

impl Closed {
    /// Takes in an answer, and the wish that came with it. Of a call that is nobody's own, 429 is about all of us there, and 503
    /// about what was asked for. Other answers have no wish that we know of.
    pub(super) fn note(
        &mut self,
        asked: Asked<'_>,
        status: u16,
        wish: Option<Duration>,
        now: Instant,
    ) {
        let wish = match status {
            200..=299 => {
                self.in_a_row.clear();
                return;
            }
            429 | 503 => wish,
            _ => return,
        };
        let Some(wish) = wish else { return };
        self.until.retain(|_, until| *until > now);
        let host = origin(asked.url);
        let Some(thing) = asked.thing else {
            let place = if status == 429 { host } else { path(asked.url) };
            return self.close(place, wish, now);
        };
        let thing = own(&host, thing);
        self.in_a_row.insert(thing.clone());
        self.close(thing, wish, now);
        if self.in_a_row.len() >= LIKE_AN_OUTAGE {
            self.close(host, wish, now);
        }
    }

    /// What is closed still, and for how long.
    pub(super) fn wishes(&self, now: Instant) -> Vec<Wish> {
        let open = self.until.iter().map(|(place, until)| Wish {
            place: place.clone(),
            left: until.saturating_duration_since(now),
        });
        open.filter(|wish| !wish.left.is_zero() && wish.place.len() <= PLACE_MAX).collect()
    }

    /// Closes again what was closed for somebody else.
    pub(super) fn remember(&mut self, wish: &Wish, now: Instant) {
        self.close(wish.place.clone(), wish.left, now);
    }

    fn close(&mut self, place: String, wish: Duration, now: Instant) {
        let until = now + asked_pause(wish);
        let known = self.until.entry(place).or_insert(until);
        *known = std::cmp::max(*known, until);
    }

    /// How long this is not to be asked.
    pub(super) fn pause(&self, asked: Asked<'_>, now: Instant) -> Duration {
        if self.until.is_empty() {
            return Duration::ZERO;
        }
        let host = origin(asked.url);
        let until = |place: &str| self.until.get(place).map(|at| at.saturating_duration_since(now));
        let thing = asked.thing.and_then(|thing| until(&own(&host, thing)));
        [until(&host), until(&path(asked.url)), thing]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or_default()
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn path(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

fn own(host: &str, thing: &str) -> String {
    format!("{host} {thing}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn general(url: &Url) -> Asked<'_> {
        Asked { url, thing: None }
    }

    #[test]
    fn a_429_is_about_the_host_and_a_503_about_what_was_asked() {
        let now = Instant::now();
        let list = url("https://a.example/v4/payments?page=0");
        let (other, token) = (url("https://a.example/v4/x"), url("https://token.example/t"));
        let pauses = |closed: &Closed| {
            [&list, &other, &token].map(|url| closed.pause(general(url), now).as_secs())
        };
        let mut closed = Closed::default();
        assert_eq!(pauses(&closed), [0, 0, 0]);
        closed.note(general(&url("https://a.example/v4/payments?page=7")), 503, MINUTE, now);
        assert_eq!(pauses(&closed), [60, 0, 0]);
        closed.note(general(&other), 429, Some(Duration::from_secs(120)), now);
        assert_eq!(pauses(&closed), [120, 120, 0]);
        assert_eq!(closed.pause(general(&list), now + Duration::from_secs(121)), Duration::ZERO);
    }

    #[test]
    fn what_one_thing_gets_is_about_that_thing_until_several_get_it() {
        let (now, url) = (Instant::now(), url("https://a.example/payouts"));
        let about = |thing| Asked { url: &url, thing };
        for status in [429, 503] {
            let mut closed = Closed::default();
            let pauses = |closed: &Closed| {
                [Some("a"), Some("z"), None].map(|thing| closed.pause(about(thing), now).as_secs())
            };
            for _ in 0..9 {
                closed.note(about(Some("a")), status, MINUTE, now);
            }
            assert_eq!(pauses(&closed), [60, 0, 0], "{status}: it alone, however often");
            closed.note(about(Some("b")), status, MINUTE, now);
            closed.note(about(Some("x")), 200, None, now);
            closed.note(about(Some("c")), status, MINUTE, now);
            assert_eq!(pauses(&closed), [60, 0, 0], "{status}: one was answered well between them");
            closed.note(about(Some("d")), status, MINUTE, now);
            closed.note(about(Some("e")), status, Some(Duration::from_secs(86_400)), now);
            assert_eq!(pauses(&closed), [900, 900, 900], "{status}: three in a row, and bounded");
        }
    }

    #[test]
    fn what_one_process_was_asked_another_one_heeds() {
        let (now, a) = (Instant::now(), url("https://a.example/payments"));
        let mut closed = Closed::default();
        closed.note(general(&a), 503, MINUTE, now);
        closed.note(Asked { url: &a, thing: Some("x") }, 429, MINUTE, now);
        let later = now + Duration::from_secs(20);
        let wishes = closed.wishes(later);
        assert_eq!(wishes.len(), 2);
        let mut other = Closed::default();
        wishes.iter().for_each(|wish| other.remember(wish, later));
        assert_eq!(other.pause(general(&a), later), Duration::from_secs(40));
        let elsewhere = url("https://a.example/other");
        let thing = |thing| other.pause(Asked { url: &elsewhere, thing: Some(thing) }, later);
        assert_eq!([thing("x"), thing("y")], [Duration::from_secs(40), Duration::ZERO]);
        assert_eq!(closed.wishes(now + Duration::from_secs(60)), []);
    }

    #[test]
    fn a_wish_is_bounded_and_a_shorter_one_does_not_open() {
        let (now, a) = (Instant::now(), url("https://a.example/"));
        let mut closed = Closed::default();
        closed.note(general(&a), 429, Some(Duration::from_secs(86_400)), now);
        assert_eq!(closed.pause(general(&a), now), Duration::from_secs(15 * 60));
        closed.note(general(&a), 429, Some(Duration::ZERO), now);
        assert_eq!(closed.pause(general(&a), now), Duration::from_secs(15 * 60));
        let mut other = Closed::default();
        other.note(general(&a), 500, Some(Duration::from_secs(5)), now);
        other.note(general(&a), 429, None, now);
        assert_eq!(other.pause(general(&a), now), Duration::ZERO);
    }
}
