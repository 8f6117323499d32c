//! What must hold for whatever a rail answers: over HTTP, from a program, or a wire gateway.

use chrono::{DateTime, Utc};

pub use super::wire_gateway::fuzzing::{answers as gateway_answers, history as gateway_history};

use super::contract::{after_payout, read_arrivals, read_config, read_payout, read_reports};
use super::{ExpectedDeposit, PayoutOutcome, PayoutRef, RailError, http};
use crate::engine::{Arrival, PayoutState};
use crate::fuzzing::{assert_amount, assert_told, assert_word};
use crate::http::Received;

pub(super) const STATUSES: [u16; 14] =
    [100, 200, 202, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503];

/// Which deposits have arrived: one answer for each that was asked about, in that order.
pub fn deposits(data: &[u8]) {
    let asked = ["t1", "t2", "18446744073709551615"].map(|id| ExpectedDeposit {
        transfer_id: id.to_owned(),
        subject: None,
        amount: None,
        currency: "USD".to_owned(),
        since: DateTime::<Utc>::UNIX_EPOCH,
    });
    let arrivals = match read_arrivals(data, &asked) {
        Ok(arrivals) => arrivals,
        Err(why) => return assert_told(&why),
    };
    let ids = arrivals.iter().map(|(id, _)| id.as_str());
    assert!(ids.eq(asked.iter().map(|deposit| deposit.transfer_id.as_str())));
    for (_, arrival) in &arrivals {
        match arrival {
            Arrival::NotYet { message } | Arrival::Pending { message } => {
                message.iter().for_each(|text| assert_told(text));
            }
            Arrival::Untold { why } => assert_told(why),
            Arrival::Received { amount, currency, fee, from, reference } => {
                assert_amount(amount);
                fee.iter().for_each(assert_amount);
                assert_word(currency);
                [from, reference].into_iter().flatten().for_each(|word| assert_word(word));
            }
            Arrival::Failed { code, reason } => {
                assert_told(code);
                assert_told(reason);
            }
        }
    }
}

/// What became of payouts, and the answer to an order to pay.
pub fn payouts(data: &[u8]) {
    let asked = ["k1", "k2"].map(|key| PayoutRef { key: key.to_owned(), reference: None });
    match read_reports(data, &asked) {
        Ok(reports) => {
            let keys = reports.iter().map(|report| report.key.as_str());
            assert!(keys.eq(["k1", "k2"]));
            reports.iter().for_each(|report| assert_state(&report.state));
        }
        Err(why) => assert_told(&why),
    }
    let said = read_payout(data);
    let is_not_received = matches!(said, Ok(PayoutState::NotReceived));
    let of_program = after_payout(said);
    assert_outcome(&of_program);
    let is_not_sent = matches!(of_program, PayoutOutcome::NotSent(_));
    assert_eq!(is_not_sent, is_not_received, "what is sent again was surely not done");
    for status in STATUSES {
        let outcome = http::outcome_of(&received(status, data));
        assert_outcome(&outcome);
        let at_the_door = matches!(status, 401 | 403 | 429);
        let is_not_sent = matches!(outcome, PayoutOutcome::NotSent(_));
        let may_be = at_the_door || (is_not_received && (200..600).contains(&status));
        assert!(!is_not_sent || may_be, "{status}: sent again, and maybe done");
    }
    if let Ok(config) = read_config(data)
        && let Err(RailError::Options(why)) = config.check(&["USD".to_owned()])
    {
        assert_told(&why);
    }
}

pub(super) fn received(status: u16, data: &[u8]) -> Received {
    Received { status, retry_after: None, server_time: None, body: data.to_vec() }
}

pub(super) fn assert_outcome(outcome: &PayoutOutcome) {
    match outcome {
        PayoutOutcome::Told(state) => assert_state(state),
        PayoutOutcome::Unknown { reason } => assert_told(reason),
        PayoutOutcome::NotSent(error) => assert_told(&error.to_string()),
    }
}

pub(super) fn assert_state(state: &PayoutState) {
    match state {
        PayoutState::Delivered { reference, fee, amount } => {
            reference.iter().for_each(|word| assert_word(word));
            [fee, amount].into_iter().flatten().for_each(assert_amount);
        }
        PayoutState::Initiated { reference } => {
            reference.iter().for_each(|word| assert_word(word));
        }
        PayoutState::Failed { code, reason } => {
            assert_told(code);
            assert_told(reason);
        }
        PayoutState::NeedsInformation { message, .. } => {
            message.iter().for_each(|text| assert_told(text));
        }
        PayoutState::CannotTell { reason } => assert_told(reason),
        PayoutState::NotReceived => {}
    }
}
