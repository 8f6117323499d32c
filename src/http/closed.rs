//! Where the other side has asked to be left alone, and until when: `Retry-After`, kept for every request that follows.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;

use crate::engine::asked_pause;

/// What is closed, by the beginning of its URL.
#[derive(Debug, Default)]
pub(super) struct Closed(HashMap<String, Instant>);

impl Closed {
    /// Takes in the wish that came with an answer from `url`. With 429 it is about all of us there, with 503 about what was
    /// asked for. Other answers have no wish that we know of.
    pub(super) fn note(&mut self, url: &Url, status: u16, wish: Option<Duration>, now: Instant) {
        let Some(wish) = wish else { return };
        let place = match status {
            429 => origin(url),
            503 => path(url),
            _ => return,
        };
        self.0.retain(|_, until| *until > now);
        let until = now + asked_pause(wish);
        let known = self.0.entry(place).or_insert(until);
        *known = std::cmp::max(*known, until);
    }

    /// How long nothing is to be asked of `url`.
    pub(super) fn pause(&self, url: &Url, now: Instant) -> Duration {
        let until = |place: &str| self.0.get(place).map(|at| at.saturating_duration_since(now));
        if self.0.is_empty() {
            return Duration::ZERO;
        }
        std::cmp::max(until(&origin(url)), until(&path(url))).unwrap_or(Duration::ZERO)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn path(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_429_is_about_the_host_and_a_503_about_what_was_asked() {
        let (now, wish) = (Instant::now(), Some(Duration::from_secs(60)));
        let list = url("https://a.example/v4/payments?page=0");
        let (other, token) = (url("https://a.example/v4/x"), url("https://token.example/t"));
        let pauses =
            |closed: &Closed| [&list, &other, &token].map(|url| closed.pause(url, now).as_secs());
        let mut closed = Closed::default();
        assert_eq!(pauses(&closed), [0, 0, 0]);
        closed.note(&url("https://a.example/v4/payments?page=7"), 503, wish, now);
        assert_eq!(pauses(&closed), [60, 0, 0]);
        closed.note(&other, 429, Some(Duration::from_secs(120)), now);
        assert_eq!(pauses(&closed), [120, 120, 0]);
        assert_eq!(closed.pause(&list, now + Duration::from_secs(121)), Duration::ZERO);
    }

    #[test]
    fn a_wish_is_bounded_and_a_shorter_one_does_not_open() {
        let (now, a) = (Instant::now(), url("https://a.example/"));
        let mut closed = Closed::default();
        closed.note(&a, 429, Some(Duration::from_secs(86_400)), now);
        assert_eq!(closed.pause(&a, now), Duration::from_secs(15 * 60));
        closed.note(&a, 429, Some(Duration::ZERO), now);
        assert_eq!(closed.pause(&a, now), Duration::from_secs(15 * 60));
        let mut other = Closed::default();
        other.note(&a, 500, Some(Duration::from_secs(5)), now);
        other.note(&a, 429, None, now);
        assert_eq!(other.pause(&a, now), Duration::ZERO);
    }
}
