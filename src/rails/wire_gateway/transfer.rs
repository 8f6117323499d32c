//! `POST /transfer`: the order to pay, and what the answer means.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256, Sha512};

use super::amount::TalerAmount;
use super::base32::encode;
use super::config::Config;
use crate::engine::PayoutState;
use crate::http::{Received, object, problem_text};
use crate::rails::{Payout, PayoutOutcome, RailError};

/// The letters of a word of ours that a transfer may carry.
const METADATA_MAX: usize = 40;

/// The codes of GANA that mean something else than "this transfer is wrong".
const ENDPOINT_UNKNOWN: u32 = 21;
const UNAUTHORIZED: u32 = 40;
const UNALLOWED_DEBIT: u32 = 5102;
const UNKNOWN_ACCOUNT: u32 = 5106;
const REQUEST_UID_REUSED: u32 = 5112;
const WTID_REUSED: u32 = 5154;

/// The order. The same payout makes the same order, to the byte: that is what the gateway knows it again by.
#[derive(Debug, Serialize)]
pub(super) struct Transfer<'a> {
    request_uid: String,
    amount: String,
    exchange_base_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    wtid: String,
    credit_account: String,
}

/// Who is paid: an object with `payto`, or the payto URI alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Beneficiary {
    Object { payto: String },
    Uri(String),
}

#[derive(Deserialize)]
struct Taken {
    row_id: u64,
}

#[derive(Deserialize)]
struct Refusal {
    code: u32,
}

/// The number under which the gateway knows a payout: so it is the same on every try.
fn request_uid(key: &str) -> String {
    encode(&Sha512::digest(key.as_bytes()))
}

/// The number that the payee sees, and that history and transfers tell.
pub(super) fn wtid(key: &str) -> String {
    encode(&Sha256::digest(key.as_bytes()))
}

impl<'a> Transfer<'a> {
    /// The order to carry out `payout`.
    ///
    /// # Errors
    /// The gateway can never carry it out: says why.
    pub(super) fn new(
        payout: &'a Payout,
        exchange_base_url: &'a Url,
        config: &Config,
    ) -> Result<Self, PayoutState> {
        let failed =
            |code: &str, reason: String| PayoutState::Failed { code: code.to_owned(), reason };
        let amount = TalerAmount::new(&payout.currency, &payout.amount)
            .map_err(|why| failed("amount", why))?;
        let credit_account = credit_account(payout.beneficiary.as_deref())
            .map_err(|why| failed("beneficiary", why))?;
        let metadata = payout.subject.as_deref();
        Ok(Self {
            request_uid: request_uid(&payout.key),
            amount: amount.to_string(),
            exchange_base_url: exchange_base_url.as_str(),
            metadata: metadata.filter(|word| config.takes_metadata() && is_metadata(word)),
            wtid: wtid(&payout.key),
            credit_account,
        })
    }
}

fn credit_account(beneficiary: Option<&RawValue>) -> Result<String, String> {
    let beneficiary = beneficiary.ok_or("nobody is named who is to be paid")?;
    let expected = "the beneficiary must be {\"payto\": \"payto://…\"}";
    let uri = match serde_json::from_str(beneficiary.get()).map_err(|_| expected)? {
        Beneficiary::Object { payto } | Beneficiary::Uri(payto) => payto,
    };
    let is_payto =
        uri.starts_with("payto://") && !uri.contains(|c: char| c.is_control() || c == ' ');
    if is_payto { Ok(uri) } else { Err(expected.to_owned()) }
}

fn is_metadata(word: &str) -> bool {
    (1..=METADATA_MAX).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
}

