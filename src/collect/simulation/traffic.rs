//! What happens on a simulated network while it is read.

use super::{Random, SECOND};

/// How much happens, and how.
#[derive(Clone, Copy, Default)]
pub(super) struct Traffic {
    pub(super) entries_per_second: i64,
    pub(super) exits_per_second: i64,
    pub(super) touches_per_second: i64,
    /// The oldest leave first; else whichever.
    pub(super) oldest_first: bool,
    /// So many in a hundred changes become visible late, by up to four seconds.
    pub(super) late_percent: i64,
    /// So many in a hundred changes have the time of the one before.
    pub(super) tie_percent: i64,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    Entry,
    Exit,
    Touch,
}

/// When things happen next.
pub(super) struct Schedule {
    traffic: Traffic,
    /// Times in microseconds, in the order entry, exit, touch.
    next: [(i64, Happening); 3],
}

impl Schedule {
    pub(super) fn new(traffic: Traffic, now: i64, random: &mut Random) -> Self {
        let mut schedule = Self {
            traffic,
            next: [(now, Happening::Entry), (now, Happening::Exit), (now, Happening::Touch)],
        };
        for which in 0..schedule.next.len() {
            schedule.put_off(which, random);
        }
        schedule
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The next thing that happens, not later than `until`.
    pub(super) fn next(&mut self, until: i64, random: &mut Random) -> Option<(i64, Happening)> {
        let which = (0..self.next.len()).min_by_key(|which| self.next[*which].0)?;
        let (at, happening) = self.next[which];
        if at > until {
            return None;
        }
        self.put_off(which, random);
        Some((at, happening))
    }

    /// Gaps are random, and as long as the rate says on average.
    fn put_off(&mut self, which: usize, random: &mut Random) {
        let (at, happening) = &mut self.next[which];
        let rate = match happening {
            Happening::Entry => self.traffic.entries_per_second,
            Happening::Exit => self.traffic.exits_per_second,
            Happening::Touch => self.traffic.touches_per_second,
        };
        *at = if rate == 0 { i64::MAX } else { *at + 1 + random.below(2 * SECOND / rate) };
    }
}
