//! Payouts and answers for the tests of verdicts.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::{PayoutFacts, Ruling, Verdict, after_look, after_payout};
use crate::engine::{
    Amount, InformationAbout, PayoutEnd as End, PayoutState, PayoutStatus, Purpose,
};

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

/// A payout of 10.
pub(super) fn ten() -> Amount {
    "10".parse().unwrap()
}

/// A payout that was handed over once, and asked about so often.
pub(super) fn asked(
    amount: &Amount,
    purpose: Purpose,
    status: PayoutStatus,
    looks: u32,
) -> PayoutFacts<'_> {
    PayoutFacts { purpose, status, amount, attempts: 1, looks, has_forgotten: false }
}

fn after(purpose: Purpose, state: PayoutState) -> Ruling {
    after_payout(asked(&ten(), purpose, PayoutStatus::Intended, 0), state, now())
}

pub(super) fn paid(state: PayoutState) -> Ruling {
    after(Purpose::Payout, state)
}

pub(super) fn refunded(state: PayoutState) -> Ruling {
    after(Purpose::Refund, state)
}

pub(super) fn looked(status: PayoutStatus, state: PayoutState) -> Verdict {
    after_look(asked(&ten(), Purpose::Payout, status, 1), state, now())
}

pub(super) fn delivered() -> PayoutState {
    PayoutState::Delivered { reference: Some("r".to_owned()), fee: None, amount: None }
}

pub(super) fn initiated() -> PayoutState {
    PayoutState::Initiated { reference: Some("r".to_owned()) }
}

pub(super) fn failed() -> PayoutState {
    PayoutState::Failed { code: "AC01".to_owned(), reason: "no such account".to_owned() }
}

pub(super) fn needs(about: InformationAbout) -> PayoutState {
    let fields = RawValue::from_string(r#"{"name":"as in the passport"}"#.to_owned()).ok();
    PayoutState::NeedsInformation { about, message: Some("who?".to_owned()), fields }
}

pub(super) fn cannot_tell() -> PayoutState {
    PayoutState::CannotTell { reason: "the files are gone".to_owned() }
}

/// In how many milliseconds an open payout is looked at again.
pub(super) fn pause(ruling: &Ruling) -> i64 {
    let not_before = match &ruling.end {
        End::Unknown { not_before, .. }
        | End::NotDone { not_before, .. }
        | End::Same { not_before, .. }
        | End::Initiated { not_before, .. } => *not_before,
        End::Done { .. } | End::Refused { .. } => panic!("{ruling:?}"),
    };
    (not_before - now()).num_milliseconds()
}
