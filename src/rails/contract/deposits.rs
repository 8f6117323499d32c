//! `deposits`: which of these have arrived.

use serde::{Deserialize, Serialize};

use super::{by_id, failure, id_of, item, message, word};
use crate::engine::{Amount, Arrival, iso};
use crate::http::{Cut, brief};
use crate::rails::ExpectedDeposit;

/// The question.
#[derive(Serialize)]
pub(in crate::rails) struct AskDeposits<'a> {
    deposits: Vec<AskDeposit<'a>>,
}

#[derive(Serialize)]
struct AskDeposit<'a> {
    transfer_id: &'a str,
    subject: Option<&'a str>,
    amount: Option<String>,
    currency: &'a str,
    since: String,
}

#[derive(Deserialize)]
struct Told {
    status: String,
    amount: Option<String>,
    currency: Option<String>,
    fee: Option<String>,
    from: Option<String>,
    reference: Option<String>,
    code: Option<String>,
    reason: Option<String>,
    message: Option<String>,
}

pub(in crate::rails) fn ask_deposits(asked: &[ExpectedDeposit]) -> AskDeposits<'_> {
    let deposits = asked.iter().map(|deposit| AskDeposit {
        transfer_id: &deposit.transfer_id,
        subject: deposit.subject.as_deref(),
        amount: deposit.amount.as_ref().map(Amount::to_string),
        currency: &deposit.currency,
        since: iso(deposit.since),
    });
    AskDeposits { deposits: deposits.collect() }
}

/// One arrival for each deposit that was asked about. One that the answer does not tell is not here yet, unless something is
/// told of which nobody can read what it is about.
pub(in crate::rails) fn read_arrivals(
    body: &[u8],
    asked: &[ExpectedDeposit],
) -> Result<Vec<(String, Arrival)>, String> {
    let items = Cut::object(body)?.list("deposits")?;
    let is_whole = items.iter().all(|item| id_of(item, "transfer_id").is_some());
    let told = by_id(items, "transfer_id");
    let arrival = |deposit: &ExpectedDeposit| match told.get(&deposit.transfer_id) {
        None if is_whole => Arrival::NotYet { message: None },
        None => Arrival::Untold { why: "the rail tells of something without its id".to_owned() },
        Some(raw) => raw
            .ok_or_else(|| "the rail tells it twice, and differently".to_owned())
            .and_then(|raw| item::<Told>(raw)?.arrival(deposit))
            .unwrap_or_else(|why| Arrival::Untold { why: brief(&why) }),
    };
    Ok(asked.iter().map(|deposit| (deposit.transfer_id.clone(), arrival(deposit))).collect())
}

impl Told {
    fn arrival(self, asked: &ExpectedDeposit) -> Result<Arrival, String> {
        match self.status.as_str() {
            "not_yet" => Ok(Arrival::NotYet { message: message(self.message) }),
            "pending" => Ok(Arrival::Pending { message: message(self.message) }),
            "received" => Ok(Arrival::Received {
                amount: amount("amount", self.amount)?.ok_or("it is received without an amount")?,
                currency: word("currency", self.currency)?
                    .unwrap_or_else(|| asked.currency.clone()),
                fee: amount("fee", self.fee)?,
                from: word("from", self.from)?,
                reference: word("reference", self.reference)?,
            }),
            "failed" => {
                let (code, reason) = failure(self.code, self.reason);
                Ok(Arrival::Failed { code, reason })
            }
            other => Err(format!("the rail tells the status `{other}`, which is unknown")),
        }
    }
}

