//! Who does not run, though it should. Whoever is gone cannot tell, so this is derived from what it has left.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::Schedule;
use crate::engine::later;
use crate::store::Promised;

/// So many times its usual pause, a poller may be late.
const TIMES: u32 = 3;

/// How a poller is silent at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PollerSilence {
    /// It is switched on, and has never run.
    Never,
    /// Nobody runs it any more.
    Gone,
    /// Whoever runs it stands still.
    Still {
        /// Who.
        by: String,
        /// Since when it is missed.
        since: DateTime<Utc>,
    },
}

/// What is known of a poller at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) enabled: bool,
    pub(super) schedule: &'a Schedule,
    pub(super) lease: Duration,
    /// The promise that stands.
    pub(super) promise: Option<&'a Promised>,
    /// Whether somebody holds the lease.
    pub(super) is_held: bool,
    /// When the last sweep ended.
    pub(super) swept_at: Option<DateTime<Utc>>,
    /// When the next one was to begin.
    pub(super) next: Option<DateTime<Utc>>,
    /// How long after one another sweeps ended lately.
    pub(super) gap: Option<TimeDelta>,
}

/// Whether a poller is silent, and how.
pub(super) fn silence(known: &Known<'_>, now: DateTime<Utc>) -> Option<PollerSilence> {
    // Where it is switched off, whoever has promised may be told of elsewhere.
    if !known.enabled {
        return None;
    }
    match known.promise {
        Some(promise) if promise.is_late && promise.is_held => {
            Some(PollerSilence::Still { by: promise.by.clone(), since: promise.expected_by })
        }
        Some(promise) if promise.is_late => Some(PollerSilence::Gone),
        Some(_) => None,
        None if known.is_held => None,
        None => match known.swept_at {
            None => Some(PollerSilence::Never),
            Some(swept_at) => (now > due(known, swept_at)?).then_some(PollerSilence::Gone),
        },
    }
}

/// Until when nobody needs to be missed who promised nothing, and swept then. None: nothing tells.
fn due(known: &Known<'_>, swept_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at_least = later(swept_at, known.lease);
    let by_schedule = match known.schedule {
        Schedule::FixedDelay(delay) => Some(later(swept_at, delay.saturating_mul(TIMES))),
        Schedule::Cron(_) => None,
    };
    let by_schedule = by_schedule.map(|due| due.max(at_least));
    let by_next = known.next.map(|next| later(next, known.lease));
    // cron(8) and timers run it by a schedule of theirs: how it was is how it is to be.
    let gap = known.gap.map(|gap| gap.to_std().unwrap_or_default());
    let as_before = gap.map(|gap| later(swept_at, gap.saturating_mul(TIMES)).max(at_least));
    [by_schedule, by_next, as_before].into_iter().flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Poller;
    use crate::store::Scope;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    const EVERY_TEN: Schedule = Schedule::FixedDelay(Duration::from_secs(10));

    fn known() -> Known<'static> {
        Known {
            enabled: true,
            schedule: &EVERY_TEN,
            lease: Duration::from_secs(20),
            promise: None,
            is_held: false,
            swept_at: Some(at(0)),
            next: None,
            gap: None,
        }
    }

    fn promise(is_late: bool, is_held: bool) -> Promised {
        Promised {
            scope: Scope { poller: Poller::Accepted, network: "acme".to_owned() },
            by: "host:1".to_owned(),
            expected_by: at(10),
            is_late,
            is_held,
        }
    }

    #[test]
    fn a_promise_decides_where_there_is_one() {
        let seen = |is_late, is_held| {
            silence(&Known { promise: Some(&promise(is_late, is_held)), ..known() }, at(1_000))
        };
        assert_eq!(seen(false, true), None);
        assert_eq!(seen(false, false), None, "it may be back in time");
        assert_eq!(seen(true, false), Some(PollerSilence::Gone));
        let still = PollerSilence::Still { by: "host:1".to_owned(), since: at(10) };
        assert_eq!(seen(true, true), Some(still));
        let off = Known { enabled: false, promise: Some(&promise(true, false)), ..known() };
        assert_eq!(silence(&off, at(1_000)), None);
    }

    #[test]
    fn who_promised_nothing_is_missed_by_the_schedule() {
        assert_eq!(
            silence(&Known { swept_at: None, ..known() }, at(0)),
            Some(PollerSilence::Never)
        );
        assert_eq!(silence(&Known { swept_at: None, is_held: true, ..known() }, at(0)), None);
        assert_eq!(silence(&known(), at(30)), None);
        assert_eq!(silence(&known(), at(31)), Some(PollerSilence::Gone));
        assert_eq!(silence(&Known { is_held: true, ..known() }, at(31)), None);
    }

    #[test]
    fn what_cron_runs_is_missed_by_how_it_was_run_before() {
        let daily = Schedule::Cron("0 0 2 * * *".to_owned());
        let gap = Some(TimeDelta::seconds(600));
        for schedule in [&EVERY_TEN, &daily] {
            let known = Known { schedule, gap, ..known() };
            assert_eq!(silence(&known, at(1_800)), None);
            assert_eq!(silence(&known, at(1_801)), Some(PollerSilence::Gone));
        }
        let unknown = Known { schedule: &daily, ..known() };
        assert_eq!(silence(&unknown, at(100_000)), None, "nothing tells");
        let told = Known { next: Some(at(86_400)), ..unknown };
        assert_eq!(silence(&told, at(86_420)), None);
        assert_eq!(silence(&told, at(86_421)), Some(PollerSilence::Gone));
    }
}
