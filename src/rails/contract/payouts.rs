//! `pay_out` and `payouts`: pay this, and what became of these.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::deposits::amount;
use super::{by_id, failure, item, message, word};
use crate::engine::{InformationAbout, PayoutState};
use crate::http::{Cut, brief, object};
use crate::rails::{Payout, PayoutOutcome, PayoutRef, PayoutReport, RailError};

/// The order to pay. All but `attempt` is the same on every try.
#[derive(Serialize)]
pub(in crate::rails) struct AskPayOut<'a> {
    key: &'a str,
    purpose: &'static str,
    transfer_id: Option<&'a str>,
    refund_id: Option<&'a str>,
    incoming_id: Option<&'a str>,
    amount: String,
    currency: &'a str,
    beneficiary: Option<&'a RawValue>,
    subject: Option<&'a str>,
    attempt: u32,
}

/// The question for payouts by their keys.
#[derive(Serialize)]
pub(in crate::rails) struct AskPayouts<'a> {
    keys: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Told<'a> {
    status: String,
    reference: Option<String>,
    fee: Option<String>,
    amount: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    about: Option<String>,
    message: Option<String>,
    #[serde(borrow)]
    fields: Option<&'a RawValue>,
}

pub(in crate::rails) fn ask_pay_out(payout: &Payout) -> AskPayOut<'_> {
    AskPayOut {
        key: &payout.key,
        purpose: payout.purpose.as_str(),
        transfer_id: payout.transfer_id.as_deref(),
        refund_id: payout.refund_id.as_deref(),
        incoming_id: payout.incoming_id.as_deref(),
        amount: payout.amount.to_string(),
        currency: &payout.currency,
        beneficiary: payout.beneficiary.as_deref(),
        subject: payout.subject.as_deref(),
        attempt: payout.attempt,
    }
}

pub(in crate::rails) fn ask_payouts(asked: &[PayoutRef]) -> AskPayouts<'_> {
    AskPayouts { keys: asked.iter().map(|payout| payout.key.as_str()).collect() }
}

/// Where one payout stands.
pub(in crate::rails) fn read_payout(body: &[u8]) -> Result<PayoutState, String> {
    object::<Told<'_>>(body)?.state()
}

/// One report for each payout that was asked about. Of one that the answer does not tell, or not in words that we know,
/// the rail cannot tell.
pub(in crate::rails) fn read_reports(
    body: &[u8],
    asked: &[PayoutRef],
) -> Result<Vec<PayoutReport>, String> {
    let told = by_id(Cut::object(body)?.list("payouts")?, "key");
    let state = |key: &str| match told.get(key) {
        None => Err("the rail's answer leaves it out".to_owned()),
        Some(None) => Err("the rail tells it twice, and differently".to_owned()),
        Some(Some(raw)) => item::<Told<'_>>(raw).and_then(Told::state),
    };
    let report = |asked: &PayoutRef| PayoutReport {
        key: asked.key.clone(),
        state: state(&asked.key)
            .unwrap_or_else(|why| PayoutState::CannotTell { reason: brief(&why) }),
    };
    Ok(asked.iter().map(report).collect())
}

/// What a good answer to an order to pay means.
///
/// An answer that is not understood, or that itself does not know, leaves it open: a look at the rail comes next.
pub(in crate::rails) fn after_payout(answer: Result<PayoutState, String>) -> PayoutOutcome {
    match answer {
        Ok(PayoutState::NotReceived) => {
            PayoutOutcome::NotSent(RailError::Unavailable("the rail did not take it".to_owned()))
        }
        Ok(PayoutState::CannotTell { reason }) => PayoutOutcome::Unknown { reason },
        Ok(
            state @ (PayoutState::Delivered { .. }
            | PayoutState::Initiated { .. }
            | PayoutState::Failed { .. }
            | PayoutState::NeedsInformation { .. }),
        ) => PayoutOutcome::Told(state),
        Err(why) => PayoutOutcome::Unknown { reason: brief(&why) },
    }
}

