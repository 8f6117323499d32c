//! What an answer to an order to pay means: strict about what was surely not done, for a payout is tried again then.

use crate::engine::PayoutState;
use crate::http::{Lost, Received, problem_text};
use crate::rails::contract::{after_payout, read_payout};
use crate::rails::{PayoutOutcome, RailError};

/// What a whole answer means.
///
/// A 4xx or 5xx counts only in the contract's own words: without them it may come from something on the way, which
/// knows nothing of the payout. Only what is refused at the door (401, 403, 429) is surely not done without them.
pub(in crate::rails) fn outcome(received: &Received) -> PayoutOutcome {
    let Received { status, body, .. } = received;
    let words = || problem_text(*status, body);
    match status {
        200..=299 => after_payout(read_payout(body)),
        401 => PayoutOutcome::NotSent(RailError::Credentials(words())),
        403 => PayoutOutcome::NotSent(RailError::Forbidden(words())),
        429 => PayoutOutcome::NotSent(RailError::Unavailable(words())),
        409 => PayoutOutcome::Told(PayoutState::CannotTell {
            reason: format!("the rail has this key with another payout: {}", words()),
        }),
        400..=599 => refused(*status, body),
        _ => PayoutOutcome::Unknown { reason: words() },
    }
}

/// A refusal, if the body is one.
fn refused(status: u16, body: &[u8]) -> PayoutOutcome {
    let unknown = || PayoutOutcome::Unknown { reason: problem_text(status, body) };
    match read_payout(body) {
        Ok(PayoutState::NotReceived) => {
            let why = format!("HTTP status {status}: the rail did not take it");
            PayoutOutcome::NotSent(RailError::Unavailable(why))
        }
        Ok(state @ (PayoutState::Failed { .. } | PayoutState::NeedsInformation { .. }))
            if status < 500 =>
        {
            PayoutOutcome::Told(state)
        }
        Ok(
            PayoutState::Failed { .. }
            | PayoutState::NeedsInformation { .. }
            | PayoutState::Delivered { .. }
            | PayoutState::Initiated { .. }
            | PayoutState::CannotTell { .. },
        )
        | Err(_) => unknown(),
    }
}

/// What no whole answer means.
pub(super) fn lost(lost: Lost) -> PayoutOutcome {
    match lost {
        Lost::NotSent(_, why) => PayoutOutcome::NotSent(RailError::Unavailable(why)),
        lost @ (Lost::Timeout(_) | Lost::Cut(_) | Lost::TooLarge(..)) => {
            PayoutOutcome::Unknown { reason: lost.why() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> PayoutOutcome {
        let body = body.as_bytes().to_vec();
        outcome(&Received { status, retry_after: None, server_time: None, body })
    }

    fn is_unknown(status: u16, body: &str) -> bool {
        matches!(of(status, body), PayoutOutcome::Unknown { .. })
    }

    #[test]
    fn a_good_answer_is_told() {
        for status in [200, 201, 202] {
            assert!(matches!(
                of(status, r#"{"status":"initiated","reference":"r"}"#),
                PayoutOutcome::Told(PayoutState::Initiated { .. })
            ));
        }
        for body in ["", "{}", "ok", "<html>", r#"{"status":"done"}"#] {
            assert!(is_unknown(200, body), "{body}");
        }
    }

    #[test]
    fn what_is_refused_at_the_door_was_surely_not_done() {
        let not_sent = |status| match of(status, "") {
            PayoutOutcome::NotSent(error) => Some(error),
            PayoutOutcome::Told(_) | PayoutOutcome::Unknown { .. } => None,
        };
        assert!(matches!(not_sent(401), Some(RailError::Credentials(_))));
        assert!(matches!(not_sent(403), Some(RailError::Forbidden(_))));
        assert!(matches!(not_sent(429), Some(RailError::Unavailable(_))));
    }

    #[test]
    fn a_refusal_counts_in_the_contracts_words_only() {
        let failed = r#"{"status":"failed","code":"AC01","reason":"no such account"}"#;
        for status in [400, 404, 410, 422] {
            assert!(matches!(of(status, failed), PayoutOutcome::Told(PayoutState::Failed { .. })));
            for body in ["", "<html>", "{}", r#"{"status":"delivered"}"#, r#"{"status":404}"#] {
                assert!(is_unknown(status, body), "{status} {body}");
            }
        }
        for status in [500, 502, 503, 504] {
            assert!(is_unknown(status, ""), "{status}");
            assert!(is_unknown(status, failed), "{status}: what broke does not know");
            let outcome = of(status, r#"{"status":"not_received"}"#);
            assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))));
        }
        for status in [100, 204, 301, 307, 408, 425, 600] {
            assert!(is_unknown(status, ""), "{status}");
        }
    }

    #[test]
    fn a_key_that_is_taken_is_for_a_person() {
        let outcome = of(409, r#"{"code":"key_reused","message":"another amount"}"#);
        let PayoutOutcome::Told(PayoutState::CannotTell { reason }) = outcome else { panic!() };
        assert!(reason.ends_with("key_reused: another amount"), "{reason}");
    }
}
