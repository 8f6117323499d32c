//! Where a walk begins and what it leaves behind.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{less, more, tick};

/// Nothing stands further beyond our own clock than this: whoever tells a later time is not believed.
const AHEAD_MAX: TimeDelta = TimeDelta::seconds(1);
/// A network tells its time to the second, so it seems to go back by as much though nobody has set it.
const SLACK: TimeDelta = TimeDelta::seconds(2);

/// What is remembered between two walks over one list. It is stored after each walk, whatever its outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// All up to this time was in the list when a whole walk read it. It moves backwards only if our clock does.
    pub watermark: Option<DateTime<Utc>>,
    /// Where the next walk begins, the overlap taken off already; `None`: at the beginning.
    pub cursor: Option<DateTime<Utc>>,
}

impl Position {
    /// The same, as far as it can be believed when it is `now` here.
    pub(super) fn believed(self, now: DateTime<Utc>, overlap: TimeDelta) -> Self {
        let latest_start = less(now, overlap);
        Self {
            watermark: self.watermark.map(|watermark| std::cmp::min(watermark, latest(now))),
            cursor: self.cursor.map(|cursor| std::cmp::min(cursor, latest_start)),
        }
    }
}

/// The last time that is believed when it is `now` here.
pub(super) fn latest(now: DateTime<Utc>) -> DateTime<Utc> {
    more(now, AHEAD_MAX)
}

/// Whether `at` is so far before the place where a walk began that the network's clock must have been set back.
pub(super) fn is_back(at: DateTime<Utc>, start: DateTime<Utc>) -> bool {
    at < less(start, SLACK)
}

/// Where the next walk may begin, given how far this one has come.
///
/// Rows become visible at most an overlap late. So one that this walk has passed unseen was modified after the walk's
/// beginning less the overlap, and all before that time is settled for good. The next walk begins there, or where
/// this one has come to, if that is less: then a list in which nothing happens is not read again.
///
/// A network that tells a later time than ours is not believed: that costs some rows to be read again. Where its clock was
/// set back, what changes now has earlier times than what was read already. So the next walk begins before this one, by
/// as much as that clock is behind ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resume {
    /// Where this walk began.
    pub(super) start: Option<DateTime<Utc>>,
    /// Our time at its beginning.
    pub(super) now: DateTime<Utc>,
    pub(super) overlap: TimeDelta,
}

impl Resume {
    /// The cursor, when all before `reached` is read. `answered_at` is the network's time of the first answer.
    pub(super) fn cursor(
        &self,
        reached: Option<DateTime<Utc>>,
        answered_at: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let told = std::cmp::min(answered_at.unwrap_or(self.now), self.now);
        let settled = tick(less(told, self.overlap));
        match self.start {
            Some(start) if is_back(settled, start) => {
                let behind = self.now - told;
                Some(std::cmp::min(settled, tick(less(start, behind))))
            }
            start => Some(std::cmp::min(std::cmp::max(reached, start)?, settled)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_next_walk_begins_an_overlap_before_this_one_or_where_it_came_to() {
        let resume =
            Resume { start: Some(at(100)), now: at(900), overlap: TimeDelta::seconds(120) };
        assert_eq!(resume.cursor(Some(at(500)), Some(at(1000))), Some(at(500)));
        assert_eq!(resume.cursor(Some(at(990)), Some(at(890))), Some(at(770)));
        assert_eq!(resume.cursor(Some(at(990)), Some(at(1000))), Some(at(780)), "by our clock");
        assert_eq!(resume.cursor(Some(at(990)), None), Some(at(780)));
    }

    #[test]
    fn it_begins_before_this_one_only_if_the_networks_clock_went_back() {
        let resume =
            Resume { start: Some(at(100)), now: at(900), overlap: TimeDelta::seconds(120) };
        assert_eq!(resume.cursor(None, Some(at(1000))), Some(at(100)));
        assert_eq!(resume.cursor(Some(at(50)), Some(at(1000))), Some(at(100)));
        assert_eq!(resume.cursor(Some(at(150)), Some(at(200))), Some(at(-600)));
        assert_eq!(resume.cursor(Some(at(150)), Some(at(219))), Some(at(99)), "it is not finer");
        let from_nothing = Resume { start: None, ..resume };
        assert_eq!(from_nothing.cursor(None, Some(at(1000))), None);
    }

    #[test]
    fn nothing_stands_far_beyond_our_own_clock() {
        let (start, overlap) = (Some(at(100)), TimeDelta::seconds(120));
        let resume = Resume { start, now: at(900), overlap };
        let far = Some(at(1_000_000_000));
        assert_eq!(resume.cursor(far, far), Some(at(780)));
        assert_eq!(resume.cursor(far, None), Some(at(780)));
        let position = Position { watermark: far, cursor: far };
        let believed = Position { watermark: Some(at(901)), cursor: Some(at(780)) };
        assert_eq!(position.believed(at(900), overlap), believed);
        assert_eq!(believed.believed(at(900), overlap), believed);
    }
}