impl Told<'_> {
    fn state(self) -> Result<PayoutState, String> {
        match self.status.as_str() {
            "delivered" => Ok(PayoutState::Delivered {
                reference: word("reference", self.reference)?,
                fee: amount("fee", self.fee)?,
                amount: amount("amount", self.amount)?,
            }),
            "initiated" => {
                Ok(PayoutState::Initiated { reference: word("reference", self.reference)? })
            }
            "failed" => {
                let (code, reason) = failure(self.code, self.reason);
                Ok(PayoutState::Failed { code, reason })
            }
            "needs_information" => Ok(PayoutState::NeedsInformation {
                about: match self.about.as_deref() {
                    None | Some("transaction") => InformationAbout::Transaction,
                    Some("customer") => InformationAbout::Customer,
                    Some(other) => {
                        return Err(format!("it needs information about `{other}`: what is that?"));
                    }
                },
                message: message(self.message),
                fields: self.fields.map(ToOwned::to_owned),
            }),
            "not_received" => Ok(PayoutState::NotReceived),
            "cannot_tell" => {
                let reason = message(self.reason).or(message(self.message));
                let reason = reason.unwrap_or_else(|| "the rail cannot tell".to_owned());
                Ok(PayoutState::CannotTell { reason })
            }
            other => Err(format!("the rail tells the status `{other}`, which is unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::Purpose;

    fn payout() -> Payout {
        Payout {
            key: "k1".to_owned(),
            purpose: Purpose::Payout,
            transfer_id: Some("t1".to_owned()),
            refund_id: None,
            incoming_id: None,
            amount: "10.50".parse().unwrap(),
            currency: "USD".to_owned(),
            beneficiary: Some(RawValue::from_string(r#"{"iban":"DE1"}"#.to_owned()).unwrap()),
            subject: None,
            attempt: 2,
        }
    }

    fn state(told: Value) -> Result<PayoutState, String> {
        read_payout(told.to_string().as_bytes())
    }

    fn report(told: Value) -> PayoutState {
        let mut told = told;
        told["key"] = json!("k1");
        let asked = [PayoutRef { key: "k1".to_owned(), reference: None }];
        let body = json!({ "payouts": [told] }).to_string();
        read_reports(body.as_bytes(), &asked).unwrap().remove(0).state
    }

    #[test]
    fn the_order_is_exact() {
        assert_eq!(
            serde_json::to_value(ask_pay_out(&payout())).unwrap(),
            json!({ "key": "k1", "purpose": "payout", "transfer_id": "t1", "refund_id": null, "incoming_id": null,
                "amount": "10.50", "currency": "USD", "beneficiary": { "iban": "DE1" }, "subject": null,
                "attempt": 2 })
        );
        let refund = Payout {
            purpose: Purpose::Refund,
            transfer_id: None,
            refund_id: Some("r1".to_owned()),
            incoming_id: Some("IN-7".to_owned()),
            ..payout()
        };
        let order = serde_json::to_value(ask_pay_out(&refund)).unwrap();
        assert_eq!(
            json!([
                order["purpose"],
                order["transfer_id"],
                order["refund_id"],
                order["incoming_id"]
            ]),
            json!(["refund", null, "r1", "IN-7"])
        );
        let asked = ["k1", "k2"].map(|key| PayoutRef { key: key.to_owned(), reference: None });
        assert_eq!(
            serde_json::to_value(ask_payouts(&asked)).unwrap(),
            json!({ "keys": ["k1", "k2"] })
        );
    }

    #[test]
    fn each_status_is_read() {
        let told = json!({ "status": "delivered", "reference": "r", "fee": "0.10", "amount": "9" });
        let Ok(PayoutState::Delivered { reference, fee, amount }) = state(told) else { panic!() };
        assert_eq!(reference.as_deref(), Some("r"));
        assert_eq!((fee, amount), (Some("0.10".parse().unwrap()), Some("9".parse().unwrap())));
        let told = json!({ "status": "initiated", "reference": "" });
        assert!(matches!(state(told), Ok(PayoutState::Initiated { reference: None })));
        let told = json!({ "status": "failed", "code": "AC01", "reason": "no such account" });
        assert!(matches!(state(told), Ok(PayoutState::Failed { code, .. }) if code == "AC01"));
        let told = json!({ "status": "needs_information", "about": "customer", "message": "who?",
            "fields": { "name": "as in the passport" } });
        let Ok(PayoutState::NeedsInformation { about, message, fields }) = state(told) else {
            panic!()
        };
        assert_eq!((about, message.as_deref()), (InformationAbout::Customer, Some("who?")));
        assert_eq!(fields.unwrap().get(), r#"{"name":"as in the passport"}"#);
        assert!(matches!(report(json!({ "status": "not_received" })), PayoutState::NotReceived));
        let told = json!({ "status": "cannot_tell", "reason": "the files are gone" });
        assert!(matches!(report(told),
            PayoutState::CannotTell { reason } if reason == "the files are gone"));
    }

    #[test]
    fn of_what_is_not_understood_nobody_can_tell() {
        for told in [
            json!({}),
            json!({ "status": "DELIVERED" }),
            json!({ "status": "delivered", "fee": 0.1 }),
            json!({ "status": "delivered", "reference": "a\u{0}b" }),
            json!({ "status": "needs_information", "about": "weather" }),
        ] {
            assert!(matches!(report(told.clone()), PayoutState::CannotTell { .. }), "{told}");
            let outcome = after_payout(state(told.clone()));
            assert!(matches!(outcome, PayoutOutcome::Unknown { .. }), "{told}");
        }
    }

    #[test]
    fn each_payout_is_reported_once_and_in_order() {
        let body = json!({ "payouts": [
            { "key": "k3", "status": "delivered" }, { "key": "k9", "status": "delivered" }, 7,
            { "key": "k2", "status": "delivered" }, { "key": "k2", "status": "failed" },
        ] });
        let asked =
            ["k1", "k2", "k3"].map(|key| PayoutRef { key: key.to_owned(), reference: None });
        let all = read_reports(body.to_string().as_bytes(), &asked).unwrap();
        assert_eq!(all.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["k1", "k2", "k3"]);
        assert!(matches!(&all[0].state,
            PayoutState::CannotTell { reason } if reason.contains("leaves it out")));
        assert!(matches!(&all[1].state,
            PayoutState::CannotTell { reason } if reason.contains("twice")));
        assert!(matches!(all[2].state, PayoutState::Delivered { .. }));
        assert!(read_reports(b"{}", &asked).is_err());
    }

    #[test]
    fn a_report_that_is_no_text_spoils_no_other() {
        let body = b"{\"payouts\":[{\"key\":\"k1\",\"status\":\"delivered\",\"x\":\"\xff\"},
            {\"key\":\"k2\",\"status\":\"delivered\"}]}";
        let asked = ["k1", "k2"].map(|key| PayoutRef { key: key.to_owned(), reference: None });
        let all = read_reports(body, &asked).unwrap();
        assert!(matches!(&all[0].state,
            PayoutState::CannotTell { reason } if reason.contains("UTF-8")));
        assert!(matches!(all[1].state, PayoutState::Delivered { .. }));
    }

    #[test]
    fn an_order_that_was_not_taken_was_not_sent() {
        let outcome = after_payout(state(json!({ "status": "not_received" })));
        assert!(matches!(outcome, PayoutOutcome::NotSent(RailError::Unavailable(_))));
        let outcome = after_payout(state(json!({ "status": "cannot_tell" })));
        assert!(matches!(outcome, PayoutOutcome::Unknown { .. }));
        let outcome = after_payout(state(json!({ "status": "initiated", "reference": "7" })));
        assert!(matches!(
            outcome,
            PayoutOutcome::Told(PayoutState::Initiated { reference: Some(_) })
        ));
    }
}
