//! Times as people write them and like to read them.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::read_time;

/// A time that a person wrote: a date, a time, or a time back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Then.
    At(DateTime<Utc>),
    /// So long before now.
    Back(Duration),
}

impl Moment {
    /// The time that is meant.
    pub(super) fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::Back(back) => TimeDelta::from_std(back)
                .ok()
                .and_then(|back| now.checked_sub_signed(back))
                .unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let back = || humantime::parse_duration(text).map(Self::Back);
        read_time(text).map(Self::At).or_else(|_| back()).map_err(|_| {
            "expected a date (2026-01-31), a time (2026-01-31T09:00:00Z; without a zone it is UTC) or a time back (2h, 30d)"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_a_date_a_time_or_a_time_back() {
        let now = at("2026-11-20T10:00:00Z");
        let meant = |text: &str| text.parse::<Moment>().unwrap().before(now);
        assert_eq!(meant("2026-01-31"), at("2026-01-31T00:00:00Z"));
        assert_eq!(meant("2026-01-31T09:00:00+01:00"), at("2026-01-31T08:00:00Z"));
        assert_eq!(meant("2026-01-31T09:00:00.123456Z"), at("2026-01-31T09:00:00.123456Z"));
        assert_eq!(meant("2026-01-31T09:00:00"), at("2026-01-31T09:00:00Z"));
        assert_eq!(meant("2026-01-31 09:00"), at("2026-01-31T09:00:00Z"));
        assert_eq!(meant("2026-01-31T09:00:00.5"), at("2026-01-31T09:00:00.500Z"));
        assert_eq!(meant("2h"), at("2026-11-20T08:00:00Z"));
        assert_eq!(meant("1d 30m"), at("2026-11-19T09:30:00Z"));
        assert_eq!(meant("900000years"), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn what_is_not_a_moment_is_refused() {
        for text in ["", "yesterday", "2", "2026-13-01", "2026-01-31T25:00:00", "-2h"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
        assert!(read_time("2h").is_err());
    }
}