/// What a whole answer to the `attempt`th order means. A refusal counts only with a code of Taler's: without one it may
/// come from something on the way, which knows nothing of the order. And it counts only at once: the answer to an
/// earlier try may have been lost, and a gateway that refuses the order now may have taken it then.
pub(super) fn outcome(received: &Received, attempt: u32) -> PayoutOutcome {
    let Received { status, body, .. } = received;
    let words = || problem_text(*status, body);
    let code = object::<Refusal>(body).ok().map(|refusal| refusal.code).filter(|code| *code > 0);
    let not_sent = PayoutOutcome::NotSent;
    match (*status, code) {
        (200..=299, _) => match object::<Taken>(body) {
            Ok(Taken { row_id }) => {
                let reference = Some(row_id.to_string());
                PayoutOutcome::Told(PayoutState::Initiated { reference })
            }
            Err(reason) => PayoutOutcome::Unknown { reason },
        },
        (401, _) | (400..=499, Some(UNAUTHORIZED)) => not_sent(RailError::Credentials(words())),
        (403, _) => not_sent(RailError::Forbidden(words())),
        (429, _) => not_sent(RailError::Unavailable(words())),
        // Our own account, or the URL: no fault of the transfer's.
        (400..=499, Some(ENDPOINT_UNKNOWN | UNKNOWN_ACCOUNT)) => {
            not_sent(RailError::Refused { status: *status, problem: words() })
        }
        // Our account has too little. That passes.
        (400..=499, Some(UNALLOWED_DEBIT)) => not_sent(RailError::Unavailable(words())),
        (409, None | Some(REQUEST_UID_REUSED | WTID_REUSED)) => {
            let reason = format!("the gateway has this key with another transfer: {}", words());
            PayoutOutcome::Told(PayoutState::CannotTell { reason })
        }
        (400..=499, Some(_)) if attempt > 1 => {
            let reason = format!("refused now, and maybe taken before: {}", words());
            PayoutOutcome::Told(PayoutState::CannotTell { reason })
        }
        (400..=499, Some(code)) => {
            PayoutOutcome::Told(PayoutState::Failed { code: code.to_string(), reason: words() })
        }
        _ => PayoutOutcome::Unknown { reason: words() },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::config;
    use super::*;
    use crate::engine::Purpose;

    fn payout(beneficiary: Option<Value>) -> Payout {
        Payout {
            key: "k1".to_owned(),
            purpose: Purpose::Payout,
            transfer_id: Some("t1".to_owned()),
            refund_id: None,
            incoming_id: None,
            amount: "10.50".parse().unwrap(),
            currency: "EUR".to_owned(),
            beneficiary: beneficiary.map(|json| RawValue::from_string(json.to_string()).unwrap()),
            subject: Some("invoice-7".to_owned()),
            attempt: 1,
        }
    }

    fn gateway(version: &str) -> Config {
        let body = json!({ "name": "taler-wire-gateway", "version": version, "currency": "EUR" });
        config::read(body.to_string().as_bytes()).unwrap().unwrap()
    }

    fn order(payout: &Payout, version: &str) -> Result<Value, PayoutState> {
        let url = "https://exchange.example/".parse().unwrap();
        let order = Transfer::new(payout, &url, &gateway(version))?;
        Ok(serde_json::to_value(order).unwrap())
    }

    fn of(status: u16, body: &str) -> PayoutOutcome {
        let body = body.as_bytes().to_vec();
        outcome(&Received { status, retry_after: None, server_time: None, body }, 1)
    }

    fn payto() -> Option<Value> {
        Some(json!({ "payto": "payto://iban/DE1?receiver-name=A", "name": "A" }))
    }

    #[test]
    fn the_order_is_exact_and_the_same_on_every_try() {
        let first = order(&payout(payto()), "5:0:5").unwrap();
        assert_eq!(
            first,
            json!({
                "request_uid": encode(&Sha512::digest(b"k1")),
                "amount": "EUR:10.5",
                "exchange_base_url": "https://exchange.example/",
                "metadata": "invoice-7",
                "wtid": encode(&Sha256::digest(b"k1")),
                "credit_account": "payto://iban/DE1?receiver-name=A",
            })
        );
        assert_eq!(first["request_uid"].as_str().map(str::len), Some(103));
        assert_eq!(first["wtid"].as_str().map(str::len), Some(52));
        let again = Payout { attempt: 9, ..payout(payto()) };
        assert_eq!(order(&again, "5:0:5").unwrap(), first);
        let other = Payout { key: "k2".to_owned(), ..payout(payto()) };
        assert_ne!(order(&other, "5:0:5").unwrap()["request_uid"], first["request_uid"]);
        let alone = payout(Some(json!("payto://iban/DE1?receiver-name=A")));
        assert_eq!(order(&alone, "5:0:5").unwrap(), first);
    }

    #[test]
    fn only_those_who_know_it_get_a_word_of_ours() {
        assert_eq!(order(&payout(payto()), "4:0:4").unwrap().get("metadata"), None);
        for odd in ["", "zwölf", "a b", &"x".repeat(41)] {
            let odd = Payout { subject: Some(odd.to_owned()), ..payout(payto()) };
            assert_eq!(order(&odd, "5:0:5").unwrap().get("metadata"), None);
        }
    }

    #[test]
    fn what_can_never_be_paid_fails_before_it_is_sent() {
        let code = |payout: &Payout| match order(payout, "5:0:5") {
            Err(PayoutState::Failed { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        let fine = Payout { amount: "0.000000001".parse().unwrap(), ..payout(payto()) };
        assert_eq!(code(&fine), "amount");
        let lower = Payout { currency: "eur".to_owned(), ..payout(payto()) };
        assert_eq!(code(&lower), "amount");
        for beneficiary in [
            None,
            Some(json!({ "iban": "DE1" })),
            Some(json!("DE1")),
            Some(json!({ "payto": "payto://iban/DE1?receiver-name=A B" })),
            Some(json!([])),
        ] {
            assert_eq!(code(&payout(beneficiary)), "beneficiary");
        }
    }

    #[test]
    fn an_order_that_was_taken_is_followed_by_its_row() {
        let outcome = of(200, r#"{"timestamp":{"t_s":1},"row_id":42}"#);
        assert!(
            matches!(outcome, PayoutOutcome::Told(PayoutState::Initiated { reference: Some(r) })
            if r == "42")
        );
        for body in ["", "{}", "ok", r#"{"row_id":"42"}"#] {
            assert!(matches!(of(200, body), PayoutOutcome::Unknown { .. }), "{body}");
        }
    }

    #[test]
    fn a_refusal_counts_with_a_code_only() {
        for (status, code) in [(400, 24), (400, 26), (404, 5124), (409, 30), (422, 22)] {
            let outcome = of(status, &json!({ "code": code, "hint": "no" }).to_string());
            let PayoutOutcome::Told(PayoutState::Failed { code: told, reason }) = outcome else {
                panic!("{status} {code}")
            };
            assert_eq!((told, reason), (code.to_string(), format!("{code} no")));
        }
        for status in [301, 400, 404, 408, 422, 500, 502, 503, 504] {
            for body in ["", "<html>", "{}", r#"{"code":0}"#] {
                assert!(
                    matches!(of(status, body), PayoutOutcome::Unknown { .. }),
                    "{status} {body}"
                );
            }
        }
        assert!(matches!(of(503, r#"{"code":24}"#), PayoutOutcome::Unknown { .. }));
    }

    #[test]
    fn a_refusal_of_a_later_try_is_for_a_person() {
        let body = br#"{"code":5124,"hint":"unknown creditor"}"#.to_vec();
        let received = Received { status: 404, retry_after: None, server_time: None, body };
        let told = outcome(&received, 2);
        assert!(matches!(told, PayoutOutcome::Told(PayoutState::CannotTell { .. })), "{told:?}");
    }

    #[test]
    fn what_is_no_fault_of_the_transfers_is_tried_again() {
        let error = |status, code: u32| match of(status, &json!({ "code": code }).to_string()) {
            PayoutOutcome::NotSent(error) => error,
            other @ (PayoutOutcome::Told(_) | PayoutOutcome::Unknown { .. }) => panic!("{other:?}"),
        };
        assert!(matches!(error(401, 40), RailError::Credentials(_)));
        assert!(matches!(error(401, 0), RailError::Credentials(_)));
        assert!(matches!(error(403, 0), RailError::Forbidden(_)));
        assert!(matches!(error(429, 0), RailError::Unavailable(_)));
        assert!(matches!(error(409, UNALLOWED_DEBIT), RailError::Unavailable(_)));
        assert!(matches!(error(404, UNKNOWN_ACCOUNT), RailError::Refused { status: 404, .. }));
        assert!(matches!(error(404, ENDPOINT_UNKNOWN), RailError::Refused { status: 404, .. }));
    }

    #[test]
    fn a_number_that_is_taken_is_for_a_person() {
        for body in [r#"{"code":5112}"#, r#"{"code":5154}"#, ""] {
            let outcome = of(409, body);
            assert!(
                matches!(outcome, PayoutOutcome::Told(PayoutState::CannotTell { .. })),
                "{outcome:?}"
            );
        }
    }
}
