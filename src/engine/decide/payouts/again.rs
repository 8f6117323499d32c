//! What is asked about, or handed over, again: when, and what stands there until then.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{PayoutFacts, Ruling};
use crate::engine::{Cause, PayoutEnd, Purpose, TransferStatus, doubling, later};

/// A payout that the rail has, or may have, is asked about after this, then after twice this, …
const LOOK_FIRST: Duration = Duration::from_millis(500);
pub(super) const LOOK_MAX: Duration = Duration::from_secs(300);
/// One that the rail did not take is handed to it after this, then after twice this, …
const TRY_FIRST: Duration = Duration::from_secs(1);
const TRY_MAX: Duration = Duration::from_secs(300);

impl PayoutFacts<'_> {
    pub(super) fn initiated(self, reference: Option<String>, now: DateTime<Utc>) -> Ruling {
        let cause = match self.purpose {
            Purpose::Payout => Cause::Initiated,
            Purpose::Refund => Cause::RefundStarted,
        };
        let end = PayoutEnd::Initiated { reference, not_before: later(now, LOOK_FIRST) };
        let step = Some((TransferStatus::PendingExternal, cause));
        Ruling { end, step, message: None, code: None }
    }

    /// The rail may have it or not. It is looked up before anything else.
    pub(crate) fn unclear(self, why: String, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(LOOK_FIRST, LOOK_MAX, self.looks.saturating_add(1));
        stays(PayoutEnd::Unknown { why, not_before: later(now, pause) })
    }

    /// The rail surely does not have it.
    pub(crate) fn not_taken(self, why: String, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(TRY_FIRST, TRY_MAX, self.attempts);
        stays(PayoutEnd::NotDone { why, not_before: later(now, pause) })
    }

    /// Nothing new; or the rail could not be asked, and why.
    pub(crate) fn same(self, answer: Option<String>, now: DateTime<Utc>) -> Ruling {
        let pause = doubling(LOOK_FIRST, LOOK_MAX, self.looks);
        stays(PayoutEnd::Same { answer, not_before: later(now, pause) })
    }
}

fn stays(end: PayoutEnd) -> Ruling {
    Ruling { end, step: None, message: None, code: None }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asked, initiated, looked, now, paid, pause, refunded, ten};
    use super::super::{PayoutEnd as End, PayoutState, Verdict, after_look};
    use super::*;
    use crate::engine::PayoutStatus::{Initiated, Intended, Unknown};
    use TransferStatus as S;

    #[test]
    fn what_is_initiated_is_followed() {
        let ruling = paid(initiated());
        assert_eq!(ruling.step, Some((S::PendingExternal, Cause::Initiated)));
        assert_eq!(pause(&ruling), 500);
        assert!(matches!(ruling.end, End::Initiated { reference: Some(r), .. } if r == "r"));
        let refund = refunded(initiated());
        assert_eq!(refund.step, Some((S::PendingExternal, Cause::RefundStarted)));
        let Verdict::Record(ruling) = looked(Unknown, initiated()) else { panic!() };
        assert!(matches!(ruling.end, End::Initiated { .. }));
    }

    #[test]
    fn what_is_still_under_way_is_asked_about_ever_more_seldom() {
        let amount = ten();
        let pauses = [1, 2, 3, 99].map(|looks| {
            let (purpose, status) = (Purpose::Payout, Initiated);
            let asked = asked(&amount, purpose, status, looks);
            let Verdict::Record(ruling) = after_look(asked, initiated(), now()) else { panic!() };
            assert_eq!(ruling.step, None);
            assert!(matches!(ruling.end, End::Same { answer: None, .. }));
            pause(&ruling)
        });
        assert_eq!(pauses, [500, 1_000, 2_000, 300_000]);
    }

    #[test]
    fn an_unclear_answer_is_looked_up_soon_and_then_ever_more_seldom() {
        let amount = ten();
        let pauses = [0, 1, 2, 99].map(|looks| {
            let (purpose, status) = (Purpose::Payout, Intended);
            let asked = asked(&amount, purpose, status, looks);
            let ruling = asked.unclear("cut".to_owned(), now());
            assert!(matches!(ruling.end, End::Unknown { .. }), "{ruling:?}");
            assert_eq!(ruling.step, None);
            pause(&ruling)
        });
        assert_eq!(pauses, [500, 1_000, 2_000, 300_000]);
    }

    #[test]
    fn what_was_surely_not_done_is_tried_again() {
        let amount = ten();
        let pauses = [1, 2, 99].map(|attempts| {
            let asked = PayoutFacts { attempts, ..asked(&amount, Purpose::Payout, Intended, 0) };
            let ruling = asked.not_taken("down".to_owned(), now());
            assert_eq!(ruling.step, None);
            pause(&ruling)
        });
        assert_eq!(pauses, [1_000, 2_000, 300_000]);
        let ruling = paid(PayoutState::NotReceived);
        assert!(matches!(ruling.end, End::NotDone { .. }), "{ruling:?}");
    }
}
