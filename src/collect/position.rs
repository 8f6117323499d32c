//! Where a walk begins and what it leaves behind.

use chrono::{DateTime, TimeDelta, Utc};

use super::bounds::{less, tick};

/// What is remembered between two walks over one list. It is stored after each walk, whatever its outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// All up to this time was in the list when a whole walk read it. It never moves backwards.
    pub watermark: Option<DateTime<Utc>>,
    /// Where the next walk begins, the overlap taken off already; `None`: at the beginning.
    pub cursor: Option<DateTime<Utc>>,
}

/// Where the next walk may begin, given how far this one has come.
///
/// Rows become visible at most an overlap late. So one that this walk has passed unseen was modified after the walk's
/// beginning less the overlap, and all before that time is settled for good. The next walk begins there, or where
/// this one has come to, if that is less: then a list in which nothing happens is not read again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resume {
    /// Where this walk began.
    pub(super) start: Option<DateTime<Utc>>,
    /// Our time at its beginning, for a network that does not tell its own.
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
        let settled = tick(less(answered_at.unwrap_or(self.now), self.overlap));
        let safe = reached.map(|reached| std::cmp::min(reached, settled));
        std::cmp::max(safe, self.start)
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
        assert_eq!(resume.cursor(Some(at(990)), Some(at(1000))), Some(at(880)));
        assert_eq!(resume.cursor(Some(at(990)), None), Some(at(780)));
    }

    #[test]
    fn it_never_begins_before_this_one() {
        let resume =
            Resume { start: Some(at(100)), now: at(900), overlap: TimeDelta::seconds(120) };
        assert_eq!(resume.cursor(None, Some(at(1000))), Some(at(100)));
        assert_eq!(resume.cursor(Some(at(150)), Some(at(50))), Some(at(100)));
        let from_nothing = Resume { start: None, ..resume };
        assert_eq!(from_nothing.cursor(None, Some(at(1000))), None);
    }
}
