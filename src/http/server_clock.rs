//! The other side's clock, as its answers tell it. One answer is never believed alone: a balancer or a cache on the way may
//! bear any time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// So many answers are remembered. The one in the middle counts, so half of them may be wrong.
const ANSWERS: usize = 9;
/// A larger difference is not believed: a clock is wrong then, and nobody knows which.
const BELIEVED_MAX: TimeDelta = TimeDelta::minutes(2);
/// For reading again what may have come, a clock that is behind may be so far behind.
const BEHIND_MAX: TimeDelta = TimeDelta::days(1);
/// Before so many answers nobody is told that a clock is wrong.
const DOUBTED_FROM: usize = 3;

/// What was told of the other side's clock.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// Its time minus ours, in milliseconds, the newest last.
    learnt: VecDeque<i64>,
    /// The same as the newest answer has it, whoever gave that: minus the time that the question bore.
    heard: Option<TimeDelta>,
}

impl ServerClock {
    /// Takes in an answer that told `told` when it was `now` here.
    pub(super) fn learn(&mut self, told: DateTime<Utc>, now: DateTime<Utc>) {
        if self.learnt.len() == ANSWERS {
            self.learnt.pop_front();
        }
        self.learnt.push_back((told - now).num_milliseconds());
    }

    /// Takes in what any answer told, a refusal too, to a question that was asked at `asked_at`.
    pub(super) fn hear(&mut self, told: DateTime<Utc>, asked_at: DateTime<Utc>) {
        self.heard = Some(told - asked_at);
    }

    /// Whether the newest answer bears a time that is far from ours. Nothing is reckoned by it: it is a reason why what bears
    /// our time is refused.
    pub(super) fn is_heard_far_off(&self) -> bool {
        self.heard.is_some_and(|offset| offset.abs() > BELIEVED_MAX)
    }

    /// Its time minus ours, to judge deadlines by. Zero where it is not known, or not believed.
    pub(super) fn believed(&self) -> TimeDelta {
        self.middle().filter(|offset| offset.abs() <= BELIEVED_MAX).unwrap_or(TimeDelta::zero())
    }

    /// Its time minus ours, to know from where on changes may still come. One that is behind is believed further, for that
    /// costs nothing but reading again.
    pub(super) fn cautious(&self) -> TimeDelta {
        match self.middle() {
            Some(offset) if offset < -BELIEVED_MAX => std::cmp::max(offset, -BEHIND_MAX),
            Some(_) | None => self.believed(),
        }
    }

    /// A difference that is too large to be believed.
    pub(super) fn doubted(&self) -> Option<TimeDelta> {
        let middle = self.middle().filter(|_| self.learnt.len() >= DOUBTED_FROM)?;
        (middle.abs() > BELIEVED_MAX).then_some(middle)
    }

    /// What stands in the middle of all; of two, the one nearer to our clock.
    fn middle(&self) -> Option<TimeDelta> {
        let mut told: Vec<i64> = self.learnt.iter().copied().collect();
        told.sort_unstable();
        let upper = told.len() / 2;
        let lower = told.len().checked_sub(1)? / 2;
        let both = [*told.get(lower)?, *told.get(upper)?];
        both.into_iter().min_by_key(|offset| offset.abs()).map(TimeDelta::milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds by which the clock was ahead in each answer, and what follows.
    fn told(offsets: &[i64]) -> ServerClock {
        let mut clock = ServerClock::default();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        for offset in offsets {
            clock.learn(now + TimeDelta::seconds(*offset), now);
        }
        clock
    }

    #[test]
    fn a_small_difference_is_believed_and_one_wrong_answer_changes_nothing() {
        assert_eq!(told(&[]).believed(), TimeDelta::zero());
        assert_eq!(told(&[3]).believed(), TimeDelta::seconds(3));
        for wrong in [86_400, -86_400, 100, -100, 315_360_000] {
            let clock = told(&[3, 3, wrong, 3]);
            assert_eq!(clock.believed(), TimeDelta::seconds(3));
            assert_eq!(clock.doubted(), None);
            assert_eq!(told(&[3, wrong]).believed(), TimeDelta::seconds(3));
        }
    }

    #[test]
    fn a_large_difference_is_not_believed_and_told() {
        for far in [121, -121, 86_400, 315_360_000] {
            assert_eq!(told(&[far]).believed(), TimeDelta::zero());
            assert_eq!(told(&[far]).doubted(), None, "one answer says nothing");
            let clock = told(&[far; 3]);
            assert_eq!(clock.believed(), TimeDelta::zero());
            assert_eq!(clock.doubted(), Some(TimeDelta::seconds(far)));
        }
        assert_eq!(told(&[-600; 3]).cautious(), TimeDelta::seconds(-600));
        assert_eq!(told(&[-864_000; 3]).cautious(), -BEHIND_MAX);
        assert_eq!(told(&[600; 3]).cautious(), TimeDelta::zero());
    }

    #[test]
    fn a_clock_that_is_set_is_followed() {
        let mut offsets = vec![0; 20];
        offsets.extend([60; 5]);
        assert_eq!(told(&offsets).believed(), TimeDelta::seconds(60));
    }
}
