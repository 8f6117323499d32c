//! Time as a parameter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Where the time comes from: the machine, or a test.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's clock, in UTC.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that asks `tell` each time.
    pub fn from_fn(tell: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// So long after `now`. A pause that no calendar holds never ends: what is put off for ever is not due at once.
#[must_use]
pub fn later(now: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    let end = TimeDelta::from_std(pause).ok().and_then(|pause| now.checked_add_signed(pause));
    end.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A time as programs are told it: RFC 3339 in UTC, to the microsecond, which is what the database keeps. All of one width,
/// so that they sort as they read.
#[must_use]
pub fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A time as people are shown it: the same to the millisecond.
#[must_use]
pub fn readable(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a date, which is its beginning, or a time. What has no zone is UTC.
///
/// # Errors
/// A sentence that says what is expected.
pub fn read_time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = text.parse().map(|day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc());
    let time = || DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let without_zone = || {
        let forms =
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let read = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
        forms.iter().find_map(read).map(|time| time.and_utc())
    };
    day.or_else(|_| time()).ok().or_else(without_zone).ok_or_else(|| {
        "expected a date (2026-01-31) or a time (2026-01-31T09:00:00Z); without a zone it is UTC".to_owned()
    })
}

/// How far `time` is from `now`, in the largest unit that says enough: `12 s ago`, `in 3 min`.
#[must_use]
pub fn relative(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let distance = time - now;
    match span(distance) {
        None => "now".to_owned(),
        Some(span) if distance > TimeDelta::zero() => format!("in {span}"),
        Some(span) => format!("{span} ago"),
    }
}

/// A length of time in its largest unit, rounded to the nearest; none if it is under a second.
fn span(length: TimeDelta) -> Option<String> {
    let seconds = length.num_seconds().unsigned_abs();
    let rounded = |unit: u64| (seconds + unit / 2) / unit;
    let (minutes, hours) = (rounded(60), rounded(3_600));
    Some(if seconds == 0 {
        return None;
    } else if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if hours < 48 {
        format!("{hours} h")
    } else {
        format!("{} d", rounded(86_400))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_without_end_is_not_over_at_once() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(later(now, Duration::from_secs(7)), now + TimeDelta::seconds(7));
        assert_eq!(later(now, Duration::MAX), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn distances_are_told_in_one_unit() {
        let now = "2026-11-20T10:00:00Z".parse().unwrap();
        let told = |seconds| relative(now + TimeDelta::seconds(seconds), now);
        assert_eq!(told(0), "now");
        assert_eq!(told(-1), "1 s ago");
        assert_eq!(told(-59), "59 s ago");
        assert_eq!(told(-60), "1 min ago");
        assert_eq!(told(7_199), "in 2 h", "a hold for two hours, a moment later");
        assert_eq!(told(-3_570), "1 h ago");
        assert_eq!(told(-170_999), "47 h ago");
        assert_eq!(told(-172_800), "2 d ago");
        assert_eq!(told(200), "in 3 min");
        assert_eq!(relative(now + TimeDelta::milliseconds(900), now), "now");
    }
}