/// An amount is a string: a JSON number may have been rounded on its way.
pub(super) fn amount(name: &str, text: Option<String>) -> Result<Option<Amount>, String> {
    let parse = |text: String| text.parse().map_err(|error| format!("{name}: {error}"));
    text.map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Clock;

    fn expected(id: &str) -> ExpectedDeposit {
        let at = || chrono::DateTime::from_timestamp(1_767_323_045, 0).unwrap();
        ExpectedDeposit {
            transfer_id: id.to_owned(),
            subject: Some("A 1".to_owned()),
            amount: Some("10.50".parse().unwrap()),
            currency: "USD".to_owned(),
            since: Clock::from_fn(at).now(),
        }
    }

    /// What is made of one item that the rail tells of t1.
    fn arrival(told: serde_json::Value) -> Arrival {
        let mut told = told;
        told["transfer_id"] = json!("t1");
        let body = json!({ "deposits": [told] }).to_string();
        let mut all = read_arrivals(body.as_bytes(), &[expected("t1")]).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0).1
    }

    fn is_untold(arrival: &Arrival, word: &str) -> bool {
        matches!(arrival, Arrival::Untold { why } if why.contains(word))
    }

    #[test]
    fn the_question_is_exact() {
        let bare = ExpectedDeposit { subject: None, amount: None, ..expected("t2") };
        assert_eq!(
            serde_json::to_value(ask_deposits(&[expected("t1"), bare])).unwrap(),
            json!({ "deposits": [
                { "transfer_id": "t1", "subject": "A 1", "amount": "10.50", "currency": "USD",
                  "since": "2026-01-02T03:04:05.000000Z" },
                { "transfer_id": "t2", "subject": null, "amount": null, "currency": "USD",
                  "since": "2026-01-02T03:04:05.000000Z" },
            ] })
        );
    }

    #[test]
    fn each_status_is_read() {
        let told = json!({ "status": "not_yet", "message": "soon" });
        assert_eq!(arrival(told), Arrival::NotYet { message: Some("soon".to_owned()) });
        let told = json!({ "status": "pending", "new": [1] });
        assert_eq!(arrival(told), Arrival::Pending { message: None });
        let told = json!({ "status": "received", "amount": "10.500", "currency": "EUR",
            "fee": "0.01", "from": "DE1", "reference": "r1" });
        let received = Arrival::Received {
            amount: "10.500".parse().unwrap(),
            currency: "EUR".to_owned(),
            fee: Some("0.01".parse().unwrap()),
            from: Some("DE1".to_owned()),
            reference: Some("r1".to_owned()),
        };
        assert_eq!(arrival(told), received);
        let told = json!({ "status": "received", "amount": "1", "from": "" });
        assert!(matches!(arrival(told),
            Arrival::Received { currency, from: None, .. } if currency == "USD"));
        let told = json!({ "status": "failed", "code": "AC04", "reason": "closed\nlong ago" });
        let failed = ("AC04".to_owned(), "closed long ago".to_owned());
        assert_eq!(arrival(told), Arrival::Failed { code: failed.0, reason: failed.1 });
        assert!(matches!(arrival(json!({ "status": "failed" })),
            Arrival::Failed { code, .. } if code == "unspecified"));
    }

    #[test]
    fn what_cannot_be_understood_is_not_taken_for_absent() {
        for (told, why) in [
            (json!({ "status": "RECEIVED", "amount": "1" }), "`RECEIVED`, which is unknown"),
            (json!({ "status": "received" }), "without an amount"),
            (json!({ "status": "received", "amount": 10.5 }), "invalid type"),
            (json!({ "status": "received", "amount": "-1" }), "`-1` is not an amount"),
            (json!({ "status": "received", "amount": "1", "fee": "x" }), "fee: `x`"),
            (
                json!({ "status": "received", "amount": "1", "from": "a\u{0}" }),
                "control characters",
            ),
            (
                json!({ "status": "received", "amount": "1", "reference": "x".repeat(257) }),
                "longer",
            ),
            (json!({}), "missing field `status`"),
        ] {
            let arrival = arrival(told);
            assert!(is_untold(&arrival, why), "{arrival:?}");
        }
    }

    #[test]
    fn one_wrong_item_spoils_no_other() {
        let body = json!({ "deposits": [
            7, null, [], {}, { "transfer_id": 7.5 }, ["t1", "received"],
            { "transfer_id": "of-somebody-else", "status": "received", "amount": "5" },
            { "transfer_id": "t2", "status": "received", "amount": "5" },
            { "transfer_id": "t3", "status": "received", "amount": "5" },
            { "transfer_id": "t2", "status": "received", "amount": "6" },
            { "transfer_id": "t3", "status": "received", "amount": "5" },
        ] });
        let asked = ["t1", "t2", "t3"].map(expected);
        let all = read_arrivals(body.to_string().as_bytes(), &asked).unwrap();
        assert_eq!(all.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["t1", "t2", "t3"]);
        assert!(is_untold(&all[0].1, "without its id"), "it may be one of those");
        assert!(is_untold(&all[1].1, "twice"), "{:?}", all[1]);
        assert!(matches!(all[2].1, Arrival::Received { .. }), "the same twice is no contradiction");
    }

    #[test]
    fn an_id_of_digits_may_come_as_a_number() {
        let told = json!({ "transfer_id": u64::MAX, "status": "received", "amount": "5" });
        let body = json!({ "deposits": [told] }).to_string();
        let asked = [expected("18446744073709551615"), expected("t1")];
        let all = read_arrivals(body.as_bytes(), &asked).unwrap();
        assert!(matches!(all[0].1, Arrival::Received { .. }));
        assert_eq!(all[1].1, Arrival::NotYet { message: None });
    }

    #[test]
    fn an_item_that_is_no_text_is_untold_and_spoils_no_other() {
        let body = b"{\"deposits\":[{\"transfer_id\":\"t1\",\"status\":\"received\",\"amount\":\"5\",\"from\":\"M\xfcller\"},
            {\"transfer_id\":\"t2\",\"status\":\"received\",\"amount\":\"5\"}]}";
        let all = read_arrivals(body, &["t1", "t2"].map(expected)).unwrap();
        assert!(is_untold(&all[0].1, "UTF-8"), "{:?}", all[0]);
        assert!(matches!(all[1].1, Arrival::Received { .. }));
    }

    #[test]
    fn an_answer_of_another_shape_is_none() {
        for body in ["", "[]", "{}", "null", "<html>", r#"{"deposits":{}}"#, "\u{1}"] {
            assert!(read_arrivals(body.as_bytes(), &[expected("t1")]).is_err(), "{body}");
        }
        assert!(read_arrivals(&[0xff], &[]).is_err());
    }
}
