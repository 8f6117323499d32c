//! What a reviewer is told, and what it may answer. The same for a service and for a program.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::engine::{Decision, Reason, ReasonType, iso};
use crate::http::brief;
use crate::store::Due;

/// A hold without a time is looked at again after this.
const HOLD_AGAIN: TimeDelta = TimeDelta::minutes(1);

#[derive(Serialize)]
struct Question<'a> {
    network: &'a str,
    payment_id: &'a str,
    state: &'a str,
    amount: String,
    currency: &'a str,
    expires_at: Option<String>,
    user_info: Option<&'a RawValue>,
    document: Option<&'a RawValue>,
}

/// The question: the payment as it is known, and the network's own JSON of it, to the letter.
pub(super) fn question(
    network: &str,
    due: &Due,
    user_info: Option<&RawValue>,
    document: &str,
) -> String {
    let question = Question {
        network,
        payment_id: &due.payment_id,
        state: due.state.as_str(),
        amount: due.money.amount.to_string(),
        currency: &due.money.currency,
        expires_at: due.expires_at.map(iso),
        user_info,
        document: serde_json::from_str(document).ok(),
    };
    // Text and raw JSON always have a form. In JSON, ends of lines are between values only.
    let text = serde_json::to_string(&question).unwrap_or_default();
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text }
}

/// The same for each try of the same question, and another for another.
pub(super) fn idempotency_key(network: &str, due: &Due) -> String {
    format!("{network}:{}:{}:{}", due.payment_id, due.state, due.version)
}

#[derive(Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Approve {},
    Decline {
        code: String,
        #[serde(default)]
        reason: String,
        #[serde(rename = "type")]
        reason_type: Option<ReasonType>,
    },
    Hold {
        until: Option<String>,
        #[serde(default)]
        reason: String,
    },
}

/// Reads a reviewer's answer. Its reason is for people: on one line, and not longer than they read.
pub(in crate::jobs) fn decision(
    body: &[u8],
    decline_type: ReasonType,
    now: DateTime<Utc>,
) -> Result<Decision, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        let error = brief(&error.to_string());
        format!(
            "the answer is not a decision ({error}): expected {{\"decision\":\"approve\"}}, \
             {{\"decision\":\"decline\",\"code\":\"AC03\",\"reason\":\"…\"}} or \
             {{\"decision\":\"hold\",\"until\":\"2026-01-31T09:00:00Z\",\"reason\":\"…\"}}"
        )
    })?;
    Ok(match answer {
        Answer::Approve {} => Decision::Approve,
        Answer::Decline { code, reason, reason_type } => {
            let reason_type = reason_type.unwrap_or(decline_type);
            let reason = Reason::new(reason_type, &code, &brief(&reason));
            Decision::Decline(reason.map_err(|why| brief(&why))?)
        }
        Answer::Hold { until, reason } => {
            let until = match until {
                Some(text) => DateTime::parse_from_rfc3339(&text)
                    .map_err(|_| brief(&format!("`until` is not a time: {text}")))?
                    .to_utc(),
                None => now + HOLD_AGAIN,
            };
            Decision::Hold { until: Some(until), why: brief(&reason) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Money, PaymentState};

    fn read(body: &str) -> Result<Decision, String> {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        decision(body.as_bytes(), ReasonType::ReceiverDataValidation, now)
    }

    #[test]
    fn a_question_is_one_line_with_the_document_as_it_came() {
        let due = Due {
            payment_id: "p".to_owned(),
            state: PaymentState::Accepted,
            money: Money { amount: "1.50".parse().unwrap(), currency: "USD".to_owned() },
            expires_at: None,
            review: None,
            version: 1,
            payout: None,
            returns: None,
        };
        let document = "{\"a\":\r\n 1e400, \"b\": \"\\ud800\\n\"}";
        let asked = question("acme", &due, None, document);
        let expected = concat!(
            r#"{"network":"acme","payment_id":"p","state":"ACCEPTED","amount":"1.50","currency":"USD","#,
            r#""expires_at":null,"user_info":null,"document":{"a":   1e400, "b": "\ud800\n"}}"#
        );
        assert_eq!(asked, expected);
        let asked = question("acme", &due, None, "no JSON");
        assert!(asked.ends_with(r#""document":null}"#), "{asked}");
    }

    #[test]
    fn each_answer_is_a_decision() {
        assert_eq!(read(r#"{"decision":"approve"}"#).unwrap(), Decision::Approve);
        let declined = read(r#"{"decision":"decline","code":"AC03","reason":"no account"}"#);
        let Ok(Decision::Decline(reason)) = declined else { panic!("{declined:?}") };
        assert_eq!((reason.code.as_str(), reason.reason.as_str()), ("AC03", "no account"));
        let held = read(r#"{"decision":"hold","until":"2026-01-31T09:00:00Z","reason":"kyc"}"#);
        let Ok(Decision::Hold { until: Some(until), why }) = held else { panic!("{held:?}") };
        assert_eq!((iso(until).as_str(), why.as_str()), ("2026-01-31T09:00:00.000000Z", "kyc"));
    }

    #[test]
    fn a_hold_without_a_time_is_looked_at_again() {
        let Ok(Decision::Hold { until: Some(until), .. }) = read(r#"{"decision":"hold"}"#) else {
            panic!("not held")
        };
        assert_eq!(until.timestamp(), 1_060);
    }

    #[test]
    fn what_a_reviewer_writes_is_short_and_on_one_line() {
        let long = "a\\u0000b\\n".repeat(10_000);
        let is_short = |text: &str| text.starts_with("a b ") && text.chars().count() < 600;
        let held = read(&format!(r#"{{"decision":"hold","reason":"{long}"}}"#));
        assert!(matches!(held, Ok(Decision::Hold { why, .. }) if is_short(&why)));
        let declined =
            read(&format!(r#"{{"decision":"decline","code":"AC03","reason":"{long}"}}"#));
        assert!(matches!(declined, Ok(Decision::Decline(reason)) if is_short(&reason.reason)));
        for odd in [
            format!(r#"{{"decision":"{long}"}}"#),
            format!(r#"{{"decision":"decline","code":"{long}"}}"#),
            format!(r#"{{"decision":"hold","until":"{long}"}}"#),
        ] {
            let why = read(&odd).unwrap_err();
            assert!(why.len() < 1000 && !why.contains(char::is_control), "{why}");
        }
    }

    #[test]
    fn what_is_not_a_decision_is_never_an_approval() {
        for body in [
            "",
            "approve",
            "{}",
            r#"{"decision":"yes"}"#,
            r#"{"decision":"decline"}"#,
            r#"{"decision":"decline","code":"nonsense"}"#,
            r#"{"decision":"approve","but":"not really"}"#,
            r#"{"decision":"hold","until":"tomorrow"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
