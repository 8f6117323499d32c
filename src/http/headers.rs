//! What the headers of an answer tell of time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AGE, DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::engine::Clock;

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The time that an answer tells, which is that of its making: what a cache has kept since then is added.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc2822(header(headers, &DATE)?.trim()).ok()?;
    let age: u32 = header(headers, &AGE).and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    date.to_utc().checked_add_signed(TimeDelta::seconds(i64::from(age)))
}

/// For how long the other side wishes to be left alone. A date counts from the answer's own, for our clocks may differ.
pub(super) fn wish(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    wish_at(headers, clock.now())
}

/// The same for who knows the time.
pub(crate) fn wish_at(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    retry_after(header(headers, &RETRY_AFTER)?, date(headers).unwrap_or(now))
}

/// A `Retry-After` as a time from now: seconds, or a date. A date that has passed is no wait at all.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap().to_utc();
        let seconds = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("99999999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:05:05 GMT"), Some(60));
        assert_eq!(seconds("Fri, 02 Jan 2026 03:00:00 GMT"), Some(0));
        for rubbish in ["", "-1", "1.5", "soon", "2026-01-02T03:05:05Z"] {
            assert_eq!(seconds(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn what_a_cache_has_kept_is_as_old_as_it_says() {
        let date = |age: Option<&'static str>| {
            let told = HeaderValue::from_static("Fri, 02 Jan 2026 03:04:05 GMT");
            let mut headers = HeaderMap::from_iter([(DATE, told)]);
            headers.extend(age.map(|age| (AGE, HeaderValue::from_static(age))));
            date(&headers).unwrap().to_rfc3339()
        };
        assert_eq!(date(None), "2026-01-02T03:04:05+00:00");
        assert_eq!(date(Some("55")), "2026-01-02T03:05:00+00:00");
        assert_eq!(date(Some("-1")), "2026-01-02T03:04:05+00:00");
    }
}
